//! Amazon CloudWatch: Smithy's RPC v2 CBOR.

mod metric_data;

use ciborium::Value as Cbor;
use jiff::Timestamp;
use serde::Deserialize;

use super::error::ApiError;
use super::input;
use super::protocol::{Body, cbor_map};
use super::request::ApiRequest;
use crate::spec::{AlarmSpec, MetricSpec, Watched};
use crate::world::events::epoch_seconds;
use crate::world::{Alarm, AlarmHistoryItem, AlarmState, World};

/// CBOR's tag for seconds since 1970.
const EPOCH_TAG: u64 = 1;

pub(super) fn perform(world: &mut World, request: &ApiRequest) -> Result<Body, ApiError> {
    match request.operation.as_str() {
        "DescribeAlarms" => Ok(describe_alarms(world, &input(request)?)),
        "GetMetricData" => metric_data::answer(world, &input(request)?),
        "DescribeAlarmHistory" => Ok(describe_alarm_history(world, &input(request)?)),
        "SetAlarmState" => set_alarm_state(world, &input(request)?),
        operation => Err(request.service.unknown_operation(operation)),
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct DescribeAlarms {
    alarm_names: Option<Vec<String>>,
    alarm_name_prefix: Option<String>,
    state_value: Option<String>,
    /// All alarms of the lab watch a metric, and they fit on one page.
    #[serde(rename = "AlarmTypes")]
    _alarm_types: Option<Vec<String>>,
    #[serde(rename = "MaxRecords")]
    _max_records: Option<u32>,
}

/// An alarm that is not there is left out, which is no error.
fn describe_alarms(world: &World, input: &DescribeAlarms) -> Body {
    let asked = |alarm: &&Alarm| {
        let name = &alarm.spec.name;
        input.alarm_names.as_ref().is_none_or(|names| names.contains(name))
            && input.alarm_name_prefix.as_ref().is_none_or(|prefix| name.starts_with(prefix))
            && input.state_value.as_ref().is_none_or(|state| alarm.status.state.as_str() == state)
    };
    let alarms = world.alarms().filter(asked).map(show_alarm).collect();
    Body::Cbor(cbor_map([
        ("MetricAlarms", Cbor::Array(alarms)),
        ("CompositeAlarms", Cbor::Array(Vec::new())),
    ]))
}

/// The newest items come first, and all fit on one page.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct DescribeAlarmHistory {
    alarm_name: Option<String>,
    history_item_type: Option<String>,
}

fn describe_alarm_history(world: &World, input: &DescribeAlarmHistory) -> Body {
    let asked = |item: &&AlarmHistoryItem| {
        input.alarm_name.as_ref().is_none_or(|name| *name == item.alarm)
            && input.history_item_type.as_ref().is_none_or(|kind| kind == item.kind)
    };
    let items = world.alarm_history().iter().rev().filter(asked).map(|item| {
        cbor_map([
            ("AlarmName", item.alarm.as_str().into()),
            ("AlarmType", "MetricAlarm".into()),
            ("Timestamp", time(item.at)),
            ("HistoryItemType", item.kind.into()),
            ("HistorySummary", item.summary.as_str().into()),
            ("HistoryData", item.data.as_str().into()),
        ])
    });
    Body::Cbor(cbor_map([("AlarmHistoryItems", Cbor::Array(items.collect()))]))
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct SetAlarmState {
    alarm_name: String,
    state_value: String,
    state_reason: String,
}

fn set_alarm_state(world: &mut World, input: &SetAlarmState) -> Result<Body, ApiError> {
    let refuse = |code: &str, message: &str| ApiError::new(400, code, message);
    let state = AlarmState::of(&input.state_value).ok_or_else(|| {
        refuse("InvalidFormat", "StateValue must be OK, ALARM or INSUFFICIENT_DATA")
    })?;
    if !world.set_alarm_state(&input.alarm_name, state, &input.state_reason) {
        return Err(refuse("ResourceNotFound", "Alarm does not exist"));
    }
    Ok(Body::Cbor(cbor_map([])))
}

fn show_alarm(alarm: &Alarm) -> Cbor {
    let spec = &alarm.spec;
    let actions = spec.actions.iter().map(|it| it.as_str().into()).collect();
    let missing = if spec.missing_is_not_breaching { "notBreaching" } else { "missing" };
    let reason_data = alarm.status.reason_data.as_ref().map(ToString::to_string);
    let shown = cbor_map([
        ("AlarmName", spec.name.as_str().into()),
        ("AlarmArn", alarm.arn.as_str().into()),
        ("EvaluationPeriods", spec.evaluation_periods.into()),
        ("Threshold", spec.threshold.into()),
        ("ComparisonOperator", "GreaterThanOrEqualToThreshold".into()),
        ("TreatMissingData", missing.into()),
        ("ActionsEnabled", spec.actions_enabled.into()),
        ("AlarmActions", Cbor::Array(actions)),
        ("AlarmConfigurationUpdatedTimestamp", time(alarm.created_at)),
        ("StateValue", alarm.status.state.as_str().into()),
        ("StateReason", alarm.status.reason.as_str().into()),
        ("StateReasonData", reason_data.map_or(Cbor::Null, Cbor::Text)),
        ("StateUpdatedTimestamp", time(alarm.status.since)),
        ("StateTransitionedTimestamp", time(alarm.status.since)),
    ]);
    with(shown, watched(spec))
}

/// The members of both maps.
fn with(first: Cbor, second: Cbor) -> Cbor {
    let members = |map: Cbor| map.into_map().unwrap_or_default();
    Cbor::Map(members(first).into_iter().chain(members(second)).collect())
}

/// An alarm shows the metric that it watches, or the metrics of an expression; never both.
fn watched(spec: &AlarmSpec) -> Cbor {
    let period = spec.period.as_secs();
    match &spec.watched {
        Watched::Metric(metric) => {
            let statistic = [("Statistic", "Sum".into()), ("Period", period.into())];
            with(show_metric(metric), cbor_map(statistic))
        }
        Watched::Math { id, expression, metrics } => {
            let math = cbor_map([
                ("Id", id.as_str().into()),
                ("Expression", expression.to_string().into()),
                ("ReturnData", true.into()),
            ]);
            let query = |(id, metric): (&String, &MetricSpec)| {
                let of = cbor_map([
                    ("Metric", show_metric(metric)),
                    ("Period", period.into()),
                    ("Stat", "Sum".into()),
                ]);
                cbor_map([
                    ("Id", id.as_str().into()),
                    ("MetricStat", of),
                    ("ReturnData", false.into()),
                ])
            };
            let queries = std::iter::once(math).chain(metrics.iter().map(query)).collect();
            cbor_map([("Metrics", Cbor::Array(queries))])
        }
    }
}

fn show_metric(metric: &MetricSpec) -> Cbor {
    let dimension = |(name, value): (&String, &String)| {
        cbor_map([("Name", name.as_str().into()), ("Value", value.as_str().into())])
    };
    cbor_map([
        ("Namespace", metric.namespace.as_str().into()),
        ("MetricName", metric.name.as_str().into()),
        ("Dimensions", Cbor::Array(metric.dimensions.iter().map(dimension).collect())),
    ])
}

fn time(at: Timestamp) -> Cbor {
    Cbor::Tag(EPOCH_TAG, Box::new(epoch_seconds(at).into()))
}
