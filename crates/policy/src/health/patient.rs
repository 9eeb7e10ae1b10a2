//! An active service that wants tasks, with all that judges it.

use std::time::Duration;

use jiff::Timestamp;

use super::later;
use super::sides::Part;
use crate::facts::{
    Alarm, ApiAnswer, Deployment, Facts, LastStatus, Readiness, Service, Task, TaskHealth,
    TaskNetwork, Unready,
};
use crate::limits::Limits;
use crate::plan::{Fact, Hold, Plan};
use crate::route::State;

/// One task in so many is a small part of a service.
const FEW: usize = 10;

/// See the module.
#[derive(Clone, Copy)]
pub(super) struct Patient<'a> {
    pub(super) service: &'a Service,
    pub(super) tasks: &'a [Task],
    pub(super) facts: &'a Facts,
    pub(super) route_changed_at: Option<Timestamp>,
    pub(super) route_is: State,
    /// Whether the maintenance page answers in the service's place, so that neither the alarm nor the
    /// API's answer speaks of the service.
    pub(super) silenced: bool,
    /// Whether the route leads to nobody, so that the API's answer and the alarm, which rings by
    /// design, do not speak of the service either.
    pub(super) parked: bool,
    pub(super) limits: &'a Limits,
    pub(super) now: Timestamp,
}

/// Why a task is sick.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Sickness<'a> {
    /// ECS calls it UNHEALTHY.
    Unhealthy,
    /// It does not answer, while others do.
    Unanswered(&'a str),
    /// It does not answer, nor does any other.
    LikeAll(&'a str),
}

/// A sick task, and why.
pub(super) type Sick<'a> = (&'a Task, Sickness<'a>);

impl<'a> Patient<'a> {
    /// One side of it as a patient of its own.
    pub(super) fn part<'b>(&self, part: &'b Part) -> Patient<'b>
    where
        'a: 'b,
    {
        Patient { service: &part.service, tasks: &part.tasks, ..*self }
    }

    /// Tasks have had the time to get an address, and none has one: the route cannot be known to be
    /// right (F24).
    pub(super) fn unaddressed(&self, plan: &Plan) -> Option<Hold> {
        let hold = plan.holds.iter().find(|hold| matches!(hold, Hold::NoAddress { .. }))?;
        let fresh = |task: &Task| task.runs() && self.fresh(task, self.grace()).is_some();
        let because = hold.to_string();
        (!self.tasks.iter().any(fresh))
            .then_some(Hold::FactUnknown { fact: Fact::Addresses, because })
    }

    pub(super) fn alarm(&self) -> Option<Alarm> {
        self.facts.alarm.known().copied()
    }

    pub(super) fn api(&self) -> Option<&'a ApiAnswer> {
        self.facts.api.known()
    }

    /// The sick tasks, the worst first: those that ECS calls UNHEALTHY, then the longest-running.
    /// UNKNOWN health is no sickness (F20), nor is a task judged that is starting or stopping; one
    /// that does not answer, or cannot be reached, is sick only while another of the same service is
    /// heard from the same place, else the cause is a shared one. Where no path is
    /// set, 5xx or silence at `/` counts only where [`Self::root_accuses`].
    pub(super) fn sick(&self) -> Vec<Sick<'a>> {
        let some_answer = self.some_answer();
        let root_counts = self.asks_a_path() || self.root_accuses();
        let sickness = |task: &'a Task| {
            if task.health == TaskHealth::Unhealthy {
                return Some((task, Sickness::Unhealthy));
            }
            let because = match self.readiness(task)? {
                Readiness::NotReady(Unready::Refuses, because)
                | Readiness::Unreachable(because) => Some(because),
                Readiness::NotReady(_, because) => Some(because).filter(|_| root_counts),
                Readiness::Ready | Readiness::Unclear(_) | Readiness::Limited(_) => None,
            };
            let because = because.filter(|_| some_answer)?;
            Some((task, Sickness::Unanswered(because)))
        };
        let mut sick: Vec<_> =
            self.tasks.iter().filter(|task| task.runs()).filter_map(sickness).collect();
        sick.sort_by_key(|(task, sickness)| (*sickness, task.started_at, &task.arn));
        sick
    }

    /// Whether some task answers, whatever it says.
    pub(super) fn some_answer(&self) -> bool {
        let mut running = self.tasks.iter().filter(|task| task.runs());
        running.any(|task| self.readiness(task).is_some_and(Readiness::answers))
    }

    /// Whether a connection to some task comes about, or is refused, so that it is not for where this
    /// is asked from that another cannot be reached.
    fn some_are_reached(&self) -> bool {
        let unready = |task| matches!(self.readiness(task), Some(Readiness::NotReady(..)));
        self.some_answer() || self.tasks.iter().any(|task| task.runs() && unready(task))
    }

    /// Whether a task has been running for longer than its grace, and nothing speaks against it.
    pub(super) fn runs_well(&self, task: &Task) -> bool {
        let unheard = match self.readiness(task) {
            Some(Readiness::NotReady(..)) => true,
            Some(Readiness::Unreachable(_)) => self.some_are_reached(),
            Some(Readiness::Ready | Readiness::Unclear(_) | Readiness::Limited(_)) | None => false,
        };
        let accused = task.health == TaskHealth::Unhealthy || unheard;
        task.runs() && !accused && self.fresh(task, self.grace()).is_none()
    }

    /// Whether a running task is known to be well: it answers, or passes its own check. One that was
    /// not asked, or could not be, may be as sick as before.
    pub(super) fn is_well(&self, task: &Task) -> bool {
        let well = match self.readiness(task) {
            Some(Readiness::Ready) => task.health != TaskHealth::Unhealthy,
            Some(Readiness::NotReady(..)) => false,
            Some(Readiness::Unreachable(_)) if self.some_are_reached() => false,
            Some(Readiness::Unclear(_) | Readiness::Limited(_) | Readiness::Unreachable(_))
            | None => task.health == TaskHealth::Healthy,
        };
        task.runs() && well
    }

    /// Whether nothing of the last hour stands ready to make a condition of the next failure.
    pub(super) fn is_calm(&self) -> bool {
        !self.has_failed_lately() && self.budget().is_ok()
    }

    /// Whether every running task was probed and none answers.
    pub(super) fn nobody_answers(&self) -> bool {
        !self.unanswering().is_empty()
    }

    /// The running tasks, the longest-running first, if every one was probed and none answers. When
    /// none can be reached at all, nobody knows.
    pub(super) fn unanswering(&self) -> Vec<Sick<'a>> {
        let reached = self.some_are_reached();
        let unanswered = |task: &'a Task| match self.readiness(task)? {
            Readiness::NotReady(_, because) | Readiness::Unreachable(because) if reached => {
                Some((task, Sickness::LikeAll(because)))
            }
            Readiness::Ready
            | Readiness::Unclear(_)
            | Readiness::Limited(_)
            | Readiness::NotReady(..)
            | Readiness::Unreachable(_) => None,
        };
        let running = self.tasks.iter().filter(|task| task.runs());
        let unanswering: Option<Vec<_>> = running.map(unanswered).collect();
        let mut unanswering = unanswering.unwrap_or_default();
        unanswering.sort_by_key(|(task, _)| (task.started_at, &task.arn));
        unanswering
    }

    /// See [`Facts::readiness`].
    pub(super) fn readiness(&self, task: &Task) -> Option<&'a Readiness> {
        self.facts.readiness(task)
    }

    /// The deployment that is replacing tasks, if one is, and whether that takes too long.
    pub(super) fn rolling(&self) -> Option<(&'a Deployment, bool)> {
        let deployment = self.service.rolling()?;
        let due = later(deployment.created_at, self.limits.rollout_timeout);
        Some((deployment, self.now >= due))
    }

    /// The old tasks that a rollout waits for, when it has all its new ones: as many as are wanted
    /// have been running for longer than their grace, and some run well. What becomes sick then is
    /// no matter of the rollout.
    pub(super) fn lingering(&self) -> Vec<&'a Task> {
        if self.service.rolling().is_none() {
            return Vec::new();
        }
        let new = self.tasks.iter().filter(|task| self.service.is_of_present(task));
        let settled = new.filter(|task| task.runs() && self.fresh(task, self.grace()).is_none());
        let settled: Vec<_> = settled.collect();
        let desired = self.desired();
        if settled.len() < desired || !settled.iter().any(|task| self.runs_well(task)) {
            return Vec::new();
        }
        self.old()
    }

    /// The tasks that are not of the present deployment, and not over.
    pub(super) fn old(&self) -> Vec<&'a Task> {
        let is_over = |task: &Task| {
            task.last_status == LastStatus::Stopping && task.network == TaskNetwork::Unattached
        };
        let old = |task: &&Task| !self.service.is_of_present(task) && !is_over(task);
        let mut old: Vec<_> = self.tasks.iter().filter(old).collect();
        old.sort_by_key(|task| &task.arn);
        old
    }

    /// Why what is seen may be the past: a task on its way, fresh or just stopped, or a route
    /// that has just moved. The alarm looks back further than the tasks' own counts; behind the
    /// maintenance page it does not count, and that the page came says nothing of the tasks.
    ///
    /// In a large service some task is always being replaced: as long as those that are fresh or
    /// missing are few, they explain nothing that is seen of the whole.
    pub(super) fn unsettled(&self) -> Option<Hold> {
        let too_few = self.service.running < self.service.desired;
        let window =
            if too_few { self.grace() } else { self.grace().max(self.limits.alarm_settle) };
        let mut tasks: Vec<_> = self.tasks.iter().collect();
        tasks.sort_by_key(|task| &task.arn);
        let all_fail = self.all_fail();
        let tasks = tasks.into_iter().filter(|task| !(all_fail && self.is_waiting(task)));
        // One that may still be starting explains nothing of others that have started and fail.
        let others_fail = !self.failing_since_started().is_empty();
        let slow =
            |task: &Task| matches!(self.fresh(task, window), Some(Hold::StillStarting { .. }));
        let tasks = tasks.filter(|task| !(others_fail && slow(task)));
        let tasks: Vec<_> = tasks.collect();
        let fresh: Vec<_> = tasks.iter().filter_map(|task| self.fresh(task, window)).collect();
        let started = tasks.iter().filter(|it| it.wanted && self.fresh(it, window).is_some());
        let changing = started.count().max(self.missing()).max(1);
        let task = fresh.into_iter().next().filter(|_| !self.are_few(changing));
        let counts = !too_few && !self.silenced && !self.parked;
        let moved = self.route_changed_at.filter(|_| counts).map(|at| later(at, self.settling()));
        let moved = moved.filter(|until| self.now < *until);
        let task = task.or_else(|| self.stop_not_over().filter(|_| too_few));
        task.or(moved.map(|until| Hold::RouteJustMoved { until }))
    }

    /// Whether all tasks that run have had the time to start, and neither they nor the API answer while
    /// the alarm rings.
    fn all_fail(&self) -> bool {
        let mut running = self.tasks.iter().filter(|task| task.runs());
        let fails = matches!(self.api(), Some(ApiAnswer::Bad(_)));
        let rings = self.alarm() == Some(Alarm::Alarm);
        fails
            && rings
            && self.nobody_answers()
            && running.all(|it| self.fresh(it, self.grace()).is_none())
    }

    /// Whether a task has yet to run, for longer than its start may take: it waits, for room or for an
    /// image, which explains nothing of those that run.
    pub(super) fn is_waiting(&self, task: &Task) -> bool {
        let starts = task.wanted && task.last_status == LastStatus::Starting;
        let long = |at| self.now >= later(at, self.settling());
        starts && task.created_at.is_some_and(long)
    }

    /// How many tasks are wanted.
    pub(super) fn desired(&self) -> usize {
        usize::try_from(self.service.desired).unwrap_or(usize::MAX)
    }

    /// Tasks that should run and do not.
    fn missing(&self) -> usize {
        let missing = self.service.desired.saturating_sub(self.service.running);
        usize::try_from(missing).unwrap_or(usize::MAX)
    }

    /// Whether so many tasks are a small part of the service.
    pub(super) fn are_few(&self, tasks: usize) -> bool {
        let desired = self.desired();
        tasks.saturating_mul(FEW) <= desired
    }

    /// Whether fewer tasks run than should, and nothing is on its way that explains it: no task has
    /// just started or stopped, or in a large service fewer than are missing. ECS counts those as pending
    /// that it is about to start before it lists them.
    pub(super) fn lacks_tasks(&self) -> bool {
        let fresh = self.tasks.iter().filter(|it| self.fresh(it, self.grace()).is_some()).count();
        let starts = |it: &&Task| it.wanted && it.last_status == LastStatus::Starting;
        let listed = self.tasks.iter().filter(starts).count();
        let pending = usize::try_from(self.service.pending).unwrap_or(usize::MAX);
        let missing = self.missing().saturating_sub(pending.saturating_sub(listed));
        let none_changes = fresh == 0 && self.stop_not_over().is_none();
        missing > 0 && (none_changes || (self.are_few(fresh) && 0 < fresh && fresh < missing))
    }

    /// Why a task says nothing yet: it has yet to start, started or stopped within `window`, or may not
    /// have finished starting (`starting.rs`). One that takes as long to start as a whole rollout may is
    /// not waited for, and the service's own health check grace period is no concern of what has passed
    /// its health checks, or is stopping.
    pub(super) fn fresh(&self, task: &Task, window: Duration) -> Option<Hold> {
        let held = |until| Some(Hold::WithinStartupGrace { task: task.id().to_owned(), until });
        let stuck = |at| self.now >= later(at, self.limits.rollout_timeout);
        let since = match task.last_status {
            LastStatus::Starting if task.wanted => {
                return if task.created_at.is_some_and(stuck) { None } else { held(None) };
            }
            // A running task of unknown age may be a fresh one.
            LastStatus::Running if task.wanted => match task.started_at.or(task.created_at) {
                Some(since) => since,
                None => return held(None),
            },
            LastStatus::Starting | LastStatus::Running | LastStatus::Stopping => task.stopping_at?,
            LastStatus::Unknown => return None,
        };
        let may_be_starting = task.runs() && !task.passes_its_checks();
        let window = if may_be_starting { window } else { window.min(self.settling()) };
        let until = later(since, window);
        if self.now < until { held(Some(until)) } else { self.still_starting(task) }
    }

    /// For how long what happened to the route, or to a task that was up, may still show.
    fn settling(&self) -> Duration {
        self.limits.startup_grace.max(self.limits.alarm_settle)
    }

    /// How long a task may take before it is judged. The service's own period keeps ECS from ending
    /// slow tasks and may be set to years; what takes longer than a whole rollout may hangs.
    pub(super) fn grace(&self) -> Duration {
        let own = self.service.health_check_grace.min(self.limits.rollout_timeout);
        self.limits.startup_grace.max(own)
    }
}
