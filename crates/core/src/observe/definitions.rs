//! Task definitions: which containers and which network they have, and whether services can be updated to them.

use std::time::Duration;

use aws_sdk_ecs::operation::describe_task_definition::DescribeTaskDefinitionError as Error;
use aws_sdk_ecs::operation::describe_task_definition::builders::DescribeTaskDefinitionFluentBuilder;
use aws_sdk_ecs::types::{NetworkMode, TaskDefinition as EcsTaskDefinition, TaskDefinitionStatus};
use eden_policy::facts::{ContainerDefinition, TaskDefinition};

use crate::aws::Aws;
use crate::call_error::CallError;

const OPERATION: &str = "DescribeTaskDefinition";

/// The containers of a task definition.
///
/// # Errors
/// When the call fails.
pub(super) async fn containers(aws: &Aws, arn: &str) -> Result<TaskDefinition, CallError> {
    let definition = describe(aws, arn).await?;
    let containers = definition.container_definitions().iter();
    let containers = containers
        .map(|container| ContainerDefinition {
            name: container.name().unwrap_or_default().to_owned(),
            // A container is essential unless its definition says otherwise.
            essential: container.essential().unwrap_or(true),
            stop_timeout: container.stop_timeout().and_then(seconds),
        })
        .collect();
    Ok(TaskDefinition { arn: arn.to_owned(), containers })
}

/// Whether the containers of a task definition have their instance's network.
///
/// # Errors
/// When the call fails.
pub(super) async fn has_host_networking(aws: &Aws, arn: &str) -> Result<bool, CallError> {
    Ok(describe(aws, arn).await?.network_mode() == Some(&NetworkMode::Host))
}

/// Whether services can be updated to a task definition: it is ACTIVE, and not deregistered or deleted
/// (F52).
///
/// # Errors
/// When the call fails for another reason than that there is no such task definition any more.
pub(super) async fn is_active(aws: &Aws, arn: &str) -> Result<bool, CallError> {
    match request(aws, arn).send().await {
        Ok(answer) => Ok(answer.task_definition().and_then(EcsTaskDefinition::status)
            == Some(&TaskDefinitionStatus::Active)),
        Err(error) if error.as_service_error().is_some_and(Error::is_client_exception) => Ok(false),
        Err(error) => Err(CallError::new(OPERATION, arn, &error)),
    }
}

async fn describe(aws: &Aws, arn: &str) -> Result<EcsTaskDefinition, CallError> {
    let answer = request(aws, arn).send().await;
    let answer = answer.map_err(|error| CallError::new(OPERATION, arn, &error))?;
    let nothing = || CallError::answered(OPERATION, arn, "the answer has no task definition");
    answer.task_definition.ok_or_else(nothing)
}

fn request(aws: &Aws, arn: &str) -> DescribeTaskDefinitionFluentBuilder {
    aws.ecs.describe_task_definition().task_definition(arn)
}

fn seconds(seconds: i32) -> Option<Duration> {
    u64::try_from(seconds).ok().map(Duration::from_secs)
}
