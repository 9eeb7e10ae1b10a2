//! Services whose new tasks stand beside the old ones: those that ECS deploys by BLUE_GREEN, LINEAR
//! or CANARY, stage by stage, and those that somebody else deploys by task sets.
//!
//! The stages and their order are those of the API reference of `ServiceDeployment`. Without a load
//! balancer ECS goes through them as well, and shifts no traffic (Developer Guide, blue/green
//! deployments). How long a stage without a hook takes is assumed.

use std::time::Duration;

use jiff::Timestamp;

use super::World;
use super::operator::OperatorError;
use super::queue::Due;
use super::scheduler::Moves;
use super::service::{Deployment, RolloutState, Service};
use super::task::{Task, TaskDefinition};

/// How a service's tasks are replaced.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Deploys {
    /// By ECS, one after the other: `ROLLING`.
    Rolling,
    /// By ECS, beside those that run.
    BesideBy(Beside),
    /// By `CODE_DEPLOY`, in task sets.
    CodeDeploy,
    /// By an `EXTERNAL` controller, in task sets.
    External,
}

/// How ECS deploys beside what runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Beside {
    /// `BLUE_GREEN`, `LINEAR` or `CANARY`, or a word that does not exist yet.
    pub strategy: &'static str,
    /// `bakeTimeInMinutes`.
    pub bake_minutes: u32,
    /// The stages at which a hook pauses the deployment until somebody continues it.
    pub pauses: Vec<LifecycleStage>,
}

impl Beside {
    /// `BLUE_GREEN` with this bake time, and no hook.
    pub fn blue_green(bake_minutes: u32) -> Self {
        Self { strategy: "BLUE_GREEN", bake_minutes, pauses: Vec::new() }
    }
}

impl Deploys {
    /// `deploymentController.type`.
    pub(crate) fn controller(&self) -> &'static str {
        match self {
            Self::Rolling | Self::BesideBy(_) => "ECS",
            Self::CodeDeploy => "CODE_DEPLOY",
            Self::External => "EXTERNAL",
        }
    }

    /// `deploymentConfiguration.strategy`; task sets have none.
    pub(crate) fn strategy(&self) -> Option<&'static str> {
        match self {
            Self::Rolling => Some("ROLLING"),
            Self::BesideBy(beside) => Some(beside.strategy),
            Self::CodeDeploy | Self::External => None,
        }
    }

    /// Whether task sets stand for deployments.
    pub(crate) fn by_task_sets(&self) -> bool {
        matches!(self, Self::CodeDeploy | Self::External)
    }
}

/// `lifecycleStage` (API reference of `ServiceDeployment`), in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum LifecycleStage {
    /// The new tasks have yet to be started.
    PreScaleUp,
    /// They are being started.
    ScaleUp,
    /// They are there.
    PostScaleUp,
    /// Test traffic is shifting.
    TestTrafficShift,
    /// It has.
    PostTestTrafficShift,
    /// Production traffic is about to; the documentation has it, the enumeration has not.
    PreProductionTrafficShift,
    /// Production traffic is shifting.
    ProductionTrafficShift,
    /// It has.
    PostProductionTrafficShift,
    /// Old and new tasks run for a while.
    BakeTime,
    /// The old tasks are being stopped.
    CleanUp,
}

impl LifecycleStage {
    /// AWS's word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::PreScaleUp => "PRE_SCALE_UP",
            Self::ScaleUp => "SCALE_UP",
            Self::PostScaleUp => "POST_SCALE_UP",
            Self::TestTrafficShift => "TEST_TRAFFIC_SHIFT",
            Self::PostTestTrafficShift => "POST_TEST_TRAFFIC_SHIFT",
            Self::PreProductionTrafficShift => "PRE_PRODUCTION_TRAFFIC_SHIFT",
            Self::ProductionTrafficShift => "PRODUCTION_TRAFFIC_SHIFT",
            Self::PostProductionTrafficShift => "POST_PRODUCTION_TRAFFIC_SHIFT",
            Self::BakeTime => "BAKE_TIME",
            Self::CleanUp => "CLEAN_UP",
        }
    }

    fn next(self) -> Option<Self> {
        Some(match self {
            Self::PreScaleUp => Self::ScaleUp,
            Self::ScaleUp => Self::PostScaleUp,
            Self::PostScaleUp => Self::TestTrafficShift,
            Self::TestTrafficShift => Self::PostTestTrafficShift,
            Self::PostTestTrafficShift => Self::PreProductionTrafficShift,
            Self::PreProductionTrafficShift => Self::ProductionTrafficShift,
            Self::ProductionTrafficShift => Self::PostProductionTrafficShift,
            Self::PostProductionTrafficShift => Self::BakeTime,
            Self::BakeTime => Self::CleanUp,
            Self::CleanUp => return None,
        })
    }
}

/// How far a deployment beside what runs has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lifecycle {
    /// Its stage.
    pub stage: LifecycleStage,
    /// Since when.
    pub since: Timestamp,
    /// Whether a hook pauses it.
    pub paused: bool,
    /// Whether it is being rolled back, or was.
    pub rolled_back: bool,
}

impl Service {
    /// Whether its deployments stand side by side.
    pub(super) fn is_side_by_side(&self) -> bool {
        self.deploys != Deploys::Rolling
    }

    /// How many tasks a deployment that stands beside another shall have. The share of a task set is
    /// rounded up (API reference of `TaskSet`).
    pub(crate) fn wanted_of(&self, deployment: &Deployment) -> usize {
        (self.desired_count * deployment.scale_percent).div_ceil(100) as usize
    }
}

impl World {
    /// What the scheduler does with a service whose deployments stand side by side: each keeps its
    /// own tasks.
    pub(super) fn moves_beside(&self, service: &Service) -> Moves {
        let mut moves = Moves::default();
        for deployment in service.deployments() {
            let wanted = service.wanted_of(deployment);
            let own = |task: &Task| task.started_by == deployment.id;
            let tasks = self.wanted(&service.arn).into_iter().filter(|(_, task)| own(task));
            let (condemned, mut kept): (Vec<_>, Vec<_>) =
                tasks.partition(|(_, task)| task.condemned);
            kept.sort_by_key(|(id, task)| (!task.is_ready(), *id));
            let surplus = kept.split_off(wanted.min(kept.len()));
            moves.stop.extend(surplus.into_iter().map(|(id, _)| id));
            let ready = kept.iter().filter(|(_, task)| task.is_ready()).count();
            let replaced = condemned.iter().filter(|(_, it)| ready >= wanted || !it.is_running());
            moves.stop.extend(replaced.map(|(id, _)| *id));
            if deployment.may_start(self.now) {
                let missing = wanted.saturating_sub(kept.len());
                moves.start.extend(std::iter::repeat_n(deployment.id.clone(), missing));
            }
        }
        moves
    }

    /// The stage has lasted for as long as it must: the next one begins, unless a hook pauses it or
    /// what it waits for has yet to happen.
    pub(super) fn advance_lifecycle(&mut self, service_arn: &str) {
        let (now, is_over) = (self.now, self.is_stage_over(service_arn));
        let Some(service) = self.services.get_mut(service_arn) else { return };
        let Deploys::BesideBy(beside) = &service.deploys else { return };
        let deployment = &mut service.primary;
        let Some(lifecycle) = deployment.lifecycle.as_mut() else { return };
        if lifecycle.paused || lifecycle.rolled_back {
            return;
        }
        let Some(next) = lifecycle.stage.next() else { return };
        if is_over {
            lifecycle.stage = next;
            lifecycle.since = now;
            lifecycle.paused = beside.pauses.contains(&next);
            deployment.updated_at = now;
            match next {
                LifecycleStage::ScaleUp => deployment.scale_percent = 100,
                LifecycleStage::CleanUp => {
                    service.replaced.iter_mut().for_each(|old| old.scale_percent = 0);
                }
                LifecycleStage::PreScaleUp
                | LifecycleStage::PostScaleUp
                | LifecycleStage::TestTrafficShift
                | LifecycleStage::PostTestTrafficShift
                | LifecycleStage::PreProductionTrafficShift
                | LifecycleStage::ProductionTrafficShift
                | LifecycleStage::PostProductionTrafficShift
                | LifecycleStage::BakeTime => {}
            }
            self.wake_scheduler(service_arn);
        }
        self.plan(self.timing.lifecycle_stage, Due::Lifecycle(service_arn.to_owned()));
    }

    fn is_stage_over(&self, service_arn: &str) -> bool {
        let Some(service) = self.services.get(service_arn) else { return false };
        let (Deploys::BesideBy(beside), Some(lifecycle)) =
            (&service.deploys, &service.primary.lifecycle)
        else {
            return false;
        };
        match lifecycle.stage {
            LifecycleStage::ScaleUp => {
                let ready = self
                    .wanted(service_arn)
                    .into_iter()
                    .filter(|(_, task)| task.started_by == service.primary.id && task.is_ready());
                ready.count() >= service.desired_count as usize
            }
            LifecycleStage::BakeTime => {
                let bake = Duration::from_mins(beside.bake_minutes.into());
                self.now >= lifecycle.since + self.timing.declared(bake)
            }
            LifecycleStage::PreScaleUp
            | LifecycleStage::PostScaleUp
            | LifecycleStage::TestTrafficShift
            | LifecycleStage::PostTestTrafficShift
            | LifecycleStage::PreProductionTrafficShift
            | LifecycleStage::ProductionTrafficShift
            | LifecycleStage::PostProductionTrafficShift
            | LifecycleStage::CleanUp => true,
        }
    }

    /// Changes how a service's tasks are replaced from the next deployment on.
    ///
    /// # Errors
    /// When there is no such service.
    pub fn set_deploys(
        &mut self,
        cluster: &str,
        name: &str,
        deploys: Deploys,
    ) -> Result<(), OperatorError> {
        let arn = self.service_arn(cluster, name)?;
        if let Some(service) = self.services.get_mut(&arn) {
            service.deploys = deploys;
        }
        Ok(())
    }

    /// Continues a deployment that a hook pauses (`ContinueServiceDeployment`).
    ///
    /// # Errors
    /// When there is no such service.
    pub fn continue_deployment(&mut self, cluster: &str, name: &str) -> Result<(), OperatorError> {
        let arn = self.service_arn(cluster, name)?;
        if let Some(lifecycle) =
            self.services.get_mut(&arn).and_then(|it| it.primary.lifecycle.as_mut())
        {
            lifecycle.paused = false;
        }
        self.plan(self.timing.lifecycle_stage, Due::Lifecycle(arn));
        Ok(())
    }

    /// Rolls back a deployment that stands beside what runs: its tasks are stopped, the old ones
    /// stay. That it stays the PRIMARY one until they are gone is assumed.
    ///
    /// # Errors
    /// When there is no such service.
    pub fn roll_back_deployment(&mut self, cluster: &str, name: &str) -> Result<(), OperatorError> {
        let arn = self.service_arn(cluster, name)?;
        if let Some(service) = self.services.get_mut(&arn) {
            for old in service.replaced.iter_mut().take(1) {
                old.scale_percent = 100;
            }
            if let Some(lifecycle) = service.primary.lifecycle.as_mut() {
                lifecycle.rolled_back = true;
                lifecycle.paused = false;
            }
            service.primary.scale_percent = 0;
            service.primary.rollout_state = RolloutState::Failed;
        }
        self.wake_scheduler(&arn);
        Ok(())
    }

    /// Ends the roll back whose new tasks are gone: what ran before is the PRIMARY one again.
    pub(super) fn conclude_rollback(&mut self, service_arn: &str) {
        let left = self.wanted(service_arn);
        let Some(service) = self.services.get(service_arn) else { return };
        let rolled_back = service.primary.lifecycle.as_ref().is_some_and(|it| it.rolled_back);
        let gone = !left.iter().any(|(_, task)| task.started_by == service.primary.id);
        let now = self.now;
        if let Some(service) = self.services.get_mut(service_arn).filter(|_| rolled_back && gone)
            && let Some(former) = service.replaced.pop_front()
        {
            let mut failed = std::mem::replace(&mut service.primary, former);
            failed.ended_at = Some(now);
            service.past.push(failed);
        }
    }

    /// Makes a task set of a service that somebody else deploys, beside its PRIMARY one, and returns
    /// its id (`CreateTaskSet`).
    ///
    /// # Errors
    /// When there is no such service.
    pub fn create_task_set(
        &mut self,
        cluster: &str,
        name: &str,
        definition: TaskDefinition,
        scale_percent: u32,
    ) -> Result<String, OperatorError> {
        let arn = self.service_arn(cluster, name)?;
        self.register_task_definition(definition.clone());
        let set = Deployment { scale_percent, ..self.make_deployment(definition) };
        let id = set.id.clone();
        if let Some(service) = self.services.get_mut(&arn) {
            service.replaced.push_front(set);
        }
        self.wake_scheduler(&arn);
        Ok(id)
    }

    /// Gives production traffic to a task set (`UpdateServicePrimaryTaskSet`).
    ///
    /// # Errors
    /// When there is no such service, or no such task set.
    pub fn set_primary_task_set(
        &mut self,
        cluster: &str,
        name: &str,
        id: &str,
    ) -> Result<(), OperatorError> {
        let arn = self.service_arn(cluster, name)?;
        let missing = || OperatorError::NoSuchTaskSet(id.to_owned());
        let service = self.services.get_mut(&arn).ok_or_else(missing)?;
        let index = service.replaced.iter().position(|it| it.id == id).ok_or_else(missing)?;
        std::mem::swap(&mut service.primary, &mut service.replaced[index]);
        Ok(())
    }

    /// Deletes a task set: its tasks stop (`DeleteTaskSet`).
    ///
    /// # Errors
    /// When there is no such service.
    pub fn delete_task_set(
        &mut self,
        cluster: &str,
        name: &str,
        id: &str,
    ) -> Result<(), OperatorError> {
        let arn = self.service_arn(cluster, name)?;
        if let Some(service) = self.services.get_mut(&arn) {
            for set in service.replaced.iter_mut().filter(|it| it.id == id) {
                set.scale_percent = 0;
            }
        }
        self.wake_scheduler(&arn);
        Ok(())
    }

    fn service_arn(&self, cluster: &str, name: &str) -> Result<String, OperatorError> {
        let arn = self.arns.service(cluster, name);
        let known = self.services.contains_key(&arn);
        known
            .then_some(arn)
            .ok_or_else(|| OperatorError::NoSuchService(format!("{cluster}/{name}")))
    }

    /// Gives every daemon service of a cluster one task for each of its container instances.
    pub(super) fn count_daemons(&mut self, cluster: &str) {
        let instances = self.container_instances.iter().filter(|it| it.cluster == cluster).count();
        let instances = u32::try_from(instances).unwrap_or(u32::MAX);
        let daemons = self.services.values().filter(|it| it.daemon && it.cluster == cluster);
        let daemons: Vec<String> = daemons.map(|service| service.arn.clone()).collect();
        for arn in daemons {
            if let Some(service) = self.services.get_mut(&arn) {
                service.desired_count = instances;
                service.steady = false;
            }
            self.wake_scheduler(&arn);
        }
    }

    /// Which container instance has no task of a daemon service yet.
    pub(super) fn instance_without(&self, service_arn: &str, cluster: &str) -> Option<&str> {
        let taken: Vec<_> = self
            .wanted(service_arn)
            .into_iter()
            .filter_map(|(_, task)| task.container_instance_arn.as_deref())
            .collect();
        self.container_instances
            .iter()
            .filter(|instance| instance.cluster == cluster)
            .map(|instance| instance.arn.as_str())
            .find(|arn| !taken.contains(arn))
    }
}
