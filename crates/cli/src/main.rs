//! `eden`: an operator's questions answered, and what the Lambda functions do done, with their own
//! code and settings, from a terminal.

mod actions;
mod arguments;
mod context;
mod diagnose;
mod exit;
mod failure;
mod heal;
mod healing;
mod history;
mod init;
mod intent;
mod ip;
mod log_line;
mod logs;
mod names;
mod output;
mod replay;
mod route;
mod settings;
mod shell;
mod since;
mod status;
mod told;
mod uninstall;
mod verify;

use std::process::ExitCode;

use clap::Parser;
use eden_policy::Mode;

use arguments::{Arguments, Command, Operation};
use context::Context;
use exit::ExitStatus;
use output::Output;

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let output = Output::new(arguments.json, arguments.color);
    // Boxed: the SDK's futures nest too deep for the compiler to lay out by value.
    match Box::pin(run(arguments, output)).await {
        Ok(status) => status.into(),
        Err(error) if failure::is_closed_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            output::error(&error);
            ExitStatus::Unknown.into()
        }
    }
}

async fn run(arguments: Arguments, output: Output) -> anyhow::Result<ExitStatus> {
    let Arguments { command, aws, stack, .. } = arguments;
    let operation = match command {
        Command::Operate(operation) => operation,
        Command::Init(options) => {
            return Box::pin(init::run(&aws, &stack, &options, output)).await;
        }
        Command::Completions { shell } => return shell::completions(shell),
        Command::Man => return shell::man(),
    };
    let context = Context::new(&aws, &stack, output).await?;
    match operation {
        Operation::Verify { invoke, notify } => verify::run(&context, invoke, notify).await,
        Operation::Status { watch } => status::run(&context, watch).await,
        Operation::Diagnose => diagnose::run(&context).await,
        Operation::Heal { yes } => heal::run(&context, yes).await,
        Operation::Route { apply } => route::run(&context, apply).await,
        Operation::Ip => ip::run(&context).await,
        Operation::Pause => healing::run(&context, Mode::Off).await,
        Operation::Observe => healing::run(&context, Mode::Observe).await,
        Operation::Resume => healing::run(&context, Mode::On).await,
        Operation::Uninstall { route } => uninstall::run(&context, route).await,
        Operation::History { since } => history::run(&context, since).await,
        Operation::Logs { follow, since } => logs::run(&context, since, follow).await,
        Operation::Replay { file } => replay::run(&context, &file).await,
    }
}
