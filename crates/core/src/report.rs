//! Report: what an invocation saw, did, and did not do for which reason. The response, the log
//! line, the mail and the audit trail are all made of it.

use eden_policy::facts::{Facts, Service, Task, TaskHealth};
use eden_policy::health::Finding;
use eden_policy::plan::{Condition, Rejected};
use eden_policy::{Diagnosis, Hold, Plan, Step};
use eden_policy::{Evidence, Mode, mode};
use jiff::Timestamp;
use serde::Serialize;

use crate::act::{Attempt, Outcome};
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
    /// What people were told of before, if anything.
    #[serde(skip)]
    pub told: Option<String>,
    /// The service's ARN, if it was read.
    #[serde(skip)]
    pub service_arn: Option<String>,
    /// The service's counts; health-monitor only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tasks: Option<Counts>,
    /// From the event until the route was moved; only when an event of a task moved it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub route_update_latency_ms: Option<u64>,
    /// Steps that AWS accepted.
    pub done: Vec<Told<Step>>,
    /// Steps that were not needed any more when their turn came.
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
        let text = what.to_string();
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
            told: None,
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
        self.told = facts.service.known().and_then(|service| service.told.clone());
        self.service_arn = facts.service.known().map(|service| service.arn.clone());
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
                Ok(Outcome::Done) => self.done.push(Told::from(step)),
                Ok(Outcome::Skipped(text)) => self.skipped.push(Told { what: step, text }),
                Err(error) => self.failed.push(error.to_string()),
            }
        }
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
        serde_json::to_string(self).unwrap_or_else(|error| error.to_string())
    }
}
