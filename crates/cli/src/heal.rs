//! `eden heal`: what an invocation of health-monitor by hand does, here and after a question.

use std::io::{self, IsTerminal as _, Write as _};

use anyhow::{Result, ensure};
use eden_core::health_monitor;
use serde_json::json;

use crate::context::Context;
use crate::diagnose;
use crate::exit::ExitStatus;
use crate::{output, settings, told};

/// Shows the plan, asks unless `yes`, and acts. The handler looks again before it acts: what is right
/// by then is done.
///
/// # Errors
/// When the settings could not be read, or nobody can be asked.
pub async fn run(context: &Context, yes: bool) -> Result<ExitStatus> {
    let config = settings::health_monitor(context).await?;
    let found = diagnose::look(context, &config).await;
    if found.intent.steps.is_empty() {
        context.output.show(&found, diagnose::text)?;
        let unread = found.intent.unread();
        return Ok(if unread { ExitStatus::Unknown } else { ExitStatus::Good });
    }
    output::remark(&diagnose::text(&found, output::width()));
    if !yes && !agrees()? {
        output::remark("Nothing was done.");
        return Ok(ExitStatus::Bad);
    }
    let invocation = context.invocation(json!({ "source": "manual-test" }));
    let ended = Box::pin(health_monitor::handle(&config, &context.edge, &invocation)).await;
    told::show(context.output, ended)
}

/// Asks on the terminal; nothing is written to stdout, where data belongs.
fn agrees() -> Result<bool> {
    let stdin = io::stdin();
    ensure!(
        stdin.is_terminal(),
        "nobody can be asked, since stdin is no terminal: look at `eden diagnose`, then pass --yes"
    );
    anstream::eprint!("Do this? [y/N] ");
    io::stderr().flush()?;
    let mut answer = String::new();
    stdin.read_line(&mut answer)?;
    Ok(matches!(answer.trim().to_ascii_lowercase().as_str(), "y" | "yes"))
}
