//! Act: the plan's steps, one after the other. Makes no choices of its own.

pub(crate) mod ecs;
mod gateway;
mod notes;
mod once;

use ecs::Way;
pub use ecs::{tag, untag};
use eden_policy::Step;
use eden_policy::facts::Refused;
use eden_policy::route::is_move;

use crate::aws::Aws;
use crate::call_error::CallError;
use crate::config::{ApiType, Target};
use crate::tags::{OVERWRITTEN, SEEN};

/// What became of a step.
#[derive(Debug)]
#[must_use = "a step that failed must be reported"]
pub struct Attempt {
    /// The step.
    pub step: Step,
    /// Done, skipped, or why it failed.
    pub outcome: Result<Outcome, CallError>,
}

impl Attempt {
    /// What AWS refused, if it did.
    pub fn refused(&self) -> Option<&Refused> {
        match &self.outcome {
            Ok(Outcome::Refused(refused)) => Some(refused),
            Ok(Outcome::Done | Outcome::Skipped(_)) | Err(_) => None,
        }
    }
}

/// What became of a step that did not fail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// AWS accepted the change.
    Done,
    /// It was not needed any more; the text says why.
    Skipped(String),
    /// AWS refused it for good, which is noted on the service.
    Refused(Refused),
}

/// Takes every step, in order. One that fails does not keep the others from being taken: they are
/// for other things. A deployment after it says that it shows a part of the route only, so that the
/// next look makes up for it; nor is it noted that the route was led back.
pub async fn execute(
    aws: &Aws,
    target: &Target,
    api_type: ApiType,
    steps: Vec<Step>,
) -> Vec<Attempt> {
    let mut attempts: Vec<Attempt> = Vec::with_capacity(steps.len());
    for mut step in steps {
        let failed = |attempt: &Attempt| {
            is_move(&attempt.step) && !matches!(attempt.outcome, Ok(Outcome::Done))
        };
        if let Step::DeployStage { note, .. } = &mut step
            && attempts.iter().any(failed)
        {
            note.push_str(", in part");
        }
        tracing::info!(%step, "acting");
        let is_moot = matches!(step, Step::MarkOverwritten { .. }) && attempts.iter().any(failed);
        let outcome = if is_moot {
            Ok(Outcome::Skipped("the route could not be led back".to_owned()))
        } else {
            take(aws, target, api_type, &step).await
        };
        attempts.push(Attempt { step, outcome });
    }
    attempts
}

async fn take(
    aws: &Aws,
    target: &Target,
    api_type: ApiType,
    step: &Step,
) -> Result<Outcome, CallError> {
    match step {
        Step::PointIntegration { api, integration, to, .. }
        | Step::ShowMaintenance { api, integration, to, .. } => {
            gateway::point_integration(aws, api_type, api, integration, to).await
        }
        Step::SetStageVariable { api, stage, variable, to, .. } => {
            gateway::set_variable(aws, api_type, api, stage, (variable, to)).await
        }
        Step::DeployStage { api, stage, note } => {
            gateway::deploy_stage(aws, api_type, api, stage, note).await
        }
        Step::Park { api, pointer, from, to, .. } => {
            gateway::park(aws, api_type, api, pointer, (from, to)).await
        }
        Step::MarkUnserved { service, since, .. } => {
            ecs::mark_unserved(aws, target, service, *since).await
        }
        Step::ClearUnserved { service, .. } => ecs::clear_unserved(aws, target, service).await,
        Step::MarkOverwritten { service, at } => {
            let value = notes::remembered(at.clone());
            ecs::note(aws, target, service, OVERWRITTEN, &value).await
        }
        Step::RestoreDesiredCount { from, to } => {
            ecs::raise_desired_count(aws, target, step, *from, *to).await
        }
        Step::StopTask { task, because, unhealthy } => {
            ecs::stop_task(aws, target, step, (task, because, *unhealthy)).await
        }
        Step::MarkSuspect { task, since } => ecs::mark_suspect(aws, target, task, *since).await,
        Step::ClearSuspect { task } => ecs::clear_suspect(aws, target, task).await,
        Step::MarkCondition { service, sighting } => {
            ecs::note(aws, target, service, SEEN, &sighting.to_string()).await
        }
        Step::ClearCondition { service } => ecs::take_off(aws, target, service, SEEN).await,
        Step::MarkFailing { service, since, definition } => {
            ecs::mark_failing(aws, target, service, *since, definition).await
        }
        Step::ClearFailing { told, service } => {
            ecs::clear_failing(aws, target, service, told.as_deref()).await
        }
        Step::ForceDeployment { replacing, .. } => {
            ecs::deploy(aws, target, step, replacing, Way::Again).await
        }
        Step::RollBack { replacing, to, stops, .. } => {
            let way = stops.as_deref().map_or(Way::To(to), Way::Stopping);
            ecs::deploy(aws, target, step, replacing, way).await
        }
    }
}
