//! The floor under the desired count, which is raised to it, but not for ever against whoever lowers
//! it: Application Auto Scaling with a maximum below the floor, or a person who scales to zero before
//! deleting the service.

use std::time::Duration;

use jiff::Timestamp;

use super::later;
use super::refused::unless_refused;
use crate::facts::Service;
use crate::limits::Limits;
use crate::plan::{Condition, Hold, Plan, Step};

/// Most times that the desired count is raised within [`REMEMBERED`].
const TIMES: usize = 3;
/// For so long it is remembered that it was raised.
const REMEMBERED: Duration = Duration::from_hours(24);

/// What to do about a desired count below the floor, and what people have to know if nothing is done.
pub(super) fn restore(
    service: &Service,
    limits: &Limits,
    now: Timestamp,
) -> (Plan, Option<Condition>) {
    let step = Step::RestoreDesiredCount { from: service.desired, to: limits.min_desired_count };
    let hold = match in_vain(service, now) {
        Some(hold) => hold,
        None => match unless_refused(service, step, now) {
            Ok(step) => return (Plan { steps: vec![step], ..Plan::default() }, None),
            Err(hold) => hold,
        },
    };
    let of = service.primary().map_or("none", |deployment| deployment.id.as_str());
    let condition = Condition::proven(hold.reason(), of);
    (Plan { holds: vec![hold], ..Plan::default() }, Some(condition))
}

fn in_vain(service: &Service, now: Timestamp) -> Option<Hold> {
    let lately = |at: &Timestamp| now < later(*at, REMEMBERED);
    let mut raised: Vec<_> = service.restored_at.iter().copied().filter(lately).collect();
    raised.sort();
    // So many of the oldest must be over before it may be raised once more.
    let oldest = raised.len().checked_sub(TIMES)?;
    Some(Hold::RestoredInVain { times: raised.len(), until: later(raised[oldest], REMEMBERED) })
}
