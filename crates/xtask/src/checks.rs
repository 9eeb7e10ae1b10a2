//! `cargo xtask test`: every check, each told apart, a summary at the end.

use std::time::Duration;

use anstyle::{AnsiColor, Style};
use anyhow::Result;
use tokio::time::Instant;

use crate::built;
use crate::fuzz::{self, Extent};
use crate::process::{command, exists, succeeds};
use crate::simulate;
use crate::tools::Tools;
use crate::workspace::cargo;

/// A check's name, and how it went.
struct Checked {
    name: &'static str,
    passed: bool,
    took: Duration,
}

/// Runs every check, also after one has failed; whether all passed. None is ever skipped.
///
/// # Errors
/// When a tool cannot be started or installed.
pub fn run() -> Result<bool> {
    Tools::install_meanwhile(&[Tools::Sam, Tools::Deny]);
    let mut checked = Vec::new();
    let mut check = |name, run: &dyn Fn() -> Result<bool>| -> Result<()> {
        let bold = Style::new().bold();
        anstream::println!("{bold}── {name}{bold:#}");
        let started = Instant::now();
        let passed = run()?;
        checked.push(Checked { name, passed, took: started.elapsed() });
        Ok(())
    };
    check("formatting", &|| cargo_passes(&["fmt", "--all", "--check"]))?;
    check("clippy", &|| {
        cargo_passes(&["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"])
    })?;
    check("tests", &tests)?;
    check("simulation", &simulation)?;
    // The same inputs each time.
    check("fuzzing", &|| fuzz::run(Extent::Inputs(300_000)))?;
    check("licences and sources", &licences)?;
    check("cfn-lint", &|| {
        succeeds(Tools::Sam.tool("cfn-lint")?.args(["template.yaml", built::EXAMPLE]))
    })?;
    check("sam validate --lint", &|| {
        succeeds(Tools::Sam.tool("sam")?.args([
            "validate",
            "--lint",
            "--template",
            "template.yaml",
        ]))
    })?;
    summarize(&checked);
    Ok(checked.iter().all(|checked| checked.passed))
}

fn cargo_passes(arguments: &[&str]) -> Result<bool> {
    succeeds(&mut command(cargo(), arguments))
}

/// With cargo-nextest where it is installed, else with what comes with Rust.
fn tests() -> Result<bool> {
    if exists(cargo(), &["nextest", "--version"]) {
        cargo_passes(&["nextest", "run", "--workspace", "--no-fail-fast"])
    } else {
        cargo_passes(&["test", "--workspace", "--no-fail-fast", "--lib", "--bins", "--tests"])
    }
}

/// A few hundred of the histories that `cargo xtask simulate` plays.
fn simulation() -> Result<bool> {
    let arguments = ["--mix", "classic", "--seeds", "300", "--hours", "1"];
    simulate::run(&arguments.map(str::to_owned))
}

/// Without the advisories: a new one would fail a change that has nothing to do with it. CI asks
/// for them beside this, and every week.
fn licences() -> Result<bool> {
    // Quiet about crates of several versions, which deny.toml only warns of.
    let check = ["--log-level", "error", "check", "bans", "licenses", "sources"];
    succeeds(Tools::Deny.tool("cargo-deny")?.args(check))
}

fn summarize(checked: &[Checked]) {
    anstream::println!();
    for Checked { name, passed, took } in checked {
        let (colour, word) =
            if *passed { (AnsiColor::Green, "passed") } else { (AnsiColor::Red, "FAILED") };
        let style = colour.on_default();
        let seconds = took.as_secs_f64();
        anstream::println!("{style}{word:>8}{style:#}  {name:<22} {seconds:>7.1} s");
    }
}
