//! `eden logs`: both functions' logs and the audit log, merged by time.

mod seen;

use std::time::Duration;

use anyhow::Result;
use futures_util::future::join_all;
use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;

use crate::context::Context;
use crate::exit::ExitStatus;
use crate::failure::Failed;
use crate::log_line::{self, Line};
use crate::names::Names;
use crate::output::{BAD, Cell, DIM, NAME, Table};
use seen::Seen;

/// How often a log that is followed is looked at.
const EVERY: Duration = Duration::from_secs(2);
/// So much later than a younger line CloudWatch Logs may show one; what comes later still is missed.
const LATE: Duration = Duration::from_secs(60);

/// A line of a log group.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Event {
    /// When it was written.
    pub at: Timestamp,
    /// `ip-updater`, `health-monitor` or `audit`.
    pub source: &'static str,
    /// Its id, by which it is shown once.
    #[serde(skip)]
    id: String,
    /// What it says: JSON where it is JSON.
    pub message: Value,
}

/// Prints the logs since then, and what comes after them if `follow`.
///
/// # Errors
/// When a log could not be read, or stdout not be written.
pub async fn run(context: &Context, since: Duration, follow: bool) -> Result<ExitStatus> {
    let mut seen = Seen::default();
    let mut from = before(context.edge.aws.now(), since);
    loop {
        let events = seen.news(read_all(context, from).await?);
        if !events.is_empty() {
            context.output.show_lines(&events, text)?;
        }
        if !follow {
            return Ok(ExitStatus::Good);
        }
        // By the log's own time, which need not be this machine's.
        if let Some(last) = events.last() {
            from = from.max(before(last.at, LATE));
            seen.forget(from);
        }
        tokio::time::sleep(EVERY).await;
    }
}

/// `at` minus `by`.
pub fn before(at: Timestamp, by: Duration) -> Timestamp {
    at.checked_sub(by).unwrap_or(Timestamp::MIN)
}

async fn read_all(context: &Context, from: Timestamp) -> Result<Vec<Event>> {
    let names = &context.names;
    let groups = [
        ("ip-updater", Names::log_of(&names.ip_updater)),
        ("health-monitor", Names::log_of(&names.health_monitor)),
        ("audit", names.audit_log.clone()),
    ];
    let read =
        groups.map(|(source, group)| async move { read(context, source, &group, from).await });
    // Of several that fail, the first one is named, not the quickest.
    let read: Vec<_> = join_all(read).await.into_iter().collect::<Result<_, _>>()?;
    let mut events = read.concat();
    events.sort_by_key(|event| event.at);
    Ok(events)
}

/// Reads what was written to a log group from then on, oldest first.
///
/// # Errors
/// When there is no such group, or it may not be read.
pub async fn read(
    context: &Context,
    source: &'static str,
    group: &str,
    from: Timestamp,
) -> Result<Vec<Event>, Failed> {
    let request = context.logs().filter_log_events().log_group_name(group);
    let mut pages = request.start_time(from.as_millisecond()).into_paginator().send();
    let mut events = Vec::new();
    while let Some(page) = pages.next().await {
        let page = page.map_err(|error| {
            Failed::new("FilterLogEvents", "logs:FilterLogEvents", group, &error).or_when(
                "ResourceNotFoundException",
                "is Eden deployed here under these names? --env and --app, or --stack, say which; \
                 `aws logs describe-log-groups` lists the groups there are",
            )
        })?;
        events.extend(page.events.unwrap_or_default().into_iter().filter_map(|event| {
            Some(Event {
                at: Timestamp::from_millisecond(event.timestamp?).ok()?,
                source,
                id: format!("{source} {}", event.event_id.unwrap_or_default()),
                message: log_line::data(&event.message.unwrap_or_default()),
            })
        }));
    }
    events.sort_by_key(|event| event.at);
    Ok(events)
}

fn text(events: &[Event], width: usize) -> String {
    let mut table = Table::bare();
    for event in events {
        let (said, style) = match log_line::parse(&event.message) {
            Line::ForMachines => continue,
            Line::Report(report) => {
                let bad = report["outcome"] == "failed";
                (log_line::report_text(&report), if bad { BAD } else { anstyle::Style::new() })
            }
            Line::Action(action) => (action.text, NAME),
            Line::Said(text) => {
                let bad = text.starts_with("ERROR") || text.contains("Task timed out");
                (text, if bad { BAD } else { DIM })
            }
        };
        // As wide as the widest, so that one batch is aligned with the next.
        let source = format!("{:<14}", event.source);
        table.row([
            Cell::styled(format!("{:.3}", event.at), DIM),
            source.into(),
            Cell::styled(said, style),
        ]);
    }
    table.text(0, width)
}

#[cfg(test)]
mod tests {
    use anstream::adapter::strip_str;
    use serde_json::json;

    use super::*;

    #[test]
    fn lines_are_told_with_time_and_source_and_those_for_machines_are_not() {
        let event = |seconds, source, message| Event {
            at: Timestamp::from_second(seconds).unwrap(),
            source,
            id: String::new(),
            message,
        };
        let report = json!({ "outcome": "unchanged", "trigger": "Scheduled Event" }).to_string();
        let events = [
            event(0, "health-monitor", json!("START RequestId: id-1")),
            event(1, "health-monitor", json!({ "report": report })),
            event(2, "ip-updater", json!({ "_aws": {} })),
            event(3, "ip-updater", json!("Runtime exited")),
        ];

        assert_eq!(
            strip_str(&text(&events, 200)).to_string(),
            "1970-01-01T00:00:01.000Z  health-monitor  unchanged (Scheduled Event)\n\
             1970-01-01T00:00:03.000Z  ip-updater      Runtime exited\n"
        );
    }
}
