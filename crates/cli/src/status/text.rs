//! One screen as text.

use std::fmt::Write as _;

use eden_core::report::Counts;
use eden_policy::Mode;
use jiff::Timestamp;
use serde_json::Value;

use super::age::age;
use super::view::{Deployment, LeadsTo, PointerRow, Status, TaskRow};
use crate::intent::section;
use crate::log_line::{self, Action};
use crate::output::{BAD, BOLD, Cell, DIM, GOOD, NAME, Table, WARN};

/// The screen.
pub fn screen(status: &Status, width: usize) -> String {
    let Status { at, cluster, service, .. } = status;
    let mut text = format!("{BOLD}{service}{BOLD:#} in {cluster}  {DIM}{at:.0}{DIM:#}\n\n");
    let mut table = Table::bare();
    section(&mut table, "service", status.counts.map(counts));
    section(&mut table, "", status.deployments.iter().map(deployment));
    let alarm = status.alarm.as_ref().map(|alarm| {
        let style = match alarm.state {
            "OK" => GOOD,
            "ALARM" => BAD,
            _ => WARN,
        };
        Cell::styled(format!("{} ({})", alarm.state, alarm.name), style)
    });
    section(&mut table, "alarm", alarm);
    let style = if status.healing.mode == Mode::On { GOOD } else { WARN };
    let healing = format!("{}, by {}", status.healing.mode, status.healing.by);
    section(&mut table, "healing", [Cell::styled(healing, style)]);
    let budget = status.budget.map(|budget| {
        let style = if budget.left > 0 { anstyle::Style::new() } else { BAD };
        let text = format!("{} of {} remedies left this hour", budget.left, budget.per_hour);
        Cell::styled(text, style)
    });
    section(&mut table, "budget", budget);
    section(&mut table, "route", status.route.iter().map(pointer));
    section(&mut table, "last run", [last_run(status.last_run.as_ref(), *at)]);
    section(&mut table, "not read", status.unread.iter().map(|it| Cell::styled(it, BAD)));
    text.push_str(&table.text(0, width));
    text.push_str(&block(&tasks(&status.tasks), width));
    text.push_str(&block(&actions(&status.actions), width));
    text
}

/// A table behind an empty line, if it has rows.
fn block(table: &Table, width: usize) -> String {
    if table.is_empty() { String::new() } else { format!("\n{}", table.text(0, width)) }
}

fn counts(Counts { running, desired, pending, unhealthy }: Counts) -> Cell {
    let mut text = format!("{running} of {desired} tasks run");
    if pending > 0 {
        let _ = write!(text, ", {pending} on the way");
    }
    if unhealthy > 0 {
        let _ = write!(text, ", {unhealthy} UNHEALTHY");
    }
    let style = match (running >= desired, unhealthy) {
        (true, 0) => GOOD,
        (false, _) if running == 0 && desired > 0 => BAD,
        _ => WARN,
    };
    Cell::styled(text, style)
}

fn deployment(deployment: &Deployment) -> Cell {
    let Deployment { id, primary, rollout, created_at, definition } = deployment;
    let style = match *rollout {
        "FAILED" => BAD,
        "IN_PROGRESS" => WARN,
        _ => DIM,
    };
    let primary = if *primary { "PRIMARY, " } else { "" };
    Cell::styled(format!("{definition} by {id}, {primary}{rollout}, since {created_at:.0}"), style)
}

fn pointer(pointer: &PointerRow) -> Cell {
    let PointerRow { pointer, uri, leads_to, task } = pointer;
    let uri = uri.as_deref().unwrap_or("nowhere");
    match (leads_to, task) {
        (LeadsTo::Task, Some(task)) => format!("{pointer} leads to {uri}, task {task}").into(),
        (LeadsTo::MaintenancePage, _) => {
            Cell::styled(format!("{pointer} leads to the maintenance page"), WARN)
        }
        (LeadsTo::Parked, _) => Cell::styled(
            format!("{pointer} is parked at {uri}: no task could own an address"),
            WARN,
        ),
        (LeadsTo::Unknown, _) => Cell::styled(format!("{pointer} could not be read"), BAD),
        _ => {
            Cell::styled(format!("{pointer} leads to {uri}, which is no task of the service"), BAD)
        }
    }
}

fn last_run(report: Option<&Value>, now: Timestamp) -> Cell {
    let Some(report) = report else {
        return Cell::styled("none of health-monitor within the last hour", WARN);
    };
    let at = report["at"].as_str().and_then(|at| at.parse::<Timestamp>().ok());
    let ago = at.and_then(|at| u64::try_from(now.duration_since(at).as_secs()).ok());
    let ago = ago.map(|seconds| format!("{} ago: ", age(seconds))).unwrap_or_default();
    let style = if report["outcome"] == "failed" { BAD } else { anstyle::Style::new() };
    Cell::styled(ago + &log_line::report_text(report), style)
}

fn tasks(rows: &[TaskRow]) -> Table {
    let mut table = Table::new(&["task", "status", "health", "age", "address", ""]);
    for row in rows {
        let health = match row.health {
            "HEALTHY" => Cell::styled(row.health, GOOD),
            "UNHEALTHY" => Cell::styled(row.health, BAD),
            unknown => Cell::styled(unknown, DIM),
        };
        let mut notes = Vec::new();
        if row.routed {
            notes.push("the gateway leads here".to_owned());
        }
        notes.extend(row.suspect_since.map(|at| format!("sick since {at:.0}")));
        table.row([
            Cell::styled(&row.id, NAME),
            row.status.into(),
            health,
            row.age_seconds.map_or_else(|| "-".to_owned(), age).into(),
            row.address.map_or_else(|| "-".to_owned(), |at| at.to_string()).into(),
            notes.join(", ").into(),
        ]);
    }
    table
}

fn actions(actions: &[Action]) -> Table {
    let mut table = Table::new(&["last actions", "", ""]);
    for action in actions {
        let doubt = if action.confirmed { "" } else { " (unconfirmed)" };
        table.row([
            Cell::styled(format!("{:.0}", action.at), DIM),
            Cell::styled(&action.function, NAME),
            format!("{}{doubt}", action.text).into(),
        ]);
    }
    table
}
