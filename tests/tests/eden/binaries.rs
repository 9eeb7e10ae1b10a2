//! The real binaries, started by the Lambda Runtime API, over HTTP and in real time.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use eden_lab::WorldConfig;
use eden_lab::binaries::{Profile, build};
use eden_lab::example::{API, Example, HEALTH_MONITOR, IP_UPDATER, PROXY_INTEGRATION};
use eden_lab::lambda::ProcessFunction;
use eden_lab::spec::FunctionSpec;
use eden_lab::stage::Stage;
use eden_lab::traffic::Traffic;
use eden_lab::world::{Fault, FaultKind, Timing};
use eden_tests::rig::{is_steady, running};
use eden_tests::sample;
use jiff::Timestamp;
use serde_json::json;

/// A minute of AWS takes a second.
const SPEED: f64 = 60.0;
/// Far more than it takes: a busy machine is no failure.
const PATIENCE: Duration = Duration::from_secs(90);

#[expect(clippy::disallowed_methods, reason = "cargo says by this variable which one it is")]
fn binaries() -> BTreeMap<String, PathBuf> {
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    build(Path::new(&cargo), Profile::Debug, &["ip-updater", "health-monitor"]).unwrap()
}

/// The example at the test's speed, with tasks in a network of its own: tests run side by side.
#[expect(clippy::disallowed_methods, reason = "the binaries live by the wall clock")]
fn example(network: u8) -> Example {
    let mut world = WorldConfig::new(7, Timestamp::now());
    world.timing = Timing::aws().scaled(1.0 / SPEED);
    world.network = [network, u8::try_from(std::process::id() % 250).unwrap()];
    Example::new(world).parameter("StartupGraceSeconds", &2).parameter("AlarmSettleSeconds", &3)
}

#[tokio::test]
async fn the_real_binaries_lead_live_traffic_to_a_first_task_and_to_a_crashed_ones_successor() {
    // Given
    let stage = Stage::set(&example(240), &binaries()).await.unwrap();
    let url = format!("{}/orders/42", stage.account.gateway.url());
    let traffic = Traffic::start(&url, Duration::from_millis(50)).unwrap();
    let flows = |mark| traffic.since(mark).successes_in_a_row >= 5;
    // When, then: a first task
    assert!(stage.until(PATIENCE, |_| flows(Duration::ZERO)).await, "{}", logs(&stage));
    // When, then: a crash
    let crashed = running(&stage.lab().world())[0].arn.clone();
    stage.lab().world().crash_task(&crashed, 137).unwrap();
    let mark = traffic.elapsed();
    let recovered = |stage: &Stage| is_steady(&stage.lab().world()) && flows(mark);
    assert!(stage.until(PATIENCE, recovered).await, "{}", logs(&stage));
}

#[tokio::test]
async fn the_real_health_monitor_answers_by_hand_and_repairs_the_route() {
    // Given: a steady service, and nothing but this test wakes the function.
    let stage = Stage::set(&example(241), &binaries()).await.unwrap();
    assert!(stage.until(PATIENCE, |s| is_steady(&s.lab().world())).await, "{}", logs(&stage));
    for rule in ["ecs-task-state-change", "health-alarm-trigger", "scheduled-health-check"] {
        assert!(stage.lab().world().set_rule_enabled(&format!("prod-eden-{rule}"), false));
    }
    // When, then: all is well
    let response = stage.lambda.invoke(HEALTH_MONITOR, sample("manual-test")).await.unwrap();
    assert_eq!(response["function"], "health-monitor");
    assert_eq!(response["tasks"]["running"], 1);
    // When, then: the route leads nowhere
    stage.lab().world().set_integration_uri(API, PROXY_INTEGRATION, "placeholder").unwrap();
    let response = stage.lambda.invoke(HEALTH_MONITOR, json!({})).await.unwrap();
    assert_eq!(response["outcome"], "acted", "{response}");
    assert!(is_steady(&stage.lab().world()));
    let log = logs(&stage);
    assert!(log.contains(r#""message":"finished""#), "{log}");
    let metrics = log.lines().find(|line| line.contains(r#""_aws""#)).expect("a line of metrics");
    let metrics: serde_json::Value = serde_json::from_str(metrics).unwrap();
    assert_eq!(
        (&metrics["TasksRunning"], &metrics["Service"]),
        (&json!(1), &json!("prod-eden-service"))
    );
}

#[tokio::test]
async fn a_real_binary_ignores_a_foreign_event_and_survives_it() {
    let stage = Stage::set(&example(242), &binaries()).await.unwrap();
    for event in [sample("ecs-task-other-service"), json!("text"), json!(null)] {
        let response = stage.lambda.invoke(IP_UPDATER, event).await.unwrap();
        assert_eq!(response["outcome"], "ignored");
    }
}

/// An independent emulator showed a Rust dump of the error behind its line of JSON.
#[tokio::test]
async fn a_real_binary_fails_at_its_start_with_every_bad_variable_named_in_one_line() {
    // Given
    let spec = FunctionSpec {
        environment: BTreeMap::from([
            ("ECS_CLUSTER".to_owned(), "prod-eden-cluster".to_owned()),
            ("BACKEND_PORT".to_owned(), "http".to_owned()),
        ]),
        timeout: Duration::from_secs(60),
        ..FunctionSpec::new(IP_UPDATER)
    };
    let function = ProcessFunction::new(binaries()["ip-updater"].clone(), spec, BTreeMap::new());
    let lambda = eden_lab::lambda::Lambda::new(eden_lab::lambda::RetryDelays::aws());
    lambda.register(IP_UPDATER, Duration::from_secs(60), function.handler());
    // When
    let error = lambda.invoke(IP_UPDATER, json!({})).await.unwrap_err();
    // Then
    let log = function.logs().join("\n");
    for part in ["ECS_SERVICE", "API_GATEWAY_ID", "INTEGRATION_ID", "BACKEND_PORT", "1 to 65535"] {
        assert!(log.contains(part), "{part}: {error}\n{log}");
    }
    let [line] = &function.logs()[..] else { panic!("one line:\n{log}") };
    let line: serde_json::Value = serde_json::from_str(line).unwrap();
    assert_eq!((&line["level"], &line["message"]), (&json!("ERROR"), &json!("cannot start")));
}

/// An independent emulator showed `Incomplete(Report { ... })` behind the report of each failed run.
#[tokio::test]
async fn a_run_of_a_real_binary_that_fails_is_one_line_in_its_log() {
    // Given: a steady service, and nothing but this test wakes the function.
    let stage = Stage::set(&example(243), &binaries()).await.unwrap();
    assert!(stage.until(PATIENCE, |s| is_steady(&s.lab().world())).await, "{}", logs(&stage));
    for rule in ["ecs-task-state-change", "health-alarm-trigger", "scheduled-health-check"] {
        assert!(stage.lab().world().set_rule_enabled(&format!("prod-eden-{rule}"), false));
    }
    stage.lambda.invoke(HEALTH_MONITOR, sample("manual-test")).await.unwrap();
    let kind = FaultKind::AccessDenied;
    stage.lab().world().inject(Fault { operation: "DescribeServices", kind, times: None });
    let function = &stage.functions[HEALTH_MONITOR];
    let before = function.logs().len();
    // When
    stage.lambda.invoke(HEALTH_MONITOR, sample("manual-test")).await.unwrap_err();
    // Then: metrics are another machine's business.
    let lines = function.logs().split_off(before);
    let of_people = lines.iter().filter(|line| !line.contains(r#""_aws""#));
    let [line] = &of_people.collect::<Vec<_>>()[..] else { panic!("one line: {lines:#?}") };
    assert!(!line.contains("Incomplete("), "{line}");
    let line: serde_json::Value = serde_json::from_str(line).unwrap();
    assert_eq!((&line["level"], &line["message"]), (&json!("ERROR"), &json!("failed")));
    assert!(line["report"].as_str().unwrap().contains("AccessDenied"), "{line}");
}

fn logs(stage: &Stage) -> String {
    stage.functions.values().flat_map(ProcessFunction::logs).collect::<Vec<_>>().join("\n")
}
