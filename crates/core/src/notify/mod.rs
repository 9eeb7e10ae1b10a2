//! Notify: people by mail and webhook, machines by events. A channel that fails never prevents
//! healing, nor the other channels; it is reported as a failure of its own.

mod audit;
mod failing;
mod failure;
mod mail;
mod message;
mod news;
mod once;
mod quoted;
mod secret;
mod sns;
mod webhook;

use eden_policy::Hold;
use eden_policy::plan::Known;

use crate::call_error::CallError;
use crate::config::{HealthMonitorConfig, IpUpdaterConfig, People, Target};
use crate::edge::Edge;
use crate::report::{Report, Told};
use crate::tags::TOLD;
use message::of_actions;
use news::News;
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
    // What only this process knows, no other run will tell.
    let is_alone = matches!(message.note, Note::Forgotten) && edge.memory.is_tagging_refused();
    if is_alone && edge.memory.know(None) {
        if !tell(edge, people, &message, report).await {
            edge.memory.know(report.told.clone());
        }
        return;
    }
    let service = report.service_arn.clone().unwrap_or_default();
    let notes = Notes { aws: &edge.aws, target, service: &service, teller };
    let known = report.notes().known();
    let of_condition = async {
        match &message.note {
            Note::Taken(condition) => notes.take(known.clone(), condition).await,
            Note::Forgotten => notes.forget().await,
            Note::Kept => Ok(false),
        }
    };
    let (won, first) = tokio::join!(of_condition, is_first_to_tell(edge, &notes, report));
    let first = first.unwrap_or_else(|error| {
        // Better twice than never.
        report.failed.push(error.to_string());
        true
    });
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
        // is told all the same, but for what another run did and tells.
        not_noted => {
            report.failed.extend(not_noted.err().map(|error| error.to_string()));
            let own = if first { report.clone() } else { alone(report) };
            if let Some(message) = of_actions(target, people, &own) {
                tell(edge, people, &message, report).await;
            }
        }
    }
}

/// Whether this run tells people of what others may have done as well: of the runs that did the same at
/// the same moment one does. Where the service could not be read, nothing can be noted on it.
async fn is_first_to_tell(
    edge: &Edge,
    notes: &Notes<'_>,
    report: &Report,
) -> Result<bool, CallError> {
    let news = News::of(report.done.iter().map(|done| &done.what));
    let Some(news) = news.filter(|_| report.service_arn.is_some()) else { return Ok(true) };
    match notes.report(&news, report.at).await {
        // Where tags are no memory, nobody knows what the others tell.
        Err(error) if error.refused => {
            edge.memory.refuse_tags(true);
            Ok(true)
        }
        first => first,
    }
}

/// What a run did that no other can have done.
fn alone(report: &Report) -> Report {
    let mut alone = report.clone();
    alone.done.retain(|done| News::of([&done.what].into_iter()).is_none());
    alone
}

/// Tells people that somebody takes Eden's tags off the service, once a day and process: what would
/// remember it is taken away as well.
pub async fn removed_tags(edge: &Edge, config: &HealthMonitorConfig, report: &mut Report) {
    let now = edge.aws.now();
    let is_missing = |held: &Told<Hold>| matches!(held.what, Hold::TagsRemoved { .. });
    let Some(held) = report.held.iter().find(|held| is_missing(held)) else { return };
    if report.is_on && !edge.aws.own.is_told(now) {
        let message = message::of_removed_tags(&config.target, &held.text, now);
        if tell(edge, &config.people, &message, report).await {
            edge.aws.own.told(now);
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
