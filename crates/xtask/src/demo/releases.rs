//! Releases of which every task exits after a while, again and again.

use std::time::Duration;

use anyhow::{Context as _, Result};
use eden_lab::World;
use eden_lab::example::{CLUSTER, HEALTH_MONITOR, SERVICE};
use eden_lab::stage::Stage;
use eden_lab::world::{AppState, Behaviour, OperatorError, TaskDefinition};
use serde_json::json;

use super::play::PATIENCE;
use super::scenes::called;

/// A task of it comes to RUNNING, and exits.
const BAD: Behaviour = Behaviour::Crashes { after: Duration::from_secs(10), exit_code: 3 };

/// Deploys one. Once people are called, somebody looks, which finds nothing new to say, and deploys
/// a release that runs.
pub async fn call_people(stage: &mut Stage) -> Result<()> {
    let before = stage.lab().world().published().len();
    deploy(stage, BAD)?;
    let called = |stage: &Stage| called(&stage.lab().world().published()[before..]) > 0;
    // If nobody is called, the scene does not count as repaired.
    if stage.until(PATIENCE, called).await {
        stage.lambda.invoke(HEALTH_MONITOR, json!({ "source": "manual-test" })).await?;
        deploy(stage, Behaviour::Runs(AppState::Serving))?;
    }
    Ok(())
}

/// Lets Eden roll back, and deploys one.
pub fn roll_back(stage: &mut Stage) -> Result<()> {
    // The task definitions have no roles that would have to be passed.
    stage.update(&[("Rollback", &"on"), ("TaskRoleArns", &"none")])?;
    deploy(stage, BAD)
}

fn deploy(stage: &Stage, behaviour: Behaviour) -> Result<()> {
    let start_up = Duration::from_secs(2);
    release(&mut stage.lab().world(), |present| TaskDefinition { start_up, behaviour, ..present })
        .context("the release could not be deployed")
}

/// Deploys the next revision of what the service runs, changed like this.
pub fn release(
    world: &mut World,
    change: impl FnOnce(TaskDefinition) -> TaskDefinition,
) -> Result<(), OperatorError> {
    // Invariant: the demo's account has this service.
    let service = world.service(CLUSTER, SERVICE).expect("the demo has a service");
    let present = service.primary.task_definition.clone();
    let next = TaskDefinition { revision: present.revision + 1, ..present };
    world.new_deployment(CLUSTER, SERVICE, Some(change(next)))
}
