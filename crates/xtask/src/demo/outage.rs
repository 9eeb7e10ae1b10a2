//! An outage: no task can serve, until users have seen the maintenance page for a while.

use anyhow::Result;
use eden_lab::World;
use eden_lab::example::{CLUSTER, SERVICE};
use eden_lab::stage::Stage;
use eden_lab::traffic::Traffic;
use eden_lab::world::ContainerState;

use super::play::PATIENCE;

/// So many requests see the page before the outage ends.
const SEEN: usize = 20;

/// Puts the page into the stack, and crashes every task as soon as its container runs.
pub async fn play(stage: &mut Stage, traffic: &Traffic) -> Result<()> {
    let url = stage.account.maintenance_page.url();
    // A minute and more at the demo's speed: whole seconds are noted.
    stage.update(&[("MaintenanceUrl", &url), ("MaintenanceAfterSeconds", &2)])?;
    let mark = traffic.elapsed();
    let seen = stage.until(PATIENCE, |_| traffic.since(mark).maintenance_pages >= SEEN);
    tokio::select! {
        // If nobody sees the page, the scene does not count as repaired.
        _ = seen => {}
        () = crash_all(stage) => {}
    }
    Ok(())
}

/// Never ends.
async fn crash_all(stage: &Stage) {
    loop {
        let runs = |world: &World| !containers(world).is_empty();
        if stage.lab().until(PATIENCE, runs).await {
            let mut world = stage.lab().world();
            for arn in containers(&world) {
                // A task that is gone meanwhile needs no crash.
                let _ = world.crash_task(&arn, 1);
            }
        }
    }
}

/// The tasks whose container runs.
fn containers(world: &World) -> Vec<String> {
    let tasks = world.tasks(CLUSTER, SERVICE).into_iter();
    let running = tasks.filter(|task| task.container.state == ContainerState::Running);
    running.map(|task| task.arn.clone()).collect()
}
