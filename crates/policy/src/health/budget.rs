//! The budget: what Eden did in the last hour, read back from AWS, and what it may still do.

use std::time::Duration;

use jiff::Timestamp;

use super::later;
use super::patient::Patient;
use crate::facts::{Former, Service, Stop, Task};
use crate::plan::Hold;

const HOUR: Duration = Duration::from_hours(1);
/// So long a forced deployment makes the next one wait longer: one that did not help is repeated about
/// once an hour in the end, and one that did does not stand in the way of the next case for long.
const REMEMBERED: Duration = Duration::from_hours(2);
/// What ECS has abandoned is tried again about as often as ECS itself would at its rarest: every 27
/// minutes.
const LONGEST_RETRY: Duration = Duration::from_mins(30);
/// Eden notes a deployment just before it makes it, and no call takes longer than this: what began so
/// soon after a note is Eden's own.
const NOTED: Duration = Duration::from_secs(30);
/// A note has whole seconds.
const ROUNDING: Duration = Duration::from_secs(1);

/// When each remedy of the last hour was taken: stops by ECS's stop reasons (F18) or by the service's
/// tag, whichever remembers more; forced and rolled back deployments by the service's tag.
pub fn remedies(service: &Service, tasks: &[Task], now: Timestamp) -> Vec<Timestamp> {
    let lately = |at: &Timestamp| now < later(*at, HOUR);
    let deployments = service.redeployed_at.iter().copied();
    let stops = stops_within(service, tasks, now, HOUR);
    let mut at: Vec<_> = stops.into_iter().chain(deployments.filter(lately)).collect();
    at.sort();
    at
}

/// When Eden stopped tasks within that time, by ECS or by the service's tag, whichever remembers more.
pub(super) fn stops_within(
    service: &Service,
    tasks: &[Task],
    now: Timestamp,
    within: Duration,
) -> Vec<Timestamp> {
    let lately = |at: &Timestamp| now < later(*at, within);
    let seen: Vec<_> = stops(tasks, now).filter(lately).collect();
    let noted: Vec<_> = service.stopped_at.iter().copied().filter(lately).collect();
    if noted.len() > seen.len() { noted } else { seen }
}

/// When Eden stopped tasks, as far as ECS remembers. What has no time may be of just now.
fn stops(tasks: &[Task], now: Timestamp) -> impl Iterator<Item = Timestamp> {
    let by_eden = |task: &&Task| task.stop.as_ref().is_some_and(Stop::is_edens);
    tasks.iter().filter(by_eden).map(move |task| task.stopping_at.unwrap_or(now))
}

impl Patient<'_> {
    /// When Eden stopped tasks.
    pub(super) fn stops(&self) -> impl Iterator<Item = Timestamp> {
        stops(self.tasks, self.now)
    }

    /// How many remedies are left.
    ///
    /// # Errors
    /// The hold, when there is none.
    pub(super) fn budget(&self) -> Result<usize, Hold> {
        let remedies = remedies(self.service, self.tasks, self.now);
        let spent = u32::try_from(remedies.len()).unwrap_or(u32::MAX);
        let budget = self.limits.healing_budget_per_hour;
        if spent < budget {
            return Ok(usize::try_from(budget - spent).unwrap_or(usize::MAX));
        }
        // So many of the oldest must be over an hour ago before there is room for one.
        let excess = usize::try_from(spent - budget).unwrap_or(usize::MAX);
        let until = remedies.get(excess).map(|at| later(*at, HOUR));
        Err(Hold::BudgetSpent { spent, budget, until })
    }

    /// Why no further batch of tasks may be stopped yet: the last one was stopped a short while
    /// ago, or its successors are not there.
    pub(super) fn storm(&self) -> Option<Hold> {
        let last = self.stops().max()?;
        let until = later(last, self.limits.storm_cooldown);
        if self.now < until {
            Some(Hold::StormCooldown { until: Some(until) })
        } else if self.service.running < self.service.desired {
            Some(Hold::StormCooldown { until: None })
        } else {
            None
        }
    }

    /// Whether Eden deployed the service in the last hours.
    pub(super) fn redeployed_lately(&self) -> bool {
        self.redeployments() > 0
    }

    /// Whether what is here now in place of the former was Eden's own deployment: the first one that
    /// began after a note of Eden's. One in between was what the note was of.
    pub(super) fn is_edens(&self, former: &Former) -> bool {
        let began = former.replaced_at;
        let follows = |noted: &Timestamp| {
            let between = former.preceded_at.is_some_and(|at| at > later(*noted, ROUNDING));
            later(began, ROUNDING) >= *noted && began < later(*noted, NOTED) && !between
        };
        self.service.redeployed_at.iter().any(follows)
    }

    fn redeployments(&self) -> usize {
        self.lately_redeployed().count()
    }

    fn lately_redeployed(&self) -> impl Iterator<Item = Timestamp> {
        let lately = |at: &Timestamp| self.now < later(*at, REMEMBERED);
        self.service.redeployed_at.iter().copied().filter(lately)
    }

    /// The least time between the present deployment and the next that Eden forces. It doubles with
    /// each, but where nothing runs that could suffer, no further than this.
    pub(super) fn distance(&self) -> Duration {
        let distance = self.limits.redeploy_cooldown_after(self.redeployments());
        let longest = LONGEST_RETRY.max(self.limits.redeploy_cooldown);
        if self.is_abandoned() { distance.min(longest) } else { distance }
    }

    /// Why the service may not be deployed again yet.
    pub(super) fn cooldown(&self, present_since: Timestamp) -> Option<Hold> {
        let until = later(present_since, self.distance());
        (self.now < until).then_some(Hold::RedeployCooldown { until })
    }
}
