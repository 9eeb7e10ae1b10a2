//! Report: what an invocation saw, did, and did not do for which reason. The response, the log
//! line, the mail and the audit trail are all made of it.

use std::sync::Arc;

use eden_policy::facts::{Facts, Refused, Service, Task, TaskHealth};
use eden_policy::health::Finding;
use eden_policy::plan::{Condition, Notes, Rejected};
use eden_policy::redact::redacted;
use eden_policy::{Diagnosis, Evidence, Hold, Mode, Plan, Step, mode};
use jiff::Timestamp;
use serde::{Serialize, Serializer};

use crate::act::{Attempt, Outcome};
use crate::call_error::CallError;
use crate::routing::Reconciled;

/// The report of one invocation.
#[derive(Debug, Clone, Serialize)]
#[must_use]
pub struct Report {
    /// `ip-updater` or `health-monitor`.
    pub function: &'static str,
    /// Lambda's id of the invocation.
    pub request_id: String,
    /// What woke it.
    pub trigger: String,
    /// When it looked, RFC 3339.
    pub at: Timestamp,
    /// How it ended.
    pub outcome: Ended,
    /// Why the event was none of ours, if it was not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ignored_because: Option<String>,
    /// What is the matter with the service; health-monitor only.
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    pub diagnosis: Option<Diagnosis>,
    /// What the diagnosis rests on, and what could not be read; health-monitor only.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub evidence: Vec<Told<Evidence>>,
    /// What people have to look at, because no remedy is left.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub condition: Option<Condition>,
    /// Whether anything may be changed.
    #[serde(skip)]
    pub is_on: bool,
    /// Whether what people were told of before is over.
    #[serde(skip)]
    pub is_over: bool,
    /// What a look before found, by the service's tag or the process's memory.
    #[serde(skip)]
    pub seen: Option<String>,
    /// What people were told of before, likewise.
    #[serde(skip)]
    pub told: Option<String>,
    /// That runs before failed, by the service's tag.
    #[serde(skip)]
    pub failing: Option<String>,
    /// The deployment that a condition is about.
    #[serde(skip)]
    pub about: String,
    /// Whether Eden's tags on the service cannot be written.
    #[serde(skip)]
    pub is_tagging_refused: bool,
    /// The last look, which what is done next rests on.
    #[serde(skip)]
    pub look: Option<Arc<Look>>,
    /// The service's ARN, if it was read.
    #[serde(skip)]
    pub service_arn: Option<String>,
    /// The service's counts; health-monitor only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tasks: Option<Counts>,
    /// From the event until the route was moved; only when an event of a task moved it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub route_update_latency_ms: Option<u64>,
    /// Steps that AWS accepted, each with the look that it rested on: what was seen afterwards may be
    /// another thing.
    pub done: Vec<Done>,
    /// Steps that were not needed any more when their turn came, or that AWS refused for good.
    pub skipped: Vec<Told<Step>>,
    /// Steps not taken, each with its reason.
    pub held: Vec<Told<Hold>>,
    /// What will be tried again, and when, soonest first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub next: Vec<Next>,
    /// Tasks that the gateway cannot be led to, each with its reason.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub rejected: Vec<Told<Rejected>>,
    /// What failed, in words: facts that could not be read, steps, and messages.
    pub failed: Vec<String>,
    /// Facts that the last look could not read; they fail the invocation when it ends.
    #[serde(skip)]
    unread: Vec<String>,
}

/// Something that is held, and will be tried again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Next {
    /// When.
    pub at: Timestamp,
    /// Why not now.
    pub held: String,
}

/// How an invocation ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Ended {
    /// Something was changed.
    Acted,
    /// Nothing was changed: nothing needed to be, or everything was held.
    Unchanged,
    /// The event was none of ours; AWS was not asked anything.
    Ignored,
    /// Something could not be read or done; Lambda gets an error and retries (F29).
    Failed,
}

/// A service's counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// Tasks that run.
    pub running: u32,
    /// Tasks that should.
    pub desired: u32,
    /// Tasks on their way.
    pub pending: u32,
    /// Running tasks that fail their container health check.
    pub unhealthy: u32,
}

impl Counts {
    /// Counts a service by ECS's own figures and its tasks' health, as far as they are known.
    pub fn of(facts: &Facts) -> Option<Self> {
        let Service { running, desired, pending, .. } = *facts.service.known()?;
        let tasks = facts.tasks.known().map_or(&[][..], Vec::as_slice);
        let sick = |task: &&Task| task.runs() && task.health == TaskHealth::Unhealthy;
        let unhealthy = u32::try_from(tasks.iter().filter(sick).count()).unwrap_or(u32::MAX);
        Some(Counts { running, desired, pending, unhealthy })
    }
}

/// What one look of health-monitor found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Look {
    /// What was the matter.
    #[serde(flatten)]
    pub diagnosis: Diagnosis,
    /// What that rested on.
    pub evidence: Vec<Told<Evidence>>,
}

/// A step that AWS accepted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Done {
    /// The step.
    #[serde(flatten)]
    pub what: Step,
    /// The sentence.
    pub text: String,
    /// The look that it rested on; health-monitor only.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "as_look")]
    pub rested_on: Option<Arc<Look>>,
}

#[expect(clippy::ref_option, reason = "as serde hands it over")]
fn as_look<S: Serializer>(look: &Option<Arc<Look>>, to: S) -> Result<S::Ok, S::Error> {
    look.as_deref().serialize(to)
}

impl From<Step> for Done {
    fn from(what: Step) -> Self {
        let Told { what, text } = Told::from(what);
        Done { what, text, rested_on: None }
    }
}

/// A thing with its sentence, for machines and for people.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Told<T> {
    /// The thing.
    #[serde(flatten)]
    pub what: T,
    /// The sentence.
    pub text: String,
}

impl<T: ToString> From<T> for Told<T> {
    fn from(what: T) -> Self {
        let text = redacted(&what.to_string()).into_owned();
        Told { what, text }
    }
}

fn next(hold: &Hold) -> Option<Next> {
    Some(Next { at: hold.until()?, held: hold.to_string() })
}

impl Report {
    /// A report with nothing in it yet.
    pub fn new(function: &'static str, request_id: &str, trigger: String, at: Timestamp) -> Self {
        Report {
            function,
            request_id: request_id.to_owned(),
            trigger,
            at,
            outcome: Ended::Unchanged,
            ignored_because: None,
            diagnosis: None,
            evidence: Vec::new(),
            condition: None,
            is_on: false,
            is_over: false,
            seen: None,
            told: None,
            failing: None,
            about: String::new(),
            is_tagging_refused: false,
            look: None,
            service_arn: None,
            tasks: None,
            route_update_latency_ms: None,
            done: Vec::new(),
            skipped: Vec::new(),
            held: Vec::new(),
            next: Vec::new(),
            rejected: Vec::new(),
            failed: Vec::new(),
            unread: Vec::new(),
        }
    }

    /// The report on an event that is none of ours.
    pub fn ignore(mut self, because: String) -> Report {
        self.ignored_because = Some(because);
        self.outcome = Ended::Ignored;
        tracing::info!(report = self.json(), "ignored");
        self
    }

    /// Notes why steps were not taken and tasks were passed over; a fact that could not be read is a
    /// failure as well.
    pub fn hold(&mut self, plan: &Plan) {
        self.held.extend(plan.holds.iter().cloned().map(Told::from));
        self.rejected.extend(plan.rejected.iter().cloned().map(Told::from));
        self.unread.extend(plan.unknown_facts().map(ToString::to_string));
    }

    /// Notes what was found; a later finding of the same invocation takes the place of an earlier
    /// one.
    pub fn found(&mut self, facts: &Facts, finding: &Finding, setting: Mode) {
        self.is_on = mode::effective(setting, &facts.service).0 == Mode::On;
        self.diagnosis = Some(finding.diagnosis.clone());
        self.evidence = finding.evidence.iter().cloned().map(Told::from).collect();
        self.condition.clone_from(&finding.condition);
        self.is_over = finding.is_over;
        let (diagnosis, evidence) = (finding.diagnosis.clone(), self.evidence.clone());
        self.look = Some(Arc::new(Look { diagnosis, evidence }));
        // One that ECS calls missing has no name and no notes: what an earlier look read stays.
        let named = |service: &&Service| !service.arn.is_empty();
        if let Some(service) = facts.service.known().filter(named) {
            self.seen.clone_from(&service.seen);
            self.told.clone_from(&service.told);
            self.failing.clone_from(&service.failed_runs);
            self.service_arn = Some(service.arn.clone());
            let primary = service.primary().map(|deployment| deployment.id.clone());
            self.about = primary.unwrap_or_else(|| "none".to_owned());
        }
        self.tasks = Counts::of(facts);
        self.held.clear();
        self.rejected.clear();
        self.unread.clear();
        self.hold(&finding.plan);
        self.next = finding.plan.holds.iter().filter_map(next).collect();
        self.next.sort_by_key(|next| next.at);
    }

    /// Notes what became of the steps.
    pub fn acted(&mut self, attempts: Vec<Attempt>) {
        for Attempt { step, outcome } in attempts {
            match outcome {
                Ok(Outcome::Done) => {
                    let rested_on = self.look.clone();
                    self.done.push(Done { rested_on, ..Done::from(step) });
                }
                Ok(Outcome::Skipped(text)) => self.skipped.push(Told { what: step, text }),
                Ok(Outcome::Refused(Refused { because, .. })) => {
                    let text = format!("AWS refused it: {because}");
                    self.skipped.push(Told { what: step, text });
                }
                // Nothing is wrong that people would have to mend.
                Err(error) if error.refused && step.notes_that_all_is_well() => {}
                Err(error) if error.refused && step.is_a_note_on_the_service() => {
                    self.refuse_tags(&error);
                }
                Err(error) => self.failed.push(error.to_string()),
            }
        }
    }

    /// Notes that AWS refuses Eden's tags on the service, which no repetition helps.
    pub fn refuse_tags(&mut self, error: &CallError) {
        self.is_tagging_refused = true;
        let hold = Told::from(Hold::TagsRefused { because: error.to_string() });
        if !self.held.contains(&hold) {
            self.held.push(hold);
        }
    }

    /// Notes that somebody took tags of Eden's off the service.
    pub fn miss(&mut self, tags: Vec<String>) {
        if !tags.is_empty() {
            self.held.push(Told::from(Hold::TagsRemoved { tags }));
        }
    }

    /// What is noted of conditions.
    pub fn notes(&self) -> Notes<'_> {
        Notes { seen: self.seen.as_deref(), told: self.told.as_deref() }
    }

    /// The looks that actions rested on, and the last one, if that came after all of them.
    pub fn looks(&self) -> (Vec<&Arc<Look>>, Option<&Arc<Look>>) {
        let mut looks: Vec<&Arc<Look>> = Vec::new();
        let actions = self.done.iter().filter(|done| !done.what.is_a_note());
        for look in actions.filter_map(|done| done.rested_on.as_ref()) {
            if !looks.iter().any(|other| Arc::ptr_eq(other, look)) {
                looks.push(look);
            }
        }
        let last = self.look.as_ref();
        let after = last.filter(|last| looks.last().is_some_and(|it| !Arc::ptr_eq(it, last)));
        (looks, after)
    }

    /// Notes what became of the route; `since` is the time of the event that moved it.
    pub fn routed(&mut self, reconciled: Reconciled, since: Option<Timestamp>) {
        let Reconciled { attempts, moved_at, unsettled, unaudited, .. } = reconciled;
        self.route_update_latency_ms = since
            .zip(moved_at)
            .and_then(|(since, at)| u64::try_from(at.duration_since(since).as_millis()).ok());
        self.acted(attempts);
        if unsettled {
            let text = "the route does not settle: something else changes it as often as Eden does";
            self.failed.push(text.to_owned());
        }
        self.failed.extend(unaudited);
    }

    /// Adds what a later look at the route did, in the same invocation.
    pub fn add(&mut self, later: Report) {
        self.done.extend(later.done);
        self.skipped.extend(later.skipped);
        self.held.extend(later.held);
        self.failed.extend(later.failed);
        self.is_tagging_refused |= later.is_tagging_refused;
    }

    /// Whether nothing has failed yet, and every fact could be read at the last look.
    pub fn has_no_failure(&self) -> bool {
        self.failed.is_empty() && self.unread.is_empty()
    }

    /// Why the invocation failed, in one line.
    pub fn failure(&self) -> String {
        let mut text = self.failed.join("; ");
        if !self.done.is_empty() {
            let done: Vec<_> = self.done.iter().map(|done| done.text.as_str()).collect();
            text = format!("{text} (done all the same: {})", done.join("; "));
        }
        text
    }

    /// Ends the invocation: the report is logged and returned.
    ///
    /// # Errors
    /// The report, when anything failed: as an error, so that Lambda retries (F29).
    pub fn finish(mut self) -> Result<Report, Box<Report>> {
        let unread = std::mem::take(&mut self.unread);
        self.failed.splice(0..0, unread);
        self.outcome = match (self.failed.is_empty(), self.done.is_empty()) {
            (false, _) => Ended::Failed,
            (true, false) => Ended::Acted,
            (true, true) => Ended::Unchanged,
        };
        if self.failed.is_empty() {
            tracing::info!(report = self.json(), "finished");
            Ok(self)
        } else {
            tracing::error!(report = self.json(), "failed");
            Err(Box::new(self))
        }
    }

    fn json(&self) -> String {
        let json = serde_json::to_string(self).unwrap_or_else(|error| error.to_string());
        redacted(&json).into_owned()
    }
}
