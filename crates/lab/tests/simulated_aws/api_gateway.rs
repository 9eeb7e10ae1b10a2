//! The gateway: where requests go, and when a change takes effect.

use std::time::Duration;

use eden_lab::World;
use eden_lab::world::{ApiSpec, AppState};

use crate::support::{
    API, CLUSTER, INTEGRATION, MINUTE, SERVICE, api, pass, running_world_with, the_task,
};

/// A world whose API leads to the running task.
fn routed_world() -> World {
    let mut world = running_world_with(|_| {});
    let uri = uri_of_the_task(&world);
    world.create_api(api(&uri, true));
    world
}

fn uri_of_the_task(world: &World) -> String {
    format!("http://{}/{{proxy}}", world.task(&the_task(world)).unwrap().endpoint())
}

#[test]
fn the_gateway_answers_what_the_application_does() {
    // given an API that leads to a running task
    let mut world = routed_world();
    let arn = the_task(&world);

    // when the application serves, fails or hangs, or is gone
    let serving = world.request(API, "/orders");
    world.set_app(&arn, AppState::Failing(500)).unwrap();
    let failing = world.request(API, "/orders");
    world.set_app_of_service(CLUSTER, SERVICE, AppState::Hung).unwrap();
    let hung = world.request(API, "/orders");
    world.crash_task(&arn, 1).unwrap();
    let crashed = world.request(API, "/orders");

    // then so does the gateway
    assert_eq!([serving, failing, hung, crashed], [200, 500, 503, 503]);
}

#[test]
fn a_path_fills_the_proxy_variable_and_a_query_is_kept() {
    // given an API whose URI has a prefix and a query
    let mut world = running_world_with(|_| {});
    world.create_api(api("http://127.10.0.1:8000/v1/{proxy}?key=1", true));

    // when a request comes
    let upstream = world.upstream(API, "/orders/7?page=2");

    // then F6 holds
    assert_eq!(upstream.unwrap(), "http://127.10.0.1:8000/v1/orders/7?key=1&page=2");
}

#[test]
fn the_most_specific_route_wins() {
    // given an API with a root, a catch-all of a part, one path in it, and one of all
    let mut world = running_world_with(|_| {});
    world.create_api(
        ApiSpec::new(API)
            .integration("root", "http://127.10.0.1/root")
            .integration("part", "http://127.10.0.1/part/{proxy}")
            .integration("one", "http://127.10.0.1/one")
            .integration("all", "http://127.10.0.1/all/{proxy}")
            .route("/", "root")
            .route("/{proxy+}", "all")
            .route("/part/{proxy+}", "part")
            .route("/part/one", "one")
            .stage("$default", true),
    );

    // when requests come
    let upstream = |path| world.upstream(API, path);

    // then each goes its way
    assert_eq!(upstream("/").unwrap(), "http://127.10.0.1/root");
    assert_eq!(upstream("/part/two").unwrap(), "http://127.10.0.1/part/two");
    assert_eq!(upstream("/part/one").unwrap(), "http://127.10.0.1/one");
    assert_eq!(upstream("/other").unwrap(), "http://127.10.0.1/all/other");
}

#[test]
fn the_default_route_takes_what_no_other_does_and_without_it_nothing_is_found() {
    // given an API with a default route, and one with nothing but a root
    let mut world = running_world_with(|_| {});
    let api = |id, path| {
        ApiSpec::new(id)
            .integration(INTEGRATION, "http://127.10.0.1/all")
            .route(path, INTEGRATION)
            .stage("$default", true)
    };
    world.create_api(api("default", "$default"));
    world.create_api(api("root", "/"));

    // when a path is asked for that no route names
    let (default, root) = (world.upstream("default", "/other"), world.upstream("root", "/other"));

    // then only the default takes it
    assert_eq!(default.unwrap(), "http://127.10.0.1/all");
    assert_eq!(root, None);
    assert_eq!(world.request("root", "/other"), 404);
}

#[test]
fn a_path_may_begin_with_the_name_of_a_stage() {
    // given an API with a stage of its own name and no default
    let mut world = running_world_with(|_| {});
    world.create_api(
        ApiSpec::new(API)
            .integration(INTEGRATION, "http://127.10.0.1:8000/{proxy}")
            .route("/{proxy+}", INTEGRATION)
            .stage("prod", true),
    );

    // when requests come, then only those below the stage go anywhere
    assert_eq!(world.upstream(API, "/prod/orders").unwrap(), "http://127.10.0.1:8000/orders");
    assert_eq!(world.upstream(API, "/orders"), None);
}

#[test]
fn a_stage_with_auto_deploy_follows_a_change_at_once() {
    // given an API that leads nowhere, on a stage with autoDeploy
    let mut world = running_world_with(|_| {});
    world.create_api(api("http://127.10.0.255:8000/{proxy}", true));
    assert_eq!(world.request(API, "/"), 404, "a greedy route wants at least one segment");
    assert_eq!(world.request(API, "/orders"), 503);

    // when the integration is changed
    let uri = uri_of_the_task(&world);
    world.set_integration_uri(API, INTEGRATION, &uri).unwrap();

    // then requests arrive
    assert_eq!(world.request(API, "/orders"), 200);
}

#[test]
fn a_stage_without_auto_deploy_follows_a_change_only_when_deployed() {
    // given the same on a stage without autoDeploy
    let mut world = running_world_with(|_| {});
    world.create_api(api("http://127.10.0.255:8000/{proxy}", false));

    // when the integration is changed, then nothing follows (F4)
    let uri = uri_of_the_task(&world);
    world.set_integration_uri(API, INTEGRATION, &uri).unwrap();
    assert_eq!(world.request(API, "/orders"), 503);

    // when the stage is deployed, then it does
    world.deploy_stage(API, "$default", None).unwrap();
    assert_eq!(world.request(API, "/orders"), 200);
}

#[test]
fn virtual_traffic_shows_when_requests_fail() {
    // given traffic every second to a task
    let mut world = routed_world();
    world.start_traffic(API, "/orders", Duration::from_secs(1));
    pass(&mut world, MINUTE);

    // when the task crashes and nobody repairs the route
    let crash = world.now();
    world.crash_task(&the_task(&world), 1).unwrap();
    pass(&mut world, MINUTE);

    // then every request before succeeded and every one after failed
    assert_eq!(world.traffic().len(), 120);
    let right = |outcome: &eden_lab::world::RequestOutcome| {
        outcome.status == if outcome.at <= crash { 200 } else { 503 }
    };
    assert!(world.traffic().iter().all(right));
}

#[test]
fn stage_variables_fill_a_deployed_uri_and_an_unknown_one_leaves_nothing() {
    // given an API whose URI has variables, one of which its stage does not know
    let mut world = running_world_with(|_| {});
    let uri = "http://${stageVariables.host}/${stageVariables.none}v1/{proxy}?${stageVariables.q";
    let spec = api(uri, true).stage_variable("$default", "host", "127.10.0.1");
    world.create_api(spec.stage("other", true).stage_variable("other", "host", "127.10.0.2"));

    // when requests come, then each stage has its own, and what is not closed is no variable
    let upstream = |path| world.upstream(API, path).unwrap();
    assert_eq!(upstream("/a"), "http://127.10.0.1/v1/a?${stageVariables.q");
    assert_eq!(upstream("/other/a"), "http://127.10.0.2/v1/a?${stageVariables.q");

    // and what a client sends is none either
    let sent = "/${stageVariables.host}";
    assert_eq!(upstream(sent), format!("http://127.10.0.1/v1{sent}?${{stageVariables.q"));
}

#[test]
fn a_private_integration_is_not_called_over_the_internet() {
    let mut world = running_world_with(|_| {});
    let arn = "arn:aws:servicediscovery:us-east-1:123456789012:service/srv-1";
    world.create_api(
        ApiSpec::new(API)
            .vpc_link_integration("link", arn, "vpclink1")
            .route("/", "link")
            .stage("$default", true),
    );
    assert_eq!(world.upstream(API, "/"), None);
    assert_eq!(world.request(API, "/"), 503);
}
