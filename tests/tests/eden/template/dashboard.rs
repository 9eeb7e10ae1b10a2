//! The dashboard and the outputs: where people look.

use std::collections::BTreeSet;

use eden_core::metrics::NAMESPACE;
use eden_lab::example::{API, AUDIT_LOG, HEALTH_MONITOR, IP_UPDATER, SERVICE};
use eden_lab::template::Stack;
use eden_tests::rig::example;
use serde_json::Value;

use super::{METRICS, stack};

fn dashboard(stack: &Stack) -> Value {
    let dashboard = stack.resource("Dashboard").unwrap();
    serde_json::from_str(dashboard.properties["DashboardBody"].as_str().unwrap()).unwrap()
}

/// The rows of the dashboard's metric widgets, `.` and `...` replaced by what they repeat, without
/// options.
fn rows(dashboard: &Value) -> Vec<Vec<String>> {
    let mut rows: Vec<Vec<String>> = Vec::new();
    for widget in dashboard["widgets"].as_array().unwrap() {
        for row in widget["properties"]["metrics"].as_array().into_iter().flatten() {
            let mut texts = Vec::new();
            for (index, text) in
                row.as_array().unwrap().iter().filter_map(Value::as_str).enumerate()
            {
                match text {
                    "..." => texts.clone_from(rows.last().unwrap()),
                    "." => texts.push(rows.last().unwrap()[index].clone()),
                    text => texts.push(text.to_owned()),
                }
            }
            rows.push(texts);
        }
    }
    rows
}

#[test]
fn the_dashboard_shows_eden_beside_the_api_and_the_functions() {
    let stack = stack();
    let rows = rows(&dashboard(&stack));
    let shown = |row: &[&str]| rows.iter().any(|shown| *shown == row);

    for metric in ["Count", "4xx", "5xx", "Latency"] {
        assert!(shown(&["AWS/ApiGateway", metric, "ApiId", API]), "{metric}");
    }
    for function in [IP_UPDATER, HEALTH_MONITOR] {
        for metric in ["Invocations", "Errors", "Throttles", "Duration"] {
            assert!(shown(&["AWS/Lambda", metric, "FunctionName", function]), "{metric}");
        }
    }
    for metric in METRICS {
        let row = [NAMESPACE, metric, "Environment", "prod", "Service", SERVICE];
        assert!(shown(&row), "{metric}");
    }
}

#[test]
fn the_dashboard_of_a_rest_api_shows_the_metrics_that_such_a_one_publishes() {
    // Given F1
    let rest = example().parameter("ApiType", &"REST").parameter("APIGatewayName", &"shop-api");
    let rest = rest.parameter("APIGatewayStage", &"prod");
    let rows = rows(&dashboard(&rest.stack("https://api.example.com").unwrap()));
    let of_api: BTreeSet<_> = rows
        .iter()
        .filter(|row| row.first().is_some_and(|namespace| namespace == "AWS/ApiGateway"))
        .collect();
    let expected = ["Count", "4XXError", "5XXError", "Latency"]
        .map(|metric| ["AWS/ApiGateway", metric, "ApiName", "shop-api"].map(str::to_owned).into());
    assert_eq!(of_api, expected.iter().collect());
}

#[test]
fn the_dashboard_shows_every_alarm() {
    let stack = stack();
    let listed = dashboard(&stack)["widgets"][0]["properties"]["alarms"].clone();
    let listed: BTreeSet<String> = serde_json::from_value(listed).unwrap();
    let alarms = stack.of_type("AWS::CloudWatch::Alarm");
    assert_eq!(listed, alarms.map(|(_, alarm)| alarm.arn.clone().unwrap()).collect());
}

#[test]
fn holds_are_shown_by_reason_whatever_reasons_there_are() {
    let rows = serde_json::to_string(&dashboard(&stack())).unwrap();
    let search = "SEARCH('{Eden/AutoResilience,Environment,Reason,Service}";
    assert!(rows.contains(search), "{rows}");
}

#[test]
fn the_outputs_lead_to_the_dashboard_and_to_the_logs() {
    let outputs = stack().outputs;
    let output = |name: &str| outputs[name].as_str().unwrap();
    let url = output("DashboardUrl");
    assert!(url.ends_with("#dashboards/dashboard/prod-eden-autoresiliency"), "{url}");
    let check = output("CheckByHandCommand");
    assert!(check.contains(&format!("--function-name {HEALTH_MONITOR} ")), "{check}");
    for (name, group) in [
        ("FollowIpUpdaterCommand", "/aws/lambda/prod-eden-ip-updater"),
        ("FollowHealthMonitorCommand", "/aws/lambda/prod-eden-health-monitor"),
        ("FollowActionsCommand", AUDIT_LOG),
    ] {
        assert!(output(name).ends_with(&format!("{group} --follow")), "{name}");
    }
}
