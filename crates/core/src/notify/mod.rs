//! Notify: people by mail and webhook, machines by events. A channel that fails never prevents
//! healing, nor the other channels; it is reported as a failure of its own.

mod audit;
mod mail;
mod secret;
mod sns;
mod webhook;

use crate::act::ecs::{tag, untag};
use crate::config::{HealthMonitorConfig, IpUpdaterConfig, People};
use crate::edge::Edge;
use crate::error::HandlerError;
use crate::report::Report;
use crate::tags::TOLD;

pub use audit::audit;
pub use mail::healing_text;

const HEALING_SUBJECT: &str = "Eden Service Auto-Healing Triggered";
const HUMAN_SUBJECT: &str = "Eden Needs a Human";
const MAINTENANCE_SUBJECT: &str = "Eden Maintenance Page";
const FAILURE_SUBJECT: &str = "Eden Health Monitor Error";

/// Tells people what was done, if anything was, and of a condition that leaves no remedy, once:
/// that it was told is noted on the service, until the service is healthy.
pub async fn healing(edge: &Edge, config: &HealthMonitorConfig, report: &mut Report) {
    let condition = report.condition.as_ref().map(ToString::to_string);
    // Where nothing may be changed, nothing can be noted either: the metric tells then.
    let is_new = report.is_on && condition.is_some() && condition != report.told;
    let acted = report.done.iter().any(|done| !done.what.is_a_note());
    if !is_new && !acted {
        over(edge, config, report).await;
        return;
    }
    let text = healing_text(&config.target, &config.people, report);
    let subject = if is_new { HUMAN_SUBJECT } else { HEALING_SUBJECT };
    let told = tell(edge, &config.people, subject, &text, report).await;
    if let (Some(condition), Some(service), true) = (condition, &report.service_arn, told && is_new)
    {
        let noted = tag(&edge.aws, service, config.target.tag(TOLD), condition).await;
        report.failed.extend(noted.err().map(|error| error.to_string()));
    }
}

/// Forgets a condition that is over.
async fn over(edge: &Edge, config: &HealthMonitorConfig, report: &mut Report) {
    let over = report.is_over && report.is_on;
    let (Some(_), Some(service), true) = (&report.told, &report.service_arn, over) else {
        return;
    };
    let text = healing_text(&config.target, &config.people, report);
    if let Err(error) = untag(&edge.aws, service, config.target.tag(TOLD)).await {
        report.failed.push(error.to_string());
    } else {
        tell(edge, &config.people, HEALING_SUBJECT, &text, report).await;
    }
}

/// Tells people that the maintenance page is shown, or is not any more; of all else that ip-updater
/// does, the audit trail tells.
pub async fn maintenance(edge: &Edge, config: &IpUpdaterConfig, report: &mut Report) {
    if report.done.iter().any(|done| done.what.is_about_maintenance()) {
        let text = healing_text(&config.target, &config.people, report);
        tell(edge, &config.people, MAINTENANCE_SUBJECT, &text, report).await;
    }
}

/// Tells people that health-monitor itself failed. When that fails too, the log and the function's
/// error are what remains.
pub async fn failure(edge: &Edge, config: &HealthMonitorConfig, error: &HandlerError) {
    let text = mail::failure_text(error, edge.aws.now());
    for (channel, sent) in send(edge, &config.people, FAILURE_SUBJECT, &text).await {
        if let Err(error) = sent {
            tracing::error!(channel, error, "could not tell anybody of the failure");
        }
    }
}

/// Tells people through every channel; whether one of them worked, or there is none.
async fn tell(
    edge: &Edge,
    people: &People,
    subject: &str,
    text: &str,
    report: &mut Report,
) -> bool {
    let sent = send(edge, people, subject, text).await;
    let worked = sent.is_empty() || sent.iter().any(|(_, sent)| sent.is_ok());
    report.failed.extend(sent.into_iter().filter_map(|(_, sent)| sent.err()));
    worked
}

async fn send(
    edge: &Edge,
    people: &People,
    subject: &str,
    text: &str,
) -> Vec<(&'static str, Result<(), String>)> {
    let mut sent = Vec::new();
    if let Some(topic) = &people.topic_arn {
        let published = sns::publish(&edge.aws, topic, subject, text).await;
        sent.push(("SNS", published.map_err(|error| error.to_string())));
    }
    if let Some(webhook) = &people.webhook {
        sent.push(("webhook", webhook::post(edge, webhook, subject, text).await));
    }
    sent
}
