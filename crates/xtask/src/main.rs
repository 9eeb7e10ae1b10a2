//! The project's own commands, run as `cargo xtask COMMAND`.

mod bench;
mod built;
mod checks;
mod demo;
mod e2e;
mod fuzz;
mod lab;
mod process;
mod simulate;
mod tools;
mod workspace;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use e2e::BaseImage;
use fuzz::Extent;
use lab::ApiType;

/// Eden's own commands.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", version, about)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Break a live service in a simulated AWS and watch both Lambda functions repair it
    Demo {
        /// Also write the scenes' figures to this file
        #[arg(long, value_name = "FILE")]
        json: Option<PathBuf>,
        /// Run the functions as they are deployed: optimized (takes minutes longer to build)
        #[arg(long)]
        release: bool,
        /// Seed of the simulation
        #[arg(long, default_value_t = 1)]
        seed: u64,
    },
    /// Serve the simulated AWS over HTTP until stopped
    Lab {
        /// Port on 127.0.0.1; 0 for any free one
        #[arg(long, default_value_t = 4566)]
        port: u16,
        /// Kind of the API in front of the service
        #[arg(long, value_enum, default_value_t = ApiType::Http)]
        api_type: ApiType,
        /// Seed of the simulation
        #[arg(long, default_value_t = 1)]
        seed: u64,
    },
    /// Play seeded histories of faults under several policies and compare the downtime
    #[command(disable_help_flag = true)]
    Simulate {
        /// `--help` lists them
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
    /// Feed made-up events, URIs and settings to what reads them
    Fuzz {
        /// For so long each
        #[arg(long, default_value_t = 60)]
        seconds: u64,
    },
    /// Measure Eden side by side with a plain Python pair and write docs/benchmarks.md
    #[command(disable_help_flag = true)]
    Bench {
        /// `--help` lists them
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
    /// Check everything: formatting, lints, all tests, the SAM template
    Test,
    /// Build, deploy, invoke, update and remove the stack with the real SAM CLI, on this machine
    E2e {
        /// Leave the stack deployed after its functions were invoked, until Ctrl-C
        #[arg(long)]
        keep: bool,
        /// What `sam local invoke` runs the functions in
        #[arg(long, value_enum, default_value_t = BaseImage::Official)]
        base_image: BaseImage,
    },
}

fn main() -> ExitCode {
    let outcome = match Arguments::parse().command {
        Command::Demo { json, release, seed } => demo::run(json.as_deref(), release, seed),
        Command::Lab { port, api_type, seed } => lab::run(port, seed, api_type).map(|()| true),
        Command::Simulate { arguments } => simulate::run(&arguments),
        Command::Fuzz { seconds } => fuzz::run(Extent::Seconds(seconds)),
        Command::Bench { arguments } => bench::measure(&arguments),
        Command::Test => checks::run(),
        Command::E2e { keep, base_image } => e2e::run(&e2e::Options { keep, base_image }),
    };
    match outcome {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            anstream::eprintln!("error: {error:#}");
            ExitCode::from(2)
        }
    }
}
