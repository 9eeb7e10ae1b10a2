//! Why the gateway cannot be led to a task: each one that is passed over has its reason.

use eden_policy::facts::{LastStatus, Task, TaskHealth, TaskNetwork};
use eden_policy::plan::{Rejected, Rejection};

use crate::fixtures::*;
use crate::scene::*;

#[test]
fn every_task_that_the_route_cannot_lead_to_carries_its_reason() {
    let not_ready = Rejection::NotReady(SILENCE.to_owned());
    for (rejected, because, told) in [
        (task(2).starting(), Rejection::Starting, "is starting"),
        (task(2).stopping(1), Rejection::Stopping, "is stopping"),
        (Task { wanted: false, ..task(2).starting() }, Rejection::Stopping, "is stopping"),
        (Task { last_status: LastStatus::Stopping, ..task(2) }, Rejection::Stopping, "is stopping"),
        (
            Task { last_status: LastStatus::Unknown, ..task(2) },
            Rejection::StatusUnknown,
            "is in a status unknown to this version",
        ),
        (
            task(2).health(TaskHealth::Unhealthy),
            Rejection::Unhealthy,
            "fails its container health check",
        ),
        (
            Task { network: TaskNetwork::Unattached, ..task(3) },
            Rejection::NoAddress,
            "has no public address, or none yet",
        ),
        (task(4), not_ready, "does not answer: connection refused"),
    ] {
        // Given: beside it a task that is ready, and the route anywhere.
        for target in [1, 2, 9] {
            let route = route_to(target).unaddressed(3).silent(&[4]);
            let plan = scene(vec![rejected.clone(), task(1)], route).plan();
            let expected = Rejected { task: rejected.id().to_owned(), because: because.clone() };
            assert_eq!(plan.rejected, [expected], "leading to {target}");
            assert_eq!(plan.rejected[0].to_string(), format!("task {} {told}", rejected.id()));
        }
    }
}

#[test]
fn a_task_is_rejected_for_its_state_before_its_address_and_for_its_health_before_its_answer() {
    let sick = task(4).health(TaskHealth::Unhealthy);
    let tasks = vec![task(3).stopping(1), sick, task(1)];
    let plan = scene(tasks, route_to(1).unaddressed(3).silent(&[4])).plan();
    let reasons: Vec<_> =
        plan.rejected.iter().map(|it| (it.task.as_str(), it.because.clone())).collect();
    assert_eq!(reasons, [("task4", Rejection::Unhealthy), ("task3", Rejection::Stopping)]);
}

#[test]
fn a_task_that_is_over_is_not_worth_a_word() {
    let over = Task {
        last_status: LastStatus::Stopping,
        network: TaskNetwork::Unattached,
        ..task(2).stopping(600)
    };
    let plan = scene(vec![over, task(1)], route_to(1).unaddressed(2)).plan();
    assert_eq!(plan.rejected, []);
}

#[test]
fn a_task_that_is_ready_but_not_chosen_is_not_rejected() {
    let plan = scene(vec![task(1), task(2).old(), task(3)], route_to(1)).plan();
    assert_eq!(plan.rejected, []);
}

#[test]
fn what_was_not_asked_is_not_held_against_a_task() {
    let plan = scene(vec![task(1), task(2)], route_to(1).unasked()).plan();
    assert_eq!(plan.rejected, []);
}

#[test]
fn tasks_are_rejected_also_while_none_is_left() {
    let plan = scene(vec![task(1).stopping(5), task(2).starting()], route_to(1)).plan();
    assert_eq!(plan.rejected.len(), 2);
}
