//! `cargo xtask fuzz`: what comes from outside is made up at random, for a while.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result};

use crate::tools;
use crate::workspace;

/// A target in `fuzz/fuzz_targets`.
struct Target {
    name: &'static str,
    /// Where its examples are.
    seeds: &'static [&'static str],
    /// The words of its language, in libFuzzer's format for dictionaries.
    words: &'static str,
    /// The least number of edges that a check reaches: with fewer, the examples have lost their
    /// form, and what is made of them is refused at the door.
    least: u64,
}

const TARGETS: [Target; 3] = [
    Target { name: "event", seeds: &["events"], words: "fuzz/words/event", least: 1_000 },
    Target { name: "uri", seeds: &["fuzz/seeds/uri"], words: "fuzz/words/uri", least: 250 },
    Target {
        name: "config",
        seeds: &["fuzz/seeds/config"],
        words: "fuzz/words/config",
        least: 700,
    },
];
/// Longer than any input that AWS would send.
const LONGEST: usize = 65_536;

/// How much is tried of each target.
#[derive(Clone, Copy)]
pub enum Extent {
    /// Other inputs each time, for so many seconds.
    Seconds(u64),
    /// So many inputs, the same ones each time: a check must not pass or fail by luck.
    Inputs(u64),
}

/// Tries each target; whether all inputs were taken well, and enough of the code was reached. An
/// input that was not is in `fuzz/artifacts`, and the output has the command that repeats it.
///
/// # Errors
/// When a tool cannot be installed or started.
pub fn run(extent: Extent) -> Result<bool> {
    let mut passed = true;
    let mut reached = Vec::new();
    for target in &TARGETS {
        let (taken, edges) = try_target(target, extent)?;
        passed &= taken;
        reached.push((target, edges));
    }
    for (Target { name, least, .. }, edges) in reached {
        let few = if edges < *least { format!(", fewer than {least}") } else { String::new() };
        anstream::println!("fuzz target {name:<6} reached {edges} edges{few}");
        passed &= edges >= *least;
    }
    Ok(passed)
}

/// Whether all inputs were taken well, and how many edges of the code they reached.
fn try_target(target: &Target, extent: Extent) -> Result<(bool, u64)> {
    // What is found goes to the first folder, which is not kept with the sources. The same inputs
    // are made of the same examples only.
    let (folder, limits) = match extent {
        Extent::Seconds(seconds) => ("fuzz-corpus", vec![format!("-max_total_time={seconds}")]),
        Extent::Inputs(inputs) => {
            ("fuzz-check", vec![format!("-runs={inputs}"), "-seed=1".to_owned()])
        }
    };
    let corpus = format!("target/{folder}/{}", target.name);
    let folder = workspace::root().join(&corpus);
    if matches!(extent, Extent::Inputs(_)) && folder.exists() {
        fs::remove_dir_all(&folder).with_context(|| format!("cannot empty {corpus}"))?;
    }
    fs::create_dir_all(&folder).with_context(|| format!("cannot make {corpus}"))?;
    let mut fuzz = tools::cargo_fuzz()?;
    // Nothing here is `unsafe`, so that a sanitizer would find nothing, and without one the stable
    // compiler does.
    fuzz.args(["run", "--sanitizer", "none", "--target-dir", "target/fuzz", target.name]);
    fuzz.arg(corpus).args(target.seeds).arg("--").args(limits);
    fuzz.args([format!("-max_len={LONGEST}"), format!("-dict={}", target.words)]);
    watched(&mut fuzz)
}

/// Runs a fuzzer with its output shown; whether it succeeded, and the edges that it told of last.
fn watched(fuzz: &mut Command) -> Result<(bool, u64)> {
    let mut child = fuzz.stderr(Stdio::piped()).spawn().context("cannot start cargo-fuzz")?;
    let mut edges = 0;
    if let Some(stderr) = child.stderr.take() {
        for line in BufReader::new(stderr).lines() {
            let line = line.context("cannot read what cargo-fuzz says")?;
            edges = edges_of(&line).unwrap_or(edges);
            // Each input that reaches something new has a line: only the milestones are shown.
            if !is_news(&line) {
                anstream::eprintln!("{line}");
            }
        }
    }
    let status = child.wait().context("cannot wait for cargo-fuzz")?;
    Ok((status.success(), edges))
}

/// The edges of one of libFuzzer's lines: `#1024 pulse  cov: 83 ft: 211 corp: 12/1Kb …`.
fn edges_of(line: &str) -> Option<u64> {
    let (_, after) = line.split_once(" cov: ")?;
    after.split_whitespace().next()?.parse().ok()
}

/// Whether a line only says that an input was kept.
fn is_news(line: &str) -> bool {
    ["\tNEW ", "\tREDUCE ", "\tRELOAD "].iter().any(|word| line.contains(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_edges_are_those_of_libfuzzer_s_lines() {
        let done =
            "#300000\tDONE   cov: 412 ft: 1318 corp: 203/9Kb lim: 65536 exec/s: 9375 rss: 61Mb";
        assert_eq!(edges_of(done), Some(412));
        assert_eq!(edges_of("Done 300000 runs in 32 second(s)"), None);
        assert!(is_news("#1771\tREDUCE cov: 301 ft: 622 corp: 80/1Kb") && !is_news(done));
    }
}
