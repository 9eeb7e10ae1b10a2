//! Steps that are noted on the service before they are taken: what is noted and then fails counts, and
//! what is done is never forgotten. Only what was not needed any more, or what AWS refuses for good, is
//! no step: its note is taken back, and a refusal is noted instead (F54).

use std::time::Duration;

use eden_policy::Step;
use eden_policy::facts::{Refused, Service, ServiceStatus};
use jiff::Timestamp;

use super::Outcome;
use super::ecs::note;
use crate::aws::Aws;
use crate::call_error::CallError;
use crate::config::Target;
use crate::tags::REFUSED;

/// A tag's value takes 256 characters, a time 20 and a space.
const REMEMBERED: usize = 12;

/// Why nothing is done to a service that ECS calls MISSING.
pub(super) const NOT_FOUND: &str = "ECS does not find the service";

/// A note on the service of when steps of a kind were taken.
pub(super) struct Note<'a> {
    pub(super) tag: &'static str,
    pub(super) earlier: &'a [Timestamp],
}

/// Maximum number of times that a step is asked for which AWS throttles.
const ATTEMPTS: u32 = 5;
/// How long to wait before the second of them; twice as long before each further one.
const PAUSE: Duration = Duration::from_millis(500);

/// A step that is noted before it is taken.
pub(super) struct Noted<'a> {
    pub(super) aws: &'a Aws,
    pub(super) target: &'a Target,
    /// The service as it was read at first, with the times noted so far.
    pub(super) service: &'a Service,
    pub(super) note: Note<'a>,
    pub(super) step: &'a Step,
}

impl Noted<'_> {
    /// Notes the time, looks again, and takes the step by this call unless the look says that it is not
    /// needed any more. To note something may take long, and somebody may act meanwhile; so between
    /// that look and the call lies nothing. Where AWS throttles the call, it is looked at again as well.
    pub(super) async fn take<L, C>(
        self,
        moot: impl Fn() -> L,
        call: impl Fn() -> C,
    ) -> Result<Outcome, CallError>
    where
        L: Future<Output = Result<Option<String>, CallError>>,
        C: Future<Output = Result<(), CallError>>,
    {
        let Noted { aws, note, service, .. } = &self;
        // ECS may call the service MISSING by now: it has no ARN then to note anything on.
        if service.status == ServiceStatus::Missing {
            return Ok(Outcome::Skipped(NOT_FOUND.to_owned()));
        }
        let with_this = note.earlier.iter().copied().chain([aws.now()]).collect();
        self.write(with_this).await?;
        let (mut pause, mut left) = (PAUSE, ATTEMPTS);
        loop {
            left -= 1;
            match moot().await {
                Ok(None) => {}
                // Nothing was done, so the note would say what is not true.
                Ok(Some(why)) => return self.take_back().await.map(|()| Outcome::Skipped(why)),
                Err(unread) => return self.take_back().await.and(Err(unread)),
            }
            match call().await {
                Ok(()) => return Ok(Outcome::Done),
                Err(error) if error.is_throttled() && left > 0 => {
                    tokio::time::sleep(pause).await;
                    pause *= 2;
                }
                Err(error) if error.refused => return self.refused(error).await,
                Err(error) => return Err(error),
            }
        }
    }

    async fn refused(&self, refused: CallError) -> Result<Outcome, CallError> {
        let Noted { aws, target, service, step, .. } = self;
        self.take_back().await?;
        let Some((action, subject)) = step.subject() else { return Err(refused) };
        let refused = Refused::new(action, &subject, aws.now(), refused.because);
        let value = Refused::noted(&service.refused, &refused);
        note(aws, target, &service.arn, REFUSED, &value).await?;
        Ok(Outcome::Refused(refused))
    }

    async fn take_back(&self) -> Result<(), CallError> {
        self.write(self.note.earlier.to_vec()).await
    }

    async fn write(&self, times: Vec<Timestamp>) -> Result<(), CallError> {
        let Noted { aws, target, service, note: Note { tag, .. }, .. } = self;
        note(aws, target, &service.arn, tag, &remembered(times)).await.map(drop)
    }
}

/// The latest of these times, as many as a tag holds.
pub(super) fn remembered(mut times: Vec<Timestamp>) -> String {
    times.sort();
    let latest = times.split_off(times.len().saturating_sub(REMEMBERED));
    let times: Vec<_> = latest.iter().map(|at| format!("{at:.0}")).collect();
    times.join(" ")
}
