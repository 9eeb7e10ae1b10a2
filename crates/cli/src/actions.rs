//! Eden's actions: the lines of the audit log, compared with what the functions wrote themselves.
//!
//! Whoever may put events on the account's bus can write a line into the audit log that looks like
//! Eden's. Into a function's own log only that function writes, by its role. So an action counts as
//! Eden's when the report that its invocation ended with, in the function's own log, has it too.

use std::collections::BTreeSet;

use anyhow::Result;
use jiff::Timestamp;
use serde_json::Value;

use crate::context::Context;
use crate::log_line::{self, Action, Line};
use crate::logs::{self, Event};
use crate::names::Names;

/// Reads the actions of the audit log from then on, each with whether the function's own log has it
/// too; and what could not be read of that.
///
/// # Errors
/// When the audit log could not be read.
pub async fn read(context: &Context, from: Timestamp) -> Result<(Vec<Action>, Vec<String>)> {
    let names = &context.names;
    let events = logs::read(context, "audit", &names.audit_log, from).await?;
    let mut actions: Vec<_> = events.iter().filter_map(action).collect();
    let mut unread = Vec::new();
    for (source, function) in
        [("ip-updater", &names.ip_updater), ("health-monitor", &names.health_monitor)]
    {
        let mut claimed = actions.iter_mut().filter(|it| it.function == source).peekable();
        if claimed.peek().is_none() {
            continue;
        }
        match logs::read(context, source, &Names::log_of(function), from).await {
            Ok(events) => {
                let reported = Reported::of(&events);
                claimed.for_each(|action| action.confirmed = reported.contains(action));
            }
            Err(error) => unread.push(error.to_string()),
        }
    }
    Ok((actions, unread))
}

fn action(event: &Event) -> Option<Action> {
    match log_line::parse(&event.message) {
        Line::Action(action) => Some(action),
        Line::Report(_) | Line::Said(_) | Line::ForMachines => None,
    }
}

/// What a function's reports say was done: the invocation's id, and the action in words.
#[derive(Debug, Default, PartialEq, Eq)]
struct Reported(BTreeSet<(String, String)>);

impl Reported {
    fn of(events: &[Event]) -> Self {
        let mut reported = Self::default();
        for event in events {
            if let Line::Report(report) = log_line::parse(&event.message) {
                reported.note(&report);
            }
        }
        reported
    }

    fn note(&mut self, report: &Value) {
        let Some(request_id) = report["request_id"].as_str() else { return };
        let done = report["done"].as_array().into_iter().flatten();
        let texts = done.filter_map(|it| it["text"].as_str());
        self.0.extend(texts.map(|text| (request_id.to_owned(), text.to_owned())));
    }

    fn contains(&self, action: &Action) -> bool {
        self.0.contains(&(action.request_id.clone(), action.text.clone()))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn action(request_id: &str, text: &str) -> Action {
        Action {
            at: Timestamp::UNIX_EPOCH,
            function: "ip-updater".to_owned(),
            text: text.to_owned(),
            trigger: "manual invocation".to_owned(),
            request_id: request_id.to_owned(),
            confirmed: false,
        }
    }

    #[test]
    fn an_action_counts_when_the_report_of_its_invocation_has_it() {
        let mut reported = Reported::default();
        reported.note(&json!({
            "function": "ip-updater", "request_id": "id-1", "outcome": "acted",
            "done": [{ "action": "deploy_stage", "text": "Deployed stage prod" }],
        }));

        assert!(reported.contains(&action("id-1", "Deployed stage prod")));
        assert!(!reported.contains(&action("id-1", "Deployed stage test")));
        assert!(!reported.contains(&action("id-2", "Deployed stage prod")));
    }
}
