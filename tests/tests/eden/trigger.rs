//! Events: every sample is understood, whatever else comes is ignored or refused, never acted on.

use eden_core::config::IpUpdaterConfig;
use eden_core::trigger::Trigger;
use eden_tests::sample;
use serde_json::{Value, json};

fn parse(event: &Value) -> Trigger {
    Trigger::parse(event).unwrap()
}

fn target(cluster: &str) -> eden_core::config::Target {
    let variable = |name: &str| match name {
        "ECS_CLUSTER" => Some(cluster.to_owned()),
        "ECS_SERVICE" => Some("prod-eden-service".to_owned()),
        "API_GATEWAY_ID" | "INTEGRATION_ID" => Some("a1".to_owned()),
        "API_GATEWAY_URL" => Some("https://api.example.com".to_owned()),
        _ => None,
    };
    IpUpdaterConfig::read(variable).unwrap().target
}

#[test]
fn the_samples_are_what_they_are_called() {
    for (file, last_status, desired_status) in [
        ("ecs-task-running", "RUNNING", "RUNNING"),
        ("ecs-task-stopping", "RUNNING", "STOPPED"),
        ("ecs-task-stopped", "STOPPED", "STOPPED"),
        ("ecs-task-other-service", "RUNNING", "RUNNING"),
    ] {
        let Trigger::Task(task) = parse(&sample(file)) else { panic!("{file} is a task's") };
        assert_eq!((&*task.last_status, &*task.desired_status), (last_status, desired_status));
    }
    let alarm = Trigger::Alarm { name: "prod-eden-api-health-alarm".to_owned() };
    assert_eq!(parse(&sample("cloudwatch-alarm")), alarm);
    assert_eq!(parse(&sample("cloudwatch-alarm-direct")), alarm);
    assert_eq!(parse(&sample("scheduled")), Trigger::Schedule);
    assert_eq!(parse(&sample("manual-test")), Trigger::Manual);
}

#[test]
fn a_tasks_event_tells_when_it_happened() {
    let happened_at = |event: &Value| match parse(event) {
        Trigger::Task(task) => task.happened_at.map(|at| at.to_string()),
        other => panic!("{other:?}"),
    };
    let mut event = sample("ecs-task-running");
    event["detail"]["updatedAt"] = json!("2025-11-10T17:30:00.123Z");
    event["time"] = json!("2025-11-10T17:30:01Z");
    assert_eq!(happened_at(&event).as_deref(), Some("2025-11-10T17:30:00.123Z"));
    event["detail"]["updatedAt"] = json!("a while ago");
    assert_eq!(happened_at(&event).as_deref(), Some("2025-11-10T17:30:01Z"));
}

#[test]
fn an_empty_object_or_no_payload_at_all_is_a_manual_invocation() {
    assert_eq!(parse(&json!({})), Trigger::Manual);
    assert_eq!(parse(&Value::Null), Trigger::Manual);
}

#[test]
fn a_task_is_ours_only_if_cluster_and_service_match() {
    let Trigger::Task(task) = parse(&sample("ecs-task-running")) else { panic!("a task's") };
    let arn = "arn:aws:ecs:us-east-1:123456789012:cluster/prod-eden-cluster";
    assert_eq!(task.is_foreign_to(&target("prod-eden-cluster")), None);
    assert_eq!(task.is_foreign_to(&target(arn)), None);
    for other in
        ["dev-eden-cluster", "arn:aws:ecs:eu-west-1:123456789012:cluster/prod-eden-cluster"]
    {
        let why = task.is_foreign_to(&target(other)).unwrap();
        assert!(why.contains("cluster"), "{why}");
    }
    let Trigger::Task(other) = parse(&sample("ecs-task-other-service")) else { panic!("a task's") };
    let why = other.is_foreign_to(&target("prod-eden-cluster")).unwrap();
    assert!(why.contains("service:"), "{why}");
}

/// A volume of EBS is an attachment as well, and may come before the interface; an interface that is
/// PRECREATED has a subnet and no id yet.
/// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs_task_events.html>
#[test]
fn an_attachment_is_an_interface_by_what_it_names_only() {
    let hints = |attachments: Value| {
        let mut event = sample("ecs-task-running");
        event["detail"]["attachments"] = attachments;
        let Trigger::Task(task) = parse(&event) else { panic!("a task's") };
        assert_eq!(task.hints().tasks, std::slice::from_ref(&task.task_arn));
        task.hints().interfaces
    };
    let detail = |name: &str, value: &str| json!({"name": name, "value": value});
    let volume = json!({
        "type": "AmazonElasticBlockStorage",
        "status": "ATTACHED",
        "details": [detail("volumeId", "vol-0c4e8a17f95b3d2e6")],
    });
    let subnet = detail("subnetId", "subnet-0c4e8a17f95b3d2e6");
    let precreated = json!({"type": "eni", "status": "PRECREATED", "details": [subnet]});
    assert_eq!(hints(json!([volume, precreated])), [""; 0]);
    let interface = detail("networkInterfaceId", "eni-0c4e8a17f95b3d2e6");
    let attached = json!({"type": "eni", "status": "ATTACHED", "details": [subnet, interface]});
    assert_eq!(hints(json!([volume, attached])), ["eni-0c4e8a17f95b3d2e6"]);
}

/// EventBridge Scheduler sends `detail` as a text:
/// <https://docs.aws.amazon.com/scheduler/latest/UserGuide/managing-targets-templated.html>
#[test]
fn a_schedule_is_one_whatever_its_detail_is() {
    let mut event = json!({
        "version": "0",
        "id": "53dc4d37-cffa-4f76-80c9-8b7d4a4d2eaa",
        "detail-type": "Scheduled Event",
        "source": "aws.scheduler",
        "account": "123456789012",
        "time": "2026-01-01T00:00:00Z",
        "region": "us-east-1",
        "resources": ["arn:aws:scheduler:us-east-1:123456789012:schedule/default/check"],
        "detail": "{}",
    });
    assert_eq!(parse(&event), Trigger::Schedule);
    for detail in [json!({}), Value::Null, json!([])] {
        event["detail"] = detail;
        assert_eq!(parse(&event), Trigger::Schedule, "{event}");
    }
}

#[test]
fn unknown_fields_and_values_are_accepted() {
    let mut event = sample("ecs-task-running");
    event["detail"]["lastStatus"] = json!("LEVITATING");
    event["detail"]["novelty"] = json!({"a": [1, 2]});
    event["novelty"] = json!(1);
    assert!(matches!(parse(&event), Trigger::Task(task) if task.last_status == "LEVITATING"));
}

#[test]
fn unknown_events_are_described_and_never_an_error() {
    for event in [
        json!("text"),
        json!(3),
        json!([{}]),
        json!(true),
        json!({"source": "someone"}),
        json!({"Records": []}),
        json!({"source": "aws.s3", "detail-type": "Object Created", "detail": {}}),
        json!({"source": "aws.ecs", "detail-type": "ECS Deployment State Change", "detail": {}}),
        json!({"source": "me", "detail-type": "ECS Task State Change", "detail": {}}),
    ] {
        assert!(matches!(parse(&event), Trigger::Other(_)), "{event}");
    }
}

#[test]
fn a_known_event_without_what_identifies_it_is_malformed_and_says_so() {
    for (event, part) in [
        (
            json!({"source": "aws.ecs", "detail-type": "ECS Task State Change", "detail": {}}),
            "clusterArn",
        ),
        (
            json!({
                "source": "aws.cloudwatch",
                "detail-type": "CloudWatch Alarm State Change",
                "detail": {"state": {"value": "ALARM"}}
            }),
            "alarmName",
        ),
        (json!({"detail-type": 3, "source": "aws.ecs", "detail": {}}), "EventBridge event"),
        (json!({"alarmData": 7}), "alarm"),
    ] {
        let error = Trigger::parse(&event).unwrap_err().to_string();
        assert!(error.contains(part), "{event}: {error}");
    }
}
