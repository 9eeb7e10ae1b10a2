//! CloudWatch Logs: log groups, and what was written to them.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::{SignedDuration, Timestamp};

use super::World;

/// So old is a log group of which nothing is left.
const MONTH: SignedDuration = SignedDuration::from_hours(30 * 24);

/// The log groups of an account. Copies share them: functions write to them without the world.
#[derive(Debug, Clone, Default)]
pub struct Logs(Arc<Mutex<BTreeMap<String, LogGroup>>>);

/// A log group.
#[derive(Debug, Clone)]
pub struct LogGroup {
    /// When it was made.
    pub created_at: Timestamp,
    /// What was written to it, in the order of writing.
    pub events: Vec<LogEvent>,
}

/// A line of a log group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogEvent {
    /// The stream it is in.
    pub stream: String,
    /// When it was written.
    pub at: Timestamp,
    /// The line.
    pub message: String,
}

impl Logs {
    /// Writes a line. As on AWS it is lost when there is no such group: nobody here may make one.
    pub fn write(&self, group: &str, event: LogEvent) {
        if let Some(group) = self.groups().get_mut(group) {
            group.events.push(event);
        }
    }

    /// A group, by name.
    pub fn group(&self, name: &str) -> Option<LogGroup> {
        self.groups().get(name).cloned()
    }

    /// The names of all groups and when each was made.
    pub(crate) fn names(&self) -> Vec<(String, Timestamp)> {
        self.groups().iter().map(|(name, group)| (name.clone(), group.created_at)).collect()
    }

    fn groups(&self) -> MutexGuard<'_, BTreeMap<String, LogGroup>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl World {
    /// The account's log groups.
    pub fn logs(&self) -> &Logs {
        &self.logs
    }

    /// Makes a log group, unless it is there already.
    pub fn add_log_group(&mut self, name: &str) {
        let created_at = self.now;
        let mut groups = self.logs.groups();
        groups
            .entry(name.to_owned())
            .or_insert_with(|| LogGroup { created_at, events: Vec::new() });
    }

    /// Deletes a log group; `false` when there is none of that name.
    pub fn remove_log_group(&mut self, name: &str) -> bool {
        self.logs.groups().remove(name).is_some()
    }

    /// Forgets what was written to a log group, which is a month old then, as when its retention
    /// ends; `false` when there is none of that name.
    pub fn empty_log_group(&mut self, name: &str) -> bool {
        match self.logs.groups().get_mut(name) {
            Some(group) => {
                group.events.clear();
                group.created_at -= MONTH;
                true
            }
            None => false,
        }
    }
}
