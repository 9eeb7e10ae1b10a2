//! The claim: of several invocations at the same moment, one acts.
//!
//! As in Fischer's mutual exclusion: whoever finds no claim on the service writes its own, waits
//! longer than any such write takes, and acts only if the claim is still its own. Of several
//! invocations that have the same news, one tells it, in the same way. A write that came
//! after the look of another is seen by that one after its wait. No lock service is needed, only
//! that a tag which was written is read by then.

use std::time::Duration;

use aws_sdk_ecs::config::retry::RetryConfig;
use eden_policy::facts::{Service, noted_time};
use jiff::Timestamp;
use tokio::time::timeout;

use crate::act::ecs::{noting, untag};
use crate::aws::Aws;
use crate::call_error::CallError;
use crate::config::Target;
use crate::observe;
use crate::tags::CLAIM;

/// The claim is looked for and written within this time, or not at all.
const WRITE: Duration = Duration::from_secs(4);
/// Longer than the write may take and ECS takes to show it.
const SETTLE: Duration = Duration::from_secs(6);
/// A claim of an invocation that ended without giving it up is void after so long: no healing lasts
/// longer ([`crate::health_monitor::HEALING`]).
pub const EXPIRES: Duration = Duration::from_secs(300);

/// What became of an attempt to claim the service.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use]
pub enum Claim {
    /// It is this invocation's.
    Held,
    /// It is another invocation's.
    Taken {
        /// Whose.
        by: String,
    },
}

/// Claims the service for an attempt at an invocation, by [an id](crate::lambda::Invocation::attempt)
/// that no other has: Lambda may run the same request twice at once (F29).
///
/// # Errors
/// When the claim could not be read or written: nobody knows then whose it is.
pub async fn take(
    aws: &Aws,
    target: &Target,
    service: &str,
    attempt: &str,
) -> Result<Claim, CallError> {
    let now = aws.now();
    let contest = Contest {
        aws,
        target,
        service,
        key: CLAIM,
        value: format!("{attempt} {now:.0}"),
        says: |service| service.claim.as_deref(),
    };
    // An attempt's own claim may be there, when its process crashed and Lambda runs it again in the
    // same environment.
    let is_taken = |claim: &str| valid(claim, now).is_some_and(|by| by != attempt);
    Ok(match contest.enter(|service| service.claim.as_deref().is_some_and(is_taken)).await? {
        Won::Ours => Claim::Held,
        Won::Anothers(claim) => {
            let by = claim.and_then(|claim| valid(&claim, aws.now()));
            Claim::Taken { by: by.unwrap_or_else(|| "nobody, who gave it up".to_owned()) }
        }
    })
}

/// A tag of the service that one of several invocations at the same moment is to write.
pub(crate) struct Contest<'a> {
    pub aws: &'a Aws,
    pub target: &'a Target,
    /// The service's ARN.
    pub service: &'a str,
    /// The tag's name.
    pub key: &'static str,
    /// What no other invocation writes there.
    pub value: String,
    /// What the tag says of a service that was read.
    pub says: fn(&Service) -> Option<&str>,
}

/// Whose tag it is.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use]
pub(crate) enum Won {
    /// This invocation's.
    Ours,
    /// Another's, with what the tag says, if it is still there.
    Anothers(Option<String>),
}

impl Contest<'_> {
    /// Writes the tag unless it is taken, waits until every such write is seen, and looks whose it is.
    ///
    /// # Errors
    /// When the tag could not be read or written: nobody knows then whose it is.
    pub async fn enter(&self, is_taken: impl Fn(&Service) -> bool) -> Result<Won, CallError> {
        let late =
            || CallError::answered("TagResource", self.service, "the tag took too long to write");
        let written = timeout(WRITE, self.write_unless(is_taken)).await.map_err(|_| late())??;
        if let Some(taken) = written {
            return Ok(Won::Anothers(Some(taken)));
        }
        tokio::time::sleep(SETTLE).await;
        let service = observe::service(self.aws, self.target).await?;
        Ok(match (self.says)(&service) {
            Some(value) if value == self.value => Won::Ours,
            says => Won::Anothers(says.map(str::to_owned)),
        })
    }

    /// Looks and writes, both within one time-out and in a single attempt: a write long after the look
    /// could come after another invocation has read its own tag back. What the tag says, if it was
    /// taken already.
    async fn write_unless(
        &self,
        is_taken: impl Fn(&Service) -> bool,
    ) -> Result<Option<String>, CallError> {
        let service = observe::service(self.aws, self.target).await?;
        if is_taken(&service) {
            return Ok(Some((self.says)(&service).unwrap_or_default().to_owned()));
        }
        let Contest { aws, target, key, value, .. } = self;
        let once = aws_sdk_ecs::config::Builder::new().retry_config(RetryConfig::disabled());
        let request = aws.ecs.tag_resource().resource_arn(self.service);
        let request = request.set_tags(Some(noting(aws, target, key, value)));
        let answer = request.customize().config_override(once).send().await;
        answer.map_err(|error| CallError::new("TagResource", self.service, &error))?;
        aws.own.wrote(key, value, aws.now());
        Ok(None)
    }
}

/// Gives the claim up.
///
/// # Errors
/// When that fails; the claim is void after five minutes then.
pub async fn release(aws: &Aws, target: &Target, service: &str) -> Result<(), CallError> {
    untag(aws, service, target.tag(CLAIM)).await.map(drop)
}

/// Whose claim a tag's value is, unless it has expired or no clock of Eden's can have written it.
pub fn valid(claim: &str, now: Timestamp) -> Option<String> {
    let (attempt, since) = claim.split_once(' ')?;
    let since = noted_time(since, now)?;
    let expires = since.checked_add(EXPIRES).ok()?;
    (now < expires).then(|| attempt.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_claim_is_void_when_it_is_old_or_malformed() {
        let now = "2026-01-01T12:00:00Z".parse().unwrap();
        for (claim, holder) in [
            ("id-1 2026-01-01T11:59:50Z", Some("id-1")),
            ("id-1 2026-01-01T11:55:01Z", Some("id-1")),
            ("id-1 2026-01-01T11:55:00Z", None),
            // Another clock may be ahead, but not by more than two minutes.
            ("id-1 2026-01-01T12:02:00Z", Some("id-1")),
            ("id-1 2026-01-01T12:02:01Z", None),
            ("id-1 2099-01-01T00:00:00Z", None),
            ("id-1", None),
            ("id-1 lately", None),
            ("", None),
        ] {
            assert_eq!(valid(claim, now).as_deref(), holder, "{claim}");
        }
    }
}
