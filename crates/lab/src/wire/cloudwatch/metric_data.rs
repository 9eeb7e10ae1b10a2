//! `GetMetricData`, for sums of plain metrics.

use std::collections::BTreeMap;
use std::time::Duration;

use ciborium::Value as Cbor;
use jiff::Timestamp;
use serde::Deserialize;

use super::super::error::ApiError;
use super::super::protocol::{Body, cbor_map};
use super::time;
use crate::world::World;

/// The shortest period of a metric that is not of high resolution.
const MINUTE: u64 = 60;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct GetMetricData {
    metric_data_queries: Vec<Query>,
    start_time: f64,
    end_time: f64,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Query {
    id: String,
    metric_stat: MetricStat,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct MetricStat {
    metric: Metric,
    period: u64,
    stat: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Metric {
    namespace: String,
    #[serde(rename = "MetricName")]
    name: String,
    #[serde(default)]
    dimensions: Vec<Dimension>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Dimension {
    name: String,
    value: String,
}

/// The sums of each period, the newest first; a period without data is left out.
pub(super) fn answer(world: &World, input: &GetMetricData) -> Result<Body, ApiError> {
    let (from, to) = (seconds(input.start_time)?, seconds(input.end_time)?);
    if from >= to {
        return Err(invalid("The parameter StartTime must be less than the parameter EndTime."));
    }
    let results: Result<Vec<_>, _> =
        input.metric_data_queries.iter().map(|query| result(world, query, from, to)).collect();
    Ok(Body::Cbor(cbor_map([
        ("MetricDataResults", Cbor::Array(results?)),
        ("Messages", Cbor::Array(Vec::new())),
    ])))
}

fn result(world: &World, query: &Query, from: i64, to: i64) -> Result<Cbor, ApiError> {
    let MetricStat { metric, period, stat } = &query.metric_stat;
    if stat != "Sum" || *period == 0 || period % MINUTE != 0 {
        return Err(invalid("The lab sums up periods of whole minutes"));
    }
    let dimensions: BTreeMap<_, _> =
        metric.dimensions.iter().map(|it| (it.name.clone(), it.value.clone())).collect();
    let length = i64::try_from(*period).map_err(|_| invalid("Period"))?;
    // The start is rounded down to a whole period.
    let starts =
        (from.div_euclid(length) * length..to).step_by(usize::try_from(length).unwrap_or(1));
    let sum = |start: i64| {
        let start = Timestamp::from_second(start).ok()?;
        let end = start + Duration::from_secs(*period);
        let sum = world.metric_sum(&metric.namespace, &metric.name, &dimensions, start, end)?;
        Some((time(start), Cbor::from(sum)))
    };
    let mut points: Vec<_> = starts.filter_map(sum).collect();
    points.reverse();
    let (times, sums): (Vec<_>, Vec<_>) = points.into_iter().unzip();
    Ok(cbor_map([
        ("Id", query.id.as_str().into()),
        ("Label", metric.name.as_str().into()),
        ("StatusCode", "Complete".into()),
        ("Timestamps", Cbor::Array(times)),
        ("Values", Cbor::Array(sums)),
    ]))
}

fn seconds(at: f64) -> Result<i64, ApiError> {
    let whole = format!("{:.0}", at.floor());
    whole.parse().map_err(|_| invalid("StartTime and EndTime are numbers of seconds"))
}

fn invalid(message: &str) -> ApiError {
    ApiError::new(400, "InvalidParameterValue", message)
}
