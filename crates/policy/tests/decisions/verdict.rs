//! Decisions about the service's health, and what is asked of them.

use std::time::Duration;

use eden_policy::facts::task_id;
use eden_policy::health::{self, Finding, Rules};
use eden_policy::mode::Mode;
use eden_policy::route::is_of_route;
use eden_policy::{Diagnosis, Facts, Hold, Limits, Maintenance, Routing, Step};

use crate::fixtures::{PAGE, now};

pub fn decide(facts: &Facts) -> Finding {
    decide_under(facts, &Limits::default())
}

pub fn decide_under(facts: &Facts, limits: &Limits) -> Finding {
    let rules = Rules { limits, routing: &Routing::default(), mode: Mode::On };
    health::decide(facts, rules, now())
}

pub fn decide_with_page(facts: &Facts) -> Finding {
    let page = Maintenance { url: PAGE.to_owned(), after: Duration::from_mins(1) };
    let routing = Routing { maintenance: Some(page), ..Routing::default() };
    let rules = Rules { limits: &Limits::default(), routing: &routing, mode: Mode::On };
    health::decide(facts, rules, now())
}

/// The limits that allow a rollback.
pub fn rollback() -> Limits {
    Limits { rollback: true, ..Limits::default() }
}

pub trait FindingExt {
    fn stopped(&self) -> Vec<&str>;
    fn marked(&self) -> Vec<&str>;
    fn cleared(&self) -> Vec<&str>;
    fn redeploys(&self) -> bool;
    fn rolls_back(&self) -> bool;
    fn remedies(&self) -> Vec<&Step>;
    fn holds(&self, hold: &Hold) -> bool;
    fn reasons(&self) -> Vec<&'static str>;
    fn condition(&self) -> Option<&str>;
}

impl FindingExt for Finding {
    /// The tasks that are stopped, by id.
    fn stopped(&self) -> Vec<&str> {
        let steps = self.plan.steps.iter();
        let tasks = steps.filter_map(|step| match step {
            Step::StopTask { task, .. } => Some(task_id(task)),
            _ => None,
        });
        tasks.collect()
    }

    /// The tasks that are noted as suspects.
    fn marked(&self) -> Vec<&str> {
        let steps = self.plan.steps.iter();
        let tasks = steps.filter_map(|step| match step {
            Step::MarkSuspect { task, .. } => Some(task_id(task)),
            _ => None,
        });
        tasks.collect()
    }

    /// The tasks that are suspects no more.
    fn cleared(&self) -> Vec<&str> {
        let steps = self.plan.steps.iter();
        let tasks = steps.filter_map(|step| match step {
            Step::ClearSuspect { task } => Some(task_id(task)),
            _ => None,
        });
        tasks.collect()
    }

    fn redeploys(&self) -> bool {
        self.plan.steps.iter().any(|step| matches!(step, Step::ForceDeployment { .. }))
    }

    fn rolls_back(&self) -> bool {
        self.plan.steps.iter().any(|step| matches!(step, Step::RollBack { .. }))
    }

    /// The steps that change the service: all but notes and the route.
    fn remedies(&self) -> Vec<&Step> {
        let steps = self.plan.steps.iter();
        steps.filter(|step| !step.is_a_note() && !is_of_route(step)).collect()
    }

    fn holds(&self, hold: &Hold) -> bool {
        self.plan.holds.contains(hold)
    }

    /// The reasons of the holds, by name, but for those that only say where the route leads.
    fn reasons(&self) -> Vec<&'static str> {
        let reasons = self.plan.holds.iter().map(Hold::reason);
        reasons.filter(|reason| *reason != "already_routed").collect()
    }

    fn condition(&self) -> Option<&str> {
        self.condition.as_ref().map(|condition| condition.name.as_str())
    }
}

/// A diagnosis by its name.
pub fn named(diagnosis: &Diagnosis) -> &'static str {
    match diagnosis {
        Diagnosis::Healthy => "healthy",
        Diagnosis::Starting => "starting",
        Diagnosis::Rolling { overdue: false, .. } => "rolling",
        Diagnosis::Rolling { overdue: true, .. } => "rolling_overdue",
        Diagnosis::OldTasksRemain { .. } => "old_tasks_remain",
        Diagnosis::NoInstances => "no_instances",
        Diagnosis::RolloutFailed { .. } => "rollout_failed",
        Diagnosis::RouteStale => "route_stale",
        Diagnosis::TaskSick { .. } => "task_sick",
        Diagnosis::TaskStuck { .. } => "task_stuck",
        Diagnosis::TooFewTasks { .. } => "too_few_tasks",
        Diagnosis::ServiceSick => "service_sick",
        Diagnosis::Disputed => "disputed",
        Diagnosis::BeforeTasks => "before_tasks",
        Diagnosis::WrongPath { .. } => "wrong_path",
        Diagnosis::Unclear { .. } => "unclear",
        Diagnosis::CrashLoop { .. } => "crash_loop",
        Diagnosis::CannotStart { .. } => "cannot_start",
        Diagnosis::Paused => "paused",
        Diagnosis::BelowFloor { .. } => "below_floor",
        Diagnosis::ScaledToZero => "scaled_to_zero",
        Diagnosis::NotActive { .. } => "not_active",
        Diagnosis::Unknown => "unknown",
    }
}
