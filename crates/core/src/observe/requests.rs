//! The API's requests of the last minutes: how many there were, and how many failed (F1).

use std::time::Duration;

use aws_sdk_cloudwatch::primitives::DateTime;
use aws_sdk_cloudwatch::types::{Metric, MetricAlarm, MetricDataQuery, MetricStat};
use eden_policy::facts::{Minute, Requests};

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
    let minutes = |id: &str| -> Vec<(i64, f64)> {
        let results = answer.metric_data_results().iter().filter(|it| it.id() == Some(id));
        let points = results.flat_map(|it| it.timestamps().iter().zip(it.values()));
        points.map(|(at, count)| (at.secs(), *count)).collect()
    };
    Ok(Some(counted(&minutes("all"), &minutes("failed"), now)))
}

/// The requests of these minutes, by when each began. A minute that is not over says little.
fn counted(all: &[(i64, f64)], failed: &[(i64, f64)], now: i64) -> Requests {
    let sum = |minutes: &[(i64, f64)]| whole(minutes.iter().map(|(_, count)| count).sum());
    let over = |at: &i64| at.saturating_add(i64::from(MINUTE)) <= now;
    let newest = all.iter().map(|(at, _)| *at).filter(over).max();
    let of = |minutes: &[(i64, f64)]| {
        let counts = minutes.iter().filter(|(at, _)| Some(*at) == newest);
        whole(counts.map(|(_, count)| count).sum())
    };
    let newest = Minute { all: of(all), failed: of(failed) };
    Requests { all: sum(all), failed: sum(failed), newest }
}

/// A whole number, far below the limits of both.
fn whole(count: f64) -> u64 {
    format!("{:.0}", count.max(0.0)).parse().unwrap_or(0)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_minute_is_the_last_one_that_is_over_and_counted() {
        // Given: five minutes by their beginning; the last one is not over, the one before not counted
        let all = [(240, 4.0), (120, 100.0), (60, 200.0), (0, 300.0)];
        let failed = [(240, 4.0), (120, 90.0)];
        // When
        let requests = counted(&all, &failed, 290);
        // Then: all of them are counted, and the newest for itself
        let newest = Minute { all: 100, failed: 90 };
        assert_eq!(requests, Requests { all: 604, failed: 94, newest });
        assert_eq!(
            counted(&[], &[], 290),
            Requests { all: 0, failed: 0, newest: Minute::default() }
        );
    }
}
