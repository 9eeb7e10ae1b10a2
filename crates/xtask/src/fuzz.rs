//! `cargo xtask fuzz`: what comes from outside is made up at random, for a while.

use std::fs;
use std::process::Command;

use anyhow::{Context as _, Result};

use crate::process::{command, exists, succeeds};
use crate::workspace;

/// The targets in `fuzz/fuzz_targets`, and where their examples are.
const TARGETS: [(&str, &[&str]); 3] = [
    ("event", &["events"]),
    ("uri", &["fuzz/seeds/uri", "events"]),
    ("config", &["fuzz/seeds/config", "events"]),
];
/// Longer than any input that AWS would send.
const LONGEST: usize = 65_536;

/// Whether this machine has what fuzzing needs: a nightly compiler, and cargo-fuzz.
pub fn is_possible() -> bool {
    exists("rustup", &["run", "nightly", "cargo", "fuzz", "--version"])
}

/// Runs each target for so many seconds; whether all inputs were taken well. An input that was not
/// is in `fuzz/artifacts`, and the output has the command that repeats it.
///
/// # Errors
/// When a tool cannot be started.
pub fn run(seconds: u64) -> Result<bool> {
    let mut passed = true;
    for (target, seeds) in TARGETS {
        // What is found goes to the first folder, which is not kept with the sources.
        let corpus = format!("target/fuzz-corpus/{target}");
        let folder = workspace::root().join(&corpus);
        fs::create_dir_all(&folder).with_context(|| format!("cannot make {corpus}"))?;
        let mut fuzz: Command = command("rustup", &["run", "nightly", "cargo", "fuzz", "run"]);
        // Nothing here is `unsafe`, so that a sanitizer would find nothing.
        fuzz.args(["--sanitizer", "none", "--target-dir", "target/fuzz", target]);
        fuzz.arg(corpus).args(seeds).arg("--");
        fuzz.args([format!("-max_total_time={seconds}"), format!("-max_len={LONGEST}")]);
        passed &= succeeds(&mut fuzz)?;
    }
    Ok(passed)
}
