//! What people are to hear of, and the note of what one look found.

use std::time::Duration;

use jiff::Timestamp;

use super::later;
use super::patient::Patient;
use crate::facts::{ApiAnswer, Deployment};
use crate::plan::{Condition, Diagnosis, Hold, LASTS, Notes, Plan, Sighting, Step};

/// That deployments are replaced by others before they complete.
const UNFINISHED: &str = "rollouts_unfinished";
/// Minimum time from the look that found a service well until people hear that what they know of is over. A
/// fault that comes and goes is one story, as it is for the alarm on `NeedsHuman`.
const QUIET: Duration = Duration::from_mins(15);
/// The same where people know of tasks that fail, and single ones still do: in a large service some always may.
const QUIET_BUT_FOR_FEW: Duration = Duration::from_hours(1);
/// For so long tasks may be missing in any rollout, without a note of it.
const BRIEF: Duration = Duration::from_mins(2);
/// What such a condition is about, in place of a deployment's id.
const ANY_DEPLOYMENT: &str = "any";

impl Patient<'_> {
    /// What people are told of, once for each deployment, when it lasts over two looks.
    pub(super) fn condition(&self, name: &str) -> Condition {
        Condition::found(name, self.deployment(), LASTS, &self.notes(), self.now)
    }

    /// The same where the evidence itself has lasted: people hear of it at once.
    pub(super) fn proven(&self, name: &str) -> Condition {
        Condition::proven(name, self.deployment())
    }

    /// While tasks are missing in a rollout: that none has completed for as long as one may take. It is
    /// about no single deployment, since somebody may deploy again before each is overdue.
    pub(super) fn unfinished(&self) -> Option<Condition> {
        let notes = self.notes();
        let is_short = self.service.running < self.service.desired && self.rolling().is_some();
        // What may yet become a condition of the present deployment has been noted first.
        let of_present = |it: &Sighting| it.of == self.deployment();
        if !is_short || notes.sighting(self.now).as_ref().is_some_and(of_present) {
            return None;
        }
        let wait = self.limits.rollout_timeout;
        let found = Condition::found(UNFINISHED, ANY_DEPLOYMENT, wait, &notes, self.now);
        let goes_on = found.lasts || notes.sighting_of(&found, self.now).is_some();
        let begins = |it: &Deployment| self.now >= later(it.created_at, BRIEF);
        (goes_on || self.service.primary().is_some_and(begins)).then_some(found)
    }

    /// A route that Eden leaves to somebody else who writes it too: twice within an hour has lasted. Or a
    /// stage that Eden cannot deploy, while nothing else is left to be tried: people can.
    pub(super) fn unshown(&self, plan: &Plan) -> Option<Condition> {
        if plan.steps.iter().any(Step::needs_a_claim) {
            return None;
        }
        let contested = |hold: &Hold| matches!(hold, Hold::RouteContested { .. });
        if let Some(hold) = plan.holds.iter().find(|hold| contested(hold)) {
            return Some(self.proven(hold.reason()));
        }
        let of_stage = |hold: &&Hold| {
            matches!(
                hold,
                Hold::StageHasCanary { .. }
                    | Hold::CanaryHasOwnVariable { .. }
                    | Hold::StageDeploymentFailed { .. }
            )
        };
        plan.holds.iter().find(of_stage).map(|hold| self.condition(hold.reason()))
    }

    /// What a condition is about.
    fn deployment(&self) -> &str {
        self.service.primary().map_or("none", |deployment| deployment.id.as_str())
    }

    fn notes(&self) -> Notes<'_> {
        self.service.notes()
    }

    /// Why nobody knows what the matter is although everything was read.
    pub(super) fn not_asked(&self, diagnosis: &Diagnosis) -> Option<Hold> {
        let is_silent = matches!(self.api(), Some(ApiAnswer::NotAsked));
        (*diagnosis == Diagnosis::Unknown && is_silent).then_some(Hold::ApiNotAsked)
    }

    /// Whether what people know of is over.
    pub(super) fn is_over(&self, diagnosis: &Diagnosis, condition: Option<&Condition>) -> bool {
        let fails = self.are_told_of_failures() && !self.failures_of_present().is_empty();
        let quiet = if fails { QUIET_BUT_FOR_FEW } else { QUIET };
        let is_quiet = || self.well_since().is_some_and(|since| self.now >= later(since, quiet));
        diagnosis.is_healthy() && condition.is_none() && self.is_calm() && is_quiet()
    }

    /// Since when the service is well, where a look has noted that.
    fn well_since(&self) -> Option<Timestamp> {
        self.notes().sighting(self.now).filter(Sighting::is_well).map(|it| it.since)
    }

    /// Whether people know that tasks fail: ECS remembers for an hour those that did (F18).
    fn are_told_of_failures(&self) -> bool {
        self.notes().known().is_some_and(|known| known.tells_of_failures())
    }

    /// A condition that does not last yet is noted, so that the next look knows; one that is not
    /// found any more is forgotten. Where people know of one, so is since when the service is well.
    pub(super) fn note(
        &self,
        diagnosis: &Diagnosis,
        condition: Option<&Condition>,
        plan: &Plan,
    ) -> Option<Step> {
        let service = self.service.arn.clone();
        let was_well = self.well_since().is_some();
        let Some(condition) = condition else {
            // That others hold the claim shows only when it is asked for.
            let acts = plan.steps.iter().any(Step::needs_a_claim);
            if acts {
                return None;
            }
            let is_told = self.service.told.is_some();
            // What a rollout has yet to show stays noted.
            let may_end =
                diagnosis.is_healthy() || (diagnosis.is_quiet() && self.service.seen.is_none());
            if is_told && may_end && !was_well {
                let sighting = Sighting::well(self.now);
                return Some(Step::MarkCondition { service, sighting });
            }
            let stays = is_told && was_well && !diagnosis.is_sick();
            let is_over = self.service.seen.is_some() && speaks(diagnosis) && !stays;
            return is_over.then_some(Step::ClearCondition { service });
        };
        let noted = (condition.lasts && !was_well)
            || self.notes().sighting_of(condition, self.now).is_some();
        let Condition { name, of, .. } = condition.clone();
        (!noted).then_some(Step::MarkCondition {
            service,
            sighting: Sighting { name, of, since: self.now },
        })
    }
}

/// Whether a look that finds no condition shows that there is none: while something is on its way, or
/// was not read, the next one may find it again.
fn speaks(diagnosis: &Diagnosis) -> bool {
    match diagnosis {
        Diagnosis::Unknown
        | Diagnosis::Starting
        | Diagnosis::Rolling { .. }
        | Diagnosis::Paused
        | Diagnosis::NotActive { .. } => false,
        Diagnosis::Healthy
        | Diagnosis::OldTasksRemain { .. }
        | Diagnosis::NoInstances
        | Diagnosis::RolloutFailed { .. }
        | Diagnosis::RouteStale
        | Diagnosis::TaskSick { .. }
        | Diagnosis::TaskStuck { .. }
        | Diagnosis::TooFewTasks { .. }
        | Diagnosis::ServiceSick
        | Diagnosis::Disputed
        | Diagnosis::BeforeTasks
        | Diagnosis::WrongPath { .. }
        | Diagnosis::Unclear { .. }
        | Diagnosis::CrashLoop { .. }
        | Diagnosis::CannotStart { .. }
        | Diagnosis::BelowFloor { .. }
        | Diagnosis::ScaledToZero => true,
    }
}
