//! `eden`: an operator's questions answered, and what the Lambda functions do done, with their own
//! code and settings, from a terminal.

mod arguments;
mod context;
mod exit;
mod failure;
mod ip;
mod names;
mod output;
mod settings;
mod shell;
mod verify;

use std::process::ExitCode;

use clap::Parser;

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
            output.error(&error);
            ExitStatus::Unknown.into()
        }
    }
}

async fn run(arguments: Arguments, output: Output) -> anyhow::Result<ExitStatus> {
    let Arguments { command, aws, stack, .. } = arguments;
    let operation = match command {
        Command::Operate(operation) => operation,
        Command::Completions { shell } => return shell::completions(shell),
        Command::Man => return shell::man(),
    };
    let context = Context::new(&aws, &stack, output).await?;
    match operation {
        Operation::Verify { invoke } => verify::run(&context, invoke).await,
        Operation::Ip => ip::run(&context).await,
    }
}
