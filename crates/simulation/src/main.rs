//! `simulate`: what `cargo xtask simulate` runs.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Result;
use clap::Parser;
use eden_simulation::reach::unreached;
use eden_simulation::{
    Failure, History, Mix, Played, Policy, Summary, named, play, play_all, report,
};
use indicatif::{ProgressBar, ProgressStyle};

/// So many histories make it likely that everything occurs that has to.
const ENOUGH: u64 = 500;

/// Play seeded histories of faults under several policies and compare the downtime
#[derive(Debug, Parser)]
#[command(name = "cargo xtask simulate", bin_name = "cargo xtask simulate")]
struct Arguments {
    /// How many histories; 200, or 1 when --seed is given
    #[arg(long)]
    seeds: Option<u64>,
    /// The first one's seed
    #[arg(long)]
    seed: Option<u64>,
    /// What the histories are drawn from: classic or reality
    #[arg(long, default_value_t)]
    mix: Mix,
    /// Hours of faults in each history
    #[arg(long, default_value_t = 3)]
    hours: u64,
    /// Only this policy: none, simple, eden, oracle, or a mutant of Eden; can be repeated
    #[arg(long)]
    policy: Vec<Policy>,
    /// Print the histories step by step
    #[arg(long)]
    trace: bool,
    /// Print the figures as JSON
    #[arg(long)]
    json: bool,
    /// Write a page and plots to this folder
    #[arg(long, value_name = "DIR")]
    report: Option<PathBuf>,
}

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            anstream::eprintln!("error: {error:#}");
            ExitCode::from(2)
        }
    }
}

/// Plays; whether nothing was broken.
fn run(arguments: &Arguments) -> Result<bool> {
    let first = arguments.seed.unwrap_or(1);
    let count = arguments.seeds.unwrap_or(if arguments.seed.is_some() { 1 } else { 200 });
    let faults = Duration::from_secs(3600 * arguments.hours);
    let policies = match arguments.policy.as_slice() {
        [] => &Policy::ALL,
        some => some,
    };
    let mix = arguments.mix;
    let seeds = first..first.saturating_add(count);
    let histories: Vec<_> = seeds.map(|seed| History::of_seed(mix, seed, faults)).collect();
    if arguments.trace {
        return Ok(trace(&histories, policies));
    }
    let bar = progress(count, arguments.json);
    let mut summary = Summary::new(mix, policies);
    play_all(&histories, policies, |history, played| {
        let failures = summary.add(history, &played);
        bar.suspend(|| failures.iter().for_each(|it| tell(it, arguments)));
        bar.inc(1);
    });
    bar.finish_and_clear();
    summary.finish();
    if arguments.json {
        anstream::println!("{}", serde_json::to_string_pretty(&summary)?);
    } else {
        show(&summary);
    }
    if let Some(folder) = &arguments.report {
        let command = std::env::args().skip(1).collect::<Vec<_>>().join(" ");
        let shown = shown(&histories, policies);
        report::write(folder, &summary, &shown, &format!("cargo xtask simulate {command}"))?;
        anstream::eprintln!("report: {}", folder.join("index.html").display());
    }
    let missed = if count >= ENOUGH && policies.contains(&Policy::Eden) {
        unreached(mix, &summary.seen)
    } else {
        Vec::new()
    };
    for missed in &missed {
        anstream::eprintln!("never occurred: {missed}");
    }
    Ok(summary.failures.is_empty() && missed.is_empty())
}

/// The histories whose timelines a report shows: the only one there is, or else the named ones.
fn shown(histories: &[History], policies: &[Policy]) -> Vec<Played> {
    let named = named();
    let shown = if histories.len() == 1 { histories } else { &named };
    let under = |history| policies.iter().map(move |policy| play(history, *policy, true));
    shown.iter().flat_map(under).collect()
}

fn progress(count: u64, hidden: bool) -> ProgressBar {
    let template = "{bar:40} {pos}/{len} histories, {elapsed}, {eta} left";
    let style = ProgressStyle::with_template(template);
    let bar = if hidden { ProgressBar::hidden() } else { ProgressBar::new(count) };
    bar.with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}

/// Prints histories step by step; whether nothing was broken.
fn trace(histories: &[History], policies: &[Policy]) -> bool {
    let mut well = true;
    for history in histories {
        for policy in policies {
            anstream::println!("{}, {}: {:?}", history.name, policy.title(), history.setting);
            let played = play(history, *policy, true);
            for line in &played.trace {
                anstream::println!("{line}");
            }
            anstream::println!("{:.0} s of downtime", played.downtime_s);
            for broken in &played.broken {
                anstream::println!("BROKEN: {}: {}", broken.invariant, broken.text);
            }
            well &= played.broken.is_empty();
        }
    }
    well
}

/// Says what failed, and how to see it.
fn tell(failure: &Failure, Arguments { mix, hours, .. }: &Arguments) {
    let Failure { seed, policy, broken } = failure;
    anstream::eprintln!("seed {seed}, {policy}: {}: {}", broken.invariant, broken.text);
    anstream::eprintln!(
        "    cargo xtask simulate --mix {mix} --seed {seed} --hours {hours} --policy {policy} --trace"
    );
}

fn show(summary: &Summary) {
    anstream::println!("{} histories of the mix {}", summary.histories, summary.mix);
    anstream::println!();
    anstream::println!("policy          downtime  available  outages  recovered: half, 90 %, 99 %");
    for of in &summary.policies {
        let recovery = |percent| of.recovery_s(percent).unwrap_or(0.0);
        anstream::println!(
            "{:<13} {:>8.1} h {:>9.3} % {:>7} {:>12.0} s {:>6.0} s {:>6.0} s",
            of.policy.title(),
            of.downtime_s / 3600.0,
            of.availability(),
            of.outages_s.len(),
            recovery(50.0),
            recovery(90.0),
            recovery(99.0),
        );
    }
    anstream::println!();
    let titles: Vec<_> =
        summary.policies.iter().map(|of| format!("{:>13}", of.policy.title())).collect();
    anstream::println!("{:<30} {:>6} {}", "minutes of downtime after", "times", titles.join(" "));
    for (name, of) in &summary.faults {
        let cells: Vec<_> = of.downtime_s.iter().map(|it| format!("{:>13.1}", it / 60.0)).collect();
        anstream::println!("{name:<30} {:>6} {}", of.count, cells.join(" "));
    }
    anstream::println!();
    for of in &summary.policies {
        let actions: Vec<_> = of.actions.iter().map(|(name, n)| format!("{n} {name}")).collect();
        anstream::println!("{:<13} {}", of.policy.title(), actions.join(", "));
    }
}
