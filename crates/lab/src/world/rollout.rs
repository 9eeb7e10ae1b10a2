//! The deployments of a service: how they begin and end.

use std::collections::BTreeSet;

use super::World;
use super::ids;
use super::queue::Due;
use super::service::{Deployment, RolloutState};
use super::side_by_side::{Deploys, Lifecycle, LifecycleStage};
use super::task::{Task, TaskDefinition};

impl World {
    /// Starts a new deployment; the PRIMARY so far becomes one to be replaced.
    pub(super) fn begin_deployment(&mut self, service_arn: &str, definition: TaskDefinition) {
        let deployment = self.make_deployment(definition);
        self.begin(service_arn, deployment);
    }

    /// The same for what the circuit breaker makes of a deployment that it gave up.
    pub(super) fn begin_rollback(
        &mut self,
        service_arn: &str,
        definition: TaskDefinition,
        failed: String,
        good: &str,
    ) {
        let mut deployment = self.make_deployment(definition);
        deployment.rollout_state_reason =
            format!("ECS deployment circuit breaker: rolling back to deploymentId {good}.");
        deployment.rolls_back = Some(failed);
        self.begin(service_arn, deployment);
    }

    /// Stops the deployment in progress and returns to the service revision before it, as
    /// `StopServiceDeployment` does (Developer Guide, stopping service deployments). That the history
    /// shows it as one that the circuit breaker rolled back is assumed.
    ///
    /// Whether there was one.
    pub(crate) fn stop_deployment(&mut self, service_arn: &str) -> bool {
        let now = self.now;
        let Some(service) = self.services.get_mut(service_arn) else { return false };
        if service.primary.rollout_state != RolloutState::InProgress {
            return false;
        }
        let before = service.history().into_iter().find(|it| it.id != service.primary.id);
        let Some((good, definition)) = before.map(|it| (it.id.clone(), it.task_definition.clone()))
        else {
            return false;
        };
        let deployment = &mut service.primary;
        deployment.rollout_state = RolloutState::Failed;
        "Service deployment was stopped.".clone_into(&mut deployment.rollout_state_reason);
        (deployment.updated_at, deployment.ended_at) = (now, Some(now));
        let stopped = deployment.id.clone();
        self.emit_deployment(service_arn);
        self.begin_rollback(service_arn, definition, stopped, &good);
        true
    }

    fn begin(&mut self, service_arn: &str, mut deployment: Deployment) {
        let now = self.now;
        let stage = self.timing.lifecycle_stage;
        let Some(service) = self.services.get_mut(service_arn) else { return };
        if let Deploys::BesideBy(beside) = &service.deploys {
            let stage = LifecycleStage::PreScaleUp;
            let paused = beside.pauses.contains(&stage);
            deployment.scale_percent = 0;
            deployment.lifecycle =
                Some(Lifecycle { stage, since: now, paused, rolled_back: false });
        }
        let beside = deployment.lifecycle.is_some();
        deployment.sources = service.deployments().map(|it| it.id.clone()).collect();
        let mut old = std::mem::replace(&mut service.primary, deployment);
        old.ended_at.get_or_insert(now);
        let shifted = LifecycleStage::ProductionTrafficShift;
        if beside && old.lifecycle.as_ref().is_some_and(|it| it.stage < shifted) {
            // What another deployment ends before its traffic has shifted is no source of that one.
            old.scale_percent = 0;
        }
        service.replaced.push_front(old);
        service.steady = false;
        if beside {
            self.plan(stage, Due::Lifecycle(service_arn.to_owned()));
        }
        self.announce_deployment(service_arn);
    }

    pub(super) fn make_deployment(&mut self, definition: TaskDefinition) -> Deployment {
        let id = format!("ecs-svc/{}", ids::decimal(&mut self.rng, 19));
        let service_deployment_id = ids::alphanumeric(&mut self.rng, 21);
        let digest = self.digest(&definition.image());
        Deployment::new(id, service_deployment_id, definition, digest, self.now)
    }

    /// Says that the PRIMARY deployment has begun, and has the scheduler work on it.
    pub(super) fn announce_deployment(&mut self, service_arn: &str) {
        self.emit_deployment(service_arn);
        self.wake_scheduler(service_arn);
    }

    /// Ends a rollout that is through, and lets go of deployments without tasks.
    pub(super) fn conclude(&mut self, service_arn: &str) {
        self.conclude_rollback(service_arn);
        let now = self.now;
        let Some(service) = self.services.get(service_arn) else { return };
        let primary = service.primary.id.clone();
        let wanted = self.wanted(service_arn);
        let mut ready = wanted.iter().filter(|(_, task)| task.is_ready());
        let (present, ready_count) = (wanted.len(), ready.clone().count());
        let proven = ready.any(|(_, task)| task.started_by == primary);
        let kept = self.places_kept(service_arn);
        let of_service = self.tasks.values().filter(|task| task.service_arn == service_arn);
        let keeps_it =
            |task: &&Task| task.is_wanted() || (task.keeps_its_place && !task.has_stopped());
        let populated: BTreeSet<String> =
            of_service.filter(keeps_it).map(|task| task.started_by.clone()).collect();
        let Some(service) = self.services.get_mut(service_arn) else { return };
        let beside = service.is_side_by_side();
        for deployment in std::mem::take(&mut service.replaced) {
            let stands = beside && deployment.scale_percent > 0;
            if stands || populated.contains(&deployment.id) {
                service.replaced.push_back(deployment);
            } else {
                service.past.push(deployment);
            }
        }

        let desired = service.desired_count as usize;
        let settled = present + kept == desired
            && ready_count + kept == desired
            && service.replaced.is_empty();
        let news = settled && !service.steady;
        service.steady = settled;
        let deployment = &mut service.primary;
        if proven {
            deployment.failures.prove();
        }
        if settled && deployment.rollout_state == RolloutState::InProgress {
            deployment.rollout_state = RolloutState::Completed;
            deployment.rollout_state_reason = format!("ECS deployment {primary} completed.");
            deployment.updated_at = now;
            deployment.ended_at = Some(now);
            self.emit_deployment(service_arn);
            self.say(service_arn, &format!("(deployment {primary}) deployment completed."));
        }
        if news {
            self.say(service_arn, "has reached a steady state.");
        }
    }
}
