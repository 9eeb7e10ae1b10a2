//! Calls that failed, told with what helps.

use std::fmt;
use std::io;

use aws_sdk_ecs::config::http::HttpResponse;
use aws_sdk_ecs::error::{ProvideErrorMetadata, SdkError};
use eden_core::call_error::CallError;

/// An AWS call that failed, and what to do about it.
#[derive(Debug)]
pub struct Failed {
    error: CallError,
    code: Option<String>,
    help: Option<String>,
}

impl Failed {
    /// Describes a failed call; `permission` is what IAM calls it.
    pub fn new<E>(
        operation: &'static str,
        permission: &str,
        of: impl Into<String>,
        error: &SdkError<E, HttpResponse>,
    ) -> Self
    where
        E: ProvideErrorMetadata + std::error::Error + 'static,
    {
        let code = error.as_service_error().and_then(|error| error.code()).map(str::to_owned);
        let told = CallError::new(operation, of, error);
        let help = match code.as_deref() {
            Some(code) => of_code(code, permission),
            None => of_text(&told.because),
        };
        Failed { error: told, code, help }
    }

    /// What helps when AWS answers with this code.
    #[must_use]
    pub fn or_when(mut self, code: &str, help: impl Into<String>) -> Self {
        if self.code.as_deref() == Some(code) {
            self.help = Some(help.into());
        }
        self
    }

    /// The code that AWS answered with, if it answered.
    pub fn code(&self) -> Option<&str> {
        self.code.as_deref()
    }
}

impl fmt::Display for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.error)?;
        match &self.help {
            Some(help) => write!(f, "\nhelp: {help}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for Failed {}

/// What helps against an answer of AWS. The services spell the same refusal in several ways.
fn of_code(code: &str, permission: &str) -> Option<String> {
    if code.starts_with("AccessDenied")
        || code.starts_with("Unauthorized")
        || code == "AuthorizationError"
    {
        return Some(format!(
            "whoever runs this needs the permission {permission}; `aws sts get-caller-identity` \
             tells who that is"
        ));
    }
    let invalid =
        ["ExpiredToken", "UnrecognizedClient", "InvalidClientTokenId", "InvalidSignature"];
    invalid.iter().any(|it| code.starts_with(it)).then(|| CREDENTIALS.to_owned())
}

/// What helps when AWS was not even asked, or did not answer.
fn of_text(because: &str) -> Option<String> {
    if because.contains("credentials") {
        return Some(CREDENTIALS.to_owned());
    }
    let unreachable =
        ["dns error", "Connection refused", "error trying to connect", "dispatch failure"];
    unreachable.iter().any(|it| because.contains(it)).then(|| {
        "is the network there, and are --region and --endpoint-url (or AWS_ENDPOINT_URL) right?"
            .to_owned()
    })
}

/// This program knows access keys, roles and what AWS hands to its machines, but no logins of its own.
const CREDENTIALS: &str = "no valid credentials: choose them with --profile, or after `aws sso login` \
     take them over with `eval \"$(aws configure export-credentials --format env)\"`";

/// Whether stdout's reader has gone, as `head` does: nothing to complain about.
pub fn is_closed_pipe(error: &anyhow::Error) -> bool {
    let mut causes = error.chain().filter_map(|cause| cause.downcast_ref::<io::Error>());
    causes.any(|error| error.kind() == io::ErrorKind::BrokenPipe)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_helps_depends_on_what_went_wrong() {
        for (code, says) in [
            ("AccessDeniedException", Some("logs:FilterLogEvents")),
            ("AccessDenied", Some("logs:FilterLogEvents")),
            ("UnauthorizedOperation", Some("logs:FilterLogEvents")),
            ("ExpiredTokenException", Some("--profile")),
            ("ThrottlingException", None),
        ] {
            let help = of_code(code, "logs:FilterLogEvents");
            assert_eq!(help.is_some(), says.is_some(), "{code}");
            assert!(help.unwrap_or_default().contains(says.unwrap_or_default()), "{code}");
        }
        for (because, says) in [
            ("dispatch failure: the credentials provider was not properly configured", "--profile"),
            ("dispatch failure: io error: Connection refused", "--endpoint-url"),
        ] {
            assert!(of_text(because).unwrap().contains(says), "{because}");
        }
        assert_eq!(of_text("something else"), None);
    }
}
