//! Rungs 5 and 6 of the ladder: what must not be started again as it is goes back to what ran before, or
//! people are called.

use std::time::Duration;

use jiff::Timestamp;

use super::failures::Failure;
use super::ladder::FAILS_AFTER_RUNNING;
use super::later;
use super::patient::Patient;
use crate::facts::{Former, Observed, StopCode, Task};
use crate::plan::{Condition, Diagnosis, Fact, Hold, Plan, Step};

/// For so long a rollout may be what made the service sick.
const BLAMED: Duration = Duration::from_hours(6);
/// Minimum time from a release, or from when Eden had to deploy it again within that time, to the first
/// failure of the service as a whole that is not blamed on the release.
const RAN_WELL: Duration = Duration::from_hours(1);

impl Patient<'_> {
    /// Whether what runs is so new that its coming is the likeliest cause, and that it could not be
    /// deployed again yet anyway.
    pub(super) fn is_new(&self) -> bool {
        let former = self.facts.former.known().and_then(Option::as_ref);
        let new =
            |former: &Former| self.now < later(former.replaced_at, self.limits.redeploy_cooldown);
        former.is_some_and(new)
    }

    /// Rungs 5 and 6 for a service that must not be started again as it is.
    pub(super) fn return_to_former(
        &self,
        diagnosis: &Diagnosis,
        plan: &mut Plan,
    ) -> Option<Condition> {
        let some_run_well = self.present_runs_well();
        let acquitted = self.limits.rollback && !some_run_well && self.ran_before();
        let kept = |keeps: bool| keeps.then_some(Hold::NeedsAHuman);
        let ran = |ran: bool| ran.then_some(Hold::FailsAfterRunning);
        let (name, kept) = match diagnosis {
            Diagnosis::CrashLoop { .. } if acquitted => (FAILS_AFTER_RUNNING, ran(true)),
            Diagnosis::CrashLoop { .. } => ("crash_loop", kept(some_run_well)),
            Diagnosis::CannotStart { .. } => {
                let kept = kept(some_run_well || self.is_only_said());
                let started = self.limits.rollback && self.has_started();
                ("cannot_start", kept.or_else(|| ran(acquitted || started)))
            }
            Diagnosis::RolloutFailed { .. } => ("rollout_failed", None),
            // The rollout waits for old tasks, and its new tasks run well, but for a few of many. Some new ones
            // may be missing because somebody has just raised the desired count.
            _ => {
                let accused = self.present_is_accused() && !self.are_few(self.accused());
                let waits = some_run_well && !accused && !self.old().is_empty();
                ("rollout_overdue", kept(waits).or_else(|| ran(acquitted && self.all_exited())))
            }
        };
        let rolled_back = match kept {
            _ if self.lost_its_image() => self.redeploy(diagnosis),
            Some(hold) => Err(hold),
            None => self.roll_back(diagnosis),
        };
        match rolled_back {
            Ok(step) => {
                plan.steps.push(step);
                None
            }
            Err(hold) => {
                plan.holds.push(hold);
                let retried_at = self.retried_at().filter(|at| *at > self.now);
                plan.holds.extend(retried_at.map(|until| Hold::RetryNotYet { until }));
                // One message of ECS may be over at the next look.
                let said =
                    matches!(diagnosis, Diagnosis::CannotStart { .. }) && !self.has_failed_lately();
                Some(if said { self.condition(name) } else { self.proven(name) })
            }
        }
    }

    /// Whether nothing runs since the image that a tag meant is gone from its registry: only another
    /// deployment asks anew what the tag means (F70). Once in six hours that is tried.
    fn lost_its_image(&self) -> bool {
        let no_pull = |(_, _, stop): &Failure<'_>| {
            stop.code == StopCode::TaskFailedToStart && stop.reason.contains("CannotPull")
        };
        let newest = self.last_failures().into_iter().take(self.limits.loop_deaths.max(1));
        let newest: Vec<_> = newest.collect();
        self.service.running == 0
            && self.may_release()
            && !newest.is_empty()
            && newest.iter().all(no_pull)
            && !self.service.redeployed_at.iter().any(|at| self.now < later(*at, BLAMED))
    }

    /// Whether all tasks that failed last ended by themselves. One that ECS replaced for its health checks may
    /// have run for long without ever being well.
    fn all_exited(&self) -> bool {
        let exited = |(_, _, stop): &Failure<'_>| stop.code == StopCode::EssentialContainerExited;
        self.last_failures().iter().all(exited)
    }

    /// Whether some task of the present deployment runs well, so that what it runs is not to blame.
    pub(super) fn present_runs_well(&self) -> bool {
        let is_present = |task: &&Task| self.service.is_of_present(task);
        self.tasks.iter().filter(is_present).any(|task| self.runs_well(task))
    }

    /// Whether ECS only says that it cannot start tasks, and fewer were seen to fail than make a loop,
    /// while no rollout is overdue: often it wants room, which may come, and which what ran before would
    /// want too.
    fn is_only_said(&self) -> bool {
        let in_time = self.rolling().is_none_or(|(_, overdue)| !overdue);
        in_time && !self.is_loop(&self.last_failures())
    }

    pub(super) fn roll_back(&self, diagnosis: &Diagnosis) -> Result<Step, Hold> {
        if !self.limits.rollback {
            return Err(Hold::NeedsAHuman);
        }
        let primary = self.deployable()?;
        let former = match &self.facts.former {
            Observed::Known(former) => former.as_ref(),
            Observed::Unknown(because) => {
                let because = because.clone();
                return Err(Hold::FactUnknown { fact: Fact::FormerDeployment, because });
            }
        };
        let other = former.filter(|former| former.definition != primary.definition);
        // What has run for long is not to blame; what Eden itself returned to is no better than what
        // it left.
        let blamed = |former: &&Former| {
            self.now < later(former.replaced_at, BLAMED) && !self.is_edens(former)
        };
        let former = other.filter(blamed);
        let former = former.ok_or(Hold::NothingToRollBackTo)?;
        // What ran well for long before it failed is not to blame either.
        let ran_well = later(former.replaced_at, RAN_WELL);
        let early = |at: &Timestamp| former.replaced_at < *at && *at < ran_well;
        let again = self.service.redeployed_at.iter().copied().filter(early).max();
        let ran_well = again.map_or(ran_well, |at| later(at, RAN_WELL));
        let failing = self.failing_since().filter(|_| *diagnosis == Diagnosis::ServiceSick);
        if failing.is_some_and(|since| since >= ran_well) {
            return Err(Hold::FailsAfterRunning);
        }
        if !former.active {
            return Err(Hold::FormerInactive { definition: former.definition.clone() });
        }
        // ECS's own roll back of a deployment in progress has nothing to replace.
        if let Some(hold) = self.no_room_to_deploy().filter(|_| former.stops.is_none()) {
            return Err(hold);
        }
        self.budget()?;
        self.unless_refused(Step::RollBack {
            replacing: primary.id.clone(),
            to: former.definition.clone(),
            stops: former.stops.clone(),
            because: diagnosis.to_string(),
        })
    }
}
