//! Worlds to test in.

use std::time::Duration;

use eden_lab::world::{
    AlarmState, ApiSpec, NetworkInterface, ServiceSpec, Task, TaskStatus, Timing, WorldConfig,
};
use eden_lab::{Clock, Lab, World};
use jiff::Timestamp;

pub const CLUSTER: &str = "prod-eden-cluster";
pub const SERVICE: &str = "prod-eden-service";
pub const API: &str = "a1b2c3d4e5";
pub const INTEGRATION: &str = "int1234";
pub const MINUTE: Duration = Duration::from_mins(1);

pub fn start() -> Timestamp {
    "2025-11-10T17:30:00Z".parse().unwrap()
}

pub fn empty_world(seed: u64) -> World {
    World::new(WorldConfig::new(seed, start()))
}

/// A world with the service of these tests, as `change` makes it.
pub fn world_with(change: impl FnOnce(&mut ServiceSpec)) -> World {
    let mut world = empty_world(1);
    let mut spec = ServiceSpec::new(CLUSTER, SERVICE);
    change(&mut spec);
    world.create_service(spec);
    world
}

/// The same, ten minutes later: everything runs.
pub fn running_world_with(change: impl FnOnce(&mut ServiceSpec)) -> World {
    let mut world = world_with(change);
    pass(&mut world, 10 * MINUTE);
    world
}

/// The API of these tests, with one integration that leads to `uri`.
pub fn api(uri: &str, auto_deploy: bool) -> ApiSpec {
    ApiSpec::new(API)
        .integration(INTEGRATION, uri)
        .route("/{proxy+}", INTEGRATION)
        .stage("$default", auto_deploy)
}

/// Lets time pass.
pub fn pass(world: &mut World, time: Duration) {
    let then = world.now() + time;
    world.advance_to(then);
}

/// Goes from one due event to the next until something is true, for up to an hour.
pub fn until(world: &mut World, what: impl Fn(&World) -> bool) {
    let deadline = world.now() + 60 * MINUTE;
    while !what(world) {
        let next = world.next_due().filter(|due| *due <= deadline);
        world.advance_to(next.expect("it happens within an hour"));
    }
}

pub fn tasks(world: &World) -> Vec<&Task> {
    world.tasks(CLUSTER, SERVICE)
}

/// The tasks that run and shall run.
pub fn running(world: &World) -> Vec<&Task> {
    tasks(world).into_iter().filter(|task| task.is_running()).collect()
}

/// The ARN of the one task that runs and shall run.
pub fn the_task(world: &World) -> String {
    match running(world).as_slice() {
        [task] => task.arn.clone(),
        other => panic!("{} tasks run, not one", other.len()),
    }
}

/// The task's own network interface.
pub fn interface_of(task: &Task) -> &NetworkInterface {
    task.interface.as_ref().expect("it has one")
}

pub fn status(world: &World, arn: &str) -> TaskStatus {
    world.task(arn).unwrap().last_status
}

pub fn alarm_state(world: &World, name: &str) -> AlarmState {
    world.alarm(name).unwrap().status.state
}

/// A lab on a world that is ten minutes old and runs the service of these tests.
pub fn running_lab(change: impl FnOnce(&mut ServiceSpec)) -> Lab {
    let world = running_world_with(change);
    let clock = Clock::starting_at(world.now());
    Lab::start(world, clock)
}

/// The sum of what a task takes from its creation to RUNNING.
pub fn time_to_run(timing: &Timing) -> Duration {
    timing.provisioning + timing.pending + timing.activating
}
