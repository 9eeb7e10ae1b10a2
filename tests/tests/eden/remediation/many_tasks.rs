//! A hundred tasks: how many are stopped at once, in an hour, and in which order.

use eden_lab::example::{CLUSTER, Example, HEALTH_MONITOR, SERVICE};
use eden_lab::world::Task;
use eden_tests::rig::{Rig, each, minutes, seconds};
use jiff::Timestamp;
use serde_json::Value;

use super::scene::{
    HUMAN, is_well, left_to_eden, look, of, reasons, settled, sicken, subjects, times,
};

/// A hundred tasks, of which few may be replaced at a time: the lab has room for 254.
fn hundred() -> Example {
    let mut example = left_to_eden(of(100));
    example.service.maximum_percent = 120;
    example
}

/// Most stops within any hour.
fn most_in_an_hour(stops: &[Timestamp]) -> usize {
    let within = |from: &Timestamp| {
        stops.iter().filter(|at| *at >= from && at.duration_since(*from).as_secs() < 3_600).count()
    };
    stops.iter().map(within).max().unwrap_or(0)
}

fn still_sick<'a>(rig: &Rig, sick: &'a [Task]) -> Vec<&'a Task> {
    let world = rig.lab.world();
    sick.iter().filter(|task| world.task(&task.arn).is_some_and(Task::is_wanted)).collect()
}

/// What each look of the schedule stopped.
fn batches(rig: &Rig) -> Vec<usize> {
    let stopped = |report: &Value| {
        each(report, "done", "action").iter().filter(|action| **action == "stop_task").count()
    };
    let looks = rig.invocations(HEALTH_MONITOR);
    let stopped = looks.iter().filter_map(|look| look.result.as_ref().ok()).map(stopped);
    stopped.filter(|stops| *stops > 0).collect()
}

#[tokio::test(start_paused = true)]
async fn sixty_sick_of_a_hundred_have_a_shared_cause_so_that_one_is_stopped_as_a_trial() {
    // Given
    let rig = settled(&hundred()).await;
    let sick: Vec<Task> = rig.running().into_iter().take(60).collect();
    sicken(&rig, &sick);
    // When: the successor of the first one is well.
    rig.wait(minutes(10)).await;
    // Then
    let stops = times(&rig, "StopTask");
    assert!((1..=3).contains(&stops.len()), "{stops:?}");
    assert!(batches(&rig).iter().all(|stopped| *stopped == 1), "{:?}", batches(&rig));
    assert!(rig.running().len() >= 99, "the rest carries the service");
    let report = look(&rig).await;
    assert_eq!(report["diagnosis"], "task_sick", "{report}");
    assert!(
        reasons(&report).iter().any(|it| ["stop_limit", "trial_not_over"].contains(it)),
        "{report}"
    );
    // When
    rig.wait(minutes(180)).await;
    // Then: within the budget all the time, and people are told that it is spent.
    let stops = times(&rig, "StopTask");
    assert!(most_in_an_hour(&stops) <= 6, "{stops:?}");
    assert!(stops.windows(2).all(|pair| pair[1].duration_since(pair[0]).as_secs() >= 120));
    assert_eq!(times(&rig, "UpdateService"), [], "each trial helped");
    assert!(subjects(&rig).iter().any(|subject| subject == HUMAN));
    assert_eq!(still_sick(&rig, &sick).len() + stops.len(), 60, "only sick ones were stopped");
}

#[tokio::test(start_paused = true)]
async fn thirty_sick_of_a_hundred_are_stopped_in_batches_as_far_as_the_budget_goes() {
    // Given
    let rig = settled(&hundred().parameter("HealingBudgetPerHour", &20)).await;
    let sick: Vec<Task> = rig.running().into_iter().skip(10).take(30).collect();
    let (protected, others) = sick.split_at(4);
    let until = rig.lab.clock().now() + minutes(300);
    for task in protected {
        rig.lab.world().protect_task(&task.arn, until).unwrap();
    }
    sicken(&rig, &sick);
    // When
    rig.wait(minutes(55)).await;
    // Then: as many as the budget allows, and none of those that are protected.
    let stops = times(&rig, "StopTask");
    assert_eq!(stops.len(), 20, "{stops:?}");
    assert_eq!(still_sick(&rig, protected).len(), 4);
    let report = look(&rig).await;
    for reason in ["task_protected", "budget_spent"] {
        assert!(reasons(&report).contains(&reason), "{reason}: {report}");
    }
    // When: the hour is over.
    rig.wait(minutes(30)).await;
    // Then
    let stops = times(&rig, "StopTask");
    assert_eq!(stops.len(), 26);
    assert!(most_in_an_hour(&stops) <= 20, "{stops:?}");
    assert_eq!(still_sick(&rig, others), [] as [&Task; 0]);
    assert_eq!(still_sick(&rig, protected).len(), 4);
    assert_eq!(times(&rig, "UpdateService"), []);
    // A task that is protected no more is stopped as well.
    for task in protected {
        let past = rig.lab.clock().now() - seconds(1);
        rig.lab.world().protect_task(&task.arn, past).unwrap();
    }
    assert!(rig.lab.until(minutes(90), is_well).await);
    assert_eq!(rig.lab.world().service(CLUSTER, SERVICE).unwrap().desired_count, 100);
}
