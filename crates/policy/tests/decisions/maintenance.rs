//! The maintenance page: when it is shown, what is noted for that, and the way back.

use eden_policy::facts::{ApiAnswer, Observed, Readiness, TaskHealth};
use eden_policy::route::State;
use eden_policy::{Hold, Step};

use crate::fixtures::*;
use crate::scene::*;

/// One task that runs and does not answer, the route leading to it; the page after a minute.
fn outage() -> Scene {
    scene(vec![task(1)], route_to(1).silent(&[1])).maintenance(60)
}

fn page_before(uri: &str) -> String {
    let escaped = uri.replace(':', "%3A").replace('/', "%2F");
    format!("{PAGE}?eden-before={}", escaped.replace('{', "%7B").replace('}', "%7D"))
}

/// The same, with the page shown for task 1's address.
fn shown() -> Scene {
    let route =
        route_to(1).pointers(vec![(integration("int1"), leading_to(&page_before(&uri_of(1))))]);
    scene(vec![task(2)], route.silent(&[2])).maintenance(60).unserved(600)
}

fn marks(scene: &Scene) -> bool {
    scene.plan().steps.iter().any(|step| matches!(step, Step::MarkUnserved { .. }))
}

fn clears(scene: &Scene) -> bool {
    scene.plan().steps.iter().any(|step| matches!(step, Step::ClearUnserved { .. }))
}

fn shows(scene: &Scene) -> bool {
    scene.plan().steps.iter().any(|step| matches!(step, Step::ShowMaintenance { .. }))
}

#[test]
fn the_first_look_at_an_outage_notes_its_time_and_nothing_more() {
    let plan = outage().plan();
    let mark = Step::MarkUnserved { service: SERVICE_ARN.to_owned(), since: now(), parked: false };
    assert_eq!(plan.steps, [mark]);
    assert_eq!(reasons(&plan), ["maintenance_not_yet", "no_better_task"]);
    let next = outage().after(&plan).later(30);
    assert_eq!(next.plan().steps, [], "noted once");
    let until = outage().later(60).now;
    assert!(next.plan().holds.contains(&Hold::MaintenanceNotYet { until }));
}

#[test]
fn the_page_is_shown_once_nobody_has_served_for_so_long() {
    assert!(!shows(&outage().unserved(59)));
    let plan = outage().unserved(60).plan();
    let step = Step::ShowMaintenance {
        api: "a1b2c3d4e5".to_owned(),
        integration: "int1".to_owned(),
        from: Some(uri_of(1)),
        to: page_before(&uri_of(1)),
    };
    assert_eq!(plan.steps, [step]);
}

#[test]
fn an_outage_of_any_kind_is_noted_and_leads_to_the_page() {
    let sick = task(1).health(TaskHealth::Unhealthy);
    for (case, tasks, route) in [
        ("no task", vec![], route_to(1)),
        ("one that starts", vec![task(1).starting()], route_to(9)),
        ("one that is sick", vec![sick], route_to(1)),
        ("one without an address", vec![task(1)], route_to(1).unaddressed(1)),
        ("one that drains and is silent", vec![task(1).stopping(5)], route_to(1).silent(&[1])),
        ("some that are silent", vec![task(1), task(2)], route_to(1).silent(&[1, 2])),
    ] {
        let scene = scene(tasks, route).maintenance(60).unparked();
        assert!(marks(&scene), "{case}");
        assert!(!shows(&scene), "{case}");
        assert!(shows(&scene.unserved(61)), "{case}");
    }
}

#[test]
fn there_is_neither_note_nor_page_while_somebody_serves_or_might() {
    let mut unreachable = route_to(1);
    unreachable.readiness.insert(endpoint(1), Readiness::Unreachable("timed out".to_owned()));
    let draining = || vec![task(1).stopping(5), task(2)];
    for (case, tasks, route) in [
        ("ready", vec![task(1)], route_to(1)),
        ("ready elsewhere", vec![task(1)], route_to(9)),
        ("drains and answers", draining(), route_to(1).silent(&[2])),
        ("not asked in time", vec![task(1)], route_to(1).unasked()),
        ("one of two not asked", vec![task(1), task(2)], route_to(1).unasked().silent(&[1])),
        ("drains, not asked", draining(), route_to(1).unasked().silent(&[2])),
        ("not to be reached from here", vec![task(1)], unreachable),
    ] {
        let scene = scene(tasks, route).maintenance(60);
        assert!(!marks(&scene), "{case}");
        assert!(!shows(&scene.unserved(3_600)), "{case}");
    }
}

#[test]
fn a_task_that_cannot_be_reached_is_told_as_the_reason_for_no_page() {
    let mut scene = outage().unserved(600);
    scene.route.readiness.insert(endpoint(1), Readiness::Unreachable("timed out".to_owned()));
    let because = "timed out".to_owned();
    let hold = Hold::ReadinessUnknown { task: "task1".to_owned(), because };
    assert!(scene.plan().holds.contains(&hold));
}

#[test]
fn there_is_neither_note_nor_page_while_the_service_is_rolling() {
    for scene in [outage().rolling(), outage().unserved(600).rolling()] {
        let plan = scene.plan();
        assert_eq!(plan.steps, []);
        let hold = Hold::RollingNotMaintained { deployment: PRIMARY.to_owned() };
        assert!(plan.holds.contains(&hold), "{:?}", plan.holds);
    }
}

#[test]
fn there_is_neither_note_nor_page_without_the_service_or_without_a_page() {
    let mut no_service = outage();
    no_service.service = None;
    assert_eq!(no_service.plan().steps, []);
    let mut no_page = outage().unserved(600);
    no_page.routing.maintenance = None;
    assert_eq!(no_page.plan().steps, []);
}

#[test]
fn a_dead_address_is_replaced_by_an_unready_task_until_the_page_is_due() {
    let scene = scene(vec![task(2)], route_to(1).silent(&[2])).maintenance(60);
    let plan = scene.plan();
    assert!(matches!(
        &plan.steps[..],
        [Step::MarkUnserved { .. }, Step::PointIntegration { unready: Some(_), .. }]
    ));
    let next = scene.after(&plan);
    assert_eq!(next.plan().steps, []);
    let due = next.later(60).plan();
    assert_eq!(written(&due), [("int1", &*page_before(&uri_of(2)))]);
}

#[test]
fn the_page_stays_while_nobody_is_ready_and_whoever_might_be_soon_is_awaited() {
    let plan = shown().plan();
    assert_eq!(plan.steps, []);
    assert_eq!(reasons(&plan), ["in_maintenance", "awaiting_ready"]);
    assert_eq!(awaited(&plan), ["task2"]);
    // Also when it is not due any more, or not to be shown any more.
    let mut no_page = shown();
    no_page.routing.maintenance = None;
    let mut no_service = shown();
    no_service.service = None;
    for scene in [shown().rolling(), shown().unserved(1), no_page, no_service] {
        let plan = scene.plan();
        assert_eq!(written(&plan), [], "{scene:?}");
        assert_eq!(awaited(&plan), ["task2"]);
    }
    // And a task that has just started, without an address yet.
    let mut unaddressed = shown();
    unaddressed.route = unaddressed.route.unaddressed(2);
    assert_eq!(
        (written(&unaddressed.plan()), awaited(&unaddressed.plan())),
        (vec![], vec!["task2"])
    );
}

#[test]
fn a_task_that_might_be_ready_soon_is_awaited_in_the_moment_the_page_is_shown() {
    let plan = outage().unserved(60).plan();
    assert_eq!((written(&plan).len(), awaited(&plan)), (1, vec!["task1"]));
}

#[test]
fn as_soon_as_a_task_is_ready_the_route_is_back_and_the_note_gone() {
    let mut no_page = shown();
    no_page.routing.maintenance = None;
    for scene in [shown(), shown().rolling(), no_page] {
        let ready = Scene { route: scene.route.clone(), ..scene };
        let mut ready = ready;
        ready.route.readiness.insert(endpoint(2), Readiness::Ready);
        let plan = ready.plan();
        assert_eq!(written(&plan), [("int1", &*uri_of(2))]);
        assert!(plan.steps[0].to_string().contains(" back from the maintenance page "));
        assert!(clears(&ready));
        assert_eq!(ready.clone().after(&plan).plan().steps, []);
    }
}

#[test]
fn the_note_is_taken_away_when_the_outage_ends_before_the_page() {
    let over = scene(vec![task(1)], route_to(1)).maintenance(60).unserved(30);
    let clear =
        Step::ClearUnserved { service: SERVICE_ARN.to_owned(), since: ago(30), told: false };
    assert_eq!(over.plan().steps, [clear]);
    let steady = scene(vec![task(1)], route_to(1)).maintenance(60);
    assert_eq!(steady.plan().steps, [], "nothing to take away");
    let draining = scene(vec![task(1).stopping(5)], route_to(1)).maintenance(60);
    assert!(clears(&draining.unserved(30)), "a task that drains and answers serves");
}

#[test]
fn the_note_is_kept_while_nobody_is_ready() {
    for scene in [outage().unserved(30), outage().unserved(600), outage().unserved(30).rolling()] {
        assert!(!clears(&scene));
    }
}

#[test]
fn all_integrations_go_to_the_page_each_with_its_own_way_back() {
    // Given: one that leads to the task, one to nobody, one that is shown already, one that cannot
    // be read.
    let root = "http://203.0.113.9:8000/?v=1";
    let before = page_before("http://203.0.113.1:8000/x");
    let scene = scene(
        vec![task(1)],
        route_to(1).silent(&[1]).pointers(vec![
            (integration("proxy"), leading_to_task(1)),
            (integration("root"), leading_to(root)),
            (integration("shown"), leading_to(&before)),
            (integration("unread"), unknown()),
        ]),
    );
    let scene = scene.maintenance(60).unserved(60);
    // When
    let plan = scene.plan();
    // Then
    let written_pointers: Vec<_> = written(&plan).into_iter().map(|(pointer, _)| pointer).collect();
    assert_eq!(written_pointers, ["proxy", "root"]);
    // And back, all to the one that is ready.
    let mut back = scene.after(&plan);
    assert_eq!(back.plan().steps, []);
    back.route = back.route.clone();
    back.route.readiness.insert(endpoint(1), Readiness::Ready);
    assert_eq!(
        written(&back.plan()),
        [
            ("proxy", "http://203.0.113.1:8000/{proxy}"),
            ("root", "http://203.0.113.1:8000/?v=1"),
            ("shown", "http://203.0.113.1:8000/x"),
        ]
    );
}

#[test]
fn a_manual_stage_is_deployed_with_the_page_and_again_with_the_way_back() {
    let mut scene = outage().unserved(60);
    scene.route =
        scene.route.stage(manual_stage(Some("Eden: route of int1 to 203.0.113.1:8000"), 3_000));
    let plan = scene.plan();
    assert_eq!(deployed(&plan), [("prod", "Eden: route of int1 to the maintenance page")]);
    let mut scene = scene.after(&plan);
    assert_eq!(scene.plan().steps, [], "deployed once");
    scene.route.readiness.insert(endpoint(1), Readiness::Ready);
    let plan = scene.plan();
    assert_eq!(deployed(&plan), [("prod", "Eden: route of int1 to 203.0.113.1:8000")]);
    assert_eq!(scene.after(&plan).plan().steps, []);
}

#[test]
fn a_deployment_of_the_page_that_an_earlier_run_owed_is_made_up_for() {
    for (description, seconds_ago, owed) in [
        (Some("Eden: route of int1 to 203.0.113.1:8000"), 60, true),
        (Some("Eden: route of int1 to the maintenance page"), 60, false),
        // By hand, before the outage and since.
        (None, 700, true),
        (Some("by hand"), 60, false),
    ] {
        let mut scene = shown();
        scene.route = scene.route.stage(manual_stage(description, seconds_ago));
        let decision = scene.decide();
        assert_eq!(!deployed(&decision.plan).is_empty(), owed, "{description:?}, {seconds_ago} s");
        assert_eq!(decision.state == State::Stale, owed, "{description:?}");
    }
}

#[test]
fn a_stage_variable_is_never_led_to_the_page() {
    let mut scene = outage().unserved(600);
    let pointer = stage_variable("prod", "backend");
    scene.route = scene.route.pointers(vec![(pointer, leading_to("203.0.113.1:8000"))]);
    assert!(!shows(&scene));
}

#[test]
fn no_page_is_shown_on_addresses_or_stages_that_are_not_known() {
    let mut blind = outage().unserved(600);
    blind.route.endpoints = unknown();
    assert_eq!(blind.plan().steps, []);
    // The integrations do go there; the deployment waits for the stages.
    let mut no_stages = outage().unserved(600);
    no_stages.route.stages = Observed::Unknown("throttled".to_owned());
    let plan = no_stages.plan();
    assert_eq!((written(&plan).len(), deployed(&plan)), (1, vec![]));
    assert_eq!(no_stages.decide().state, State::Unknown);
}

/// Sources: https://github.com/ietf-tools/bibxml-service/issues/122 (the application takes another
/// Host), https://github.com/ejc3/fcvm/issues/958 (it speaks TLS): what probes say of it is no outage.
#[test]
fn while_the_api_answers_well_there_is_no_page_whatever_probes_say() {
    let serves = |seconds_ago: Option<u64>| {
        let outage = Scene { api: Some(GOOD), ..outage() };
        seconds_ago.map_or(outage.clone(), |seconds| outage.unserved(seconds))
    };
    let plan = serves(None).plan();
    assert_eq!(plan.steps, []);
    assert!(reasons(&plan).contains(&"api_answers_well"), "{:?}", plan.holds);
    // What was noted before that was known is taken back: an outage to come begins anew.
    for noted in [serves(Some(30)), serves(Some(3_600))] {
        assert!(!shows(&noted) && clears(&noted));
        assert_eq!(noted.clone().after(&noted.plan()).plan().steps, []);
    }
}

#[test]
fn before_it_is_noted_or_shown_the_api_is_asked_and_not_in_between() {
    for api in [None, Some(ApiAnswer::NotAsked)] {
        for (scene, asks) in
            [(outage(), true), (outage().unserved(30), false), (outage().unserved(60), true)]
        {
            let scene = Scene { api: api.clone(), ..scene };
            let plan = scene.plan();
            assert_eq!(plan.holds.contains(&Hold::ApiToBeAsked), asks);
            assert_eq!(plan.steps, [], "nothing is written on what is not known");
        }
    }
}

/// At an address that is no task's a stranger may answer: that is no reason to leave users with them.
#[test]
fn what_somebody_else_answers_does_not_keep_the_page_away() {
    let good = |uri: &str| {
        let route = route_to(1).pointers(vec![(integration("int1"), leading_to(uri))]);
        let scene = scene(vec![task(1)], route.silent(&[1])).maintenance(60);
        Scene { api: Some(GOOD), ..scene.unserved(600) }
    };
    assert!(shows(&good("http://198.51.100.7:8000/{proxy}")));
    assert!(!shows(&good("http://backend.example.com/{proxy}")), "a host that people named");
}
