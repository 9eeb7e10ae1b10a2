//! Amazon SQS: AWS JSON 1.0.

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::error::ApiError;
use super::input;
use super::protocol::Body;
use super::request::ApiRequest;
use crate::world::{SqsQueue, World};

pub(super) fn perform(world: &World, request: &ApiRequest) -> Result<Body, ApiError> {
    match request.operation.as_str() {
        "GetQueueUrl" => get_queue_url(world, &input(request)?).map(Body::Json),
        "GetQueueAttributes" => get_queue_attributes(world, &input(request)?).map(Body::Json),
        operation => Err(request.service.unknown_operation(operation)),
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct GetQueueUrl {
    queue_name: String,
}

fn get_queue_url(world: &World, input: &GetQueueUrl) -> Result<Value, ApiError> {
    find(world, &input.queue_name).map(|queue| json!({ "QueueUrl": queue.url }))
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct GetQueueAttributes {
    queue_url: String,
    #[serde(default)]
    attribute_names: Vec<String>,
}

/// Nobody takes a message in the lab, so none is in flight or delayed.
fn get_queue_attributes(world: &World, input: &GetQueueAttributes) -> Result<Value, ApiError> {
    let queue = find(world, &input.queue_url)?;
    let attributes = [
        ("QueueArn", queue.arn.clone()),
        ("ApproximateNumberOfMessages", queue.messages.len().to_string()),
        ("ApproximateNumberOfMessagesNotVisible", "0".to_owned()),
        ("ApproximateNumberOfMessagesDelayed", "0".to_owned()),
    ];
    let mut shown = Map::new();
    for asked in &input.attribute_names {
        let known = attributes.iter().filter(|(name, _)| asked == name || asked == "All");
        let before = shown.len();
        shown.extend(known.map(|(name, value)| ((*name).to_owned(), value.clone().into())));
        if shown.len() == before && !shown.contains_key(asked) {
            let message = format!("The lab does not simulate the attribute {asked}");
            return Err(ApiError::new(400, "InvalidAttributeName", &message));
        }
    }
    Ok(json!({ "Attributes": shown }))
}

fn find<'a>(world: &'a World, queue: &str) -> Result<&'a SqsQueue, ApiError> {
    world.sqs_queue(queue).ok_or_else(|| {
        let message = "The specified queue does not exist.";
        ApiError::new(400, "QueueDoesNotExist", message)
    })
}
