//! The route in one variable of a stage: one write, no deployment, in the form that it has.

use eden_lab::World;
use eden_lab::example::{
    API, CLUSTER, HEALTH_MONITOR, IP_UPDATER, PROXY_INTEGRATION, REST_PROXY_INTEGRATION,
    REST_ROOT_INTEGRATION, REST_STAGE, ROOT_INTEGRATION, SERVICE,
};
use eden_lab::world::{ApiKind, Networking, PublicAddress};
use eden_tests::permissions::Variant;
use eden_tests::rig::{Rig, each, is_steady, minutes, seconds};
use serde_json::json;

const VARIANTS: [Variant; 2] = [Variant::HttpStageVariable, Variant::RestStageVariable];

/// The name of the stage, and the integrations of `/` and `/{proxy+}`.
fn names(world: &World) -> (&'static str, [&'static str; 2]) {
    match world.api(API).unwrap().kind {
        ApiKind::Http => ("$default", [ROOT_INTEGRATION, PROXY_INTEGRATION]),
        ApiKind::Rest => (REST_STAGE, [REST_ROOT_INTEGRATION, REST_PROXY_INTEGRATION]),
    }
}

fn variable(rig: &Rig, name: &str) -> Option<String> {
    let world = rig.lab.world();
    let (stage, _) = names(&world);
    world.api(API).unwrap().stages[stage].variables.get(name).cloned()
}

/// A stack in which the URIs are made of the variable in this way, and what it says so far.
fn start(variant: Variant, uri: &str, value: Option<&str>) -> Rig {
    let rig = Rig::start(&variant.example());
    {
        let mut world = rig.lab.world();
        let (stage, [root, proxy]) = names(&world);
        world.set_integration_uri(API, root, uri).unwrap();
        world.set_integration_uri(API, proxy, &format!("{uri}{{proxy}}")).unwrap();
        world.set_stage_variable(API, stage, "backend", value).unwrap();
        world.set_stage_variable(API, stage, "color", Some("blue")).unwrap();
        world.deploy_stage(API, stage, None).unwrap();
    }
    rig
}

#[tokio::test(start_paused = true)]
async fn one_write_moves_the_route_whatever_form_the_value_has() {
    for variant in VARIANTS {
        for (uri, value, form) in [
            ("http://${stageVariables.backend}/", None, "ENDPOINT"),
            ("http://${stageVariables.backend}/", Some("127.0.0.1:9"), "ENDPOINT"),
            ("http://${stageVariables.backend}:8000/", Some("127.0.0.1"), "ADDRESS"),
            ("${stageVariables.backend}/", Some("http://127.0.0.1:9"), "http://ENDPOINT"),
            ("${stageVariables.backend}", Some("http://127.0.0.1:9/"), "http://ENDPOINT/"),
        ] {
            // When
            let rig = start(variant, uri, value);
            assert!(rig.lab.until(minutes(2), is_steady).await, "{variant:?} {value:?}");
            // Then
            let endpoint = rig.serving().unwrap().endpoint();
            let expected = form
                .replace("ENDPOINT", &endpoint.to_string())
                .replace("ADDRESS", &endpoint.ip().to_string());
            assert_eq!(variable(&rig, "backend"), Some(expected), "{variant:?}");
            assert_eq!(variable(&rig, "color").as_deref(), Some("blue"), "{variant:?}");
            rig.wait(minutes(1)).await;
            assert_eq!(rig.writes(), 1);
            assert_eq!(rig.calls("UpdateStage").len(), 1);
            assert_eq!(rig.action_kinds(), ["set_stage_variable"]);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_crash_and_a_hand_edit_are_repaired_in_the_variable_alone() {
    for variant in VARIANTS {
        // Given
        let rig = start(variant, "http://${stageVariables.backend}/", Some("127.0.0.1:9"));
        assert!(rig.lab.until(minutes(2), is_steady).await);
        rig.wait(minutes(20)).await;
        // When, then: ip-updater follows
        let crashed = rig.serving().unwrap().arn;
        rig.lab.world().crash_task(&crashed, 1).unwrap();
        rig.wait(minutes(2)).await;
        assert!(rig.is_steady(), "{variant:?}");
        // When, then: health-monitor finds it out
        let right = variable(&rig, "backend");
        {
            let mut world = rig.lab.world();
            let (stage, _) = names(&world);
            world.set_stage_variable(API, stage, "backend", Some("127.0.0.1:9")).unwrap();
        }
        let report = rig.invoke(HEALTH_MONITOR, json!({})).await.unwrap();
        assert_eq!(report["diagnosis"], "route_stale");
        assert_eq!(variable(&rig, "backend"), right);
        assert_eq!(rig.calls("UpdateIntegration"), []);
        assert_eq!(rig.calls("CreateDeployment"), []);
    }
}

#[tokio::test(start_paused = true)]
async fn a_right_value_is_left_alone() {
    for variant in VARIANTS {
        let rig = start(variant, "http://${stageVariables.backend}/", None);
        assert!(rig.lab.until(minutes(2), is_steady).await);
        rig.wait(minutes(1)).await;
        let (task, writes) = (rig.serving().unwrap(), rig.writes());

        let report = rig.invoke(IP_UPDATER, rig.last_event_of(&task)).await.unwrap();

        assert_eq!(report["outcome"], "unchanged");
        assert_eq!(each(&report, "held", "reason"), ["already_routed"]);
        assert_eq!(rig.writes(), writes);
    }
}

#[tokio::test(start_paused = true)]
async fn a_value_that_api_gateway_does_not_take_is_refused_with_what_to_do() {
    let ipv6 = Networking::Fargate(PublicAddress::Ipv6);
    let bridge = Networking::Bridge { host_port: None };
    for variant in VARIANTS {
        for (networking, value, quoted) in [
            (ipv6, None, "[2001:db8::"),
            (ipv6, Some("127.0.0.1"), "2001:db8::"),
            (bridge, Some("127.0.0.1"), "127.10.0."),
        ] {
            // Given: an address that needs brackets, or a port that the URIs around do not have.
            let mut example = variant.example().parameter("IPv6Targets", &"on");
            example.service.task_definition.networking = networking;
            let rig = Rig::start(&example);
            {
                let mut world = rig.lab.world();
                let (stage, _) = names(&world);
                world.add_container_instance(CLUSTER, PublicAddress::Ipv4).unwrap();
                world.set_stage_variable(API, stage, "backend", value).unwrap();
            }
            rig.wait(minutes(2)).await;
            let task = rig.running().swap_remove(0);
            // When
            let report = rig.invoke(IP_UPDATER, rig.last_event_of(&task)).await.unwrap();
            // Then
            assert_eq!(each(&report, "held", "reason"), ["value_not_allowed"], "{report}");
            let told = each(&report, "held", "text")[0];
            assert!(told.contains(&format!("variable backend cannot hold \"{quoted}")), "{told}");
            assert!(told.contains("use ROUTE_VIA=integration"), "{told}");
            assert_eq!(rig.calls("UpdateStage"), []);
            // And health-monitor does not call that healthy.
            let report = rig.invoke(HEALTH_MONITOR, json!({})).await.unwrap();
            assert_eq!(report["diagnosis"], "route_stale", "{report}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_stage_that_does_not_exist_is_named_with_what_to_check() {
    for (variant, kind) in [(VARIANTS[0], "HTTP"), (VARIANTS[1], "REST")] {
        let rig = Rig::start(&variant.example().parameter("APIGatewayStage", &"nowhere"));
        rig.wait(minutes(2)).await;
        let task = rig.running().swap_remove(0);
        let error = rig.invoke(IP_UPDATER, rig.last_event_of(&task)).await.unwrap_err();
        assert!(error.message.contains("GetStage of stage nowhere of API a1b2c3d4e5"), "{error}");
        let check = format!("check API_GATEWAY_ID, STAGE_NAME and API_TYPE, which is {kind}");
        assert!(error.message.contains(&check), "{error}");
        assert_eq!(rig.writes(), 0);
    }
}

#[tokio::test(start_paused = true)]
async fn a_rolling_deployment_is_followed_by_one_write() {
    for variant in VARIANTS {
        let rig = start(variant, "http://${stageVariables.backend}/", None);
        assert!(rig.lab.until(minutes(2), is_steady).await);
        rig.wait(minutes(2)).await;
        let since = rig.start_traffic();

        rig.lab.world().new_deployment(CLUSTER, SERVICE, None).unwrap();
        rig.wait(seconds(180)).await;

        assert!(rig.is_steady());
        assert_eq!(rig.failures(since), []);
        assert_eq!(rig.route_writes(since).len(), 1);
    }
}
