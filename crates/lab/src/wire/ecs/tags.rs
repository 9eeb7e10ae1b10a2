//! The tags of services and tasks: `TagResource` and `UntagResource`.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, json};

use crate::wire::error::ApiError;
use crate::world::{Task, World};

/// So many tags a resource may have, so many characters a key and a value.
const MOST_TAGS: usize = 50;
const LONGEST_KEY: usize = 128;
const LONGEST_VALUE: usize = 256;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct TagResource {
    resource_arn: String,
    tags: Vec<Tag>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Tag {
    key: String,
    #[serde(default)]
    value: String,
}

/// Adds tags or changes their values; those that are not named stay. A task that has stopped takes
/// none.
pub(super) fn tag_resource(world: &mut World, input: TagResource) -> Result<Value, ApiError> {
    let stopped = world.task(&input.resource_arn).is_some_and(Task::has_stopped);
    if stopped {
        let message = "The specified task is stopped. Specify a running task and try again.";
        return Err(ApiError::invalid_parameter(message));
    }
    must_be_long(&input.resource_arn)?;
    for Tag { key, value } in &input.tags {
        check(key, value)?;
    }
    let tags = find_tags(world, &input.resource_arn)?;
    let added = input.tags.iter().filter(|tag| !tags.contains_key(&tag.key)).count();
    if tags.len() + added > MOST_TAGS {
        let message = format!("A resource may have at most {MOST_TAGS} tags.");
        return Err(ApiError::invalid_parameter(&message));
    }
    tags.extend(input.tags.into_iter().map(|Tag { key, value }| (key, value)));
    Ok(json!({}))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct UntagResource {
    resource_arn: String,
    tag_keys: Vec<String>,
}

/// Removes tags; one that is not there is no error.
pub(super) fn untag_resource(world: &mut World, input: &UntagResource) -> Result<Value, ApiError> {
    must_be_long(&input.resource_arn)?;
    let tags = find_tags(world, &input.resource_arn)?;
    tags.retain(|key, _| !input.tag_keys.contains(key));
    Ok(json!({}))
}

/// The name of the cluster stands in the long form of an ARN only, which services from before 2019 may
/// not have (<https://github.com/boto/boto3/issues/2473>).
fn must_be_long(arn: &str) -> Result<(), ApiError> {
    if arn.matches('/').count() >= 2 {
        return Ok(());
    }
    let message = "Long arn format must be used for tagging operations";
    Err(ApiError::invalid_parameter(message))
}

/// Letters, digits, spaces and `_.:/=+-@`; `aws:` is AWS's own.
fn check(key: &str, value: &str) -> Result<(), ApiError> {
    let allowed = |text: &str, longest: usize| {
        text.chars().count() <= longest
            && text.chars().all(|it| it.is_alphanumeric() || " _.:/=+-@".contains(it))
    };
    let is_key = !key.is_empty() && !key.to_lowercase().starts_with("aws:");
    if is_key && allowed(key, LONGEST_KEY) && allowed(value, LONGEST_VALUE) {
        Ok(())
    } else {
        Err(ApiError::invalid_parameter(&format!("Invalid tag: {key:?} with value {value:?}")))
    }
}

fn find_tags<'a>(
    world: &'a mut World,
    arn: &str,
) -> Result<&'a mut BTreeMap<String, String>, ApiError> {
    let message = "The specified resourceArn is neither a service nor a task.";
    world.tags_mut(arn).ok_or_else(|| ApiError::invalid_parameter(message))
}
