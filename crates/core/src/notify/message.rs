//! What people are told of a run, if anything: a pure function of its report.

use std::fmt;

use eden_policy::Step;
use eden_policy::plan::Condition;
use jiff::Timestamp;

use super::mail;
use crate::config::{People, Target};
use crate::error::HandlerError;
use crate::report::Report;

const HEALING_SUBJECT: &str = "Eden Service Auto-Healing Triggered";
const HUMAN_SUBJECT: &str = "Eden Needs a Human";
const OVER_SUBJECT: &str = "Eden Service Healthy Again";
const MAINTENANCE_SUBJECT: &str = "Eden Maintenance Page";
const PARKING_SUBJECT: &str = "Eden Route Parking";
const REMOVED_TAGS_SUBJECT: &str = "Eden's Notes Are Taken Away";
const TRIAL_SUBJECT: &str = "Eden Test Message";
const FAILURE_SUBJECT: &str = "Eden Health Monitor Error";

/// A message to people.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use]
pub struct Message {
    /// In ASCII, as SNS wants it (F26).
    pub subject: &'static str,
    /// The text.
    pub text: String,
    /// What becomes of the note on the service by which it is told once.
    pub note: Note,
}

/// The note on the service of what people were told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Note {
    /// It stays as it is.
    Kept,
    /// This condition is noted before people are told of it.
    Taken(Condition),
    /// It is taken away before people are told that what they know of is over.
    Forgotten,
}

/// Why nobody is told anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Silence {
    /// Nothing was done.
    NothingDone,
    /// Notes were taken for later runs, and nothing was changed.
    OnlyNoted,
    /// One look found a condition: the next one shows whether it lasts.
    MayPass,
    /// People were told of the same condition before.
    ToldBefore,
    /// People have to look, but nothing may be changed, so that it cannot be noted that they know.
    CannotBeNoted,
}

impl fmt::Display for Silence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Silence::NothingDone => "nothing was done",
            Silence::OnlyNoted => "notes were taken for later, and nothing was changed",
            Silence::MayPass => "what was found may be over at the next look",
            Silence::ToldBefore => "people were told of this before",
            Silence::CannotBeNoted => {
                "healing is not on, so that it cannot be noted that people know: the metric \
                 NeedsHuman and its alarm tell them"
            }
        })
    }
}

/// What is said of a run of health-monitor: a condition that lasts, once; whatever was done; and that
/// the condition is over.
///
/// # Errors
/// Why nothing is said.
pub fn of_healing(target: &Target, people: &People, report: &Report) -> Result<Message, Silence> {
    let condition = report.condition.as_ref();
    let lasts = condition.filter(|condition| condition.lasts);
    let known = report.notes().known();
    let unknown = lasts.filter(|lasts| !known.as_ref().is_some_and(|known| known.includes(lasts)));
    let (subject, note) = match unknown {
        Some(unknown) if report.is_on => (HUMAN_SUBJECT, Note::Taken(unknown.clone())),
        _ if has_acted(report) => (subject_of(report), Note::Kept),
        _ if report.is_over && report.is_on && report.told.is_some() => {
            (OVER_SUBJECT, Note::Forgotten)
        }
        Some(_) => return Err(Silence::CannotBeNoted),
        None if lasts.is_some() => return Err(Silence::ToldBefore),
        None if condition.is_some() => return Err(Silence::MayPass),
        None if report.done.is_empty() => return Err(Silence::NothingDone),
        None => return Err(Silence::OnlyNoted),
    };
    let text = mail::healing_text(target, people, report, &note);
    Ok(Message { subject, text, note })
}

/// What was done that people do not know. A stage's deployment belongs to what was written before it.
fn news(report: &Report) -> impl Iterator<Item = &Step> {
    let done = || report.done.iter().map(|done| &done.what);
    let again = done().any(|step| matches!(step, Step::Park { .. }));
    let known = move |step: &Step| again && matches!(step, Step::DeployStage { .. });
    done().filter(move |step| !step.is_a_note() && !known(step))
}

/// What health-monitor did: nothing but parking, or more.
fn subject_of(report: &Report) -> &'static str {
    let mut others = news(report).filter(|step| !step.is_about_parking());
    let is_deployment = |step: &Step| matches!(step, Step::DeployStage { .. });
    let parks = report.done.iter().any(|done| done.what.is_about_parking());
    if parks && others.all(is_deployment) { PARKING_SUBJECT } else { HEALING_SUBJECT }
}

/// What is said of what a run did, when another run tells of the condition.
pub(super) fn of_actions(target: &Target, people: &People, report: &Report) -> Option<Message> {
    let text = || mail::healing_text(target, people, report, &Note::Kept);
    has_acted(report).then(|| Message {
        subject: subject_of(report),
        text: text(),
        note: Note::Kept,
    })
}

fn has_acted(report: &Report) -> bool {
    news(report).next().is_some()
}

/// What is said of a run of ip-updater: that the maintenance page is shown, or is not any more. Of
/// all else that it does the audit trail tells.
pub(super) fn of_maintenance(target: &Target, people: &People, report: &Report) -> Option<Message> {
    let told = report.done.iter().any(|done| done.what.is_about_maintenance());
    let text = || mail::healing_text(target, people, report, &Note::Kept);
    told.then(|| Message { subject: MAINTENANCE_SUBJECT, text: text(), note: Note::Kept })
}

/// What is said when somebody takes Eden's tags off the service.
pub(super) fn of_removed_tags(target: &Target, held: &str, at: Timestamp) -> Message {
    let text = mail::removed_tags_text(target, held, at);
    Message { subject: REMOVED_TAGS_SUBJECT, text, note: Note::Kept }
}

/// What is said when somebody tries out whether people can be told.
pub(super) fn of_trial(target: &Target, at: Timestamp) -> Message {
    let text = mail::trial_text(target, at);
    Message { subject: TRIAL_SUBJECT, text, note: Note::Kept }
}

/// What is said of a run of health-monitor that failed.
pub fn of_failure(target: &Target, error: &HandlerError, at: Timestamp) -> Message {
    let text = mail::failure_text(target, error, at);
    Message { subject: FAILURE_SUBJECT, text, note: Note::Kept }
}
