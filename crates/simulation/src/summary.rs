//! The summary of a run: what each policy's downtime is, by fault and in all, and what was broken.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::history::History;
use crate::mix::Mix;
use crate::play::Played;
use crate::policies::Policy;
use crate::record::Broken;

/// From the decision to start a task until it serves: the scheduler, the interface, the image and
/// the way to it, without the application's own start.
const TASK_START_S: f64 = 40.0;

/// What became of all histories under one policy.
#[derive(Debug, Clone, Serialize)]
pub struct OfPolicy {
    /// The policy.
    pub policy: Policy,
    /// How long requests would have failed, in seconds.
    pub downtime_s: f64,
    /// How long the histories were measured, in seconds.
    pub measured_s: f64,
    /// How long each outage took, in seconds, ascending.
    pub outages_s: Vec<f64>,
    /// How many calls AWS got.
    pub calls: u64,
    /// What it did, by kind.
    pub actions: BTreeMap<&'static str, u64>,
}

impl OfPolicy {
    /// The share of time in which requests would have got through, in percent.
    pub fn availability(&self) -> f64 {
        100.0 * (1.0 - self.downtime_s / self.measured_s.max(1.0))
    }

    /// So long so many percent of the outages take at most.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "a position in a list"
    )]
    pub fn recovery_s(&self, percent: f64) -> Option<f64> {
        let position = (self.outages_s.len() as f64 * percent / 100.0).ceil() as usize;
        self.outages_s.get(position.saturating_sub(1)).copied()
    }
}

/// Downtime in the time from faults of one kind to the next fault.
#[derive(Debug, Clone, Default, Serialize)]
pub struct OfFault {
    /// How often such faults occurred.
    pub count: u64,
    /// The downtime by policy, in the order of the run's policies, in seconds.
    pub downtime_s: Vec<f64>,
}

/// An invariant that did not hold, or a comparison that failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Failure {
    /// The history's seed.
    pub seed: u64,
    /// The policy.
    pub policy: Policy,
    /// What was broken.
    pub broken: Broken,
}

/// What became of a run.
#[derive(Debug, Clone, Serialize)]
pub struct Summary {
    /// What the histories were drawn from.
    pub mix: Mix,
    /// How many histories.
    pub histories: u64,
    /// By policy, in the order of the run.
    pub policies: Vec<OfPolicy>,
    /// By kind of fault.
    pub faults: BTreeMap<&'static str, OfFault>,
    /// How often each thing occurred that has to occur.
    pub seen: BTreeMap<String, u64>,
    /// What was broken.
    pub failures: Vec<Failure>,
    /// By how much Eden's downtime is more than that of ECS alone where it is, in seconds by seed.
    pub worse_s: BTreeMap<u64, f64>,
}

impl Summary {
    /// Of no history yet.
    pub fn new(mix: Mix, policies: &[Policy]) -> Self {
        let of = |policy: &Policy| OfPolicy {
            policy: *policy,
            downtime_s: 0.0,
            measured_s: 0.0,
            outages_s: Vec::new(),
            calls: 0,
            actions: BTreeMap::new(),
        };
        Self {
            mix,
            histories: 0,
            policies: policies.iter().map(of).collect(),
            faults: BTreeMap::new(),
            seen: BTreeMap::new(),
            failures: Vec::new(),
            worse_s: BTreeMap::new(),
        }
    }

    /// Adds what became of one history under each of the policies; returns what failed in it.
    pub fn add(&mut self, history: &History, played: &[Played]) -> Vec<Failure> {
        self.histories += 1;
        let mut failures = Vec::new();
        for (index, played) in played.iter().enumerate() {
            self.count(index, played);
            let failed = |broken: &Broken| Failure {
                seed: played.seed,
                policy: played.policy,
                broken: broken.clone(),
            };
            failures.extend(played.broken.iter().map(failed));
        }
        failures.extend(self.compare(history, played));
        self.failures.extend(failures.iter().cloned());
        failures
    }

    /// To be called when all histories are added.
    pub fn finish(&mut self) {
        for of in &mut self.policies {
            of.outages_s.sort_by(f64::total_cmp);
        }
    }

    /// What this policy's downtime is.
    pub fn of(&self, policy: Policy) -> Option<&OfPolicy> {
        self.policies.iter().find(|of| of.policy == policy)
    }

    fn count(&mut self, index: usize, played: &Played) {
        let of = &mut self.policies[index];
        of.downtime_s += played.downtime_s;
        of.measured_s += played.measured_s;
        of.calls += played.calls;
        of.outages_s.extend(played.outages.iter().map(|(from, to)| to - from));
        for (action, count) in &played.actions {
            *of.actions.entry(action).or_default() += count;
        }
        for (what, count) in &played.seen {
            *self.seen.entry(what.clone()).or_default() += count;
        }
        let policies = self.policies.len();
        for (nth, (at, name)) in played.felt.iter().enumerate() {
            let until = played.felt.get(nth + 1).map_or(f64::MAX, |(at, _)| *at);
            let of = self.faults.entry(name).or_default();
            of.downtime_s.resize(policies, 0.0);
            of.count += u64::from(index == 0);
            of.downtime_s[index] += within(&played.outages, *at, until);
        }
    }

    /// Eden may be worse than ECS alone by one task start at most.
    fn compare(&mut self, history: &History, played: &[Played]) -> Option<Failure> {
        let of = |policy| played.iter().find(|played| played.policy == policy);
        let (none, eden) = (of(Policy::None)?, of(Policy::Eden)?);
        let more = eden.downtime_s - none.downtime_s;
        if more > 0.0 {
            self.worse_s.insert(history.seed, more);
        }
        let start = TASK_START_S + history.setting.start_up.as_secs_f64();
        let text = format!("{more:.0} s more downtime, {:.0} s in all", eden.downtime_s);
        let invariant = "no history is worse than with ECS alone by more than a task start";
        (more > start).then_some(Failure {
            seed: history.seed,
            policy: Policy::Eden,
            broken: Broken { at_ms: 0, invariant, text },
        })
    }
}

/// How much of the outages lies in this time.
fn within(outages: &[(f64, f64)], from: f64, to: f64) -> f64 {
    outages.iter().map(|outage| (outage.1.min(to) - outage.0.max(from)).max(0.0)).sum()
}
