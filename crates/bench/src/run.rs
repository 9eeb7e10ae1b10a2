//! A whole run: every measurement, one after the other.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, Result};

use crate::figures::{Cold, Figures, Instructions, Warm};
use crate::ground::{Ground, Wire};
use crate::machine::Machine;
use crate::side::{Function, Programs};
use crate::spread::Spread;
use crate::{cold, floor, instructions, simulation, size, warm};

/// What AWS takes for a call within its own network, for the measurements with latency.
const LATENCY: Duration = Duration::from_millis(30);

/// What to run.
#[derive(Debug, Clone)]
pub struct Options {
    /// Both sides' programs.
    pub programs: Programs,
    /// The simulation's program.
    pub simulate: PathBuf,
    /// Where passing files are.
    pub folder: PathBuf,
    /// So few runs that it takes a minute.
    pub quick: bool,
}

/// How often each thing is done.
struct Runs {
    cold: usize,
    warm: usize,
    checks: [(u32, usize); 3],
    instructions: usize,
    histories: u32,
}

impl Runs {
    const FULL: Self = Self {
        cold: 21,
        warm: 101,
        checks: [(1, 61), (100, 41), (1_000, 21)],
        instructions: 5,
        histories: 100,
    };
    const QUICK: Self = Self {
        cold: 3,
        warm: 5,
        checks: [(1, 5), (100, 5), (1_000, 5)],
        instructions: 1,
        histories: 20,
    };
}

/// Measures everything.
///
/// # Errors
/// When a program cannot be run, fails, or does not do its job.
pub async fn run(options: &Options) -> Result<Figures> {
    let Options { programs, folder, quick, .. } = options;
    std::fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    let runs = if *quick { Runs::QUICK } else { Runs::FULL };
    let machine = Machine::this(programs);
    let cold = cold_starts(options, &runs).await?;
    let warm = warm_events(options, &runs).await?;
    let floor_ms = floor(options, &runs).await?;
    let sizes = Function::BOTH.into_iter().map(|it| size::measure(programs, it, folder));
    let sizes = sizes.collect::<Result<_>>()?;
    let instructions = instructions_of_both(options, &runs).await?;
    say("the simulation's speed");
    let simulation = simulation::measure(&options.simulate, runs.histories).await?;
    let load_at_end = Machine::this(programs).load;
    Ok(Figures {
        machine,
        quick: *quick,
        load_at_end,
        cold,
        warm,
        floor_ms,
        sizes,
        instructions,
        simulation,
    })
}

async fn cold_starts(options: &Options, runs: &Runs) -> Result<Vec<Cold>> {
    let mut figures = Vec::new();
    for (wire, latency) in wires() {
        let ground = Ground::open(1, latency, wire, &options.folder).await?;
        for function in Function::BOTH {
            say(&format!("cold starts of {function}, {wire:?}, {latency:?}"));
            let programs = &options.programs;
            figures.push(cold::measure(programs, &ground, wire, function, runs.cold).await?);
        }
    }
    Ok(figures)
}

async fn warm_events(options: &Options, runs: &Runs) -> Result<Vec<Warm>> {
    let Options { programs, folder, .. } = options;
    let mut figures = Vec::new();
    for (wire, latency) in wires() {
        say(&format!("route moves, {wire:?}, {latency:?}"));
        let ground = Ground::open(1, latency, wire, folder).await?;
        let (on, of) = ((wire, 1), Function::IpUpdater);
        figures.push(warm::measure(programs, &ground, on, of, runs.warm).await?);
    }
    for (tasks, checks) in runs.checks {
        for latency in [Duration::ZERO, LATENCY] {
            say(&format!("health checks of {tasks} tasks, {latency:?}"));
            let ground = Ground::open(tasks, latency, Wire::Plain, folder).await?;
            let (on, of) = ((Wire::Plain, tasks), Function::HealthMonitor);
            figures.push(warm::measure(programs, &ground, on, of, checks).await?);
        }
    }
    Ok(figures)
}

async fn floor(options: &Options, runs: &Runs) -> Result<Spread> {
    say(&format!("calls that nothing is computed for, {LATENCY:?}"));
    let ground = Ground::open(1, LATENCY, Wire::Plain, &options.folder).await?;
    floor::measure(&ground, runs.warm).await
}

async fn instructions_of_both(options: &Options, runs: &Runs) -> Result<Vec<Instructions>> {
    let Some(valgrind) = instructions::valgrind() else {
        say("no valgrind, so instructions are not counted");
        return Ok(Vec::new());
    };
    let Options { programs, folder, .. } = options;
    let ground = Ground::open(1, Duration::ZERO, Wire::Plain, folder).await?;
    let mut figures = Vec::new();
    for function in Function::BOTH {
        say(&format!("instructions of {function}"));
        let runs = runs.instructions;
        let counted =
            instructions::measure(&valgrind, programs, &ground, function, runs, folder).await?;
        figures.push(counted);
    }
    Ok(figures)
}

fn wires() -> impl Iterator<Item = (Wire, Duration)> {
    [Wire::Plain, Wire::Tls].into_iter().flat_map(|it| [(it, Duration::ZERO), (it, LATENCY)])
}

fn say(what: &str) {
    anstream::eprintln!("measuring {what}");
}

/// Writes the figures for machines.
///
/// # Errors
/// When the file cannot be written.
pub fn json(figures: &Figures, file: &Path) -> Result<()> {
    let text = serde_json::to_string_pretty(figures)? + "\n";
    std::fs::write(file, text).with_context(|| format!("cannot write {}", file.display()))
}
