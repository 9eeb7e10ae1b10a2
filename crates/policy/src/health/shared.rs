//! What fails everywhere alike has a shared cause, a dependency or a setting: it must have lasted
//! before anything is done about it, and replacing tasks is a trial, which is not repeated for ever.

use std::time::Duration;

use jiff::Timestamp;

use super::later;
use super::patient::Patient;
use super::testimony::Testimony;
use crate::facts::{Alarm, ApiAnswer, Readiness, Requests, TaskHealth, Unready};
use crate::plan::{Diagnosis, Hold, Known, LASTS, Step};

/// Maximum deployments that Eden makes of one task definition while the service is never well: the
/// first tells whether replacing tasks helps, the second whether it does by now.
const TRIALS: usize = 2;
/// Maximum age of a deployment that counts as one of these: what failed hours later may be another
/// failure.
const TRIED: Duration = Duration::from_hours(6);
/// A note has whole seconds.
const ROUNDING: Duration = Duration::from_secs(1);

impl Patient<'_> {
    /// Since when the service has failed with what it runs now, by Eden's note.
    pub(super) fn failing_since(&self) -> Option<Timestamp> {
        let (noted, primary) = (self.service.failing.as_ref()?, self.service.primary()?);
        (noted.definition == primary.runs()).then_some(noted.since)
    }

    /// The note of a failure that is not noted yet.
    pub(super) fn note_failing(&self) -> Option<Step> {
        let definition = self.service.primary()?.runs().to_owned();
        let (service, since) = (self.service.arn.clone(), self.now);
        self.failing_since().is_none().then_some(Step::MarkFailing { service, since, definition })
    }

    /// That note is over with the failure: the alarm is quiet, or every task answers well.
    /// Where the alarm rings for something else, most requests of the last minutes succeed while the API
    /// answers well.
    pub(super) fn clear_failing(&self, diagnosis: &Diagnosis) -> Option<Step> {
        let answers = || self.testimony() == Testimony::Well;
        let is_over = match diagnosis {
            Diagnosis::Healthy => true,
            Diagnosis::BeforeTasks => answers(),
            // Tasks that were missing are there, and nothing else fails.
            Diagnosis::WrongPath { .. } => self.is_all_quiet() && !self.replaced_in_vain(),
            Diagnosis::Unclear { .. } => {
                self.testimony() == Testimony::Divided && self.users_are_served()
            }
            // Without a path, tasks are only asked while the API does not answer well.
            Diagnosis::Disputed => {
                let well = || self.tasks.iter().all(|it| !it.runs() || self.is_well(it));
                (answers() && well()) || (self.users_are_served() && !self.others_answer())
            }
            Diagnosis::Starting
            | Diagnosis::Rolling { .. }
            | Diagnosis::RolloutFailed { .. }
            | Diagnosis::RouteStale
            | Diagnosis::TaskSick { .. }
            | Diagnosis::TooFewTasks { .. }
            | Diagnosis::ServiceSick
            | Diagnosis::CrashLoop { .. }
            | Diagnosis::CannotStart { .. }
            | Diagnosis::Paused
            | Diagnosis::BelowFloor { .. }
            | Diagnosis::NoInstances
            | Diagnosis::OldTasksRemain { .. }
            | Diagnosis::TaskStuck { .. }
            | Diagnosis::ScaledToZero
            | Diagnosis::NotActive { .. }
            | Diagnosis::Unknown => false,
        };
        if !is_over || self.service.failing.is_none() {
            return None;
        }
        let vain = Hold::ReplacingDidNotHelp.reason();
        let told = self.service.told.as_deref().filter(|_| !diagnosis.is_healthy());
        let told = told.and_then(|told| Known::as_before(told, vain));
        Some(Step::ClearFailing { told, service: self.service.arn.clone() })
    }

    /// Whether neither the alarm nor the API tells of a failure.
    fn is_all_quiet(&self) -> bool {
        let fails = matches!(self.api(), Some(ApiAnswer::Bad(_) | ApiAnswer::NotReached(_)));
        self.alarm() != Some(Alarm::Alarm) && !fails
    }

    /// Why a service that fails as a whole may be well again in a moment: its tasks were found failing
    /// only now, by its notes. An alarm that rings has seen two bad minutes; where no task could be
    /// asked, it is all that there is, and looked at twice. So are tasks that are silent while most
    /// requests succeed: the newest minute that is counted may be the last good one. Whoever leaves sick
    /// tasks alone for longer than a minute does so with all of them, too.
    pub(super) fn not_lasting(&self) -> Option<Hold> {
        let seen = self.testimony() != Testimony::Nothing && !self.is_silent_while_served();
        let waits = self.limits.unhealthy_for > LASTS;
        if seen && self.alarm() == Some(Alarm::Alarm) && !waits {
            return None;
        }
        let wait = LASTS.max(self.limits.unhealthy_for);
        self.not_yet(self.noted_since(), wait, false)
    }

    /// Why the service is not deployed again yet for missing tasks: somebody may have raised the desired
    /// count a moment ago, and ECS starts them by itself.
    pub(super) fn not_missing_for_long(&self) -> Option<Hold> {
        self.not_yet(self.failing_since(), LASTS, true)
    }

    fn not_yet(&self, noted: Option<Timestamp>, wait: Duration, missing: bool) -> Option<Hold> {
        let since = noted.unwrap_or(self.now);
        let until = later(since, wait);
        (self.now < until).then_some(Hold::FailingNotYet { missing, since, until })
    }

    /// Whether it was noted long enough ago that the service fails, or serves nobody.
    pub(super) fn has_lasted(&self) -> bool {
        self.noted_since().is_some_and(|since| self.now >= later(since, LASTS))
    }

    fn noted_since(&self) -> Option<Timestamp> {
        [self.failing_since(), self.service.unserved_since].into_iter().flatten().min()
    }

    /// How often Eden has deployed what runs now since it has failed.
    fn trials(&self) -> usize {
        let Some(since) = self.failing_since() else { return 0 };
        let counts =
            |at: &&Timestamp| later(**at, ROUNDING) >= since && self.now < later(**at, TRIED);
        self.service.redeployed_at.iter().filter(counts).count()
    }

    /// Whether tasks were replaced since the service has failed, and their successors fail again.
    pub(super) fn replaced_in_vain(&self) -> bool {
        self.trials() > 0
            || (self.tried_since_failing() && self.is_sick_again(&self.failing_since_started()))
    }

    /// Whether Eden stopped a task since the service has failed.
    pub(super) fn tried_since_failing(&self) -> bool {
        let since = self.failing_since();
        self.stops().max().is_some_and(|at| since.is_some_and(|since| later(at, ROUNDING) >= since))
    }

    /// Whether replacing tasks is known not to help. What ECS has abandoned is no longer replaced but
    /// started, about as often as ECS would.
    pub(super) fn has_tried_enough(&self) -> bool {
        !self.is_abandoned() && self.trials() >= TRIALS
    }

    /// Whether a task of the present deployment fails by what it does itself: it died, ECS calls it
    /// UNHEALTHY, it refuses connections although it has had the time to start, or it does not answer at a
    /// path that the settings name. Only that speaks against what was deployed: what the API answers, or
    /// the alarm, may be anybody's doing, and `/` is a path that nobody chose.
    pub(super) fn present_is_accused(&self) -> bool {
        let failed = !(self.failures_of_present().is_empty() || self.has_started());
        failed || self.running_accused() > 0
    }

    /// How many tasks of the present deployment fail by what they do themselves, or have died within the
    /// hour.
    pub(super) fn accused(&self) -> usize {
        self.running_accused() + self.failures_of_present().len()
    }

    fn running_accused(&self) -> usize {
        let present = self.service.primary().map(|primary| primary.id.as_str());
        let tasks = self.tasks.iter().filter(|task| {
            task.runs() && present.is_some() && task.deployment.as_deref() == present
        });
        let fails = tasks.filter(|task| {
            let unready = match self.readiness(task) {
                Some(Readiness::NotReady(Unready::Refuses, _)) => true,
                // `/` is a path that nobody chose, and may fail in an application that is well.
                Some(Readiness::NotReady(Unready::Fails, _)) => {
                    self.asks_a_path() || self.requests().is_some_and(Requests::nearly_all_fail)
                }
                Some(Readiness::NotReady(Unready::Silent, _)) => self.asks_a_path(),
                Some(
                    Readiness::Ready
                    | Readiness::Unclear(_)
                    | Readiness::Limited(_)
                    | Readiness::Unreachable(_),
                )
                | None => false,
            };
            let unready = unready && self.still_starting(task).is_none();
            task.health == TaskHealth::Unhealthy || unready
        });
        fails.count()
    }
}
