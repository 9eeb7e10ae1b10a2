//! Which container of a task ended it: the exit code and the reason that people are told are its own.

use eden_policy::facts::{ContainerDefinition, Ended, Stop, StopCode, TaskDefinition};
use eden_policy::{Diagnosis, Evidence, Facts, Limits, Observed};

use crate::asks::asks;
use crate::fixtures::*;
use crate::verdict::*;

const EXITED: &str = "Essential container in task exited";

fn never_ran(name: &str, reason: &str) -> Ended {
    let reason = Some(reason.to_owned());
    Ended { name: name.to_owned(), exit_code: None, reason }
}

fn explained(reason: &str, container: Ended) -> Ended {
    Ended { reason: Some(reason.to_owned()), ..container }
}

/// A task definition of these containers, and whether each is essential.
fn definition(containers: &[(&str, bool)]) -> TaskDefinition {
    let containers = containers.iter().map(|(name, essential)| ContainerDefinition {
        name: (*name).to_owned(),
        essential: *essential,
        stop_timeout: None,
    });
    TaskDefinition { arn: PRESENT.to_owned(), containers: containers.collect() }
}

fn stop(code: StopCode, containers: Vec<Ended>) -> Stop {
    Stop { code, reason: EXITED.to_owned(), containers }
}

/// The container that is named, its code, and the reason, with the definition and without.
fn causes(stop: &Stop, definition: &TaskDefinition) -> [(Option<String>, Option<i32>, String); 2] {
    [Some(definition), None].map(|definition| {
        let cause = stop.cause(definition);
        (cause.container, cause.exit_code, cause.reason)
    })
}

fn named(name: &str, code: i32) -> (Option<String>, Option<i32>, String) {
    (Some(name.to_owned()), Some(code), EXITED.to_owned())
}

fn nobody(all: &str) -> (Option<String>, Option<i32>, String) {
    (None, None, format!("{EXITED} ({all})"))
}

/// <https://github.com/aws/aws-for-fluent-bit/issues/11>,
/// <https://github.com/hyperdxio/aws-ecs-opentelemetry-sidecar/issues/2>: the log sidecar ends with
/// 137 whenever the application ends; <https://github.com/aws-samples/bedrock-chat/pull/501>:
/// GuardDuty's injected container cannot be pulled, and the application is fine.
#[test]
fn a_sidecar_that_was_killed_and_an_agent_that_never_came_are_not_why_the_application_ended() {
    let exited = stop(
        StopCode::EssentialContainerExited,
        vec![
            ended("log_router", 137),
            never_ran("aws-guardduty-agent-x", "CannotPullContainerError: access denied"),
            ended("app", 1),
        ],
    );
    let both_essential = definition(&[("log_router", true), ("app", true)]);
    assert_eq!(causes(&exited, &both_essential), [named("app", 1), named("app", 1)]);
}

#[test]
fn the_end_of_what_is_not_essential_ends_no_task() {
    let exited = stop(
        StopCode::EssentialContainerExited,
        vec![ended("migrate", 3), ended("agent", 143), ended("app", 137)],
    );
    let app_alone = definition(&[("migrate", false), ("agent", false), ("app", true)]);
    let [known, unknown] = causes(&exited, &app_alone);
    assert_eq!(known, named("app", 137));
    // Without the definition the one that failed by itself is the likeliest.
    assert_eq!(unknown, named("migrate", 3));
}

#[test]
fn an_essential_container_that_ends_well_ends_its_task_all_the_same() {
    let exited =
        stop(StopCode::EssentialContainerExited, vec![ended("app", 0), ended("log_router", 137)]);
    let [known, unknown] = causes(&exited, &definition(&[("app", true), ("log_router", true)]));
    assert_eq!(known, named("app", 0));
    // It may as well have been a helper that has ended long ago: nobody is accused.
    assert_eq!(unknown, nobody("app exited with 0, log_router exited with 137"));
}

#[test]
fn what_was_killed_for_its_memory_is_the_cause_and_no_consequence() {
    let memory = "OutOfMemoryError: Container killed due to memory usage";
    let exited = stop(
        StopCode::EssentialContainerExited,
        vec![ended("proxy", 0), explained(memory, ended("app", 137))],
    );
    let both = definition(&[("proxy", true), ("app", true)]);
    let expected = (Some("app".to_owned()), Some(137), format!("{EXITED}: {memory}"));
    assert_eq!(causes(&exited, &both), [expected.clone(), expected]);
}

#[test]
fn where_several_may_have_ended_the_task_all_are_told() {
    let both = definition(&[("app", true), ("proxy", true)]);
    for (first, second) in [(1, 2), (137, 143)] {
        let exited = stop(
            StopCode::EssentialContainerExited,
            vec![ended("app", first), ended("proxy", second)],
        );
        let all = format!("app exited with {first}, proxy exited with {second}");
        assert_eq!(causes(&exited, &both), [nobody(&all), nobody(&all)]);
    }
}

#[test]
fn a_task_that_never_ran_is_told_of_with_its_own_containers_reason() {
    let agent = never_ran("aws-guardduty-agent-x", "CannotPullContainerError: access denied");
    let app = never_ran("app", NO_IMAGE);
    let failed = stop(StopCode::TaskFailedToStart, vec![agent, app]);
    let expected = (Some("app".to_owned()), None, format!("{EXITED}: {NO_IMAGE}"));
    assert_eq!(causes(&failed, &definition(&[("app", true)])), [expected.clone(), expected]);
}

#[test]
fn what_containers_exit_with_when_somebody_stops_their_task_is_no_reason() {
    for code in [StopCode::UserInitiated, StopCode::FailedHealthChecks, StopCode::Infrastructure] {
        let stopped = stop(code, vec![ended("log_router", 137), ended("app", 1)]);
        let nothing = (None, None, EXITED.to_owned());
        let both = definition(&[("log_router", true), ("app", true)]);
        assert_eq!(causes(&stopped, &both), [nothing.clone(), nothing]);
        assert!(!stopped.is_contested());
    }
}

/// Three deaths in a row of a task with a log router.
fn dying() -> Facts {
    let dead = |n: u8| {
        let mut dead = task(n).died(u64::from(n) * 200);
        let containers = vec![ended("log_router", 137), ended("app", 1)];
        dead.stop.as_mut().unwrap().containers = containers;
        dead
    };
    healthy(1).service(|service| service.running = 0).tasks((1..=3).map(dead).collect())
}

#[test]
fn the_definition_is_read_only_where_containers_of_a_loop_tell_different_stories() {
    assert_eq!(asks(&dying(), &Limits::default()).definition.as_deref(), Some(PRESENT));
    let alike = (1..=3).map(|n| task(n).died(u64::from(n) * 200)).collect();
    assert_eq!(asks(&dying().tasks(alike), &Limits::default()).definition, None);
    let Observed::Known(tasks) = dying().tasks else { unreachable!() };
    assert_eq!(asks(&dying().tasks(tasks[..2].to_vec()), &Limits::default()).definition, None);
    assert_eq!(asks(&healthy(2), &Limits::default()).definition, None);
}

#[test]
fn people_are_told_of_the_container_that_ended_the_tasks() {
    // Given: the log router is no essential container, the application is.
    let known = Some(definition(&[("log_router", false), ("app", true)]));
    for read in [Observed::Known(known), unknown()] {
        let could_be_read = read.known().is_some();
        // When
        let finding = decide(&Facts { definition: read, ..dying() });
        // Then
        let Diagnosis::CrashLoop { exit_code, container, .. } = &finding.diagnosis else {
            panic!("{finding:?}");
        };
        assert_eq!((*exit_code, container.as_deref()), (Some(1), Some("app")));
        let text = finding.evidence.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n");
        assert!(text.contains("ended with code 1 of container app at"), "{text}");
        let unread = finding.evidence.iter().any(|it| matches!(it, Evidence::NotRead { .. }));
        assert_eq!(unread, !could_be_read);
        assert_eq!(finding.condition(), Some("crash_loop"));
    }
}
