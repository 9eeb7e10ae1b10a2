//! What is the matter with the route, and what the diagnosis of the service makes of it.

use eden_policy::facts::{Integration, Observed, Route, Task, TaskHealth};
use eden_policy::health::{self, Rules};
use eden_policy::mode::Mode;
use eden_policy::route::State;
use eden_policy::{Diagnosis, Facts, Hold, Limits, Step};

use crate::fixtures::*;
use crate::scene::*;
use crate::verdict::*;

/// The service while the alarm rings and the API fails.
fn ringing(tasks: Vec<Task>, route: Route) -> Facts {
    failing(u8::try_from(tasks.len()).unwrap()).tasks(tasks).route(route)
}

/// The route leads nowhere, and the one task that it could be led to has an address that the stage
/// variable cannot hold.
pub fn unwritable(facts: Facts) -> Facts {
    let variable = Integration::http(Some("198.51.100.7".to_owned()));
    let pointer = (stage_variable("prod", "backend"), Observed::Known(variable));
    let mut route = route_to(1).pointers(vec![pointer]);
    route.port = 9_000;
    facts.route(route)
}

fn unread() -> Route {
    route_to(1).pointers(vec![(integration("int1"), unknown())])
}

#[test]
fn a_route_is_good_when_it_leads_to_the_service_as_far_as_there_is_one() {
    let sick = TaskHealth::Unhealthy;
    for (case, tasks, route) in [
        ("kept", vec![task(1)], route_to(1)),
        ("moved to the PRIMARY deployment", vec![task(1).old(), task(2)], route_to(1)),
        (
            "moved there, and deployed",
            vec![task(1).old(), task(2)],
            route_to(1).stage(manual_stage(Some("Eden: route of int1 to 203.0.113.1:8000"), 600)),
        ),
        ("a task is awaited", vec![task(1).old(), task(2)], route_to(1).silent(&[2])),
        ("no better task", vec![task(1), task(2)], route_to(1).silent(&[1, 2])),
        ("none but a sick one", vec![task(1).health(sick)], route_to(1)),
        ("drains and answers, no other", vec![task(1).stopping(5)], route_to(1)),
        ("no task", vec![], route_to(1)),
        ("no address", vec![task(1)], route_to(1).unaddressed(1)),
    ] {
        assert_eq!(scene(tasks, route).decide().state, State::Good, "{case}");
    }
    let outage = scene(vec![], route_to(1)).maintenance(60);
    assert_eq!(outage.decide().state, State::Good, "noted");
    assert_eq!(outage.unserved(60).decide().state, State::Good, "the page is shown");
}

#[test]
fn a_route_is_stale_when_a_task_could_be_led_to_and_is_not() {
    let owed = manual_stage(Some("Eden: route of int1 to 203.0.113.9:8000"), 60);
    let pointers =
        vec![(integration("int1"), leading_to_task(1)), (integration("int2"), leading_to_task(9))];
    for (case, tasks, route) in [
        ("gone", vec![task(1)], route_to(9)),
        ("one of two gone", vec![task(1)], route_to(1).pointers(pointers)),
        ("one gone, another unread", vec![task(1)], {
            let mut route = route_to(9);
            route.pointers.push((integration("int2"), unknown()));
            route
        }),
        ("stopping", vec![task(1).stopping(5), task(2)], route_to(1)),
        ("does not answer", vec![task(1), task(2)], route_to(1).silent(&[1])),
        ("none answers", vec![task(2)], route_to(9).silent(&[2])),
        ("a host's name", vec![task(1)], {
            route_to(1).pointers(vec![(integration("int1"), leading_to("http://example.com/"))])
        }),
        ("a deployment is owed", vec![task(1)], route_to(1).stage(owed)),
    ] {
        assert_eq!(scene(tasks, route).decide().state, State::Stale, "{case}");
    }
}

#[test]
fn a_route_is_unknown_when_anything_of_it_could_not_be_read() {
    let mut no_endpoints = route_to(1);
    no_endpoints.endpoints = unknown();
    let mut no_stages = route_to(1);
    no_stages.stages = unknown();
    for (case, route) in
        [("addresses", no_endpoints), ("integration", unread()), ("stages", no_stages)]
    {
        assert_eq!(scene(vec![task(1)], route).decide().state, State::Unknown, "{case}");
    }
}

#[test]
fn a_stale_route_is_repaired_before_anything_is_redeployed() {
    for (case, tasks, route) in [
        ("gone", vec![task(1)], route_to(9)),
        ("owed", vec![task(1)], {
            route_to(1).stage(manual_stage(Some("Eden: route of int1 to 203.0.113.9:8000"), 1_000))
        }),
    ] {
        let finding = decide(&ringing(tasks, route));
        assert_eq!(finding.diagnosis, Diagnosis::RouteStale, "{case}");
        assert!(!finding.redeploys(), "{case}");
        assert!(!finding.plan.steps.is_empty(), "{case}");
        assert!(finding.holds(&Hold::RouteRepairedFirst), "{case}");
    }
}

#[test]
fn a_route_that_cannot_be_written_is_stale_and_no_reason_to_redeploy() {
    let finding = decide(&unwritable(failing(1)));
    assert_eq!(finding.diagnosis, Diagnosis::RouteStale);
    assert_eq!(finding.plan.steps, []);
}

#[test]
fn a_move_to_the_primary_deployment_is_no_stale_route() {
    let facts = ringing(vec![task(1).old(), task(2)], route_to(1))
        .service(|service| service.deployments = rollout());
    let finding = decide(&facts);
    assert_eq!(named(&finding.diagnosis), "rolling");
    assert!(matches!(&finding.plan.steps[..], [Step::PointIntegration { .. }]), "{finding:?}");
}

#[test]
fn a_good_route_lets_a_sick_service_be_redeployed_and_an_unknown_one_does_not() {
    assert!(decide(&ringing(vec![task(1)], route_to(1).silent(&[1]))).redeploys());
    let finding = decide(&ringing(vec![task(1)], unread().silent(&[1])));
    assert_eq!(finding.diagnosis, Diagnosis::ServiceSick);
    assert_eq!(finding.plan.steps, []);
    assert!(finding.holds(&Hold::RouteUnknown));
}

#[test]
fn too_few_tasks_are_no_fault_of_the_route_and_redeployed_even_if_it_is_unknown() {
    // Given: neither the alarm nor the route could be read.
    let mut facts = healthy(1)
        .service(|service| (service.desired, service.running) = (5, 0))
        .tasks(vec![])
        .route(unread())
        .failing_since(60);
    facts.alarm = unknown();
    // When, then
    let finding = decide(&facts);
    assert_eq!(finding.diagnosis, Diagnosis::TooFewTasks { running: 0, desired: 5 });
    assert!(finding.redeploys());
}

#[test]
fn the_route_is_repaired_beside_the_floor_and_the_page_is_shown_at_zero() {
    // Given: scaled to zero by mistake a while ago, with a page to show.
    let page = scene(vec![], route_to(1)).maintenance(60);
    let mut facts = healthy(0);
    facts = facts.service(|service| service.unserved_since = Some(ago(60)));
    // When
    let rules = Rules { limits: &Limits::default(), routing: &page.routing, mode: Mode::On };
    let finding = health::decide(&facts, rules, now());
    // Then
    assert_eq!(finding.diagnosis, Diagnosis::BelowFloor { desired: 0, floor: 1 });
    assert!(matches!(
        &finding.plan.steps[..],
        [Step::ShowMaintenance { .. }, Step::RestoreDesiredCount { .. }]
    ));
}
