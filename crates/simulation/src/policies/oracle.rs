//! The oracle: knows the fault from the world itself and acts at once, without any call.

use eden_lab::World;
use eden_lab::example::API;
use eden_lab::world::Task;

use crate::hand::{point_route, running};
use crate::script::Script;
use crate::setting::PATH;
use crate::shown::{doing, serves};
use crate::watch::address;

/// Does at once what helps.
pub(crate) fn act(world: &mut World, script: &mut Script) {
    script.want(world, script.desired);
    script.replace_bad_deployment(world);
    let running = running(world);
    let well = |task: &&Task| task.listening && serves(doing(task));
    let target = running.iter().rev().find(well).map(Task::endpoint);
    let upstream = world.upstream(API, PATH).unwrap_or_default();
    let leads_to = |task: &Task| address(&upstream) == Some(task.endpoint());
    if !running.iter().any(|task| well(&task) && leads_to(task))
        && let Some(target) = target
    {
        point_route(world, &target.to_string());
    }
    // What is broken beside the service is no task's fault.
    if !script.is_overlaid() {
        for task in running.iter().filter(|task| task.listening && !serves(doing(task))) {
            let _ = world.stop_task(&task.arn, "Oracle: sick");
        }
    }
}
