//! What was read, as one screen shows it.

use eden_core::config::HealthMonitorConfig;
use eden_core::report::Counts;
use eden_core::tags::HEALING;
use eden_policy::Routing;
use eden_policy::evidence::Evidence;
use eden_policy::facts::{
    Facts, LastStatus, Observed, RolloutState, Route, Service, Task, TaskHealth, TaskNetwork,
};
use eden_policy::health::remedies;
use eden_policy::mode::{self, ModeTag};
use eden_policy::redact::redacted;
use eden_policy::route::{Lead, View};
use jiff::Timestamp;
use serde_json::Value;

use super::view::{Alarm, Budget, Deployment, Healing, LeadsTo, PointerRow, Status, TaskRow};
use crate::log_line::Action;

/// So many actions are shown.
const ACTIONS: usize = 5;

/// What the logs tell of the last hour.
#[derive(Debug, Clone, Default)]
pub struct Lately {
    pub actions: Vec<Action>,
    pub report: Option<Value>,
    pub unread: Vec<String>,
}

impl Status {
    /// Puts together what was read.
    pub fn of(config: &HealthMonitorConfig, facts: &Facts, lately: Lately, now: Timestamp) -> Self {
        let Lately { mut actions, report, mut unread } = lately;
        actions.sort_by_key(|action| std::cmp::Reverse(action.at));
        actions.truncate(ACTIONS);
        unread.extend(unread_facts(facts));
        let service = facts.service.known();
        let tasks = facts.tasks.known().map_or(&[][..], Vec::as_slice);
        let route = facts.route.as_ref();
        let route = route.map(|route| pointers(config, service, tasks, route, now));
        let route = route.unwrap_or_default();
        Status {
            at: now,
            cluster: config.target.cluster.clone(),
            service: config.target.service.clone(),
            counts: Counts::of(facts),
            deployments: service.map(deployments).unwrap_or_default(),
            tasks: rows(facts, tasks, &route, now),
            alarm: alarm(config, facts),
            healing: healing(config, &facts.service),
            budget: service.zip(facts.tasks.known()).map(|(service, tasks)| {
                let spent = remedies(service, tasks, now).len();
                let per_hour = config.limits.healing_budget_per_hour;
                let left = per_hour.saturating_sub(u32::try_from(spent).unwrap_or(u32::MAX));
                Budget { left, per_hour }
            }),
            last_run: report,
            route,
            actions,
            unread,
        }
    }
}

fn unread_facts(facts: &Facts) -> Vec<String> {
    let route = facts.route.as_ref();
    let pointers = route.map_or(&[][..], |route| route.pointers.as_slice());
    let of_pointers = pointers.iter().map(|(_, integration)| integration.unknown());
    let of_facts = [
        facts.service.unknown(),
        facts.tasks.unknown(),
        facts.alarm.unknown(),
        route.and_then(|route| route.endpoints.unknown()),
    ];
    of_facts.into_iter().chain(of_pointers).flatten().map(str::to_owned).collect()
}

fn deployments(service: &Service) -> Vec<Deployment> {
    let rollout = |state| match state {
        RolloutState::InProgress => "IN_PROGRESS",
        RolloutState::Completed => "COMPLETED",
        RolloutState::Failed => "FAILED",
        RolloutState::Unknown => "unknown",
    };
    let deployments = service.deployments.iter().map(|it| Deployment {
        id: it.id.clone(),
        primary: it.primary,
        rollout: rollout(it.rollout),
        created_at: it.created_at,
        definition: it.definition.rsplit('/').next().unwrap_or_default().to_owned(),
    });
    deployments.collect()
}

fn pointers(
    config: &HealthMonitorConfig,
    service: Option<&Service>,
    tasks: &[Task],
    route: &Route,
    now: Timestamp,
) -> Vec<PointerRow> {
    let default = Routing::default();
    let routing = config.gateway.as_ref().map_or(&default, |gateway| &gateway.routing);
    let view = View::of(service, tasks, route, routing, now);
    let pointers = route.pointers.iter().map(|(pointer, integration)| {
        let lead = integration.known().map(|integration| view.lead(pointer, integration));
        let (leads_to, task) = match lead {
            None => (LeadsTo::Unknown, None),
            Some(Lead::Maintenance) => (LeadsTo::MaintenancePage, None),
            Some(Lead::Parked) => (LeadsTo::Parked, None),
            Some(Lead::Elsewhere) => (LeadsTo::Elsewhere, None),
            Some(Lead::Task(task, _)) => (LeadsTo::Task, Some(task.id().to_owned())),
        };
        let uri = integration.known().and_then(|integration| integration.uri.as_deref());
        let uri = uri.map(|uri| redacted(uri).into_owned());
        PointerRow { pointer: pointer.to_string(), uri, leads_to, task }
    });
    pointers.collect()
}

/// The tasks that are not over, oldest first.
fn rows(facts: &Facts, tasks: &[Task], route: &[PointerRow], now: Timestamp) -> Vec<TaskRow> {
    let endpoints = facts.route.as_ref().and_then(|route| route.endpoints.known());
    let alive = |task: &&Task| task.wanted || task.network != TaskNetwork::Unattached;
    let mut tasks: Vec<_> = tasks.iter().filter(alive).collect();
    tasks.sort_by_key(|task| (task.created_at, &task.arn));
    let row = |task: &Task| {
        let since = task.started_at.or(task.created_at);
        let age = since.and_then(|at| u64::try_from(now.duration_since(at).as_secs()).ok());
        TaskRow {
            id: task.id().to_owned(),
            status: status(task),
            health: match task.health {
                TaskHealth::Healthy => "HEALTHY",
                TaskHealth::Unhealthy => "UNHEALTHY",
                TaskHealth::Unknown => "UNKNOWN",
            },
            age_seconds: age,
            address: endpoints.and_then(|endpoints| endpoints.get(&task.arn).copied()),
            routed: route.iter().any(|it| it.task.as_deref() == Some(task.id())),
            suspect_since: task.suspect_since,
        }
    };
    tasks.into_iter().map(row).collect()
}

/// A task that is asked to stop calls itself RUNNING for a while (F9).
fn status(task: &Task) -> &'static str {
    match task.last_status {
        LastStatus::Running if !task.wanted => "stopping",
        LastStatus::Running => "running",
        LastStatus::Starting => "starting",
        LastStatus::Stopping => "stopping",
        LastStatus::Unknown => "unknown",
    }
}

fn alarm(config: &HealthMonitorConfig, facts: &Facts) -> Option<Alarm> {
    match Evidence::of_alarm(*facts.alarm.known()?) {
        Evidence::AlarmState { state } => Some(Alarm { name: config.alarm_name.clone(), state }),
        _ => None,
    }
}

fn healing(config: &HealthMonitorConfig, service: &Observed<Service>) -> Healing {
    let setting = config.target.mode;
    let (mode, doubt) = mode::effective(setting, service);
    let by = match (doubt, service.known().map(|service| &service.mode)) {
        (Some(doubt), _) => doubt.to_string(),
        (None, Some(ModeTag::Set(_))) => format!("the tag {}", config.target.tag(HEALING)),
        (None, _) => "the parameter HealingMode".to_owned(),
    };
    Healing { mode, by }
}
