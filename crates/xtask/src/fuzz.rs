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

/// How much is tried of each target.
#[derive(Clone, Copy)]
pub enum Extent {
    /// Other inputs each time, for so many seconds.
    Seconds(u64),
    /// So many inputs, the same ones each time: a check must not pass or fail by luck.
    Inputs(u64),
}

/// Tries each target; whether all inputs were taken well. An input that was not is in
/// `fuzz/artifacts`, and the output has the command that repeats it.
///
/// # Errors
/// When a tool cannot be started.
pub fn run(extent: Extent) -> Result<bool> {
    let mut passed = true;
    for (target, seeds) in TARGETS {
        // What is found goes to the first folder, which is not kept with the sources. The same inputs
        // are made of the same examples only.
        let (folder, limits) = match extent {
            Extent::Seconds(seconds) => ("fuzz-corpus", vec![format!("-max_total_time={seconds}")]),
            Extent::Inputs(inputs) => {
                ("fuzz-check", vec![format!("-runs={inputs}"), "-seed=1".to_owned()])
            }
        };
        let corpus = format!("target/{folder}/{target}");
        let folder = workspace::root().join(&corpus);
        if matches!(extent, Extent::Inputs(_)) && folder.exists() {
            fs::remove_dir_all(&folder).with_context(|| format!("cannot empty {corpus}"))?;
        }
        fs::create_dir_all(&folder).with_context(|| format!("cannot make {corpus}"))?;
        let mut fuzz: Command = command("rustup", &["run", "nightly", "cargo", "fuzz", "run"]);
        // Nothing here is `unsafe`, so that a sanitizer would find nothing.
        fuzz.args(["--sanitizer", "none", "--target-dir", "target/fuzz", target]);
        fuzz.arg(corpus).args(seeds).arg("--");
        fuzz.args(limits).arg(format!("-max_len={LONGEST}"));
        passed &= succeeds(&mut fuzz)?;
    }
    Ok(passed)
}
