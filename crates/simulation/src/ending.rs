//! How a history leaves the world.

use std::collections::BTreeMap;

use eden_core::claim;
use eden_core::tags::{
    CLAIM, FAILED_RUNS, FAILING_SINCE, NOTED, REDEPLOYED, REFUSED, REPORTED, RESTORED, SEEN,
    STOPPED, TOLD,
};
use eden_lab::World;
use eden_lab::example::{CLUSTER, SERVICE};
use jiff::Timestamp;
use serde::Serialize;

/// How the world is left at the end of a history, as far as the history decides it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Ending {
    /// The desired count.
    pub desired: u32,
    /// Tasks that are ready.
    pub ready: usize,
    /// Whether requests get through.
    pub serving: bool,
    /// The keys of the service's tags that still say something: neither those that remember for hours
    /// what was done or refused, nor a claim that is void, which an invocation left that crashed; nor, where
    /// something never is as it should be, what was seen, tried and told of that, which depends on when
    /// looks fall.
    pub notes: Vec<String>,
    /// Running tasks that are noted as suspects.
    pub suspects: usize,
}

impl Ending {
    pub(crate) fn of(world: &World, desired: u32, serving: bool, is_odd: bool) -> Self {
        let service = world.service(CLUSTER, SERVICE);
        let tasks = world.tasks(CLUSTER, SERVICE);
        Self {
            desired,
            ready: tasks.iter().filter(|task| task.is_ready()).count(),
            serving,
            notes: service.map(|it| notes(&it.tags, world.now(), is_odd)).unwrap_or_default(),
            suspects: tasks
                .iter()
                .filter(|task| task.is_running() && !task.tags.is_empty())
                .count(),
        }
    }
}

fn notes(tags: &BTreeMap<String, String>, now: Timestamp, is_odd: bool) -> Vec<String> {
    let says_something = |key: &str, value: &str| match key.rsplit(':').next() {
        // They say of the past, and are void by themselves.
        Some(REDEPLOYED | STOPPED | RESTORED | REFUSED | FAILED_RUNS | NOTED | REPORTED) => false,
        Some(CLAIM) => claim::valid(value, now).is_some(),
        Some(FAILING_SINCE | SEEN | TOLD) => !is_odd,
        _ => true,
    };
    let tags = tags.iter().filter(|(key, value)| says_something(key, value));
    tags.map(|(key, _)| key.clone()).collect()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::setting::epoch;

    #[test]
    fn a_claim_counts_until_it_is_void_and_what_was_redeployed_never() {
        let tags = BTreeMap::from(
            [
                ("eden:claim", "id-1 2026-01-01T00:00:00Z"),
                ("eden:redeployed", "2026-01-01T00:00:00Z"),
                ("eden:told", "crash_loop ecs-svc/1"),
            ]
            .map(|(key, value)| (key.to_owned(), value.to_owned())),
        );
        let after = |seconds| epoch() + Duration::from_secs(seconds);
        assert_eq!(notes(&tags, after(299), false), ["eden:claim", "eden:told"]);
        assert_eq!(notes(&tags, after(300), false), ["eden:told"]);
        assert_eq!(notes(&tags, after(300), true), [] as [&str; 0]);
    }
}
