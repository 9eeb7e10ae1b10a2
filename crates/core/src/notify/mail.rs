//! Mails through SNS, in the owner's words. Subjects are ASCII without line breaks, since SNS may
//! refuse anything else (F26).

use std::fmt::Write as _;

use jiff::Timestamp;

use crate::aws::Aws;
use crate::call_error::CallError;
use crate::config::{HealthMonitorConfig, IpUpdaterConfig, People, Target};
use crate::error::HandlerError;
use crate::report::Report;

const HEALING_SUBJECT: &str = "Eden Service Auto-Healing Triggered";
const MAINTENANCE_SUBJECT: &str = "Eden Maintenance Page";
const FAILURE_SUBJECT: &str = "Eden Health Monitor Error";

/// Tells people what was done, if anything was; a failure to do so is noted in the report.
pub async fn healing(aws: &Aws, config: &HealthMonitorConfig, report: &mut Report) {
    if !report.done.is_empty() {
        let text = healing_text(&config.target, &config.people, report);
        told(publish(aws, &config.people, HEALING_SUBJECT, text).await, report);
    }
}

/// Tells people that the maintenance page is shown, or is not any more; of all else that ip-updater
/// does, the audit trail tells.
pub async fn maintenance(aws: &Aws, config: &IpUpdaterConfig, report: &mut Report) {
    if report.done.iter().any(|done| done.what.is_about_maintenance()) {
        let text = healing_text(&config.target, &config.people, report);
        told(publish(aws, &config.people, MAINTENANCE_SUBJECT, text).await, report);
    }
}

fn told(published: Result<(), CallError>, report: &mut Report) {
    report.failed.extend(published.err().map(|error| error.to_string()));
}

/// Tells people that health-monitor itself failed. When that fails too, the log and the function's
/// error are what remains.
pub async fn failure(aws: &Aws, config: &HealthMonitorConfig, error: &HandlerError) {
    let text = failure_text(error, aws.now());
    if let Err(error) = publish(aws, &config.people, FAILURE_SUBJECT, text).await {
        tracing::error!(%error, "could not tell anybody of the failure");
    }
}

fn healing_text(target: &Target, people: &People, report: &Report) -> String {
    let healthy = report.diagnosis.as_ref().is_some_and(eden_policy::Diagnosis::is_healthy);
    let mut text = String::from("\u{1f6a8} Eden Health Monitor Alert\n\n");
    let mut line = |line: String| {
        let _ = writeln!(text, "{line}");
    };
    line(format!("Service: {}", target.service));
    line(format!("Cluster: {}", target.cluster));
    // ip-updater only looks at the route.
    if report.diagnosis.is_some() {
        line(format!("Status: {}", if healthy { "HEALTHY" } else { "UNHEALTHY" }));
        line("\nHealth Check Results:".to_owned());
    }
    if let Some(tasks) = report.tasks {
        line(format!("- Running Tasks: {}/{}", tasks.running, tasks.desired));
    }
    if let Some(diagnosis) = &report.diagnosis {
        line(format!("- Reason: {diagnosis}"));
    }
    line("\nActions Taken:".to_owned());
    for done in &report.done {
        line(format!("- {}", done.text));
    }
    line(format!("\nTimestamp: {:.0}", report.at));
    line(format!("API Gateway: {}", people.api_gateway_url));
    text
}

fn failure_text(error: &HandlerError, at: Timestamp) -> String {
    format!("\u{1f6a8} Error in health monitor Lambda:\n\n{error}\n\nTimestamp: {at:.0}\n")
}

async fn publish(aws: &Aws, people: &People, subject: &str, text: String) -> Result<(), CallError> {
    let Some(topic) = &people.topic_arn else {
        return Ok(());
    };
    aws.sns
        .publish()
        .topic_arn(topic)
        .subject(subject)
        .message(text)
        .send()
        .await
        .map(|_| ())
        .map_err(|error| CallError::new("Publish", topic, &error))
}
