//! A service of one task: it may always be stopped, and its limits hold all the same.

use eden_lab::world::Behaviour;
use eden_tests::rig::{minutes, seconds};

use super::scene::{
    calls_for_a_human, done, is_well, left_to_eden, look, of, reasons, settled, sicken,
    starts_from_now, times, unschedule,
};

#[tokio::test(start_paused = true)]
async fn the_only_task_is_stopped_when_it_is_sick_and_served_again_by_its_successor() {
    // Given
    let rig = settled(&left_to_eden(of(1))).await;
    sicken(&rig, &rig.running());
    // When, then
    assert!(rig.lab.until(minutes(8), |world| !is_well(world)).await);
    assert!(rig.lab.until(minutes(8), is_well).await);
    rig.wait(minutes(10)).await;
    assert!(rig.is_steady());
    assert_eq!((done(&rig, "StopTask").len(), done(&rig, "UpdateService").len()), (1, 0));
}

#[tokio::test(start_paused = true)]
async fn where_nothing_helps_the_budget_of_one_task_is_spent_and_people_are_told() {
    // Given: whatever starts becomes sick, and ECS leaves it at that.
    let example = left_to_eden(of(1))
        .parameter("HealingBudgetPerHour", &2)
        .parameter("RedeployCooldownSeconds", &60);
    let rig = settled(&example).await;
    starts_from_now(&rig, Behaviour::NeverHealthy);
    sicken(&rig, &rig.running());
    // When
    rig.wait(minutes(50)).await;
    // Then: one stop as a trial, then a redeployment, then nothing.
    assert_eq!((times(&rig, "StopTask").len(), times(&rig, "UpdateService").len()), (1, 1));
    let first = times(&rig, "StopTask")[0];
    assert!(times(&rig, "UpdateService")[0] > first + seconds(120));
    assert!(calls_for_a_human(&rig) > 0);
}

#[tokio::test(start_paused = true)]
async fn with_the_defaults_ecs_replaces_a_sick_task_and_eden_stands_by() {
    // Given: ECS does what it does (F19), and its replacement takes longer than Eden waits.
    let rig = settled(&of(2)).await;
    unschedule(&rig);
    let sick = rig.running().swap_remove(0);
    sicken(&rig, [&sick]);
    // When: the invocation waits for the suspect, and looks again.
    let report = look(&rig).await;
    // Then
    assert!(reasons(&report).contains(&"replaced_by_ecs"), "{report}");
    assert!(rig.lab.until(minutes(5), is_well).await);
    assert_eq!(done(&rig, "StopTask"), []);
}
