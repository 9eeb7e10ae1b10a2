//! Golden files: what becomes of each situation, readable as documentation.
//!
//! A file in `tests/golden/situations` ends with what people are told, below the line `mail`. That part is none
//! of this crate's business, and stays as it is.
//!
//! When a decision changes, its test fails, shows the difference and leaves the new files under
//! `target/tmp/golden`, with the command that takes them over. Read the difference before you do.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::path::{Path, PathBuf};

use eden_policy::Hold;
use eden_policy::health::Finding;

use crate::situations::{self, Situation, given};
use crate::verdict::*;

const GOLDEN: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden");
const NEW: &str = concat!(env!("CARGO_TARGET_TMPDIR"), "/golden");
/// Below this line a file belongs to others.
const MAIL: &str = "\nmail\n";

fn told(situation: &Situation) -> String {
    let finding = situation.decide();
    let mut text = format!("{}\n\ngiven\n", situation.title);
    for (label, line) in given(situation) {
        let _ = writeln!(text, "  {label:<9} {line}");
    }
    let _ = write!(text, "\ndiagnosis\n  {}: {}\n", named(&finding.diagnosis), finding.diagnosis);
    list(&mut text, "evidence", &few(finding.evidence.iter().map(ToString::to_string)));
    list(&mut text, "done", &few(finding.plan.steps.iter().map(ToString::to_string)));
    let held = |hold: &Hold| format!("{}: {hold}", hold.reason());
    list(&mut text, "held", &few(finding.plan.holds.iter().map(held)));
    list(&mut text, "next", &next(&finding));
    let condition = finding.condition.iter().map(ToString::to_string);
    list(&mut text, "people are told of", &condition.collect::<Vec<_>>());
    text
}

fn list(text: &mut String, title: &str, lines: &[String]) {
    let _ = write!(text, "\n{title}\n");
    let nothing = ["nothing".to_owned()];
    for line in if lines.is_empty() { &nothing } else { lines } {
        let _ = writeln!(text, "  {line}");
    }
}

/// Many lines of a kind are as clear when the middle is left out.
fn few(lines: impl Iterator<Item = String>) -> Vec<String> {
    let mut lines: Vec<_> = lines.collect();
    if lines.len() > 8 {
        let left_out = format!("... and {} more ...", lines.len() - 5);
        lines.splice(4..lines.len() - 1, [left_out]);
    }
    lines
}

/// What will be tried again, and when.
fn next(finding: &Finding) -> Vec<String> {
    let holds = finding.plan.holds.iter();
    let mut next: Vec<_> = holds.filter_map(|hold| Some((hold.until()?, hold.reason()))).collect();
    next.sort();
    next.dedup();
    few(next.into_iter().map(|(at, reason)| format!("{at:.0} {reason}")))
}

fn file(root: &str, name: &str) -> PathBuf {
    Path::new(root).join(format!("{name}.txt"))
}

/// The lines in which two texts differ.
fn difference(old: &str, new: &str) -> String {
    let (old, new): (Vec<_>, Vec<_>) = (old.lines().collect(), new.lines().collect());
    let same = |pair: &(&&str, &&str)| pair.0 == pair.1;
    let before = old.iter().zip(&new).take_while(same).count();
    let (old, new) = (&old[before..], &new[before..]);
    let after = old.iter().rev().zip(new.iter().rev()).take_while(same).count();
    let of = |sign: &str, lines: &[&str]| {
        let lines = lines[..lines.len() - after].iter();
        lines.fold(String::new(), |text, line| format!("{text}{sign} {line}\n"))
    };
    of("-", old) + &of("+", new)
}

/// Compares a text with its file; the difference, if there is one, after leaving the new file.
fn compare(name: &str, new: &str, whole: bool) -> Option<String> {
    let old = std::fs::read_to_string(file(GOLDEN, name)).unwrap_or_default();
    let (head, mail) = match old.split_once(MAIL) {
        Some((head, mail)) if !whole => (head, mail),
        _ => (old.as_str(), ""),
    };
    if head == new {
        return None;
    }
    let path = file(NEW, name);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    let text = if whole { new.to_owned() } else { format!("{new}{MAIL}{mail}") };
    std::fs::write(&path, text).unwrap();
    Some(format!("{name}\n{}", difference(head, new)))
}

fn assert_all(differences: &[String]) {
    let differences = differences.join("\n");
    assert!(
        differences.is_empty(),
        "decisions changed:\n\n{differences}\nIf that is right: cp -r {NEW}/. {GOLDEN}/"
    );
}

#[test]
fn every_situation_is_decided_as_its_file_says() {
    // What an earlier run left may be of a situation that is no more.
    let _ = std::fs::remove_dir_all(Path::new(NEW).join("situations"));
    let differs = |it: &Situation| compare(&format!("situations/{}", it.name), &told(it), false);
    assert_all(&situations::all().iter().filter_map(differs).collect::<Vec<_>>());
}

#[test]
fn every_diagnosis_under_every_limit_is_decided_as_the_table_says() {
    assert_all(&compare("limits", &crate::limits::table(), true).into_iter().collect::<Vec<_>>());
}

#[test]
fn a_difference_is_shown_without_what_is_the_same() {
    assert_eq!(difference("a\nb\nc", "a\nx\ny\nc"), "- b\n+ x\n+ y\n");
    assert_eq!(difference("", "a"), "+ a\n");
    assert_eq!(difference("a\na", "a"), "- a\n");
}

#[test]
fn there_is_a_situation_of_each_diagnosis_under_its_name_and_a_file_of_each() {
    let all = situations::all();
    let names: BTreeSet<_> = all.iter().map(|it| it.name).collect();
    assert_eq!(names.len(), all.len(), "two of one name");
    assert!(names.len() >= 40, "{}", names.len());
    for situation in &all {
        let (diagnosis, _) = situation.name.split_once('/').unwrap();
        assert_eq!(named(&situation.decide().diagnosis), diagnosis, "{}", situation.name);
    }
    let diagnoses: BTreeSet<_> = names.iter().filter_map(|it| it.split('/').next()).collect();
    let every: BTreeSet<_> = crate::limits::ILLS.into_iter().collect();
    assert_eq!(diagnoses, every);
    // And no file of a situation that is no more.
    let in_folder = |folder: &Path| -> Vec<PathBuf> {
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect()
    };
    let root = Path::new(GOLDEN).join("situations");
    let files = in_folder(&root).into_iter().flat_map(|folder| in_folder(&folder));
    let stems = files.map(|file| {
        let name = file.strip_prefix(&root).unwrap().with_extension("");
        name.to_str().unwrap().to_owned()
    });
    let gone: Vec<_> = stems.filter(|stem| !names.contains(stem.as_str())).collect();
    assert!(gone.is_empty(), "remove the files of situations that are no more: {gone:?}");
}
