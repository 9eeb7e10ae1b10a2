//! Availability zones: tasks are spread over them, and a zone may run full or be lost.

use std::collections::BTreeSet;

use super::World;
use super::operator::OperatorError;
use super::queue::Due;
use super::task::{StopCode, TaskId};

/// A world has three zones, named as the region with one of these behind it.
const LETTERS: [char; 3] = ['a', 'b', 'c'];
/// Assumed.
const LOST: &str = "Task stopped because of a failure of the infrastructure it ran on.";
/// The exit code of a container that was killed (128 + SIGKILL).
const KILLED: i32 = 137;

/// The zones in which no further task finds a place.
#[derive(Debug, Default)]
pub(super) struct Zones {
    closed: BTreeSet<String>,
}

impl World {
    /// The names of the availability zones.
    pub fn zones(&self) -> Vec<String> {
        LETTERS.map(|letter| format!("{}{letter}", self.arns.region)).to_vec()
    }

    /// Leaves a zone without capacity for further tasks; those in it run on. With all zones closed,
    /// no task can be placed.
    ///
    /// # Errors
    /// When there is no such zone.
    pub fn close_zone(&mut self, zone: &str) -> Result<(), OperatorError> {
        if !self.zones().iter().any(|it| it == zone) {
            return Err(OperatorError::NoSuchZone(zone.to_owned()));
        }
        self.zones.closed.insert(zone.to_owned());
        Ok(())
    }

    /// Gives a zone capacity again; services that wait for it are told at once, which is assumed.
    ///
    /// # Errors
    /// When there is no such zone.
    pub fn open_zone(&mut self, zone: &str) -> Result<(), OperatorError> {
        self.close_zone(zone)?;
        self.zones.closed.remove(zone);
        for service_arn in self.services.keys_where(|_| true) {
            self.wake_scheduler(&service_arn);
        }
        Ok(())
    }

    /// Takes a zone away: it is closed, nobody reaches the tasks in it any more, and after
    /// [`Timing::loss_report`](super::Timing) ECS stops them with `InfrastructureHealth` (F18).
    /// How long that takes is assumed.
    ///
    /// # Errors
    /// When there is no such zone.
    pub fn lose_zone(&mut self, zone: &str) -> Result<(), OperatorError> {
        self.close_zone(zone)?;
        let there = |task: &super::Task| task.availability_zone == zone && !task.has_stopped();
        let now = self.now;
        for id in self.tasks.keys_where(there) {
            self.change_task(id, |task| {
                task.lost = Some(now);
                task.listening = false;
                task.reachable = false;
            });
            self.plan(self.timing.loss_report, Due::ReportLoss(id));
        }
        Ok(())
    }

    /// ECS learns that what a task ran on is gone.
    pub(super) fn report_loss(&mut self, id: TaskId) {
        if self.tasks.get(&id).is_some_and(|task| !task.has_stopped()) {
            self.exit_container(id, KILLED);
            self.begin_stop(id, StopCode::InfrastructureHealth, LOST);
        }
    }

    /// The zones in which a task finds a place now.
    pub(super) fn open_zones(&self) -> Vec<String> {
        let mut zones = self.zones();
        zones.retain(|zone| !self.zones.closed.contains(zone));
        zones
    }

    /// The open zone with the fewest tasks of a service that shall run: ECS spreads them (Developer
    /// Guide, task placement). `None` when every zone is closed.
    pub(super) fn roomiest_zone(&self, service_arn: &str) -> Option<String> {
        let wanted = self.wanted(service_arn);
        let here = |zone: &String| {
            wanted.iter().filter(|(_, task)| task.availability_zone == *zone).count()
        };
        self.open_zones().into_iter().min_by_key(here)
    }
}
