//! Metrics in CloudWatch's Embedded Metric Format, made of reports.

use eden_core::config::{HealthMonitorConfig, Target};
use eden_core::metrics::lines;
use eden_core::report::{Counts, Done, Ended, Report, Told};
use eden_policy::facts::ServiceStatus;
use eden_policy::plan::Condition;
use eden_policy::{Diagnosis, Hold, Step};
use serde_json::{Value, json};

fn target() -> Target {
    let variable = |name: &str| match name {
        "ECS_CLUSTER" => Some("prod-eden-cluster".to_owned()),
        "ECS_SERVICE" => Some("prod-eden-service".to_owned()),
        "API_GATEWAY_URL" => Some("https://api.example.com".to_owned()),
        _ => None,
    };
    HealthMonitorConfig::read(variable).unwrap().target
}

fn report() -> Report {
    let at = "2026-01-01T00:00:00Z".parse().unwrap();
    let mut report = Report::new("health-monitor", "id-1", "manual invocation".to_owned(), at);
    report.diagnosis = Some(Diagnosis::Healthy);
    report.is_on = true;
    report.tasks = Some(Counts { running: 2, desired: 3, pending: 1, unhealthy: 1 });
    report
}

fn parsed(report: &Report) -> Vec<Value> {
    lines(report, &target()).iter().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn a_health_check_without_findings_writes_its_gauges_in_the_embedded_metric_format() {
    let expected = json!({
        "_aws": {
            "Timestamp": 1_767_225_600_000_i64,
            "CloudWatchMetrics": [{
                "Namespace": "Eden/AutoResilience",
                "Dimensions": [["Environment", "Service"]],
                "Metrics": [
                    {"Name": "TasksRunning", "Unit": "Count"},
                    {"Name": "TasksDesired", "Unit": "Count"},
                    {"Name": "TasksUnhealthy", "Unit": "Count"},
                    {"Name": "HealingPaused", "Unit": "Count"},
                ],
            }],
        },
        "RequestId": "id-1",
        "Environment": "prod",
        "Service": "prod-eden-service",
        "TasksRunning": 2,
        "TasksDesired": 3,
        "TasksUnhealthy": 1,
        "HealingPaused": 0,
    });
    assert_eq!(parsed(&report()), [expected]);
}

#[test]
fn what_was_done_and_held_is_counted_and_holds_by_reason_as_well() {
    // Given
    let mut report = report();
    let point = |integration: &str| Step::PointIntegration {
        api: "api".to_owned(),
        integration: integration.to_owned(),
        from: None,
        to: "http://203.0.113.9:8000/".to_owned(),
        task: "t".to_owned(),
        unready: None,
    };
    report.done.extend([point("a"), point("b")].map(Done::from));
    report.done.push(Done::from(Step::StopTask {
        task: "t".to_owned(),
        because: "x".to_owned(),
        unhealthy: true,
    }));
    report.held.push(Told::from(Hold::NoRunningTask));
    report.held.push(Told::from(Hold::RouteUnknown));
    report.held.push(Told::from(Hold::RouteUnknown));
    // When
    let lines = parsed(&report);
    // Then
    assert_eq!(lines.len(), 3);
    for (name, value) in [("RouteUpdates", 2), ("TasksStopped", 1), ("Holds", 3)] {
        assert_eq!(lines[0][name], value, "{name}");
    }
    assert!(lines[0].get("Redeployments").is_none());
    for (line, reason, count) in
        [(&lines[1], "no_running_task", 1), (&lines[2], "route_unknown", 2)]
    {
        assert_eq!((&line["Reason"], &line["Holds"]), (&json!(reason), &json!(count)));
        let dimensions = &line["_aws"]["CloudWatchMetrics"][0]["Dimensions"];
        assert_eq!(*dimensions, json!([["Environment", "Reason", "Service"]]));
    }
}

#[test]
fn a_condition_that_leaves_no_remedy_is_counted_as_long_as_it_lasts() {
    let mut report = report();
    assert!(parsed(&report)[0].get("NeedsHuman").is_none());
    // What one look found, and the next may not, calls nobody.
    let found = Condition::proven("crash_loop", "ecs-svc/1");
    report.condition = Some(Condition { lasts: false, ..found.clone() });
    assert!(parsed(&report)[0].get("NeedsHuman").is_none());
    report.condition = Some(found);
    // Whether people were told of it before makes no difference: the alarm goes on ringing
    report.told = Some("crash_loop ecs-svc/1".to_owned());
    assert_eq!(parsed(&report)[0]["NeedsHuman"], 1);
}

#[test]
fn each_check_says_whether_healing_is_paused_unless_there_is_no_service_to_heal() {
    let mut report = report();
    report.is_on = false;
    for diagnosis in [Diagnosis::Paused, Diagnosis::Healthy, Diagnosis::Unknown] {
        report.diagnosis = Some(diagnosis);
        assert_eq!(parsed(&report)[0]["HealingPaused"], 1);
    }
    report.diagnosis = Some(Diagnosis::NotActive { status: ServiceStatus::Missing });
    assert!(parsed(&report)[0].get("HealingPaused").is_none());
    // A service that could not be read may be paused or not.
    report.diagnosis = Some(Diagnosis::Unknown);
    report.tasks = None;
    assert_eq!(parsed(&report), Vec::<Value>::new());
}

#[test]
fn a_deployment_counts_whether_it_was_forced_or_rolled_back() {
    let mut report = report();
    let because = "x".to_owned();
    let replacing = "ecs-svc/1".to_owned();
    let forced = Step::ForceDeployment { replacing: replacing.clone(), because: because.clone() };
    let (to, stops) = ("app:1".to_owned(), None);
    let rolled_back = Step::RollBack { replacing, to, stops, because };
    report.done.extend([forced, rolled_back].map(Done::from));
    assert_eq!(parsed(&report)[0]["Redeployments"], 2);
}

#[test]
fn every_member_that_a_definition_names_is_there() {
    let mut report = report();
    report.route_update_latency_ms = Some(1_234);
    report.held.push(Told::from(Hold::ScaledToZero));
    for line in parsed(&report) {
        let directive = &line["_aws"]["CloudWatchMetrics"][0];
        for metric in directive["Metrics"].as_array().unwrap() {
            assert!(line[metric["Name"].as_str().unwrap()].is_number(), "{line}");
        }
        for dimension in directive["Dimensions"][0].as_array().unwrap() {
            assert!(line[dimension.as_str().unwrap()].is_string(), "{line}");
        }
    }
}

#[test]
fn an_ignored_event_writes_nothing() {
    let report = report().ignore("not ours".to_owned());
    assert_eq!(report.outcome, Ended::Ignored);
    assert_eq!(parsed(&report), Vec::<Value>::new());
}

#[test]
fn the_reason_in_a_metric_is_the_one_in_the_response() {
    let limit = Hold::StopLimit { left: 1, allowed: 1, until: report().at };
    for hold in [Hold::NoRunningTask, Hold::RouteUnknown, limit] {
        let response = serde_json::to_value(&hold).unwrap();
        assert_eq!(response["reason"], hold.reason());
    }
}
