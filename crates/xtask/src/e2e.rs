//! `cargo xtask e2e`: the stack as its users have it. Built, deployed, invoked, updated and removed
//! by the real SAM CLI, on an AWS of this machine.

mod build;
mod cloud;
mod created;
mod docker;
mod events;
mod guided;
mod heal;
mod instructions;
mod local;
mod ministack;
mod report;
mod tags;
mod tool;
mod upgrade;
mod verify;

use std::path::PathBuf;

use anyhow::{Context as _, Result};

pub use docker::BaseImage;

use crate::tools::Tools;
use crate::workspace::root;
use cloud::Cloud;
use report::{Failed, Report};

/// How to run.
#[derive(Debug)]
pub struct Options {
    /// Leave the stack deployed and everything running until Ctrl-C.
    pub keep: bool,
    /// What `sam local invoke` runs the functions in.
    pub base_image: BaseImage,
}

/// Runs the steps, and those that do not rest on one that failed; whether every check passed.
///
/// # Errors
/// When there is no runtime or no folder to work in.
pub fn run(options: &Options) -> Result<bool> {
    let folder = folder();
    std::fs::create_dir_all(&folder)
        .with_context(|| format!("cannot make {}", folder.display()))?;
    let runtime = tokio::runtime::Runtime::new().context("cannot start a runtime")?;
    let mut report = Report::default();
    runtime.block_on(async {
        tokio::select! {
            // A check that fails has been reported, and ends only its own steps.
            _ = steps(&mut report, options) => {}
            interrupted = tokio::signal::ctrl_c() => {
                interrupted.context("cannot wait for Ctrl-C")?;
                anyhow::bail!("interrupted");
            }
        }
        Ok(())
    })?;
    report.close();
    Ok(report.passed())
}

async fn steps(report: &mut Report, options: &Options) -> Result<(), Failed> {
    Tools::install_meanwhile(&[Tools::Sam, Tools::Checkov, Tools::MiniStack]);
    build::build_and_lint(report).await?;
    instructions::are_within_bounds(report).await;
    // `sam local invoke` needs no stack: it is tried whatever became of this one.
    let _ = stack(report, options).await;
    local::invoke_in_docker(report, options.base_image).await
}

/// From the first `sam deploy` to `sam delete`.
async fn stack(report: &mut Report, options: &Options) -> Result<(), Failed> {
    let mut cloud = Cloud::open(report).await?;
    let healed = async {
        guided::deploy(report, &cloud).await?;
        cloud.deploy(report).await?;
        created::everything(report, &cloud).await?;
        heal::with_deployed_functions(report, &cloud).await?;
        verify::stack(report, &cloud).await
    }
    .await;
    if options.keep {
        cloud.describe();
        // Only Ctrl-C ends it.
        std::future::pending::<()>().await;
    }
    healed?;
    upgrade::update(report, &mut cloud).await?;
    upgrade::remove(report, &cloud).await
}

/// Where logs and passing files are.
fn folder() -> PathBuf {
    root().join("target/e2e")
}
