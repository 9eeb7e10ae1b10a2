//! Reads that are answered with the past: AWS is consistent only after a while.

use std::collections::VecDeque;
use std::time::Duration;

use jiff::Timestamp;

use super::World;
use super::alarm::Alarm;
use super::gateway::Api;
use super::service::Service;
use super::table::Table;
use super::task::{Task, TaskId};

/// How far reads of ECS, EC2, API Gateway and CloudWatch lag behind. ECS and EC2 say that they are
/// consistent only eventually (ECS API reference of `RunTask`; EC2 Developer Guide, eventual
/// consistency); that the other two may lag as well is assumed, and so is every bound: ECS speaks
/// of up to five minutes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Lag {
    /// The chance, from 0 to 1, that a read lags.
    pub chance: f64,
    /// A read that lags is answered as of up to so long ago.
    pub most: Duration,
    /// The tags in it are as of up to so long ago, if that is less. ECS says nothing of tags in
    /// particular; two seconds are assumed.
    pub most_of_tags: Duration,
}

impl Lag {
    /// Every read shows the present.
    pub const NONE: Self =
        Self { chance: 0.0, most: Duration::ZERO, most_of_tags: Duration::from_secs(2) };

    /// This share of all reads lags by up to so long, their tags by up to two seconds.
    pub const fn of(chance: f64, most: Duration) -> Self {
        Self { chance, most, ..Self::NONE }
    }

    fn is_none(&self) -> bool {
        self.chance <= 0.0 || self.most.is_zero()
    }
}

/// What reads that may lag are answered from.
#[derive(Debug, Clone)]
struct Shown {
    services: Table<String, Service>,
    tasks: Table<TaskId, Task>,
    apis: Table<String, Api>,
    alarms: Table<String, Alarm>,
}

/// How often each of the tables has changed.
type Changes = [u64; 4];

impl Shown {
    fn take_tags_of(&mut self, other: &Self) {
        self.services.merge(&other.services, |own, other| {
            (own.tags != other.tags).then(|| Service { tags: other.tags.clone(), ..own.clone() })
        });
        self.tasks.merge(&other.tasks, |own, other| {
            (own.tags != other.tags).then(|| Task { tags: other.tags.clone(), ..own.clone() })
        });
    }
}

/// What the world showed at times that a read may still be answered as of.
#[derive(Debug)]
pub(super) struct History {
    lag: Lag,
    /// Each is what was shown from its time until that of the next.
    shown: VecDeque<(Timestamp, Shown)>,
    /// The changes up to the last of them.
    changes: Option<Changes>,
}

impl Default for History {
    fn default() -> Self {
        Self::new(Lag::NONE)
    }
}

impl History {
    fn new(lag: Lag) -> Self {
        Self { lag, shown: VecDeque::new(), changes: None }
    }

    /// Notes what is shown since a time.
    fn note(&mut self, since: Timestamp, shown: Shown, changes: Changes) {
        self.changes = Some(changes);
        self.shown.push_back((since, shown));
        let oldest = since - self.lag.most;
        while self.shown.get(1).is_some_and(|(from, _)| *from <= oldest) {
            self.shown.pop_front();
        }
    }

    /// What was shown at a time, or as soon after it as is known.
    fn at(&self, time: Timestamp) -> Option<&Shown> {
        let later = self.shown.partition_point(|(since, _)| *since <= time);
        self.shown.get(later.saturating_sub(1)).map(|(_, shown)| shown)
    }
}

impl World {
    /// From now on, reads lag so far behind. Nothing is answered as of a time before this one.
    pub fn set_lag(&mut self, lag: Lag) {
        self.history = History::new(lag);
    }

    /// Time goes on: what was shown until now has become the past.
    pub(super) fn pass_to(&mut self, time: Timestamp) {
        if time > self.now {
            if !self.history.lag.is_none() {
                self.note_shown();
            }
            self.now = time;
        }
    }

    /// Performs a read, which may be answered with the past.
    pub(crate) fn lagging<T>(&mut self, read: impl FnOnce(&mut Self) -> T) -> T {
        let lag = self.history.lag;
        if lag.is_none() || self.call_rng.f64() >= lag.chance {
            return read(self);
        }
        // What is shown now has a place in the history as well.
        self.note_shown();
        let share = self.call_rng.f64();
        let then = self.now - lag.most.mul_f64(share);
        let then_of_tags = self.now - lag.most_of_tags.min(lag.most).mul_f64(share);
        let Some(mut past) = self.history.at(then).cloned() else { return read(self) };
        if let Some(newer) = self.history.at(then_of_tags) {
            past.take_tags_of(newer);
        }
        let present = self.shown();
        self.show(past);
        let answer = read(self);
        self.show(present);
        answer
    }

    /// Notes what is shown now, if it is not what was noted last.
    fn note_shown(&mut self) {
        let Self { services, tasks, apis, alarms, .. } = &*self;
        let changes = [services.changes(), tasks.changes(), apis.changes(), alarms.changes()];
        if self.history.changes != Some(changes) {
            self.history.note(self.now, self.shown(), changes);
        }
    }

    fn shown(&self) -> Shown {
        let (services, tasks) = (self.services.clone(), self.tasks.clone());
        Shown { services, tasks, apis: self.apis.clone(), alarms: self.alarms.clone() }
    }

    fn show(&mut self, shown: Shown) {
        let Shown { services, tasks, apis, alarms } = shown;
        (self.services, self.tasks) = (services, tasks);
        (self.apis, self.alarms) = (apis, alarms);
    }
}
