//! What people are told: of what lasts, and once.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;

/// For so long after all was well again people may hear of what was not.
const NEWS: Duration = Duration::from_mins(10);
/// Maximum number of times that people hear of a condition which cannot be noted: each process knows
/// what it told itself, and alarms and schedule wake three at once.
const PROCESSES: usize = 3;

/// What people were told of.
#[derive(Debug, Default)]
pub(crate) struct People {
    /// When they were told of each condition that they do not know to be over, and how often so far.
    told: BTreeMap<String, (Timestamp, usize)>,
    /// Until when tags could not be written, as far as is known.
    pub(crate) unnoted_until: Option<Timestamp>,
    /// When something last went on that may keep a note from being written or read.
    pub(crate) disturbed_at: Option<Timestamp>,
    /// When something was last not as it should be, whether it shows in the tasks or not.
    pub(crate) troubled_at: Option<Timestamp>,
    /// When all had last been well for so long that what comes then is another story.
    calm_at: Option<Timestamp>,
}

impl People {
    /// Notes that something is not as it should be, or is.
    pub(crate) fn see(&mut self, now: Timestamp, is_troubled: bool) {
        if is_troubled {
            self.troubled_at = Some(now);
        } else if self.troubled_at.is_none_or(|at| now > at + NEWS) {
            self.calm_at = Some(now);
        }
    }

    /// They are told of a condition; which invariant that breaks, if any.
    pub(crate) fn hear(&mut self, now: Timestamp, condition: &str) -> Option<&'static str> {
        // Tasks that fail are one story, whether the last one died or never ran.
        let story = condition.replace("cannot_start", "crash_loop");
        let story = story.replace("fails_after_running", "crash_loop");
        let before = self.told.get(&story).copied();
        let times = before.map_or(0, |(_, times)| times) + 1;
        self.told.insert(story, (now, times));
        let since = |at: Option<Timestamp>, before| at.is_some_and(|at| at >= before);
        let unnoted = |before| since(self.unnoted_until, before) && times <= PROCESSES;
        let excused = |before| {
            since(self.disturbed_at, before) || since(self.calm_at, before) || unnoted(before)
        };
        let again = before.filter(|(before, _)| !excused(*before));
        let lasted = self.troubled_at.is_some_and(|at| now <= at + NEWS);
        match (again, lasted) {
            (Some(_), _) => Some("people are told of a condition once"),
            (None, false) => Some("people are told of what lasts"),
            (None, true) => None,
        }
    }

    /// They are told that all is well again.
    pub(crate) fn are_relieved(&mut self) {
        self.told.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::setting::epoch;

    fn after(minutes: u64) -> Timestamp {
        epoch() + Duration::from_mins(minutes)
    }

    #[test]
    fn people_hear_of_a_condition_once_until_it_is_over() {
        let mut people = People { troubled_at: Some(after(0)), ..People::default() };
        assert_eq!(people.hear(after(1), "crash_loop ecs-svc/1"), None);
        assert_eq!(people.hear(after(2), "crash_loop ecs-svc/2"), None);
        let again = people.hear(after(3), "crash_loop ecs-svc/1");
        assert_eq!(again, Some("people are told of a condition once"));
        people.are_relieved();
        assert_eq!(people.hear(after(4), "crash_loop ecs-svc/1"), None);
    }

    #[test]
    fn what_keeps_notes_from_being_read_excuses_a_second_message() {
        let mut people = People { troubled_at: Some(after(0)), ..People::default() };
        assert_eq!(people.hear(after(1), "crash_loop ecs-svc/1"), None);
        people.disturbed_at = Some(after(2));
        assert_eq!(people.hear(after(3), "crash_loop ecs-svc/1"), None);
    }

    #[test]
    fn what_cannot_be_noted_is_told_by_each_process_and_no_more_often() {
        let mut people = People { troubled_at: Some(after(0)), ..People::default() };
        people.unnoted_until = Some(after(5));
        for _ in 0..PROCESSES {
            assert_eq!(people.hear(after(2), "crash_loop ecs-svc/1"), None);
        }
        assert!(people.hear(after(3), "crash_loop ecs-svc/1").is_some());
    }

    #[test]
    fn what_comes_after_a_calm_is_another_story() {
        let mut people = People::default();
        people.see(after(0), true);
        assert_eq!(people.hear(after(1), "crash_loop ecs-svc/1"), None);
        people.see(after(20), false);
        people.see(after(30), true);
        assert_eq!(people.hear(after(31), "crash_loop ecs-svc/1"), None);
    }

    #[test]
    fn nothing_is_told_of_a_service_that_has_been_well() {
        let mut people = People { troubled_at: Some(after(0)), ..People::default() };
        assert_eq!(people.hear(after(11), "crash_loop 1"), Some("people are told of what lasts"));
    }
}
