//! Where functions write: a stream of a log group in the world.

use crate::clock::Clock;
use crate::world::{LogEvent, Logs};

/// The log stream of one execution environment; by default what is written there is lost.
#[derive(Debug, Clone, Default)]
pub struct FunctionLog {
    to: Option<(Logs, Clock)>,
    group: String,
    stream: String,
}

impl FunctionLog {
    /// The stream of this name in the log group that Lambda gives a function.
    pub(super) fn new(to: Option<(Logs, Clock)>, function: &str, stream: &str) -> Self {
        Self { to, group: format!("/aws/lambda/{function}"), stream: stream.to_owned() }
    }

    /// Writes a line now.
    pub(super) fn write(&self, line: &str) {
        if let Some((logs, clock)) = &self.to {
            let (stream, message) = (self.stream.clone(), line.to_owned());
            logs.write(&self.group, LogEvent { stream, at: clock.now(), message });
        }
    }
}
