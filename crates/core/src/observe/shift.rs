//! How far a deployment is that shifts traffic: ECS shifts none for a service without a load
//! balancer, so the gateway is led by these stages (F45).

use std::cmp::Reverse;

use aws_sdk_ecs::types::{
    CreatedAt, ServiceDeployment, ServiceDeploymentLifecycleStage as Stage,
    ServiceDeploymentStatus as Status,
};
use aws_smithy_types::DateTime;
use eden_policy::facts::{Observed, Service, Shift, Traffic};

use super::{service, timestamp};
use crate::aws::Aws;
use crate::call_error::CallError;
use crate::config::Target;

/// Reads the service, and how far the deployment is that shifts its traffic, if one does.
///
/// # Errors
/// When the service could not be read.
pub(super) async fn service_and_shift(aws: &Aws, target: &Target) -> Result<Service, CallError> {
    let mut service = service::describe(aws, target).await?;
    if service.shifts_traffic() {
        service.shift = Some(Observed::from(of(aws, target, &service).await));
    }
    Ok(service)
}

/// How far the newest of the service's deployments is.
async fn of(aws: &Aws, target: &Target, service: &Service) -> Result<Shift, CallError> {
    const LIST: &str = "ListServiceDeployments";
    const DESCRIBE: &str = "DescribeServiceDeployments";
    let (mut deployments, mut next) = (Vec::new(), None);
    loop {
        let request = aws.ecs.list_service_deployments().cluster(&target.cluster);
        let request = request.service(&target.service).set_created_at(since_the_oldest(service));
        let page = request.set_next_token(next).send().await;
        let page = page.map_err(|error| CallError::new(LIST, &target.service, &error))?;
        deployments.extend(page.service_deployments.unwrap_or_default());
        next = page.next_token;
        if next.is_none() {
            break;
        }
    }
    // AWS does not say in which order it lists them.
    deployments.sort_by_key(|it| Reverse(timestamp(it.created_at())));
    let newest = deployments.first().and_then(|it| it.service_deployment_arn());
    let newest =
        newest.ok_or_else(|| CallError::answered(LIST, &target.service, "it lists none"))?;
    let request = aws.ecs.describe_service_deployments().service_deployment_arns(newest);
    let answer = request.send().await;
    let answer = answer.map_err(|error| CallError::new(DESCRIBE, &target.service, &error))?;
    let missing = || CallError::answered(DESCRIBE, newest, "the answer does not have it");
    let deployment = answer.service_deployments().first().ok_or_else(missing)?;
    let unclear = || CallError::answered(DESCRIBE, newest, "it is in no stage and no known status");
    shift(deployment, service).ok_or_else(unclear)
}

/// What began since the oldest deployment that still has tasks: what the newest one replaces.
fn since_the_oldest(service: &Service) -> Option<CreatedAt> {
    let oldest = service.deployments.iter().map(|it| it.created_at).min()?;
    // It has a fraction of a second, and is not to be left out itself.
    let after = DateTime::from_secs(oldest.as_second().saturating_sub(1));
    Some(CreatedAt::builder().after(after).build())
}

/// A revision's id is the number of the deployment that brings it (F45).
fn shift(deployment: &ServiceDeployment, service: &Service) -> Option<Shift> {
    let revision = deployment.target_service_revision().and_then(|it| it.arn());
    let number = revision.and_then(|arn| arn.rsplit('/').next());
    let brings = |id: &str| number.is_some() && id.rsplit('/').next() == number;
    let target = service.deployments.iter().map(|it| &it.id).find(|id| brings(id)).cloned();
    let stage = deployment.lifecycle_stage();
    let traffic = match deployment.status() {
        Some(Status::Successful) => Traffic::Target,
        Some(
            Status::RollbackRequested
            | Status::RollbackInProgress
            | Status::RollbackSuccessful
            | Status::RollbackFailed
            | Status::StopRequested
            | Status::Stopped,
        ) => Traffic::Back,
        Some(Status::Pending) => Traffic::Source,
        Some(Status::InProgress) | None => of_stage(stage?),
        Some(_) => return None,
    };
    let stage = match deployment.status() {
        Some(Status::InProgress) | None => stage.map(Stage::as_str),
        Some(status) => Some(status.as_str()),
    };
    Some(Shift { traffic, target, stage: stage.unwrap_or("IN_PROGRESS").to_owned() })
}

/// Production traffic is the new tasks' when the stage is over that shifts it. A stage that this
/// version does not know (F15), like the one just before that, is none of those after it.
fn of_stage(stage: &Stage) -> Traffic {
    match stage {
        Stage::PostProductionTrafficShift | Stage::BakeTime | Stage::CleanUp => Traffic::Target,
        _ => Traffic::Source,
    }
}
