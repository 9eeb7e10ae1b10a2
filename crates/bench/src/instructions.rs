//! Processor instructions, counted by valgrind's callgrind: unlike time, they are nearly the same in
//! each run and on each machine of a kind, so that a stored bound can guard them.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use serde::{Deserialize, Serialize};
use tokio::process::Command;

use crate::figures::Instructions;
use crate::ground::{Ground, Wire};
use crate::side::{Function, Programs, Side};
use crate::spread::Spread;
use crate::subject::Subject;

/// The bounds' file, below the checkout's root.
pub const FILE: &str = "benches/instructions.json";
const BOUNDS: &str = include_str!("../../../benches/instructions.json");

/// By so much a bound is above what was measured when it was stored.
const ROOM: f64 = 1.05;
/// Events before those that are counted: they fill pools and caches.
const BEFORE: u64 = 3;
/// Events that are counted.
const COUNTED: u64 = 5;
/// A program that is simulated instruction by instruction takes fifty times as long.
const PATIENCE: Duration = Duration::from_secs(180);
/// What a process still does after it has asked for an event, and valgrind after it is told to end.
const SETTLE: Duration = Duration::from_millis(500);

/// What a function may execute, or has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// Until it asks for an event.
    pub start: u64,
    /// For one event, when it has answered before.
    pub event: u64,
}

/// A count and its bound.
#[derive(Debug, Clone)]
pub struct Checked {
    /// What was counted.
    pub what: String,
    /// How many.
    pub counted: u64,
    /// How many it may be.
    pub bound: u64,
}

impl Checked {
    /// Whether the bound is kept.
    pub fn is_kept(&self) -> bool {
        self.counted <= self.bound
    }
}

impl std::fmt::Display for Checked {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { what, counted, bound } = self;
        write!(
            f,
            "{what}: {} instructions, at most {} by {FILE}",
            grouped(*counted),
            grouped(*bound)
        )
    }
}

/// Whether there is a valgrind to count with.
pub fn valgrind() -> Option<PathBuf> {
    #[expect(clippy::disallowed_methods, reason = "programs are searched for where the shell does")]
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|folder| folder.join("valgrind")).find(|it| it.is_file())
}

/// Counts what these binaries execute and compares it with the stored bounds.
///
/// # Errors
/// When valgrind or a binary cannot be run, or the bounds cannot be read.
pub async fn check(
    valgrind: &Path,
    binaries: &BTreeMap<Function, PathBuf>,
    folder: &Path,
) -> Result<Vec<Checked>> {
    let bounds = bounds()?;
    let ground = Ground::open(1, Duration::ZERO, Wire::Plain, folder).await?;
    let mut checked = Vec::new();
    for (function, binary) in binaries {
        let bound = bounds.get(&function.to_string());
        let bound = bound.with_context(|| format!("{FILE} has no {function}"))?;
        let line = [binary.to_string_lossy().into_owned()];
        let counts = count(valgrind, &line, &ground, Side::Eden, *function, folder).await?;
        let check = |what: &str, counted, bound| Checked {
            what: format!("{function}, {what}"),
            counted,
            bound,
        };
        checked.push(check("start", counts.start, bound.start));
        checked.push(check("one event", counts.event, bound.event));
    }
    Ok(checked)
}

fn bounds() -> Result<BTreeMap<String, Counts>> {
    serde_json::from_str(BOUNDS).with_context(|| {
        format!(r#"{FILE} is malformed; accepted: {{"FUNCTION": {{"start": N, "event": N}}}}"#)
    })
}

/// Stores bounds a little above what was measured.
///
/// # Errors
/// When the file cannot be written.
pub fn store(figures: &[Instructions], root: &Path) -> Result<()> {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "counts are positive and far below what a number can hold"
    )]
    let bound = |spread: &Spread| (spread.max * ROOM / 1e4).ceil() as u64 * 10_000;
    let bounds: BTreeMap<_, _> = figures
        .iter()
        .map(|it| {
            let counts = Counts { start: bound(&it.start), event: bound(&it.event) };
            (it.function.to_string(), counts)
        })
        .collect();
    let text = serde_json::to_string_pretty(&bounds)? + "\n";
    fs::write(root.join(FILE), text).with_context(|| format!("cannot write {FILE}"))
}

/// Counts both sides of a function: Eden so many times, the baseline once.
///
/// # Errors
/// When valgrind or a side cannot be run.
pub async fn measure(
    valgrind: &Path,
    programs: &Programs,
    ground: &Ground,
    function: Function,
    runs: usize,
    folder: &Path,
) -> Result<Instructions> {
    let count = async |side| {
        count(valgrind, &programs.line(side, function), ground, side, function, folder).await
    };
    let mut eden = Vec::new();
    for _ in 0..runs {
        eden.push(count(Side::Eden).await?);
    }
    let baseline = [count(Side::Baseline).await?];
    let starts = |counts: &[Counts]| Spread::of(counts.iter().map(|it| number(it.start)));
    let events = |counts: &[Counts]| Spread::of(counts.iter().map(|it| number(it.event)));
    Ok(Instructions {
        function,
        start: starts(&eden),
        event: events(&eden),
        baseline_start: starts(&baseline),
        baseline_event: events(&baseline),
    })
}

#[expect(clippy::cast_precision_loss, reason = "more digits than anybody reads")]
fn number(count: u64) -> f64 {
    count as f64
}

/// An event is what a process with more of them executes beyond one with fewer.
async fn count(
    valgrind: &Path,
    line: &[String],
    ground: &Ground,
    side: Side,
    function: Function,
    folder: &Path,
) -> Result<Counts> {
    let run = async |events| run(valgrind, line, ground, (side, function), folder, events).await;
    let (start, fewer, more) = (run(0).await?, run(BEFORE).await?, run(BEFORE + COUNTED).await?);
    Ok(Counts { start, event: more.saturating_sub(fewer) / COUNTED })
}

/// Runs a process from its start over so many events, and counts.
async fn run(
    valgrind: &Path,
    line: &[String],
    ground: &Ground,
    (side, function): (Side, Function),
    folder: &Path,
    events: u64,
) -> Result<u64> {
    let file = folder.join("callgrind.out");
    let tool = [
        valgrind.to_string_lossy().into_owned(),
        "--tool=callgrind".to_owned(),
        format!("--callgrind-out-file={}", file.display()),
    ];
    let line: Vec<String> = tool.into_iter().chain(line.iter().cloned()).collect();
    let mut subject = Subject::start_as(&line, ground, side, function).await?;
    let polled = tokio::time::timeout(PATIENCE, subject.environment.first_poll()).await;
    polled.with_context(|| format!("{side:?}'s {function} does not ask for an event"))?;
    for _ in 0..events {
        subject.invoke(ground).await?;
    }
    tokio::time::sleep(SETTLE).await;
    // Callgrind writes what it counted when the program ends, and it ends as the program does.
    let kill = format!("kill -TERM {}", subject.pid()?);
    let told = Command::new("/bin/sh").args(["-c", &kill]).status().await?;
    ensure!(told.success(), "cannot end {}", line[0]);
    tokio::time::timeout(PATIENCE, subject.environment.ended())
        .await
        .context("valgrind does not end")??;
    let text = fs::read_to_string(&file);
    let text = text.with_context(|| format!("callgrind left no {}", file.display()))?;
    total(&text).with_context(|| format!("{} has no summary", file.display()))
}

fn total(profile: &str) -> Option<u64> {
    let of = |name| profile.lines().find_map(|line| line.strip_prefix(name));
    of("summary:").or_else(|| of("totals:"))?.trim().parse().ok()
}

/// A number with its digits in groups of three.
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_total_is_found_in_a_profile() {
        assert_eq!(total("version: 1\nevents: Ir\nsummary: 1234567\n\nfn=(1)\n"), Some(1_234_567));
        assert_eq!(total("totals: 42\n"), Some(42));
        assert_eq!(total("events: Ir\n"), None);
    }

    #[test]
    fn every_function_has_bounds() {
        let bounds = bounds().unwrap();
        for function in Function::BOTH {
            let counts = bounds[&function.to_string()];
            assert!(counts.start > 0 && counts.event > 0, "{function}");
        }
    }

    #[test]
    fn a_count_above_its_bound_is_told_with_both() {
        let checked = |counted| Checked { what: "f, start".to_owned(), counted, bound: 1_000 };
        assert!(checked(1_000).is_kept());
        assert!(!checked(1_001).is_kept());
        let told = checked(1_234_567).to_string();
        assert!(told.contains("1,234,567") && told.contains("at most 1,000"), "{told}");
    }
}
