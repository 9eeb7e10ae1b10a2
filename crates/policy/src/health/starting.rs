//! Tasks that run, but may not have finished starting: some applications take longer for that than their
//! grace. To stop such a task, or to deploy the service again, would start its boot over, and so for ever.

use std::time::Duration;

use super::later;
use super::patient::{Patient, Sick};
use crate::facts::{Readiness, Task, TaskHealth, Unready};
use crate::plan::Hold;

/// For so long after its start a task may not have finished starting. Reports have applications that
/// boot for five minutes and more; and what Eden deploys has a quarter of an hour anyway before it is
/// deployed again, by the default of the cooldown. Whoever needs longer says so by the startup grace.
const BOOTS: Duration = Duration::from_mins(15);
/// Tasks that started at about the same time did so no further apart.
const TOGETHER: Duration = Duration::from_mins(1);

impl<'a> Patient<'a> {
    /// Why a task that does not answer may not have finished starting, although its grace is over.
    ///
    /// Nothing listens yet in one that refuses connections. One that is silent may start as well, if its
    /// server takes connections early, but more often it hangs: so it is waited for only while another
    /// answers, which the gateway can be led to. Any answer, a 5xx too, shows that a task has started,
    /// and so do its health checks when they pass.
    pub(super) fn still_starting(&self, task: &Task) -> Option<Hold> {
        let because = match self.readiness(task)? {
            Readiness::NotReady(Unready::Refuses, because) => because,
            Readiness::NotReady(Unready::Silent, because) if self.some_answer() => because,
            Readiness::NotReady(..)
            | Readiness::Ready
            | Readiness::Unclear(_)
            | Readiness::Limited(_)
            | Readiness::Unreachable(_) => return None,
        };
        let until = later(task.started_at?, BOOTS);
        let is_judged = task.health == TaskHealth::Unhealthy || task.passes_its_checks();
        let may_start = task.runs() && !is_judged && self.now < until;
        (may_start && !self.is_overtaken(task)).then(|| Hold::StillStarting {
            task: task.id().to_owned(),
            because: because.clone(),
            until,
        })
    }

    /// All tasks that may not have finished starting although their grace is over.
    pub(super) fn slow_starters(&self) -> Vec<Hold> {
        let fresh = self.tasks.iter().filter_map(|task| self.fresh(task, self.grace()));
        let mut slow: Vec<_> =
            fresh.filter(|hold| matches!(hold, Hold::StillStarting { .. })).collect();
        slow.sort_by_key(Hold::to_string);
        slow
    }

    /// Whether a task of the same deployment that started at about the same time, or later, answers: this
    /// one has had the time to start.
    fn is_overtaken(&self, task: &Task) -> bool {
        let answers = |it| self.readiness(it).is_some_and(Readiness::answers);
        self.tasks.iter().any(|other| {
            other.runs()
                && task.deployment.is_some()
                && other.deployment == task.deployment
                && other.started_at.is_some_and(|at| Some(later(at, TOGETHER)) >= task.started_at)
                && answers(other)
        })
    }

    /// The running tasks, if none answers, without those that may not have finished starting.
    pub(super) fn failing_since_started(&self) -> Vec<Sick<'a>> {
        let mut unanswering = self.unanswering();
        unanswering.retain(|(task, _)| self.still_starting(task).is_none());
        unanswering
    }
}
