//! Facts that cannot be read: nothing is done on them, the error is returned, and Lambda retries.

use std::time::Duration;

use eden_lab::example::{API, CLUSTER, HEALTH_MONITOR, IP_UPDATER, PROXY_INTEGRATION, SERVICE};
use eden_lab::world::{AppState, Fault, FaultKind, HealthStatus, World};
use eden_tests::rig::{Rig, example, minutes};
use eden_tests::sample;
use jiff::Timestamp;
use serde_json::json;

/// A service that any healer would act on: its only integration leads nowhere, its application
/// fails, and the alarm rings.
async fn in_need() -> Rig {
    let rig = Rig::steady(&example()).await;
    rig.wait(minutes(20)).await;
    for rule in ["ecs-task-state-change", "health-alarm-trigger", "scheduled-health-check"] {
        assert!(rig.lab.world().set_rule_enabled(&format!("prod-eden-{rule}"), false));
    }
    rig.lab.world().start_traffic(API, "/orders/42", Duration::from_secs(1));
    rig.lab.world().set_app_of_service(CLUSTER, SERVICE, AppState::Failing(500)).unwrap();
    let dead = "http://127.0.0.1:9/{proxy}";
    rig.lab.world().set_integration_uri(API, PROXY_INTEGRATION, dead).unwrap();
    rig.wait(minutes(6)).await;
    rig
}

fn always(operation: &'static str, kind: FaultKind) -> Fault {
    Fault { operation, kind, times: None }
}

#[tokio::test(start_paused = true)]
async fn on_an_unreadable_ecs_neither_function_does_anything_and_both_return_an_error() {
    for kind in [
        FaultKind::AccessDenied,
        FaultKind::InternalError,
        FaultKind::Throttled,
        FaultKind::ConnectionReset,
    ] {
        for operation in ["ListTasks", "DescribeTasks"] {
            let rig = in_need().await;
            let writes = rig.writes();
            rig.lab.world().inject(always(operation, kind));
            for (function, event) in
                [(IP_UPDATER, sample("ecs-task-running")), (HEALTH_MONITOR, json!({}))]
            {
                let error = rig.invoke(function, event).await.unwrap_err();
                assert!(error.message.contains(operation), "{kind:?}: {error}");
            }
            assert_eq!(rig.writes(), writes, "{operation} {kind:?}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn an_unreadable_service_is_no_sick_service() {
    for kind in [FaultKind::AccessDenied, FaultKind::InternalError] {
        let rig = in_need().await;
        let writes = rig.writes();
        rig.lab.world().inject(always("DescribeServices", kind));
        let error = rig.invoke(HEALTH_MONITOR, json!({})).await.unwrap_err();
        assert!(error.message.contains("DescribeServices"), "{error}");
        assert_eq!(rig.writes(), writes);
    }
}

/// The task that has the route is sick: the run notes that, looks again a minute later, and stops it.
async fn with_a_sick_task() -> Rig {
    let mut example = example();
    example.service.desired_count = 2;
    example.world.timing.unhealthy_replacement = minutes(600);
    let rig = Rig::steady(&example).await;
    rig.wait(minutes(20)).await;
    let sick = rig.serving().unwrap().arn;
    rig.lab.world().set_container_health(&sick, HealthStatus::Unhealthy).unwrap();
    rig
}

/// Lets health-monitor run, and ECS call the service MISSING so long after the run has claimed it; since when
/// ECS does.
async fn goes_missing_after_the_claim(rig: &Rig, delay: Duration) -> Timestamp {
    let goes_missing = async {
        let is_claimed = |world: &World| {
            world.service(CLUSTER, SERVICE).is_some_and(|it| it.tags.contains_key("eden:claim"))
        };
        assert!(rig.lab.until(minutes(3), is_claimed).await);
        tokio::time::sleep(delay).await;
        let mut world = rig.lab.world();
        world.inject(always("DescribeServices", FaultKind::Partial(1)));
        world.now()
    };
    tokio::join!(rig.invoke(HEALTH_MONITOR, sample("scheduled")), goes_missing).1
}

/// Found by the simulation (classic, seed 1237): ECS did not know the service any more when a run that
/// had repaired the route looked again, and the note of it went to no service.
#[tokio::test(start_paused = true)]
async fn of_a_service_that_goes_missing_within_a_run_nothing_is_noted_without_its_name() {
    // Given
    let rig = with_a_sick_task().await;
    // When
    let goes_missing = async {
        rig.wait(Duration::from_secs(20)).await;
        rig.lab.world().inject(always("DescribeServices", FaultKind::Partial(1)));
    };
    let scheduled = rig.invoke(HEALTH_MONITOR, sample("scheduled"));
    let (report, ()) = tokio::join!(scheduled, goes_missing);
    // Then
    let report = report.unwrap();
    assert_eq!(report["diagnosis"], "not_active", "{report}");
    assert!(report.to_string().contains("point_integration"), "{report}");
    let notes = rig.calls("TagResource");
    assert!(
        !notes.is_empty() && notes.iter().all(|call| call.resource.starts_with("arn:")),
        "{notes:?}"
    );
}

/// Seed 427 of the mix `classic`: ECS called the service MISSING between the claim and the stop of a task, and
/// the stop was noted on a service without a name.
#[tokio::test(start_paused = true)]
async fn of_a_service_that_goes_missing_before_a_remedy_nothing_is_noted_without_its_name() {
    // The claim is looked at after six seconds; then the run acts.
    for delay in (0..20).map(|n| Duration::from_millis(5_900 + 30 * n)) {
        // Given
        let rig = with_a_sick_task().await;
        // When
        goes_missing_after_the_claim(&rig, delay).await;
        // Then
        for operation in ["TagResource", "UntagResource"] {
            let notes = rig.calls(operation);
            assert!(
                notes.iter().all(|call| call.resource.starts_with("arn:")),
                "{delay:?} {notes:?}"
            );
        }
    }
}

/// Seed 9266 of the mix `classic`: the count of a service that ECS called MISSING after the note was taken for
/// the zero that was to be raised.
#[tokio::test(start_paused = true)]
async fn of_a_service_that_goes_missing_before_its_count_is_raised_the_count_stays() {
    let mut raised = 0;
    for delay in (0..20).map(|n| Duration::from_millis(5_900 + 30 * n)) {
        // Given
        let rig = Rig::steady(&example()).await;
        rig.wait(minutes(20)).await;
        rig.lab.world().set_desired_count(CLUSTER, SERVICE, 0).unwrap();
        // When
        let missing_at = goes_missing_after_the_claim(&rig, delay).await;
        // Then
        let looks = rig.calls("DescribeServices");
        for call in rig.calls("UpdateService") {
            raised += 1;
            let look = looks.iter().filter(|it| it.at < call.at).map(|it| it.at).max();
            assert!(look < Some(missing_at), "{delay:?}: {missing_at}, {call:?}");
        }
    }
    assert!(0 < raised && raised < 20, "{raised}");
}

#[tokio::test(start_paused = true)]
async fn tasks_that_describe_tasks_answers_as_failures_are_not_gone() {
    // Given: ListTasks names a task that DescribeTasks does not describe (F17), nor the one that
    // the event hints at.
    let rig = in_need().await;
    let writes = rig.writes();
    rig.lab.world().inject(always("DescribeTasks", FaultKind::Partial(2)));
    // When, then
    for (function, event) in [(IP_UPDATER, sample("ecs-task-running")), (HEALTH_MONITOR, json!({}))]
    {
        let error = rig.invoke(function, event).await.unwrap_err();
        assert!(error.message.contains("could not read the tasks"), "{error}");
        assert!(error.message.contains("MISSING"), "{error}");
    }
    assert_eq!(rig.writes(), writes);
}

#[tokio::test(start_paused = true)]
async fn on_an_unreadable_alarm_the_route_is_repaired_and_nothing_redeployed() {
    let rig = in_need().await;
    rig.lab.world().inject(always("DescribeAlarms", FaultKind::AccessDenied));
    let error = rig.invoke(HEALTH_MONITOR, json!({})).await.unwrap_err();
    assert!(error.message.contains("DescribeAlarms"), "{error}");
    assert!(error.message.contains("done all the same: Pointed integration"), "{error}");
    assert_eq!(rig.calls("UpdateService"), []);
}

#[tokio::test(start_paused = true)]
async fn on_an_unreadable_gateway_nothing_is_redeployed() {
    for operation in ["GetIntegration", "GetStages", "GetDeployment", "DescribeNetworkInterfaces"] {
        let rig = in_need().await;
        let writes = rig.writes();
        rig.lab.world().inject(always(operation, FaultKind::AccessDenied));
        let error = rig.invoke(HEALTH_MONITOR, json!({})).await.unwrap_err();
        assert!(error.message.contains(operation), "{error}");
        // What is known to lead nowhere may be led to a task that is known to run.
        let routed = rig.calls("UpdateIntegration").len();
        assert!(rig.writes() == writes || routed > 0);
        assert_eq!(rig.calls("UpdateService"), [], "{operation}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_that_fails_for_a_moment_is_retried_by_the_sdk() {
    let rig = in_need().await;
    for operation in ["ListTasks", "DescribeTasks", "DescribeNetworkInterfaces", "GetIntegration"] {
        rig.lab.world().inject(Fault { operation, kind: FaultKind::Throttled, times: Some(1) });
    }
    let response = rig.invoke(IP_UPDATER, sample("ecs-task-running")).await.unwrap();
    assert_eq!(response["outcome"], "acted");
}

#[tokio::test(start_paused = true)]
async fn an_invocation_that_failed_is_repeated_by_lambda_and_then_succeeds() {
    // Given: ECS cannot be read when the successor of a crashed task comes up.
    let rig = Rig::steady(&example()).await;
    rig.wait(minutes(2)).await;
    assert!(rig.lab.world().set_rule_enabled("prod-eden-scheduled-health-check", false));
    let crashed = rig.running()[0].arn.clone();
    rig.lab.world().inject(always("ListTasks", FaultKind::InternalError));
    rig.lab.world().crash_task(&crashed, 1).unwrap();
    rig.wait(Duration::from_secs(75)).await;
    assert!(!rig.is_steady());
    // When: ECS can be read again, without any new event.
    rig.lab.world().clear_faults();
    rig.wait(minutes(3)).await;
    // Then
    assert!(rig.is_steady());
    let repeated = rig.invocations(IP_UPDATER).iter().filter(|it| it.attempt > 1).count();
    assert!(repeated > 0);
}

#[tokio::test(start_paused = true)]
async fn an_integration_that_does_not_exist_is_named_and_the_other_moves() {
    // Given: an id that somebody mistyped.
    let example = example().parameter("APIGatewayIntegrationId", &"int0000,int5678");
    let rig = Rig::start(&example);
    rig.wait(minutes(3)).await;
    // Then
    let uri = rig.lab.world().api(API).unwrap().integrations[PROXY_INTEGRATION].uri.clone();
    let endpoint = rig.running()[0].endpoint();
    assert_eq!(uri, format!("http://{endpoint}/{{proxy}}"));
    let error = rig.invoke(IP_UPDATER, sample("ecs-task-running")).await.unwrap_err();
    assert!(error.message.contains("int0000 of API a1b2c3d4e5"), "{error}");
    assert!(error.message.contains("NotFoundException"), "{error}");
}
