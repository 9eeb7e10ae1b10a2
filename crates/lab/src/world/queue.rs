//! What is due in the world, in order of time and, at the same time, in the order it was planned.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use jiff::Timestamp;

use super::bus::Delivery;
use super::task::{DesiredStatus, TaskId, TaskStatus};

/// Something that happens by itself when its time has come.
#[derive(Debug, Clone)]
pub(super) enum Due {
    /// The service scheduler looks at a service, by ARN.
    Schedule(String),
    /// The deployment of a service, by ARN, goes on to its next stage.
    Lifecycle(String),
    /// A task goes on to its next status. Void if it has left `from` or is asked otherwise by then.
    Advance { task: TaskId, from: TaskStatus, desired: DesiredStatus },
    /// EC2 shows the task's network interface.
    ShowInterface(TaskId),
    /// EC2 shows the interface's public address.
    ShowAddress(TaskId),
    /// The application accepts connections.
    Listen(TaskId),
    /// The first container health check has passed.
    PassHealthCheck(TaskId),
    /// The container health check has failed so often that it counts.
    FailHealthCheck(TaskId),
    /// The process of a task's container ends by itself.
    Crash { task: TaskId, exit_code: i32 },
    /// A container beside the application's ends by itself.
    EndSidecar { task: TaskId, sidecar: usize },
    /// A STOPPED task is no longer shown (F18).
    Forget(TaskId),
    /// ECS learns that the task's container has exited.
    ReportExit(TaskId),
    /// ECS learns that what the task ran on is gone.
    ReportLoss(TaskId),
    /// An application that leaks or sickens has come to that.
    Decay(TaskId),
    /// Somebody else gets the address of a stopped task.
    Reuse(SocketAddr),
    /// Somebody else's application ends.
    Vacate(SocketAddr),
    /// ECS decides to replace an UNHEALTHY task.
    Condemn(TaskId),
    /// A period of an alarm, by name, can be evaluated.
    EvaluateAlarm { alarm: String, period_end: Timestamp },
    /// A scheduled rule, by name, fires.
    FireSchedule(String),
    /// EventBridge hands an event to a function.
    Deliver(Delivery),
    /// The next virtual request of a stream of traffic.
    Request(usize),
}

/// The queue of due events.
#[derive(Debug, Default)]
pub(super) struct Queue {
    planned: BTreeMap<(Timestamp, u64), Due>,
    sequence: u64,
}

impl Queue {
    pub(super) fn plan(&mut self, at: Timestamp, due: Due) {
        self.planned.insert((at, self.sequence), due);
        self.sequence += 1;
    }

    /// Takes the first event that is due at `now`, with its time.
    pub(super) fn pop(&mut self, now: Timestamp) -> Option<(Timestamp, Due)> {
        let entry = self.planned.first_entry()?;
        let (at, _) = *entry.key();
        (at <= now).then(|| (at, entry.remove()))
    }

    pub(super) fn next(&self) -> Option<Timestamp> {
        self.planned.first_key_value().map(|((at, _), _)| *at)
    }
}
