//! `cargo xtask simulate`: histories of faults, played by a program that is built to be fast.

use anyhow::Result;

use crate::process::{command, succeeds};
use crate::workspace::cargo;

/// Builds the simulation, optimized, and runs it; whether nothing was broken.
///
/// # Errors
/// When cargo cannot be started.
pub fn run(arguments: &[String]) -> Result<bool> {
    const RUN: [&str; 7] =
        ["run", "--quiet", "--profile", "simulate", "--package", "eden-simulation", "--"];
    succeeds(command(cargo(), &RUN).args(arguments))
}
