//! The edge to Lambda: configuration at start, invocations in, reports or errors out.

use std::process::ExitCode;

use jiff::Timestamp;
use lambda_runtime::{Diagnostic, LambdaEvent, service_fn};
use serde_json::Value;
use tracing::level_filters::LevelFilter;

use crate::config::{ConfigError, Target};
use crate::error::HandlerError;
use crate::report::Report;
use crate::{metrics, telemetry};

/// One invocation.
#[derive(Debug, Clone)]
pub struct Invocation {
    /// Lambda's id for it; the same again when Lambda delivers an event twice (F29).
    pub request_id: String,
    /// The execution environment that it runs in, by its log stream; none runs two at once.
    pub environment: String,
    /// The event.
    pub event: Value,
    /// When Lambda ends it if it has not ended by itself.
    pub deadline: Timestamp,
}

/// Reads the settings from the environment and starts logging. When they are refused, the log names
/// every bad variable at once, in one line, and there are none.
pub fn start<C>(
    read: impl Fn(fn(&str) -> Option<String>) -> Result<C, ConfigError>,
    target: impl Fn(&C) -> &Target,
) -> Option<C> {
    match read(environment) {
        Ok(config) => {
            telemetry::start(target(&config).log_level);
            Some(config)
        }
        Err(error) => {
            telemetry::start(LevelFilter::INFO);
            tracing::error!(%error, "cannot start");
            None
        }
    }
}

/// Looks a variable up in the process's environment: the only place that does.
#[expect(clippy::disallowed_methods, reason = "the edge: everything else gets typed settings")]
pub(crate) fn environment(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// Answers invocations until Lambda ends the process, and writes their metrics; fails when the Lambda
/// Runtime API cannot be reached.
pub async fn serve<H>(target: &Target, handle: H) -> ExitCode
where
    H: AsyncFn(Invocation) -> Result<Report, HandlerError>,
{
    let handle = &handle;
    let ended = lambda_runtime::run(service_fn(|event: LambdaEvent<Value>| async move {
        let LambdaEvent { payload: event, context } = event;
        // Boxed: the SDK's futures nest too deep for the compiler to lay out by value.
        let deadline = i64::try_from(context.deadline).ok();
        let deadline = deadline.and_then(|ms| Timestamp::from_millisecond(ms).ok());
        let deadline = deadline.unwrap_or(Timestamp::UNIX_EPOCH);
        let environment = context.env_config.log_stream.clone();
        let request_id = context.request_id;
        let invocation = Invocation { request_id, environment, event, deadline };
        let ended = Box::pin(handle(invocation)).await;
        match &ended {
            Ok(report) => telemetry::write(&metrics::lines(report, target)),
            Err(HandlerError::Incomplete(report)) => {
                telemetry::write(&metrics::lines(report, target));
            }
            // A report is logged where it is finished; a malformed event never gets one.
            Err(HandlerError::Malformed(error)) => tracing::error!(%error, "failed"),
        }
        ended
    }))
    .await;
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!(%error, "the Lambda Runtime API cannot be reached");
            ExitCode::FAILURE
        }
    }
}

impl Invocation {
    /// What no other run has: the request's id and the environment's. Of the log stream's name, like
    /// `2026/01/01/[$LATEST]1f2e...`, only the end fits into a tag.
    pub fn attempt(&self) -> String {
        let end = self.environment.rsplit(']').next().unwrap_or_default();
        let environment: String =
            end.chars().filter(char::is_ascii_alphanumeric).take(64).collect();
        format!("{}/{environment}", self.request_id)
    }
}

impl From<HandlerError> for Diagnostic {
    fn from(error: HandlerError) -> Self {
        let error_type = match &error {
            HandlerError::Malformed(_) => "MalformedEvent",
            HandlerError::Incomplete(_) => "Incomplete",
        };
        Diagnostic { error_type: error_type.to_owned(), error_message: error.to_string() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_environments_make_two_attempts_of_the_same_request() {
        let attempt = |log_stream: &str| {
            let invocation = Invocation {
                request_id: "id-1".to_owned(),
                environment: log_stream.to_owned(),
                event: Value::Null,
                deadline: Timestamp::UNIX_EPOCH,
            };
            invocation.attempt()
        };
        assert_eq!(attempt("2026/01/01/[$LATEST]0a1b"), "id-1/0a1b");
        assert_ne!(attempt("2026/01/01/[$LATEST]0a1b"), attempt("2026/01/01/[$LATEST]0a1c"));
        assert_eq!(attempt("$LATEST"), "id-1/LATEST");
    }
}
