//! Rungs 2 and 3 of the ladder: ECS has its turn with a sick task, then it is stopped; and where all fail
//! alike, one is stopped as a trial.

use std::iter;
use std::time::Duration;

use jiff::Timestamp;

use super::budget::stops_within;
use super::ladder::served;
use super::later;
use super::patient::{Patient, Sick, Sickness};
use super::testimony::Testimony;
use crate::facts::{Observed, Readiness, Requests, Task, TaskHealth};
use crate::plan::{Diagnosis, Fact, Hold, Plan, Step};

/// Maximum stops in a row of tasks that each replaced the one stopped before.
const IN_VAIN: usize = 3;
/// Maximum time until a scheduled look has seen a task.
const NEXT_LOOK: Duration = Duration::from_mins(7);
/// How long Eden leaves a sick task alone after it has stopped its predecessors in vain.
const LEFT_ALONE: Duration = Duration::from_hours(6);

impl Patient<'_> {
    /// Rungs 2 and 3; and the next ones, when a stop did not help against a shared cause.
    pub(super) fn treat(&self, diagnosis: &Diagnosis, plan: &mut Plan) {
        let ripe = self.ripe(self.sick(), plan);
        let Some(ripe) = self.unprotected(ripe, plan) else { return };
        let Some(ripe) = self.replaceable(ripe, plan) else { return };
        if let Some(storm) = self.storm() {
            plan.holds.push(storm);
            return;
        }
        if self.is_shared(&ripe) {
            if self.is_sick_again(&ripe) {
                return self.climb(diagnosis, plan);
            }
            if let Some(hold) = self.trial() {
                plan.holds.push(hold);
                return;
            }
        }
        let Some(ripe) = self.worth_stopping(ripe, plan) else { return };
        match self.budget() {
            Ok(left) => self.stop(ripe, left, plan),
            Err(spent) => plan.holds.push(spent),
        }
    }

    /// Those of the sick tasks that have been sick for long enough.
    fn ripe<'a>(&self, sick: Vec<Sick<'a>>, plan: &mut Plan) -> Vec<Sick<'a>> {
        let mut ripe = Vec::new();
        for (task, why) in sick {
            if let Some((step, hold)) = self.unripe(task) {
                plan.steps.extend(step);
                plan.holds.push(hold);
            } else {
                ripe.push((task, why));
            }
        }
        ripe
    }

    /// Those that ECS does not protect; `None` when there are none, or nobody knows.
    fn unprotected<'a>(&self, ripe: Vec<Sick<'a>>, plan: &mut Plan) -> Option<Vec<Sick<'a>>> {
        if ripe.is_empty() {
            return None;
        }
        let protected = match &self.facts.protected {
            Observed::Known(protected) => protected,
            Observed::Unknown(because) => {
                let because = because.clone();
                plan.holds.push(Hold::FactUnknown { fact: Fact::Protection, because });
                return None;
            }
        };
        let (kept, ripe): (Vec<_>, Vec<_>) =
            ripe.into_iter().partition(|(task, _)| protected.contains(&task.arn));
        let protected =
            |task: &Task| Hold::TaskProtected { task: task.id().to_owned(), cure: unprotect(task) };
        plan.holds.extend(kept.iter().map(|(task, _)| protected(task)));
        let (mut stoppable, mut refused) = (Vec::new(), Vec::new());
        for sick in ripe {
            match self.unless_refused(stop(sick)) {
                Ok(_) => stoppable.push(sick),
                Err(hold) => refused.push(hold),
            }
        }
        plan.holds.extend(refused);
        Some(stoppable).filter(|ripe| !ripe.is_empty())
    }

    /// Whether protection is all that keeps sick tasks from being stopped.
    pub(super) fn is_all_protected(&self, plan: &Plan) -> bool {
        let protected = |hold: &Hold| matches!(hold, Hold::TaskProtected { .. });
        let sick = self.sick();
        !sick.is_empty() && plan.holds.iter().filter(|it| protected(it)).count() == sick.len()
    }

    /// Those in whose place another may start, or that take more than they give.
    fn replaceable<'a>(&self, ripe: Vec<Sick<'a>>, plan: &mut Plan) -> Option<Vec<Sick<'a>>> {
        let Some(fail) = self.successors() else { return Some(ripe) };
        let (ripe, kept): (Vec<_>, Vec<_>) =
            ripe.into_iter().partition(|(task, _)| fail.lacks_room && self.only_takes_room(task));
        plan.holds.extend(kept.iter().map(|(task, _)| Hold::SuccessorsCannotStart {
            task: Some(task.id().to_owned()),
            because: fail.because.to_owned(),
        }));
        Some(ripe).filter(|ripe| !ripe.is_empty())
    }

    /// The sick tasks whose predecessors Eden has not stopped in vain.
    fn worth_stopping<'a>(&self, ripe: Vec<Sick<'a>>, plan: &mut Plan) -> Option<Vec<Sick<'a>>> {
        let (vain, ripe): (Vec<_>, Vec<_>) =
            ripe.into_iter().partition(|(task, _)| self.is_replaced_in_vain(task));
        plan.holds.extend((!vain.is_empty()).then_some(Hold::ReplacingDidNotHelp));
        Some(ripe).filter(|ripe| !ripe.is_empty())
    }

    /// Whether a task was sick from its start and replaced one that Eden stopped, which had replaced another
    /// one that Eden stopped, and so on: stopping it would change nothing. A follower that answers 503 by
    /// design is an example.
    fn is_replaced_in_vain(&self, task: &Task) -> bool {
        let soon = self.grace().saturating_add(self.limits.unhealthy_for).saturating_add(NEXT_LOOK);
        let since = task.suspect_since.unwrap_or(self.now);
        let never_well = task.started_at.is_some_and(|started| since <= later(started, soon));
        let stops = stops_within(self.service, self.tasks, self.now, LEFT_ALONE);
        // Tasks stopped in one batch did not replace each other.
        let before = |at: Timestamp, apart: Duration| {
            let precedes = |it: &&Timestamp| later(**it, apart) <= at && at <= later(**it, soon);
            stops.iter().filter(precedes).max().copied()
        };
        let last = task.created_at.and_then(|at| before(at, Duration::ZERO));
        let apart = self.grace().max(Duration::from_mins(1));
        let row = iter::successors(last, |at| before(*at, apart));
        let row: Vec<_> = row.take(IN_VAIN).collect();
        let [newest, .., oldest] = row[..] else { return false };
        // One that came in place of these and runs well shows that a stop may help.
        let in_place = |at: Timestamp| oldest < at && at <= later(newest, soon);
        let helped = |it: &Task| it.created_at.is_some_and(in_place) && self.runs_well(it);
        never_well && row.len() == IN_VAIN && !self.tasks.iter().any(helped)
    }

    /// Whether a task is known to serve nobody, or not known to serve while another runs well: its stop
    /// makes room for its successor.
    fn only_takes_room(&self, task: &Task) -> bool {
        match self.readiness(task) {
            Some(Readiness::Ready | Readiness::Unclear(_) | Readiness::Limited(_)) => false,
            Some(Readiness::NotReady(..)) => true,
            Some(Readiness::Unreachable(_)) | None => {
                self.tasks.iter().any(|other| self.runs_well(other))
            }
        }
    }

    /// Whether so many tasks are sick that the cause is a shared one: more than the limit's share, or
    /// all that run.
    fn is_shared(&self, ripe: &[Sick<'_>]) -> bool {
        let none_well = !self.tasks.iter().any(|task| self.runs_well(task));
        none_well || self.limits.stops_allowed(self.down(), self.service.desired) < ripe.len()
    }

    /// Whether one of these was started after Eden last stopped a task, within the hour that ECS
    /// remembers: that has not helped.
    pub(super) fn is_sick_again(&self, ripe: &[Sick<'_>]) -> bool {
        let last = self.stops().max();
        ripe.iter().any(|(task, _)| last.is_some() && task.created_at > last)
    }

    /// Why it is not known yet whether the last trial helped: what was started in place of the task
    /// stopped is fresh, or sick but not for long. Stopping another one meanwhile would start the
    /// trial over, and so for ever.
    fn trial(&self) -> Option<Hold> {
        let last = self.stops().max()?;
        let since = |task: &&Task| task.runs() && task.created_at.is_some_and(|at| at > last);
        let unproven = |task: &Task| {
            let fresh = self.fresh(task, self.grace());
            let sick = self.sick().iter().any(|(sick, _)| sick.arn == task.arn);
            let until = fresh.as_ref().and_then(Hold::until);
            let unproven = fresh.is_some() || sick;
            unproven.then(|| Hold::TrialNotOver { task: task.id().to_owned(), until })
        };
        let mut since: Vec<_> = self.tasks.iter().filter(since).collect();
        since.sort_by_key(|task| &task.arn);
        since.into_iter().find_map(unproven)
    }

    /// Tasks that are sick, or missing: those that are missing carry the service no more.
    fn down(&self) -> usize {
        let running = self.tasks.iter().filter(|task| task.runs()).count();
        let desired = self.desired();
        self.sick().len().saturating_add(desired.saturating_sub(running))
    }

    /// Why a sick task may not be stopped yet, and what is to be noted for that.
    fn unripe(&self, task: &Task) -> Option<(Option<Step>, Hold)> {
        if let Some(hold) = self.fresh(task, self.grace()) {
            return Some((None, hold));
        }
        let wait = self.limits.unhealthy_for;
        let since = task.suspect_since.unwrap_or(self.now);
        let until = later(since, wait);
        if self.now >= until {
            // Whoever wants sick tasks to be stopped at once does not wait for ECS.
            let waits = !wait.is_zero() && task.health == TaskHealth::Unhealthy;
            let replacement = waits.then(|| self.replacement()).flatten();
            return replacement.map(|by| {
                let (fresh, task) = (self.fresh(by, self.grace()), task.id().to_owned());
                let until = fresh.as_ref().and_then(Hold::until);
                (None, Hold::ReplacedByEcs { task, by: by.id().to_owned(), until })
            });
        }
        let mark = task.suspect_since.is_none();
        let mark = mark.then(|| Step::MarkSuspect { task: task.arn.clone(), since });
        Some((mark, Hold::SuspectNotYet { task: task.id().to_owned(), until }))
    }

    /// The fresh task by which ECS is replacing another one: it starts the replacement first (F19), so
    /// that there are more tasks than are wanted.
    fn replacement(&self) -> Option<&Task> {
        let wanted = self.tasks.iter().filter(|task| task.wanted);
        let desired = self.desired();
        if wanted.clone().count() <= desired {
            return None;
        }
        let fresh = wanted.filter(|task| self.fresh(task, self.grace()).is_some());
        fresh.min_by_key(|task| &task.arn)
    }

    /// Stops as many as the limits allow.
    fn stop(&self, ripe: Vec<Sick<'_>>, left: usize, plan: &mut Plan) {
        let allowed = self.limits.stops_allowed(self.down(), self.service.desired).min(left);
        if ripe.len() > allowed {
            let (left, until) = (ripe.len() - allowed, later(self.now, self.limits.storm_cooldown));
            plan.holds.push(Hold::StopLimit { left, allowed, until });
        }
        plan.steps.extend(ripe.into_iter().take(allowed).map(stop));
    }

    /// Rung 3 for a service of which no task answers, while it may not be deployed again yet: one is
    /// stopped as a trial, where nobody is known to be served: not while nearly all requests succeed, nor
    /// most of them where the tasks only keep silent. If
    /// its successor does not answer either, no other is for as long as a cooldown without doubling
    /// takes.
    pub(super) fn try_one(&self, plan: &mut Plan) {
        // What is silent may be overloaded, and serve some all the same.
        let is_silent = self.testimony() == Testimony::Silent;
        let serves = |it: &Requests| it.hardly_fail() || (is_silent && it.succeed());
        if let Some(requests) = self.requests().filter(serves) {
            plan.holds.push(served(requests));
            return;
        }
        let sick = self.failing_since_started();
        // What fails alike has lasted by now for as long as a suspect is left to ECS, unless people
        // want to leave it longer.
        let waited = self.limits.unhealthy_for <= Duration::from_mins(1);
        let ripe = if waited { sick } else { self.ripe(sick, plan) };
        let Some(ripe) = self.unprotected(ripe, plan) else { return };
        let Some(ripe) = self.replaceable(ripe, plan) else { return };
        // A trial of long ago was another case's.
        let lately = |at| self.now < later(at, self.limits.redeploy_cooldown);
        let tried = self.tried_since_failing() || self.stops().max().is_some_and(lately);
        if tried && self.is_sick_again(&ripe) {
            return;
        }
        let trial = || self.trial().filter(|_| tried);
        if let Some(hold) = self.storm().or_else(trial).or_else(|| self.budget().err()) {
            plan.holds.push(hold);
            return;
        }
        plan.steps.extend(ripe.into_iter().take(1).map(stop));
    }

    /// Whether one is stopped as a trial before the service is deployed again, or that trial is not over:
    /// where a deployment may release what nobody released, what ECS starts in place of a task that was
    /// stopped is still the same.
    pub(super) fn tries_the_same(&self, plan: &mut Plan) -> bool {
        // Where nobody knows how many are served, a stop may take the task that serves them.
        if !self.may_release() || self.facts.requests.unknown().is_some() {
            return false;
        }
        let mut trial = Plan::default();
        self.try_one(&mut trial);
        let waits = |hold: &Hold| {
            matches!(
                hold,
                Hold::StormCooldown { .. }
                    | Hold::TrialNotOver { .. }
                    | Hold::SuspectNotYet { .. }
                    | Hold::ReplacedByEcs { .. }
            )
        };
        let tries = trial.steps.iter().any(Step::needs_a_claim) || trial.holds.iter().any(waits);
        if tries {
            plan.append(trial);
        }
        tries
    }
}

/// The command by which people take a task's protection away.
fn unprotect(task: &Task) -> String {
    let cluster = task.arn.rsplit('/').nth(1).filter(|name| !name.contains(':'));
    let cluster = cluster.map_or_else(String::new, |name| format!(" --cluster {name}"));
    let id = task.id();
    format!("aws ecs update-task-protection{cluster} --tasks {id} --no-protection-enabled")
}

fn stop((task, why): Sick<'_>) -> Step {
    let because = match why {
        Sickness::Unhealthy => "container health check failing".to_owned(),
        Sickness::Unanswered(because) => format!("does not answer while others do: {because}"),
        Sickness::LikeAll(because) => format!("does not answer, nor does any other: {because}"),
    };
    Step::StopTask { task: task.arn.clone(), because, unhealthy: why == Sickness::Unhealthy }
}
