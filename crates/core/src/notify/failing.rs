//! Runs that fail: people are told of each failure once while it lasts, in whichever execution
//! environment the runs are.

use std::fmt;
use std::time::Duration;

use eden_policy::facts::noted_time;
use eden_policy::plan::LASTS;
use jiff::Timestamp;

/// A failure that has not come back for so long is over; longer than the longest `ScheduleRate`, an
/// hour, with its two repetitions.
const OVER: Duration = Duration::from_hours(3);
/// Minimum age of a note that is renewed, so that a failure that lasts costs a write an hour.
const RENEWED: Duration = Duration::from_hours(1);
/// Maximum number of failures that people are told of before all of them are over.
const MOST: usize = 8;

/// The runs that fail, by the service's tag `failing`: `SINCE LAST NAME+NAME`, then who told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failing {
    /// When a run failed first.
    since: Timestamp,
    /// When one failed last, to the hour.
    last: Timestamp,
    /// The failures that people know of.
    told: Vec<String>,
}

/// What follows from another run that fails.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Next {
    /// Nothing: people know, or the note says what there is to say.
    Nothing,
    /// It is noted, and nobody is told: it may be over at the next run.
    Note(Failing),
    /// It has lasted, and people are told.
    Tell(Failing),
}

impl fmt::Display for Failing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let told = if self.told.is_empty() { "-".to_owned() } else { self.told.join("+") };
        write!(f, "{:.0} {:.0} {told}", self.since, self.last)
    }
}

impl Failing {
    /// Reads a note; what Eden cannot have written, or is over, is none.
    pub fn parse(text: &str, now: Timestamp) -> Option<Self> {
        let mut words = text.split(' ');
        let since = noted_time(words.next()?, now)?;
        let last = noted_time(words.next()?, now)?;
        let told = words.next()?.split('+').filter(|name| *name != "-").map(str::to_owned);
        let failing = Failing { since, last, told: told.collect() };
        failing.lasts(now).then_some(failing)
    }

    /// Whether it may come back: else it is over.
    pub fn lasts(&self, now: Timestamp) -> bool {
        age(self.last, now) < OVER
    }

    /// Whether people know of none of it, so that nothing is to be remembered when a run ends well.
    pub fn is_untold(&self) -> bool {
        self.told.is_empty()
    }

    /// Whether people know of this failure, or of so many that the log must do.
    pub fn includes(&self, failure: &str) -> bool {
        self.told.len() >= MOST || self.told.iter().any(|told| told == failure)
    }

    /// What follows when a run fails like this.
    pub fn next(noted: Option<Failing>, failure: &str, now: Timestamp) -> Next {
        let Some(failing) = noted else {
            return Next::Note(Failing { since: now, last: now, told: Vec::new() });
        };
        let is_told = failing.includes(failure);
        let renewed = Failing { last: now, ..failing };
        if is_told && age(failing.last, now) >= RENEWED {
            Next::Note(renewed)
        } else if is_told || age(failing.since, now) < LASTS {
            Next::Nothing
        } else {
            let told = renewed.told.iter().cloned().chain([failure.to_owned()]).collect();
            Next::Tell(Failing { told, ..renewed })
        }
    }
}

fn age(at: Timestamp, now: Timestamp) -> Duration {
    Duration::try_from(now.duration_since(at)).unwrap_or_default()
}

/// A name for a failure, short enough for a tag: a hash of its words, without those that have digits,
/// like ids and times, which differ from run to run.
pub fn name_of(failure: &str) -> String {
    const OFFSET: u32 = 0x811c_9dc5;
    const PRIME: u32 = 0x0100_0193;
    let words = failure.split_whitespace().filter(|it| !it.contains(|c: char| c.is_ascii_digit()));
    // FNV-1a: the standard library's hashes may change with its version.
    let hash = words
        .flat_map(str::bytes)
        .fold(OFFSET, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(PRIME));
    format!("{hash:08x}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(minute: i64) -> Timestamp {
        Timestamp::from_second(1_700_000_000 + 60 * minute).unwrap()
    }

    /// What happens when runs fail at these minutes with these failures; a note outlives the process.
    fn told(runs: &[(i64, &str)]) -> Vec<i64> {
        let mut note: Option<String> = None;
        let mut told = Vec::new();
        for (minute, failure) in runs {
            let now = at(*minute);
            let noted = note.as_deref().and_then(|note| Failing::parse(note, now));
            match Failing::next(noted, failure, now) {
                Next::Nothing => {}
                Next::Note(failing) => note = Some(failing.to_string()),
                Next::Tell(failing) => {
                    told.push(*minute);
                    note = Some(format!("{failing} id-1/abc"));
                }
            }
            assert!(note.as_ref().is_none_or(|note| note.len() <= 180), "{note:?}");
        }
        told
    }

    #[test]
    fn a_failure_is_told_when_it_lasts_and_once_while_it_does() {
        assert_eq!(told(&[(0, "a")]), [] as [i64; 0]);
        assert_eq!(told(&[(0, "a"), (0, "a")]), [] as [i64; 0]);
        assert_eq!(told(&[(0, "a"), (1, "a"), (3, "a"), (5, "a")]), [1]);
        let day: Vec<_> = (0..24 * 12).map(|n| (n * 5, "a")).collect();
        assert_eq!(told(&day), [5]);
    }

    #[test]
    fn failures_that_alternate_are_each_told_once() {
        let runs: Vec<_> = (0..50).map(|n| (n * 5, if n % 2 == 0 { "a" } else { "b" })).collect();
        assert_eq!(told(&runs), [5, 10]);
    }

    #[test]
    fn however_many_failures_there_are_people_get_a_few_mails() {
        let names: Vec<_> = (0..100).map(|n| format!("failure{n}")).collect();
        let runs: Vec<_> = (0..).step_by(5).zip(names.iter().map(String::as_str)).collect();
        assert_eq!(told(&runs).len(), MOST);
    }

    #[test]
    fn what_was_over_for_hours_is_news() {
        assert_eq!(told(&[(0, "a"), (5, "a"), (184, "a"), (400, "a"), (401, "a")]), [5, 401]);
    }

    #[test]
    fn what_nobody_of_eden_s_can_have_written_is_no_note() {
        for text in ["", "hands off", "2099-01-01T00:00:00Z 2099-01-01T00:00:00Z -"] {
            assert_eq!(Failing::parse(text, at(0)), None, "{text}");
        }
    }

    #[test]
    fn a_failure_has_the_same_name_whatever_ids_and_times_it_mentions() {
        let name = |id: &str| name_of(&format!("StopTask of task/{id} failed: Throttled at {id}"));
        assert_eq!(name("1a2b3c"), name("9f8e7d"));
        assert_ne!(name_of("StopTask of x failed"), name_of("Publish of x failed"));
    }
}
