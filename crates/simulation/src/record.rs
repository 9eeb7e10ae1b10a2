//! The record of a history: what is written down while it is played, by all who see a part of it.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use serde::Serialize;

use crate::told::People;

/// Whom or what a line of a trace is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum About {
    /// Something befell the service, or ended.
    Fault,
    /// Whether requests get through.
    Traffic,
    /// Where the route leads.
    Route,
    /// A task.
    Task,
    /// The service and its deployments.
    Service,
    /// What a function decided.
    Decision,
    /// A call that a function made.
    Call,
    /// A broken invariant.
    Broken,
}

impl About {
    fn word(self) -> &'static str {
        match self {
            Self::Fault => "fault",
            Self::Traffic => "traffic",
            Self::Route => "route",
            Self::Task => "task",
            Self::Service => "service",
            Self::Decision => "decision",
            Self::Call => "call",
            Self::Broken => "BROKEN",
        }
    }
}

/// One line of a trace.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Line {
    /// When, in milliseconds since the world began.
    pub at_ms: u64,
    /// What it is about.
    pub about: About,
    /// What happened.
    pub text: String,
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (seconds, ms) = (self.at_ms / 1000, self.at_ms % 1000);
        let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
        let (about, text) = (self.about.word(), &self.text);
        write!(f, "{hours}:{minutes:02}:{seconds:02}.{ms:03}  {about:<8}  {text}")
    }
}

/// An invariant that did not hold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Broken {
    /// When, in milliseconds since the world began.
    pub at_ms: u64,
    /// Which.
    pub invariant: &'static str,
    /// How.
    pub text: String,
}

/// What is written down.
#[derive(Debug)]
pub(crate) struct Record {
    origin: Timestamp,
    /// The trace, if one is wanted.
    lines: Option<Vec<Line>>,
    /// How often each thing was seen that has to be seen over a run.
    pub(crate) seen: BTreeMap<String, u64>,
    pub(crate) broken: Vec<Broken>,
    /// Since when healing has been paused, if it is.
    pub(crate) paused_since: Option<Timestamp>,
    /// The last thing that a controller changed, and when.
    pub(crate) last_write: Option<(Timestamp, String)>,
    /// When a controller last asked ECS to stop a deployment in progress.
    pub(crate) deployment_stopped_at: Option<Timestamp>,
    /// How often AWS refused what it will never do, by what that was.
    pub(crate) refusals: BTreeMap<String, u32>,
    /// What people were told.
    pub(crate) people: People,
}

/// A record that several write into.
pub(crate) type Shared = Arc<Mutex<Record>>;

impl Record {
    pub(crate) fn new(origin: Timestamp, traced: bool) -> Shared {
        Arc::new(Mutex::new(Self {
            origin,
            lines: traced.then(Vec::new),
            seen: BTreeMap::new(),
            broken: Vec::new(),
            paused_since: None,
            last_write: None,
            deployment_stopped_at: None,
            refusals: BTreeMap::new(),
            people: People::default(),
        }))
    }

    /// Writes a line, if there is a trace.
    pub(crate) fn note(&mut self, at: Timestamp, about: About, text: impl FnOnce() -> String) {
        let at_ms = self.since(at);
        if let Some(lines) = &mut self.lines {
            lines.push(Line { at_ms, about, text: text() });
        }
    }

    /// Counts something that was seen.
    pub(crate) fn see(&mut self, kind: &str, what: &str) {
        let seen = self.seen.entry(format!("{kind}: {what}")).or_default();
        *seen += 1;
    }

    /// Notes that an invariant does not hold.
    pub(crate) fn breaks(&mut self, at: Timestamp, invariant: &'static str, text: String) {
        let at_ms = self.since(at);
        self.note(at, About::Broken, || format!("{invariant}: {text}"));
        self.broken.push(Broken { at_ms, invariant, text });
    }

    pub(crate) fn take_lines(&mut self) -> Vec<Line> {
        self.lines.take().unwrap_or_default()
    }

    fn since(&self, at: Timestamp) -> u64 {
        u64::try_from(at.duration_since(self.origin).as_millis()).unwrap_or(0)
    }
}

/// The record, to write into.
pub(crate) fn write(record: &Shared) -> MutexGuard<'_, Record> {
    record.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Since the world began.
pub(crate) fn elapsed(origin: Timestamp, at: Timestamp) -> Duration {
    Duration::try_from(at.duration_since(origin)).unwrap_or_default()
}
