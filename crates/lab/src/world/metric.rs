//! CloudWatch metrics: datapoints by namespace, name and dimensions.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use jiff::Timestamp;

use super::World;

/// Datapoints older than this are forgotten: no alarm of the lab looks back further.
const MEMORY: Duration = Duration::from_hours(3);

/// What names a metric: another name or other dimensions are another metric (F1).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct MetricKey {
    pub(super) namespace: String,
    pub(super) name: String,
    pub(super) dimensions: BTreeMap<String, String>,
}

impl World {
    /// The sum of a metric's datapoints over `[from, to)`; `None` without one.
    pub(crate) fn metric_sum(
        &self,
        namespace: &str,
        name: &str,
        dimensions: &BTreeMap<String, String>,
        from: Timestamp,
        to: Timestamp,
    ) -> Option<f64> {
        let key = MetricKey {
            namespace: namespace.to_owned(),
            name: name.to_owned(),
            dimensions: dimensions.clone(),
        };
        self.metrics.sum(&key, from, to)
    }
}

/// The datapoints of all metrics, each in order of time.
#[derive(Debug, Default)]
pub(super) struct Metrics {
    points: BTreeMap<MetricKey, VecDeque<(Timestamp, f64)>>,
}

impl Metrics {
    pub(super) fn record(&mut self, key: MetricKey, at: Timestamp, value: f64) {
        let points = self.points.entry(key).or_default();
        while points.front().is_some_and(|(oldest, _)| *oldest + MEMORY < at) {
            points.pop_front();
        }
        points.push_back((at, value));
    }

    /// The sum over `[from, to)`; `None` without a datapoint.
    pub(super) fn sum(&self, key: &MetricKey, from: Timestamp, to: Timestamp) -> Option<f64> {
        let points = self.points.get(key)?;
        points
            .iter()
            .rev()
            .take_while(|(at, _)| *at >= from)
            .filter(|(at, _)| *at < to)
            .map(|(_, value)| *value)
            .reduce(|sum, value| sum + value)
    }
}
