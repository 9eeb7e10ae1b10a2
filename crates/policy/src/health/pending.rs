//! Tasks that are to start and never run. ECS says nothing of it where an agent, an image or a network
//! makes them wait (<https://github.com/aws/containers-roadmap/issues/2379>), and waits itself.

use std::time::Duration;

use super::later;
use super::patient::Patient;
use crate::facts::{LastStatus, Task};
use crate::plan::{Diagnosis, Hold};

/// For so long the start of a task may take while no other runs, before people are told: a large image
/// takes some minutes.
const LONG: Duration = Duration::from_mins(10);

impl Patient<'_> {
    /// The task that has been on its way for longest, if no task runs and that is for long.
    pub(super) fn pending_for_long(&self, diagnosis: &Diagnosis) -> Option<Hold> {
        let is_awaited =
            matches!(diagnosis, Diagnosis::Starting | Diagnosis::Rolling { overdue: false, .. });
        let may_run =
            |task: &Task| matches!(task.last_status, LastStatus::Running | LastStatus::Unknown);
        if !is_awaited || self.service.running > 0 || self.tasks.iter().any(may_run) {
            return None;
        }
        let starts = |task: &&Task| task.wanted && task.last_status == LastStatus::Starting;
        let starting = self.tasks.iter().filter(starts);
        let (since, task) = starting
            .filter_map(|it| Some((it.created_at?, it)))
            .min_by_key(|(since, it)| (*since, &it.arn))?;
        (self.now >= later(since, LONG)).then(|| Hold::PendingForLong {
            task: task.id().to_owned(),
            status: task.status.clone(),
            since,
        })
    }
}
