//! `bench`: what `cargo xtask bench` runs, with everything built.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, Result};
use clap::Parser;
use eden_bench::run::{self, Options};
use eden_bench::side::{Function, Programs};
use eden_bench::{document, instructions, promises};

/// Measure Eden side by side with a plain Python pair and write docs/benchmarks.md
#[derive(Debug, Parser)]
#[command(name = "cargo xtask bench", bin_name = "cargo xtask bench")]
struct Arguments {
    /// So few runs that the figures only show that the bench works; writes no document
    #[arg(long)]
    quick: bool,
    /// Also write the figures to this file
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Store the instructions that were counted as the new bounds
    #[arg(long)]
    store_bounds: bool,
    /// The binary of ip-updater
    #[arg(long, hide = true)]
    ip_updater: PathBuf,
    /// The binary of health-monitor
    #[arg(long, hide = true)]
    health_monitor: PathBuf,
    /// The Python with the baseline's requirements
    #[arg(long, hide = true)]
    python: PathBuf,
}

fn main() -> ExitCode {
    match measure(Arguments::parse()) {
        Ok(met) => ExitCode::from(u8::from(!met)),
        Err(error) => {
            anstream::eprintln!("error: {error:#}");
            ExitCode::from(2)
        }
    }
}

/// Measures and writes; whether every figure is as good as it is promised to be.
#[tokio::main]
async fn measure(arguments: Arguments) -> Result<bool> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let root = root.canonicalize().context("the checkout is not where it was built")?;
    let binaries = [
        (Function::IpUpdater, arguments.ip_updater),
        (Function::HealthMonitor, arguments.health_monitor),
    ];
    let options = Options {
        programs: Programs { binaries: BTreeMap::from(binaries), python: arguments.python },
        // Cargo puts both programs into one folder.
        simulate: std::env::current_exe()?.with_file_name("simulate"),
        folder: root.join("target/bench"),
        quick: arguments.quick,
    };
    let figures = run::run(&options).await?;
    if let Some(file) = &arguments.json {
        run::json(&figures, file)?;
    }
    if arguments.store_bounds {
        instructions::store(&figures.instructions, &root)?;
    }
    let text = document::of(&figures);
    if arguments.quick {
        anstream::println!("{text}");
    } else {
        let file = root.join(document::FILE);
        fs::write(&file, text).with_context(|| format!("cannot write {}", document::FILE))?;
        anstream::println!("{} is written", document::FILE);
    }
    let mut all_met = true;
    for promise in promises::promises(&figures) {
        anstream::println!("{}  {}", if promise.is_met() { "met   " } else { "NOT MET" }, promise);
        all_met &= promise.is_met();
    }
    Ok(all_met)
}
