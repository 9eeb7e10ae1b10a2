//! The 5XX alarm's state now; the one in an event may be over, or never be followed by another
//! event while it lasts (F14).

use aws_sdk_cloudwatch::types::{MetricAlarm, StateValue};
use eden_policy::facts::Alarm;

use crate::aws::Aws;
use crate::call_error::CallError;

const OPERATION: &str = "DescribeAlarms";

/// Reads the alarm's state.
///
/// # Errors
/// When the call fails, or answers with a state this version does not know.
pub(super) async fn state(aws: &Aws, name: &str) -> Result<Alarm, CallError> {
    let Some(alarm) = describe(aws, name).await? else {
        return Ok(Alarm::Missing);
    };
    match alarm.state_value() {
        Some(StateValue::Alarm) => Ok(Alarm::Alarm),
        Some(StateValue::Ok) => Ok(Alarm::Ok),
        Some(StateValue::InsufficientData) => Ok(Alarm::InsufficientData),
        other => Err(CallError::answered(OPERATION, name, format!("unknown state {other:?}"))),
    }
}

/// Reads the alarm, if there is one of that name.
///
/// # Errors
/// When the call fails.
pub(super) async fn describe(aws: &Aws, name: &str) -> Result<Option<MetricAlarm>, CallError> {
    let answer = aws.cloudwatch.describe_alarms().alarm_names(name).send().await;
    let answer = answer.map_err(|error| CallError::new(OPERATION, name, &error))?;
    Ok(answer.metric_alarms.unwrap_or_default().into_iter().next())
}
