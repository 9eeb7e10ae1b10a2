//! ip-updater in virtual time: where the route leads after what happened to the tasks.

use std::time::Duration;

use eden_lab::example::{API, CLUSTER, IP_UPDATER, PROXY_INTEGRATION, ROOT_INTEGRATION, SERVICE};
use eden_lab::world::{Fault, FaultKind};
use eden_tests::rig::{Rig, example, is_steady, minutes, running, serving, uris};
use eden_tests::sample;
use serde_json::json;

#[tokio::test(start_paused = true)]
async fn a_first_task_gets_the_route() {
    // Given
    let rig = Rig::start(&example());
    // When
    assert!(rig.lab.until(minutes(5), is_steady).await);
    // Then: only host and port of the URL changed, and what was none became one.
    let world = rig.lab.world();
    let endpoint = running(&world)[0].endpoint();
    assert_eq!(
        uris(&world),
        [format!("http://{endpoint}/"), format!("http://{endpoint}/{{proxy}}")]
    );
}

#[tokio::test(start_paused = true)]
async fn the_successor_of_a_crashed_task_gets_the_route() {
    let rig = Rig::steady(&example()).await;
    let first = rig.running()[0].clone();

    rig.lab.world().crash_task(&first.arn, 137).unwrap();
    rig.wait(Duration::from_secs(1)).await;
    assert!(rig.lab.until(minutes(5), is_steady).await);

    let successor = rig.serving().unwrap();
    assert_ne!(successor.endpoint().ip(), first.endpoint().ip());
    let moved = rig
        .invocations(IP_UPDATER)
        .into_iter()
        .rev()
        .find_map(|it| it.result.ok().filter(|response| response["outcome"] == "acted"));
    let latency = moved.unwrap()["route_update_latency_ms"].as_u64().unwrap();
    assert!((100..10_000).contains(&latency), "{latency} ms from the event to the moved route");
}

#[tokio::test(start_paused = true)]
async fn a_stopping_target_is_left_while_it_still_runs() {
    // Given: two tasks, and the route leads to one of them.
    let mut example = example();
    example.service.desired_count = 2;
    example.service.task_definition.stop = Duration::from_secs(25);
    let rig = Rig::steady(&example).await;
    rig.wait(minutes(1)).await;
    let target = rig.serving().unwrap();
    // When
    rig.lab.world().stop_task(&target.arn, "a drill").unwrap();
    rig.wait(Duration::from_secs(3)).await;
    // Then: requests go to the other one before the first stops listening (F9).
    let world = rig.lab.world();
    let stopping = world.task(&target.arn).unwrap();
    assert!(stopping.listening && !stopping.is_wanted());
    assert_ne!(serving(&world).unwrap().arn, target.arn);
}

#[tokio::test(start_paused = true)]
async fn nothing_is_written_while_the_target_runs() {
    let rig = Rig::steady(&example()).await;
    rig.wait(minutes(1)).await;
    let writes = rig.writes();

    let response = rig.invoke(IP_UPDATER, sample("ecs-task-running")).await.unwrap();

    assert_eq!(response["outcome"], "unchanged");
    assert_eq!(response["held"][0]["reason"], "already_routed");
    assert_eq!(rig.writes(), writes);
}

#[tokio::test(start_paused = true)]
async fn an_event_that_is_not_ours_causes_no_call_and_says_why() {
    let rig = Rig::steady(&example()).await;
    rig.wait(minutes(1)).await;
    let mut other_cluster = sample("ecs-task-running");
    other_cluster["detail"]["clusterArn"] =
        json!("arn:aws:ecs:us-east-1:123456789012:cluster/dev-eden-cluster");
    for (event, part) in [
        (sample("ecs-task-other-service"), "service:"),
        (other_cluster, "cluster"),
        (sample("scheduled"), "Scheduled Event"),
        (sample("cloudwatch-alarm"), "Alarm"),
        (sample("manual-test"), "manual"),
        (json!("text"), "JSON string"),
        (json!({"source": "aws.s3", "detail-type": "Object Created", "detail": {}}), "aws.s3"),
    ] {
        let calls = rig.call_count();
        let response = rig.invoke(IP_UPDATER, event).await.unwrap();
        assert_eq!(response["outcome"], "ignored");
        let why = response["ignored_because"].as_str().unwrap();
        assert!(why.contains(part), "{why}");
        assert_eq!(rig.call_count(), calls, "{why}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_malformed_event_is_an_error_and_causes_no_call() {
    let rig = Rig::steady(&example()).await;
    rig.wait(minutes(1)).await;
    let calls = rig.call_count();
    let event = json!({"source": "aws.ecs", "detail-type": "ECS Task State Change", "detail": {}});

    let error = rig.invoke(IP_UPDATER, event).await.unwrap_err();

    assert_eq!(error.error_type, "MalformedEvent");
    assert!(error.message.contains("clusterArn"), "{error}");
    assert_eq!(rig.call_count(), calls);
}

#[tokio::test(start_paused = true)]
async fn a_stage_without_auto_deploy_gets_a_deployment() {
    // Given
    let mut example = example();
    example.auto_deploy = false;
    // When
    let rig = Rig::steady(&example).await;
    // Then: requests get through, which they only do once the stage is deployed (F4).
    assert_eq!(rig.calls("CreateDeployment").len(), 1);
    let stage = rig.lab.world().api(API).unwrap().stages["$default"].clone();
    let world = rig.lab.world();
    let deployment = &world.api(API).unwrap().deployments[stage.deployment_id.as_ref().unwrap()];
    let endpoint = running(&world)[0].endpoint();
    let note = format!("Eden: route of {ROOT_INTEGRATION},{PROXY_INTEGRATION} to {endpoint}");
    assert_eq!(deployment.description.as_deref(), Some(&*note));
}

#[tokio::test(start_paused = true)]
async fn a_stage_with_auto_deploy_gets_none() {
    let rig = Rig::steady(&example()).await;
    rig.wait(minutes(10)).await;
    assert_eq!(rig.calls("CreateDeployment"), []);
}

#[tokio::test(start_paused = true)]
async fn a_deployment_that_failed_is_made_up_for_by_the_retry() {
    // Given: CreateDeployment fails for longer than the SDK retries.
    let mut example = example();
    example.auto_deploy = false;
    let rig = Rig::start(&example);
    let fault =
        Fault { operation: "CreateDeployment", kind: FaultKind::InternalError, times: Some(3) };
    rig.lab.world().inject(fault);
    // When
    assert!(rig.lab.until(minutes(10), is_steady).await);
    // Then: the first invocation failed after the integrations were right.
    let attempts = rig.invocations(IP_UPDATER);
    let error = attempts.iter().find_map(|it| it.result.as_ref().err()).unwrap();
    assert!(error.message.contains("CreateDeployment"), "{error}");
    assert!(error.message.contains("done all the same: Pointed integration"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn an_address_that_appears_late_is_waited_for() {
    // Given: the address appears later than the event arrives (F24).
    let mut example = example();
    example.world.timing.eni_visible = Duration::from_secs(4);
    example.world.timing.eni_association = Duration::from_secs(9);
    // When
    let rig = Rig::steady(&example).await;
    // Then
    assert!(rig.calls("DescribeNetworkInterfaces").len() > 3);
    let updater = rig.invocations(IP_UPDATER);
    assert!(updater.iter().all(|invocation| invocation.result.is_ok()), "{updater:?}");
}

#[tokio::test(start_paused = true)]
async fn an_address_that_does_not_appear_in_time_is_an_error_that_lambda_retries() {
    let mut example = example();
    example.world.timing.eni_association = Duration::from_secs(70);
    let rig = Rig::steady(&example).await;
    let errors: Vec<_> = rig
        .invocations(IP_UPDATER)
        .into_iter()
        .filter_map(|invocation| invocation.result.err())
        .collect();
    assert!(!errors.is_empty());
    assert!(errors[0].message.contains("eni-"), "{}", errors[0]);
    assert!(errors[0].message.contains("assignPublicIp"), "{}", errors[0]);
}

#[tokio::test(start_paused = true)]
async fn every_page_of_list_tasks_is_read() {
    // Given: pages of two, and the route leads to the task that is listed last.
    let mut example = example();
    example.service.desired_count = 5;
    let rig = Rig::steady(&example).await;
    rig.wait(minutes(1)).await;
    let listed_last = rig.running().into_iter().max_by_key(|task| task.arn.clone()).unwrap();
    let uri = format!("http://{}/{{proxy}}", listed_last.endpoint());
    for integration in [ROOT_INTEGRATION, PROXY_INTEGRATION] {
        rig.lab.world().set_integration_uri(API, integration, &uri).unwrap();
    }
    rig.lab.world().set_list_page(2);
    let (lists, writes) = (rig.calls("ListTasks").len(), rig.writes());
    // When
    let response = rig.invoke(IP_UPDATER, sample("ecs-task-running")).await.unwrap();
    // Then: it was found on the last page, so nothing had to be written.
    assert_eq!(response["outcome"], "unchanged");
    assert_eq!(rig.calls("ListTasks").len() - lists, 3);
    assert_eq!(rig.writes(), writes);
}

#[tokio::test(start_paused = true)]
async fn a_vpc_link_integration_is_never_overwritten() {
    use eden_lab::world::ApiSpec;
    // Given: the second integration leads through a VPC link (F6).
    let rig = Rig::steady(&example()).await;
    let arn = "arn:aws:servicediscovery:us-east-1:123456789012:service/srv-1";
    rig.lab.world().create_api(
        ApiSpec::new(API)
            .integration(ROOT_INTEGRATION, "http://127.0.0.1:1/")
            .vpc_link_integration(PROXY_INTEGRATION, arn, "vl-1")
            .route("/", ROOT_INTEGRATION)
            .route("/{proxy+}", PROXY_INTEGRATION)
            .stage("$default", true),
    );
    // When
    let response = rig.invoke(IP_UPDATER, sample("ecs-task-running")).await.unwrap();
    // Then: the other one moved, and the response says why this one did not.
    assert_eq!(rig.uris()[1], arn);
    assert_eq!(response["outcome"], "acted");
    assert_eq!(response["held"][0]["reason"], "not_an_http_integration");
}

#[tokio::test(start_paused = true)]
async fn scaling_does_not_move_a_route_that_is_right() {
    let rig = Rig::steady(&example()).await;
    rig.wait(minutes(1)).await;
    let (target, writes) = (rig.serving().unwrap(), rig.writes());

    rig.lab.world().set_desired_count(CLUSTER, SERVICE, 4).unwrap();
    rig.wait(minutes(5)).await;

    assert_eq!(rig.running().len(), 4);
    assert_eq!(rig.serving().unwrap().arn, target.arn);
    assert_eq!(rig.writes(), writes);
}
