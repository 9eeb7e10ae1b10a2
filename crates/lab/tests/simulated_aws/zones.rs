//! Availability zones, Spot capacity, and what their loss does to tasks.

use std::collections::BTreeSet;

use eden_lab::World;
use eden_lab::world::{OperatorError, StopCode, TaskStatus};

use crate::support::{
    API, CLUSTER, MINUTE, SERVICE, api, pass, running, running_world_with, the_task,
};

fn zones_of(world: &World) -> Vec<String> {
    running(world).iter().map(|task| task.availability_zone.clone()).collect()
}

fn says(world: &World, what: &str) -> bool {
    let messages = &world.service(CLUSTER, SERVICE).unwrap().messages;
    messages.iter().any(|message| message.text.contains(what))
}

#[test]
fn the_tasks_of_a_service_are_spread_over_the_zones() {
    // given a service of three tasks
    let world = running_world_with(|spec| spec.desired_count = 3);

    // when their zones are read, then each is in another one, which its events tell
    let zones: BTreeSet<String> = zones_of(&world).into_iter().collect();
    assert_eq!(zones, world.zones().into_iter().collect());
    let told = |event: &serde_json::Value| event["detail"]["availabilityZone"] == "us-east-1c";
    assert!(world.events().iter().any(told));
}

#[test]
fn the_tasks_of_a_lost_zone_die_and_are_replaced_in_another() {
    // given a service of one task, which an API leads to
    let mut world = running_world_with(|_| {});
    let old = the_task(&world);
    let endpoint = world.task(&old).unwrap().endpoint();
    world.create_api(api(&format!("http://{endpoint}/{{proxy}}"), true));
    let zone = world.task(&old).unwrap().availability_zone.clone();
    assert_eq!(world.request(API, "/x"), 200);

    // when its zone is lost, then nobody reaches it, though ECS shows it as RUNNING
    world.lose_zone(&zone).unwrap();
    assert_eq!(world.request(API, "/x"), 503);
    assert_eq!(the_task(&world), old);

    // when ECS learns of it, then the task stops for that reason, and another runs elsewhere
    pass(&mut world, 5 * MINUTE);
    let cause = world.task(&old).unwrap().stop_cause.clone().unwrap();
    assert_eq!(cause.code, StopCode::InfrastructureHealth);
    assert_ne!(zones_of(&world), [zone]);
}

#[test]
fn without_capacity_in_any_zone_no_task_is_placed_until_there_is_some() {
    // given a service of one task and no capacity for another
    let mut world = running_world_with(|_| {});
    for zone in world.zones() {
        world.close_zone(&zone).unwrap();
    }
    let old = the_task(&world);
    pass(&mut world, MINUTE);
    assert_eq!(the_task(&world), old, "what runs is not touched");

    // when its task is stopped, then there is none, and the service says why
    world.stop_task(&old, "test").unwrap();
    pass(&mut world, 10 * MINUTE);
    assert!(running(&world).is_empty());
    assert!(says(&world, "unable to place a task. Reason: Capacity is unavailable at this time."));

    // when a zone has capacity again, then a task runs there
    let zone = world.zones()[1].clone();
    world.open_zone(&zone).unwrap();
    pass(&mut world, 2 * MINUTE);
    assert_eq!(zones_of(&world), [zone]);
}

#[test]
fn only_a_zone_that_there_is_can_be_lost() {
    let mut world = running_world_with(|_| {});
    let nowhere = "us-east-1z".to_owned();
    assert_eq!(world.lose_zone(&nowhere), Err(OperatorError::NoSuchZone(nowhere)));
}

#[test]
fn a_spot_interruption_warns_for_two_minutes_in_which_the_successor_starts() {
    // given a service of one task
    let mut world = running_world_with(|_| {});
    let old = the_task(&world);

    // when its capacity is taken back
    world.interrupt_task(&old).unwrap();
    pass(&mut world, MINUTE);

    // then it runs on for two minutes, told to stop for that reason, while its successor comes
    let task = world.task(&old).unwrap();
    assert_eq!((task.last_status, task.is_wanted()), (TaskStatus::Running, false));
    assert_eq!(task.stop_cause.as_ref().unwrap().code, StopCode::SpotInterruption);
    assert!(task.listening);
    assert_ne!(the_task(&world), old);

    // and then it goes
    pass(&mut world, 3 * MINUTE);
    assert!(!world.task(&old).unwrap().listening);
}
