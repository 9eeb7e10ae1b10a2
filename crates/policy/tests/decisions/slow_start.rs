//! Applications that take longer to start than their grace.
//!
//! <https://github.com/willfarrell/docker-autoheal/issues/21>,
//! <https://github.com/willfarrell/docker-autoheal/issues/53>: a healer restarted what was still
//! starting, again and again, so that it never came up.

use eden_policy::facts::{Alarm, RolloutState, Task, TaskHealth};
use eden_policy::plan::Sighting;
use eden_policy::{Facts, Hold, Step};

use crate::fixtures::*;
use crate::verdict::*;

/// Two tasks answer, and the third, which has been running for so long, does not yet.
fn scaled_out(seconds: u64) -> Facts {
    let young = task(3).started(seconds).suspect(90);
    healthy(3).route(route_to(1).silent(&[3])).with_task(young)
}

/// The only task of a service that fails.
fn alone(task: Task) -> Facts {
    failing(1).tasks(vec![task])
}

fn still_starting(task: &str, because: &str, left: u64) -> Hold {
    let (task, because) = (task.to_owned(), because.to_owned());
    Hold::StillStarting { task, because, until: hence(left) }
}

#[test]
fn a_task_that_refuses_connections_beside_others_is_left_alone_for_a_quarter_of_an_hour() {
    for age in [120, 300, 899] {
        let finding = decide(&scaled_out(age));
        assert_eq!(named(&finding.diagnosis), "starting", "{age}");
        assert_eq!(finding.remedies(), [] as [&Step; 0], "{age}");
        let hold = still_starting("task3", SILENCE, 900 - age);
        assert!(finding.holds(&hold), "{age}: {finding:?}");
    }
    assert!(!decide(&scaled_out(119)).reasons().contains(&"still_starting"));
    assert_eq!(decide(&scaled_out(900)).stopped(), ["task3"]);
    // So is one whose server takes connections before it can answer.
    let silent = scaled_out(300).route(route_to(1).slow(&[3]));
    assert!(decide(&silent).holds(&still_starting("task3", SLOWNESS, 600)));
}

#[test]
fn a_service_whose_only_task_is_still_starting_is_neither_deployed_nor_its_task_stopped() {
    let finding = decide(&alone(task(1).started(300)));
    assert_eq!(named(&finding.diagnosis), "starting");
    assert_eq!(finding.remedies(), [] as [&Step; 0]);
    assert!(finding.holds(&still_starting("task1", SILENCE, 600)), "{finding:?}");
    assert!(decide(&alone(task(1).started(900))).redeploys());
    // Nor is it stopped as a trial, while it may not be deployed again.
    let lately = alone(task(1).started(300)).failing_since(90).service(|service| {
        service.deployments = vec![deployment(RolloutState::Completed, 400)];
    });
    assert_eq!(decide(&lately).remedies(), [] as [&Step; 0]);
    // What started in place of a task that Eden stopped has the same time.
    let successor = alone(task(1).started(300)).with_task(task(9).stopped_by_eden(400));
    assert_eq!(named(&decide(&successor).diagnosis), "starting");
}

/// Found by a reader: a task that was still starting hid for a quarter of an hour that the other one,
/// which had run for long, failed.
#[test]
fn a_task_that_is_still_starting_hides_no_other_that_fails() {
    let facts = erring(2).route(route_to(1).erring(&[1]).silent(&[2]));
    let facts = facts.with_task(task(2).started(300)).failing_since(90);
    let finding = decide(&facts);
    assert_eq!(named(&finding.diagnosis), "service_sick", "{finding:?}");
    assert!(finding.holds(&still_starting("task2", SILENCE, 600)), "{finding:?}");
    // Only the one that has started is replaced.
    assert_eq!((finding.stopped(), finding.redeploys()), (vec!["task1"], false));
}

#[test]
fn what_shows_that_a_task_had_started_lets_it_be_replaced_at_once() {
    let young = || task(3).started(300).suspect(90);
    let later = |of: Task| scaled_out(300).with_task(of.started(200));
    for (case, facts, is_sick) in [
        (
            "its health check passes",
            scaled_out(300).with_task(young().health(TaskHealth::Healthy)),
            true,
        ),
        (
            "only a sidecar's health check passes",
            {
                let unchecked = Task { unchecked: true, ..young().health(TaskHealth::Healthy) };
                scaled_out(300).with_task(unchecked)
            },
            false,
        ),
        (
            "ECS calls it UNHEALTHY",
            scaled_out(300).with_task(young().health(TaskHealth::Unhealthy)),
            true,
        ),
        ("it answers 500", scaled_out(300).route(route_to(1).erring(&[3])), true),
        ("one that started later answers", later(task(2)), true),
        (
            "one that started a minute before answers",
            scaled_out(300).with_task(task(2).started(360)),
            true,
        ),
        (
            "one that started earlier answers",
            scaled_out(300).with_task(task(2).started(361)),
            false,
        ),
        ("one of another deployment answers", later(task(2).old()), false),
        (
            "one that started later does not answer",
            later(task(2)).route(route_to(1).silent(&[2, 3])),
            false,
        ),
    ] {
        let finding = decide(&facts);
        assert_eq!(finding.stopped() == ["task3"], is_sick, "{case}: {finding:?}");
    }
    // One that is silent while nobody answers more likely hangs than starts.
    let hangs = alone(task(1).started(300)).route(route_to(1).slow(&[1])).failing_since(90);
    assert!(decide(&hangs).redeploys());
    assert!(decide(&alone(task(1).started(300)).route(route_to(1).erring(&[1]))).redeploys());
}

#[test]
fn people_are_told_of_a_slow_start_once_it_lasts_and_what_to_set() {
    let finding = decide(&scaled_out(300));
    let condition = finding.condition.clone().unwrap();
    assert_eq!((&*condition.name, condition.lasts), ("still_starting", false));
    let (name, of) = ("still_starting".to_owned(), PRIMARY.to_owned());
    let sighting = Sighting { name, of, since: now() };
    let service = SERVICE_ARN.to_owned();
    assert_eq!(finding.plan.steps, [Step::MarkCondition { service, sighting }]);
    let told = still_starting("task3", SILENCE, 600).to_string();
    assert!(told.contains("STARTUP_GRACE_SECONDS"), "{told}");
    // At the second look.
    let noted = scaled_out(300).service(|service| {
        service.seen = Some(format!("still_starting {PRIMARY} {:.0}", ago(60)));
    });
    assert!(decide(&noted).condition.unwrap().lasts);
    // Once it has started, there is nothing to tell.
    assert_eq!(decide(&scaled_out(300).route(route_to(1))).condition(), None);
}

#[test]
fn a_release_is_not_rolled_back_for_a_task_that_is_still_starting() {
    // Given: eleven tasks that ran before the release fail, and its first task is starting.
    let young = task(12).started(300);
    let facts =
        (1..=11).fold(erring(12).with_task(young), |facts, n| facts.with_task(task(n).old()));
    let facts = facts.route(route_to(1).erring(&(1..=11).collect::<Vec<_>>()).silent(&[12]));
    let facts = facts.alarm(Alarm::Alarm).former(600).service(|service| {
        service.deployments = vec![deployment(RolloutState::Completed, 600)];
    });
    // When, then
    let finding = decide_under(&facts, &rollback());
    assert_eq!(named(&finding.diagnosis), "service_sick");
    assert!(!finding.rolls_back(), "{finding:?}");
    // When it fails itself, the release is rolled back.
    let fails = facts.route(route_to(1).erring(&(1..=12).collect::<Vec<_>>()));
    assert!(decide_under(&fails, &rollback()).rolls_back());
}
