//! Notify: people by mail and webhook, machines by events. A channel that fails never prevents
//! healing, nor the other channels; it is reported as a failure of its own.

mod audit;
mod failing;
mod failure;
mod mail;
mod message;
mod once;
mod quoted;
mod secret;
mod sns;
mod webhook;

use eden_policy::plan::Known;

use crate::config::{HealthMonitorConfig, IpUpdaterConfig, People, Target};
use crate::edge::Edge;
use crate::report::Report;
use crate::tags::TOLD;
use message::of_actions;
use once::Notes;

/// A channel, and whether it took a message.
pub type Sent = (&'static str, Result<(), String>);

pub use audit::Trail;
pub use failing::Failing;
pub use failure::{failure, recovered};
pub use message::{Message, Note, Silence, of_failure, of_healing};

/// Tells people what there is to tell of a run of health-monitor. What they are told of is noted on
/// the service first, until it is over, so that they are told once, and by one of the runs that have
/// the same news at the same moment; if nobody could be told, the note is as it was.
pub async fn healing(edge: &Edge, config: &HealthMonitorConfig, teller: &str, report: &mut Report) {
    let HealthMonitorConfig { target, people, .. } = config;
    let message = match of_healing(target, people, report) {
        Ok(message) => message,
        Err(silence) => return tracing::debug!(%silence, "nobody is told"),
    };
    if message.note == Note::Kept {
        tell(edge, people, &message, report).await;
        return;
    }
    let service = report.service_arn.clone().unwrap_or_default();
    let notes = Notes { aws: &edge.aws, target, service: &service, teller };
    let known = report.notes().known();
    let won = match &message.note {
        Note::Taken(condition) => notes.take(known.clone(), condition).await,
        Note::Forgotten | Note::Kept => notes.forget().await,
    };
    match won {
        Ok(true) => {
            edge.memory.refuse_tags(false);
            let told = tell(edge, people, &message, report).await;
            if !told && let Err(error) = notes.restore(TOLD, report.told.as_deref()).await {
                report.failed.push(error.to_string());
            }
        }
        // Tags are no memory here, so the process is: one mail for each condition and process.
        Err(error) if error.refused => {
            report.refuse_tags(&error);
            edge.memory.refuse_tags(true);
            let tells = match &message.note {
                Note::Taken(condition) => {
                    edge.memory.know(Some(Known::with(known, condition).to_string()));
                    true
                }
                Note::Forgotten | Note::Kept => edge.memory.know(None),
            };
            if tells && !tell(edge, people, &message, report).await {
                edge.memory.know(report.told.clone());
            }
        }
        // Another run tells, or what was not noted will be told at the next look; what this run did
        // is told all the same.
        not_noted => {
            report.failed.extend(not_noted.err().map(|error| error.to_string()));
            if let Some(message) = of_actions(target, people, report) {
                tell(edge, people, &message, report).await;
            }
        }
    }
}

/// Tells people that the maintenance page is shown, or is not any more.
pub async fn maintenance(edge: &Edge, config: &IpUpdaterConfig, report: &mut Report) {
    if let Some(message) = message::of_maintenance(&config.target, &config.people, report) {
        tell(edge, &config.people, &message, report).await;
    }
}

/// Tells people, in a message that says so, that this is a test, and whether each channel took it.
pub async fn trial(edge: &Edge, target: &Target, people: &People) -> Vec<Sent> {
    send(edge, people, &message::of_trial(target, edge.aws.now())).await
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
) -> Vec<Sent> {
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
