//! `eden init`: from an account to the file that `sam build` and `sam deploy` need.
//!
//! What the account has is read into [`facts`]; what is proposed follows from them in [`plan`] and
//! [`routes`], without AWS and terminal; [`ask`] asks the [`questions`]; [`checks`] judges what was chosen;
//! [`file`] writes it.

mod ask;
mod checks;
mod diff;
mod facts;
mod file;
mod fit;
mod lines;
mod overrides;
mod parameters;
mod plan;
mod probing;
mod questions;
mod read;
mod routes;
mod settle;
mod told;

use anyhow::Result;
use eden_policy::Observed;

use crate::arguments::{AwsOptions, InitOptions, StackOptions};
use crate::context::Context;
use crate::exit::ExitStatus;
use crate::output::{self, Output};
use crate::verify::check::{Check, Outcome};
use crate::verify::report::Report;
use crate::verify::tags;
use ask::Asker;
use checks::Looked;
use file::{Folder, Stack};
use settle::Settled;
use told::Told;

/// Looks, asks, checks and writes the file.
///
/// # Errors
/// When this is not the project's folder, the account cannot be read, nothing in it fits, or nobody can
/// be asked. Nothing is written then.
pub async fn run(
    aws: &AwsOptions,
    stack: &StackOptions,
    options: &InitOptions,
    output: Output,
) -> Result<ExitStatus> {
    let folder = Folder::open(&options.directory)?;
    let present = folder.values()?;
    let asker = Asker::new(options.yes);
    let context = Context::without_stack(aws, stack, output).await?;
    output::remark(&format!("Looking at region {} …", context.region()));
    let settled = Box::pin(settle::settle(&context, stack, options, asker, &present)).await?;
    let checks = Box::pin(check(&context, &settled)).await;
    let failed = checks.iter().any(|it| matches!(it.outcome, Outcome::Failed { .. }));
    let environment = settled.values.get("Environment").unwrap_or("prod");
    let default = plan::stack_name(environment, settled.values.get("AppName").unwrap_or("eden"));
    let named = stack.stack.as_deref();
    let stack = Stack { named, default: &default, region: context.region() };
    let text = folder.planned(&settled.values, stack)?;
    let mut told = Told {
        file: folder.file().display().to_string(),
        written: false,
        parameters: settled.values.written().map(|(name, it)| (name, it.to_owned())).collect(),
        checks: Report::new(checks),
        next: Vec::new(),
    };
    if failed && !options.force {
        context.output.show(&told, told::text)?;
        output::remark("Nothing was written: mend what failed, or write the file with --force.");
        return Ok(ExitStatus::Bad);
    }
    if !replaces(&folder, &text, asker)? {
        context.output.show(&told, told::text)?;
        output::remark("Nothing was written: the file is as it was.");
        return Ok(ExitStatus::Bad);
    }
    folder.write(&text)?;
    told.written = true;
    told.next = plan::next(&options.directory);
    context.output.show(&told, told::text)?;
    Ok(ExitStatus::Good)
}

/// Whether a file that is there may be replaced, when what would change was shown.
fn replaces(folder: &Folder, text: &str, asker: Asker) -> Result<bool> {
    let Some(present) = folder.present() else { return Ok(true) };
    if present == text {
        return Ok(true);
    }
    let name = folder.file();
    output::remark(&format!("\n{} would change:\n{}", name.display(), diff::diff(present, text)));
    asker.agrees("Replace it?")
}

/// Checks what was settled. A tag is tried out only where the service can have one.
async fn check(context: &Context, settled: &Settled) -> Vec<Check> {
    let Settled { config, facts, .. } = settled;
    let aws = &context.edge.aws;
    let endpoints = probing::endpoints(facts);
    let (doors, connections, answers, tags) = tokio::join!(
        read::doors(context, &endpoints),
        probing::connections(context, config, facts),
        probing::answers(context, config, facts),
        tags::of_service(aws, &config.target),
    );
    let looked = Looked {
        config,
        facts,
        doors: &doors,
        connections: &connections,
        answers: &answers,
        tags: &tags,
    };
    let mut checks = checks::checks(&looked);
    let can_have = matches!(tags::check(&tags).outcome, Outcome::Passed { .. });
    if let (true, Observed::Known(tags)) = (can_have, &tags) {
        checks.push(tags::try_out(aws, &config.target, &tags.arn).await);
    }
    checks
}
