//! Golden files: what becomes of each situation, readable as documentation.
//!
//! A file in `tests/golden/situations` ends with what people are told, below the line `mail`: that
//! part is eden-core's business, and `tests/tests/eden/mails.rs` owns it.
//!
//! When a decision changes, its test fails, shows the difference and leaves the new files under
//! `target/tmp/golden`, with the command that takes them over. Read the difference before you do, and
//! run the test of the mails after it.

mod files;

use std::collections::BTreeSet;
use std::fmt::Write;

use eden_policy::Hold;
use eden_policy::health::Finding;

use crate::situations::{self, Situation, given};
use crate::verdict::*;
use files::{Files, Part};

fn files() -> Files {
    let golden = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden").into();
    Files { golden, new: concat!(env!("CARGO_TARGET_TMPDIR"), "/golden").into() }
}

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
    let lasts = finding.condition.iter().map(|it| {
        let once_it_lasts = if it.lasts { "" } else { ", once it lasts" };
        format!("{it}{once_it_lasts}")
    });
    list(&mut text, "people are told of", &lasts.collect::<Vec<_>>());
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

#[test]
fn every_situation_is_decided_as_its_file_says() {
    let files = files();
    files.forget("situations");
    let differs = |it: &Situation| {
        files.compare(&format!("situations/{}", it.name), Part::Decision, &told(it))
    };
    files.assert_none(&situations::all().iter().filter_map(differs).collect::<Vec<_>>());
}

#[test]
fn every_diagnosis_under_every_limit_is_decided_as_the_table_says() {
    let files = files();
    let difference = files.compare("limits", Part::Whole, &crate::limits::table());
    files.assert_none(&difference.into_iter().collect::<Vec<_>>());
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
    let files = files().names("situations").into_iter();
    let gone: Vec<_> = files.filter(|name| !names.contains(name.as_str())).collect();
    assert!(gone.is_empty(), "remove the files of situations that are no more: {gone:?}");
}
