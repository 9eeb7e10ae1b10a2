//! Changes to the service and its tasks.

use aws_sdk_ecs::config::Builder;
use aws_sdk_ecs::types::Tag;
use eden_policy::facts::Stop;
use jiff::Timestamp;

use super::Outcome;
use super::once::OnlyWhenThrottled;
use crate::aws::Aws;
use crate::call_error::CallError;
use crate::config::Target;
use crate::observe;
use crate::tags::{REDEPLOYED, SUSPECT_SINCE, UNSERVED_SINCE};

/// A tag's value takes 256 characters, a time 20 and a space.
const REMEMBERED: usize = 12;
/// ECS keeps at most this much of a reason (F18).
const REASON_LIMIT: usize = 255;

/// Stops a task with a reason that comes back in its `stoppedReason` (F18), unless it has begun to
/// stop since the decision, or is no longer `unhealthy` if it was.
pub(super) async fn stop_task(
    aws: &Aws,
    target: &Target,
    task: &str,
    because: &str,
    unhealthy: bool,
) -> Result<Outcome, CallError> {
    if let Some(why) = observe::no_reason_to_stop(aws, target, task, unhealthy).await? {
        return Ok(Outcome::Skipped(why));
    }
    let reason = format!("{}{because}", Stop::MARK).chars().take(REASON_LIMIT).collect::<String>();
    aws.ecs
        .stop_task()
        .cluster(&target.cluster)
        .task(task)
        .reason(reason)
        .send()
        .await
        .map(|_| Outcome::Done)
        .map_err(|error| CallError::new("StopTask", task, &error))
}

pub(super) async fn set_desired_count(
    aws: &Aws,
    target: &Target,
    count: u32,
) -> Result<Outcome, CallError> {
    aws.ecs
        .update_service()
        .cluster(&target.cluster)
        .service(&target.service)
        .desired_count(i32::try_from(count).unwrap_or(i32::MAX))
        .send()
        .await
        .map(|_| Outcome::Done)
        .map_err(|error| CallError::new("UpdateService", &target.service, &error))
}

/// Deploys the same again, or another task definition, unless somebody has deployed since the
/// decision: that would start their rollout over (F21).
///
/// The time is noted on the service first: what is noted and then fails counts against the budget,
/// what is done is never forgotten.
pub(super) async fn deploy(
    aws: &Aws,
    target: &Target,
    replacing: &str,
    definition: Option<&str>,
) -> Result<Outcome, CallError> {
    let service = observe::service(aws, target).await?;
    let present = service.primary().map(|deployment| deployment.id.as_str());
    if present != Some(replacing) {
        let present = present.unwrap_or("none");
        let why = format!("the primary deployment is {present} by now, not {replacing}");
        return Ok(Outcome::Skipped(why));
    }
    let times = remembered(&service.redeployed_at, aws.now());
    tag(aws, &service.arn, target.tag(REDEPLOYED), times).await?;
    aws.ecs
        .update_service()
        .cluster(&target.cluster)
        .service(&target.service)
        .set_task_definition(definition.map(str::to_owned))
        .force_new_deployment(true)
        .customize()
        .config_override(Builder::new().retry_classifier(OnlyWhenThrottled))
        .send()
        .await
        .map(|_| Outcome::Done)
        .map_err(|error| CallError::new("UpdateService", &target.service, &error))
}

/// The times of the last deployments and of this one, as many as a tag holds.
fn remembered(earlier: &[Timestamp], now: Timestamp) -> String {
    let mut times: Vec<_> = earlier.iter().copied().chain([now]).collect();
    times.sort();
    let latest = times.split_off(times.len().saturating_sub(REMEMBERED));
    let times: Vec<_> = latest.iter().map(|at| format!("{at:.0}")).collect();
    times.join(" ")
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
