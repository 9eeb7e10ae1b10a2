//! The claim: of several invocations at the same moment, one acts.
//!
//! As in Fischer's mutual exclusion: whoever finds no claim on the service writes its own, waits
//! longer than any such write takes, and acts only if the claim is still its own. A write that came
//! after the look of another is seen by that one after its wait. No lock service is needed, only
//! that a tag which was written is read by then.

use std::time::Duration;

use aws_sdk_ecs::config::retry::RetryConfig;
use aws_sdk_ecs::types::Tag;
use eden_policy::facts::noted_time;
use jiff::Timestamp;
use tokio::time::timeout;

use crate::act::ecs::untag;
use crate::aws::Aws;
use crate::call_error::CallError;
use crate::config::Target;
use crate::observe;
use crate::tags::CLAIM;

/// The claim is looked for and written within this time, or not at all.
const WRITE: Duration = Duration::from_secs(4);
/// Longer than the write may take and ECS takes to show it.
const SETTLE: Duration = Duration::from_secs(6);
/// A claim of an invocation that ended without giving it up is void after so long: no invocation
/// lasts longer.
const EXPIRES: Duration = Duration::from_secs(300);

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
    let written = timeout(WRITE, write_unless_taken(aws, target, service, attempt));
    let late = || CallError::answered("TagResource", service, "the claim took too long to write");
    if let Some(by) = written.await.map_err(|_| late())?? {
        return Ok(Claim::Taken { by });
    }
    tokio::time::sleep(SETTLE).await;
    match holder(aws, target).await? {
        Some(by) if by == attempt => Ok(Claim::Held),
        Some(by) => Ok(Claim::Taken { by }),
        None => Ok(Claim::Taken { by: "nobody, who gave it up".to_owned() }),
    }
}

/// Looks and writes, both within one time-out: a write long after the look could come after another
/// invocation has read its own claim back. Whose claim was there already, if one was: an attempt's
/// own may be, when its process crashed and Lambda runs it again in the same environment.
async fn write_unless_taken(
    aws: &Aws,
    target: &Target,
    service: &str,
    attempt: &str,
) -> Result<Option<String>, CallError> {
    if let Some(by) = holder(aws, target).await?.filter(|by| by != attempt) {
        return Ok(Some(by));
    }
    let value = format!("{attempt} {:.0}", aws.now());
    let tag = Tag::builder().key(target.tag(CLAIM)).value(value).build();
    let once = aws_sdk_ecs::config::Builder::new().retry_config(RetryConfig::disabled());
    let request = aws.ecs.tag_resource().resource_arn(service).tags(tag);
    let answer = request.customize().config_override(once).send().await;
    answer.map(|_| None).map_err(|error| CallError::new("TagResource", service, &error))
}

/// Gives the claim up.
///
/// # Errors
/// When that fails; the claim is void after five minutes then.
pub async fn release(aws: &Aws, target: &Target, service: &str) -> Result<(), CallError> {
    untag(aws, service, target.tag(CLAIM)).await.map(drop)
}

async fn holder(aws: &Aws, target: &Target) -> Result<Option<String>, CallError> {
    let claim = observe::service(aws, target).await?.claim;
    Ok(claim.and_then(|claim| valid(&claim, aws.now())))
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
