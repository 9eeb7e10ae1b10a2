//! Telling: mails in the owner's words, audit events for everything, channels that fail.

use std::time::Duration;

use eden_lab::example::{API, AUDIT_LOG, CLUSTER, HEALTH_MONITOR, SERVICE};
use eden_lab::world::{Fault, FaultKind};
use eden_tests::rig::{Rig, example, is_steady, minutes};
use serde_json::{Value, json};

async fn scaled_to_zero() -> Rig {
    let rig = Rig::steady(&example()).await;
    rig.wait(minutes(1)).await;
    rig.lab.world().set_desired_count(CLUSTER, SERVICE, 0).unwrap();
    rig.wait(Duration::from_secs(5)).await;
    rig
}

fn always(operation: &'static str) -> Fault {
    Fault { operation, kind: FaultKind::AccessDenied, times: None }
}

#[tokio::test(start_paused = true)]
async fn an_action_is_told_in_the_owners_words() {
    let rig = scaled_to_zero().await;
    let at = rig.lab.clock().now();
    // When
    rig.invoke(HEALTH_MONITOR, json!({})).await.unwrap();
    // Then
    let world = rig.lab.world();
    let [mail] = world.published() else { panic!("one mail: {:?}", world.published()) };
    assert_eq!(mail.subject.as_deref(), Some("Eden Service Auto-Healing Triggered"));
    assert_eq!(
        mail.topic,
        "arn:aws:sns:us-east-1:123456789012:prod-eden-autoresiliency-notifications"
    );
    let expected = format!(
        "\u{1f6a8} Eden Health Monitor Alert\n\
         \n\
         Service: prod-eden-service\n\
         Cluster: prod-eden-cluster\n\
         Status: UNHEALTHY\n\
         \n\
         Health Check Results:\n\
         - Running Tasks: 0/0\n\
         - Reason: Desired count 0 is below the minimum of 1\n\
         \n\
         Actions Taken:\n\
         - Restored the desired count from 0 to 1\n\
         \n\
         Not Done:\n\
         - no task runs that the gateway could be led to\n\
         \n\
         Timestamp: {at:.0}\n\
         API Gateway: https://api.example.com\n"
    );
    assert_eq!(mail.message, expected);
}

#[tokio::test(start_paused = true)]
async fn the_monitors_own_failure_is_told_when_it_lasts() {
    let rig = Rig::steady(&example()).await;
    rig.lab.world().inject(always("DescribeServices"));

    let error = rig.invoke(HEALTH_MONITOR, json!({})).await.unwrap_err();
    assert_eq!(rig.lab.world().published(), [], "it may be over at the next run");
    rig.wait(minutes(1)).await;
    let again = rig.invoke(HEALTH_MONITOR, json!({})).await.unwrap_err();
    assert_eq!(error.message, again.message);

    let world = rig.lab.world();
    let [mail] = world.published() else { panic!("one mail: {:?}", world.published()) };
    assert_eq!(mail.subject.as_deref(), Some("Eden Health Monitor Error"));
    assert!(mail.message.contains("Error in health monitor Lambda:"), "{}", mail.message);
    assert!(mail.message.contains(&error.message), "{}", mail.message);
    assert!(mail.message.contains("Timestamp: 2026-01-01T"), "{}", mail.message);
}

#[tokio::test(start_paused = true)]
async fn a_mail_that_cannot_be_sent_does_not_keep_the_service_from_being_healed() {
    let rig = scaled_to_zero().await;
    rig.lab.world().inject(always("Publish"));

    let error = rig.invoke(HEALTH_MONITOR, json!({})).await.unwrap_err();

    assert!(error.message.contains("Publish"), "{error}");
    assert!(error.message.contains("done all the same: Restored"), "{error}");
    assert!(rig.lab.until(minutes(5), is_steady).await);
}

#[tokio::test(start_paused = true)]
async fn an_audit_event_that_cannot_be_sent_is_an_error_and_the_mail_still_goes_out() {
    let rig = scaled_to_zero().await;
    rig.lab.world().inject(always("PutEvents"));

    let error = rig.invoke(HEALTH_MONITOR, json!({})).await.unwrap_err();

    assert!(error.message.contains("PutEvents"), "{error}");
    let subjects: Vec<_> =
        rig.lab.world().published().iter().filter_map(|mail| mail.subject.clone()).collect();
    assert_eq!(subjects, ["Eden Service Auto-Healing Triggered"]);
}

#[tokio::test(start_paused = true)]
async fn every_action_of_either_function_is_a_line_in_the_audit_log() {
    // When: ip-updater leads both integrations to the first task, health-monitor restores a count.
    let rig = scaled_to_zero().await;
    rig.invoke(HEALTH_MONITOR, json!({})).await.unwrap();
    rig.wait(Duration::from_secs(5)).await;
    // Then
    let world = rig.lab.world();
    let lines = world.log_group(AUDIT_LOG);
    let told: Vec<_> = lines
        .iter()
        .map(|line| {
            let detail = &line["detail"];
            let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
            (text(&detail["function"]), text(&detail["step"]["action"]))
        })
        .collect();
    let told: Vec<_> = told.iter().map(|(a, b)| (a.as_str(), b.as_str())).collect();
    assert_eq!(
        told,
        [
            ("ip-updater", "point_integration"),
            ("ip-updater", "point_integration"),
            ("health-monitor", "restore_desired_count"),
        ]
    );
    let line = &lines[2];
    assert_eq!(line["source"], "eden.autoresiliency");
    assert_eq!(line["detail-type"], "Eden Action");
    for (member, value) in [
        ("environment", "prod"),
        ("app", "eden"),
        ("cluster", CLUSTER),
        ("service", SERVICE),
        ("text", "Restored the desired count from 0 to 1"),
        ("trigger", "manual invocation"),
    ] {
        assert_eq!(line["detail"][member], value);
    }
    assert!(line["detail"]["requestId"].is_string() && line["detail"]["at"].is_string());
}

#[tokio::test(start_paused = true)]
async fn ip_updater_sends_no_mails() {
    let rig = Rig::steady(&example()).await;
    rig.lab.world().start_traffic(API, "/", Duration::from_secs(10));
    let crashed = rig.running()[0].arn.clone();
    rig.lab.world().crash_task(&crashed, 1).unwrap();
    rig.wait(minutes(4)).await;
    assert!(rig.is_steady());
    assert_eq!(rig.lab.world().published(), []);
}
