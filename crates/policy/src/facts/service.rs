//! The service and its deployments.

use std::time::Duration;

use jiff::Timestamp;
use serde::Serialize;

use super::{Observed, Refused};
use crate::mode::ModeTag;

/// An ECS service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Service {
    /// Its ARN; empty when it is missing.
    pub arn: String,
    /// Whether ECS works on it.
    pub status: ServiceStatus,
    /// Tasks it should run.
    pub desired: u32,
    /// Tasks it runs.
    pub running: u32,
    /// Tasks on their way to RUNNING.
    pub pending: u32,
    /// Who decides how many tasks it should run.
    pub scheduling: Scheduling,
    /// Its deployments, in the order ECS lists them. Where ECS does not deploy it, its task sets
    /// stand for them (F46).
    pub deployments: Vec<Deployment>,
    /// How ECS replaces its tasks.
    pub strategy: Strategy,
    /// How long a deployment keeps the old tasks after it shifted traffic (`bakeTimeInMinutes`).
    pub bake_time: Duration,
    /// How far the deployment is that shifts traffic; read only while there is one (F45).
    pub shift: Option<Observed<Shift>>,
    /// `minimumHealthyPercent`: at least so much of the desired count stays while a deployment
    /// replaces tasks.
    pub minimum_healthy_percent: u32,
    /// `maximumPercent`: at most so much of it runs meanwhile.
    pub maximum_percent: u32,
    /// How long ECS itself ignores health checks of a fresh task.
    pub health_check_grace: Duration,
    /// Who deploys it.
    pub controller: DeploymentController,
    /// What its tag `{APP_NAME}:healing` says.
    pub mode: ModeTag,
    /// Since when no task has been able to serve, by its tag `{APP_NAME}:unserved-since`. Kept on
    /// the service because no other trace tells how long a running task has not answered.
    pub unserved_since: Option<Timestamp>,
    /// Since when it has failed as a whole, by its tag `{APP_NAME}:failing-since`.
    pub failing: Option<Failing>,
    /// When Eden forced a deployment or rolled one back in the last hours, by its tag
    /// `{APP_NAME}:redeployed`.
    pub redeployed_at: Vec<Timestamp>,
    /// When Eden stopped tasks of it in the last hours, by its tag `{APP_NAME}:stopped`. ECS remembers
    /// that too, but perhaps for less than an hour (F18).
    pub stopped_at: Vec<Timestamp>,
    /// When Eden raised its desired count in the last days, by its tag `{APP_NAME}:restored`.
    pub restored_at: Vec<Timestamp>,
    /// When somebody had led the route to an address of this account that is not the service's, in the
    /// last hours, by its tag `{APP_NAME}:overwritten`.
    pub overwritten_at: Vec<Timestamp>,
    /// What AWS refused to do for Eden, by its tag `{APP_NAME}:refused`.
    pub refused: Vec<Refused>,
    /// Who acts on it now, by its tag `{APP_NAME}:claim`: an invocation's id and a time.
    pub claim: Option<String>,
    /// The condition that a look found and that has yet to last, by its tag `{APP_NAME}:seen`.
    pub seen: Option<String>,
    /// What people were told of, by its tag `{APP_NAME}:told`.
    pub told: Option<String>,
    /// That runs of health-monitor fail, by its tag `{APP_NAME}:failed-runs`.
    pub failed_runs: Option<String>,
    /// What was last done and told by one of several runs, by its tag `{APP_NAME}:reported`.
    pub reported: Option<String>,
    /// What ECS lately said about it, newest first.
    pub events: Vec<ServiceEvent>,
}

/// The note of a service that fails as a whole: what was done against it before that time, or while
/// something else ran, was done against something else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failing {
    /// Since when.
    pub since: Timestamp,
    /// What has run since then: family and revision of the task definition.
    pub definition: String,
}

/// A message of ECS about a service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceEvent {
    /// When.
    pub at: Timestamp,
    /// What.
    pub text: String,
}

/// A service's status; `Missing` when ECS knows no service of that name (it answers with a failure
/// of reason MISSING then, F17).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ServiceStatus {
    /// ECS keeps its tasks running.
    Active,
    /// Being deleted.
    Draining,
    /// Deleted.
    Inactive,
    /// Never existed, or deleted long ago.
    Missing,
    /// A status this version does not know (F15).
    Unknown,
}

/// Who deploys a service; only ECS's own controller accepts a forced redeployment (F22), and only
/// with it does the service have deployments rather than task sets (F46).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeploymentController {
    /// ECS itself.
    Ecs,
    /// CodeDeploy, an external controller, or one this version does not know.
    Other,
}

/// Who decides how many tasks a service should run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scheduling {
    /// Whoever sets its desired count.
    Replica,
    /// ECS: one on each container instance. It refuses a desired count (F47).
    Daemon,
    /// A strategy this version does not know (F15).
    Unknown,
}

/// How ECS replaces the tasks of a service that it deploys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Strategy {
    /// One after the other; what runs, serves.
    Rolling,
    /// It starts all new tasks beside the old ones, then shifts all traffic.
    BlueGreen,
    /// The same, but shifts traffic in equal steps.
    Linear,
    /// The same, but shifts a small part of the traffic first.
    Canary,
    /// A strategy this version does not know (F15): traffic may be shifted as by the others.
    Unknown,
}

/// How far a deployment is that shifts traffic. Without a load balancer ECS shifts none, and the
/// gateway is led by these stages instead (F45).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shift {
    /// Whose the production traffic is.
    pub traffic: Traffic,
    /// The id of the deployment that brings the new tasks, if it is one of the service's.
    pub target: Option<String>,
    /// What AWS says of it: its lifecycle stage, or its status when it does not go on.
    pub stage: String,
}

/// Whose the production traffic is while a deployment shifts it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Traffic {
    /// Still that of the old tasks: the new ones have yet to be validated.
    Source,
    /// That of the new tasks: the stage PRODUCTION_TRAFFIC_SHIFT is over.
    Target,
    /// That of the old tasks again: the deployment is rolled back, or was stopped.
    Back,
}

/// A deployment of a service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deployment {
    /// Its id, which its tasks carry as `startedBy` (F21, F46).
    pub id: String,
    /// Whether it is the PRIMARY one.
    pub primary: bool,
    /// How far it is.
    pub rollout: RolloutState,
    /// When it began: forced redeployments are spaced by it.
    pub created_at: Timestamp,
    /// The task definition that it runs.
    pub definition: String,
    /// Tasks it should run.
    pub desired: u32,
}

impl Deployment {
    /// Family and revision of the task definition that it runs, as much of them as a tag holds beside
    /// a time (F36).
    pub fn runs(&self) -> &str {
        const MOST: usize = 200;
        let name = self.definition.rsplit('/').next().unwrap_or(&self.definition);
        name.get(name.len().saturating_sub(MOST)..).unwrap_or(name)
    }
}

/// How far a deployment is (F21).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RolloutState {
    /// Tasks are being replaced.
    InProgress,
    /// Steady.
    Completed,
    /// The circuit breaker gave it up.
    Failed,
    /// ECS did not say.
    Unknown,
}
