//! An ECS service and its deployments.

use std::collections::{BTreeMap, VecDeque};

use jiff::Timestamp;

use super::failures::Failures;
use super::side_by_side::{Deploys, Lifecycle};
use super::task::TaskDefinition;

/// So many recent messages a service shows.
const MESSAGES: usize = 100;

/// What a new service shall be.
#[derive(Debug, Clone)]
pub struct ServiceSpec {
    /// The cluster's name; made when there is none.
    pub cluster: String,
    /// The service's name.
    pub name: String,
    /// How many tasks it shall have.
    pub desired_count: u32,
    /// Whether its scheduling strategy is DAEMON: it has one task on each container instance of its
    /// cluster, whatever its desired count is meant to be.
    pub daemon: bool,
    /// How its tasks are replaced.
    pub deploys: Deploys,
    /// What its tasks run.
    pub task_definition: TaskDefinition,
    /// While rolling, so many percent of the desired count stay healthy.
    pub minimum_healthy_percent: u32,
    /// While rolling, no more than so many percent of the desired count exist.
    pub maximum_percent: u32,
    /// `healthCheckGracePeriodSeconds`.
    pub health_check_grace_period_seconds: u32,
    /// Whether the deployment circuit breaker is on.
    pub circuit_breaker: bool,
    /// Whether it rolls back.
    pub rollback: bool,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
}

impl ServiceSpec {
    /// One task of [`TaskDefinition::new`], rolled with 100 and 200 percent, no grace, no circuit
    /// breaker, no tags.
    pub fn new(cluster: &str, name: &str) -> Self {
        Self {
            cluster: cluster.to_owned(),
            name: name.to_owned(),
            desired_count: 1,
            daemon: false,
            deploys: Deploys::Rolling,
            task_definition: TaskDefinition::new(name),
            minimum_healthy_percent: 100,
            maximum_percent: 200,
            health_check_grace_period_seconds: 0,
            circuit_breaker: false,
            rollback: false,
            tags: BTreeMap::new(),
        }
    }
}

/// `status` of a service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ServiceStatus {
    /// It is there.
    Active,
    /// It was deleted.
    Inactive,
}

impl ServiceStatus {
    /// AWS's word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Active => "ACTIVE",
            Self::Inactive => "INACTIVE",
        }
    }
}

/// `rolloutState` (F21).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RolloutState {
    /// Its tasks are coming, older ones are going.
    InProgress,
    /// Its tasks are there and older ones are gone.
    Completed,
    /// It was given up.
    Failed,
}

impl RolloutState {
    /// AWS's word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::InProgress => "IN_PROGRESS",
            Self::Completed => "COMPLETED",
            Self::Failed => "FAILED",
        }
    }
}

/// A deployment of a service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deployment {
    /// `ecs-svc/…`. The number is that of the service revision as well.
    pub id: String,
    /// Its id in the service's history, which is another one.
    pub service_deployment_id: String,
    /// What its tasks run.
    pub task_definition: TaskDefinition,
    /// What its image meant when the deployment was made.
    pub image_digest: String,
    /// How far it has come.
    pub rollout_state: RolloutState,
    /// Why it is there.
    pub rollout_state_reason: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
    /// When it was completed or given up, or when another one replaced it before.
    pub ended_at: Option<Timestamp>,
    /// The ids of the deployments that had tasks when it was made, newest first.
    pub sources: Vec<String>,
    /// How its tasks have failed.
    pub failures: Failures,
    /// The id of the deployment that it rolls back, if the circuit breaker made it.
    pub rolls_back: Option<String>,
    /// Where deployments stand side by side: its share of the desired count.
    pub scale_percent: u32,
    /// How far it has come, if it stands beside what it replaces.
    pub lifecycle: Option<Lifecycle>,
}

impl Deployment {
    pub(super) fn new(
        id: String,
        service_deployment_id: String,
        task_definition: TaskDefinition,
        image_digest: String,
        now: Timestamp,
    ) -> Self {
        Self {
            rollout_state_reason: format!("ECS deployment {id} in progress."),
            id,
            service_deployment_id,
            task_definition,
            image_digest,
            rollout_state: RolloutState::InProgress,
            created_at: now,
            updated_at: now,
            ended_at: None,
            sources: Vec::new(),
            failures: Failures::default(),
            rolls_back: None,
            scale_percent: 100,
            lifecycle: None,
        }
    }
}

/// One of the messages that a service shows as its events.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceMessage {
    /// Its id.
    pub id: String,
    /// When.
    pub at: Timestamp,
    /// What happened.
    pub text: String,
}

/// An ECS service.
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
#[derive(Debug, Clone)]
pub struct Service {
    /// The cluster's name.
    pub cluster: String,
    /// Its name.
    pub name: String,
    /// Its ARN.
    pub arn: String,
    /// Whether it is there.
    pub status: ServiceStatus,
    /// How many tasks it shall have.
    pub desired_count: u32,
    /// Whether its scheduling strategy is DAEMON.
    pub daemon: bool,
    /// How its tasks are replaced.
    pub deploys: Deploys,
    /// While rolling, so many percent of the desired count stay healthy.
    pub minimum_healthy_percent: u32,
    /// While rolling, no more than so many percent of the desired count exist.
    pub maximum_percent: u32,
    /// `healthCheckGracePeriodSeconds`.
    pub health_check_grace_period_seconds: u32,
    /// Whether the deployment circuit breaker is on.
    pub circuit_breaker: bool,
    /// Whether it rolls back.
    pub rollback: bool,
    /// What its tasks answer instead of 200 while something that they depend on is down.
    pub dependency: Option<u16>,
    /// The PRIMARY deployment.
    pub primary: Deployment,
    /// The ACTIVE deployments, which the PRIMARY replaces, newest first.
    pub replaced: VecDeque<Deployment>,
    /// The deployments whose tasks are gone. AWS shows them for 90 days, the lab for ever.
    pub past: Vec<Deployment>,
    /// Recent messages, newest first.
    pub messages: VecDeque<ServiceMessage>,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
    /// When it was made.
    pub created_at: Timestamp,
    /// Whether it has said that it has reached a steady state and nothing changed since.
    pub(super) steady: bool,
}

impl Service {
    /// The deployments that have or shall have tasks, the PRIMARY first.
    pub fn deployments(&self) -> impl Iterator<Item = &Deployment> {
        std::iter::once(&self.primary).chain(&self.replaced)
    }

    /// Every deployment that there ever was, newest first.
    pub fn history(&self) -> Vec<&Deployment> {
        let mut history: Vec<&Deployment> = self.deployments().chain(&self.past).collect();
        history.sort_by_key(|deployment| std::cmp::Reverse(deployment.created_at));
        history
    }

    /// The fewest healthy tasks that a rollout may leave.
    pub(super) fn fewest(&self) -> usize {
        (self.desired_count * self.minimum_healthy_percent).div_ceil(100) as usize
    }

    /// The most tasks that a rollout may have.
    pub(super) fn most(&self) -> usize {
        (self.desired_count * self.maximum_percent / 100) as usize
    }

    pub(super) fn say(&mut self, message: ServiceMessage) {
        self.messages.push_front(message);
        self.messages.truncate(MESSAGES);
    }
}
