//! Amazon EventBridge: AWS JSON 1.1.

use std::time::Duration;

use serde::Deserialize;
use serde_json::{Value, json};

use super::error::ApiError;
use super::input;
use super::protocol::Body;
use super::request::ApiRequest;
use crate::spec::{RuleTrigger, Target};
use crate::world::{Rule, World};

/// So many entries one call takes.
const MOST_ENTRIES: usize = 10;

pub(super) fn perform(world: &mut World, request: &ApiRequest) -> Result<Body, ApiError> {
    match request.operation.as_str() {
        "PutEvents" => put_events(world, input(request)?).map(Body::Json),
        "DescribeRule" => describe_rule(world, &input(request)?).map(Body::Json),
        "ListTargetsByRule" => list_targets_by_rule(world, &input(request)?).map(Body::Json),
        operation => Err(request.service.unknown_operation(operation)),
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct PutEvents {
    entries: Vec<Entry>,
}

/// The lab gives every event the time at which it comes.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Entry {
    source: Option<String>,
    detail_type: Option<String>,
    detail: Option<String>,
    #[serde(default)]
    resources: Vec<String>,
    event_bus_name: Option<String>,
    #[serde(rename = "Time")]
    _time: Option<f64>,
}

fn put_events(world: &mut World, input: PutEvents) -> Result<Value, ApiError> {
    if !(1..=MOST_ENTRIES).contains(&input.entries.len()) {
        let message = format!("Entries must be 1 to {MOST_ENTRIES}");
        return Err(ApiError::new(400, "ValidationException", &message));
    }
    let results: Vec<Result<String, ApiError>> =
        input.entries.into_iter().map(|entry| put(world, entry)).collect();
    let failed = results.iter().filter(|result| result.is_err()).count();
    let entries: Vec<Value> = results
        .into_iter()
        .map(|result| match result {
            Ok(id) => json!({ "EventId": id }),
            Err(error) => json!({ "ErrorCode": error.code, "ErrorMessage": error.message }),
        })
        .collect();
    Ok(json!({ "FailedEntryCount": failed, "Entries": entries }))
}

fn put(world: &mut World, entry: Entry) -> Result<String, ApiError> {
    let invalid = |what: &str| ApiError::new(400, "InvalidArgument", what);
    let source = entry.source.ok_or_else(|| invalid("Source is missing."))?;
    let detail_type = entry.detail_type.ok_or_else(|| invalid("DetailType is missing."))?;
    let detail = entry.detail.ok_or_else(|| invalid("Detail is missing."))?;
    if source.starts_with("aws.") {
        let message = "Not authorized for the source.";
        return Err(ApiError::new(400, "NotAuthorizedForSourceException", message));
    }
    let default_bus = world.arns().event_bus("default");
    if entry.event_bus_name.is_some_and(|bus| bus != "default" && bus != default_bus) {
        return Err(invalid("The lab has the default event bus only."));
    }
    let detail: Value = serde_json::from_str(&detail)
        .ok()
        .filter(Value::is_object)
        .ok_or_else(|| ApiError::new(400, "MalformedDetail", "Detail is malformed."))?;
    Ok(world.emit(&source, &detail_type, &entry.resources, &detail))
}

/// The lab has the default event bus only.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct DescribeRule {
    name: String,
}

fn describe_rule(world: &World, input: &DescribeRule) -> Result<Value, ApiError> {
    let Rule { spec, enabled } = find_rule(world, &input.name)?;
    let (name, value) = match &spec.trigger {
        RuleTrigger::Pattern(pattern) => ("EventPattern", pattern.source().to_string()),
        RuleTrigger::Every(every) => ("ScheduleExpression", rate(*every)),
    };
    Ok(json!({
        "Name": spec.name,
        "Arn": world.arns().rule(&spec.name),
        "State": if *enabled { "ENABLED" } else { "DISABLED" },
        "EventBusName": "default",
        name: value,
    }))
}

/// `rate(5 minutes)`, as short as it can be said in minutes.
fn rate(every: Duration) -> String {
    match every.as_secs() / 60 {
        1 => "rate(1 minute)".to_owned(),
        minutes => format!("rate({minutes} minutes)"),
    }
}

/// A rule's targets fit on one page.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct ListTargetsByRule {
    rule: String,
}

/// The lab knows no ids of targets: each has the name of what it is.
fn list_targets_by_rule(world: &World, input: &ListTargetsByRule) -> Result<Value, ApiError> {
    let rule = find_rule(world, &input.rule)?;
    let show = |target: &Target| {
        let (name, arn) = match target {
            Target::Function(name) => (name, world.arns().function(name)),
            Target::LogGroup(name) => (name, world.arns().log_group(name)),
        };
        json!({ "Id": name.rsplit('/').next(), "Arn": arn })
    };
    Ok(json!({ "Targets": rule.spec.targets.iter().map(show).collect::<Vec<_>>() }))
}

fn find_rule<'a>(world: &'a World, name: &str) -> Result<&'a Rule, ApiError> {
    world.rule(name).ok_or_else(|| {
        let message = format!("Rule {name} does not exist on EventBus default.");
        ApiError::new(400, "ResourceNotFoundException", &message)
    })
}
