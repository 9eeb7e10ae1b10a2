//! A route that somebody else writes too: two controllers of one record undo each other's work for ever,
//! as in <https://github.com/kubernetes-sigs/external-dns/issues/5846> and
//! <https://github.com/kubernetes-sigs/external-dns/issues/3336>.

use eden_policy::facts::Observed;
use eden_policy::health::{self, Rules};
use eden_policy::route::State;
use eden_policy::{Diagnosis, Limits, Mode, Routing, Step};

use crate::fixtures::*;
use crate::scene::*;

/// The route leads to another's address, and task 1 runs and answers; with what is noted of earlier
/// times.
fn overwritten(seconds_ago: &[u64]) -> Scene {
    let scene = scene(vec![task(1)], at_anothers(route_to(9)));
    scene.service(|it| it.overwritten_at = seconds_ago.iter().map(|at| ago(*at)).collect())
}

fn noted(scene: &Scene) -> Option<usize> {
    scene.plan().steps.iter().find_map(|step| match step {
        Step::MarkOverwritten { at, .. } => Some(at.len()),
        _ => None,
    })
}

#[test]
fn who_writes_over_the_route_once_is_written_over_and_that_is_noted() {
    for notes in [&[][..], &[3_600], &[80_000]] {
        let scene = overwritten(notes);
        let plan = scene.plan();
        assert_eq!(written(&plan).len(), 1, "{notes:?}");
        let [Step::PointIntegration { .. }, Step::MarkOverwritten { at, .. }] = &plan.steps[..]
        else {
            panic!("{:?}", plan.steps)
        };
        assert_eq!((at.len(), at.last()), (notes.len() + 1, Some(&now())));
        assert_eq!(scene.after(&plan).plan().steps, []);
    }
}

#[test]
fn who_does_it_again_within_an_hour_is_left_the_route_and_that_is_noted_once() {
    for seconds_ago in [120, 300, 3_599] {
        let scene = overwritten(&[seconds_ago]);
        let decision = scene.decide();
        assert_eq!(reasons(&decision.plan), ["route_contested"]);
        assert_eq!((written(&decision.plan), noted(&scene)), (vec![], Some(2)));
        assert_eq!(decision.state, State::Contested);
        let text = decision.plan.holds[0].to_string();
        for part in [
            "integration int1 leads to 203.0.113.9",
            "the network interface eni-9",
            "another Eden or a script",
        ] {
            assert!(text.contains(part), "{text}");
        }
        let after = scene.after(&decision.plan).later(300);
        assert_eq!((after.plan().steps, after.decide().state), (vec![], State::Contested));
    }
}

/// A look may be answered with the past, and a write that failed is tried again.
#[test]
fn what_was_noted_just_now_is_the_same_time() {
    let scene = overwritten(&[119]);
    assert_eq!((written(&scene.plan()).len(), noted(&scene)), (1, None));
}

#[test]
fn it_is_tried_once_more_after_six_hours_and_left_again_if_that_is_undone() {
    let left = overwritten(&[21_600 + 600, 21_600]);
    assert_eq!((written(&left.plan()).len(), noted(&left)), (1, Some(3)));
    let not_yet = overwritten(&[21_599 + 600, 21_599]);
    assert_eq!(reasons(&not_yet.plan()), ["route_contested"]);
    let undone = overwritten(&[22_500, 21_900, 300]);
    assert_eq!((written(&undone.plan()), noted(&undone)), (vec![], Some(4)));
}

#[test]
fn an_address_that_nobody_has_any_more_is_written_over_at_once() {
    let mut scene = overwritten(&[900, 300]);
    scene.route.owners = Observed::Known(Some([].into()));
    assert_eq!((written(&scene.plan()).len(), noted(&scene)), (1, None));
}

#[test]
fn whose_the_address_is_is_asked_only_where_it_may_matter() {
    let unasked = |notes: &[u64], owners| {
        let mut scene = overwritten(notes);
        scene.route.owners = owners;
        let plan = scene.plan();
        (written(&plan).len(), reasons(&plan).into_iter().map(str::to_owned).collect::<Vec<_>>())
    };
    // An event of a task costs no call for it as long as nobody has written over the route.
    assert_eq!(unasked(&[], Observed::Known(None)), (1, vec![]));
    assert_eq!(unasked(&[], unknown()), (1, vec![]));
    assert_eq!(unasked(&[300], Observed::Known(None)), (0, vec!["owners_to_be_asked".to_owned()]));
    assert_eq!(unasked(&[300], unknown()), (0, vec!["fact_unknown".to_owned()]));
}

/// Found by reading: on EC2 the address may be that of an instance whose tasks ECS has forgotten, so that
/// nobody answers there, and a healthy service would have been unreachable for six hours.
#[test]
fn where_the_api_fails_the_route_is_led_back_however_often_it_was_written_over() {
    let mut scene = overwritten(&[900, 300]);
    scene.api = Some(bad());
    assert_eq!(written(&scene.plan()).len(), 1);
    for api in [GOOD, unclear()] {
        scene.api = Some(api);
        assert_eq!(reasons(&scene.plan()), ["route_contested"]);
    }
}

/// A stage of a REST API shows what was deployed last. Both would go on deploying it in turn.
#[test]
fn a_stage_is_not_deployed_in_turn_either() {
    let note = "Eden: route of int1,int2 to 203.0.113.9:8000";
    let mut scene = overwritten(&[900, 300]);
    scene.route.pointers.push((integration("int2"), leading_to_task(1)));
    scene.route = scene.route.stage(manual_stage(Some(note), 300));
    assert_eq!(scene.plan().steps, []);
    assert_eq!(reasons(&scene.plan()), ["route_contested", "already_routed"]);
}

#[test]
fn people_are_told_at_once_and_nothing_is_blamed_on_the_service() {
    let facts = failing(1).api(unclear()).route(at_anothers(route_to(9)));
    let facts = facts.service(|it| it.overwritten_at = vec![ago(900), ago(300)]);
    let (limits, routing) = (Limits::default(), Routing::default());
    let rules = Rules { limits: &limits, routing: &routing, mode: Mode::On };
    let finding = health::decide(&facts, rules, now());
    assert_eq!(finding.diagnosis, Diagnosis::RouteStale);
    assert_eq!(finding.plan.steps, []);
    let condition = finding.condition.unwrap();
    assert_eq!((condition.name.as_str(), condition.lasts), ("route_contested", true));
}
