//! `AWS::CloudWatch::Alarm` resources as the lab's alarms, where the lab publishes their metric.

use std::collections::BTreeMap;
use std::time::Duration;

use super::properties::{Properties, of_kind};
use super::{Resources, TemplateError};
use crate::math::Expression;
use crate::spec::{AlarmSpec, MetricSpec, Watched};

/// Namespaces of AWS or Eden whose metrics the lab does not publish: an alarm on one of them would
/// say nothing true.
const UNPUBLISHED: [&str; 3] = ["AWS/Lambda", "AWS/SQS", "Eden/AutoResilience"];

pub(super) fn all(resources: &Resources) -> Result<Vec<AlarmSpec>, TemplateError> {
    let mut alarms = Vec::new();
    for (_, resource, properties) in of_kind(resources, "AWS::CloudWatch::Alarm") {
        if !properties.objects("Metrics")?.is_empty() {
            alarms.push(alarm(&resource.reference, &properties)?);
            continue;
        }
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
    let (watched, period) = watched(properties)?;
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
    Ok(AlarmSpec {
        name: name.to_owned(),
        watched,
        period: Duration::from_secs(period),
        evaluation_periods,
        threshold: properties.number("Threshold")?,
        missing_is_not_breaching,
        actions_enabled: properties.optional_text("ActionsEnabled")?.is_none_or(|it| it == "true"),
        actions: properties.texts("AlarmActions")?,
    })
}

/// What the alarm watches, and the length of a period in seconds: one metric, or one expression with
/// the metrics that it is about. CloudFormation refuses both at once.
fn watched(properties: &Properties<'_>) -> Result<(Watched, u64), TemplateError> {
    let queries = properties.objects("Metrics")?;
    if queries.is_empty() {
        must_be(properties, "Statistic", "Sum")?;
        return Ok((Watched::Metric(metric(properties)?), properties.number("Period")?));
    }
    for alone in ["Namespace", "MetricName", "Dimensions", "Statistic", "Period"] {
        if properties.get(alone).is_some() {
            return Err(properties.refuse(alone, "nothing beside Metrics"));
        }
    }
    let (mut expressions, mut metrics, mut period) = (Vec::new(), BTreeMap::new(), None);
    for query in &queries {
        if let Some(of) = query.object("MetricStat") {
            must_be(&of, "Stat", "Sum")?;
            must_be(query, "ReturnData", "false")?;
            let seconds = of.number("Period")?;
            if period.replace(seconds).is_some_and(|other| other != seconds) {
                return Err(of.refuse("Period", "one that all metrics have"));
            }
            let of = of.object("Metric").ok_or_else(|| of.refuse("Metric", "an object"))?;
            metrics.insert(query.text("Id")?, metric(&of)?);
        } else {
            must_be(query, "ReturnData", "true")?;
            let expression = Expression::parse(&query.text("Expression")?);
            let expression =
                expression.map_err(|error| query.refuse("Expression", &error.to_string()))?;
            expressions.push((query.text("Id")?, expression));
        }
    }
    match (<[(String, Expression); 1]>::try_from(expressions), period) {
        (Ok([(id, expression)]), Some(period))
            if expression.ids().into_iter().all(|id| metrics.contains_key(id)) =>
        {
            Ok((Watched::Math { id, expression, metrics }, period))
        }
        _ => Err(properties.refuse("Metrics", "one expression and the metrics that it names")),
    }
}

/// The metric of an alarm, or of a query of one.
fn metric(properties: &Properties<'_>) -> Result<MetricSpec, TemplateError> {
    let dimensions = properties.objects("Dimensions")?;
    let dimensions = dimensions.iter().map(|it| Ok((it.text("Name")?, it.text("Value")?)));
    Ok(MetricSpec {
        namespace: properties.text("Namespace")?,
        name: properties.text("MetricName")?,
        dimensions: dimensions.collect::<Result<_, TemplateError>>()?,
    })
}

fn must_be(properties: &Properties<'_>, name: &str, only: &str) -> Result<(), TemplateError> {
    if properties.text(name)? == only { Ok(()) } else { Err(properties.refuse(name, only)) }
}
