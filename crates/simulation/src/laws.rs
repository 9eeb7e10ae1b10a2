//! The laws: what the world must show of whoever looks after the service, checked at each change
//! that somebody other than the script has made.

use std::collections::VecDeque;
use std::time::Duration;

use eden_policy::Limits;
use jiff::Timestamp;

use crate::ending::Ending;
use crate::liveness::{Circumstances, Liveness, MOST_DEPLOYMENTS, REMEMBERED};
use crate::record::Record;
use crate::setting::Setting;
use crate::watch::{Change, Seen, Watch};

/// Between what a controller reads and what it does, so much may happen unseen: a call and its
/// retries take up to 25 s, and a read may be of the past.
pub(crate) const TOLERANCE: Duration = Duration::from_secs(60);
/// Stops that are nearer to each other than this are one batch.
const BATCH: Duration = Duration::from_secs(30);
const HOUR: Duration = Duration::from_hours(1);
/// So soon after the last fault everything is well again.
pub const CONVERGED_WITHIN: Duration = Duration::from_mins(40);
/// So soon after the last fault nothing is written any more: for an hour ECS tells of tasks that
/// failed (F18), the next look tells people that this is over, and the one after that forgets it.
pub const QUIET_AFTER: Duration = Duration::from_mins(72);
/// What Eden's reasons begin with.
const MARK: &str = "Eden: ";

/// What was done so far, and by which limits.
#[derive(Debug)]
pub(crate) struct Laws {
    setting: Setting,
    limits: Limits,
    /// When tasks were stopped and deployments made.
    remedies: VecDeque<Timestamp>,
    stops: Vec<Timestamp>,
    /// The forced deployments since the service was last well, by revision.
    in_vain: Vec<(Timestamp, u32)>,
    liveness: Liveness,
}

impl Laws {
    pub(crate) fn new(setting: &Setting) -> Self {
        let limits = Limits {
            min_desired_count: setting.floor,
            healing_budget_per_hour: setting.budget,
            rollback: setting.rollback,
            ..Limits::default()
        };
        Self {
            setting: setting.clone(),
            limits,
            remedies: VecDeque::new(),
            stops: Vec::new(),
            in_vain: Vec::new(),
            liveness: Liveness::default(),
        }
    }

    /// Checks that what a remedy would end does not last.
    pub(crate) fn check_liveness(
        &mut self,
        watch: &Watch,
        changes: &[Change],
        (disturbed, curable, refused): (bool, bool, bool),
        record: &mut Record,
    ) {
        let lately = |at: &&Timestamp| watch.now < **at + HOUR + TOLERANCE;
        let spent = self.remedies.iter().filter(lately).count();
        let around = Circumstances { disturbed, curable, refused, spent };
        let told = (&self.setting, &self.limits);
        self.liveness.look(watch, changes, told, around, record);
    }

    /// Checks what a controller has changed.
    pub(crate) fn check(&mut self, watch: &Watch, changes: &[Change], record: &mut Record) {
        for change in changes {
            match change {
                Change::Stopping { arn, cause } if cause.reason.starts_with(MARK) => {
                    if let Some(seen) = watch.tasks.get(arn) {
                        self.stopped(watch, arn, seen, record);
                    }
                }
                Change::Deployed { .. } => self.deployed(watch, change, record),
                Change::Desired { from, to } => self.scaled(watch, *from, *to, record),
                Change::Routed { to: Some(to) } => {
                    routed(watch, *to, record);
                    shifted(watch, *to, record);
                }
                Change::Stopping { .. } | Change::Routed { to: None } => {}
            }
        }
    }

    fn stopped(&mut self, watch: &Watch, arn: &str, seen: &Seen, record: &mut Record) {
        let now = watch.now;
        let mut breaks = |invariant, text: String| record.breaks(now, invariant, text);
        if !lately(seen.sick_at, now, TOLERANCE) {
            breaks("no healthy task is stopped", format!("{arn} was well"));
        }
        let rolls = watch.rolling_before.is_some_and(|since| now >= since + TOLERANCE);
        // One that has all its new tasks hangs at its old end only.
        let grace = self.limits.startup_grace.max(self.setting.health_check_grace);
        let settled = |of: &Seen| of.task.started_at.is_some_and(|at| now >= at + grace);
        let is_new = |of: &Seen| of.task.started_by == watch.primary && settled(of);
        let new =
            watch.tasks.iter().filter(|(id, of)| is_new(of) && (of.task.runs() || *id == arn));
        let lingers = new.count() >= watch.desired as usize;
        // Where deployments stand side by side, the old tasks serve for as long as somebody likes.
        if rolls && !lingers && !watch.side_by_side {
            breaks("nothing is stopped while a deployment rolls", arn.to_owned());
        }
        if seen.protected_at.is_some_and(|since| now >= since + TOLERANCE) {
            breaks("no protected task is stopped", arn.to_owned());
        }
        let grace = self.limits.startup_grace;
        if seen.task.started_at.is_some_and(|started| now < started + grace) {
            breaks("no task is judged within its grace", arn.to_owned());
        }
        let batch = self.stops.iter().filter(|at| now < **at + BATCH).count() + 1;
        let share = watch.desired as usize * self.limits.max_unhealthy_percent as usize / 100;
        if batch > share.max(1) {
            breaks("no more are stopped at once than may be", format!("{batch} of {share}"));
        }
        let earlier = self.stops.iter().rfind(|at| now >= **at + BATCH);
        if earlier.is_some_and(|at| now < *at + self.limits.storm_cooldown) {
            breaks("batches of stops keep their distance", arn.to_owned());
        }
        self.stops.push(now);
        self.spend(now, record);
    }

    fn deployed(&mut self, watch: &Watch, change: &Change, record: &mut Record) {
        let Change::Deployed { id, same, former_since, had_failed, stopped, stoppable } = change
        else {
            return;
        };
        let now = watch.now;
        self.blamed(watch, id, *same, record);
        if *same {
            self.liveness.forced.push(now);
            self.repeated(watch, *had_failed, record);
        }
        let mut breaks = |invariant, text: String| record.breaks(now, invariant, text);
        let cooldown = self.limits.redeploy_cooldown;
        if *same && now + TOLERANCE < *former_since + cooldown {
            breaks("deployments keep their distance", format!("{id} came too soon"));
        }
        if !*same && !self.setting.rollback {
            breaks("nothing is rolled back unless it may be", id.clone());
        }
        let rolling = watch.rolling_before.filter(|since| now >= *since + TOLERANCE);
        let overdue = |since: Timestamp| now >= since + self.limits.rollout_timeout;
        // What is in progress is not written over where it can be stopped.
        let may = |since| (*stopped || !stoppable) && (overdue(since) || watch.looped());
        if rolling.is_some_and(|since| !may(since)) {
            breaks("no rollout is restarted", format!("{id} came during another"));
        }
        self.spend(now, record);
    }

    /// A deployment is forced or rolled back for what the tasks themselves do.
    fn blamed(&self, watch: &Watch, id: &str, same: bool, record: &mut Record) {
        let now = watch.now;
        let failed = !same && watch.failed_lately();
        if !failed && !lately(watch.accused_at, now, TOLERANCE) {
            let invariant = if same {
                "nothing is deployed again while its tasks answer well"
            } else {
                "nothing is rolled back while its tasks answer well"
            };
            record.breaks(now, invariant, id.to_owned());
        }
        let Setting { minimum_healthy_percent: fewest, maximum_percent: most, .. } = self.setting;
        let answers = |seen: &Seen| seen.answers_since.is_some_and(|at| now >= at + TOLERANCE);
        if fewest < 100 && most <= 100 && watch.tasks.values().any(answers) {
            let invariant = "what stops tasks first is not deployed while one answers";
            record.breaks(now, invariant, id.to_owned());
        }
    }

    /// The same that did not help is not forced for ever. What ECS gave up is another matter: it
    /// starts nothing more by itself.
    fn repeated(&mut self, watch: &Watch, had_failed: bool, record: &mut Record) {
        let (now, well_at) = (watch.now, watch.well_at);
        self.in_vain.retain(|(at, revision)| {
            *revision == watch.revision
                && now < *at + REMEMBERED
                && well_at.is_none_or(|well| well < *at)
        });
        self.in_vain.push((now, watch.revision));
        if self.in_vain.len() > MOST_DEPLOYMENTS && !had_failed {
            let text = format!("{:?}", self.in_vain);
            record.breaks(now, "what did not help twice is not forced again", text);
        }
    }

    fn spend(&mut self, now: Timestamp, record: &mut Record) {
        while self.remedies.front().is_some_and(|at| now >= *at + HOUR) {
            self.remedies.pop_front();
        }
        self.remedies.push_back(now);
        let (spent, budget) = (self.remedies.len(), self.limits.healing_budget_per_hour as usize);
        if spent > budget {
            record.breaks(now, "the budget of an hour is kept", format!("{spent} of {budget}"));
        }
    }

    fn scaled(&mut self, watch: &Watch, from: u32, to: u32, record: &mut Record) {
        self.liveness.raised += 1;
        if to != self.limits.min_desired_count || from >= to {
            let text = format!("from {from} to {to}");
            record.breaks(watch.now, "the desired count is only raised to the floor", text);
        }
    }

    /// What has to hold when a history has ended.
    pub(crate) fn check_end(watch: &Watch, calm: Timestamp, end: &Ending, record: &mut Record) {
        let now = watch.now;
        if end.suspects > 0 {
            let text = format!("{} tasks are noted as sick at the end", end.suspects);
            record.breaks(now, "nobody stays a suspect once all is well", text);
        }
        if watch.unwell_at.is_some_and(|at| at > calm + CONVERGED_WITHIN) {
            let text = format!("{} at the end", watch.unwell.as_deref().unwrap_or("well"));
            record.breaks(now, "after the last fault everything becomes well", text);
        }
        if let Some((at, what)) = record.last_write.take_if(|(at, _)| *at > calm + QUIET_AFTER) {
            record.breaks(at, "nothing is written once all is well", what);
        }
    }
}

fn routed(watch: &Watch, to: std::net::SocketAddr, record: &mut Record) {
    let now = watch.now;
    let there = watch.tasks.values().filter(|seen| seen.task.endpoint == to);
    if !there.clone().any(|seen| lately(seen.ran_at, now, TOLERANCE)) {
        record.breaks(now, "the route leads to tasks that run", format!("{to} is none"));
    }
}

/// Until the production shift the traffic is the old tasks', as long as one of them answers.
fn shifted(watch: &Watch, to: std::net::SocketAddr, record: &mut Record) {
    let is_new = |seen: &Seen| seen.task.started_by == watch.primary;
    let there = watch.tasks.values().find(|seen| seen.task.endpoint == to);
    let old = |seen: &Seen| {
        !is_new(seen) && seen.answers_since.is_some_and(|at| watch.now >= at + TOLERANCE)
    };
    if watch.before_shift && there.is_some_and(is_new) && watch.tasks.values().any(old) {
        let text = format!("{to} is of the new deployment");
        record.breaks(watch.now, "the route waits for the production shift", text);
    }
}

/// Whether something was true at that time or less than so long ago.
fn lately(at: Option<Timestamp>, now: Timestamp, within: Duration) -> bool {
    at.is_some_and(|at| now <= at + within)
}
