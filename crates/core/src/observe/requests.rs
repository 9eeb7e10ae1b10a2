//! The API's requests of the last minutes: how many there were, and how many failed (F1).

use std::time::Duration;

use aws_sdk_cloudwatch::primitives::DateTime;
use aws_sdk_cloudwatch::types::{Metric, MetricAlarm, MetricDataQuery, MetricStat};
use eden_policy::facts::Requests;

use super::alarm;
use crate::aws::Aws;
use crate::call_error::CallError;

/// What the metrics of failed requests are called, of HTTP APIs and of REST APIs (F1).
const FAILED: [&str; 2] = ["5xx", "5XXError"];
/// What the metric of all requests is called, of either.
const ALL: &str = "Count";
/// The period of both metrics, in seconds.
const MINUTE: i32 = 60;
/// For so long the API is looked back at: the alarm rings after two bad minutes, which CloudWatch knows
/// a minute later.
const BACK: Duration = Duration::from_mins(3);

/// Reads the requests that the alarm of this name watches; `None` where there is no such alarm, or it
/// watches something else.
///
/// # Errors
/// When a call fails.
pub(super) async fn of_alarm(aws: &Aws, name: &str) -> Result<Option<Requests>, CallError> {
    let alarm = alarm::describe(aws, name).await?;
    let Some(failed) = alarm.and_then(watched) else { return Ok(None) };
    let all = Metric::builder()
        .set_namespace(failed.namespace.clone())
        .metric_name(ALL)
        .set_dimensions(failed.dimensions.clone())
        .build();
    let now = aws.now().as_second();
    let back = i64::try_from(BACK.as_secs()).unwrap_or(i64::MAX);
    let answer = aws
        .cloudwatch
        .get_metric_data()
        .metric_data_queries(sum("failed", failed))
        .metric_data_queries(sum("all", all))
        .start_time(DateTime::from_secs(now.saturating_sub(back)))
        .end_time(DateTime::from_secs(now))
        .send()
        .await
        .map_err(|error| CallError::new("GetMetricData", name, &error))?;
    let count = |id: &str| {
        let results = answer.metric_data_results().iter().filter(|it| it.id() == Some(id));
        let sum: f64 = results.flat_map(|it| it.values().iter()).sum();
        // A whole number, far below the limits of both.
        format!("{:.0}", sum.max(0.0)).parse().unwrap_or(0)
    };
    Ok(Some(Requests { all: count("all"), failed: count("failed") }))
}

/// The metric of failed requests that the alarm watches, by itself or as a part of an expression.
fn watched(alarm: MetricAlarm) -> Option<Metric> {
    let own = Metric::builder()
        .set_namespace(alarm.namespace)
        .set_metric_name(alarm.metric_name)
        .set_dimensions(alarm.dimensions)
        .build();
    let parts = alarm.metrics.unwrap_or_default().into_iter();
    let parts = parts.filter_map(|part| part.metric_stat?.metric);
    let counts_failures = |it: &Metric| it.metric_name().is_some_and(|it| FAILED.contains(&it));
    [own].into_iter().chain(parts).find(counts_failures)
}

fn sum(id: &str, metric: Metric) -> MetricDataQuery {
    let stat = MetricStat::builder().metric(metric).period(MINUTE).stat("Sum").build();
    MetricDataQuery::builder().id(id).metric_stat(stat).build()
}
