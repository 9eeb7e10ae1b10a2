//! An AWS call that failed, told the same way whichever service it was.

use aws_sdk_ecs::config::http::HttpResponse;
use eden_policy::redact::redacted;

/// An AWS call that failed: which, for what, and why with all its causes.
#[derive(Debug, thiserror::Error)]
#[error("{operation} of {of} failed: {because}")]
pub struct CallError {
    /// The operation's name, as AWS spells it.
    pub operation: &'static str,
    /// The thing it was called for.
    pub of: String,
    /// What AWS or the SDK said.
    pub because: String,
    /// AWS's code for that, if it answered with one.
    pub code: Option<String>,
    /// Whether AWS refused the call for good: the same again would be refused again (F54).
    pub refused: bool,
}

/// Answers of the class 4xx that another try may change: too many calls, another change in progress, a
/// signature that has expired.
const PASSING: [&str; 11] = [
    "ThrottlingException",
    "Throttling",
    "TooManyRequestsException",
    "RequestLimitExceeded",
    "RequestThrottled",
    "ConflictException",
    "UpdateInProgressException",
    "RequestTimeout",
    "RequestTimeoutException",
    "RequestExpired",
    "ExpiredTokenException",
];

/// Codes of a call that AWS did not take up because there were too many.
const THROTTLED: [&str; 2] = ["ThrottlingException", "Throttling"];

impl CallError {
    /// Describes a failed SDK call; the code that AWS answered comes first.
    pub fn new<E>(
        operation: &'static str,
        of: impl Into<String>,
        error: &aws_sdk_ecs::error::SdkError<E, HttpResponse>,
    ) -> Self
    where
        E: aws_sdk_ecs::error::ProvideErrorMetadata + std::error::Error + 'static,
    {
        let is_client_error = error.raw_response().is_some_and(|it| it.status().is_client_error());
        let code = error.as_service_error().and_then(|error| error.code()).map(str::to_owned);
        let refused =
            is_client_error && code.as_deref().is_some_and(|code| !PASSING.contains(&code));
        let because = match error.as_service_error().map(|error| (error.code(), error.message())) {
            Some((Some(code), Some(message))) => format!("{code}: {message}"),
            Some((Some(code), None)) => code.to_owned(),
            Some((None, _)) | None => eden_policy::facts::with_causes(error),
        };
        let because = redacted(&because).into_owned();
        CallError { operation, of: of.into(), because, code, refused }
    }

    /// Whether AWS does not take what it was sent, now or later.
    pub fn is_bad_request(&self) -> bool {
        self.code.as_deref() == Some("BadRequestException")
    }

    /// Whether AWS did nothing, because there were too many calls.
    pub fn is_throttled(&self) -> bool {
        self.code.as_deref().is_some_and(|code| THROTTLED.contains(&code))
    }

    /// The same, with what to do when AWS knows no such thing.
    #[must_use]
    pub fn or_not_found(mut self, what_to_do: &str) -> Self {
        if self.because.starts_with("NotFoundException") {
            self.because = format!("{} ({what_to_do})", self.because);
        }
        self
    }

    /// A call that AWS answered, but not with what was asked for.
    pub fn answered(
        operation: &'static str,
        of: impl Into<String>,
        because: impl Into<String>,
    ) -> Self {
        CallError { operation, of: of.into(), because: because.into(), code: None, refused: false }
    }
}
