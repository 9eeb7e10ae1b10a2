//! CloudWatch alarms: one evaluation a period, one event a change of state (F14).

use std::collections::VecDeque;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::World;
use super::ids;
use super::metric::MetricKey;
use super::queue::Due;
use crate::spec::{AlarmSpec, MetricSpec, Watched};

/// The state of an alarm.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AlarmState {
    /// No threshold is crossed.
    Ok,
    /// The threshold is crossed.
    Alarm,
    /// Not enough data to say (F2).
    InsufficientData,
}

impl AlarmState {
    /// The state by AWS's word for it.
    pub fn of(word: &str) -> Option<Self> {
        [Self::Ok, Self::Alarm, Self::InsufficientData].into_iter().find(|it| it.as_str() == word)
    }

    /// AWS's word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "OK",
            Self::Alarm => "ALARM",
            Self::InsufficientData => "INSUFFICIENT_DATA",
        }
    }
}

/// A state and why.
#[derive(Debug, Clone, PartialEq)]
pub struct AlarmStatus {
    /// The state.
    pub state: AlarmState,
    /// Since when.
    pub since: Timestamp,
    /// Why, for people.
    pub reason: String,
    /// Why, for machines: JSON.
    pub reason_data: Option<Value>,
}

/// A CloudWatch alarm.
#[derive(Debug, Clone)]
pub struct Alarm {
    /// What it was asked to be.
    pub spec: AlarmSpec,
    /// Its ARN.
    pub arn: String,
    /// The state it is in.
    pub status: AlarmStatus,
    /// The id of its one metric in events.
    metric_id: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// The values of the periods evaluated last, newest last; `None` without data.
    recent: VecDeque<Option<f64>>,
}

impl Alarm {
    fn push(&mut self, sum: Option<f64>) {
        self.recent.push_back(sum);
        if self.recent.len() > self.spec.evaluation_periods as usize {
            self.recent.pop_front();
        }
    }

    /// The state the recent periods ask for; `None` where they leave it as it is.
    fn judge(&self) -> Option<AlarmState> {
        let breaching = |sum: &f64| *sum >= self.spec.threshold;
        let full = self.recent.len() == self.spec.evaluation_periods as usize;
        if self.spec.missing_is_not_breaching {
            let all = self.recent.iter().all(|sum| sum.as_ref().is_some_and(breaching));
            return Some(if full && all { AlarmState::Alarm } else { AlarmState::Ok });
        }
        let known: Vec<f64> = self.recent.iter().copied().flatten().collect();
        if known.is_empty() {
            Some(AlarmState::InsufficientData)
        } else if known.iter().any(|sum| !breaching(sum)) {
            Some(AlarmState::Ok)
        } else {
            (full && known.len() == self.recent.len()).then_some(AlarmState::Alarm)
        }
    }

    fn status(&self, state: AlarmState, period_end: Timestamp, now: Timestamp) -> AlarmStatus {
        let AlarmSpec { evaluation_periods, threshold, .. } = &self.spec;
        let datapoints: Vec<f64> = self.recent.iter().copied().flatten().collect();
        let found = datapoints.len();
        let reason = match state {
            AlarmState::Alarm => format!(
                "Threshold Crossed: {found} datapoints {datapoints:?} were greater than or equal \
                 to the threshold ({threshold:?})."
            ),
            AlarmState::Ok => format!(
                "Threshold Crossed: not all of the last {evaluation_periods} datapoints \
                 {datapoints:?} were greater than or equal to the threshold ({threshold:?})."
            ),
            AlarmState::InsufficientData => {
                "Insufficient Data: no datapoints were received.".to_owned()
            }
        };
        let mut data = json!({
            "version": "1.0",
            "queryDate": alarm_time(now),
            "startDate": alarm_time(period_end),
            "period": self.spec.period.as_secs(),
            "recentDatapoints": datapoints,
            "threshold": threshold,
        });
        match self.spec.watched {
            Watched::Metric(_) => data["statistic"] = "Sum".into(),
            Watched::Math { .. } => {}
        }
        AlarmStatus { state, since: now, reason, reason_data: Some(data) }
    }

    pub(super) fn state_change(&self, previous: &AlarmStatus) -> Value {
        json!({
            "alarmName": self.spec.name,
            "state": status_detail(&self.status),
            "previousState": status_detail(previous),
            "configuration": { "metrics": self.metrics() },
        })
    }

    fn metrics(&self) -> Vec<Value> {
        let shown = |id: &str, metric: &MetricSpec, returned: bool| {
            json!({
                "id": id,
                "metricStat": {
                    "metric": {
                        "namespace": metric.namespace,
                        "name": metric.name,
                        "dimensions": metric.dimensions,
                    },
                    "period": self.spec.period.as_secs(),
                    "stat": "Sum",
                },
                "returnData": returned,
            })
        };
        match &self.spec.watched {
            Watched::Metric(metric) => vec![shown(&self.metric_id, metric, true)],
            Watched::Math { id, expression, metrics } => {
                let of = metrics.iter().map(|(id, metric)| shown(id, metric, false));
                let math = json!({
                    "id": id,
                    "expression": expression.to_string(),
                    "returnData": true,
                });
                std::iter::once(math).chain(of).collect()
            }
        }
    }
}

/// `2025-11-10T17:30:00.123+0000` (F14).
fn alarm_time(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%S.%3f+0000").to_string()
}

fn status_detail(status: &AlarmStatus) -> Value {
    let mut detail = json!({
        "value": status.state.as_str(),
        "reason": status.reason,
        "timestamp": alarm_time(status.since),
    });
    if let Some(data) = &status.reason_data {
        detail["reasonData"] = data.to_string().into();
    }
    detail
}

impl World {
    /// Adds an alarm, which begins without data; one of the same name is replaced.
    pub fn add_alarm(&mut self, spec: AlarmSpec) {
        let period_end = self.now + self.timing.declared(spec.period);
        // An alarm that is evaluated already goes on to be, at the new period.
        if !self.alarms.contains_key(&spec.name) {
            self.plan_evaluation(spec.name.clone(), period_end);
        }
        let alarm = Alarm {
            arn: self.arns.alarm(&spec.name),
            status: AlarmStatus {
                state: AlarmState::InsufficientData,
                since: self.now,
                reason: "Unchecked: Initial alarm creation".to_owned(),
                reason_data: None,
            },
            metric_id: ids::uuid(&mut self.rng),
            created_at: self.now,
            recent: VecDeque::new(),
            spec,
        };
        self.alarms.insert(alarm.spec.name.clone(), alarm);
    }

    /// An alarm, by name.
    pub fn alarm(&self, name: &str) -> Option<&Alarm> {
        self.alarms.get(name)
    }

    /// Changes what an alarm was asked to be, but for its name and period; `false` when there is none
    /// of that name.
    pub fn change_alarm(&mut self, name: &str, change: impl FnOnce(&mut AlarmSpec)) -> bool {
        match self.alarms.get_mut(name) {
            Some(alarm) => {
                change(&mut alarm.spec);
                true
            }
            None => false,
        }
    }

    /// All alarms, by name.
    pub(crate) fn alarms(&self) -> impl Iterator<Item = &Alarm> {
        self.alarms.values()
    }

    fn plan_evaluation(&mut self, alarm: String, period_end: Timestamp) {
        let at = period_end + self.timing.metric_delay;
        self.plan_at(at, Due::EvaluateAlarm { alarm, period_end });
    }

    /// Evaluates an alarm at the end of a period.
    pub(super) fn evaluate_alarm(&mut self, name: &str, period_end: Timestamp) {
        let now = self.now;
        let Some(alarm) = self.alarms.get_mut(name) else { return };
        let period = self.timing.declared(alarm.spec.period);
        let sum = |metric: &MetricSpec| {
            let MetricSpec { namespace, name, dimensions } = metric.clone();
            let key = MetricKey { namespace, name, dimensions };
            self.metrics.sum(&key, period_end - period, period_end)
        };
        let value = match &alarm.spec.watched {
            Watched::Metric(metric) => sum(metric),
            Watched::Math { expression, metrics, .. } => {
                let sums = metrics.iter().map(|(id, metric)| (id.clone(), sum(metric)));
                expression.value(&sums.collect())
            }
        };
        alarm.push(value);
        let change = alarm.judge().filter(|state| *state != alarm.status.state).map(|state| {
            let status = alarm.status(state, period_end, now);
            std::mem::replace(&mut alarm.status, status)
        });
        if let Some(previous) = change {
            self.alarm_changed(name, &previous);
        }
        self.plan_evaluation(name.to_owned(), period_end + period);
    }
}
