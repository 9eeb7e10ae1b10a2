//! Which tasks are protected from being scaled in: `GetTaskProtection`.

use serde::Deserialize;
use serde_json::{Value, json};

use super::{MOST_TASKS, find_cluster, missing};
use crate::wire::error::ApiError;
use crate::world::arn::short_name;
use crate::world::events::epoch_seconds;
use crate::world::{Task, World};

/// The lab tells of tasks that are named only.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct GetTaskProtection {
    cluster: Option<String>,
    tasks: Vec<String>,
}

/// That a task that has stopped is `MISSING` is assumed.
pub(super) fn get(
    world: &World,
    input: GetTaskProtection,
    failed: usize,
) -> Result<Value, ApiError> {
    let cluster = find_cluster(world, input.cluster)?;
    if !(1..=MOST_TASKS).contains(&input.tasks.len()) {
        let message = format!("tasks must be 1 to {MOST_TASKS}.");
        return Err(ApiError::invalid_parameter(&message));
    }
    let (mut tasks, mut failures) = (Vec::new(), Vec::new());
    for (index, name) in input.tasks.iter().enumerate() {
        let arn = world.arns().task(&cluster, short_name(name));
        match world.task(&arn).filter(|task| !task.has_stopped()) {
            Some(task) if index >= failed => tasks.push(show(world, task)),
            _ => failures.push(missing(&arn)),
        }
    }
    Ok(json!({ "protectedTasks": tasks, "failures": failures }))
}

/// Every task is shown, those that are not protected as well.
fn show(world: &World, task: &Task) -> Value {
    let until = task.protected_until.filter(|_| task.is_protected(world.now()));
    let mut shown = json!({ "taskArn": task.arn, "protectionEnabled": until.is_some() });
    if let Some(until) = until {
        shown["expirationDate"] = epoch_seconds(until).into();
    }
    shown
}
