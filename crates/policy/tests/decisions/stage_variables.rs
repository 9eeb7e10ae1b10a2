//! Stage variables: one value that the integrations refer to, rewritten in its own form.

use eden_policy::facts::{HostPort, Integration, Observed, Readiness, Stage, TaskNetwork};
use eden_policy::route::State;
use eden_policy::{Hold, Step};

use crate::fixtures::*;
use crate::scene::*;

/// A variable with this value; its stage shows it at once.
fn variable(value: Option<&str>) -> eden_policy::facts::Route {
    let read = Integration::http(value.map(str::to_owned));
    let stage = Stage { auto_deploy: true, ..manual_stage(None, 600) };
    route_to(1)
        .pointers(vec![(stage_variable("prod", "backend"), Observed::Known(read))])
        .stage(stage)
}

#[test]
fn a_value_that_leads_to_the_task_is_kept_in_each_form() {
    for value in
        ["203.0.113.1:8000", "203.0.113.1:8000/v1", "203.0.113.1", "http://203.0.113.1:8000/v1"]
    {
        let plan = scene(vec![task(1), task(2)], variable(Some(value))).plan();
        assert_eq!(plan.steps, [], "{value}");
        let Hold::AlreadyRouted { pointer, .. } = &plan.holds[0] else { panic!("{plan:?}") };
        assert_eq!(pointer, "variable backend of stage prod");
    }
}

#[test]
fn a_value_that_leads_elsewhere_moves_in_its_own_form() {
    for (from, to) in [
        (Some("198.51.100.7:8000"), "203.0.113.1:8000"),
        (Some("198.51.100.7"), "203.0.113.1"),
        (Some("http://198.51.100.7:8000/v1"), "http://203.0.113.1:8000/v1"),
        (Some("198.51.100.7:8000/v1?a=b"), "203.0.113.1:8000/v1?a=b"),
        (Some("backend.example.com:80/v1"), "203.0.113.1:8000/v1"),
        (Some("placeholder"), "203.0.113.1:8000"),
        (Some("203.0.113.1:9000"), "203.0.113.1:8000"),
        (Some(""), "203.0.113.1:8000"),
        (None, "203.0.113.1:8000"),
    ] {
        let scene = scene(vec![task(1)], variable(from));
        let plan = scene.plan();
        let expected = Step::SetStageVariable {
            api: "a1b2c3d4e5".to_owned(),
            stage: "prod".to_owned(),
            variable: "backend".to_owned(),
            from: from.map(str::to_owned),
            to: to.to_owned(),
            task: "task1".to_owned(),
            unready: None,
        };
        assert_eq!(plan.steps, [expected], "{from:?}");
        assert_eq!(scene.decide().state, State::Stale, "{from:?}");
        assert_eq!(scene.after(&plan).plan().steps, [], "{from:?}, after that");
    }
}

#[test]
fn a_variable_waits_and_moves_like_an_integration() {
    let to_1 = || variable(Some("203.0.113.1:8000"));
    let rolling = || vec![task(1).old(), task(2)];
    let kept = scene(rolling(), to_1().silent(&[2])).plan();
    assert_eq!((kept.steps.len(), awaited(&kept)), (0, vec!["task2"]));
    assert_eq!(written(&scene(rolling(), to_1()).plan()), [("backend", "203.0.113.2:8000")]);
    let unready_only = scene(vec![task(2)], to_1().silent(&[2])).plan();
    assert_eq!(unready(&unready_only), [SILENCE]);
    assert_eq!(scene(vec![task(1), task(2)], to_1().unasked()).asks(), [endpoint(1)]);
}

/// Task 1 with an IPv6 address only.
fn ipv6(mut scene: Scene) -> Scene {
    let endpoint = "[2001:db8::1]:8000".parse().unwrap();
    if let Observed::Known(endpoints) = &mut scene.route.endpoints {
        endpoints.insert(task(1).arn, endpoint);
    }
    scene.route.readiness.insert(endpoint, Readiness::Ready);
    scene
}

/// Task 1 at a port of its host.
fn on_host(mut scene: Scene) -> Scene {
    let endpoint = "203.0.113.50:32768".parse().unwrap();
    let instance = "arn:instance".to_owned();
    scene.tasks[0].network = TaskNetwork::Host {
        container_instance: instance,
        port: HostPort::Bound { ipv4: Some(32_768), ipv6: None },
    };
    if let Observed::Known(endpoints) = &mut scene.route.endpoints {
        endpoints.insert(task(1).arn, endpoint);
    }
    scene.route.readiness.insert(endpoint, Readiness::Ready);
    scene
}

#[test]
fn a_value_that_api_gateway_does_not_take_is_held_and_the_route_is_stale() {
    for (case, scene, value) in [
        (
            "brackets",
            ipv6(scene(vec![task(1)], variable(Some("198.51.100.7:1")))),
            "[2001:db8::1]:8000",
        ),
        ("brackets in a URL", ipv6(scene(vec![task(1)], variable(Some("http://x/v1")))), {
            "http://[2001:db8::1]:8000/v1"
        }),
        (
            "brackets that the URIs lack",
            ipv6(scene(vec![task(1)], variable(Some("198.51.100.7")))),
            { "2001:db8::1" },
        ),
        (
            "a port that has no place",
            on_host(scene(vec![task(1)], variable(Some("198.51.100.7")))),
            { "203.0.113.50:32768" },
        ),
    ] {
        let decision = scene.decide();
        assert_eq!(decision.plan.steps, [], "{case}");
        let hold =
            Hold::ValueNotAllowed { variable: "backend".to_owned(), value: value.to_owned() };
        assert_eq!(decision.plan.holds, [hold], "{case}");
        assert_eq!(decision.state, State::Stale, "{case}");
    }
}

#[test]
fn an_ipv6_address_for_another_and_a_port_that_has_a_place_are_allowed() {
    for (scene, expected) in [
        (ipv6(scene(vec![task(1)], variable(Some("2001:db8::9")))), "2001:db8::1"),
        (on_host(scene(vec![task(1)], variable(Some("198.51.100.7:1")))), "203.0.113.50:32768"),
    ] {
        let plan = scene.plan();
        assert_eq!(written(&plan), [("backend", expected)]);
        assert_eq!(scene.after(&plan).plan().steps, [], "{expected}");
    }
}

#[test]
fn a_refused_value_does_not_make_a_route_stale_that_leads_to_a_task_that_answers() {
    let mut scene = scene(vec![task(2).old(), task(1)], variable(Some("203.0.113.2:8000")));
    scene = ipv6(scene);
    let decision = scene.decide();
    assert_eq!(reasons(&decision.plan), ["value_not_allowed"]);
    assert_eq!(decision.state, State::Good);
}

#[test]
fn a_variable_that_cannot_be_read_is_not_written() {
    let mut route = variable(None);
    route.pointers[0].1 = unknown();
    let decision = scene(vec![task(1)], route).decide();
    assert_eq!((decision.plan.steps, decision.state), (vec![], State::Unknown));
}
