//! Tasks that fail again and again: they die by themselves, or ECS cannot even start them.

use std::cmp::Reverse;
use std::time::Duration;

use jiff::Timestamp;

use super::later;
use super::patient::Patient;
use crate::evidence::Evidence;
use crate::facts::{Stop, StopCode, Task};
use crate::plan::Diagnosis;

/// What ECS says when it cannot start a task for want of capacity or because of its settings. Its
/// messages are for people and may change: what is not recognized is no evidence.
const CANNOT_START: [&str; 5] = [
    "unable to place a task",
    "unable to start task",
    "unable to consistently start tasks",
    "failed to launch a task",
    "was unable to",
];
/// What ECS says when it can.
const CAN_START: [&str; 2] = ["has reached a steady state", "has started"];
/// A message of ECS is evidence for so long.
const RECENT: Duration = Duration::from_mins(15);

/// A task that failed, when, and why.
type Failure<'a> = (Timestamp, &'a Task, &'a Stop);

impl Patient<'_> {
    /// The diagnosis, when tasks fail again and again.
    pub(super) fn failing(&self) -> Option<(Diagnosis, Vec<Evidence>)> {
        self.loops().or_else(|| self.cannot_start())
    }

    /// Enough of the last tasks failed in a row.
    fn loops(&self) -> Option<(Diagnosis, Vec<Evidence>)> {
        let row = self.last_failures();
        let (_, _, last) = row.first().filter(|_| row.len() >= self.limits.loop_deaths)?;
        let reason = last.reason.clone();
        let diagnosis = if last.code != StopCode::TaskFailedToStart {
            Diagnosis::CrashLoop { deaths: row.len(), exit_code: last.exit_code, reason }
        } else if self.wants_more() {
            Diagnosis::CannotStart { because: reason }
        } else {
            return None;
        };
        Some((diagnosis, row.into_iter().map(of_failure).collect()))
    }

    /// ECS says that it cannot start tasks, and has not started one since.
    fn cannot_start(&self) -> Option<(Diagnosis, Vec<Evidence>)> {
        if !self.wants_more() {
            return None;
        }
        let primary = self.service.primary()?;
        let says = |text: &str, words: &[&str]| words.iter().any(|words| text.contains(words));
        let events = self.service.events.iter();
        let said = events
            .filter(|it| it.at >= primary.created_at && self.now < later(it.at, RECENT))
            .take_while(|it| !says(&it.text, &CAN_START))
            .find(|it| says(&it.text, &CANNOT_START))?;
        let evidence = vec![Evidence::Said { at: said.at, text: said.text.clone() }];
        Some((Diagnosis::CannotStart { because: said.text.clone() }, evidence))
    }

    /// Whether ECS has tasks to start.
    fn wants_more(&self) -> bool {
        self.service.running < self.service.desired || self.service.rolling().is_some()
    }

    /// The last failures, newest first. Stops by Eden, by people and by ECS's own scaling say
    /// nothing about the application, and tasks of an earlier deployment nothing about the present
    /// one: it may be the remedy. One that was requested later and runs well ends the row.
    fn last_failures(&self) -> Vec<Failure<'_>> {
        let requested_at = |task: &Task| task.created_at.or(task.started_at).or(task.stopping_at);
        let well = self.tasks.iter().filter(|task| self.runs_well(task));
        let well_since = well.filter_map(requested_at).max();
        let primary = self.service.primary().map(|deployment| deployment.id.as_str());
        let counts = |task: &Task| {
            let of_present = task.deployment.is_none() || task.deployment.as_deref() == primary;
            of_present && well_since.is_none_or(|since| requested_at(task) > Some(since))
        };
        let failed = self.tasks.iter().filter(|task| counts(task)).filter_map(failure);
        let mut failures: Vec<_> = failed.collect();
        failures.sort_by_key(|(at, task, _)| (Reverse(*at), &task.arn));
        failures
    }
}

/// How a task failed, if it did.
fn failure(task: &Task) -> Option<Failure<'_>> {
    let (at, stop) = (task.stopping_at?, task.stop.as_ref()?);
    match stop.code {
        StopCode::TaskFailedToStart | StopCode::EssentialContainerExited => Some((at, task, stop)),
        StopCode::UserInitiated
        | StopCode::ServiceSchedulerInitiated
        | StopCode::Infrastructure
        | StopCode::Unknown => None,
    }
}

fn of_failure((at, task, stop): Failure<'_>) -> Evidence {
    let (task, reason) = (task.id().to_owned(), stop.reason.clone());
    if stop.code == StopCode::TaskFailedToStart {
        Evidence::NotStarted { task, at, reason }
    } else {
        Evidence::Died { task, at, exit_code: stop.exit_code, reason }
    }
}
