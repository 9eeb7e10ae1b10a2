//! REST APIs: their stages always need a deployment, of which API Gateway takes one in five seconds,
//! and their alarm has a metric of its own.

use eden_lab::World;
use eden_lab::example::{
    ALARM, API, CLUSTER, Example, HEALTH_MONITOR, IP_UPDATER, REST_API_NAME,
    REST_PROXY_INTEGRATION, REST_ROOT_INTEGRATION, REST_STAGE, SERVICE,
};
use eden_lab::spec::Watched;
use eden_lab::world::{
    AlarmState, ApiSpec, AppState, Call, Fault, FaultKind, Gatekeeper, Networking, PublicAddress,
};
use eden_tests::permissions::Variant;
use eden_tests::rig::{Rig, each, is_steady, minutes, seconds};
use serde_json::json;

const FARGATE: Networking = Networking::Fargate(PublicAddress::Ipv4);

fn rest() -> Example {
    Variant::RestIntegrations.example()
}

/// The example's REST API, with these stages.
fn with_stages(stages: &[&str]) -> ApiSpec {
    let api = ApiSpec::rest(API, REST_API_NAME)
        .resource("res1", "/")
        .resource("res2", "/{proxy+}")
        .integration(REST_ROOT_INTEGRATION, "http://127.0.0.1:1/")
        .integration(REST_PROXY_INTEGRATION, "http://127.0.0.1:1/{proxy}");
    stages.iter().fold(api, |api, stage| api.stage(stage, false))
}

/// Deployments that API Gateway accepted.
fn deployments(rig: &Rig) -> Vec<Call> {
    let calls = rig.calls("CreateDeployment");
    calls.into_iter().filter(|call| call.outcome.is_ok()).collect()
}

/// What the stages show by the notes on their deployments, in the order of their names: the endpoint
/// that Eden led to.
fn shown(rig: &Rig) -> Vec<Option<String>> {
    let world = rig.lab.world();
    let api = world.api(API).unwrap();
    let deployments =
        api.stages.values().map(|stage| &api.deployments[stage.deployment_id.as_ref().unwrap()]);
    let endpoint = |note: &str| note.strip_prefix("Eden: ")?.rsplit(' ').next().map(str::to_owned);
    deployments.map(|it| it.description.as_deref().and_then(endpoint)).collect()
}

fn crash_the_target(rig: &Rig) {
    let target = rig.serving().unwrap().arn;
    rig.lab.world().crash_task(&target, 137).unwrap();
}

/// Waits until the route has moved away from a task that is gone.
async fn recover(rig: &Rig) {
    rig.wait(seconds(1)).await;
    assert!(rig.lab.until(minutes(3), is_steady).await);
    rig.wait(minutes(2)).await;
}

#[tokio::test(start_paused = true)]
async fn a_first_task_and_its_successor_get_the_route_each_by_one_deployment() {
    // When: a first task comes
    let rig = Variant::RestIntegrations.open(rest(), FARGATE).await;
    // Then: both URIs first, and what takes them into effect after that (F7).
    let order: Vec<_> = {
        let world = rig.lab.world();
        let writes = world.calls().iter().filter(|it| it.service == "apigateway" && it.mutating);
        writes.map(|call| call.operation.clone()).collect()
    };
    assert_eq!(order, ["UpdateIntegration", "UpdateIntegration", "CreateDeployment"]);
    let first = rig.serving().unwrap().endpoint();
    assert_eq!(shown(&rig), [Some(first.to_string())]);
    // When: it dies
    rig.wait(minutes(1)).await;
    crash_the_target(&rig);
    recover(&rig).await;
    // Then: nothing but host and port differs.
    let second = rig.serving().unwrap().endpoint();
    assert_ne!(first, second);
    let world = rig.lab.world();
    let uri = |id: &str| world.api(API).unwrap().integrations[id].uri.clone();
    assert_eq!(uri(REST_ROOT_INTEGRATION), format!("http://{second}/"));
    assert_eq!(uri(REST_PROXY_INTEGRATION), format!("http://{second}/{{proxy}}"));
    drop(world);
    assert_eq!(deployments(&rig).len(), 2);
    assert_eq!(shown(&rig), [Some(second.to_string())]);
}

/// <https://docs.aws.amazon.com/apigateway/latest/developerguide/limits.html>: CreateDeployment, one
/// request every 5 seconds for an account.
#[tokio::test(start_paused = true)]
async fn every_stage_gets_its_deployment_although_api_gateway_takes_one_in_five_seconds() {
    // Given
    let named = format!("beta,{REST_STAGE},test");
    let rig = Rig::start(&rest().parameter("APIGatewayStage", &named));
    rig.lab.world().create_api(with_stages(&["beta", REST_STAGE, "test"]));
    // When
    assert!(rig.lab.until(minutes(3), is_steady).await);
    rig.wait(minutes(1)).await;
    // Then
    let there = Some(rig.serving().unwrap().endpoint().to_string());
    assert_eq!(shown(&rig), [there.clone(), there.clone(), there]);
    let times: Vec<_> = deployments(&rig).iter().map(|call| call.at).collect();
    assert_eq!(times.len(), 3);
    assert!(times.windows(2).all(|pair| pair[1].duration_since(pair[0]).as_secs() >= 5));
    let invocations = rig.invocations(IP_UPDATER);
    assert!(invocations.iter().all(|it| it.result.is_ok() && it.took < seconds(60)));
}

#[tokio::test(start_paused = true)]
async fn only_the_stages_that_are_named_get_a_deployment() {
    let rig = Rig::start(&rest().parameter("APIGatewayStage", &format!("{REST_STAGE},test")));
    rig.lab.world().create_api(with_stages(&["beta", REST_STAGE, "test"]));

    assert!(rig.lab.until(minutes(3), is_steady).await);
    rig.wait(minutes(1)).await;

    let there = Some(rig.serving().unwrap().endpoint().to_string());
    assert_eq!(shown(&rig), [None, there.clone(), there]);
}

/// A review found: with a path that the API answers 401, 403 or 404, each deployment of a person's was
/// followed by one of Eden's, which published what they had not finished yet.
#[tokio::test(start_paused = true)]
async fn a_stage_that_somebody_deployed_is_deployed_again_only_when_the_api_answers_as_a_stale_one()
{
    for (gatekeeper, expected) in [(Gatekeeper::Demands(401), 0), (Gatekeeper::Refuses(503), 1)] {
        // Given: an API with an integration that is none of Eden's
        let rig = Rig::start(&rest().parameter("HealthCheckPath", &"/health"));
        let api = with_stages(&[REST_STAGE]).resource("res3", "/new");
        rig.lab.world().create_api(api.integration("res3:ANY", "http://new.example.com/"));
        assert!(rig.lab.until(minutes(3), is_steady).await);
        rig.wait(minutes(5)).await;
        let before = deployments(&rig).len();
        // When: somebody deploys the stage, and goes on changing the API.
        let mut world = rig.lab.world();
        world.deploy_stage(API, REST_STAGE, Some("release 12".to_owned())).unwrap();
        world.set_integration_uri(API, "res3:ANY", "http://unfinished.example.com/").unwrap();
        world.set_gatekeeper(API, Some(gatekeeper)).unwrap();
        drop(world);
        rig.wait(minutes(20)).await;
        // Then
        assert_eq!(deployments(&rig).len() - before, expected, "{gatekeeper:?}");
        if expected == 0 {
            let report = rig.invoke(HEALTH_MONITOR, json!({})).await.unwrap();
            assert_eq!(report["diagnosis"], "healthy", "{report}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn an_owed_deployment_is_made_up_for_by_the_next_look_of_either_function() {
    for function in [IP_UPDATER, HEALTH_MONITOR] {
        // Given: the integrations are right, and the deployment failed until nobody tries any more.
        let rig = Variant::RestIntegrations.open(rest(), FARGATE).await;
        rig.wait(minutes(1)).await;
        let fault =
            Fault { operation: "CreateDeployment", kind: FaultKind::InternalError, times: None };
        rig.lab.world().inject(fault);
        for rule in ["ecs-task-state-change", "health-alarm-trigger", "scheduled-health-check"] {
            assert!(rig.lab.world().set_rule_enabled(&format!("prod-eden-{rule}"), false));
        }
        crash_the_target(&rig);
        rig.wait(minutes(2)).await;
        let task = rig.running().swap_remove(0);
        let event = || match function {
            IP_UPDATER => rig.last_event_of(&task),
            _ => json!({}),
        };
        let error = rig.invoke(function, event()).await.unwrap_err();
        assert!(error.message.contains("CreateDeployment of stage prod of API"), "{error}");
        assert!(error.message.contains("done all the same: Pointed integration res1:ANY"));
        assert!(!rig.is_steady());
        // When
        rig.lab.world().clear_faults();
        let report = rig.invoke(function, event()).await.unwrap();
        // Then
        assert_eq!(report["done"].as_array().unwrap().len(), 1, "{report}");
        assert_eq!(report["done"][0]["action"], "deploy_stage");
        assert!(rig.is_steady());
    }
}

#[tokio::test(start_paused = true)]
async fn the_alarm_on_the_metric_of_rest_apis_wakes_health_monitor() {
    // Given: the application fails, and ECS sees nothing of it (F1).
    let rig = Variant::RestIntegrations.open(rest(), FARGATE).await;
    rig.start_traffic();
    rig.wait(minutes(21)).await;
    assert!(rig.lab.world().set_rule_enabled("prod-eden-scheduled-health-check", false));
    rig.lab.world().set_app_of_service(CLUSTER, SERVICE, AppState::Failing(500)).unwrap();
    // When
    let rang = |world: &World| world.alarm(ALARM).unwrap().status.state == AlarmState::Alarm;
    assert!(rig.lab.until(minutes(5), rang).await);
    rig.wait(seconds(15)).await;
    // Then
    let spec = rig.lab.world().alarm(ALARM).unwrap().spec.clone();
    assert_eq!(spec.watched, Watched::of_api("5XXError", ("ApiName", "shop-api")));
    let woken = rig.invocations(HEALTH_MONITOR).pop().unwrap();
    assert_eq!(woken.payload["detail-type"], "CloudWatch Alarm State Change");
    let report = woken.result.unwrap();
    assert_eq!(report["diagnosis"], "service_sick");
    // The sidecar's image is named by a tag, which a deployment might move: a trial comes first.
    assert!(each(&report, "done", "action").contains(&"stop_task"), "{report}");
    assert!(rig.lab.until(minutes(5), is_steady).await);
}

#[tokio::test(start_paused = true)]
async fn a_route_edited_by_hand_is_repaired_and_deployed_on_schedule() {
    let rig = Variant::RestIntegrations.open(rest(), FARGATE).await;
    rig.wait(minutes(21)).await;
    {
        let mut world = rig.lab.world();
        world
            .set_integration_uri(API, REST_PROXY_INTEGRATION, "http://127.0.0.1:9/{proxy}")
            .unwrap();
        world.deploy_stage(API, REST_STAGE, None).unwrap();
    }
    assert!(!rig.is_steady());
    assert!(rig.lab.until(minutes(6), is_steady).await);
    assert_eq!(rig.calls("UpdateService"), []);
}
