//! Steps that are noted on the service before they are taken: what is noted and then fails counts, and
//! what is done is never forgotten. Only what AWS refuses for good is no step: its note is taken back,
//! and the refusal is noted instead (F54).

use eden_policy::Step;
use eden_policy::facts::{Refused, Service};
use jiff::Timestamp;

use super::Outcome;
use super::ecs::tag;
use crate::aws::Aws;
use crate::call_error::CallError;
use crate::config::Target;
use crate::tags::REFUSED;

/// A tag's value takes 256 characters, a time 20 and a space.
const REMEMBERED: usize = 12;

/// A note on the service of when steps of a kind were taken.
pub(super) struct Note<'a> {
    pub(super) tag: &'static str,
    pub(super) earlier: &'a [Timestamp],
}

/// Notes the time, and takes the step by this call.
pub(super) async fn noted(
    aws: &Aws,
    target: &Target,
    service: &Service,
    note: Note<'_>,
    step: &Step,
    call: impl Future<Output = Result<(), CallError>>,
) -> Result<Outcome, CallError> {
    let key = || target.tag(note.tag);
    let with_this = note.earlier.iter().copied().chain([aws.now()]).collect();
    tag(aws, &service.arn, key(), remembered(with_this)).await?;
    let refused = match call.await {
        Ok(()) => return Ok(Outcome::Done),
        Err(error) if error.refused => error,
        Err(error) => return Err(error),
    };
    tag(aws, &service.arn, key(), remembered(note.earlier.to_vec())).await?;
    let Some((action, subject)) = step.subject() else { return Err(refused) };
    let refused = Refused::new(action, &subject, aws.now(), refused.because);
    let value = Refused::noted(&service.refused, &refused);
    tag(aws, &service.arn, target.tag(REFUSED), value).await?;
    Ok(Outcome::Refused(refused))
}

/// The latest of these times, as many as a tag holds.
fn remembered(mut times: Vec<Timestamp>) -> String {
    times.sort();
    let latest = times.split_off(times.len().saturating_sub(REMEMBERED));
    let times: Vec<_> = latest.iter().map(|at| format!("{at:.0}")).collect();
    times.join(" ")
}
