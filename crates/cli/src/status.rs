//! `eden status`: the service, its tasks, where the gateway leads, and what Eden did lately.

mod age;
mod summary;
#[cfg(test)]
mod tests;
mod text;
mod view;

use std::time::Duration;

use anyhow::Result;
use console::Term;
use eden_core::config::HealthMonitorConfig;
use eden_core::observe;
use eden_input::Hints;
use serde_json::Value;

use crate::context::Context;
use crate::exit::ExitStatus;
use crate::log_line::{self, Line};
use crate::logs::{self, before};
use crate::names::Names;
use crate::{actions, settings};
use summary::Lately;
use view::Status;

/// How often the screen is renewed.
const EVERY: Duration = Duration::from_secs(5);
/// So far back the actions and the last run are looked for.
const HOUR: Duration = Duration::from_secs(3_600);

/// Prints one screen, or one after the other if `watch`.
///
/// # Errors
/// When the settings could not be read, or stdout not be written.
pub async fn run(context: &Context, watch: bool) -> Result<ExitStatus> {
    let config = settings::health_monitor(context).await?;
    if !watch {
        let status = Box::pin(look(context, &config)).await;
        context.output.show(&status, text::screen)?;
        return Ok(if status.unread.is_empty() { ExitStatus::Good } else { ExitStatus::Unknown });
    }
    let screen = Term::stdout();
    loop {
        let status = Box::pin(look(context, &config)).await;
        if screen.is_term() && !context.output.json {
            screen.clear_screen()?;
        }
        context.output.show_lines(&[status], |status, width| {
            status.iter().map(|it| text::screen(it, width)).collect()
        })?;
        tokio::time::sleep(EVERY).await;
    }
}

/// Reads everything at the same time. What cannot be read is told as such.
async fn look(context: &Context, config: &HealthMonitorConfig) -> Status {
    let from = before(context.edge.aws.now(), HOUR);
    let hints = Hints::default();
    let (facts, actions, report) = tokio::join!(
        // The API would be asked again and again, which rings the alarm of one that answers 5xx.
        observe::health(&context.edge, config, &hints, false),
        actions::read(context, from),
        last_report(context, from),
    );
    let mut unread = Vec::new();
    let actions = match actions {
        Ok((actions, unconfirmed)) => {
            unread.extend(unconfirmed);
            actions
        }
        Err(error) => {
            unread.push(error.to_string());
            Vec::new()
        }
    };
    let report = report.unwrap_or_else(|error| {
        unread.push(error.to_string());
        None
    });
    let lately = Lately { actions, report, unread };
    Status::of(config, &facts, lately, context.edge.aws.now())
}

/// The report of health-monitor's last run since then.
async fn last_report(context: &Context, from: jiff::Timestamp) -> Result<Option<Value>> {
    let group = Names::log_of(&context.names.health_monitor);
    let events = logs::read(context, "health-monitor", &group, from).await?;
    Ok(events.iter().rev().find_map(|event| match log_line::parse(&event.message) {
        Line::Report(report) => Some(report),
        Line::Action(_) | Line::Said(_) | Line::ForMachines => None,
    }))
}
