//! The ladder of remedies: each rung only when the one below did not help or cannot.
//!
//! 1. the route is repaired (by the route's own decision);
//! 2. ECS has its turn: a sick task is noted as a suspect;
//! 3. sick tasks are stopped, one batch at a time, the worst first (`stops.rs`);
//! 4. a new deployment is forced, which starts replacements first, when no task stands out, or most
//!    are sick and the successor of one that was stopped is sick again;
//! 5. the service is rolled back to what ran before (`rollback.rs`);
//! 6. people are called.

use super::patient::Patient;
use crate::facts::{
    Alarm, ApiAnswer, Deployment, DeploymentController, Minute, Readiness, Requests, Service, Task,
    TaskHealth,
};
use crate::plan::{Condition, Diagnosis, Fact, Hold, Plan, Step};
use crate::route::State;

/// The condition that tells a release that ran well for long, and fails since, from one that never did.
/// People know of it under this name by the service's tag when ECS does not remember the tasks any more
/// that ran well.
pub(super) const FAILS_AFTER_RUNNING: &str = "fails_after_running";

impl Patient<'_> {
    pub(super) fn remedy(&self, diagnosis: &Diagnosis) -> (Plan, Option<Condition>) {
        let mut plan = self.clear_suspects(diagnosis);
        plan.append(self.watch_stops());
        plan.steps.extend(self.clear_failing(diagnosis));
        let condition = self.remedy_of(diagnosis, &mut plan);
        let pending = self.pending_for_long(diagnosis);
        plan.holds.extend(pending.clone());
        let condition = pending.map(|hold| self.condition(hold.reason())).or(condition);
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
                // <https://github.com/Zooz/predator/issues/478>
                let hidden = in_vain.is_some() && self.silenced;
                plan.holds.extend(hidden.then_some(Hold::PageAnswersForIt));
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
                let fails =
                    matches!(self.api(), Some(ApiAnswer::Bad(_) | ApiAnswer::NotReached(_)));
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
        let starts = |hold: &&Hold| !acts && matches!(hold, Hold::StillStarting { .. });
        let starts = || plan.holds.iter().find(starts).map(|hold| self.condition(hold.reason()));
        let condition = condition.or(told).or_else(starts);
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
        let quiet = matches!(diagnosis, Diagnosis::Healthy | Diagnosis::Disputed);
        let forgiven =
            |task: &Task| quiet && self.readiness(task).is_none() && self.runs_well(task);
        // One that answers at all, be it 403 or 429, is a suspect no more, unless ECS calls it UNHEALTHY.
        let answers = |task: &Task| {
            let answers = self.readiness(task).is_some_and(Readiness::answers);
            task.runs() && answers && task.health != TaskHealth::Unhealthy
        };
        let is_over = |task: &Task| self.is_well(task) || forgiven(task) || answers(task);
        let well = |task: &&Task| task.suspect_since.is_some() && is_over(task);
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
        if !fresh.is_empty() {
            return fresh;
        }
        match self.unsettled() {
            Some(Hold::StillStarting { .. }) => self.slow_starters(),
            hold => hold.into_iter().collect(),
        }
    }

    /// Rungs 4 to 6 for a service that fails as a whole.
    pub(super) fn climb(&self, diagnosis: &Diagnosis, plan: &mut Plan) {
        if *diagnosis == Diagnosis::ServiceSick && self.route_is == State::Unknown {
            plan.holds.push(Hold::RouteUnknown);
            return;
        }
        let not_lasting = match diagnosis {
            Diagnosis::ServiceSick => self.not_lasting(),
            // What ECS gave up, it starts no more.
            Diagnosis::TooFewTasks { .. } if self.service.given_up().is_none() => {
                self.not_missing_for_long()
            }
            _ => None,
        };
        match not_lasting {
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
        let blamed = (shared || !self.present_runs_well())
            && self.present_is_accused()
            && !self.may_be_deep();
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
                            | Hold::FailsAfterRunning
                            | Hold::Refused { .. }
                    );
                    plan.holds.push(hold);
                    if !goes_on {
                        return;
                    }
                }
            }
        }
        // A deployment would start the boot of slow starters over. Unless they are few, the others are
        // replaced one by one.
        let slow = self.slow_starters();
        let few = self.are_few(slow.len());
        let waiting = self.waiting().or_else(|| slow.into_iter().next().filter(|_| !few));
        let redeployed = match waiting.filter(|_| *diagnosis == Diagnosis::ServiceSick) {
            Some(hold) => Err(hold),
            None => self.redeploy(diagnosis),
        };
        match redeployed {
            Ok(_) if *diagnosis == Diagnosis::ServiceSick && self.tries_the_same(plan) => {}
            Ok(step) => plan.steps.push(step),
            Err(hold) => {
                // A deployment beside what serves may be paused for days, and ends without touching it.
                let beside = self.service.is_side_by_side();
                let beside = beside && matches!(hold, Hold::RolloutInProgress { .. });
                let waits = beside
                    || matches!(
                        hold,
                        Hold::RedeployCooldown { .. }
                            | Hold::NoRoomToDeploy { .. }
                            | Hold::ForeignDeploymentController
                            | Hold::WithinStartupGrace { .. }
                            | Hold::StillStarting { .. }
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

    pub(super) fn redeploy(&self, diagnosis: &Diagnosis) -> Result<Step, Hold> {
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
    pub(super) fn no_room_to_deploy(&self) -> Option<Hold> {
        let Service { minimum_healthy_percent: minimum, maximum_percent: maximum, .. } =
            *self.service;
        self.service.cannot_roll().then_some(Hold::NoRoomToDeploy { minimum, maximum })
    }

    /// Whether it is known that no task serves.
    fn nobody_serves(&self) -> bool {
        let answers = !self.nobody_answers() || self.may_be_deep();
        !answers || !self.tasks.iter().any(Task::runs)
    }

    /// Whether the path that is asked may be deep: tasks take connections, whatever they answer, and nearly
    /// all requests succeed.
    fn may_be_deep(&self) -> bool {
        self.requests().is_some_and(Requests::hardly_fail) && self.takes_connections()
    }

    /// The PRIMARY deployment, if Eden may replace it.
    pub(super) fn deployable(&self) -> Result<&Deployment, Hold> {
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
}

/// What holds a remedy back while users are served.
pub(super) fn served(Requests { newest: Minute { all, failed }, .. }: Requests) -> Hold {
    Hold::UsersAreServed { failed, all }
}
