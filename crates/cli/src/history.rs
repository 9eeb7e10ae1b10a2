//! `eden history`: what Eden did and why, and what ECS says of the last hour.

use std::time::Duration;

use anyhow::Result;
use eden_core::config::IpUpdaterConfig;
use eden_core::observe::{self, Wanted};
use eden_input::Hints;
use eden_policy::Observed;
use eden_policy::facts::{Cause, Service, StopCode, Task};
use jiff::Timestamp;
use serde::Serialize;

use crate::context::Context;
use crate::exit::ExitStatus;
use crate::log_line::Action;
use crate::logs::before;
use crate::output::{self, Cell, DIM, NAME, Table};
use crate::{actions, settings};

/// So long ECS remembers a stopped task (F18).
const HOUR: Duration = Duration::from_secs(3_600);

/// What is said below lines that have `UNCONFIRMED` in them.
const UNCONFIRMED: &str = "unconfirmed: the audit log has it, but no report in the function's own \
                           log does. So it is with what `eden` did in a terminal, with a run that \
                           goes on or was ended before its time, with a LogLevel above info, and \
                           with what somebody else put on the event bus";

/// One thing that happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Entry {
    /// When.
    pub at: Timestamp,
    /// The function that did it, or `ecs`.
    pub source: String,
    /// What.
    pub text: String,
    /// What woke the function.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trigger: Option<String>,
    /// The function's invocation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
    /// Of an action, whether the function's own log has it too.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub confirmed: Option<bool>,
}

/// Prints what happened since then, oldest first.
///
/// # Errors
/// When the audit log or the settings could not be read.
pub async fn run(context: &Context, since: Duration) -> Result<ExitStatus> {
    let config = settings::ip_updater(context).await?;
    let now = context.edge.aws.now();
    let from = before(now, since);
    let (actions, of_ecs) = tokio::join!(
        actions::read(context, from),
        of_ecs(context, &config, from.max(before(now, HOUR)))
    );
    let ((actions, unconfirmed), (of_ecs, mut unread)) = (actions?, of_ecs);
    let mut entries: Vec<_> = actions.into_iter().map(Entry::from).chain(of_ecs).collect();
    entries.sort_by_key(|entry| entry.at);
    context.output.show(&entries, |entries, width| text(entries, width))?;
    for because in &unread {
        output::remark(&format!("ECS could not be asked: {because}"));
    }
    for because in &unconfirmed {
        output::remark(&format!("actions could not be confirmed: {because}"));
    }
    if entries.iter().any(|entry| entry.confirmed == Some(false)) {
        output::remark(UNCONFIRMED);
    }
    unread.extend(unconfirmed);
    Ok(if unread.is_empty() { ExitStatus::Good } else { ExitStatus::Unknown })
}

/// What ECS remembers from then on, and what it did not tell.
async fn of_ecs(
    context: &Context,
    config: &IpUpdaterConfig,
    from: Timestamp,
) -> (Vec<Entry>, Vec<String>) {
    let (aws, wanted) = (&context.edge.aws, [Wanted::Running, Wanted::Stopped]);
    let hints = Hints::default();
    let facts = observe::route(aws, &config.target, &config.gateway, &wanted, &hints).await;
    let (mut entries, mut unread) = (Vec::new(), Vec::new());
    match &facts.service {
        Observed::Known(service) => entries.extend(messages(service)),
        Observed::Unknown(because) => unread.push(because.clone()),
    }
    match &facts.tasks {
        Observed::Known(tasks) => entries.extend(tasks.iter().filter_map(stopped)),
        Observed::Unknown(because) => unread.push(because.clone()),
    }
    entries.retain(|entry| entry.at >= from);
    (entries, unread)
}

impl From<Action> for Entry {
    fn from(action: Action) -> Self {
        Entry {
            at: action.at,
            source: action.function,
            text: action.text,
            trigger: Some(action.trigger),
            request_id: Some(action.request_id),
            confirmed: Some(action.confirmed),
        }
    }
}

fn of(at: Timestamp, text: String) -> Entry {
    Entry { at, source: "ecs".to_owned(), text, trigger: None, request_id: None, confirmed: None }
}

fn messages(service: &Service) -> impl Iterator<Item = Entry> {
    service.events.iter().map(|event| of(event.at, event.text.clone()))
}

fn stopped(task: &Task) -> Option<Entry> {
    let (at, stop) = (task.stopping_at?, task.stop.as_ref()?);
    let what = match stop.code {
        StopCode::TaskFailedToStart => "never ran",
        StopCode::EssentialContainerExited => "ended by itself",
        StopCode::FailedHealthChecks
        | StopCode::UserInitiated
        | StopCode::ServiceSchedulerInitiated
        | StopCode::Infrastructure
        | StopCode::Unknown => "was stopped",
    };
    let Cause { reason, container, exit_code } = stop.cause(None);
    let code = exit_code.map(|code| format!(" with exit code {code}"));
    let of_container = container.filter(|_| code.is_some()).map(|it| format!(" of container {it}"));
    let code = format!("{}{}", code.unwrap_or_default(), of_container.unwrap_or_default());
    Some(of(at, format!("task {} {what}{code}: {reason}", task.id())))
}

fn text(entries: &[Entry], width: usize) -> String {
    if entries.is_empty() {
        return "Nothing happened.\n".to_owned();
    }
    let mut table = Table::new(&["time", "who", "what"]);
    for Entry { at, source, text, trigger, confirmed, .. } in entries {
        let style = if source == "ecs" { DIM } else { NAME };
        let why = trigger.as_ref().map(|it| format!("\n  woken by {it}")).unwrap_or_default();
        let doubt = if *confirmed == Some(false) { " (unconfirmed)" } else { "" };
        let cells = [format!("{at:.0}").into(), Cell::styled(source, style)];
        table.row(cells.into_iter().chain([Cell::from(format!("{text}{doubt}{why}"))]));
    }
    table.text(0, width)
}

#[cfg(test)]
mod tests {
    use anstream::adapter::strip_str;
    use eden_policy::facts::{Ended, LastStatus, Stop, TaskHealth, TaskNetwork};

    use super::*;

    #[test]
    fn a_stopped_task_is_told_with_its_reason() {
        let task = Task {
            arn: "arn:aws:ecs:us-east-1:123456789012:task/prod-eden-cluster/task1".to_owned(),
            last_status: LastStatus::Stopping,
            status: "STOPPED".to_owned(),
            wanted: false,
            health: TaskHealth::Unknown,
            unchecked: false,
            created_at: None,
            started_at: None,
            stopping_at: Some(Timestamp::UNIX_EPOCH),
            deployment: None,
            definition: None,
            container_instance: None,
            interface: None,
            connected: true,
            network: TaskNetwork::Unattached,
            stop: Some(Stop {
                code: StopCode::EssentialContainerExited,
                reason: "Essential container in task exited".to_owned(),
                containers: vec![Ended {
                    name: "app".to_owned(),
                    exit_code: Some(137),
                    reason: None,
                }],
            }),
            images: Vec::new(),
            suspect_since: None,
        };

        let entry = stopped(&task).unwrap();
        assert_eq!(
            entry.text,
            "task task1 ended by itself with exit code 137 of container app: Essential container in \
             task exited"
        );
        assert_eq!(stopped(&Task { stop: None, ..task }), None);
    }

    #[test]
    fn history_says_who_did_what_and_why() {
        let entry = Entry {
            at: Timestamp::UNIX_EPOCH,
            source: "ip-updater".to_owned(),
            text: "Deployed stage prod".to_owned(),
            trigger: Some("manual invocation".to_owned()),
            request_id: Some("id-1".to_owned()),
            confirmed: Some(true),
        };
        let doubtful = Entry { confirmed: Some(false), ..entry.clone() };

        let text = strip_str(&text(&[entry, doubtful], 200)).to_string();
        assert_eq!(
            text,
            "time                  who         what\n\
             1970-01-01T00:00:00Z  ip-updater  Deployed stage prod\n\
             \x20                                   woken by manual invocation\n\
             1970-01-01T00:00:00Z  ip-updater  Deployed stage prod (unconfirmed)\n\
             \x20                                   woken by manual invocation\n"
        );
    }
}
