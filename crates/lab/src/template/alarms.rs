//! `AWS::CloudWatch::Alarm` resources as the lab's alarms, where the lab publishes their metric.

use std::time::Duration;

use super::properties::{Properties, of_kind};
use super::{Resources, TemplateError};
use crate::spec::AlarmSpec;

/// Namespaces of AWS or Eden whose metrics the lab does not publish: an alarm on one of them would
/// say nothing true.
const UNPUBLISHED: [&str; 3] = ["AWS/Lambda", "AWS/SQS", "Eden/AutoResilience"];

pub(super) fn all(resources: &Resources) -> Result<Vec<AlarmSpec>, TemplateError> {
    let mut alarms = Vec::new();
    for (_, resource, properties) in of_kind(resources, "AWS::CloudWatch::Alarm") {
        match properties.text("Namespace")?.as_str() {
            "AWS/ApiGateway" => alarms.push(alarm(&resource.reference, &properties)?),
            namespace if UNPUBLISHED.contains(&namespace) => {}
            _ => {
                let accepted = format!("AWS/ApiGateway, {}", UNPUBLISHED.join(", "));
                return Err(properties.refuse("Namespace", &accepted));
            }
        }
    }
    Ok(alarms)
}

fn alarm(name: &str, properties: &Properties<'_>) -> Result<AlarmSpec, TemplateError> {
    must_be(properties, "Statistic", "Sum")?;
    must_be(properties, "ComparisonOperator", "GreaterThanOrEqualToThreshold")?;
    let evaluation_periods = properties.number("EvaluationPeriods")?;
    let datapoints = properties.optional_number("DatapointsToAlarm")?;
    if datapoints.is_some_and(|datapoints: u32| datapoints != evaluation_periods) {
        return Err(properties.refuse("DatapointsToAlarm", "as many as EvaluationPeriods"));
    }
    let missing_is_not_breaching = match properties.optional_text("TreatMissingData")?.as_deref() {
        None | Some("missing") => false,
        Some("notBreaching") => true,
        Some(_) => return Err(properties.refuse("TreatMissingData", "missing, notBreaching")),
    };
    let dimensions = properties.objects("Dimensions")?;
    let dimensions = dimensions.iter().map(|it| Ok((it.text("Name")?, it.text("Value")?)));
    Ok(AlarmSpec {
        name: name.to_owned(),
        namespace: properties.text("Namespace")?,
        metric_name: properties.text("MetricName")?,
        dimensions: dimensions.collect::<Result<_, TemplateError>>()?,
        period: Duration::from_secs(properties.number("Period")?),
        evaluation_periods,
        threshold: properties.number("Threshold")?,
        missing_is_not_breaching,
        actions_enabled: properties.optional_text("ActionsEnabled")?.is_none_or(|it| it == "true"),
        actions: properties.texts("AlarmActions")?,
    })
}

fn must_be(properties: &Properties<'_>, name: &str, only: &str) -> Result<(), TemplateError> {
    if properties.text(name)? == only { Ok(()) } else { Err(properties.refuse(name, only)) }
}
