//! Which task the gateway leads to, and what is written for that.

use eden_policy::facts::{
    HostPort, Integration, IntegrationKind, Observed, Pointer, Readiness, Route, Task, TaskHealth,
    TaskNetwork,
};
use eden_policy::plan::Fact;
use eden_policy::route::State;
use eden_policy::{Hold, Step};

use crate::fixtures::*;
use crate::scene::*;

fn vpc_link() -> (Pointer, Observed<Integration>) {
    let kind = IntegrationKind::Other("HTTP_PROXY over VPC_LINK".to_owned());
    let uri = "arn:aws:servicediscovery:us-east-1:1:service/srv".to_owned();
    (integration("vpc"), Observed::Known(Integration { kind, ..Integration::http(Some(uri)) }))
}

/// The route is moved to this task, in one step.
fn assert_moved(scene: &Scene, to: u8) {
    let plan = scene.plan();
    assert_eq!(written(&plan), [("int1", &*uri_of(to))], "{:?}", scene.tasks);
    assert_eq!(unready(&plan), [""; 0]);
}

#[test]
fn nothing_is_written_while_the_target_is_ready() {
    let plan = scene(vec![task(1), task(2)], route_to(2)).plan();
    assert_eq!(plan.steps, []);
    let kept = Hold::AlreadyRouted {
        pointer: "integration int1".to_owned(),
        endpoint: endpoint(2),
        task: "task2".to_owned(),
    };
    assert_eq!(plan.holds, [kept]);
    assert_eq!(plan.rejected, []);
}

#[test]
fn the_step_says_where_from_and_where_to() {
    let expected = Step::PointIntegration {
        api: "a1b2c3d4e5".to_owned(),
        integration: "int1".to_owned(),
        from: Some(uri_of(1)),
        to: uri_of(2),
        task: "task2".to_owned(),
        unready: None,
    };
    assert_eq!(scene(vec![task(2)], route_to(1)).plan().steps, [expected]);
}

#[test]
fn the_best_task_is_of_the_primary_deployment_then_healthy_then_the_longest_running() {
    let (healthy, unhealthy) = (TaskHealth::Healthy, TaskHealth::Unhealthy);
    for (case, tasks, silent, best) in [
        ("PRIMARY", vec![task(2).old().started(9_000).health(healthy), task(3).started(5)], 0, 3),
        ("HEALTHY", vec![task(2).started(900), task(3).started(60).health(healthy)], 0, 3),
        ("age", vec![task(2).started(60), task(3).started(900)], 0, 3),
        ("no age", vec![Task { started_at: None, ..task(2) }, task(3).started(5)], 0, 3),
        ("ARN", vec![task(3).started(60), task(2).started(60)], 0, 2),
        ("not UNHEALTHY", vec![task(2).health(unhealthy), task(3).old().started(5)], 0, 3),
        ("ready PRIMARY", vec![task(2), task(3).started(5), task(4).old()], 2, 3),
        ("ready", vec![task(2).health(healthy), task(3).old().started(5)], 2, 3),
        ("no deployment", vec![Task { deployment: None, ..task(2) }, task(3).started(5)], 0, 3),
    ] {
        let decision = scene(tasks, route_to(9).silent(&[silent])).plan();
        assert_eq!(written(&decision), [("int1", &*uri_of(best))], "{case}");
    }
}

#[test]
fn among_equals_the_present_target_is_kept_so_that_scaling_moves_nothing() {
    let tasks = || {
        let young = task(2).started(1);
        vec![task(1).started(9_000), young, task(3).health(TaskHealth::Healthy), task(4)]
    };
    for target in 1..=4 {
        let out = scene(tasks(), route_to(target));
        assert_eq!(out.plan().steps, [], "scaled out, leading to task {target}");
        // Scaled in: the others go first, then the target.
        let others = |task: &Task| task.id() == format!("task{target}");
        let tasks_in = tasks().into_iter().map(|it| if others(&it) { it } else { it.stopping(1) });
        let scaled_in = scene(tasks_in.collect(), route_to(target));
        assert_eq!(scaled_in.plan().steps, [], "scaled in, leading to task {target}");
    }
}

#[test]
fn the_route_moves_to_the_primary_deployment_as_soon_as_it_has_a_task_that_answers() {
    let tasks = || vec![task(1).old().health(TaskHealth::Healthy), task(2).started(5)];
    assert_moved(&scene(tasks(), route_to(1)).rolling(), 2);
    // And back, when the deployment was rolled back.
    let back = || vec![task(1).started(1), task(2).old()];
    assert_moved(&scene(back(), route_to(2)), 1);
}

#[test]
fn without_the_service_no_task_counts_as_primary_and_the_target_is_kept() {
    let tasks = vec![task(1).old(), task(2).health(TaskHealth::Healthy)];
    let mut scene = scene(tasks, route_to(1));
    scene.service = None;
    assert_eq!(scene.plan().steps, []);
}

#[test]
fn a_target_that_is_gone_or_stopping_or_starting_anew_is_left() {
    for (case, tasks) in [
        ("gone", vec![task(2)]),
        ("stopping while RUNNING (F9)", vec![task(1).stopping(1), task(2).started(5)]),
        ("not RUNNING yet", vec![task(1).starting(), task(2)]),
    ] {
        let scene = scene(tasks, route_to(1));
        assert_eq!(written(&scene.plan()), [("int1", &*uri_of(2))], "{case}");
    }
}

#[test]
fn a_target_that_does_not_answer_or_is_unhealthy_is_left_for_one_that_does() {
    assert_moved(&scene(vec![task(1), task(2)], route_to(1).silent(&[1])), 2);
    let sick = task(1).health(TaskHealth::Unhealthy);
    assert_moved(&scene(vec![sick, task(2).old()], route_to(1)), 2);
}

#[test]
fn an_address_is_a_tasks_only_while_it_has_it() {
    // Given: the address of task 1, which is gone, belongs to somebody else, who answers.
    let gone = scene(vec![task(1).stopping(50), task(2)], route_to(1).unaddressed(1));
    assert_moved(&gone, 2);
    let moved_there = scene(vec![task(1), task(2)], route_to(1).unaddressed(1));
    assert_moved(&moved_there, 2);
}

#[test]
fn an_address_that_two_tasks_have_had_is_the_one_s_that_runs() {
    // Given: tasks on one host, one after the other; the ARN says nothing about the order.
    let shared = |route: Route, number| {
        let mut route = route;
        if let Observed::Known(endpoints) = &mut route.endpoints {
            endpoints.insert(task(number).arn, endpoint(2));
        }
        route
    };
    let older = task(4).started(9_000);
    let tasks = [task(1).stopping(5), task(2), task(3).stopping(5), older];
    let route = || shared(shared(route_to(2), 1), 3);
    let kept = scene(tasks.to_vec(), route()).plan();
    assert_eq!((kept.steps.len(), reasons(&kept)), (0, vec!["already_routed"]));
    assert_eq!(scene(tasks.to_vec(), route()).decide().state, State::Good);
    // While none of them runs, the order in which AWS lists them decides nothing either.
    let gone = || vec![task(1).stopping(5), task(3).stopping(9)];
    let reversed = gone().into_iter().rev().collect();
    assert_eq!(scene(gone(), route()).decide(), scene(reversed, route()).decide());
}

#[test]
fn a_task_on_another_port_is_not_where_the_uri_leads() {
    let uri = "http://203.0.113.1:9000/{proxy}";
    let route = route_to(1).pointers(vec![(integration("int1"), leading_to(uri))]);
    assert_moved(&scene(vec![task(1)], route), 1);
}

#[test]
fn a_task_is_reached_at_the_port_of_its_host() {
    let mut route = route_to(1);
    let host = "203.0.113.50:32768".parse().unwrap();
    let mut shared = task(2);
    shared.network = TaskNetwork::Host {
        container_instance: "arn:instance".to_owned(),
        port: HostPort::Bound { ipv4: Some(32_768), ipv6: None },
    };
    if let Observed::Known(endpoints) = &mut route.endpoints {
        endpoints.insert(shared.arn.clone(), host);
    }
    route.readiness.insert(host, Readiness::Ready);
    let plan = scene(vec![shared], route).plan();
    assert_eq!(written(&plan), [("int1", "http://203.0.113.50:32768/{proxy}")]);
}

#[test]
fn an_ipv6_address_is_bracketed_and_recognized() {
    let mut route = route_to(1);
    if let Observed::Known(endpoints) = &mut route.endpoints {
        endpoints.insert(task(2).arn, "[2001:db8::2]:8000".parse().unwrap());
    }
    let scene = scene(vec![task(2)], route).unprobed();
    let plan = scene.plan();
    assert_eq!(written(&plan), [("int1", "http://[2001:db8::2]:8000/{proxy}")]);
    assert_eq!(scene.after(&plan).plan().steps, []);
}

#[test]
fn a_uri_that_names_a_host_or_is_none_is_rewritten() {
    for (uri, expected) in [
        (Some("https://old.example.com/v1/{proxy}?k=v"), "https://203.0.113.1:8000/v1/{proxy}?k=v"),
        (Some("placeholder"), "http://203.0.113.1:8000/{proxy}"),
        (None, "http://203.0.113.1:8000/{proxy}"),
    ] {
        let read = Integration::http(uri.map(str::to_owned));
        let route = route_to(1).pointers(vec![(integration("int1"), Observed::Known(read))]);
        assert_eq!(written(&scene(vec![task(1)], route).plan()), [("int1", expected)], "{uri:?}");
    }
}

#[test]
fn all_pointers_end_at_one_task_and_as_few_as_possible_move() {
    let root = || (integration("root"), leading_to("http://203.0.113.9:8000"));
    let proxy = |n| (integration("proxy"), leading_to_task(n));
    let second = |n| (integration("int2"), leading_to_task(n));
    for (case, pointers, silent, expected) in [
        // One of two was moved already, for example by a run that ended half-way.
        ("half-way", vec![root(), proxy(2)], 0, vec![("root", "http://203.0.113.2:8000")]),
        (
            "neither",
            vec![root(), proxy(8)],
            0,
            vec![("root", "http://203.0.113.1:8000"), ("proxy", "http://203.0.113.1:8000/{proxy}")],
        ),
        ("apart", vec![proxy(3), second(2)], 0, vec![("int2", "http://203.0.113.3:8000/{proxy}")]),
        (
            "apart, the first at the younger",
            vec![proxy(2), second(3)],
            0,
            vec![("int2", "http://203.0.113.2:8000/{proxy}")],
        ),
        (
            "the first does not answer",
            vec![proxy(3), second(2)],
            3,
            vec![("proxy", "http://203.0.113.2:8000/{proxy}")],
        ),
        ("all there", vec![proxy(2), second(2)], 0, vec![]),
    ] {
        let tasks = vec![task(1).started(9_000), task(2).started(60), task(3).started(600)];
        let scene = scene(tasks, route_to(1).pointers(pointers).silent(&[silent]));
        let plan = scene.plan();
        assert_eq!(written(&plan), expected, "{case}");
        assert_eq!(written(&scene.after(&plan).plan()), [], "{case}, after that");
    }
}

#[test]
fn an_integration_that_leads_elsewhere_by_nature_is_left_alone_and_said_so_whatever_runs() {
    let told = Hold::NotAnHttpIntegration {
        integration: "integration vpc".to_owned(),
        kind: "HTTP_PROXY over VPC_LINK".to_owned(),
    };
    for (case, tasks, silent) in
        [("ready", vec![task(2)], 0), ("not ready", vec![task(2)], 2), ("none", vec![], 0)]
    {
        let pointers = vec![vpc_link(), (integration("int1"), leading_to_task(9))];
        let scene = scene(tasks, route_to(9).pointers(pointers).silent(&[silent])).unparked();
        let plan = scene.plan();
        assert_eq!(plan.holds.iter().filter(|hold| **hold == told).count(), 1, "{case}: {plan:?}");
        assert!(written(&plan).iter().all(|(id, _)| *id == "int1"), "{case}: {plan:?}");
        assert_eq!(written(&plan).len(), scene.tasks.len(), "{case}: the other one moves");
    }
    assert!(
        told.to_string().starts_with("integration vpc is HTTP_PROXY over VPC_LINK: "),
        "{told}"
    );
}

#[test]
fn a_kind_that_leads_elsewhere_is_no_target_even_if_its_uri_names_a_tasks_address() {
    let Observed::Known(read) = leading_to_task(3) else { unreachable!() };
    let kind = IntegrationKind::Other("HTTP_PROXY over VPC_LINK".to_owned());
    let other = (integration("vpc"), Observed::Known(Integration { kind, ..read }));
    let route = route_to(1).pointers(vec![other, (integration("int1"), leading_to_task(2))]);
    assert_eq!(scene(vec![task(2), task(3)], route).plan().steps, []);
}

#[test]
fn an_integration_that_cannot_be_read_is_left_alone_and_the_others_move() {
    let mut route = route_to(1);
    route.pointers.insert(0, (integration("int0"), unknown()));
    let plan = scene(vec![task(2)], route).plan();
    assert_eq!(written(&plan), [("int1", &*uri_of(2))]);
    let because = "integration int0: ThrottlingException".to_owned();
    assert_eq!(plan.holds, [Hold::FactUnknown { fact: Fact::Integration, because }]);
}

#[test]
fn nothing_moves_while_the_addresses_are_not_known() {
    let mut route = route_to(1);
    route.endpoints = unknown();
    let scene = scene(vec![task(2)], route).maintenance(0).unserved(600);
    let plan = scene.plan();
    assert_eq!(plan.steps, []);
    assert!(matches!(&plan.holds[..], [Hold::FactUnknown { fact: Fact::Addresses, .. }]));
    assert_eq!(scene.asks(), []);
}
