//! What an earlier look saw, as a hint for the next: what is read at once need not be found first.
//!
//! Nothing is decided on it. Whatever it names is read anew, and what it does not name is found as
//! if there were no memory. There are two exceptions. Notes about what people know are kept here where
//! they cannot be written as tags: they decide who is told, and nothing else. And notes that somebody
//! takes off the service ([`OwnNotes`]) count as still there.

mod own;

use std::collections::BTreeSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

use eden_input::Hints;
use eden_policy::Step;
use eden_policy::facts::{Facts, Observed, Service, Task, TaskNetwork};
use eden_policy::health::Finding;
use eden_policy::mode::{self, Mode};
use eden_policy::plan::Sighting;
use jiff::Timestamp;

use crate::notify::Failing;
pub use own::OwnNotes;

/// More are not kept: what they cost to read anew is little beside listing them.
const MOST: usize = 1_000;

/// What the last look of this process saw; empty at its start.
#[derive(Debug, Default)]
pub struct Memory {
    hints: Mutex<Hints>,
    unwritten: Mutex<Unwritten>,
}

/// What would stand in the service's tags if they could be written.
#[derive(Debug, Default)]
struct Unwritten {
    is_refused: bool,
    seen: Option<String>,
    told: Option<String>,
    failing: Option<Failing>,
}

impl Memory {
    /// Keeps what was seen, for the next look.
    pub fn keep(&self, tasks: &[Task]) {
        let seen = tasks.iter().filter(|task| task.runs()).take(MOST);
        let (mut interfaces, mut hosts) = (Vec::new(), BTreeSet::new());
        for task in seen.clone() {
            match &task.network {
                TaskNetwork::Interface(id) => interfaces.push(id.clone()),
                TaskNetwork::Host { container_instance, .. } => {
                    hosts.insert(container_instance.clone());
                }
                TaskNetwork::Unattached => {}
            }
        }
        *self.hints() = Hints {
            tasks: seen.map(|task| task.arn.clone()).collect(),
            interfaces,
            container_instances: hosts.into_iter().collect(),
        };
    }

    /// What an event names, then what was seen last.
    pub fn with(&self, event: &Hints) -> Hints {
        let seen = self.hints();
        Hints {
            tasks: merged(&event.tasks, &seen.tasks),
            interfaces: merged(&event.interfaces, &seen.interfaces),
            container_instances: merged(&event.container_instances, &seen.container_instances),
        }
    }

    /// Adds what could not be noted on the service to what its tags say, where they may not be written.
    pub fn recall(&self, service: &mut Observed<Service>, setting: Mode) {
        let is_on = mode::effective(setting, service).0 == Mode::On;
        let unwritten = self.unwritten();
        let Observed::Known(service) = service else { return };
        if !is_on || unwritten.is_refused {
            service.seen = service.seen.take().or_else(|| unwritten.seen.clone());
            service.told = service.told.take().or_else(|| unwritten.told.clone());
        }
    }

    /// Keeps a condition that was found and has yet to last.
    pub fn notice(&self, facts: &Facts, finding: &Finding, now: Timestamp) {
        let notes = facts.service.known().map(Service::notes).unwrap_or_default();
        let was_well = notes.sighting(now).is_some_and(|it| it.is_well());
        match &finding.condition {
            Some(found)
                if was_well || (!found.lasts && notes.sighting_of(found, now).is_none()) =>
            {
                let (name, of) = (found.name.clone(), found.of.clone());
                self.see(Some(Sighting { name, of, since: now }.to_string()));
            }
            None if finding.diagnosis.is_healthy() => {
                let marked = finding.plan.steps.iter().find_map(|step| match step {
                    Step::MarkCondition { sighting, .. } => Some(sighting.clone()),
                    _ => None,
                });
                let well = marked.or(notes.sighting(now)).filter(Sighting::is_well);
                let well = well.filter(|_| notes.told.is_some());
                self.see(well.map(|it| it.to_string()));
            }
            None if was_well && finding.diagnosis.is_sick() => self.see(None),
            Some(_) | None => {}
        }
    }

    /// Keeps the note of a sighting, or forgets it.
    pub fn see(&self, sighting: Option<String>) {
        self.unwritten().seen = sighting;
    }

    /// Keeps what people know; whether they knew anything by this process.
    pub fn know(&self, told: Option<String>) -> bool {
        std::mem::replace(&mut self.unwritten().told, told).is_some()
    }

    /// Keeps whether Eden's tags on the service cannot be written.
    pub fn refuse_tags(&self, is_refused: bool) {
        self.unwritten().is_refused = is_refused;
    }

    /// Whether a look before found that Eden's tags on the service cannot be written.
    pub fn is_tagging_refused(&self) -> bool {
        self.unwritten().is_refused
    }

    /// That runs fail, where it could not be noted.
    pub fn failing(&self) -> Option<Failing> {
        self.unwritten().failing.clone()
    }

    /// Keeps that runs fail, or forgets it.
    pub fn fail(&self, failing: Option<Failing>) {
        self.unwritten().failing = failing;
    }

    fn unwritten(&self) -> MutexGuard<'_, Unwritten> {
        self.unwritten.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn hints(&self) -> MutexGuard<'_, Hints> {
        self.hints.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn merged(first: &[String], then: &[String]) -> Vec<String> {
    let mut all = first.to_vec();
    all.extend(then.iter().filter(|it| !first.contains(it)).cloned());
    all.truncate(MOST);
    all
}
