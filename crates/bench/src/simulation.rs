//! How fast the simulation plays: what bounds how many histories can be tried.

use std::path::Path;
use std::process::Stdio;

use anyhow::{Context as _, Result};
use serde_json::Value;
use tokio::process::Command;
use tokio::time::Instant;

use crate::figures::Simulation;

/// Plays histories by this program, `simulate`, on every processor.
///
/// # Errors
/// When it cannot be run, or a history breaks an invariant.
pub async fn measure(program: &Path, histories: u32) -> Result<Simulation> {
    let started = Instant::now();
    let mut command = Command::new(program);
    command.args(["--json", "--seeds", &histories.to_string()]).stderr(Stdio::inherit());
    let output = command.output().await;
    let seconds = started.elapsed().as_secs_f64();
    let output = output.with_context(|| format!("cannot run {}", program.display()))?;
    let summary: Value = serde_json::from_slice(&output.stdout)
        .with_context(|| format!("{} printed no JSON", program.display()))?;
    let policies = summary["policies"].as_array().context("the summary has no policies")?;
    let sum = |name: &str| policies.iter().filter_map(|of| of[name].as_f64()).sum::<f64>();
    Ok(Simulation {
        histories,
        policies: policies.len(),
        seconds,
        calls_per_second: sum("calls") / seconds,
        hours_per_second: sum("measured_s") / 3600.0 / seconds,
    })
}
