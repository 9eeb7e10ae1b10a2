//! EventBridge rules: `AWS::Events::Rule` resources and the events of functions.

use std::time::Duration;

use serde_json::{Map, Value};

use super::properties::{Properties, of_kind};
use super::{Deployment, Resources, TemplateError, permissions};
use crate::pattern::Pattern;
use crate::spec::{RuleSpec, RuleTrigger, Target};

/// Every rule that is enabled.
pub(super) fn all(
    resources: &Resources,
    deployment: &Deployment,
) -> Result<Vec<RuleSpec>, TemplateError> {
    let mut rules = Vec::new();
    for (_, resource, properties) in of_kind(resources, "AWS::Events::Rule") {
        if is_enabled(&properties)? {
            rules.push(RuleSpec {
                name: resource.reference.clone(),
                trigger: trigger(&properties)?,
                targets: targets(resources, resource.arn.as_deref(), &properties)?,
            });
        }
    }
    for (id, resource, properties) in of_kind(resources, "AWS::Serverless::Function") {
        let events = properties.get("Events").and_then(Value::as_object);
        for (event_id, event) in events.into_iter().flatten() {
            let at = properties.at(&format!("Events.{event_id}"));
            let default_name = format!("{}-{id}{event_id}", deployment.stack_name);
            if let Some((name, trigger)) = function_event(event, at, default_name)? {
                let targets = vec![Target::Function(resource.reference.clone())];
                rules.push(RuleSpec { name, trigger, targets });
            }
        }
    }
    Ok(rules)
}

/// The rule that SAM makes of a function's event; none if it is disabled.
fn function_event(
    event: &Value,
    at: String,
    default_name: String,
) -> Result<Option<(String, RuleTrigger)>, TemplateError> {
    let empty = Value::Object(Map::new());
    let event_properties = Properties {
        at: format!("{at}.Properties"),
        value: event.get("Properties").unwrap_or(&empty),
    };
    let event = Properties { at, value: event };
    let (name_property, trigger) = match event.text("Type")?.as_str() {
        "EventBridgeRule" | "CloudWatchEvent" => {
            ("RuleName", pattern(&event_properties, "Pattern")?)
        }
        // The name's property differs from EventBridgeRule's (F31).
        "Schedule" => ("Name", schedule(&event_properties, "Schedule")?),
        // ScheduleV2 is EventBridge Scheduler, which sends another payload than a rule's schedule.
        _ => return Err(event.refuse("Type", "EventBridgeRule, CloudWatchEvent, Schedule")),
    };
    refuse_input(&event_properties)?;
    if !is_enabled(&event_properties)? {
        return Ok(None);
    }
    let name = event_properties.optional_text(name_property)?.unwrap_or(default_name);
    Ok(Some((name, trigger)))
}

fn is_enabled(properties: &Properties<'_>) -> Result<bool, TemplateError> {
    let enabled = match properties.optional_text("Enabled")?.as_deref() {
        None | Some("true") => true,
        Some("false") => false,
        Some(_) => return Err(properties.refuse("Enabled", "true, false")),
    };
    match properties.optional_text("State")?.as_deref() {
        None | Some("ENABLED") => Ok(enabled),
        Some("DISABLED") => Ok(false),
        Some(_) => Err(properties.refuse("State", "ENABLED, DISABLED")),
    }
}

fn trigger(properties: &Properties<'_>) -> Result<RuleTrigger, TemplateError> {
    match (properties.get("EventPattern"), properties.get("ScheduleExpression")) {
        (Some(_), None) => pattern(properties, "EventPattern"),
        (None, Some(_)) => schedule(properties, "ScheduleExpression"),
        (None, None) | (Some(_), Some(_)) => Err(TemplateError::at(
            &properties.at,
            "accepted: either EventPattern or ScheduleExpression, so that the trigger is plain",
        )),
    }
}

fn pattern(properties: &Properties<'_>, name: &str) -> Result<RuleTrigger, TemplateError> {
    let value = properties.get(name).ok_or_else(|| properties.refuse(name, "an event pattern"))?;
    let pattern = Pattern::parse(value);
    pattern
        .map(RuleTrigger::Pattern)
        .map_err(|source| TemplateError::Pattern { at: properties.at(name), source })
}

fn schedule(properties: &Properties<'_>, name: &str) -> Result<RuleTrigger, TemplateError> {
    let rate = parse_rate(&properties.text(name)?);
    let accepted = "a rate, for example rate(1 minute) or rate(5 minutes)";
    rate.map(RuleTrigger::Every).ok_or_else(|| properties.refuse(name, accepted))
}

/// `rate(5 minutes)`: the unit is singular for 1, plural otherwise.
fn parse_rate(expression: &str) -> Option<Duration> {
    let inner = expression.strip_prefix("rate(")?.strip_suffix(')')?;
    let (count, unit) = inner.split_once(' ')?;
    let count: u64 = count.parse().ok().filter(|count| *count > 0)?;
    let unit = if count == 1 { Some(unit) } else { unit.strip_suffix('s') };
    let seconds = match unit? {
        "minute" => 60,
        "hour" => 60 * 60,
        "day" => 24 * 60 * 60,
        _ => return None,
    };
    Some(Duration::from_secs(count * seconds))
}

fn targets(
    resources: &Resources,
    rule_arn: Option<&str>,
    properties: &Properties<'_>,
) -> Result<Vec<Target>, TemplateError> {
    let targets = properties.objects("Targets")?;
    targets.iter().map(|target| self::target(resources, rule_arn, target)).collect()
}

fn target(
    resources: &Resources,
    rule_arn: Option<&str>,
    target: &Properties<'_>,
) -> Result<Target, TemplateError> {
    refuse_input(target)?;
    let arn = target.text("Arn")?;
    let found = resources.values().find(|resource| {
        // A log group's own ARN ends with `:*`; as a target it is given without.
        let own = resource.arn.as_deref();
        own.is_some_and(|own| own == arn || own.strip_suffix(":*") == Some(&arn))
    });
    match found {
        Some(function) if function.is("AWS::Serverless::Function") => {
            if permissions::may_invoke(resources, rule_arn, function)? {
                Ok(Target::Function(function.reference.clone()))
            } else {
                let accepted = "a function with an AWS::Lambda::Permission for this rule";
                Err(target.refuse("Arn", accepted))
            }
        }
        Some(group) if group.is("AWS::Logs::LogGroup") => {
            Ok(Target::LogGroup(group.reference.clone()))
        }
        Some(_) | None => Err(target.refuse("Arn", "a function or a log group of the stack")),
    }
}

/// The lab hands events over as they are.
fn refuse_input(properties: &Properties<'_>) -> Result<(), TemplateError> {
    let changing = ["Input", "InputPath", "InputTransformer"];
    match changing.into_iter().find(|name| properties.get(name).is_some()) {
        Some(name) => Err(properties.refuse(name, "no change of the event")),
        None => Ok(()),
    }
}
