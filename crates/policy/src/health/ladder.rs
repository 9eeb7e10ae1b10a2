//! The ladder of remedies: each rung only when the one below did not help or cannot.
//!
//! 1. the route is repaired (by the route's own decision);
//! 2. ECS has its turn: a sick task is noted as a suspect;
//! 3. sick tasks are stopped, one batch at a time, the worst first;
//! 4. a new deployment is forced, which starts replacements first, when no task stands out, or most
//!    are sick and the successor of one that was stopped is sick again;
//! 5. the service is rolled back to what ran before;
//! 6. people are called.

use std::time::Duration;

use super::later;
use super::patient::{Patient, Sick, Sickness};
use crate::facts::{
    Alarm, ApiAnswer, Deployment, DeploymentController, Former, Minute, Observed, Readiness,
    Requests, Service, Task, TaskHealth,
};
use crate::plan::{Condition, Diagnosis, Fact, Hold, Plan, Step};
use crate::route::State;

/// The condition that tells a release that ran well for long, and fails since, from one that never did.
/// People know of it under this name by the service's tag when ECS does not remember the tasks any more
/// that ran well.
pub(super) const FAILS_AFTER_RUNNING: &str = "fails_after_running";

/// For so long a rollout may be what made the service sick.
const BLAMED: Duration = Duration::from_hours(6);

impl Patient<'_> {
    pub(super) fn remedy(&self, diagnosis: &Diagnosis) -> (Plan, Option<Condition>) {
        let mut plan = self.clear_suspects(diagnosis);
        plan.append(self.watch_stops());
        plan.steps.extend(self.clear_failing(diagnosis));
        let condition = self.remedy_of(diagnosis, &mut plan);
        let condition = self.told_of(&plan, condition);
        (plan, condition)
    }

    /// The remedy of a diagnosis, and what people are to hear of beside it.
    fn remedy_of(&self, diagnosis: &Diagnosis, plan: &mut Plan) -> Option<Condition> {
        match diagnosis {
            Diagnosis::TaskSick { .. } => {
                self.treat(diagnosis, plan);
                let cannot_start = self.successors().is_some() || self.failing().is_some();
                let cannot_start = cannot_start.then(|| self.cannot_start_condition());
                let protected = || self.is_all_protected(plan).then_some("task_protected");
                cannot_start.or_else(|| protected().map(|name| self.condition(name)))
            }
            Diagnosis::TooFewTasks { .. } => {
                self.climb(diagnosis, plan);
                None
            }
            Diagnosis::ServiceSick => {
                self.climb(diagnosis, plan);
                let vain = || self.proven(Hold::ReplacingDidNotHelp.reason());
                let guess = || self.condition("unclear");
                let acts = plan.steps.iter().any(Step::needs_a_claim);
                let in_vain = (!acts && self.replaced_in_vain()).then(vain);
                in_vain.or_else(|| self.is_guess().then(guess))
            }
            Diagnosis::CrashLoop { .. }
            | Diagnosis::CannotStart { .. }
            | Diagnosis::Rolling { overdue: true, .. }
            | Diagnosis::RolloutFailed { .. } => self.return_to_former(diagnosis, plan),
            Diagnosis::Rolling { deployment, overdue: false } => {
                plan.holds.push(Hold::RolloutInProgress { deployment: deployment.clone() });
                self.unfinished()
            }
            Diagnosis::OldTasksRemain { overdue, .. } => {
                plan.holds.extend(self.lingering().into_iter().map(|task| self.remains(task)));
                overdue.then(|| self.proven("old_tasks_remain"))
            }
            Diagnosis::NoInstances => {
                plan.holds.push(Hold::NoInstances);
                Some(self.condition("no_instances"))
            }
            Diagnosis::Starting => {
                plan.holds.extend(self.awaited());
                None
            }
            Diagnosis::RouteStale => {
                let repairs = self.route_is == State::Stale;
                let rings = self.alarm() == Some(Alarm::Alarm) && repairs;
                plan.holds.extend(rings.then_some(Hold::RouteRepairedFirst));
                None
            }
            Diagnosis::Disputed
            | Diagnosis::BeforeTasks
            | Diagnosis::WrongPath { .. }
            | Diagnosis::Unclear { .. }
            | Diagnosis::Unknown => self.doubted(diagnosis, plan),
            // What people are told of stuck tasks stands among the holds.
            Diagnosis::TaskStuck { .. }
            | Diagnosis::Healthy
            | Diagnosis::BelowFloor { .. }
            | Diagnosis::ScaledToZero
            | Diagnosis::NotActive { .. }
            | Diagnosis::Paused => None,
        }
    }

    /// Nothing is done where the evidence does not speak against the tasks, and people are told why.
    fn doubted(&self, diagnosis: &Diagnosis, plan: &mut Plan) -> Option<Condition> {
        let (hold, condition) = match diagnosis {
            Diagnosis::Disputed if self.others_answer() => {
                (Some(Hold::OthersAnswer), Some("others_answer"))
            }
            Diagnosis::Disputed => (Some(Hold::EvidenceDisagrees), None),
            Diagnosis::BeforeTasks => (Some(Hold::FaultBeforeTasks), Some("before_tasks")),
            Diagnosis::WrongPath { answer: because } => {
                (Some(Hold::EvidenceUnclear { because: because.clone() }), Some("wrong_path"))
            }
            Diagnosis::Unclear { because } => {
                let slow = self.requests().filter(|_| self.is_slow());
                let name = if slow.is_some() { "slow" } else { "unclear" };
                let unclear = || Hold::EvidenceUnclear { because: because.clone() };
                (Some(slow.map_or_else(unclear, served)), Some(name))
            }
            _ => {
                let fails = matches!(self.api(), Some(ApiAnswer::Bad(_)));
                let quiet = self.alarm().is_some_and(|alarm| alarm != Alarm::Alarm);
                let because = || Hold::EvidenceUnclear { because: self.doubt() };
                ((fails && quiet).then(because), None)
            }
        };
        plan.holds.extend(hold);
        condition.map(|name| self.condition(name))
    }

    /// What people are told of in the end: what the diagnosis gave, or what holds the remedies back.
    fn told_of(&self, plan: &Plan, condition: Option<Condition>) -> Option<Condition> {
        let acts = plan.steps.iter().any(Step::needs_a_claim);
        let told = plan.holds.iter().find_map(|hold| match hold {
            Hold::BudgetSpent { .. }
            | Hold::ReplacingDidNotHelp
            | Hold::Refused { .. }
            | Hold::TaskStuck { .. } => Some(self.proven(hold.reason())),
            Hold::FormerInactive { .. } if !acts => Some(self.proven(hold.reason())),
            Hold::SuccessorsCannotStart { .. } => Some(self.cannot_start_condition()),
            Hold::NoRoomToDeploy { .. } | Hold::ForeignDeploymentController if !acts => {
                Some(self.condition(hold.reason()))
            }
            Hold::StopsFirst { .. } => Some(self.condition(hold.reason())),
            _ => None,
        });
        let condition = condition.or(told);
        let given_up = self.service.given_up().filter(|_| !acts);
        given_up.map(|_| self.proven("rollout_failed")).or(condition)
    }

    /// Notes are taken off tasks that are well again, unless nothing is to be touched.
    fn clear_suspects(&self, diagnosis: &Diagnosis) -> Plan {
        match diagnosis {
            Diagnosis::Healthy
            | Diagnosis::OldTasksRemain { .. }
            | Diagnosis::RouteStale
            | Diagnosis::TaskSick { .. }
            | Diagnosis::TaskStuck { .. }
            | Diagnosis::TooFewTasks { .. }
            | Diagnosis::ServiceSick
            | Diagnosis::BeforeTasks
            | Diagnosis::WrongPath { .. }
            | Diagnosis::Unclear { .. }
            | Diagnosis::Disputed => {}
            Diagnosis::Starting
            | Diagnosis::Rolling { .. }
            | Diagnosis::NoInstances
            | Diagnosis::CrashLoop { .. }
            | Diagnosis::CannotStart { .. }
            | Diagnosis::RolloutFailed { .. }
            | Diagnosis::Paused
            | Diagnosis::BelowFloor { .. }
            | Diagnosis::ScaledToZero
            | Diagnosis::NotActive { .. }
            | Diagnosis::Unknown => return Plan::default(),
        }
        // Without a path, tasks are only asked while the API does not answer well: what was held
        // against one that is not asked any more is over when it does.
        let quiet = *diagnosis == Diagnosis::Healthy;
        let forgiven =
            |task: &Task| quiet && self.readiness(task).is_none() && self.runs_well(task);
        let well =
            |task: &&Task| task.suspect_since.is_some() && (self.is_well(task) || forgiven(task));
        let mut well: Vec<_> =
            self.tasks.iter().filter(well).map(|task| task.arn.clone()).collect();
        well.sort();
        let steps = well.into_iter().map(|task| Step::ClearSuspect { task }).collect();
        Plan { steps, ..Plan::default() }
    }

    /// Why an old task is still there after its rollout has all its new ones.
    fn remains(&self, task: &Task) -> Hold {
        let protected = self.facts.protected.known().is_some_and(|it| it.contains(&task.arn));
        let because = match (task.wanted, task.stopping_at) {
            (true, _) if protected => "it is protected from being stopped".to_owned(),
            (true, _) => "ECS has not told it to stop yet".to_owned(),
            (false, Some(since)) => format!("it has been stopping since {since:.0}"),
            (false, None) => "it was told to stop, and has not".to_owned(),
        };
        Hold::OldTaskRemains { task: task.id().to_owned(), because }
    }

    /// What has yet to settle: fresh tasks that would be sick if they were older, or else whatever
    /// happened last.
    fn awaited(&self) -> Vec<Hold> {
        let sick = self.sick().into_iter();
        let fresh: Vec<_> = sick.filter_map(|(task, _)| self.fresh(task, self.grace())).collect();
        if fresh.is_empty() { self.unsettled().into_iter().collect() } else { fresh }
    }

    /// Rungs 2 and 3; and the next ones, when a stop did not help against a shared cause.
    fn treat(&self, diagnosis: &Diagnosis, plan: &mut Plan) {
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
    fn is_all_protected(&self, plan: &Plan) -> bool {
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

    /// Whether a task is known to serve nobody, or not known to serve while another runs well: its stop
    /// makes room for its successor.
    fn only_takes_room(&self, task: &Task) -> bool {
        match self.readiness(task) {
            Some(Readiness::Ready | Readiness::Unclear(_)) => false,
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
        let desired = usize::try_from(self.service.desired).unwrap_or(usize::MAX);
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
        let desired = usize::try_from(self.service.desired).unwrap_or(usize::MAX);
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
    /// stopped as a trial, which takes nothing from anybody: not while nearly all requests succeed. If
    /// its successor does not answer either, no other is for as long as a cooldown without doubling
    /// takes.
    fn try_one(&self, plan: &mut Plan) {
        if let Some(requests) = self.requests().filter(|it| it.hardly_fail()) {
            plan.holds.push(served(requests));
            return;
        }
        let sick = self.unanswering();
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
    fn tries_the_same(&self, plan: &mut Plan) -> bool {
        if !self.may_release() {
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

    /// Rungs 4 to 6 for a service that fails as a whole.
    fn climb(&self, diagnosis: &Diagnosis, plan: &mut Plan) {
        if *diagnosis == Diagnosis::ServiceSick && self.route_is == State::Unknown {
            plan.holds.push(Hold::RouteUnknown);
            return;
        }
        let not_lasting = || self.not_lasting().filter(|_| *diagnosis == Diagnosis::ServiceSick);
        match not_lasting() {
            Some(hold) => plan.holds.push(hold),
            None => self.replace(diagnosis, plan),
        }
        let waits = |hold: &Hold| matches!(hold, Hold::FailingNotYet { .. });
        if plan.holds.iter().any(waits) || plan.steps.iter().any(Step::needs_a_claim) {
            plan.steps.extend(self.note_failing());
        }
    }

    /// The same, where the failure has lasted.
    fn replace(&self, diagnosis: &Diagnosis, plan: &mut Plan) {
        // Where the same again did not help, or would not, what was before may; but tasks that are
        // only missing are no fault of a deployment whose others run well.
        let same_again_helps_not =
            self.service.given_up().is_some() || self.redeployed_lately() || self.is_new();
        let shared = matches!(diagnosis, Diagnosis::ServiceSick | Diagnosis::TaskSick { .. });
        let blamed = (shared || !self.present_runs_well()) && self.present_is_accused();
        if self.limits.rollback && blamed && same_again_helps_not {
            match self.roll_back(diagnosis) {
                Ok(step) => {
                    plan.steps.push(step);
                    return;
                }
                Err(hold) => {
                    let goes_on = matches!(
                        hold,
                        Hold::NothingToRollBackTo
                            | Hold::NoRoomToDeploy { .. }
                            | Hold::FormerInactive { .. }
                            | Hold::Refused { .. }
                    );
                    plan.holds.push(hold);
                    if !goes_on {
                        return;
                    }
                }
            }
        }
        let redeployed = match self.waiting().filter(|_| *diagnosis == Diagnosis::ServiceSick) {
            Some(hold) => Err(hold),
            None => self.redeploy(diagnosis),
        };
        match redeployed {
            Ok(_) if *diagnosis == Diagnosis::ServiceSick && self.tries_the_same(plan) => {}
            Ok(step) => plan.steps.push(step),
            Err(hold) => {
                let waits = matches!(
                    hold,
                    Hold::RedeployCooldown { .. }
                        | Hold::NoRoomToDeploy { .. }
                        | Hold::ForeignDeploymentController
                        | Hold::WithinStartupGrace { .. }
                );
                if !plan.holds.contains(&hold) {
                    plan.holds.push(hold);
                }
                if waits && *diagnosis == Diagnosis::ServiceSick {
                    self.try_one(plan);
                }
            }
        }
    }

    /// The task that waits for room, or whatever else ECS cannot give it: those of a new deployment
    /// would wait as well.
    fn waiting(&self) -> Option<Hold> {
        let waiting = self.tasks.iter().filter(|task| self.is_waiting(task));
        let task = waiting.min_by_key(|task| &task.arn)?.id().to_owned();
        Some(Hold::WithinStartupGrace { task, until: None })
    }

    /// Whether what runs is so new that its coming is the likeliest cause, and that it could not be
    /// deployed again yet anyway.
    fn is_new(&self) -> bool {
        let former = self.facts.former.known().and_then(Option::as_ref);
        let new =
            |former: &Former| self.now < later(former.replaced_at, self.limits.redeploy_cooldown);
        former.is_some_and(new)
    }

    fn redeploy(&self, diagnosis: &Diagnosis) -> Result<Step, Hold> {
        let primary = self.deployable()?;
        if let Some(deployment) = self.service.in_progress() {
            return Err(Hold::RolloutInProgress { deployment: deployment.id.clone() });
        }
        if let Some(given_up) = self.service.given_up() {
            match self.retried_at() {
                None => return Err(Hold::RolloutFailed { deployment: given_up.id.clone() }),
                Some(until) if self.now < until => return Err(Hold::RetryNotYet { until }),
                // No task runs, and none has failed for a while: whatever made ECS give up may be
                // over, and ECS itself will never try again.
                Some(_) => {}
            }
        }
        if self.has_tried_enough() {
            return Err(Hold::ReplacingDidNotHelp);
        }
        let all_run = self.service.running >= self.service.desired;
        if let Some(fail) = self.successors().filter(|fail| all_run && !fail.lacks_room) {
            let because = fail.because.to_owned();
            return Err(Hold::SuccessorsCannotStart { task: None, because });
        }
        if let Some(hold) = self.no_room_to_deploy() {
            return Err(hold);
        }
        if let Some(hold) = self.cooldown(primary.created_at) {
            return Err(hold);
        }
        if self.service.stops_first() && !self.nobody_serves() {
            let Service { minimum_healthy_percent: minimum, maximum_percent: maximum, .. } =
                *self.service;
            return Err(Hold::StopsFirst { minimum, maximum });
        }
        self.budget()?;
        let (replacing, because) = (primary.id.clone(), diagnosis.to_string());
        self.unless_refused(Step::ForceDeployment { replacing, because })
    }

    /// Why no deployment could replace what runs.
    fn no_room_to_deploy(&self) -> Option<Hold> {
        let Service { minimum_healthy_percent: minimum, maximum_percent: maximum, .. } =
            *self.service;
        self.service.cannot_roll().then_some(Hold::NoRoomToDeploy { minimum, maximum })
    }

    /// Whether it is known that no task serves.
    fn nobody_serves(&self) -> bool {
        self.nobody_answers() || !self.tasks.iter().any(Task::runs)
    }

    /// The PRIMARY deployment, if Eden may replace it.
    fn deployable(&self) -> Result<&Deployment, Hold> {
        if self.service.controller != DeploymentController::Ecs {
            return Err(Hold::ForeignDeploymentController);
        }
        let beside = self.service.in_progress().filter(|_| self.service.is_side_by_side());
        if let Some(deployment) = beside {
            return Err(Hold::RolloutInProgress { deployment: deployment.id.clone() });
        }
        self.service.primary().ok_or_else(|| {
            let because = "it has no PRIMARY deployment".to_owned();
            Hold::FactUnknown { fact: Fact::Service, because }
        })
    }

    /// Rungs 5 and 6 for a service that must not be started again as it is.
    fn return_to_former(&self, diagnosis: &Diagnosis, plan: &mut Plan) -> Option<Condition> {
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
            _ => ("rollout_overdue", None),
        };
        let rolled_back = kept.map_or_else(|| self.roll_back(diagnosis), Err);
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
        in_time && self.last_failures().len() < self.limits.loop_deaths
    }

    fn roll_back(&self, diagnosis: &Diagnosis) -> Result<Step, Hold> {
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

/// The command by which people take a task's protection away.
fn unprotect(task: &Task) -> String {
    let cluster = task.arn.rsplit('/').nth(1).filter(|name| !name.contains(':'));
    let cluster = cluster.map_or_else(String::new, |name| format!(" --cluster {name}"));
    let id = task.id();
    format!("aws ecs update-task-protection{cluster} --tasks {id} --no-protection-enabled")
}

fn served(Requests { newest: Minute { all, failed }, .. }: Requests) -> Hold {
    Hold::UsersAreServed { failed, all }
}

fn stop((task, why): Sick<'_>) -> Step {
    let because = match why {
        Sickness::Unhealthy => "container health check failing".to_owned(),
        Sickness::Unanswered(because) => format!("does not answer while others do: {because}"),
        Sickness::LikeAll(because) => format!("does not answer, nor does any other: {because}"),
    };
    Step::StopTask { task: task.arn.clone(), because, unhealthy: why == Sickness::Unhealthy }
}
