//! `cargo xtask bench`: Eden measured side by side with the Python pair in benches/baseline.

use anyhow::{Result, ensure};
use eden_lab::binaries::{self, Profile};

use crate::built;
use crate::process::{command, succeeds};
use crate::tools::Tools;
use crate::workspace::cargo;

/// Builds what is measured and what measures, and runs it; whether everything is as fast and as
/// small as it is promised to be.
///
/// # Errors
/// When something cannot be built or installed, or cargo cannot be started.
pub fn measure(arguments: &[String]) -> Result<bool> {
    const BENCH: &str = "bench";
    // By SAM, so that what is measured is what is deployed, and what e2e guards.
    let [tool, both @ ..] = built::BOTH_AT_ONCE;
    ensure!(succeeds(Tools::Sam.tool(tool)?.args(both))?, "cargo lambda build failed");
    ensure!(succeeds(Tools::Sam.tool("sam")?.arg("build"))?, "sam build failed");
    // It looks for the simulation beside itself.
    let tools = binaries::build(&cargo(), Profile::Debug, &[BENCH, "simulate"])?;
    let python = Tools::Baseline.tool("python")?;
    let mut bench = command(&tools[BENCH], &[]);
    for (function, binary) in built::binaries() {
        bench.arg(format!("--{function}")).arg(binary);
    }
    bench.arg("--python").arg(python.get_program());
    succeeds(bench.args(arguments))
}
