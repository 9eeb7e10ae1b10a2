//! The service: what health-monitor would find now.

use std::collections::BTreeSet;

use eden_core::config::Gateway;
use eden_policy::facts::Facts;
use eden_policy::health::Finding;
use eden_policy::{Diagnosis, Evidence};
use jiff::Timestamp;

use super::check::{Check, Outcome, set_parameters};

/// What health-monitor would see now, and think of it.
#[derive(Debug)]
pub struct Looked {
    /// Where the route is written, if health-monitor is told of one.
    pub gateway: Option<Gateway>,
    /// What it would see.
    pub facts: Facts,
    /// What it would think of it.
    pub finding: Finding,
    /// When.
    pub now: Timestamp,
}

/// Whether the service is healthy.
pub fn check(looked: Result<&Looked, &str>) -> Check {
    let outcome = match looked {
        Ok(looked) => judge(&looked.finding),
        Err(why) => Outcome::unknown(why),
    };
    Check::new("service", outcome)
}

/// Says of images that a tag names that a forced deployment may release something; there is nothing to
/// say of others, or where the tasks were not read.
pub fn images(looked: Result<&Looked, &str>) -> Option<Check> {
    let tasks = looked.ok()?.facts.tasks.known()?;
    let images = tasks.iter().filter(|task| task.runs()).flat_map(|task| &task.images);
    let moving: BTreeSet<_> = images.filter(|image| image.may_move()).map(|it| &*it.name).collect();
    let names = moving.into_iter().collect::<Vec<_>>().join(", ");
    let warning = format!(
        "note: {names} may mean another image by now, which a forced deployment, Eden's too, would \
         release. Name images by digest, or let the registry refuse to push a tag twice"
    );
    (!names.is_empty()).then(|| Check::new("images", Outcome::passed(warning)))
}

fn judge(Finding { diagnosis, evidence, plan, .. }: &Finding) -> Outcome {
    let waits = "wait for it: ECS is at work";
    let counts = evidence.iter().find(|it| matches!(it, Evidence::Counts { .. }));
    let found = match counts {
        Some(counts) => format!("{diagnosis} ({counts})"),
        None => diagnosis.to_string(),
    };
    match diagnosis {
        Diagnosis::Healthy | Diagnosis::ScaledToZero => Outcome::passed(found),
        Diagnosis::Unknown => {
            let unread: Vec<_> = plan.unknown_facts().map(ToString::to_string).collect();
            Outcome::unknown(if unread.is_empty() { found } else { unread.join("; ") })
        }
        Diagnosis::Paused => {
            Outcome::unknown(format!("{found}, so nobody looks: `eden resume` ends that"))
        }
        Diagnosis::Starting
        | Diagnosis::Rolling { overdue: false, .. }
        | Diagnosis::OldTasksRemain { overdue: false, .. } => Outcome::failed(found, waits),
        Diagnosis::NotActive { .. } => Outcome::failed(
            found,
            format!("make the service, or {}", set_parameters("ECSCluster=NAME ECSService=NAME")),
        ),
        Diagnosis::WrongPath { .. } | Diagnosis::Unclear { .. } => Outcome::failed(
            found,
            format!(
                "{}, a path that a healthy task answers well without a login and without a limit on \
                 requests; HealthCheckStatus says what is well",
                set_parameters("HealthCheckPath=PATH")
            ),
        ),
        Diagnosis::BeforeTasks => Outcome::failed(
            found,
            "look at the API: its authorizer, limits, time-outs and other integrations; the tasks are \
             well",
        ),
        Diagnosis::Rolling { overdue: true, .. }
        | Diagnosis::OldTasksRemain { overdue: true, .. }
        | Diagnosis::NoInstances
        | Diagnosis::RolloutFailed { .. }
        | Diagnosis::RouteStale
        | Diagnosis::TaskSick { .. }
        | Diagnosis::TaskStuck { .. }
        | Diagnosis::TooFewTasks { .. }
        | Diagnosis::ServiceSick
        | Diagnosis::Disputed
        | Diagnosis::CrashLoop { .. }
        | Diagnosis::CannotStart { .. }
        | Diagnosis::BelowFloor { .. } => Outcome::failed(
            found,
            "`eden diagnose` shows the evidence and what Eden would do, `eden heal` does it",
        ),
    }
}

#[cfg(test)]
mod tests {
    use eden_policy::Plan;

    use super::*;

    fn outcome(diagnosis: Diagnosis) -> Outcome {
        let (evidence, plan) = (Vec::new(), Plan::default());
        judge(&Finding { diagnosis, evidence, plan, condition: None, is_over: false })
    }

    #[test]
    fn only_what_is_known_to_be_sick_fails() {
        let passed = |it| matches!(outcome(it), Outcome::Passed { .. });
        let unknown = |it| matches!(outcome(it), Outcome::Unknown { .. });
        let failed = |it| matches!(outcome(it), Outcome::Failed { .. });

        assert!(passed(Diagnosis::Healthy));
        assert!(passed(Diagnosis::ScaledToZero), "that is somebody's will");
        assert!(unknown(Diagnosis::Unknown));
        assert!(unknown(Diagnosis::Paused), "nobody looks then");
        assert!(failed(Diagnosis::Starting));
        assert!(failed(Diagnosis::ServiceSick));
        assert!(failed(Diagnosis::BeforeTasks));
        assert!(failed(Diagnosis::WrongPath { answer: "GET /health answered 404".to_owned() }));
        assert!(failed(Diagnosis::TooFewTasks { running: 0, desired: 1 }));
    }
}
