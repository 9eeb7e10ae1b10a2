//! Amazon SNS: the query protocol, a form in and XML out.

use std::fmt::Write as _;

use quick_xml::escape::escape;
use serde::Deserialize;

use super::error::ApiError;
use super::input;
use super::protocol::Body;
use super::request::ApiRequest;
use crate::world::{Subscription, Topic, World};

/// A subject has fewer characters than this (F26).
const SUBJECT_LIMIT: usize = 100;
/// A message has at most so many bytes.
const LONGEST_MESSAGE: usize = 256 * 1024;

pub(super) fn perform(world: &mut World, request: &ApiRequest) -> Result<Body, ApiError> {
    match request.operation.as_str() {
        "Publish" => publish(world, input(request)?),
        "GetTopicAttributes" => get_topic_attributes(world, &input(request)?),
        "ListSubscriptionsByTopic" => list_subscriptions_by_topic(world, &input(request)?),
        operation => Err(request.service.unknown_operation(operation)),
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Publish {
    topic_arn: String,
    message: String,
    subject: Option<String>,
}

fn publish(world: &mut World, input: Publish) -> Result<Body, ApiError> {
    if input.message.is_empty() || input.message.len() > LONGEST_MESSAGE {
        return Err(invalid("Message"));
    }
    if input.subject.as_deref().is_some_and(|subject| !is_subject(subject)) {
        return Err(invalid("Subject"));
    }
    find_topic(world, &input.topic_arn)?;
    let id = world.publish(&input.topic_arn, input.subject, input.message);
    Ok(response("Publish", &format!("<MessageId>{id}</MessageId>")))
}

/// A topic's subscriptions fit on one page.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct OfTopic {
    topic_arn: String,
}

fn get_topic_attributes(world: &World, input: &OfTopic) -> Result<Body, ApiError> {
    let topic = find_topic(world, &input.topic_arn)?;
    let confirmed = topic.subscriptions.iter().filter(|it| it.confirmed).count();
    let pending = topic.subscriptions.len() - confirmed;
    let attributes = [
        ("TopicArn", Some(topic.arn.clone())),
        ("Owner", Some(world.arns().account.clone())),
        ("SubscriptionsConfirmed", Some(confirmed.to_string())),
        ("SubscriptionsPending", Some(pending.to_string())),
        ("SubscriptionsDeleted", Some("0".to_owned())),
        ("KmsMasterKeyId", topic.key.clone()),
    ];
    let shown = attributes.into_iter().filter_map(|(name, value)| Some((name, value?)));
    let mut entries = String::new();
    for (name, value) in shown {
        let value = escape(&value);
        let _ = write!(entries, "<entry><key>{name}</key><value>{value}</value></entry>");
    }
    Ok(response("GetTopicAttributes", &format!("<Attributes>{entries}</Attributes>")))
}

/// A subscription that is not confirmed has no ARN.
fn list_subscriptions_by_topic(world: &World, input: &OfTopic) -> Result<Body, ApiError> {
    let topic = find_topic(world, &input.topic_arn)?;
    let owner = &world.arns().account;
    let show = |(number, subscription): (usize, &Subscription)| {
        let arn = if subscription.confirmed {
            format!("{}:00000000-0000-4000-8000-{number:012x}", topic.arn)
        } else {
            "PendingConfirmation".to_owned()
        };
        let Subscription { protocol, endpoint, .. } = subscription;
        format!(
            "<member><TopicArn>{}</TopicArn><Protocol>{}</Protocol><SubscriptionArn>{}\
             </SubscriptionArn><Owner>{owner}</Owner><Endpoint>{}</Endpoint></member>",
            escape(&topic.arn),
            escape(protocol),
            escape(&arn),
            escape(endpoint),
        )
    };
    let members: String = topic.subscriptions.iter().enumerate().map(show).collect();
    let members = format!("<Subscriptions>{members}</Subscriptions>");
    Ok(response("ListSubscriptionsByTopic", &members))
}

fn find_topic<'a>(world: &'a World, arn: &str) -> Result<&'a Topic, ApiError> {
    world.topic(arn).ok_or_else(|| ApiError::new(404, "NotFound", "Topic does not exist"))
}

fn response(operation: &str, result: &str) -> Body {
    Body::Xml(format!(
        "<{operation}Response xmlns=\"http://sns.amazonaws.com/doc/2010-03-31/\">\
         <{operation}Result>{result}</{operation}Result></{operation}Response>"
    ))
}

/// F26, read strictly: ASCII without control characters.
fn is_subject(subject: &str) -> bool {
    (1..SUBJECT_LIMIT).contains(&subject.len())
        && subject.chars().all(|character| character.is_ascii() && !character.is_ascii_control())
        && !subject.starts_with(' ')
}

fn invalid(member: &str) -> ApiError {
    ApiError::new(400, "InvalidParameter", &format!("Invalid parameter: {member}"))
}
