//! `DescribeTaskDefinition`.

use serde::Deserialize;
use serde_json::{Value, json};

use crate::wire::error::ApiError;
use crate::world::arn::short_name;
use crate::world::events::CONTAINER;
use crate::world::{Networking, TaskDefinition, World};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct DescribeTaskDefinition {
    task_definition: String,
}

pub(super) fn describe(world: &World, input: &DescribeTaskDefinition) -> Result<Value, ApiError> {
    let definition =
        world.task_definition(short_name(&input.task_definition)).ok_or_else(|| {
            ApiError::new(400, "ClientException", "Unable to describe task definition.")
        })?;
    Ok(json!({ "taskDefinition": show(world, definition), "tags": [] }))
}

fn show(world: &World, definition: &TaskDefinition) -> Value {
    let status = if world.is_active(definition) { "ACTIVE" } else { "INACTIVE" };
    let known = definition.sidecars.iter().filter(|it| !it.injected);
    let known = known.map(|it| (it.name.as_str(), format!("{}:1", it.name), it.essential));
    let containers = known.chain([(CONTAINER, definition.image(), true)]);
    let stop_timeout = definition.stop_timeout.map(|it| it.as_secs());
    let containers: Vec<Value> = containers
        .map(|(name, image, essential)| {
            let mut shown = json!({ "name": name, "image": image, "essential": essential });
            if name == CONTAINER {
                shown["portMappings"] =
                    json!([{ "containerPort": definition.port, "protocol": "tcp" }]);
            }
            if let Some(seconds) = stop_timeout {
                shown["stopTimeout"] = seconds.into();
            }
            shown
        })
        .collect();
    let mode = match definition.networking {
        Networking::Fargate(_) | Networking::Awsvpc => "awsvpc",
        Networking::Bridge { .. } => "bridge",
        Networking::Host => "host",
    };
    json!({
        "taskDefinitionArn":
            world.arns().task_definition(&definition.family, definition.revision),
        "family": definition.family,
        "revision": definition.revision,
        "status": status,
        "networkMode": mode,
        "containerDefinitions": containers,
    })
}
