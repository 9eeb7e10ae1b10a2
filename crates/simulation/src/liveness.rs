//! Liveness: what a remedy of Eden's would end does not last, where nothing holds the remedy back. A
//! healer that never acts breaks no limit, and is caught here.

use std::time::Duration;

use eden_policy::Limits;
use jiff::Timestamp;

use crate::record::Record;
use crate::setting::{Kind, Setting};
use crate::watch::{Change, Seen, Watch};

/// So long what a remedy would end may last: three looks of the schedule, of which one notes it, one
/// acts, and one is for what came between; and a minute. The time counts from when nothing holds the
/// remedy back any more, and anew from each thing that is done.
pub const ENDED_WITHIN: Duration = Duration::from_mins(16);
/// So long after the last task ended the route may lead to its address: the time that a successor has
/// for starting, a look of the schedule, and a minute.
const PARKED_WITHIN: Duration = Duration::from_mins(8);
/// For so long after its start a task may not have finished starting, unless something shows that it has.
const BOOTS: Duration = Duration::from_mins(15);
/// Tasks that started at about the same time did so no further apart.
const TOGETHER: Duration = Duration::from_mins(1);
/// For so long a forced deployment makes the next one wait longer.
pub(crate) const REMEMBERED: Duration = Duration::from_hours(2);
/// So many forced deployments that did not help end the ladder.
pub(crate) const MOST_DEPLOYMENTS: usize = 2;
/// Maximum number of times that Eden raises the desired count in a day.
const MOST_RAISES: usize = 3;

/// What a remedy would end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Trouble {
    Stray,
    Sick,
    AllSick,
    BelowFloor,
    Orphan,
}

impl Trouble {
    const ALL: [Self; 5] = [Self::Stray, Self::Sick, Self::AllSick, Self::BelowFloor, Self::Orphan];

    fn invariant(self) -> &'static str {
        match self {
            Self::Stray => "the route does not stay where nobody answers",
            Self::Sick => "a sick task beside others does not stay",
            Self::AllSick => "a service of which no task answers is deployed again",
            Self::BelowFloor => "the desired count does not stay below the floor",
            Self::Orphan => "the route does not stay at an address of no task",
        }
    }

    fn within(self) -> Duration {
        match self {
            Self::Orphan => PARKED_WITHIN,
            Self::Stray | Self::Sick | Self::AllSick | Self::BelowFloor => ENDED_WITHIN,
        }
    }
}

/// What else decides whether a remedy may be taken.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Circumstances {
    /// Whether something goes on that may hold a healer back.
    pub(crate) disturbed: bool,
    /// Whether tasks that are started now would serve.
    pub(crate) curable: bool,
    /// Whether the gateway refuses every request with a 4xx, so that no count of what fails tells whether
    /// users are served by tasks that are silent when they are asked themselves.
    pub(crate) refused: bool,
    /// How many remedies of the last hour count against the budget.
    pub(crate) spent: usize,
}

/// Since when what lasts.
#[derive(Debug, Default)]
pub(crate) struct Liveness {
    since: [Option<Timestamp>; 5],
    /// When Eden forced deployments.
    pub(crate) forced: Vec<Timestamp>,
    /// How often Eden raised the desired count.
    pub(crate) raised: usize,
}

impl Liveness {
    /// Looks at what lasts.
    pub(crate) fn look(
        &mut self,
        watch: &Watch,
        changes: &[Change],
        (setting, limits): (&Setting, &Limits),
        around: Circumstances,
        record: &mut Record,
    ) {
        let now = watch.now;
        for (trouble, since) in Trouble::ALL.into_iter().zip(&mut self.since) {
            let (forced, raised) = (&self.forced[..], self.raised);
            let eye = Eye { watch, setting, limits, around, forced, raised };
            if !eye.sees(trouble) || !changes.is_empty() {
                *since = None;
                continue;
            }
            let from = *since.get_or_insert(now);
            if now > from + trouble.within() {
                let text = format!("since {from}");
                record.breaks(now, trouble.invariant(), text);
                *since = None;
            }
        }
    }
}

/// Who sees what is the matter, and whether anything holds its remedy back.
struct Eye<'a> {
    watch: &'a Watch,
    setting: &'a Setting,
    limits: &'a Limits,
    around: Circumstances,
    forced: &'a [Timestamp],
    raised: usize,
}

impl Eye<'_> {
    fn sees(&self, trouble: Trouble) -> bool {
        let Self { watch, setting, around, .. } = self;
        if around.disturbed {
            return false;
        }
        if trouble == Trouble::Orphan {
            return setting.parking && watch.is_orphan && watch.rolling_since.is_none();
        }
        if watch.wanted == 0 {
            return false;
        }
        let asks_well = !setting.probes_path || setting.at_path == 200;
        let may = watch.rolling_since.is_none()
            && around.spent < self.limits.healing_budget_per_hour as usize;
        match trouble {
            Trouble::Orphan => watch.is_orphan,
            Trouble::BelowFloor => {
                watch.desired < setting.floor
                    && setting.kind != Kind::Daemon
                    && self.raised < MOST_RAISES
            }
            Trouble::Stray => {
                !watch.serving
                    && asks_well
                    && self.well().any(|seen| self.is_old(seen, false))
                    && (watch.nobody_listens || setting.probes_path)
            }
            Trouble::Sick => {
                may && asks_well
                    && around.curable
                    && self.well().next().is_some()
                    && self.sick().any(|seen| {
                        let shows = setting.probes_path || seen.task.is_unhealthy();
                        shows && self.is_old(seen, true) && seen.protected_at.is_none()
                    })
            }
            Trouble::AllSick => {
                let shows = setting.probes_path || setting.traffic.is_some();
                let ran = watch.tasks.values().filter(|seen| seen.task.runs()).count();
                let all =
                    ran > 0 && self.sick().filter(|seen| self.is_old(seen, true)).count() == ran;
                let tells = !around.refused || !self.sick().any(|seen| seen.task.is_silent());
                may && asks_well && shows && all && tells && around.curable && self.may_deploy()
            }
        }
    }

    /// The tasks that could serve. New ones may not before their production shift.
    fn well(&self) -> impl Iterator<Item = &Seen> {
        let may =
            |seen: &Seen| !self.watch.before_shift || seen.task.started_by != self.watch.primary;
        let well =
            move |seen: &&Seen| seen.task.runs() && seen.accused_since.is_none() && may(seen);
        self.watch.tasks.values().filter(well)
    }

    fn sick(&self) -> impl Iterator<Item = &Seen> {
        self.watch.tasks.values().filter(|seen| seen.task.runs() && seen.accused_since.is_some())
    }

    /// Whether it is older than its grace.
    fn is_old(&self, seen: &Seen, judged: bool) -> bool {
        let grace = self.limits.startup_grace.max(self.setting.health_check_grace);
        let grace = if judged { grace } else { Duration::ZERO };
        seen.task.started_at.is_some_and(|at| self.watch.now >= at + grace)
            && !self.may_be_starting(seen)
    }

    /// Whether it may not have finished starting: nothing listens in it, or it is silent while others
    /// answer, and none of these started at about the same time or later.
    fn may_be_starting(&self, seen: &Seen) -> bool {
        let Some(started) = seen.task.started_at else { return false };
        let since = |other: &Seen| {
            other.task.started_by == seen.task.started_by
                && other.task.started_at.is_some_and(|at| at + TOGETHER >= started)
        };
        let others = self.watch.tasks.values().filter(|seen| seen.task.answers());
        let is_overtaken = others.clone().any(since);
        let may = seen.task.refuses() || (seen.task.is_silent() && others.count() > 0);
        may && !is_overtaken && self.watch.now < started + BOOTS
    }

    /// Whether the cooldown is over, and deployments may still help.
    fn may_deploy(&self) -> bool {
        let now = self.watch.now;
        let lately = self.forced.iter().filter(|at| now < **at + REMEMBERED).count();
        let cooldown = self.limits.redeploy_cooldown_after(lately);
        lately < MOST_DEPLOYMENTS && now >= self.watch.primary_since + cooldown
    }
}
