//! The container instances of a cluster: `DescribeContainerInstances`.

use serde::Deserialize;
use serde_json::{Value, json};

use super::{find_cluster, missing};
use crate::wire::error::ApiError;
use crate::world::arn::short_name;
use crate::world::events::epoch_seconds;
use crate::world::{ContainerInstance, TaskStatus, World};

/// So many container instances can be asked for at once.
const MOST_INSTANCES: usize = 100;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct DescribeContainerInstances {
    cluster: Option<String>,
    container_instances: Vec<String>,
}

pub(super) fn describe(
    world: &World,
    input: DescribeContainerInstances,
    failed: usize,
) -> Result<Value, ApiError> {
    let cluster = find_cluster(world, input.cluster)?;
    if !(1..=MOST_INSTANCES).contains(&input.container_instances.len()) {
        let message = format!("containerInstances must be 1 to {MOST_INSTANCES}.");
        return Err(ApiError::invalid_parameter(&message));
    }
    let (mut instances, mut failures) = (Vec::new(), Vec::new());
    for (index, name) in input.container_instances.iter().enumerate() {
        let arn = world.arns().container_instance(&cluster, short_name(name));
        match world.container_instance(&arn) {
            Some(instance) if index >= failed => instances.push(show(world, instance)),
            _ => failures.push(missing(&arn)),
        }
    }
    Ok(json!({ "containerInstances": instances, "failures": failures }))
}

fn show(world: &World, instance: &ContainerInstance) -> Value {
    let tasks = world.tasks_on(&instance.arn);
    let (mut running, mut pending) = (0, 0);
    for task in tasks {
        match task.last_status {
            TaskStatus::Pending => pending += 1,
            TaskStatus::Running => running += 1,
            TaskStatus::Provisioning
            | TaskStatus::Activating
            | TaskStatus::Deactivating
            | TaskStatus::Stopping
            | TaskStatus::Deprovisioning
            | TaskStatus::Stopped => {}
        }
    }
    json!({
        "containerInstanceArn": instance.arn,
        "ec2InstanceId": instance.ec2_instance_id,
        "agentConnected": instance.agent_connected,
        "status": "ACTIVE",
        "runningTasksCount": running,
        "pendingTasksCount": pending,
        "registeredAt": epoch_seconds(instance.registered_at),
        "attachments": [],
        "tags": [],
    })
}
