//! Steps: the changes that a plan may consist of, as data for the act and as sentences for people.

use std::fmt;

use jiff::Timestamp;
use serde::Serialize;

use super::Sighting;
use crate::facts::{Pointer, Refused, task_id};
use crate::redact::{redacted, shown, shown_if_any};
use crate::uri;

/// One change to make in AWS.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "action", rename_all = "snake_case")]
pub enum Step {
    /// Point an integration to a task.
    PointIntegration {
        /// The API's id.
        api: String,
        /// The integration's id.
        integration: String,
        /// Its URI so far.
        #[serde(serialize_with = "shown_if_any")]
        from: Option<String>,
        /// Its URI from now on.
        #[serde(serialize_with = "shown")]
        to: String,
        /// The task there.
        task: String,
        /// What the task did instead of answering, if it does not yet: better than a dead address.
        #[serde(skip_serializing_if = "Option::is_none")]
        unready: Option<String>,
    },
    /// Point a variable of a stage to a task.
    SetStageVariable {
        /// The API's id.
        api: String,
        /// The stage's name.
        stage: String,
        /// The variable's name.
        variable: String,
        /// Its value so far.
        #[serde(serialize_with = "shown_if_any")]
        from: Option<String>,
        /// Its value from now on.
        #[serde(serialize_with = "shown")]
        to: String,
        /// The task there.
        task: String,
        /// What the task did instead of answering, if it does not yet: better than a dead address.
        #[serde(skip_serializing_if = "Option::is_none")]
        unready: Option<String>,
    },
    /// Point an integration to the maintenance page.
    ShowMaintenance {
        /// The API's id.
        api: String,
        /// The integration's id.
        integration: String,
        /// Its URI so far.
        #[serde(serialize_with = "shown_if_any")]
        from: Option<String>,
        /// Its URI from now on, which remembers the one so far.
        #[serde(serialize_with = "shown")]
        to: String,
    },
    /// Lead a pointer to nobody, away from an address that no task owns (F60).
    Park {
        /// The API's id.
        api: String,
        /// The integration or the variable.
        pointer: Pointer,
        /// Its URI or value so far.
        from: String,
        /// Those from now on of which API Gateway gets the first that it takes.
        to: Vec<String>,
        /// Why no task can own the address soon.
        because: String,
    },
    /// Note on the service that no task has been able to serve since then.
    MarkUnserved {
        /// The service's ARN.
        service: String,
        /// Since when.
        since: Timestamp,
        /// Whether that is because the route is parked, which people are told of.
        #[serde(skip)]
        parked: bool,
    },
    /// Take that note away: a task serves.
    ClearUnserved {
        /// The service's ARN.
        service: String,
        /// Since when none had been able to.
        since: Timestamp,
        /// Whether people were told, as the route was parked, and are told now that this is over.
        #[serde(skip)]
        told: bool,
    },
    /// Note on the service that somebody has led the route to an address of this account that is not
    /// the service's.
    MarkOverwritten {
        /// The service's ARN.
        service: String,
        /// When that was found, the earlier times included.
        at: Vec<Timestamp>,
    },
    /// Put the API's configuration into effect on a stage that does not do so by itself (F4).
    DeployStage {
        /// The API's id.
        api: String,
        /// The stage's name.
        stage: String,
        /// The description to leave on the deployment, by which a later look knows what is live.
        note: String,
    },
    /// Raise the desired count to the floor.
    RestoreDesiredCount {
        /// What it is.
        from: u32,
        /// What it is to be.
        to: u32,
    },
    /// Note on a task since when it has been sick.
    MarkSuspect {
        /// The task's ARN.
        task: String,
        /// Since when.
        since: Timestamp,
    },
    /// Take that note away: the task is well again.
    ClearSuspect {
        /// The task's ARN.
        task: String,
    },
    /// Note on the service that a condition was found, so that people hear of it when it lasts.
    MarkCondition {
        /// The service's ARN.
        service: String,
        /// The condition, and since when.
        #[serde(serialize_with = "as_text")]
        sighting: Sighting,
    },
    /// Take that note away: it is not found any more.
    ClearCondition {
        /// The service's ARN.
        service: String,
    },
    /// Note on the service since when it has failed as a whole.
    MarkFailing {
        /// The service's ARN.
        service: String,
        /// Since when.
        since: Timestamp,
        /// What runs: family and revision.
        definition: String,
    },
    /// Take that note away: it is well again.
    ClearFailing {
        /// What people know from then on, where that they were told of the failure must not keep them
        /// from being told of the next one.
        told: Option<String>,
        /// The service's ARN.
        service: String,
    },
    /// Run again what ran before the present deployment.
    RollBack {
        /// The PRIMARY deployment at the time of the decision, as for a forced one.
        replacing: String,
        /// The task definition to return to.
        to: String,
        /// The deployment in progress to stop, by its ARN in the service's history, where ECS itself
        /// returns to that task definition then.
        #[serde(skip_serializing_if = "Option::is_none")]
        stops: Option<String>,
        /// Why.
        because: String,
    },
    /// Stop a task, so that ECS starts another.
    StopTask {
        /// The task's ARN.
        task: String,
        /// Why, as ECS is to remember it (F18).
        because: String,
        /// Whether that is because ECS calls it UNHEALTHY: if it no longer does, the task is well.
        /// What ECS says of one that does not answer is nothing to go by.
        #[serde(skip)]
        unhealthy: bool,
    },
    /// Replace all tasks, new ones first.
    ForceDeployment {
        /// The PRIMARY deployment at the time of the decision: when it is another one by the
        /// time of the act, somebody else was quicker and the step is skipped.
        replacing: String,
        /// Why.
        because: String,
    },
}

impl Step {
    /// Whether it notes only that the service was found well, or that a condition is over.
    pub fn notes_that_all_is_well(&self) -> bool {
        match self {
            Step::MarkCondition { sighting, .. } => sighting.is_well(),
            Step::ClearCondition { .. } => true,
            _ => false,
        }
    }

    /// Whether it leads to the maintenance page, or back from there.
    pub fn is_about_maintenance(&self) -> bool {
        match self {
            Step::ShowMaintenance { .. } => true,
            Step::PointIntegration { from, .. } => is_maintenance(from.as_deref()),
            Step::SetStageVariable { .. }
            | Step::Park { .. }
            | Step::MarkUnserved { .. }
            | Step::ClearUnserved { .. }
            | Step::MarkOverwritten { .. }
            | Step::MarkSuspect { .. }
            | Step::ClearSuspect { .. }
            | Step::MarkCondition { .. }
            | Step::ClearCondition { .. }
            | Step::MarkFailing { .. }
            | Step::ClearFailing { .. }
            | Step::DeployStage { .. }
            | Step::RestoreDesiredCount { .. }
            | Step::StopTask { .. }
            | Step::ForceDeployment { .. }
            | Step::RollBack { .. } => false,
        }
    }

    /// Its name, and what it is about, where AWS may refuse it for good: the same step for the same
    /// thing would be refused again.
    pub fn subject(&self) -> Option<(&'static str, String)> {
        match self {
            Step::RollBack { to, .. } => Some(("roll_back", Refused::target(to))),
            Step::ForceDeployment { replacing, .. } => {
                Some(("force_deployment", Refused::target(replacing)))
            }
            Step::StopTask { task, .. } => Some(("stop_task", Refused::target(task))),
            Step::RestoreDesiredCount { to, .. } => Some(("restore_desired_count", to.to_string())),
            Step::PointIntegration { .. }
            | Step::SetStageVariable { .. }
            | Step::ShowMaintenance { .. }
            | Step::MarkUnserved { .. }
            | Step::ClearUnserved { .. }
            | Step::MarkOverwritten { .. }
            | Step::MarkSuspect { .. }
            | Step::ClearSuspect { .. }
            | Step::MarkCondition { .. }
            | Step::ClearCondition { .. }
            | Step::MarkFailing { .. }
            | Step::ClearFailing { .. }
            | Step::Park { .. }
            | Step::DeployStage { .. } => None,
        }
    }

    /// Whether it notes that the route is parked, or is not any more: by this people are told once,
    /// while in a crash loop the route may be parked after each death. It is health-monitor's to do.
    pub fn is_about_parking(&self) -> bool {
        matches!(
            self,
            Step::MarkUnserved { parked: true, .. } | Step::ClearUnserved { told: true, .. }
        )
    }

    /// Whether it is left to health-monitor: ip-updater may be woken by each task that comes or goes, and
    /// has no right to write these notes.
    pub fn is_of_health_monitor(&self) -> bool {
        self.is_about_parking() || matches!(self, Step::MarkOverwritten { .. })
    }

    /// Whether it parks the route, or notes that.
    pub fn parks(&self) -> bool {
        matches!(self, Step::Park { .. } | Step::MarkUnserved { parked: true, .. })
    }

    /// Whether nobody is told of it by itself: a note for later looks, or what people know.
    pub fn is_a_note(&self) -> bool {
        matches!(
            self,
            Step::MarkUnserved { parked: false, .. }
                | Step::ClearUnserved { told: false, .. }
                | Step::MarkOverwritten { .. }
                | Step::Park { .. }
                | Step::MarkSuspect { .. }
                | Step::ClearSuspect { .. }
                | Step::MarkCondition { .. }
                | Step::ClearCondition { .. }
                | Step::MarkFailing { .. }
                | Step::ClearFailing { .. }
        )
    }

    /// Whether it is a note, and the service has it.
    pub fn is_a_note_on_the_service(&self) -> bool {
        let is_of_another = matches!(
            self,
            Step::MarkSuspect { .. } | Step::ClearSuspect { .. } | Step::Park { .. }
        );
        self.is_a_note() && !is_of_another
    }

    /// Whether two invocations must not take it at the same time: doing it twice is not the same
    /// as doing it once.
    pub fn needs_a_claim(&self) -> bool {
        match self {
            Step::RestoreDesiredCount { .. }
            | Step::StopTask { .. }
            | Step::ForceDeployment { .. }
            | Step::RollBack { .. } => true,
            Step::PointIntegration { .. }
            | Step::SetStageVariable { .. }
            | Step::ShowMaintenance { .. }
            | Step::Park { .. }
            | Step::MarkUnserved { .. }
            | Step::ClearUnserved { .. }
            | Step::MarkOverwritten { .. }
            | Step::MarkSuspect { .. }
            | Step::ClearSuspect { .. }
            | Step::MarkCondition { .. }
            | Step::ClearCondition { .. }
            | Step::MarkFailing { .. }
            | Step::ClearFailing { .. }
            | Step::DeployStage { .. } => false,
        }
    }
}

fn as_text<S: serde::Serializer>(it: &impl fmt::Display, to: S) -> Result<S::Ok, S::Error> {
    to.collect_str(it)
}

fn is_maintenance(uri: Option<&str>) -> bool {
    uri.is_some_and(|uri| uri::before_maintenance(uri).is_some())
}

/// The step in a sentence's past tense, as mails and logs show it.
impl fmt::Display for Step {
    #[expect(clippy::too_many_lines, reason = "a sentence for each step")]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Step::PointIntegration { integration, from, to, task, unready, .. } => {
                let back = match from.as_deref() {
                    Some(from) if is_maintenance(Some(from)) => " back from the maintenance page",
                    Some(from) if uri::is_parked(from) => " back from parking",
                    Some(_) | None => "",
                };
                write!(
                    f,
                    "Pointed integration {integration}{back} to {} (task {task}",
                    redacted(to)
                )?;
                close(f, unready.as_deref())
            }
            Step::SetStageVariable { stage, variable, to, task, unready, .. } => {
                write!(
                    f,
                    "Set variable {variable} of stage {stage} to {} (task {task}",
                    redacted(to)
                )?;
                close(f, unready.as_deref())
            }
            Step::ShowMaintenance { integration, .. } => {
                write!(f, "Pointed integration {integration} to the maintenance page")
            }
            Step::Park { pointer, from, because, .. } => write!(
                f,
                "Parked {pointer}: no task owns the address in {from}, which may be anybody's, \
                 and {because}"
            ),
            Step::MarkUnserved { since, parked: true, .. } => write!(
                f,
                "Noted that the route is parked, as no task has been able to serve since {since:.0}"
            ),
            Step::MarkUnserved { since, .. } => {
                write!(f, "Noted that no task has been able to serve since {since:.0}")
            }
            Step::ClearUnserved { since, .. } => {
                write!(f, "Noted that a task serves again; none had since {since:.0}")
            }
            Step::MarkOverwritten { .. } => f.write_str(
                "Noted that somebody had led the route to another address of this account",
            ),
            Step::DeployStage { stage, .. } => write!(f, "Deployed stage {stage}"),
            Step::RestoreDesiredCount { from, to } => {
                write!(f, "Restored the desired count from {from} to {to}")
            }
            Step::MarkSuspect { task, since } => {
                write!(f, "Noted that task {} has been sick since {since:.0}", task_id(task))
            }
            Step::ClearSuspect { task } => {
                write!(f, "Noted that task {} is well again", task_id(task))
            }
            Step::MarkCondition { sighting, .. } if sighting.is_well() => {
                write!(f, "Noted that the service is well since {:.0}", sighting.since)
            }
            Step::MarkCondition { sighting: Sighting { name, of, since }, .. } => {
                write!(f, "Noted that {name} of {of} was found at {since:.0}")
            }
            Step::ClearCondition { .. } => {
                f.write_str("Noted that what was found before is not found any more")
            }
            Step::MarkFailing { since, definition, .. } => {
                write!(f, "Noted that the service has failed since {since:.0}, with {definition}")
            }
            Step::ClearFailing { .. } => f.write_str("Noted that the service is well again"),
            Step::RollBack { to, because, .. } => {
                write!(f, "Rolled the service back to {}: {because}", task_id(to))
            }
            Step::StopTask { task, because, .. } => {
                write!(f, "Stopped task {}: {because}", task_id(task))
            }
            Step::ForceDeployment { because, .. } => {
                write!(f, "Forced service redeployment: {because}")
            }
        }
    }
}

fn close(f: &mut fmt::Formatter<'_>, unready: Option<&str>) -> fmt::Result {
    match unready {
        None => f.write_str(")"),
        Some(because) => {
            write!(f, ", which does not answer yet: {because}; better than a dead address)")
        }
    }
}
