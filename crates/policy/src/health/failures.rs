//! Tasks that fail again and again: they die by themselves, ECS gives them up for failing their
//! health checks, or cannot even start them.

use std::cmp::Reverse;
use std::time::Duration;

use jiff::Timestamp;

use super::ladder::FAILS_AFTER_RUNNING;
use super::later;
use super::patient::Patient;
use crate::evidence::Evidence;
use crate::facts::{
    Cause, Deployment, Readiness, RolloutState, ServiceEvent, Stop, StopCode, Task,
};
use crate::plan::{Condition, Diagnosis};

/// What ECS says when it cannot start a task for want of capacity or because of its settings. Its
/// messages are for people and may change: what is not recognized is no evidence.
const CANNOT_START: [&str; 5] = [
    "unable to place a task",
    "unable to start task",
    "unable to consistently start tasks",
    "failed to launch a task",
    "was unable to",
];
/// How many of these speak of nothing but tasks that were to start.
const OF_STARTS: usize = 4;
/// What it says when it only lacks room.
const LACKS_ROOM: &str = "unable to place a task";
/// What ECS says when it can.
const CAN_START: [&str; 2] = ["has reached a steady state", "has started"];
/// A message of ECS is evidence for as long as ECS remembers stopped tasks (F18): while a task cannot
/// be started it tries again ever more rarely, in the end every 27 minutes.
const RECENT: Duration = Duration::from_hours(1);

/// Minimum life of a task that ran: what ends after it is no failed start. A release that leaks, or
/// fails its health checks, shows it earlier.
const RAN: Duration = Duration::from_mins(10);
/// Minimum share by which a life is much longer than others.
const MUCH_LONGER: u32 = 4;

/// For so long a single failed start speaks against the next one.
const LUCK: Duration = Duration::from_mins(15);

/// Why what would start in place of a task that runs cannot be started.
pub(super) struct CannotStart<'a> {
    /// In ECS's words.
    pub(super) because: &'a str,
    /// Whether it is room that is missing, which the stop of a task makes.
    pub(super) lacks_room: bool,
}

/// A task that failed, when, and why.
pub(super) type Failure<'a> = (Timestamp, &'a Task, &'a Stop);

impl Patient<'_> {
    /// The diagnosis, when tasks fail again and again.
    pub(super) fn failing(&self) -> Option<(Diagnosis, Vec<Evidence>)> {
        self.loops().or_else(|| self.cannot_start())
    }

    /// Enough of the last tasks failed in a row.
    fn loops(&self) -> Option<(Diagnosis, Vec<Evidence>)> {
        let row = self.last_failures();
        let (_, _, last) = row.first().filter(|_| self.is_loop(&row))?;
        let Cause { reason, container, exit_code } = self.cause(last, row[0].1);
        let diagnosis = if last.code != StopCode::TaskFailedToStart {
            Diagnosis::CrashLoop { deaths: row.len(), exit_code, container, reason }
        } else if self.wants_more() {
            Diagnosis::CannotStart { because: reason }
        } else {
            return None;
        };
        let unread = self.facts.definition.unknown().map(|because| Evidence::NotRead {
            what: "which containers are essential".to_owned(),
            because: because.to_owned(),
        });
        let failures = row.into_iter().map(|failure| self.of_failure(failure));
        Some((diagnosis, failures.chain(unread).collect()))
    }

    /// Whether these failures are a loop: there are enough of them, and ECS requested one of the tasks after
    /// another had ended. Tasks that end together, with their host or with a database, have failed once. If
    /// they died young and no task of the present deployment answers, the deployment is the likelier cause.
    pub(super) fn is_loop(&self, row: &[Failure<'_>]) -> bool {
        let first = row.iter().map(|(at, ..)| *at).min();
        let is_successor = |it: &Failure<'_>| requested_at(it.1) >= first;
        let answers = |task: &&Task| self.readiness(task).is_some_and(Readiness::answers);
        let never_well = || {
            let mut present = self.tasks.iter().filter(|task| self.service.is_of_present(task));
            row.iter().all(|(_, task, _)| self.life(task) < self.blameless_life())
                && !present.any(|task| task.runs() && answers(&task))
        };
        let enough = row.len() >= self.limits.loop_deaths;
        enough && (row.iter().any(is_successor) || never_well())
    }

    /// Minimum life of a task whose failure is not blamed on the deployment that brought it.
    pub(super) fn blameless_life(&self) -> Duration {
        RAN.max(self.grace().saturating_mul(2))
    }

    /// Why a task of the present deployment ended.
    fn cause(&self, stop: &Stop, task: &Task) -> Cause {
        let definition = self.facts.definition.known().and_then(Option::as_ref);
        stop.cause(definition.filter(|it| task.definition.as_deref() == Some(&it.arn)))
    }

    /// The task definition that has to tell which container ended the last task of a loop, if its
    /// containers do not.
    pub(super) fn contested_definition(&self) -> Option<&str> {
        let row = self.last_failures();
        let is_loop = self.is_loop(&row);
        let (_, task, _) = row.into_iter().find(|(_, _, stop)| is_loop && stop.is_contested())?;
        task.definition.as_deref()
    }

    fn of_failure(&self, (at, task, stop): Failure<'_>) -> Evidence {
        let Cause { reason, container, exit_code } = self.cause(stop, task);
        let task = task.id().to_owned();
        if stop.code == StopCode::TaskFailedToStart {
            Evidence::NotStarted { task, at, container, reason }
        } else {
            Evidence::Died { task, at, exit_code, container, reason }
        }
    }

    /// ECS says that it cannot start tasks, and has not started one since. That is no news of a
    /// rollout that has time left, as long as the tasks before carry the service.
    fn cannot_start(&self) -> Option<(Diagnosis, Vec<Evidence>)> {
        let overdue = self.rolling().is_some_and(|(_, overdue)| overdue);
        if self.service.running >= self.service.desired && !overdue {
            return None;
        }
        let said = self.said().filter(|it| self.is_recent(it.at))?;
        let evidence = vec![Evidence::Said { at: said.at, text: said.text.clone() }];
        Some((Diagnosis::CannotStart { because: said.text.clone() }, evidence))
    }

    /// What ECS said last of a task that it cannot start, if it has not said since that it can.
    fn said(&self) -> Option<&ServiceEvent> {
        let since = self.service.primary().map(|primary| primary.created_at);
        let says = |text: &str, words: &[&str]| words.iter().any(|words| text.contains(words));
        let events = self.service.events.iter();
        events
            .filter(|it| since.is_none_or(|since| it.at >= since))
            .take_while(|it| !says(&it.text, &CAN_START))
            .find(|it| says(&it.text, &CANNOT_START))
    }

    /// Why the successor of a task that is stopped could not be started, though as many may run as are
    /// wanted: the last task that was to start never ran, or ECS says that it can start none.
    pub(super) fn successors(&self) -> Option<CannotStart<'_>> {
        let row = self.last_failures();
        let last = row.first().filter(|(at, _, stop)| {
            let again = row.len() > 1 || self.now < later(*at, LUCK);
            stop.code == StopCode::TaskFailedToStart && again
        });
        if let Some((_, _, stop)) = last {
            return Some(CannotStart { because: &stop.reason, lacks_room: false });
        }
        let said = self.said_of_starts()?;
        let lacks_room = said.text.contains(LACKS_ROOM);
        Some(CannotStart { because: &said.text, lacks_room })
    }

    fn said_of_starts(&self) -> Option<&ServiceEvent> {
        let of_starts = |text: &str| CANNOT_START[..OF_STARTS].iter().any(|it| text.contains(it));
        self.said().filter(|it| self.is_recent(it.at) && of_starts(&it.text))
    }

    /// That tasks cannot be started, as a condition: one message of ECS may be over at the next look.
    pub(super) fn cannot_start_condition(&self) -> Condition {
        let failed = self.is_loop(&self.last_failures());
        if failed { self.proven("cannot_start") } else { self.condition("cannot_start") }
    }

    /// What is seen of that beside another diagnosis.
    pub(super) fn of_successors(&self) -> Vec<Evidence> {
        if self.successors().is_none() {
            return Vec::new();
        }
        let never_ran = |(_, _, stop): &Failure<'_>| stop.code == StopCode::TaskFailedToStart;
        let failed = self.last_failures().into_iter().take_while(never_ran);
        let failed: Vec<_> = failed.map(|failure| self.of_failure(failure)).collect();
        let said = self.said_of_starts().filter(|_| failed.is_empty());
        let said = said.map(|it| Evidence::Said { at: it.at, text: it.text.clone() });
        failed.into_iter().chain(said).collect()
    }

    /// Whether ECS has tasks to start.
    fn wants_more(&self) -> bool {
        self.service.running < self.service.desired || self.service.in_progress().is_some()
    }

    /// Whether the present deployment is not to blame for the tasks of it that fail now: others of it had
    /// run for much longer, or these ran themselves. Something else has changed since: what they depend
    /// on, or their data. ECS forgets such tasks after an hour (F18), but people were told then.
    pub(super) fn ran_before(&self) -> bool {
        let known = self.service.notes().known();
        let id = self.service.primary().map(|primary| primary.id.as_str());
        let is_known = |id| known.is_some_and(|known| known.has(FAILS_AFTER_RUNNING, id));
        if id.is_some_and(is_known) {
            return true;
        }
        let failures = self.last_failures();
        let mut lives: Vec<_> = failures
            .iter()
            .take(self.limits.loop_deaths)
            .filter(|(_, _, stop)| stop.code != StopCode::TaskFailedToStart)
            .map(|(_, task, _)| self.life(task))
            .collect();
        lives.sort();
        let Some(longest) = lives.last() else { return false };
        let median = lives[(lives.len() - 1) / 2];
        let ran = self.blameless_life();
        let much_longer = longest.saturating_mul(MUCH_LONGER).max(ran);
        let of_present = |task: &&Task| self.service.is_of_present(task);
        let mut present = self.tasks.iter().filter(of_present);
        median >= ran || present.any(|task| self.life(task) > much_longer)
    }

    /// Whether all that fails of a deployment never ran, although it has completed: its tasks did start
    /// then, so that what keeps them from it now is not what it brought.
    pub(super) fn has_started(&self) -> bool {
        let completed = |it: &Deployment| it.rollout == RolloutState::Completed;
        let never_ran = |(_, _, stop): &Failure<'_>| stop.code == StopCode::TaskFailedToStart;
        self.service.primary().is_some_and(completed) && self.last_failures().iter().all(never_ran)
    }

    /// The last failures, newest first, without those that a later task has outlived. None where as many
    /// tasks run well as are wanted: whatever failed before is over.
    pub(super) fn last_failures(&self) -> Vec<Failure<'_>> {
        let of_present = self.tasks.iter().filter(|task| self.service.is_of_present(task));
        let well = of_present.filter(|task| self.runs_well(task)).count();
        let desired = self.desired();
        if desired > 0 && well >= desired {
            return Vec::new();
        }
        let mut failures = self.failures_of_present();
        failures.retain(|(at, task, _)| self.is_recent(*at) && !self.is_outlived(task));
        failures
    }

    /// Whether what failed then still speaks against starting the same again.
    fn is_recent(&self, at: Timestamp) -> bool {
        self.now < later(at, self.recent())
    }

    /// For how long it does. What nobody starts cannot fail: of a service that ECS has abandoned the
    /// failures count for as long as Eden keeps its distance between deployments.
    fn recent(&self) -> Duration {
        if self.is_abandoned() { self.distance().min(RECENT) } else { RECENT }
    }

    /// Whether no task runs, and ECS has given up starting any: it never tries again by itself.
    pub(super) fn is_abandoned(&self) -> bool {
        self.service.running == 0 && self.service.given_up().is_some()
    }

    /// Of a service that ECS has abandoned: when what it runs may be tried once more.
    pub(super) fn retried_at(&self) -> Option<Timestamp> {
        let given_up = self.service.given_up().filter(|_| self.is_abandoned())?;
        let failed = self.failures_of_present().into_iter().map(|(at, ..)| at);
        let last = failed.chain(self.said().map(|it| it.at)).max();
        let due = later(given_up.created_at, self.distance());
        Some(last.map_or(due, |last| later(last, self.recent()).max(due)))
    }

    /// Whether so many tasks have failed within the hour that ECS remembers (F18) that one more may
    /// make a loop of it again.
    pub(super) fn has_failed_lately(&self) -> bool {
        self.failures_of_present().len() >= self.limits.loop_deaths
    }

    /// The failures under the present deployment, newest first. Stops by Eden, by people and by
    /// ECS's own scaling say nothing about the application, and tasks of an earlier deployment
    /// nothing about the present one: it may be the remedy.
    pub(super) fn failures_of_present(&self) -> Vec<Failure<'_>> {
        let of_present = |task: &&Task| self.service.is_of_present(task);
        let failed = self.tasks.iter().filter(of_present).filter_map(failure);
        let mut failures: Vec<_> = failed.collect();
        failures.sort_by_key(|(at, task, _)| (Reverse(*at), &task.arn));
        failures
    }

    /// Whether a task that was requested no earlier runs well, or has lived so much longer than this
    /// one that it did not fail of the same: it may be sick by now, but not of a loop.
    fn is_outlived(&self, failed: &Task) -> bool {
        let long = self.life(failed).saturating_mul(2).max(self.grace());
        self.tasks.iter().any(|task| {
            task.arn != failed.arn
                && requested_at(task) >= requested_at(failed)
                && (self.runs_well(task) || self.life(task) > long)
        })
    }

    /// How long a task has been running, or had been when it began to stop.
    fn life(&self, task: &Task) -> Duration {
        let until = task.stopping_at.unwrap_or(self.now);
        task.started_at
            .filter(|started| *started < until)
            .map_or(Duration::ZERO, |started| until.duration_since(started).unsigned_abs())
    }
}

fn requested_at(task: &Task) -> Option<Timestamp> {
    task.created_at.or(task.started_at).or(task.stopping_at)
}

/// How a task failed, if it did.
fn failure(task: &Task) -> Option<Failure<'_>> {
    let (at, stop) = (task.stopping_at?, task.stop.as_ref()?);
    match stop.code {
        StopCode::TaskFailedToStart
        | StopCode::EssentialContainerExited
        | StopCode::FailedHealthChecks => Some((at, task, stop)),
        StopCode::UserInitiated
        | StopCode::ServiceSchedulerInitiated
        | StopCode::Infrastructure
        | StopCode::Unknown => None,
    }
}
