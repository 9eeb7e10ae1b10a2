//! The tags of services: `TagResource` and `UntagResource`.

use serde::Deserialize;
use serde_json::{Value, json};

use crate::wire::error::ApiError;
use crate::world::{OperatorError, Service, World};

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

/// Adds tags to a service or changes their values; those that are not named stay.
pub(super) fn tag_resource(world: &mut World, input: &TagResource) -> Result<Value, ApiError> {
    let service = find_service(world, &input.resource_arn)?;
    for Tag { key, value } in &input.tags {
        check(key, value)?;
    }
    let added = input.tags.iter().filter(|tag| !service.tags.contains_key(&tag.key)).count();
    if service.tags.len() + added > MOST_TAGS {
        let message = format!("A resource may have at most {MOST_TAGS} tags.");
        return Err(ApiError::invalid_parameter(&message));
    }
    let (cluster, name) = (service.cluster.clone(), service.name.clone());
    for Tag { key, value } in &input.tags {
        world.set_service_tag(&cluster, &name, key, Some(value)).map_err(|error| gone(&error))?;
    }
    Ok(json!({}))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct UntagResource {
    resource_arn: String,
    tag_keys: Vec<String>,
}

/// Removes tags from a service; one that is not there is no error.
pub(super) fn untag_resource(world: &mut World, input: &UntagResource) -> Result<Value, ApiError> {
    let service = find_service(world, &input.resource_arn)?;
    let (cluster, name) = (service.cluster.clone(), service.name.clone());
    for key in &input.tag_keys {
        world.set_service_tag(&cluster, &name, key, None).map_err(|error| gone(&error))?;
    }
    Ok(json!({}))
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

fn find_service<'a>(world: &'a World, arn: &str) -> Result<&'a Service, ApiError> {
    let mut parts = arn.rsplit('/');
    let (name, cluster) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    world
        .service(cluster, name)
        .filter(|service| service.arn == arn)
        .ok_or_else(|| ApiError::invalid_parameter("The specified resourceArn is not a service."))
}

fn gone(error: &OperatorError) -> ApiError {
    ApiError::invalid_parameter(&error.to_string())
}
