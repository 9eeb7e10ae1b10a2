//! Ready means that it answers: who is asked, who is awaited, and what happens while nobody is
//! ready.

use eden_policy::facts::{HostPort, Readiness, Task, TaskHealth, TaskNetwork};
use eden_policy::{Hold, Observed};

use crate::fixtures::*;
use crate::scene::*;

fn endpoints(tasks: impl IntoIterator<Item = u8>) -> Vec<std::net::SocketAddr> {
    tasks.into_iter().map(endpoint).collect()
}

#[test]
fn nobody_is_asked_while_one_task_runs_and_the_route_leads_there() {
    let alone = |others: Vec<Task>| {
        let tasks = others.into_iter().chain([task(1)]).collect();
        scene(tasks, route_to(1).unasked())
    };
    for (case, others) in [
        ("no other", vec![]),
        ("another is starting", vec![task(2).starting()]),
        ("another is stopping", vec![task(2).stopping(5)]),
    ] {
        let scene = alone(others);
        assert_eq!(scene.asks(), [], "{case}");
        assert_eq!(reasons(&scene.plan()), ["already_routed"], "{case}");
    }
    // Nor when nothing could be made of the answer.
    let unread = route_to(1).pointers(vec![(integration("int1"), unknown())]).unasked();
    assert_eq!(scene(vec![task(1)], unread).asks(), []);
}

#[test]
fn the_only_task_is_asked_when_anything_might_come_of_it() {
    let lonely = |route| scene(vec![task(1)], route);
    let pointers =
        vec![(integration("a"), leading_to_task(1)), (integration("b"), leading_to_task(9))];
    for (case, scene) in [
        ("the route leads elsewhere", lonely(route_to(9).unasked())),
        ("one of its pointers does", lonely(route_to(1).pointers(pointers).unasked())),
        ("there is a page to show instead", lonely(route_to(1).unasked()).maintenance(60)),
        ("a sick one runs too", {
            let sick = task(2).health(TaskHealth::Unhealthy);
            crate::scene::scene(vec![task(1), sick], route_to(1).unasked())
        }),
        ("one without an address runs too", {
            let route = route_to(1).unaddressed(2).unasked();
            crate::scene::scene(vec![task(1), task(2)], route)
        }),
    ] {
        assert_eq!(scene.asks(), [endpoint(1)], "{case}");
    }
}

#[test]
fn one_is_asked_while_the_route_leads_to_the_best() {
    let tasks = || (1..=20).map(task).collect::<Vec<_>>();
    let route = || route_to(13).unasked();
    assert_eq!(scene(tasks(), route()).asks(), [endpoint(13)]);
    // Then, if it does not answer, eight of the others.
    let scene = scene(tasks(), route().silent(&[13]));
    assert_eq!(scene.asks().len(), 8);
    assert!(!scene.asks().contains(&endpoint(13)));
}

#[test]
fn the_others_are_asked_eight_at_once_from_the_best_down_to_the_first_that_is_ready() {
    // Given: twenty tasks, the younger the higher their number, and a target that is gone.
    let tasks: Vec<_> = (1..=20).map(|n| task(n).started(1_000 - u64::from(n))).collect();
    let mut scene = scene(tasks, route_to(30).unasked());
    // When, then
    assert_eq!(scene.asks(), endpoints(1..=8));
    scene.route = scene.route.silent(&[1, 2, 3, 4, 5, 6, 7, 8]);
    assert_eq!(scene.asks(), endpoints(9..=16));
    scene.route = scene.route.silent(&[9, 10, 13]);
    scene.route.readiness.insert(endpoint(12), Readiness::Ready);
    assert_eq!(scene.asks(), [endpoint(11)], "the others are no better than 12, which is ready");
    scene.route.readiness.insert(endpoint(11), Readiness::Ready);
    assert_eq!(scene.asks(), []);
    assert_eq!(written(&scene.plan()), [("int1", &*uri_of(11))]);
}

#[test]
fn a_task_of_the_primary_deployment_is_asked_before_the_old_target() {
    let tasks = || vec![task(1).old(), task(2).started(5), task(3).started(4)];
    let asked = |route| scene(tasks(), route).rolling().asks();
    assert_eq!(asked(route_to(1).unasked()), endpoints([2, 3, 1]));
    let mut one_ready = route_to(1).unasked();
    one_ready.readiness.insert(endpoint(2), Readiness::Ready);
    assert_eq!(asked(one_ready), []);
}

#[test]
fn a_sick_task_is_not_asked() {
    let sick = task(2).health(TaskHealth::Unhealthy);
    assert_eq!(scene(vec![task(1), sick], route_to(9).unasked()).asks(), [endpoint(1)]);
}

#[test]
fn a_target_that_drains_is_asked_last_and_only_while_nobody_else_is_ready() {
    let draining = |route| scene(vec![task(1).stopping(5), task(2)], route);
    assert_eq!(draining(route_to(1).unasked()).asks(), [endpoint(2)]);
    assert_eq!(draining(route_to(1).unasked().silent(&[2])).asks(), [endpoint(1)]);
    assert_eq!(draining(route_to(1).unasked().silent(&[2, 1])).asks(), []);
    let mut other_ready = route_to(1).unasked();
    other_ready.readiness.insert(endpoint(2), Readiness::Ready);
    assert_eq!(draining(other_ready).asks(), []);
    let elsewhere = draining(route_to(9).unasked().silent(&[2]));
    assert_eq!(elsewhere.asks(), [], "the route does not lead to it");
    // Each once, however many pointers lead there.
    let pointers = [3, 1, 3].map(|n| (integration(&format!("to{n}")), leading_to_task(n)));
    let route = route_to(1).pointers(pointers.to_vec()).unasked();
    let several = scene(vec![task(1).stopping(5), task(3).stopping(5)], route);
    assert_eq!(several.asks(), endpoints([1, 3]));
}

#[test]
fn without_probes_nobody_is_asked_and_every_running_task_counts_as_ready() {
    let tasks = || vec![task(1).old(), task(2).started(5)];
    let unprobed = scene(tasks(), route_to(1).silent(&[2])).unprobed();
    assert_eq!(unprobed.asks(), []);
    let plan = unprobed.plan();
    assert_eq!(written(&plan), [("int1", &*uri_of(2))]);
    assert_eq!(unready(&plan), [""; 0]);
    // A sick one does not.
    let sick = scene(vec![task(1).health(TaskHealth::Unhealthy)], route_to(9)).unprobed();
    assert_eq!(unready(&sick.plan()), ["it fails its container health check"]);
}

#[test]
fn a_task_that_is_to_take_over_is_awaited_while_the_old_one_keeps_the_route() {
    for (case, new, unaddressed) in [
        ("it does not answer yet", task(2).started(5), 0),
        ("it has no address yet", task(2).started(5), 2),
    ] {
        let route = route_to(1).silent(&[2]).unaddressed(unaddressed);
        let plan = scene(vec![task(1).old(), new], route).rolling().plan();
        assert_eq!(plan.steps, [], "{case}");
        assert_eq!(reasons(&plan), ["already_routed", "awaiting_ready"], "{case}");
        assert_eq!(awaited(&plan), ["task2"], "{case}");
        assert!(plan.awaits_a_task(), "{case}");
    }
}

#[test]
fn nobody_is_awaited_who_would_not_take_over() {
    for (case, tasks, route) in [
        ("an equal one", vec![task(1), task(2)], route_to(1).silent(&[2])),
        ("an older one", vec![task(1), task(2).old()], route_to(1).silent(&[2])),
        ("an equal one without address", vec![task(1), task(2)], route_to(1).unaddressed(2)),
        (
            "an older one without address",
            vec![task(1).old(), task(2).old()],
            route_to(1).unaddressed(2),
        ),
        ("one that starts, of which ECS will tell", vec![task(1).old(), task(2).starting()], {
            route_to(1)
        }),
        ("a sick one", vec![task(1).old(), task(2).health(TaskHealth::Unhealthy)], route_to(1)),
        ("the only one", vec![task(1)], route_to(1).silent(&[1])),
    ] {
        let plan = scene(tasks, route).plan();
        assert_eq!(written(&plan), [], "{case}");
        assert!(!plan.awaits_a_task(), "{case}: {:?}", plan.holds);
    }
}

#[test]
fn a_task_that_drains_and_still_answers_is_kept_until_another_is_ready() {
    let draining = |route| scene(vec![task(1).stopping(5), task(2).started(5)], route);
    // While the other does not answer: kept, and the other awaited.
    let plan = draining(route_to(1).silent(&[2])).plan();
    assert_eq!(plan.steps, []);
    assert_eq!(reasons(&plan), ["no_better_task", "awaiting_ready"]);
    assert_eq!(awaited(&plan), ["task2"]);
    // Or while there is none, or none with an address.
    let lonely = scene(vec![task(1).stopping(5)], route_to(1)).plan();
    assert_eq!((lonely.steps.len(), reasons(&lonely)), (0, vec!["no_better_task"]));
    let plan = draining(route_to(1).unaddressed(2)).plan();
    assert_eq!((plan.steps.len(), awaited(&plan)), (0, vec!["task2"]));
    // Once the other does: moved.
    assert_eq!(written(&draining(route_to(1)).plan()), [("int1", &*uri_of(2))]);
}

#[test]
fn a_task_that_does_not_answer_is_better_than_a_dead_address_and_the_step_says_so() {
    for (case, tasks, route) in [
        ("gone", vec![task(2)], route_to(9).silent(&[2])),
        ("drains", vec![task(1).stopping(60), task(2)], route_to(1).silent(&[1, 2])),
    ] {
        let scene = scene(tasks, route);
        let plan = scene.plan();
        assert_eq!(written(&plan), [("int1", &*uri_of(2))], "{case}");
        assert_eq!(unready(&plan), [SILENCE], "{case}");
        let told = "(task task2, which does not answer yet: connection refused; better than a dead \
                    address)";
        assert!(plan.steps[0].to_string().ends_with(told), "{}", plan.steps[0]);
        // And there it stays.
        let next = scene.after(&plan).plan();
        assert_eq!((next.steps.len(), reasons(&next)), (0, vec!["no_better_task"]), "{case}");
    }
}

#[test]
fn the_least_bad_task_is_taken_when_none_answers() {
    let sick = TaskHealth::Unhealthy;
    for (case, tasks, best) in [
        ("PRIMARY", vec![task(1).old(), task(2).started(5)], 2),
        ("not UNHEALTHY", vec![task(1).health(sick), task(2).old()], 2),
        ("UNHEALTHY when there is no other", vec![task(1).health(sick)], 1),
        ("the longest-running", vec![task(1).started(5), task(2)], 2),
    ] {
        let plan = scene(tasks, route_to(9).silent(&[1, 2])).plan();
        assert_eq!(written(&plan), [("int1", &*uri_of(best))], "{case}");
        assert_eq!(unready(&plan).len(), 1, "{case}");
    }
}

#[test]
fn a_target_that_runs_but_does_not_answer_is_kept_while_no_other_does() {
    let sick = TaskHealth::Unhealthy;
    for (case, tasks) in [
        ("equal", vec![task(1), task(2)]),
        ("PRIMARY", vec![task(1).old(), task(2)]),
        ("healthier", vec![task(1).health(sick), task(2).old()]),
    ] {
        let plan = scene(tasks, route_to(1).silent(&[1, 2])).plan();
        assert_eq!(plan.steps, [], "{case}");
        assert_eq!(reasons(&plan), ["no_better_task", "awaiting_ready"], "{case}");
        assert_eq!(awaited(&plan), ["task2"], "{case}");
    }
}

#[test]
fn who_was_not_asked_in_time_is_no_more_than_a_last_resort() {
    // Given: the invocation ended its asking early; only the old target was heard of.
    let mut route = route_to(1).unasked();
    route.readiness.insert(endpoint(1), Readiness::Ready);
    let kept = scene(vec![task(1).old(), task(2)], route).plan();
    assert_eq!(kept.steps, []);
    let gone = scene(vec![task(2)], route_to(9).unasked()).plan();
    assert_eq!(written(&gone), [("int1", &*uri_of(2))]);
    assert_eq!(unready(&gone), ["it was not asked in time"]);
}

#[test]
fn a_task_that_cannot_be_reached_from_here_is_no_target_but_for_want_of_another() {
    let unreachable = |mut route: eden_policy::facts::Route, n| {
        route.readiness.insert(endpoint(n), Readiness::Unreachable("timed out".to_owned()));
        route
    };
    let kept = scene(vec![task(1).old(), task(2)], unreachable(route_to(1), 2)).plan();
    assert_eq!((kept.steps.len(), awaited(&kept)), (0, vec!["task2"]));
    let left = scene(vec![task(1), task(2)], unreachable(route_to(1), 1)).plan();
    assert_eq!(written(&left), [("int1", &*uri_of(2))]);
    let last = scene(vec![task(2)], unreachable(route_to(9), 2)).plan();
    assert_eq!((written(&last).len(), unready(&last)), (1, vec!["timed out"]));
}

#[test]
fn what_is_missing_of_an_address_is_said_and_awaited() {
    let host = |port| TaskNetwork::Host { container_instance: "arn:instance".to_owned(), port };
    let bound = |ipv4, ipv6| host(HostPort::Bound { ipv4, ipv6 });
    for (network, told) in [
        (TaskNetwork::Interface("eni-1".to_owned()), "its network interface eni-1 has no public"),
        (bound(Some(32_768), None), "its container instance arn:instance has no public address"),
        (bound(None, None), "its container instance arn:instance binds no port to BACKEND_PORT"),
        (
            bound(None, Some(32_768)),
            "its container instance arn:instance binds a port to BACKEND_PORT for IPv6",
        ),
        (host(HostPort::Unbound), "its container instance arn:instance has no public address, or"),
        (TaskNetwork::Unattached, "ECS shows no network interface of it"),
    ] {
        // Given: a dead address, or none.
        let task = Task { network, ..task(1) };
        let plan = scene(vec![task], route_to(1).unaddressed(1)).plan();
        assert_eq!(plan.steps, []);
        let [hold @ Hold::NoAddress { .. }] = &plan.holds[..] else { panic!("{:?}", plan.holds) };
        assert!(hold.to_string().starts_with(&format!("task task1 runs, but {told}")), "{hold}");
        assert!(plan.awaits_a_task());
    }
}

#[test]
fn without_any_task_nothing_is_moved_and_nobody_awaited() {
    for tasks in [vec![], vec![task(1).starting()], vec![task(2).stopping(5)]] {
        let plan = scene(tasks, route_to(9)).unparked().plan();
        assert_eq!(plan.steps, []);
        assert_eq!(plan.holds, [Hold::NoRunningTask]);
        assert!(!plan.awaits_a_task());
    }
}

#[test]
fn nobody_can_be_asked_while_the_addresses_are_not_known() {
    let mut scene = scene(vec![task(1), task(2)], route_to(1));
    scene.route.endpoints = Observed::Unknown("UnauthorizedOperation".to_owned());
    assert_eq!(scene.asks(), []);
}
