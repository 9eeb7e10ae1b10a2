//! The ladder of remedies: each rung only when the one below did not help or cannot.
//!
//! 1. the route is repaired (by the route's own decision);
//! 2. ECS has its turn: a sick task is noted as a suspect;
//! 3. sick tasks are stopped, one batch at a time, the worst first;
//! 4. a new deployment is forced, which starts replacements first;
//! 5. the service is rolled back to what ran before;
//! 6. people are called.

use std::time::Duration;

use super::later;
use super::patient::{Patient, Sickness};
use crate::facts::{Alarm, Deployment, DeploymentController, Observed, RolloutState, Task};
use crate::plan::{Condition, Diagnosis, Fact, Hold, Plan, Step};
use crate::route::State;

/// For so long a rollout may be what made the service sick.
const BLAMED: Duration = Duration::from_hours(6);

impl Patient<'_> {
    pub(super) fn remedy(&self, diagnosis: &Diagnosis) -> (Plan, Option<Condition>) {
        let mut plan = self.clear_suspects(diagnosis);
        let condition = match diagnosis {
            Diagnosis::TaskSick { .. } => {
                plan.append(self.treat());
                None
            }
            Diagnosis::TooFewTasks { .. } | Diagnosis::ServiceSick => {
                self.climb(diagnosis, &mut plan)
            }
            Diagnosis::CrashLoop { .. } | Diagnosis::CannotStart { .. } => {
                self.return_to_former(diagnosis, &mut plan)
            }
            Diagnosis::Rolling { overdue: true, .. } => self.return_to_former(diagnosis, &mut plan),
            Diagnosis::Rolling { deployment, overdue: false } => {
                plan.holds.push(Hold::RolloutInProgress { deployment: deployment.clone() });
                None
            }
            Diagnosis::Starting => {
                plan.holds.extend(self.unsettled());
                None
            }
            Diagnosis::RouteStale => {
                let rings = self.alarm() == Some(Alarm::Alarm);
                plan.holds.extend(rings.then_some(Hold::RouteRepairedFirst));
                None
            }
            Diagnosis::Disputed => {
                plan.holds.push(Hold::EvidenceDisagrees);
                None
            }
            Diagnosis::Healthy
            | Diagnosis::BelowFloor { .. }
            | Diagnosis::ScaledToZero
            | Diagnosis::NotActive { .. }
            | Diagnosis::Paused
            | Diagnosis::Unknown => None,
        };
        let spent = plan.holds.iter().find(|hold| matches!(hold, Hold::BudgetSpent { .. }));
        let condition = condition.or_else(|| spent.map(|hold| self.condition(hold.reason())));
        (plan, condition)
    }

    /// What people are told of, once for each deployment.
    fn condition(&self, name: &str) -> Condition {
        let of = self.service.primary().map_or("none", |deployment| deployment.id.as_str());
        Condition { name: name.to_owned(), of: of.to_owned() }
    }

    /// Notes are taken off tasks that are well again; while the diagnosis says nothing about the
    /// tasks, they stay.
    fn clear_suspects(&self, diagnosis: &Diagnosis) -> Plan {
        let judged = matches!(diagnosis, Diagnosis::TaskSick { .. } | Diagnosis::Healthy);
        let sick = self.sick();
        let well = |task: &&Task| {
            task.runs()
                && task.suspect_since.is_some()
                && !sick.iter().any(|(other, _)| other.arn == task.arn)
        };
        let mut well: Vec<_> =
            self.tasks.iter().filter(well).map(|task| task.arn.clone()).collect();
        well.sort();
        let steps = well.into_iter().map(|task| Step::ClearSuspect { task });
        Plan { steps: if judged { steps.collect() } else { Vec::new() }, ..Plan::default() }
    }

    /// Rungs 2 and 3.
    fn treat(&self) -> Plan {
        let mut plan = Plan::default();
        let mut ripe = Vec::new();
        for (task, why) in self.sick() {
            match self.ripe(task) {
                Ok(()) => ripe.push((task, why)),
                Err((step, hold)) => {
                    plan.steps.extend(step);
                    plan.holds.push(hold);
                }
            }
        }
        if ripe.is_empty() {
            return plan;
        }
        let protected = match &self.facts.protected {
            Observed::Known(protected) => protected,
            Observed::Unknown(because) => {
                let because = because.clone();
                plan.holds.push(Hold::FactUnknown { fact: Fact::Protection, because });
                return plan;
            }
        };
        let (kept, ripe): (Vec<_>, Vec<_>) =
            ripe.into_iter().partition(|(task, _)| protected.contains(&task.arn));
        let protected = |task: &Task| Hold::TaskProtected { task: task.id().to_owned() };
        plan.holds.extend(kept.iter().map(|(task, _)| protected(task)));
        if let Some(storm) = self.storm() {
            plan.holds.push(storm);
            return plan;
        }
        match self.budget() {
            Ok(left) => self.stop(ripe, left, &mut plan),
            Err(spent) => plan.holds.push(spent),
        }
        plan
    }

    /// Whether a sick task may be stopped by now; if not, why, and what is to be noted for that.
    fn ripe(&self, task: &Task) -> Result<(), (Option<Step>, Hold)> {
        if let Some(hold) = self.fresh(task, self.grace()) {
            return Err((None, hold));
        }
        let wait = self.limits.unhealthy_for;
        let since = task.suspect_since.unwrap_or(self.now);
        let until = later(since, wait);
        if self.now >= until && (task.suspect_since.is_some() || wait.is_zero()) {
            return Ok(());
        }
        let mark = task.suspect_since.is_none();
        let mark = mark.then(|| Step::MarkSuspect { task: task.arn.clone(), since });
        Err((mark, Hold::SuspectNotYet { task: task.id().to_owned(), until }))
    }

    fn stop(&self, ripe: Vec<(&Task, Sickness<'_>)>, left: usize, plan: &mut Plan) {
        let allowed = self.limits.stops_allowed(self.sick().len(), self.service.desired).min(left);
        if ripe.len() > allowed {
            plan.holds.push(Hold::StopLimit { left: ripe.len() - allowed, allowed });
        }
        plan.steps.extend(ripe.into_iter().take(allowed).map(|(task, why)| Step::StopTask {
            task: task.arn.clone(),
            because: match why {
                Sickness::Unhealthy => "container health check failing".to_owned(),
                Sickness::Unanswered(because) => {
                    format!("does not answer while others do: {because}")
                }
            },
        }));
    }

    /// Rungs 4 to 6 for a service that fails as a whole.
    fn climb(&self, diagnosis: &Diagnosis, plan: &mut Plan) -> Option<Condition> {
        // A deployment of the same did not help: what was before may.
        if self.limits.rollback
            && self.redeployed_lately()
            && let Ok(step) = self.roll_back(diagnosis)
        {
            plan.steps.push(step);
            return None;
        }
        match self.redeploy(diagnosis) {
            Ok(step) => plan.steps.push(step),
            Err(hold) => {
                let gave_up = matches!(hold, Hold::RolloutFailed { .. });
                plan.holds.push(hold);
                if gave_up {
                    return Some(self.condition("rollout_failed"));
                }
            }
        }
        None
    }

    fn redeploy(&self, diagnosis: &Diagnosis) -> Result<Step, Hold> {
        if *diagnosis == Diagnosis::ServiceSick && self.route_is == State::Unknown {
            return Err(Hold::RouteUnknown);
        }
        let primary = self.deployable()?;
        if primary.rollout == RolloutState::Failed {
            return Err(Hold::RolloutFailed { deployment: primary.id.clone() });
        }
        if let Some(hold) = self.cooldown(primary.created_at) {
            return Err(hold);
        }
        self.budget()?;
        Ok(Step::ForceDeployment { replacing: primary.id.clone(), because: diagnosis.to_string() })
    }

    /// The PRIMARY deployment, if Eden may replace it.
    fn deployable(&self) -> Result<&Deployment, Hold> {
        if self.service.controller != DeploymentController::Ecs {
            return Err(Hold::ForeignDeploymentController);
        }
        self.service.primary().ok_or_else(|| {
            let because = "it has no PRIMARY deployment".to_owned();
            Hold::FactUnknown { fact: Fact::Service, because }
        })
    }

    /// Rungs 5 and 6 for a service that must not be started again as it is.
    fn return_to_former(&self, diagnosis: &Diagnosis, plan: &mut Plan) -> Option<Condition> {
        let name = match diagnosis {
            Diagnosis::CrashLoop { .. } => "crash_loop",
            Diagnosis::CannotStart { .. } => "cannot_start",
            _ => "rollout_overdue",
        };
        match self.roll_back(diagnosis) {
            Ok(step) => {
                plan.steps.push(step);
                None
            }
            Err(hold) => {
                plan.holds.push(hold);
                Some(self.condition(name))
            }
        }
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
        // What has run for long is not to blame.
        let lately = other.filter(|former| self.now < later(former.replaced_at, BLAMED));
        let former = lately.ok_or(Hold::NothingToRollBackTo)?;
        self.budget()?;
        Ok(Step::RollBack {
            replacing: primary.id.clone(),
            to: former.definition.clone(),
            because: diagnosis.to_string(),
        })
    }
}
