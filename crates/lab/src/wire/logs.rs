//! Amazon CloudWatch Logs: AWS JSON 1.1.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

use super::error::ApiError;
use super::input;
use super::protocol::Body;
use super::request::ApiRequest;
use crate::world::{LogEvent, LogGroup, World};

/// So many events a page of `FilterLogEvents` has at most.
const PAGE: usize = 10_000;

pub(super) fn perform(world: &World, request: &ApiRequest) -> Result<Body, ApiError> {
    match request.operation.as_str() {
        "DescribeLogGroups" => Ok(Body::Json(describe_log_groups(world, &input(request)?))),
        "DescribeLogStreams" => describe_log_streams(world, &input(request)?).map(Body::Json),
        "FilterLogEvents" => filter_log_events(world, &input(request)?).map(Body::Json),
        operation => Err(request.service.unknown_operation(operation)),
    }
}

/// The lab's groups fit on one page.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct DescribeLogGroups {
    log_group_name_prefix: Option<String>,
    #[serde(rename = "limit")]
    _limit: Option<u32>,
}

fn describe_log_groups(world: &World, input: &DescribeLogGroups) -> Value {
    let prefix = input.log_group_name_prefix.as_deref().unwrap_or_default();
    let groups: Vec<Value> = world
        .logs()
        .names()
        .into_iter()
        .filter(|(name, _)| name.starts_with(prefix))
        .map(|(name, created_at)| {
            let arn = world.arns().log_group(&name);
            json!({
                "logGroupName": name,
                "arn": format!("{arn}:*"),
                "logGroupArn": arn,
                "creationTime": created_at.as_millisecond(),
            })
        })
        .collect();
    json!({ "logGroups": groups })
}

/// A group's streams fit on one page, until somebody asks for fewer.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct DescribeLogStreams {
    log_group_name: String,
    log_stream_name_prefix: Option<String>,
    order_by: Option<OrderBy>,
    #[serde(default)]
    descending: bool,
    limit: Option<usize>,
}

#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
enum OrderBy {
    LogStreamName,
    LastEventTime,
}

fn describe_log_streams(world: &World, input: &DescribeLogStreams) -> Result<Value, ApiError> {
    let group = find(world, &input.log_group_name)?;
    let prefix = input.log_stream_name_prefix.as_deref().unwrap_or_default();
    let mut spans: BTreeMap<&str, (Timestamp, Timestamp)> = BTreeMap::new();
    for event in group.events.iter().filter(|it| it.stream.starts_with(prefix)) {
        let span = spans.entry(&event.stream).or_insert((event.at, event.at));
        *span = (span.0.min(event.at), span.1.max(event.at));
    }
    let mut streams: Vec<_> = spans.into_iter().collect();
    if input.order_by == Some(OrderBy::LastEventTime) {
        streams.sort_by_key(|(_, (_, last))| *last);
    }
    if input.descending {
        streams.reverse();
    }
    streams.truncate(input.limit.unwrap_or(usize::MAX));
    let show = |(name, (first, last)): &(&str, (Timestamp, Timestamp))| {
        json!({
            "logStreamName": name,
            "creationTime": first.as_millisecond(),
            "firstEventTimestamp": first.as_millisecond(),
            "lastEventTimestamp": last.as_millisecond(),
            "lastIngestionTime": last.as_millisecond(),
        })
    };
    Ok(json!({ "logStreams": streams.iter().map(show).collect::<Vec<_>>() }))
}

/// The lab knows no filter patterns.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct FilterLogEvents {
    log_group_name: String,
    log_stream_names: Option<Vec<String>>,
    /// In milliseconds since 1970, inclusive.
    start_time: Option<i64>,
    /// The same, exclusive.
    end_time: Option<i64>,
    limit: Option<usize>,
    next_token: Option<String>,
}

fn filter_log_events(world: &World, input: &FilterLogEvents) -> Result<Value, ApiError> {
    let group = find(world, &input.log_group_name)?;
    let invalid = |what| ApiError::new(400, "InvalidParameterException", what);
    let first: usize = match &input.next_token {
        Some(token) => token.parse().map_err(|_| invalid("The specified nextToken is invalid."))?,
        None => 0,
    };
    let page = input.limit.unwrap_or(PAGE);
    if !(1..=PAGE).contains(&page) {
        return Err(invalid("limit must be 1 to 10000"));
    }
    let is_asked_for = |event: &LogEvent| {
        let at = event.at.as_millisecond();
        input.start_time.is_none_or(|start| start <= at)
            && input.end_time.is_none_or(|end| at < end)
            && input.log_stream_names.as_ref().is_none_or(|names| names.contains(&event.stream))
    };
    // By time; those of the same time in the order of writing, which also gives each its id.
    let mut found: Vec<(usize, &LogEvent)> =
        group.events.iter().enumerate().filter(|(_, event)| is_asked_for(event)).collect();
    found.sort_by_key(|(_, event)| event.at.as_millisecond());
    let events: Vec<Value> = found.iter().skip(first).take(page).map(show_event).collect();
    let mut answer = json!({ "events": events, "searchedLogStreams": [] });
    if first + page < found.len() {
        answer["nextToken"] = (first + page).to_string().into();
    }
    Ok(answer)
}

fn show_event((number, event): &(usize, &LogEvent)) -> Value {
    json!({
        "eventId": format!("{number:056}"),
        "logStreamName": event.stream,
        "timestamp": event.at.as_millisecond(),
        "ingestionTime": event.at.as_millisecond(),
        "message": event.message,
    })
}

fn find(world: &World, name: &str) -> Result<LogGroup, ApiError> {
    world.logs().group(name).ok_or_else(|| {
        let message = "The specified log group does not exist.";
        ApiError::new(400, "ResourceNotFoundException", message)
    })
}
