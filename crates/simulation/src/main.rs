//! `simulate`: what `cargo xtask simulate` runs.

use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use eden_simulation::{History, Policy, play, play_all};
use indicatif::{ProgressBar, ProgressStyle};

/// Play seeded histories of faults under several policies and compare the downtime
#[derive(Debug, Parser)]
#[command(name = "cargo xtask simulate", bin_name = "cargo xtask simulate")]
struct Arguments {
    /// How many histories
    #[arg(long)]
    seeds: Option<u64>,
    /// The first one's seed; alone, only that history
    #[arg(long)]
    seed: Option<u64>,
    /// Hours of faults in each history
    #[arg(long, default_value_t = 2)]
    hours: u64,
    /// Only this policy; can be given more than once
    #[arg(long)]
    policy: Vec<Policy>,
    /// Print the history step by step
    #[arg(long)]
    trace: bool,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let first = arguments.seed.unwrap_or(1);
    let count = arguments.seeds.unwrap_or(if arguments.seed.is_some() { 1 } else { 200 });
    let faults = Duration::from_secs(3600 * arguments.hours);
    let policies =
        if arguments.policy.is_empty() { Policy::ALL.to_vec() } else { arguments.policy };
    let histories: Vec<_> =
        (first..first + count).map(|seed| History::of_seed(seed, faults)).collect();
    if arguments.trace {
        for history in &histories {
            for policy in &policies {
                anstream::println!("{}, {policy}: {:?}", history.name, history.setting);
                for line in play(history, *policy, true).trace {
                    anstream::println!("{line}");
                }
            }
        }
        return ExitCode::SUCCESS;
    }
    let bar = ProgressBar::new(count).with_style(
        ProgressStyle::with_template("{bar:40} {pos}/{len} histories, {elapsed}, {eta} left")
            .unwrap_or_else(|_| ProgressStyle::default_bar()),
    );
    let mut total = vec![0.0; policies.len()];
    play_all(&histories, &policies, |played| {
        for (sum, played) in total.iter_mut().zip(played) {
            *sum += played.downtime_s;
            for broken in &played.broken {
                bar.suspend(|| anstream::println!("{}: {broken:?}", played.name));
            }
        }
        bar.inc(1);
    });
    bar.finish_and_clear();
    for (policy, sum) in policies.iter().zip(total) {
        anstream::println!("{policy:>8} {sum:>12.0} s");
    }
    ExitCode::SUCCESS
}
