//! One screen, as data.

use std::net::SocketAddr;

use eden_core::report::Counts;
use eden_policy::Mode;
use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;

use crate::log_line::Action;

/// One screen.
#[derive(Debug, Clone, Serialize)]
pub struct Status {
    /// When it was looked.
    pub at: Timestamp,
    /// The cluster.
    pub cluster: String,
    /// The service.
    pub service: String,
    /// Its counts, if it was read.
    pub counts: Option<Counts>,
    /// Its deployments.
    pub deployments: Vec<Deployment>,
    /// Its tasks that are not over.
    pub tasks: Vec<TaskRow>,
    /// Where the gateway leads.
    pub route: Vec<PointerRow>,
    /// The 5XX alarm, if it was read.
    pub alarm: Option<Alarm>,
    /// Whether Eden acts.
    pub healing: Healing,
    /// What Eden may still do, if that was read.
    pub budget: Option<Budget>,
    /// The report of health-monitor's last run, with what it held.
    pub last_run: Option<Value>,
    /// The last actions of either function, newest first.
    pub actions: Vec<Action>,
    /// What could not be read, and why.
    pub unread: Vec<String>,
}

/// A deployment.
#[derive(Debug, Clone, Serialize)]
pub struct Deployment {
    /// Its id.
    pub id: String,
    /// Whether it is the PRIMARY one.
    pub primary: bool,
    /// How far it is, in ECS's words.
    pub rollout: &'static str,
    /// When it was made.
    pub created_at: Timestamp,
    /// The task definition, without its ARN.
    pub definition: String,
}

/// A task.
#[derive(Debug, Clone, Serialize)]
pub struct TaskRow {
    /// Its id.
    pub id: String,
    /// Where it is in its life.
    pub status: &'static str,
    /// What ECS says of its health.
    pub health: &'static str,
    /// Since it runs, or was requested.
    pub age_seconds: Option<u64>,
    /// Where it is reached from the internet.
    pub address: Option<SocketAddr>,
    /// Whether the gateway leads here.
    pub routed: bool,
    /// Since when Eden has found it sick.
    pub suspect_since: Option<Timestamp>,
}

/// What the gateway finds a task by.
#[derive(Debug, Clone, Serialize)]
pub struct PointerRow {
    /// The integration or the stage variable.
    pub pointer: String,
    /// Its URI or value.
    pub uri: Option<String>,
    /// What is there.
    pub leads_to: LeadsTo,
    /// The task that is there.
    pub task: Option<String>,
}

/// What a pointer leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum LeadsTo {
    /// A task of the service.
    Task,
    /// The maintenance page.
    MaintenancePage,
    /// Nobody, since no task could own the address.
    Parked,
    /// None of these: an address may be anybody's.
    Elsewhere,
    /// It could not be read.
    Unknown,
}

/// The 5XX alarm.
#[derive(Debug, Clone, Serialize)]
pub struct Alarm {
    /// Its name.
    pub name: String,
    /// Its state, in AWS's words.
    pub state: &'static str,
}

/// Whether Eden acts.
#[derive(Debug, Clone, Serialize)]
pub struct Healing {
    /// The mode that holds.
    pub mode: Mode,
    /// What says so.
    pub by: String,
}

/// What Eden may still do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Budget {
    /// Remedies that are left.
    pub left: u32,
    /// Remedies that there are in an hour.
    pub per_hour: u32,
}
