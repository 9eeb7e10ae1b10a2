//! Step 4: `eden verify` finds nothing wrong with the deployed stack, and names what is broken.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, ensure};
use eden_lab::binaries::{self, Profile};
use serde_json::Value;

use super::cloud::{Cloud, STACK};
use super::ministack::away_from_aws;
use super::report::{Failed, Report};
use crate::workspace::cargo;

/// Verifies the stack as it is, with one thing broken, and mended again.
pub async fn stack(report: &mut Report, cloud: &Cloud) -> Result<(), Failed> {
    report.step("4  verify");
    let eden = report.check("cargo builds eden", async { build().await }).await?;
    report.check("eden verify passes", passes(cloud, &eden)).await?;
    let alarm = "prod-eden-api-health-alarm";
    let breaking = alarm_actions(cloud, "disable-alarm-actions", alarm);
    report.check("somebody disables an alarm's actions", breaking).await?;
    let broken = format!("actions of alarm {alarm}");
    let naming = names(cloud, &eden, &broken);
    report.check("eden verify names them, and nothing else", naming).await?;
    let mending = alarm_actions(cloud, "enable-alarm-actions", alarm);
    report.check("somebody enables them", mending).await?;
    report.check("eden verify passes again", passes(cloud, &eden)).await
}

async fn build() -> Result<PathBuf> {
    const EDEN: &str = "eden";
    let building = || binaries::build(&cargo(), Profile::Debug, &[EDEN]);
    let built = tokio::task::spawn_blocking(building).await??;
    Ok(built[EDEN].clone())
}

async fn alarm_actions(cloud: &Cloud, command: &str, alarm: &str) -> Result<()> {
    cloud.ministack.aws(&["cloudwatch", command, "--alarm-names", alarm]).await.map(drop)
}

async fn passes(cloud: &Cloud, eden: &Path) -> Result<()> {
    let (status, verified) = verify(cloud, eden).await?;
    let well = |check: &&Value| check["outcome"] == "passed";
    let bad: Vec<_> = checks(&verified).filter(|check| !well(check)).collect();
    ensure!(status == Some(0) && bad.is_empty(), "exit status {status:?}: {bad:#?}");
    ensure!(checks(&verified).count() > 0, "nothing was checked: {verified}");
    Ok(())
}

async fn names(cloud: &Cloud, eden: &Path, broken: &str) -> Result<()> {
    let (status, verified) = verify(cloud, eden).await?;
    let failed: Vec<_> = checks(&verified).filter(|check| check["outcome"] != "passed").collect();
    ensure!(status == Some(1), "exit status {status:?}: {verified}");
    ensure!(failed.len() == 1 && failed[0]["check"] == broken, "{failed:#?}");
    ensure!(failed[0]["remedy"].is_string(), "it does not say what to do: {failed:#?}");
    Ok(())
}

fn checks(verified: &Value) -> impl Iterator<Item = &Value> {
    verified["checks"].as_array().into_iter().flatten()
}

/// The exit status and what was printed.
async fn verify(cloud: &Cloud, eden: &Path) -> Result<(Option<i32>, Value)> {
    let mut command = Command::new(eden);
    command.args(["verify", "--stack", STACK, "--json"]).stdin(Stdio::null());
    away_from_aws(&mut command);
    let lab = cloud.account.face.url();
    command.envs([
        ("AWS_ENDPOINT_URL", &cloud.ministack.url()),
        ("AWS_ENDPOINT_URL_ECS", &lab),
        ("AWS_ENDPOINT_URL_EC2", &lab),
    ]);
    let mut command = tokio::process::Command::from(command);
    let output = command.kill_on_drop(true).output().await.context("cannot run eden")?;
    let said = String::from_utf8_lossy(&output.stdout);
    let verified = serde_json::from_str(&said).with_context(|| {
        format!("it printed no JSON: {said}\n{}", String::from_utf8_lossy(&output.stderr))
    })?;
    Ok((output.status.code(), verified))
}
