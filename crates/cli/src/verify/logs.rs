//! The log groups: whether they are there, and whether the functions have written to them since they
//! had a reason to.

use std::time::Duration;

use eden_policy::Observed;
use eden_policy::facts::Task;
use jiff::Timestamp;

use super::check::{Check, DEPLOY, Outcome};
use super::service::Looked;
use crate::context::Context;
use crate::failure::Failed;
use crate::names::Names;

/// So many times the schedule's rate may pass: as many as the alarm on a silent health-monitor allows.
const PATIENCE: u32 = 3;
/// So long the event about a task that has started may take, with a function's cold start.
const DELIVERY: Duration = Duration::from_secs(2 * 60);

/// The log groups.
#[derive(Debug)]
pub struct Logs {
    /// health-monitor's: the schedule wakes it again and again.
    pub health_monitor: Log,
    /// ip-updater's: a task that starts wakes it.
    pub ip_updater: Log,
    /// The audit log: written when there was something to do.
    pub audit: Log,
}

/// A log group.
#[derive(Debug)]
pub struct Log {
    /// Its name.
    pub name: String,
    /// What is known of it, if there is one of this name.
    pub found: Observed<Option<Found>>,
    /// Since when it should have been written to, if it should have been.
    pub since: Observed<Option<Timestamp>>,
}

/// A log group that is there.
#[derive(Debug, Clone)]
pub struct Found {
    /// When it was made.
    pub created_at: Option<Timestamp>,
    /// When it was first written to since it should have been.
    pub written_at: Option<Timestamp>,
}

/// Reads the log groups.
pub async fn read(context: &Context, looked: Option<&Looked>, every: Duration) -> Logs {
    let now = context.edge.aws.now();
    let lately = Observed::Known(now.checked_sub(every * PATIENCE).ok());
    let started = match looked.map(|looked| &looked.facts.tasks) {
        Some(Observed::Known(tasks)) => Observed::Known(last_start(tasks, now)),
        Some(Observed::Unknown(why)) => Observed::Unknown(why.clone()),
        None => Observed::Unknown("the tasks are not known".to_owned()),
    };
    let names = &context.names;
    let (of_monitor, of_updater) =
        (Names::log_of(&names.health_monitor), Names::log_of(&names.ip_updater));
    let (health_monitor, ip_updater, audit) = tokio::join!(
        read_one(context, of_monitor, lately),
        read_one(context, of_updater, started),
        read_one(context, names.audit_log.clone(), Observed::Known(None)),
    );
    Logs { health_monitor, ip_updater, audit }
}

/// When a task started last that ip-updater must have been told of by now.
fn last_start(tasks: &[Task], now: Timestamp) -> Option<Timestamp> {
    let told = now.checked_sub(DELIVERY).ok()?;
    tasks
        .iter()
        .filter(|task| task.runs())
        .filter_map(|it| it.started_at)
        .filter(|at| *at <= told)
        .max()
}

async fn read_one(context: &Context, name: String, since: Observed<Option<Timestamp>>) -> Log {
    let from = since.known().copied().flatten();
    let found = Observed::from(found(context, &name, from).await);
    Log { name, found, since }
}

async fn found(
    context: &Context,
    name: &str,
    since: Option<Timestamp>,
) -> Result<Option<Found>, Failed> {
    let client = context.logs();
    let request = client.describe_log_groups().log_group_name_prefix(name);
    let answer = request.send().await.map_err(|error| {
        Failed::new("DescribeLogGroups", "logs:DescribeLogGroups", name, &error)
    })?;
    // The name itself comes first of those that begin with it.
    let group = answer.log_groups().iter().find(|it| it.log_group_name() == Some(name));
    let Some(group) = group else { return Ok(None) };
    let created_at = group.creation_time().and_then(|at| Timestamp::from_millisecond(at).ok());
    let written_at = match since {
        Some(since) => first_event(&client, name, since).await?,
        None => None,
    };
    Ok(Some(Found { created_at, written_at }))
}

/// When the first line since then was written. What the streams say of their last line may be an hour
/// old, so the lines themselves are asked for.
async fn first_event(
    client: &aws_sdk_cloudwatchlogs::Client,
    name: &str,
    since: Timestamp,
) -> Result<Option<Timestamp>, Failed> {
    let request = client.filter_log_events().log_group_name(name);
    let request = request.start_time(since.as_millisecond()).limit(1);
    let mut pages = request.into_paginator().send();
    // A page may be empty although there are lines: it only searched a part.
    while let Some(page) = pages.next().await {
        let page = page.map_err(|error| {
            Failed::new("FilterLogEvents", "logs:FilterLogEvents", name, &error)
        })?;
        if let Some(event) = page.events().first() {
            let at = event.timestamp().and_then(|at| Timestamp::from_millisecond(at).ok());
            return Ok(at.or(Some(since)));
        }
    }
    Ok(None)
}

/// The checks of all log groups.
pub fn checks(logs: &Logs) -> Vec<Check> {
    let Logs { health_monitor, ip_updater, audit } = logs;
    let silent_monitor = "see whether the rule of the schedule is enabled and may invoke it, and \
                          run it by hand: `eden verify --invoke`";
    let silent_updater = "see whether the rule of the tasks is enabled and may invoke it; its \
                          events that were not delivered are among the dead letters";
    [(health_monitor, silent_monitor), (ip_updater, silent_updater), (audit, "")]
        .map(|(log, silent)| Check::new(format!("log group {}", log.name), outcome(log, silent)))
        .into()
}

fn outcome(log: &Log, silent: &str) -> Outcome {
    Outcome::of(&log.found, |found| match found {
        None => Outcome::failed("it does not exist", DEPLOY),
        Some(found) => Outcome::of(&log.since, |since| written(found, *since, silent)),
    })
}

fn written(found: &Found, since: Option<Timestamp>, silent: &str) -> Outcome {
    match (since, found.written_at) {
        (None, _) => Outcome::passed("exists; nothing has had to be written to it"),
        (Some(since), None) if found.created_at.is_some_and(|at| at > since) => Outcome::passed(
            format!("exists; it is newer than {since:.0}, the last reason to write"),
        ),
        (Some(since), None) => {
            Outcome::failed(format!("nothing has been written to it since {since:.0}"), silent)
        }
        (Some(_), Some(at)) => Outcome::passed(format!("written at {at:.0}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(minute: i64) -> Timestamp {
        Timestamp::from_second(60 * minute).unwrap()
    }

    fn outcome_of(created: i64, written: Option<i64>, since: Option<i64>) -> Outcome {
        let found = Found { created_at: Some(at(created)), written_at: written.map(at) };
        let log = Log {
            name: "log".to_owned(),
            found: Observed::Known(Some(found)),
            since: Observed::Known(since.map(at)),
        };
        outcome(&log, "wake it")
    }

    #[test]
    fn a_log_group_is_to_be_written_to_once_there_is_a_reason() {
        let passes = |outcome: &Outcome| matches!(outcome, Outcome::Passed { .. });

        assert!(passes(&outcome_of(0, Some(11), Some(10))));
        assert!(passes(&outcome_of(0, None, None)), "no reason");
        assert!(passes(&outcome_of(12, None, Some(10))), "younger than the reason");
        let silent = outcome_of(0, None, Some(10));
        let found = "nothing has been written to it since 1970-01-01T00:10:00Z";
        assert_eq!(silent, Outcome::failed(found, "wake it"));
    }

    #[test]
    fn a_group_that_is_not_there_fails_whether_or_not_the_reason_is_known() {
        let log = Log {
            name: "log".to_owned(),
            found: Observed::Known(None),
            since: Observed::Unknown("refused".to_owned()),
        };

        assert_eq!(outcome(&log, ""), Outcome::failed("it does not exist", DEPLOY));
    }
}
