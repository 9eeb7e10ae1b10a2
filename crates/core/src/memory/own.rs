//! What this process noted on the service, should somebody take Eden's tags away: a reconciler such as
//! Terraform removes at each run what it does not know. Limits that are noted there would be no limits,
//! and people would be told of the same again and again.
//!
//! A note that is gone was not always taken away by others: another run of Eden may have found that it
//! is over, or a person wants to be told again. So beside each note the tag `noted` is written, which
//! Eden never removes. Where that is gone as well, all of Eden's tags were taken away, and what this
//! process noted counts as still there. So do by themselves the tags that Eden never removes either.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use eden_input::tags;
use jiff::Timestamp;

/// Minimum age of a note before its being gone means anything: ECS may not show it at once, and of
/// runs at the same moment one may take it off.
const SHOWN: Duration = Duration::from_mins(1);
/// Maximum age of a note that is remembered.
const REMEMBERED: Duration = Duration::from_hours(24);
/// Tags whose being gone means nothing: the first is given up at once, ip-updater removes the second,
/// people write the third, and the last speaks of a moment.
const NOT_REMEMBERED: [&str; 4] =
    [tags::CLAIM, tags::UNSERVED_SINCE, tags::HEALING, tags::REPORTED];

/// The notes of this process on its service.
#[derive(Debug, Default)]
pub struct OwnNotes(Mutex<Inner>);

#[derive(Debug, Default)]
struct Inner {
    notes: BTreeMap<&'static str, Own>,
    told_at: Option<Timestamp>,
}

#[derive(Debug)]
struct Own {
    value: String,
    at: Timestamp,
    is_taken_away: bool,
}

impl OwnNotes {
    /// Remembers what was written.
    pub fn wrote(&self, key: &'static str, value: &str, at: Timestamp) {
        if !NOT_REMEMBERED.contains(&key) {
            let own = Own { value: value.to_owned(), at, is_taken_away: false };
            self.inner().notes.insert(key, own);
        }
    }

    /// Forgets what this process took off itself.
    pub fn removed(&self, key: &str) {
        self.inner().notes.remove(key);
    }

    /// Compares what the service's tags say with what was noted; what was taken away is said here from
    /// then on.
    pub fn compare<'a>(&self, says: impl Fn(&str) -> Option<&'a str>, now: Timestamp) {
        let all = says(tags::NOTED).is_none();
        self.inner().notes.retain(|key, own| {
            let age = now.duration_since(own.at).unsigned_abs();
            if says(key).is_some() {
                own.is_taken_away = false;
            } else if age >= SHOWN {
                own.is_taken_away |= all || tags::THAT_STAY.contains(key);
                // Another run has found that it is over, or a person wants to be told again.
                return own.is_taken_away && age < REMEMBERED;
            }
            age < REMEMBERED
        });
    }

    /// What a tag said that was taken away.
    pub fn recall(&self, key: &str) -> Option<String> {
        let inner = self.inner();
        inner.notes.get(key).filter(|own| own.is_taken_away).map(|own| own.value.clone())
    }

    /// What was written so lately that ECS may not show it yet.
    pub fn just_written(&self, key: &str, now: Timestamp) -> Option<String> {
        let inner = self.inner();
        let lately = |own: &&Own| now.duration_since(own.at).unsigned_abs() < SHOWN;
        inner.notes.get(key).filter(lately).map(|own| own.value.clone())
    }

    /// The tags that were taken away.
    pub fn taken_away(&self) -> Vec<&'static str> {
        let inner = self.inner();
        let gone = inner.notes.iter().filter(|(_, own)| own.is_taken_away);
        gone.map(|(key, _)| *key).collect()
    }

    /// Whether people were told of that, by this process and within the day.
    pub fn is_told(&self, now: Timestamp) -> bool {
        let lately = |at: Timestamp| now.duration_since(at).unsigned_abs() < REMEMBERED;
        self.inner().told_at.is_some_and(lately)
    }

    /// Keeps that people were told.
    pub fn told(&self, now: Timestamp) {
        self.inner().told_at = Some(now);
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(minute: i64) -> Timestamp {
        Timestamp::from_second(1_700_000_000 + 60 * minute).unwrap()
    }

    fn noted() -> OwnNotes {
        let own = OwnNotes::default();
        own.wrote(tags::TOLD, "crash_loop ecs-svc/1 teller", at(0));
        own.wrote(tags::REDEPLOYED, "2023-11-14T22:13:20Z", at(0));
        own.wrote(tags::CLAIM, "id-1", at(0));
        own
    }

    /// What a service says that has these tags.
    fn says(tags: &'static [&'static str]) -> impl Fn(&str) -> Option<&'static str> {
        |key| tags.contains(&key).then_some("something")
    }

    #[test]
    fn where_all_tags_are_gone_what_was_noted_counts() {
        let own = noted();
        own.compare(says(&[]), at(10));
        assert_eq!(own.recall(tags::TOLD).as_deref(), Some("crash_loop ecs-svc/1 teller"));
        assert_eq!(own.taken_away(), [tags::REDEPLOYED, tags::TOLD]);
        // Others are written since then.
        own.compare(says(&[tags::NOTED, tags::SEEN]), at(15));
        assert_eq!(own.taken_away(), [tags::REDEPLOYED, tags::TOLD]);
        // This process takes one off itself; the other is written anew.
        own.removed(tags::TOLD);
        own.compare(says(&[tags::NOTED, tags::REDEPLOYED]), at(20));
        assert_eq!(own.taken_away(), [] as [&str; 0]);
    }

    #[test]
    fn a_note_that_people_or_another_run_took_off_is_over() {
        let own = noted();
        own.compare(says(&[tags::NOTED, tags::REDEPLOYED]), at(10));
        own.compare(says(&[]), at(20));
        assert_eq!(own.recall(tags::TOLD), None);
        // But what stays as long as Eden does was taken away by others.
        assert_eq!(own.taken_away(), [tags::REDEPLOYED]);
    }

    /// Found by the simulation (reality, seed 4667): two tasks were stopped within a second while reads lagged,
    /// and the note of the second stop had no place for the first.
    #[test]
    fn what_was_written_just_now_is_known_although_reads_lag() {
        let own = noted();
        assert_eq!(
            own.just_written(tags::REDEPLOYED, at(0)).as_deref(),
            Some("2023-11-14T22:13:20Z")
        );
        assert_eq!(own.just_written(tags::REDEPLOYED, at(1)), None);
        assert_eq!(own.just_written(tags::STOPPED, at(0)), None);
    }

    #[test]
    fn what_was_written_just_now_need_not_be_shown_yet_and_after_a_day_nothing_counts() {
        let own = noted();
        own.compare(says(&[]), at(0));
        assert_eq!(own.taken_away(), [] as [&str; 0]);
        own.compare(says(&[]), at(60 * 23));
        assert_eq!(own.taken_away().len(), 2);
        own.compare(says(&[]), at(60 * 24));
        assert_eq!(own.taken_away().len(), 0);
    }
}
