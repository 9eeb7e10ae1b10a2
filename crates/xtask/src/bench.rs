//! `cargo xtask bench`: Eden measured side by side with the Python pair in benches/baseline.

use anyhow::Result;
use eden_lab::binaries::{self, Profile};

use crate::process::{command, run, succeeds};
use crate::tools::Tools;
use crate::workspace::cargo;

/// Builds what is measured and what measures, and runs it; whether everything is as fast and as
/// small as it is promised to be.
///
/// # Errors
/// When something cannot be built or installed, or cargo cannot be started.
pub fn measure(arguments: &[String]) -> Result<bool> {
    const SIMULATE: [&str; 6] =
        ["build", "--quiet", "--profile", "simulate", "--package", "eden-simulation"];
    const BENCH: [&str; 7] =
        ["run", "--quiet", "--profile", "simulate", "--package", "eden-bench", "--"];
    let names = ["ip-updater", "health-monitor"];
    let binaries = binaries::build(&cargo(), Profile::Release, &names)?;
    run(&mut command(cargo(), &SIMULATE))?;
    let python = Tools::Baseline.tool("python")?;
    let mut bench = command(cargo(), &BENCH);
    for (name, path) in &binaries {
        bench.arg(format!("--{name}")).arg(path);
    }
    bench.arg("--python").arg(python.get_program());
    succeeds(bench.args(arguments))
}
