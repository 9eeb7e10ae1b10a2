//! What becomes of the requests to a REST API, in the world.

use eden_lab::World;
use eden_lab::example::{self, Example};
use eden_lab::spec::{AlarmSpec, Watched};
use eden_lab::world::{AlarmState, ApiKind, Destination, WorldConfig};

use super::{NAME, NOWHERE, rest_api};
use crate::support::{API, MINUTE, alarm_state, api, empty_world, pass, start};

#[test]
fn a_request_is_routed_by_the_path_of_a_resource_then_by_the_method() {
    // given resources of which one has methods of its own
    let mut world = empty_world(1);
    world.create_api(
        rest_api("http://127.10.0.1/all/{proxy}")
            .resource("orders", "/orders")
            .resource("part", "/part/{proxy+}")
            .integration("orders:GET", "http://127.10.0.1/read")
            .integration("orders:POST", "http://127.10.0.1/write")
            .integration("part:ANY", "http://127.10.0.1/part/{proxy}")
            .integration("part:PUT", "http://127.10.0.1/put/{proxy}"),
    );

    // when requests come, then each goes its way
    let destination = |method, path| world.destination(API, method, path);
    let uri = |method, path| match destination(method, path) {
        Destination::Backend { uri, .. } => uri,
        Destination::Gateway(answer) => format!("{} {}", answer.status, answer.message),
    };
    assert_eq!(uri("GET", "/prod"), "http://127.10.0.255:8000/");
    assert_eq!(uri("GET", "/prod/"), "http://127.10.0.255:8000/");
    assert_eq!(uri("GET", "/prod/other/7?page=2"), "http://127.10.0.1/all/other/7?page=2");
    assert_eq!(uri("GET", "/prod/orders"), "http://127.10.0.1/read");
    assert_eq!(uri("POST", "/prod/orders"), "http://127.10.0.1/write");
    assert_eq!(uri("GET", "/prod/part/a/b"), "http://127.10.0.1/part/a/b");
    assert_eq!(uri("PUT", "/prod/part/a/b"), "http://127.10.0.1/put/a/b");

    // and what no stage, resource or method takes is refused as REST APIs do
    let refused = "403 Missing Authentication Token";
    assert_eq!(uri("PUT", "/prod/orders"), refused);
    assert_eq!(uri("GET", "/orders"), refused);
}

#[test]
fn errors_count_in_the_metrics_of_the_apis_name() {
    // given alarms on the metrics of a REST API, and on those that it would have as an HTTP API
    let mut world = empty_world(1);
    world.create_api(rest_api(NOWHERE));
    let alarm = |name: &str, metric: &str, dimension: (&str, &str)| AlarmSpec {
        name: name.to_owned(),
        watched: Watched::of_api(metric, dimension),
        period: MINUTE,
        evaluation_periods: 1,
        threshold: 1.0,
        missing_is_not_breaching: true,
        actions_enabled: true,
        actions: Vec::new(),
    };
    let (by_name, by_id) = (("ApiName", NAME), ("ApiId", API));
    world.add_alarm(alarm("5XXError", "5XXError", by_name));
    world.add_alarm(alarm("4XXError", "4XXError", by_name));
    world.add_alarm(alarm("Count", "Count", by_name));
    world.add_alarm(alarm("5xx", "5xx", by_id));
    let states = |world: &World| {
        ["5XXError", "4XXError", "Count", "5xx"].map(|name| alarm_state(world, name))
    };

    // when the gateway refuses a request, then it counts as a client's error (F1)
    assert_eq!(world.request(API, "/"), 403);
    let delay = world.timing().metric_delay;
    pass(&mut world, MINUTE + delay);
    let (ringing, quiet) = (AlarmState::Alarm, AlarmState::Ok);
    assert_eq!(states(&world), [quiet, ringing, ringing, quiet]);

    // when a backend is gone, then it counts as a server's
    assert_eq!(world.request(API, "/prod/orders"), 504);
    pass(&mut world, MINUTE);
    assert_eq!(states(&world), [ringing, quiet, ringing, quiet]);
}

#[test]
fn the_example_can_have_a_rest_api() {
    // given the example account with a REST API
    let mut example = Example::new(WorldConfig::new(1, start()));
    example.api_kind = ApiKind::Rest;
    let mut world = example.world();

    // when its integrations lead to the running task and its stage is deployed
    pass(&mut world, 10 * MINUTE);
    let task = &world.tasks(example::CLUSTER, example::SERVICE)[0];
    let address = format!("http://{}", task.endpoint());
    let root = example::REST_ROOT_INTEGRATION;
    world.set_integration_uri(example::API, root, &format!("{address}/")).unwrap();
    let proxy = example::REST_PROXY_INTEGRATION;
    world.set_integration_uri(example::API, proxy, &format!("{address}/{{proxy}}")).unwrap();
    assert_eq!(world.request(example::API, "/prod/orders"), 504, "F7");
    world.deploy_stage(example::API, example::REST_STAGE, None).unwrap();

    // then requests arrive below the stage
    let statuses = ["/prod", "/prod/orders/7"].map(|path| world.request(example::API, path));
    assert_eq!(statuses, [200; 2]);
    assert_eq!(world.api(example::API).unwrap().name, "shop-api");
}

#[test]
fn the_stack_of_the_rest_example_watches_and_follows_the_rest_api() {
    // given the example account with a REST API
    let mut example = Example::new(WorldConfig::new(1, start()));
    example.api_kind = ApiKind::Rest;

    // when the real template is deployed into it
    let stack = example.stack("http://127.0.0.1:8080").unwrap();

    // then its functions know the API, and its alarm the metric of a REST API (F1)
    let environment = &stack.function(example::IP_UPDATER).unwrap().environment;
    assert_eq!(environment["API_TYPE"], "REST");
    assert_eq!(environment["INTEGRATION_ID"], "res1:ANY,res2:ANY");
    assert_eq!(environment["API_GATEWAY_URL"], "http://127.0.0.1:8080/prod");
    let alarm = stack.alarms.iter().find(|alarm| alarm.name == example::ALARM).unwrap();
    assert_eq!(alarm.watched, Watched::of_api("5XXError", ("ApiName", "shop-api")));
}

#[test]
fn an_http_api_is_what_the_example_has_unless_told() {
    let example = Example::new(WorldConfig::new(1, start()));
    assert_eq!(example.world().api(example::API).unwrap().kind, ApiKind::Http);
    let spec = api(NOWHERE, true);
    let mut world = empty_world(1);
    world.create_api(spec);
    assert_eq!(world.api(API).unwrap().name, API);
}
