//! Changes to the service and its tasks.

use aws_sdk_ecs::types::Tag;
use jiff::Timestamp;

use super::Outcome;
use crate::aws::Aws;
use crate::call_error::CallError;
use crate::config::Target;
use crate::observe;

/// ECS keeps at most this much of a reason (F18).
const REASON_LIMIT: usize = 255;

/// Stops a task with a reason that comes back in its `stoppedReason` (F18).
pub(super) async fn stop_task(
    aws: &Aws,
    target: &Target,
    task: &str,
    because: &str,
) -> Result<Outcome, CallError> {
    let reason: String = format!("Eden: {because}").chars().take(REASON_LIMIT).collect();
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

/// Redeploys, unless somebody has deployed since the decision: that would start their rollout over
/// (F21).
pub(super) async fn force_deployment(
    aws: &Aws,
    target: &Target,
    replacing: &str,
) -> Result<Outcome, CallError> {
    let service = observe::service(aws, target).await?;
    let present = service.primary().map(|deployment| deployment.id.as_str());
    if present != Some(replacing) {
        let present = present.unwrap_or("none");
        let why = format!("the primary deployment is {present} by now, not {replacing}");
        return Ok(Outcome::Skipped(why));
    }
    aws.ecs
        .update_service()
        .cluster(&target.cluster)
        .service(&target.service)
        .force_new_deployment(true)
        .send()
        .await
        .map(|_| Outcome::Done)
        .map_err(|error| CallError::new("UpdateService", &target.service, &error))
}

/// Notes on the service since when no task has been able to serve.
pub(super) async fn mark_unserved(
    aws: &Aws,
    target: &Target,
    service: &str,
    since: Timestamp,
) -> Result<Outcome, CallError> {
    // Tags take no more than whole seconds need.
    let tag = Tag::builder().key(target.unserved_tag()).value(format!("{since:.0}")).build();
    aws.ecs
        .tag_resource()
        .resource_arn(service)
        .tags(tag)
        .send()
        .await
        .map(|_| Outcome::Done)
        .map_err(|error| CallError::new("TagResource", service, &error))
}

pub(super) async fn clear_unserved(
    aws: &Aws,
    target: &Target,
    service: &str,
) -> Result<Outcome, CallError> {
    aws.ecs
        .untag_resource()
        .resource_arn(service)
        .tag_keys(target.unserved_tag())
        .send()
        .await
        .map(|_| Outcome::Done)
        .map_err(|error| CallError::new("UntagResource", service, &error))
}
