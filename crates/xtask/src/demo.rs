//! `cargo xtask demo`: the two real binaries repair a live service, scene by scene.

mod outage;
mod play;
mod releases;
mod scenes;
mod show;

use std::fs;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, Result};
use eden_lab::WorldConfig;
use eden_lab::binaries::{self, Profile};
use eden_lab::example::Example;
use eden_lab::stage::Stage;
use eden_lab::traffic::Traffic;
use eden_lab::world::Timing;
use serde_json::json;

use crate::{lab, workspace};
use play::Played;

/// A minute of AWS takes a second here.
const SPEED: f64 = 60.0;
/// Time between two requests of the traffic.
const EVERY: Duration = Duration::from_millis(50);

/// Plays every scene; whether all of them ended well.
///
/// # Errors
/// When the functions cannot be built, the stage cannot be set, or the file cannot be written.
pub fn run(json: Option<&Path>, release: bool, seed: u64) -> Result<bool> {
    let profile = if release { Profile::Release } else { Profile::Debug };
    show::building(release);
    let binaries =
        binaries::build(&workspace::cargo(), profile, &["ip-updater", "health-monitor"])?;
    let runtime = tokio::runtime::Runtime::new().context("cannot start a runtime")?;
    let played = runtime.block_on(async {
        let mut stage = Stage::set(&example(seed), &binaries).await?;
        let url = format!("{}/orders/42", stage.account.gateway.url());
        let traffic = Traffic::start(&url, EVERY).context("the gateway's URL")?;
        show::opening(&url, SPEED, EVERY);
        play::all(&mut stage, &traffic).await
    })?;
    show::closing(&played);
    if let Some(file) = json {
        write(file, &played)?;
    }
    Ok(played.iter().all(Played::ended_well))
}

/// The example account at the demo's speed.
fn example(seed: u64) -> Example {
    let mut world = WorldConfig::new(seed, lab::now());
    let timing = Timing {
        // ECS would replace an unhealthy task by itself within seconds (F19). It is made slow here,
        // so that the healer's own remedy is seen.
        unhealthy_replacement: Duration::from_secs(3600),
        // The most that Fargate allows: the application may take long to drain.
        stop_timeout: Duration::from_secs(120),
        ..Timing::aws()
    };
    world.timing = Timing {
        // Requests are no faster than this machine: one that has to wait for it is no outage.
        gateway_timeout: Timing::aws().gateway_timeout,
        ..timing.scaled(1.0 / SPEED)
    };
    // A network of its own: two demos at once do not meet.
    world.network = [u8::try_from(std::process::id() % 200).unwrap_or(0) + 20, 0];
    let mut example = Example::new(world);
    // It drains when it is told to stop.
    example.service.task_definition.stop = Duration::from_secs(60);
    // The functions know nothing of the demo's speed: to them a minute of AWS is a second. So their
    // limits are the defaults divided by 60, rounded up to whole seconds; only the cooldown is half
    // as long, for the sake of the audience. What they do takes as long as ever, 60 times as long in
    // proportion: on AWS they are that much further ahead of the tasks. Above all, before they stop
    // or deploy anything they wait six seconds for their claim to be seen (F36): what AWS needs for
    // that is no setting.
    example
        .parameter("ReadyWithinSeconds", &1)
        .parameter("StartupGraceSeconds", &2)
        .parameter("AlarmSettleSeconds", &3)
        .parameter("RedeployCooldownSeconds", &8)
        .parameter("UnhealthyForSeconds", &1)
        .parameter("StormCooldownSeconds", &2)
        .parameter("RolloutTimeoutSeconds", &30)
}

fn write(file: &Path, played: &[Played]) -> Result<()> {
    let scenes: Vec<_> = played
        .iter()
        .map(|scene| {
            json!({
                "name": scene.name,
                "recovered": scene.ended_well(),
                "downtime_ms": scene.traffic.downtime.as_millis(),
                "requests": scene.traffic.requests,
                "failed_requests": scene.traffic.failed_requests,
                "maintenance_pages": scene.traffic.maintenance_pages,
            })
        })
        .collect();
    let text = serde_json::to_string_pretty(&json!({ "scenes": scenes }))?;
    fs::write(file, text + "\n").with_context(|| format!("cannot write {}", file.display()))
}
