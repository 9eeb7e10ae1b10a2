//! `cargo xtask simulate`: histories of faults, played by a program of its own.

use anyhow::Result;
use eden_lab::binaries::{self, Profile};

use crate::process::{command, succeeds};
use crate::workspace::cargo;

/// Builds the simulation and runs it; whether nothing was broken.
///
/// # Errors
/// When it cannot be built or started.
pub fn run(arguments: &[String]) -> Result<bool> {
    const NAME: &str = "simulate";
    let built = binaries::build(&cargo(), Profile::Debug, &[NAME])?;
    succeeds(command(&built[NAME], &[]).args(arguments))
}
