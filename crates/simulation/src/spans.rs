//! Spans: what each task was when, for the timeline of a history.

use std::collections::BTreeMap;

use serde::Serialize;

/// What a task is at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Being {
    /// It does not listen yet.
    Starting,
    /// It answers well.
    Serving,
    /// It runs and does not answer well, or ECS calls it UNHEALTHY.
    Sick,
    /// It is to stop.
    Stopping,
}

/// What a task was for a while.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Span {
    /// The task's id.
    pub task: String,
    /// What it was.
    pub being: Being,
    /// Since when, in seconds since the world began.
    pub from_s: f64,
    /// Until when.
    pub to_s: f64,
    /// Whether the route led to it.
    pub routed: bool,
}

/// Spans that are being written down.
#[derive(Debug, Default)]
pub(crate) struct Spans {
    open: BTreeMap<String, Span>,
    closed: Vec<Span>,
}

impl Spans {
    /// Notes what a task is from now on; nothing, when it is gone.
    pub(crate) fn note(&mut self, task: &str, being: Option<Being>, routed: bool, now_s: f64) {
        let before = self.open.get(task);
        if before.map(|it| (it.being, it.routed)) == being.map(|being| (being, routed)) {
            return;
        }
        if let Some(before) = self.open.remove(task) {
            self.closed.push(Span { to_s: now_s, ..before });
        }
        if let Some(being) = being {
            let task = task.to_owned();
            let span = Span { task: task.clone(), being, from_s: now_s, to_s: now_s, routed };
            self.open.insert(task, span);
        }
    }

    /// All spans, by when they began.
    pub(crate) fn finish(mut self, now_s: f64) -> Vec<Span> {
        let open = std::mem::take(&mut self.open).into_values();
        self.closed.extend(open.map(|span| Span { to_s: now_s, ..span }));
        self.closed.sort_by(|one, other| one.from_s.total_cmp(&other.from_s));
        self.closed
    }
}
