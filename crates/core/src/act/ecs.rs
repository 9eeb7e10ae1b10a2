//! Changes to the service and its tasks.

use aws_sdk_ecs::types::{StopServiceDeploymentStopType, Tag};
use eden_policy::Step;
use eden_policy::facts::{Service, ServiceStatus, Stop};
use jiff::Timestamp;

use super::Outcome;
use super::notes::{NOT_FOUND, Note, Noted};
use super::once::once;
use crate::aws::Aws;
use crate::call_error::CallError;
use crate::config::Target;
use crate::observe;
use crate::tags::{
    FAILING_SINCE, NOTED, REDEPLOYED, RESTORED, STOPPED, SUSPECT_SINCE, TOLD, UNSERVED_SINCE,
};

/// ECS keeps at most this much of a reason (F18).
const REASON_LIMIT: usize = 255;

/// How a service is deployed.
#[derive(Debug, Clone, Copy)]
pub(super) enum Way<'a> {
    /// The same again.
    Again,
    /// Another task definition.
    To(&'a str),
    /// The deployment in progress, by its ARN in the service's history, is stopped: ECS returns to what
    /// ran before (F53).
    Stopping(&'a str),
}

/// Stops a task with a reason that comes back in its `stoppedReason` (F18), unless it has begun to
/// stop since the decision, or is no longer `unhealthy` if it was.
pub(super) async fn stop_task(
    aws: &Aws,
    target: &Target,
    step: &Step,
    (task, because, unhealthy): (&str, &str, bool),
) -> Result<Outcome, CallError> {
    let moot = || observe::no_reason_to_stop(aws, target, task, unhealthy);
    let (why, service) = tokio::try_join!(moot(), observe::service(aws, target))?;
    if let Some(why) = why {
        return Ok(Outcome::Skipped(why));
    }
    let reason = format!("{}{because}", Stop::MARK).chars().take(REASON_LIMIT).collect::<String>();
    let request = aws.ecs.stop_task().cluster(&target.cluster).task(task).reason(reason);
    let call = || async {
        let answer = request.clone().send().await;
        answer.map(drop).map_err(|error| CallError::new("StopTask", task, &error))
    };
    let note = Note { tag: STOPPED, earlier: &service.stopped_at };
    Box::pin(Noted { aws, target, service: &service, note, step }.take(moot, call)).await
}

/// Raises the desired count, unless somebody has changed it since the decision: then it is theirs, and
/// the next look decides anew. It is never lowered.
pub(super) async fn raise_desired_count(
    aws: &Aws,
    target: &Target,
    step: &Step,
    from: u32,
    to: u32,
) -> Result<Outcome, CallError> {
    let moot = |service: &Service| {
        // ECS may call the service MISSING by now, which says nothing of its count.
        if service.status == ServiceStatus::Missing {
            return Some(NOT_FOUND.to_owned());
        }
        let present = service.desired;
        (present != from || present >= to)
            .then(|| format!("the desired count is {present} by now, not {from}"))
    };
    let service = observe::service(aws, target).await?;
    if let Some(why) = moot(&service) {
        return Ok(Outcome::Skipped(why));
    }
    let request = aws.ecs.update_service().cluster(&target.cluster).service(&target.service);
    let request = request.desired_count(i32::try_from(to).unwrap_or(i32::MAX));
    let call = || async {
        let answer = request.clone().customize().config_override(once()).send().await;
        answer.map(drop).map_err(|error| CallError::new("UpdateService", &target.service, &error))
    };
    let look = || async { Ok(moot(&observe::service(aws, target).await?)) };
    let note = Note { tag: RESTORED, earlier: &service.restored_at };
    Box::pin(Noted { aws, target, service: &service, note, step }.take(look, call)).await
}

/// Deploys the service, unless somebody has deployed since the decision: that would start their rollout
/// over (F21).
pub(super) async fn deploy(
    aws: &Aws,
    target: &Target,
    step: &Step,
    replacing: &str,
    way: Way<'_>,
) -> Result<Outcome, CallError> {
    let moot = |service: &Service| {
        let present = service.primary().map(|deployment| deployment.id.as_str());
        (present != Some(replacing)).then(|| {
            let present = present.unwrap_or("none");
            format!("the primary deployment is {present} by now, not {replacing}")
        })
    };
    let service = observe::service(aws, target).await?;
    if let Some(why) = moot(&service) {
        return Ok(Outcome::Skipped(why));
    }
    let call = || async {
        match way {
            Way::Again => update(aws, target, None).await,
            Way::To(definition) => update(aws, target, Some(definition)).await,
            Way::Stopping(deployment) => stop_deployment(aws, deployment).await,
        }
    };
    let look = || async { Ok(moot(&observe::service(aws, target).await?)) };
    let note = Note { tag: REDEPLOYED, earlier: &service.redeployed_at };
    Box::pin(Noted { aws, target, service: &service, note, step }.take(look, call)).await
}

async fn update(aws: &Aws, target: &Target, definition: Option<&str>) -> Result<(), CallError> {
    let request = aws.ecs.update_service().cluster(&target.cluster).service(&target.service);
    let request = request.set_task_definition(definition.map(str::to_owned));
    let request = request.force_new_deployment(true).customize().config_override(once());
    let answer = request.send().await;
    answer.map(drop).map_err(|error| CallError::new("UpdateService", &target.service, &error))
}

/// Asked for twice, ECS goes on with the roll back that it has begun (F53).
async fn stop_deployment(aws: &Aws, deployment: &str) -> Result<(), CallError> {
    let request = aws.ecs.stop_service_deployment().service_deployment_arn(deployment);
    let answer = request.stop_type(StopServiceDeploymentStopType::Rollback).send().await;
    answer.map(drop).map_err(|error| CallError::new("StopServiceDeployment", deployment, &error))
}

/// Notes on the service since when no task has been able to serve.
pub(super) async fn mark_unserved(
    aws: &Aws,
    target: &Target,
    service: &str,
    since: Timestamp,
) -> Result<Outcome, CallError> {
    tag(aws, service, target.tag(UNSERVED_SINCE), format!("{since:.0}")).await
}

pub(super) async fn clear_unserved(
    aws: &Aws,
    target: &Target,
    service: &str,
) -> Result<Outcome, CallError> {
    untag(aws, service, target.tag(UNSERVED_SINCE)).await
}

/// Notes on the service since when it has failed as a whole, and with what.
pub(super) async fn mark_failing(
    aws: &Aws,
    target: &Target,
    service: &str,
    since: Timestamp,
    definition: &str,
) -> Result<Outcome, CallError> {
    let value = format!("{since:.0} {definition}");
    note(aws, target, service, FAILING_SINCE, &value).await
}

pub(super) async fn clear_failing(
    aws: &Aws,
    target: &Target,
    service: &str,
    told: Option<&str>,
) -> Result<Outcome, CallError> {
    if let Some(told) = told {
        note(aws, target, service, TOLD, told).await?;
    }
    take_off(aws, target, service, FAILING_SINCE).await
}

/// Notes on a task since when it has been sick.
pub(super) async fn mark_suspect(
    aws: &Aws,
    target: &Target,
    task: &str,
    since: Timestamp,
) -> Result<Outcome, CallError> {
    tag(aws, task, target.tag(SUSPECT_SINCE), format!("{since:.0}")).await
}

pub(super) async fn clear_suspect(
    aws: &Aws,
    target: &Target,
    task: &str,
) -> Result<Outcome, CallError> {
    untag(aws, task, target.tag(SUSPECT_SINCE)).await
}

/// Notes something on the service, and that something was noted.
///
/// # Errors
/// As [`tag`].
pub(crate) async fn note(
    aws: &Aws,
    target: &Target,
    service: &str,
    key: &'static str,
    value: &str,
) -> Result<Outcome, CallError> {
    let request = aws.ecs.tag_resource().resource_arn(service);
    let answer = request.set_tags(Some(noting(aws, target, key, value))).send().await;
    let error = |error| CallError::new("TagResource", service, &error);
    answer.map_err(error)?;
    aws.own.wrote(key, value, aws.now());
    Ok(Outcome::Done)
}

/// The tags by which something is noted.
pub(crate) fn noting(aws: &Aws, target: &Target, key: &str, value: &str) -> Vec<Tag> {
    let tag = |key, value: String| Tag::builder().key(target.tag(key)).value(value).build();
    vec![tag(key, value.to_owned()), tag(NOTED, format!("{:.0}", aws.now()))]
}

/// Takes a note off the service.
///
/// # Errors
/// When the call fails.
pub(crate) async fn take_off(
    aws: &Aws,
    target: &Target,
    service: &str,
    key: &'static str,
) -> Result<Outcome, CallError> {
    let outcome = untag(aws, service, target.tag(key)).await?;
    aws.own.removed(key);
    Ok(outcome)
}

/// Sets a tag of a service or a task.
///
/// # Errors
/// When the call fails; a service with a short ARN can have no tags (F36).
pub async fn tag(aws: &Aws, of: &str, key: String, value: String) -> Result<Outcome, CallError> {
    let tag = Tag::builder().key(key).value(value).build();
    let answer = aws.ecs.tag_resource().resource_arn(of).tags(tag).send().await;
    answer.map(|_| Outcome::Done).map_err(|error| CallError::new("TagResource", of, &error))
}

/// Removes a tag of a service or a task.
///
/// # Errors
/// When the call fails.
pub async fn untag(aws: &Aws, of: &str, key: String) -> Result<Outcome, CallError> {
    let answer = aws.ecs.untag_resource().resource_arn(of).tag_keys(key).send().await;
    answer.map(|_| Outcome::Done).map_err(|error| CallError::new("UntagResource", of, &error))
}
