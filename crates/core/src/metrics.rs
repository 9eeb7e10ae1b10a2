//! Metrics: a report as lines in CloudWatch's Embedded Metric Format, which Lambda's log turns
//! into metrics without a call (F32).
//!
//! Gauges are written at every health check, counts only when there is something to count: a
//! custom metric is billed for the hours in which it has data.

use std::collections::BTreeMap;

use eden_policy::{Diagnosis, Hold, Step};
use serde_json::{Map, Value, json};

use crate::config::Target;
use crate::report::{Ended, Report};

/// The metrics' namespace.
pub const NAMESPACE: &str = "Eden/AutoResilience";

/// A metric's name, unit and value.
type Metric = (&'static str, &'static str, u64);

/// The lines for a report: one with everything by `Environment` and `Service`, and one for each
/// reason to hold, by `Reason` as well. None for an event that was ignored.
pub fn lines(report: &Report, target: &Target) -> Vec<String> {
    if report.outcome == Ended::Ignored {
        return Vec::new();
    }
    let dimensions = BTreeMap::from([
        ("Environment", target.environment.clone()),
        ("Service", target.service.clone()),
    ]);
    let holds = holds(report);
    let total: u64 = holds.values().sum();
    let mut metrics = gauges(report);
    metrics.extend(counts(report).into_iter().filter(|(_, _, value)| *value > 0));
    metrics.extend((total > 0).then_some(("Holds", "Count", total)));
    metrics.extend(
        report.route_update_latency_ms.map(|ms| ("RouteUpdateLatency", "Milliseconds", ms)),
    );
    let mut lines = Vec::new();
    if !metrics.is_empty() {
        lines.push(line(report, &dimensions, &metrics));
    }
    for (reason, count) in holds {
        let mut dimensions = dimensions.clone();
        dimensions.insert("Reason", reason.to_owned());
        lines.push(line(report, &dimensions, &[("Holds", "Count", count)]));
    }
    lines
}

fn gauges(report: &Report) -> Vec<Metric> {
    let Some(tasks) = report.tasks else {
        return Vec::new();
    };
    let mut gauges = vec![
        ("TasksRunning", "Count", tasks.running.into()),
        ("TasksDesired", "Count", tasks.desired.into()),
    ];
    if report.diagnosis.as_ref().is_some_and(|diagnosis| *diagnosis != Diagnosis::Unknown) {
        gauges.push(("TasksUnhealthy", "Count", tasks.unhealthy.into()));
    }
    // Of a service that is gone nobody can say by its tag that healing is paused.
    if !matches!(report.diagnosis, Some(Diagnosis::NotActive { .. })) {
        gauges.push(("HealingPaused", "Count", (!report.is_on).into()));
    }
    gauges
}

fn counts(report: &Report) -> Vec<Metric> {
    let done =
        |kind: fn(&Step) -> bool| report.done.iter().filter(|done| kind(&done.what)).count() as u64;
    let unknown = |held: &Hold| matches!(held, Hold::FactUnknown { .. });
    vec![
        ("RouteUpdates", "Count", done(leads_to_a_task)),
        ("MaintenanceShown", "Count", done(|step| matches!(step, Step::ShowMaintenance { .. }))),
        ("TasksStopped", "Count", done(|step| matches!(step, Step::StopTask { .. }))),
        ("Redeployments", "Count", done(deploys)),
        (
            "DesiredCountRestorations",
            "Count",
            done(|step| matches!(step, Step::RestoreDesiredCount { .. })),
        ),
        (
            "FactsUnknown",
            "Count",
            report.held.iter().filter(|held| unknown(&held.what)).count() as u64,
        ),
        ("NeedsHuman", "Count", needs_human(report).into()),
    ]
}

/// Whether people have to look: not for what one look found and the next may not.
fn needs_human(report: &Report) -> bool {
    report.condition.as_ref().is_some_and(|condition| condition.lasts)
}

fn deploys(step: &Step) -> bool {
    matches!(step, Step::ForceDeployment { .. } | Step::RollBack { .. })
}

fn leads_to_a_task(step: &Step) -> bool {
    matches!(step, Step::PointIntegration { .. } | Step::SetStageVariable { .. })
}

/// How often each reason was given. That the route is right already is no remedy withheld.
fn holds(report: &Report) -> BTreeMap<&'static str, u64> {
    let mut holds = BTreeMap::new();
    for held in &report.held {
        if !matches!(held.what, Hold::AlreadyRouted { .. }) {
            *holds.entry(held.what.reason()).or_insert(0) += 1;
        }
    }
    holds
}

fn line(report: &Report, dimensions: &BTreeMap<&str, String>, metrics: &[Metric]) -> String {
    let names: Vec<_> = dimensions.keys().collect();
    let definitions: Vec<_> =
        metrics.iter().map(|(name, unit, _)| json!({ "Name": name, "Unit": unit })).collect();
    let mut members = Map::new();
    members.insert(
        "_aws".to_owned(),
        json!({
            "Timestamp": report.at.as_millisecond(),
            "CloudWatchMetrics": [{
                "Namespace": NAMESPACE,
                "Dimensions": [names],
                "Metrics": definitions,
            }],
        }),
    );
    members.insert("RequestId".to_owned(), report.request_id.clone().into());
    members.extend(dimensions.iter().map(|(name, value)| ((*name).to_owned(), json!(value))));
    members.extend(metrics.iter().map(|(name, _, value)| ((*name).to_owned(), json!(value))));
    Value::Object(members).to_string()
}
