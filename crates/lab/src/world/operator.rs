//! What people and accidents do to the world: operators' actions and faults of tasks.

use std::collections::VecDeque;
use std::net::IpAddr;
use std::time::Duration;

use jiff::Timestamp;

use super::World;
use super::application::AppState;
use super::behaviour::Behaviour;
use super::gateway::Integration;
use super::queue::Due;
use super::service::{Service, ServiceSpec, ServiceStatus};
use super::task::{HealthStatus, StopCode, TaskDefinition, TaskId};

/// An action on something that is not there.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OperatorError {
    /// No such service.
    #[error("there is no service {0:?}; a service is named by its cluster and name")]
    NoSuchService(String),
    /// No such task.
    #[error("there is no task {0:?}; a task is named by its ARN, for an hour after it stopped")]
    NoSuchTask(String),
    /// No such task set.
    #[error("there is no task set {0:?} beside the PRIMARY one")]
    NoSuchTaskSet(String),
    /// No such container instance.
    #[error(
        "there is no container instance {0:?}; it is named by its ARN until it is deregistered"
    )]
    NoSuchContainerInstance(String),
    /// The task has no container health check.
    #[error("task {0:?} has no container health check: its health is UNKNOWN for ever (F20)")]
    NoHealthCheck(String),
    /// No such API.
    #[error("there is no API {0:?}; an API is named by its id")]
    NoSuchApi(String),
    /// No such integration.
    #[error("there is no integration {0:?}; an integration is named by its id")]
    NoSuchIntegration(String),
    /// No such stage.
    #[error("there is no stage {0:?}; a stage is named by its name")]
    NoSuchStage(String),
    /// No URL.
    #[error("{0:?} is no URL; accepted: https://HOST or https://HOST/PATH")]
    NotAUrl(String),
    /// No such availability zone.
    #[error("there is no availability zone {0:?}; World::zones names them")]
    NoSuchZone(String),
    /// The address is not free.
    #[error("{0} is no address of the lab's network that is free")]
    AddressTaken(IpAddr),
    /// Every address is taken.
    #[error("no address is free: the lab has 254")]
    NoFreeAddress,
    /// API Gateway does not take such a stage variable.
    #[error(
        "the stage variable {name:?} cannot be {value:?}; accepted: names of letters, digits and \
         underscores, values of letters, digits and -._~:/?#&=,"
    )]
    InvalidStageVariable {
        /// Its name.
        name: String,
        /// The value it should have.
        value: String,
    },
    /// The stage has a canary release.
    #[error(
        "Non canary deployment not supported on stage {0} because Canary is enabled. Provide \
         CanarySettings in deploymentInput."
    )]
    CanaryEnabled(String),
    /// A deployment too soon after the last one.
    #[error("one CreateDeployment in {0:?} is all that API Gateway takes (F5); try again later")]
    TooManyDeployments(Duration),
}

type Done = Result<(), OperatorError>;

impl World {
    /// Makes a service and its first deployment, and returns its ARN.
    pub fn create_service(&mut self, spec: ServiceSpec) -> String {
        let arn = self.arns.service(&spec.cluster, &spec.name);
        self.clusters.insert(spec.cluster.clone());
        self.register_task_definition(spec.task_definition.clone());
        let service = Service {
            cluster: spec.cluster,
            name: spec.name,
            arn: arn.clone(),
            status: ServiceStatus::Active,
            desired_count: spec.desired_count,
            daemon: spec.daemon,
            deploys: spec.deploys,
            minimum_healthy_percent: spec.minimum_healthy_percent,
            maximum_percent: spec.maximum_percent,
            health_check_grace_period_seconds: spec.health_check_grace_period_seconds,
            circuit_breaker: spec.circuit_breaker,
            rollback: spec.rollback,
            dependency: None,
            primary: self.make_deployment(spec.task_definition),
            replaced: VecDeque::new(),
            past: Vec::new(),
            messages: VecDeque::new(),
            tags: spec.tags,
            created_at: self.now,
            steady: false,
        };
        let cluster = service.cluster.clone();
        self.services.insert(arn.clone(), service);
        self.count_daemons(&cluster);
        self.announce_deployment(&arn);
        arn
    }

    /// Deletes a service: its tasks stop and it becomes INACTIVE.
    ///
    /// # Errors
    /// When there is no such service.
    pub fn delete_service(&mut self, cluster: &str, name: &str) -> Done {
        self.set_desired_count(cluster, name, 0)?;
        let arn = self.arns.service(cluster, name);
        if let Some(service) = self.services.get_mut(&arn) {
            service.status = ServiceStatus::Inactive;
        }
        Ok(())
    }

    /// Changes how many tasks a service shall have.
    ///
    /// # Errors
    /// When there is no such service.
    pub fn set_desired_count(&mut self, cluster: &str, name: &str, desired: u32) -> Done {
        let arn = self.arns.service(cluster, name);
        let now = self.now;
        let service = self
            .services
            .get_mut(&arn)
            .ok_or_else(|| OperatorError::NoSuchService(format!("{cluster}/{name}")))?;
        if service.desired_count != desired {
            service.desired_count = desired;
            service.steady = false;
            service.primary.updated_at = now;
            self.wake_scheduler(&arn);
        }
        Ok(())
    }

    /// Starts a new deployment of what the service runs, or of another task definition.
    ///
    /// # Errors
    /// When there is no such service.
    pub fn new_deployment(
        &mut self,
        cluster: &str,
        name: &str,
        definition: Option<TaskDefinition>,
    ) -> Done {
        let arn = self.arns.service(cluster, name);
        let service = self
            .services
            .get(&arn)
            .ok_or_else(|| OperatorError::NoSuchService(format!("{cluster}/{name}")))?;
        let definition = definition.unwrap_or_else(|| service.primary.task_definition.clone());
        self.register_task_definition(definition.clone());
        self.begin_deployment(&arn, definition);
        Ok(())
    }

    /// Changes how the tasks behave that a service starts from now on: not its task definition has
    /// changed, but the image or what the application depends on.
    ///
    /// # Errors
    /// When there is no such service.
    pub fn set_behaviour(&mut self, cluster: &str, name: &str, behaviour: Behaviour) -> Done {
        let service = self
            .services
            .get_mut(&self.arns.service(cluster, name))
            .ok_or_else(|| OperatorError::NoSuchService(format!("{cluster}/{name}")))?;
        service.primary.task_definition.behaviour = behaviour;
        let definition = service.primary.task_definition.clone();
        self.register_task_definition(definition);
        Ok(())
    }

    /// Stops a task as `StopTask` does; a task that stops already stops as before.
    ///
    /// # Errors
    /// When there is no such task.
    pub fn stop_task(&mut self, arn: &str, reason: &str) -> Done {
        let id = self.task_id(arn)?;
        self.begin_stop(id, StopCode::UserInitiated, reason);
        Ok(())
    }

    /// Ends the process of a task's container; ECS learns of it a moment later.
    ///
    /// # Errors
    /// When there is no such task.
    pub fn crash_task(&mut self, arn: &str, exit_code: i32) -> Done {
        let id = self.task_id(arn)?;
        self.crash(id, exit_code);
        Ok(())
    }

    /// Takes the Spot capacity of a task back: it is told to stop, which its service replaces at once,
    /// and stopped two minutes later (Developer Guide, Fargate capacity providers). That it serves
    /// until then is assumed.
    ///
    /// # Errors
    /// When there is no such task.
    pub fn interrupt_task(&mut self, arn: &str) -> Done {
        let id = self.task_id(arn)?;
        self.begin_stop(id, StopCode::SpotInterruption, "Your Spot Task was interrupted.");
        Ok(())
    }

    /// Changes what a task's application does with connections.
    ///
    /// # Errors
    /// When there is no such task.
    pub fn set_app(&mut self, arn: &str, app: AppState) -> Done {
        let id = self.task_id(arn)?;
        self.change_task(id, |task| task.app = app);
        Ok(())
    }

    /// Changes what the applications of all present tasks of a service do; new ones behave as their
    /// task definition says.
    ///
    /// # Errors
    /// When there is no such service.
    pub fn set_app_of_service(&mut self, cluster: &str, name: &str, app: AppState) -> Done {
        let arn = self.arns.service(cluster, name);
        if !self.services.contains_key(&arn) {
            return Err(OperatorError::NoSuchService(format!("{cluster}/{name}")));
        }
        for id in self.tasks.keys_where(|task| task.service_arn == arn) {
            self.change_task(id, |task| task.app = app);
        }
        Ok(())
    }

    /// Takes away something that all tasks of a service depend on, those that are yet to come as
    /// well: whoever serves answers this status instead of 200, until it is given back with `None`.
    /// Container health checks do not notice, which is assumed.
    ///
    /// # Errors
    /// When there is no such service.
    pub fn set_dependency(&mut self, cluster: &str, name: &str, fails: Option<u16>) -> Done {
        let arn = self.arns.service(cluster, name);
        let service = self.services.get_mut(&arn);
        let missing = || OperatorError::NoSuchService(format!("{cluster}/{name}"));
        service.ok_or_else(missing)?.dependency = fails;
        for id in self.tasks.keys_where(|task| task.service_arn == arn) {
            self.change_task(id, |task| task.dependency = fails);
        }
        Ok(())
    }

    /// Lets the container health check of a task pass or fail.
    ///
    /// # Errors
    /// When there is no such task, or it has no container health check.
    pub fn set_container_health(&mut self, arn: &str, health: HealthStatus) -> Done {
        let id = self.task_id(arn)?;
        if !self.tasks.get(&id).is_some_and(|task| task.definition.health_check) {
            return Err(OperatorError::NoHealthCheck(arn.to_owned()));
        }
        self.set_health(id, health);
        Ok(())
    }

    /// Protects a task from being scaled in until this time. `StopTask` stops it all the same
    /// (F19).
    ///
    /// # Errors
    /// When there is no such task.
    pub fn protect_task(&mut self, arn: &str, until: Timestamp) -> Done {
        let id = self.task_id(arn)?;
        self.change_task(id, |task| task.protected_until = Some(until));
        if let Some(service_arn) = self.tasks.get(&id).map(|task| task.service_arn.clone()) {
            self.plan_at(until, Due::Schedule(service_arn));
        }
        Ok(())
    }

    /// Edits an integration's URI by hand.
    ///
    /// # Errors
    /// When there is no such API or integration.
    pub fn set_integration_uri(&mut self, api: &str, integration: &str, uri: &str) -> Done {
        self.change_integration(api, integration, |Integration { uri: old, .. }| {
            uri.clone_into(old);
        })
    }

    /// Maps a parameter of an integration by hand, or takes the mapping away.
    ///
    /// # Errors
    /// When there is no such API or integration.
    pub fn map_parameter(
        &mut self,
        api: &str,
        integration: &str,
        name: &str,
        value: Option<&str>,
    ) -> Done {
        self.change_integration(api, integration, |it| {
            match value {
                Some(value) => it.request_parameters.insert(name.to_owned(), value.to_owned()),
                None => it.request_parameters.remove(name),
            };
        })
    }

    /// Sets a variable of a stage by hand, or removes it.
    ///
    /// # Errors
    /// When there is no such API or stage, or API Gateway does not take the name or value.
    pub fn set_stage_variable(
        &mut self,
        api: &str,
        stage: &str,
        name: &str,
        value: Option<&str>,
    ) -> Done {
        self.change_stage_variables(api, stage, &[(name, value)])
    }

    pub(super) fn task_id(&self, arn: &str) -> Result<TaskId, OperatorError> {
        let id = self.task_ids.get(arn).copied();
        id.ok_or_else(|| OperatorError::NoSuchTask(arn.to_owned()))
    }
}
