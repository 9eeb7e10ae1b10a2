//! The audit trail: one EventBridge event for every action, which the stack's rule writes to
//! `/{app}/{env}/autoresiliency` and users may attach anything else to.

use aws_sdk_eventbridge::types::PutEventsRequestEntry;
use eden_policy::redact::redacted;
use jiff::Timestamp;
use serde_json::json;

use crate::act::{Attempt, Outcome};
use crate::aws::Aws;
use crate::call_error::CallError;
use crate::config::Target;
use crate::report::{Report, Told};

/// The events' source.
pub const SOURCE: &str = "eden.autoresiliency";
/// The events' detail-type.
pub const DETAIL_TYPE: &str = "Eden Action";

/// PutEvents takes no more at once.
const BATCH: usize = 10;

/// The trail of one invocation's actions. Each is written as soon as it is taken, beside the next
/// look: an invocation that is ended before its time has told of all that it did.
#[derive(Debug, Clone)]
pub struct Trail<'a> {
    aws: &'a Aws,
    target: &'a Target,
    /// What every event of the invocation says.
    function: &'static str,
    request_id: String,
    trigger: String,
    at: Timestamp,
}

impl<'a> Trail<'a> {
    /// The trail of the invocation that the report is of.
    pub fn of(aws: &'a Aws, target: &'a Target, report: &Report) -> Self {
        let Report { function, at, .. } = *report;
        let (request_id, trigger) = (report.request_id.clone(), report.trigger.clone());
        Trail { aws, target, function, request_id, trigger, at }
    }

    /// Publishes an event for every step that AWS accepted; returns what failed, in words.
    pub async fn write(&self, attempts: &[Attempt]) -> Vec<String> {
        let entries: Vec<_> = attempts.iter().filter_map(|attempt| self.entry(attempt)).collect();
        let mut failed = Vec::new();
        for batch in entries.chunks(BATCH) {
            failed.extend(put(self.aws, batch).await.err().map(|error| error.to_string()));
        }
        failed
    }

    fn entry(&self, Attempt { step, outcome }: &Attempt) -> Option<PutEventsRequestEntry> {
        if !matches!(outcome, Ok(Outcome::Done)) {
            return None;
        }
        let Told { what, text } = Told::from(step);
        let detail = json!({
            "function": self.function,
            "requestId": self.request_id,
            "environment": self.target.environment,
            "app": self.target.app_name,
            "cluster": self.target.cluster,
            "service": self.target.service,
            "trigger": self.trigger,
            "at": self.at,
            "text": text,
            "step": what,
        });
        let detail = redacted(&detail.to_string()).into_owned();
        let entry = PutEventsRequestEntry::builder().source(SOURCE).detail_type(DETAIL_TYPE);
        Some(entry.detail(detail).build())
    }
}

async fn put(aws: &Aws, batch: &[PutEventsRequestEntry]) -> Result<(), CallError> {
    const OPERATION: &str = "PutEvents";
    let answer = aws
        .eventbridge
        .put_events()
        .set_entries(Some(batch.to_vec()))
        .send()
        .await
        .map_err(|error| CallError::new(OPERATION, DETAIL_TYPE, &error))?;
    match answer.entries().iter().find(|entry| entry.error_code().is_some()) {
        None => Ok(()),
        Some(refused) => {
            let code = refused.error_code().unwrap_or_default();
            let message = refused.error_message().unwrap_or_default();
            Err(CallError::answered(OPERATION, DETAIL_TYPE, format!("{code}: {message}")))
        }
    }
}
