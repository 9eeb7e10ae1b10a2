//! Conditions: what people are told of, once, when it lasts.

use std::fmt;
use std::time::Duration;

use jiff::Timestamp;
use serde::Serialize;

use crate::facts::noted_time;

/// How long a condition must have been seen before people hear of it: what is over by the second look
/// is nobody's concern.
pub const LASTS: Duration = Duration::from_mins(1);
/// Maximum age of a sighting that counts: after a day without a look, it is a new one.
const REMEMBERED: Duration = Duration::from_hours(24);
/// Maximum length of what people know in its note. A tag's value takes 256 characters (F36); the teller's
/// id needs the rest.
const LONGEST: usize = 180;

/// What stands for a condition in the note that the service was found well.
const WELL: &str = "well";

/// Suffix of a condition that is over: if it comes again, people are told again.
const BEFORE: &str = "-before";

/// Something that people have to be told of, because no remedy is left.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Condition {
    /// Its name, for example `crash_loop`.
    pub name: String,
    /// The deployment that it is about: under another one it is another condition.
    pub of: String,
    /// Whether it has lasted, by its evidence or over two looks, so that people are to hear of it.
    pub lasts: bool,
}

/// By this the tags on the service know it.
impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.name, self.of)
    }
}

impl Condition {
    /// A condition whose evidence itself has lasted, like three deaths in a row: people hear of it at
    /// the first look.
    pub fn proven(name: &str, of: &str) -> Self {
        Condition { name: name.to_owned(), of: of.to_owned(), lasts: true }
    }

    /// A condition that one look found. It lasts when an earlier look noted it, at least `wait` ago,
    /// or when people know of it.
    pub fn found(name: &str, of: &str, wait: Duration, notes: &Notes<'_>, now: Timestamp) -> Self {
        let found = Condition { lasts: false, ..Condition::proven(name, of) };
        let sighting = notes.sighting_of(&found, now);
        let lasts = sighting.is_some_and(|it| now.duration_since(it.since).unsigned_abs() >= wait)
            || notes.known().is_some_and(|known| known.includes(&found));
        Condition { lasts, ..found }
    }

    /// What it is told as. Tasks that fail are one story, whether the last one died or never ran.
    fn story(&self) -> &str {
        story(&self.name)
    }
}

/// The story of tasks that fail.
const TASKS_FAIL: &str = "tasks_fail";

fn story(name: &str) -> &str {
    match name {
        "crash_loop" | "cannot_start" | "fails_after_running" => TASKS_FAIL,
        other => other,
    }
}

/// What the service's tags say of conditions.
#[derive(Debug, Clone, Copy, Default)]
pub struct Notes<'a> {
    /// The tag `seen`.
    pub seen: Option<&'a str>,
    /// The tag `told`.
    pub told: Option<&'a str>,
}

impl Notes<'_> {
    /// What people know.
    pub fn known(&self) -> Option<Known> {
        self.told.and_then(Known::parse)
    }

    /// What a look found last, whatever it is.
    pub fn sighting(&self, now: Timestamp) -> Option<Sighting> {
        self.seen.and_then(|seen| Sighting::parse(seen, now))
    }

    /// The sighting that counts for a condition: its own, or that of another of the same deployment
    /// which people do not know of either. Conditions that alternate have lasted together.
    pub fn sighting_of(&self, condition: &Condition, now: Timestamp) -> Option<Sighting> {
        let sighting = self.sighting(now).filter(|it| !it.is_well())?;
        let known = self.known();
        let is_told = known.is_some_and(|known| known.includes(&sighting.condition()));
        let is_same = story(&sighting.name) == condition.story();
        (sighting.of == condition.of && (is_same || !is_told)).then_some(sighting)
    }
}

/// That a look found a condition: `NAME DEPLOYMENT TIME`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sighting {
    /// The condition's name.
    pub name: String,
    /// The deployment that it is about.
    pub of: String,
    /// When it was found first.
    pub since: Timestamp,
}

impl fmt::Display for Sighting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {:.0}", self.name, self.of, self.since)
    }
}

impl Sighting {
    /// Reads a note; what Eden cannot have written, or is a day old, is none.
    pub fn parse(text: &str, now: Timestamp) -> Option<Self> {
        let mut words = text.split(' ');
        let (name, of) = (words.next()?.to_owned(), words.next()?.to_owned());
        let since = noted_time(words.next()?, now)?;
        let counts = now.duration_since(since).unsigned_abs() < REMEMBERED;
        counts.then_some(Sighting { name, of, since })
    }

    /// That a look found the service well, of which people know a condition.
    pub(crate) fn well(now: Timestamp) -> Self {
        Sighting { name: WELL.to_owned(), of: "any".to_owned(), since: now }
    }

    /// Whether a look found the service well.
    pub fn is_well(&self) -> bool {
        self.name == WELL
    }

    fn condition(&self) -> Condition {
        Condition::proven(&self.name, &self.of)
    }
}

/// What people know of a deployment: `NAME+NAME DEPLOYMENT`, then who told them. After the deployment comes
/// what they know of the one before, as `=NAME+NAME=DEPLOYMENT`: ECS may go back to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Known {
    names: Vec<String>,
    of: String,
    before: Option<(Vec<String>, String)>,
}

impl fmt::Display for Known {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.names.join("+"), self.of)?;
        match &self.before {
            Some((names, of)) => write!(f, "={}={of}", names.join("+")),
            None => Ok(()),
        }
    }
}

impl Known {
    /// Reads a note.
    pub fn parse(text: &str) -> Option<Self> {
        let mut words = text.split(' ');
        let split = |names: &str| names.split('+').map(str::to_owned).collect();
        let names = split(words.next().filter(|names| !names.is_empty())?);
        let mut deployments = words.next()?.split('=');
        let of = deployments.next()?.to_owned();
        let before = deployments.next().zip(deployments.next());
        let before = before.map(|(names, of)| (split(names), of.to_owned()));
        Some(Known { names, of, before })
    }

    /// Whether people know of a condition, or of the story that it belongs to.
    pub fn includes(&self, condition: &Condition) -> bool {
        self.of(&condition.of).iter().any(|name| story(name) == condition.story())
    }

    /// Whether people were told of a condition of a deployment by this very name.
    pub(crate) fn has(&self, name: &str, of: &str) -> bool {
        self.of(of).iter().any(|known| known == name)
    }

    /// Whether they know that tasks fail.
    pub(crate) fn tells_of_failures(&self) -> bool {
        let before = self.before.iter().flat_map(|(names, _)| names);
        self.names.iter().chain(before).any(|name| story(name) == TASKS_FAIL)
    }

    /// What they know of a deployment.
    fn of(&self, of: &str) -> &[String] {
        let before = self.before.as_ref().filter(|before| before.1 == of);
        let before = before.map_or(&[][..], |before| &before.0);
        if self.of == of { &self.names } else { before }
    }

    /// What people know when they have been told of a condition as well: of the same deployment it is
    /// added. When the tag is full, what they know of the one before goes, and then the oldest names.
    #[must_use]
    pub fn with(known: Option<Known>, condition: &Condition) -> Self {
        let of = condition.of.clone();
        let names = known.as_ref().map_or_else(Vec::new, |known| known.of(&of).to_vec());
        let before = known.and_then(|known| {
            if known.of == of { known.before } else { Some((known.names, known.of)) }
        });
        let mut known = Known { names, of, before };
        known.names.push(condition.name.clone());
        if known.to_string().len() > LONGEST {
            known.before = None;
        }
        while known.to_string().len() > LONGEST && known.names.len() > 1 {
            known.names.remove(0);
        }
        known
    }

    /// The names, for people.
    pub fn names(&self) -> String {
        let before = self.before.iter().flat_map(|(names, _)| names);
        let names = before.chain(&self.names);
        let names = names.map(|name| name.strip_suffix(BEFORE).unwrap_or(name));
        let mut told: Vec<&str> = Vec::new();
        for name in names {
            if !told.contains(&name) {
                told.push(name);
            }
        }
        told.join(", ")
    }

    /// The note in which a condition is one that was before: people are told of it anew, and still that
    /// all is over. `None` where the note does not say that they know of it.
    pub fn as_before(note: &str, name: &str) -> Option<String> {
        let (names, rest) = note.split_once(' ')?;
        let mut names: Vec<_> = names.split('+').map(str::to_owned).collect();
        let known = names.iter().position(|it| it == name)?;
        let before = format!("{name}{BEFORE}");
        names.remove(known);
        if !names.contains(&before) {
            names.insert(known, before);
        }
        Some(format!("{} {rest}", names.join("+")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(minute: i64) -> Timestamp {
        Timestamp::from_second(1_700_000_000 + 60 * minute).unwrap()
    }

    fn found(name: &str, seen: Option<&str>, told: Option<&str>, now: Timestamp) -> Condition {
        Condition::found(name, "ecs-svc/1", LASTS, &Notes { seen, told }, now)
    }

    #[test]
    fn what_one_look_found_lasts_from_the_second_look_a_minute_later() {
        let seen = |minute| format!("wrong_path ecs-svc/1 {:.0}", at(minute));
        for (note, lasts) in [
            (None, false),
            (Some(seen(0)), true),
            (Some(seen(5)), false),
            (Some(seen(-60 * 25)), false),
            (Some(seen(8)), false),
            (Some("wrong_path ecs-svc/0 2023-11-14T22:00:00Z".to_owned()), false),
            (Some("wrong_path ecs-svc/1 yesterday".to_owned()), false),
            (Some("hands off".to_owned()), false),
        ] {
            assert_eq!(found("wrong_path", note.as_deref(), None, at(5)).lasts, lasts, "{note:?}");
        }
    }

    #[test]
    fn conditions_that_alternate_before_people_know_have_lasted_together() {
        let seen = format!("wrong_path ecs-svc/1 {:.0}", at(0));
        assert!(found("login", Some(&seen), None, at(5)).lasts);
        // But one that people know of makes no other last.
        let told = Some("wrong_path ecs-svc/1");
        assert!(!found("login", Some(&seen), told, at(5)).lasts);
        assert!(found("wrong_path", None, told, at(5)).lasts);
    }

    #[test]
    fn tasks_that_fail_are_one_story_however_they_do() {
        let known = Known::parse("crash_loop ecs-svc/1 teller").unwrap();
        assert!(known.includes(&Condition::proven("cannot_start", "ecs-svc/1")));
        assert!(!known.includes(&Condition::proven("cannot_start", "ecs-svc/2")));
        assert!(!known.includes(&Condition::proven("budget_spent", "ecs-svc/1")));
    }

    #[test]
    fn the_note_keeps_what_people_know_of_a_deployment_and_fits_into_a_tag() {
        let mut known = None;
        for n in 0..30 {
            let name = format!("condition_{n}");
            known = Some(Known::with(known, &Condition::proven(&name, "ecs-svc/1")));
            let known = known.as_ref().unwrap();
            assert!(known.includes(&Condition::proven(&name, "ecs-svc/1")));
            assert!(known.to_string().len() <= LONGEST, "{known}");
            assert_eq!(Known::parse(&known.to_string()).as_ref(), Some(known));
        }
        let next = Known::with(known, &Condition::proven("crash_loop", "ecs-svc/2"));
        assert_eq!(next.to_string(), "crash_loop ecs-svc/2");
    }

    /// Found by the simulation (reality, seed 4220): ECS rolled back to a deployment of which people knew,
    /// and they were told anew.
    #[test]
    fn what_people_know_of_the_deployment_before_is_kept_for_when_ecs_goes_back_to_it() {
        let [first, second, third] = ["ecs-svc/1", "ecs-svc/2", "ecs-svc/3"];
        let fails = |of| Condition::proven("cannot_start", of);
        let known = Known::with(Some(Known::with(None, &fails(first))), &fails(second));
        assert_eq!(known.to_string(), "cannot_start ecs-svc/2=cannot_start=ecs-svc/1");
        assert_eq!(Known::parse(&format!("{known} teller")).as_ref(), Some(&known));
        assert!(known.includes(&fails(first)) && known.includes(&fails(second)));
        assert!(!known.includes(&fails(third)));
        assert_eq!(known.names(), "cannot_start");
        // Something else of the first one is added to what they know of it.
        let back = Known::with(Some(known), &Condition::proven("login", first));
        assert_eq!(back.to_string(), "cannot_start+login ecs-svc/1=cannot_start=ecs-svc/2");
        let next = Known::with(Some(back), &fails(third));
        assert!(next.includes(&fails(first)) && !next.includes(&fails(second)), "{next}");
    }
}
