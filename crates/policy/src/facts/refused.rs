//! What AWS refused for good, as a tag of the service remembers it.

use jiff::Timestamp;

use super::{noted_time, task_id};

/// A tag's value takes so many characters (F36).
const VALUE: usize = 256;
/// Most refusals that are remembered; older ones go first.
const REMEMBERED: usize = 3;
/// Most characters of what a step is about: the end of a name tells more than its beginning.
const TARGET: usize = 40;
/// What stands between two refusals, and in none of AWS's words as they are noted.
const BETWEEN: &str = " + ";

/// A step that AWS refused in a way that will not be over by itself (F54).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// The step's name, as in reports.
    pub action: String,
    /// What it was about: the same step for something else was not refused.
    pub target: String,
    /// When.
    pub at: Timestamp,
    /// Why, in AWS's own words.
    pub because: String,
}

impl Refused {
    /// A refusal of a step that is about this.
    pub fn new(action: &str, target: &str, at: Timestamp, because: String) -> Self {
        Self { action: action.to_owned(), target: Self::target(target), at, because }
    }

    /// The name of what a step is about, as it is noted.
    pub fn target(of: &str) -> String {
        let name = task_id(of);
        let skipped = name.chars().count().saturating_sub(TARGET);
        name.chars().skip(skipped).collect()
    }

    /// Reads a tag; what is no refusal in it was not written by Eden.
    pub fn parse_all(tag: &str, now: Timestamp) -> Vec<Self> {
        tag.split(BETWEEN).filter_map(|text| Self::parse(text, now)).collect()
    }

    fn parse(text: &str, now: Timestamp) -> Option<Self> {
        let mut words = text.splitn(4, ' ');
        let (action, target) = (words.next()?, words.next()?);
        let at = noted_time(words.next()?, now)?;
        let because = words.next().unwrap_or_default().to_owned();
        Some(Self { action: action.to_owned(), target: target.to_owned(), at, because })
    }

    /// The value of a tag that remembers the earlier refusals and this one: in the characters that
    /// tags take (F36), each with as many of AWS's words as fit.
    pub fn noted(earlier: &[Self], new: &Self) -> String {
        let is_same = |it: &&Self| it.action == new.action && it.target == new.target;
        let mut all: Vec<&Self> = earlier.iter().filter(|it| !is_same(it)).chain([new]).collect();
        all.drain(..all.len().saturating_sub(REMEMBERED));
        let share = (VALUE - BETWEEN.len() * (all.len() - 1)) / all.len();
        let value = |it: &&Self| {
            let Self { action, target, at, because } = it;
            let text = format!("{action} {target} {at:.0} {}", allowed(because));
            text.chars().take(share).collect::<String>().trim_end().to_owned()
        };
        all.iter().map(value).collect::<Vec<_>>().join(BETWEEN)
    }
}

/// A text in the characters that a tag's value takes, but for the plus that stands between refusals.
fn allowed(text: &str) -> String {
    let takes = |c: char| c.is_ascii_alphanumeric() || "-=._:/@".contains(c);
    let words: String = text.chars().map(|c| if takes(c) { c } else { ' ' }).collect();
    words.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> Timestamp {
        "2026-01-01T12:00:00Z".parse().unwrap()
    }

    fn refused(action: &str, target: &str, because: &str) -> Refused {
        Refused::new(action, target, now(), because.to_owned())
    }

    #[test]
    fn what_is_noted_is_read_again() {
        let roll_back =
            refused("roll_back", "eden:6", "ClientException: TaskDefinition is inactive");
        let deploy = refused("force_deployment", "ecs-svc/1", "AccessDenied: no");
        let noted = Refused::noted(std::slice::from_ref(&roll_back), &deploy);
        assert_eq!(Refused::parse_all(&noted, now()), [roll_back.clone(), deploy.clone()]);
        // The same again takes the place of what was noted before.
        let again = refused("roll_back", "eden:6", "AccessDenied: no");
        let noted = Refused::noted(&[roll_back, deploy.clone()], &again);
        assert_eq!(Refused::parse_all(&noted, now()), [deploy, again]);
    }

    #[test]
    fn a_note_fits_into_a_tag_whatever_aws_says() {
        let long = "ClientException: <role/\u{e4}> + it's \"no\"; ".repeat(20);
        let name = format!("{}:7", "family".repeat(40));
        let mut all = Vec::new();
        for n in 0..5 {
            all.push(refused("restore_desired_count", &format!("{name}{n}"), &long));
            let noted = Refused::noted(&all[..all.len() - 1], &all[all.len() - 1]);
            assert!(noted.chars().count() <= 256, "{noted}");
            let takes = |c: char| c.is_ascii_alphanumeric() || " +-=._:/@".contains(c);
            assert!(noted.chars().all(takes), "{noted}");
            assert_eq!(Refused::parse_all(&noted, now()).len(), all.len().min(3));
        }
    }

    #[test]
    fn what_is_no_refusal_was_not_written_by_eden() {
        for text in [
            "",
            "roll_back",
            "roll_back eden:6 lately",
            "roll_back eden:6 2099-01-01T00:00:00Z no",
            " + ",
        ] {
            assert_eq!(Refused::parse_all(text, now()), [], "{text}");
        }
    }
}
