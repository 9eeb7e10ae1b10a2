//! What AWS refused for good is not asked for again at each look.

use std::time::Duration;

use jiff::Timestamp;

use super::later;
use super::patient::Patient;
use crate::facts::{Refused, Service};
use crate::plan::{Hold, Step};

/// After this a step that was refused is tried once more: somebody may have given the permission that
/// was missing.
const TRIED_AGAIN: Duration = Duration::from_hours(1);

/// The step, unless AWS has refused it lately.
///
/// # Errors
/// The hold, with AWS's own words.
pub(super) fn unless_refused(service: &Service, step: Step, now: Timestamp) -> Result<Step, Hold> {
    let Some((action, target)) = step.subject() else { return Ok(step) };
    let same = |it: &&Refused| it.action == action && it.target == target;
    let lately = |it: &&Refused| now < later(it.at, TRIED_AGAIN);
    match service.refused.iter().filter(same).find(lately) {
        None => Ok(step),
        Some(Refused { at, because, .. }) => Err(Hold::Refused {
            action: action.to_owned(),
            target,
            because: because.clone(),
            until: later(*at, TRIED_AGAIN),
        }),
    }
}

impl Patient<'_> {
    /// See [`unless_refused`].
    pub(super) fn unless_refused(&self, step: Step) -> Result<Step, Hold> {
        unless_refused(self.service, step, self.now)
    }
}
