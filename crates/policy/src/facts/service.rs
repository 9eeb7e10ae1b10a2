//! The service and its deployments.

use std::time::Duration;

use jiff::Timestamp;
use serde::Serialize;

use crate::mode::ModeTag;
use crate::plan::Notes;

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
    /// Its deployments, in the order ECS lists them.
    pub deployments: Vec<Deployment>,
    /// How long ECS itself ignores health checks of a fresh task.
    pub health_check_grace: Duration,
    /// Who deploys it.
    pub controller: DeploymentController,
    /// What its tag `{APP_NAME}:healing` says.
    pub mode: ModeTag,
    /// Since when no task has been able to serve, by its tag `{APP_NAME}:unserved-since`. Kept on
    /// the service because no other trace tells how long a running task has not answered.
    pub unserved_since: Option<Timestamp>,
    /// When Eden forced a deployment or rolled one back in the last hours, by its tag
    /// `{APP_NAME}:redeployed`.
    pub redeployed_at: Vec<Timestamp>,
    /// Who acts on it now, by its tag `{APP_NAME}:claim`: an invocation's id and a time.
    pub claim: Option<String>,
    /// The condition that a look found and that has yet to last, by its tag `{APP_NAME}:seen`.
    pub seen: Option<String>,
    /// What people were told of, by its tag `{APP_NAME}:told`.
    pub told: Option<String>,
    /// What ECS lately said about it, newest first.
    pub events: Vec<ServiceEvent>,
}

/// A message of ECS about a service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceEvent {
    /// When.
    pub at: Timestamp,
    /// What.
    pub text: String,
}

impl Service {
    /// What its tags say of conditions.
    pub fn notes(&self) -> Notes<'_> {
        Notes { seen: self.seen.as_deref(), told: self.told.as_deref() }
    }

    /// The deployment that ECS is heading for.
    pub fn primary(&self) -> Option<&Deployment> {
        self.deployments.iter().find(|deployment| deployment.primary)
    }

    /// The deployment that is replacing tasks, if one is.
    pub fn rolling(&self) -> Option<&Deployment> {
        let replacing = self.deployments.iter().any(|deployment| !deployment.primary);
        self.primary().filter(|primary| match primary.rollout {
            RolloutState::InProgress => true,
            RolloutState::Completed | RolloutState::Unknown => replacing,
            RolloutState::Failed => false,
        })
    }

    /// The deployment that the circuit breaker gave up, if ECS is still left with it: it starts no
    /// further task of it, and keeps those of the one before as they are (F21).
    pub fn given_up(&self) -> Option<&Deployment> {
        self.primary().filter(|primary| primary.rollout == RolloutState::Failed)
    }
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

/// Who deploys a service; only ECS's own controller accepts a forced redeployment (F22).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeploymentController {
    /// ECS itself.
    Ecs,
    /// CodeDeploy, an external controller, or one this version does not know.
    Other,
}

/// A deployment of a service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deployment {
    /// Its id, which its tasks carry as `startedBy` (F21).
    pub id: String,
    /// Whether it is the PRIMARY one.
    pub primary: bool,
    /// How far it is.
    pub rollout: RolloutState,
    /// When it began: forced redeployments are spaced by it.
    pub created_at: Timestamp,
    /// The task definition that it runs.
    pub definition: String,
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
