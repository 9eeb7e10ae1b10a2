//! `cargo xtask test`: every check, each told apart, a summary at the end.

use std::process::Command;
use std::time::Duration;

use anstyle::{AnsiColor, Style};
use anyhow::Result;
use tokio::time::Instant;

use crate::fuzz::Extent;
use crate::process::{command, exists, succeeds};
use crate::tools::Tools;
use crate::workspace::cargo;
use crate::{fuzz, simulate};

/// A check's name, and how it went.
struct Checked {
    name: &'static str,
    verdict: Verdict,
    took: Duration,
}

#[derive(PartialEq, Eq)]
enum Verdict {
    Passed,
    Failed,
    Skipped(&'static str),
}

/// Runs every check, also after one has failed; whether all passed.
///
/// # Errors
/// When a tool cannot be started or installed.
pub fn run() -> Result<bool> {
    Tools::install_meanwhile(&[Tools::Sam]);
    let mut checked = Vec::new();
    let mut check = |name, run: &dyn Fn() -> Result<Verdict>| -> Result<()> {
        let bold = Style::new().bold();
        anstream::println!("{bold}── {name}{bold:#}");
        let started = Instant::now();
        let verdict = run()?;
        checked.push(Checked { name, verdict, took: started.elapsed() });
        Ok(())
    };
    check("formatting", &|| cargo_passes(&["fmt", "--all", "--check"]))?;
    check("clippy", &|| {
        cargo_passes(&["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"])
    })?;
    check("tests", &tests)?;
    check("simulation", &simulation)?;
    check("fuzzing", &fuzzing)?;
    check("licences and sources", &licences)?;
    check("cfn-lint", &|| passes(Tools::Sam.tool("cfn-lint")?.arg("template.yaml")))?;
    check("sam validate --lint", &|| {
        passes(Tools::Sam.tool("sam")?.args(["validate", "--lint", "--template", "template.yaml"]))
    })?;
    summarize(&checked);
    Ok(checked.iter().all(|checked| checked.verdict != Verdict::Failed))
}

fn passes(command: &mut Command) -> Result<Verdict> {
    Ok(if succeeds(command)? { Verdict::Passed } else { Verdict::Failed })
}

fn cargo_passes(arguments: &[&str]) -> Result<Verdict> {
    passes(&mut command(cargo(), arguments))
}

/// With cargo-nextest where it is installed, else with what comes with Rust.
fn tests() -> Result<Verdict> {
    if exists(cargo(), &["nextest", "--version"]) {
        cargo_passes(&["nextest", "run", "--workspace", "--no-fail-fast"])
    } else {
        cargo_passes(&["test", "--workspace", "--no-fail-fast", "--lib", "--bins", "--tests"])
    }
}

/// A few hundred of the histories that `cargo xtask simulate` plays.
fn simulation() -> Result<Verdict> {
    let arguments = ["--seeds", "300", "--hours", "1"].map(str::to_owned);
    let passed = simulate::run(&arguments)?;
    Ok(if passed { Verdict::Passed } else { Verdict::Failed })
}

/// Where it is possible, the same inputs each time.
fn fuzzing() -> Result<Verdict> {
    const INPUTS: Extent = Extent::Inputs(300_000);
    if !fuzz::is_possible() {
        return Ok(Verdict::Skipped("needs a nightly toolchain and cargo-fuzz"));
    }
    Ok(if fuzz::run(INPUTS)? { Verdict::Passed } else { Verdict::Failed })
}

/// Without the advisories: their database comes from the network, which not every machine has.
fn licences() -> Result<Verdict> {
    if exists(cargo(), &["deny", "--version"]) {
        cargo_passes(&["deny", "--offline", "check", "bans", "licenses", "sources"])
    } else {
        Ok(Verdict::Skipped("cargo-deny is not installed"))
    }
}

fn summarize(checked: &[Checked]) {
    anstream::println!();
    for Checked { name, verdict, took } in checked {
        let (colour, word, why) = match verdict {
            Verdict::Passed => (AnsiColor::Green, "passed", ""),
            Verdict::Failed => (AnsiColor::Red, "FAILED", ""),
            Verdict::Skipped(why) => (AnsiColor::Yellow, "skipped", *why),
        };
        let style = colour.on_default();
        let seconds = took.as_secs_f64();
        anstream::println!("{style}{word:>8}{style:#}  {name:<22} {seconds:>7.1} s  {why}");
    }
}
