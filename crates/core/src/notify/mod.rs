//! Notify: people by mail and webhook, machines by events. A channel that fails never prevents
//! healing, nor the other channels; it is reported as a failure of its own.

mod audit;
mod mail;
mod message;
mod secret;
mod sns;
mod webhook;

use crate::act::ecs::{tag, untag};
use crate::config::{HealthMonitorConfig, IpUpdaterConfig, People};
use crate::edge::Edge;
use crate::error::HandlerError;
use crate::report::Report;
use crate::tags::TOLD;

pub use audit::Trail;
pub use message::{Message, Note, Silence, of_failure, of_healing};

/// Tells people what there is to tell of a run of health-monitor. That they were told of a condition
/// is noted on the service until it is over, so that they are told once.
pub async fn healing(edge: &Edge, config: &HealthMonitorConfig, report: &mut Report) {
    let HealthMonitorConfig { target, people, .. } = config;
    let message = match of_healing(target, people, report) {
        Ok(message) => message,
        Err(silence) => return tracing::debug!(%silence, "nobody is told"),
    };
    let service = report.service_arn.clone().unwrap_or_default();
    if message.note == Note::Forgotten
        && let Err(error) = untag(&edge.aws, &service, target.tag(TOLD)).await
    {
        // Else it would be told again at every check.
        return report.failed.push(error.to_string());
    }
    let told = tell(edge, people, &message, report).await;
    if let (Note::Taken(condition), true) = (message.note, told) {
        let noted = tag(&edge.aws, &service, target.tag(TOLD), condition).await;
        report.failed.extend(noted.err().map(|error| error.to_string()));
    }
}

/// Tells people that the maintenance page is shown, or is not any more.
pub async fn maintenance(edge: &Edge, config: &IpUpdaterConfig, report: &mut Report) {
    if let Some(message) = message::of_maintenance(&config.target, &config.people, report) {
        tell(edge, &config.people, &message, report).await;
    }
}

/// Tells people that health-monitor itself failed. When that fails too, the log and the function's
/// error are what remains.
pub async fn failure(edge: &Edge, config: &HealthMonitorConfig, error: &HandlerError) {
    let message = of_failure(&config.target, error, edge.aws.now());
    for (channel, sent) in send(edge, &config.people, &message).await {
        if let Err(error) = sent {
            tracing::error!(channel, error, "could not tell anybody of the failure");
        }
    }
}

/// Tells people through every channel; whether one of them worked, or there is none.
async fn tell(edge: &Edge, people: &People, message: &Message, report: &mut Report) -> bool {
    let sent = send(edge, people, message).await;
    let worked = sent.is_empty() || sent.iter().any(|(_, sent)| sent.is_ok());
    report.failed.extend(sent.into_iter().filter_map(|(_, sent)| sent.err()));
    worked
}

async fn send(
    edge: &Edge,
    people: &People,
    Message { subject, text, note: _ }: &Message,
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
