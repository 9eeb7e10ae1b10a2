//! The manual test: health-monitor runs once, by hand, and answers.

use std::time::Duration;

use aws_sdk_lambda::config::retry::RetryConfig;
use aws_sdk_lambda::config::timeout::TimeoutConfig;
use aws_sdk_lambda::primitives::Blob;
use eden_policy::Observed;
use serde_json::{Value, json};

use super::check::{Check, Outcome};
use crate::context::Context;
use crate::failure::Failed;

/// Longer than a run by hand takes, which looks once.
const PATIENCE: Duration = Duration::from_secs(180);

/// The function and what it answered.
#[derive(Debug)]
pub struct Test {
    /// Its name.
    pub function: String,
    /// Its answer.
    pub answer: Observed<Answer>,
}

/// What a function answered.
#[derive(Debug)]
pub struct Answer {
    /// Whether it failed.
    pub failed: bool,
    /// Its response, or its error.
    pub payload: Value,
}

/// Runs health-monitor.
pub async fn read(context: &Context) -> Test {
    let function = context.names.health_monitor.clone();
    // Once: a second attempt would run it a second time.
    let patiently = aws_sdk_lambda::config::Builder::new()
        .retry_config(RetryConfig::disabled())
        .timeout_config(
            TimeoutConfig::builder()
                .operation_attempt_timeout(PATIENCE)
                .operation_timeout(PATIENCE)
                .build(),
        );
    let event = Blob::new(json!({ "source": "manual-test" }).to_string());
    let request = context.lambda().invoke().function_name(&function).payload(event);
    let answer = request.customize().config_override(patiently).send().await;
    let answer = answer
        .map(|answer| Answer {
            failed: answer.function_error.is_some(),
            payload: answer
                .payload
                .and_then(|payload| serde_json::from_slice(payload.as_ref()).ok())
                .unwrap_or_default(),
        })
        .map_err(|error| Failed::new("Invoke", "lambda:InvokeFunction", &function, &error));
    Test { function, answer: Observed::from(answer) }
}

/// Whether it ended well.
pub fn check(Test { function, answer }: &Test) -> Check {
    let outcome = Outcome::of(answer, |Answer { failed, payload }| {
        let text = |member: &str| payload.get(member).and_then(Value::as_str);
        if *failed {
            let error = text("errorMessage").map_or_else(|| payload.to_string(), str::to_owned);
            return Outcome::failed(error, "`eden logs` shows what the function wrote");
        }
        match (text("outcome"), text("diagnosis")) {
            (Some(outcome), Some(diagnosis)) => {
                Outcome::passed(format!("{outcome}, diagnosis {diagnosis}"))
            }
            _ => Outcome::failed(
                format!("it answered {payload}, which is no report"),
                "deploy the template again: under this name runs something else",
            ),
        }
    });
    Check::new(format!("manual test of {function}"), outcome)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcome(failed: bool, payload: Value) -> Outcome {
        let answer = Observed::Known(Answer { failed, payload });
        check(&Test { function: "f".to_owned(), answer }).outcome
    }

    #[test]
    fn a_report_is_an_answer_and_an_error_or_anything_else_is_none() {
        let report = json!({ "outcome": "unchanged", "diagnosis": "healthy" });
        assert_eq!(outcome(false, report), Outcome::passed("unchanged, diagnosis healthy"));
        let error = json!({ "errorType": "FactsUnknown", "errorMessage": "could not read" });
        let Outcome::Failed { found, .. } = outcome(true, error) else { panic!("it failed") };
        assert_eq!(found, "could not read");
        assert!(matches!(outcome(false, json!("hello")), Outcome::Failed { .. }));
    }
}
