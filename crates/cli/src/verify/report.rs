//! All checks together: as text, as data and as an exit status.

use std::fmt::Write as _;

use serde::Serialize;

use super::check::{Check, Outcome};
use crate::exit::ExitStatus;
use crate::output::{BAD, Cell, DIM, GOOD, Table, WARN};

/// All checks and how many there are of each outcome.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Report {
    passed: usize,
    failed: usize,
    unknown: usize,
    checks: Vec<Check>,
}

impl Report {
    /// Counts the checks.
    pub fn new(checks: Vec<Check>) -> Self {
        let count =
            |what: fn(&Outcome) -> bool| checks.iter().filter(|it| what(&it.outcome)).count();
        Report {
            passed: count(|it| matches!(it, Outcome::Passed { .. })),
            failed: count(|it| matches!(it, Outcome::Failed { .. })),
            unknown: count(|it| matches!(it, Outcome::Unknown { .. })),
            checks,
        }
    }

    /// A failed check is certain, whatever is unknown beside it.
    pub fn status(&self) -> ExitStatus {
        match (self.failed, self.unknown) {
            (0, 0) => ExitStatus::Good,
            (0, _) => ExitStatus::Unknown,
            (_, _) => ExitStatus::Bad,
        }
    }
}

/// One line a check; below one that failed what to do.
pub fn text(report: &Report, width: usize) -> String {
    let mut table = Table::bare();
    for Check { check, outcome } in &report.checks {
        let (mark, style, found) = match outcome {
            Outcome::Passed { detail } => ("ok", GOOD, detail),
            Outcome::Failed { found, .. } => ("FAILED", BAD, found),
            Outcome::Unknown { why } => ("unknown", WARN, why),
        };
        let found = found.replace('\n', "; ");
        table.row([Cell::styled(mark, style), check.as_str().into(), found.into()]);
        if let Outcome::Failed { remedy, .. } = outcome {
            table.row(["".into(), "".into(), Cell::styled(format!("→ {remedy}"), WARN)]);
        }
    }
    let Report { passed, failed, unknown, .. } = report;
    let mut counts = format!("{passed} passed");
    for (count, what) in [(failed, "failed"), (unknown, "could not be checked")] {
        if *count > 0 {
            let _ = write!(counts, ", {count} {what}");
        }
    }
    format!("{}{DIM}{counts}{DIM:#}\n", table.text(0, width))
}

#[cfg(test)]
mod tests {
    use anstream::adapter::strip_str;

    use super::*;

    fn report(outcomes: &[Outcome]) -> Report {
        Report::new(outcomes.iter().map(|it| Check::new("it", it.clone())).collect())
    }

    #[test]
    fn a_failed_check_decides_and_an_unknown_one_only_where_none_failed() {
        let passed = Outcome::passed("well");
        let failed = Outcome::failed("ill", "mend it");
        let unknown = Outcome::unknown("nobody may read it");
        for (outcomes, status) in [
            (vec![passed.clone()], ExitStatus::Good),
            (vec![passed.clone(), unknown.clone()], ExitStatus::Unknown),
            (vec![passed.clone(), failed.clone()], ExitStatus::Bad),
            (vec![unknown, failed, passed], ExitStatus::Bad),
        ] {
            assert_eq!(report(&outcomes).status(), status, "{outcomes:?}");
        }
    }

    #[test]
    fn what_failed_is_followed_by_what_to_do() {
        let report = report(&[
            Outcome::passed("well"),
            Outcome::failed("ill", "mend it"),
            Outcome::unknown("refused\nhelp: ask"),
        ]);

        let text = strip_str(&text(&report, 80)).to_string();
        let expected = "ok       it  well\nFAILED   it  ill\n             → mend it\n\
                        unknown  it  refused; help: ask\n\
                        1 passed, 1 failed, 1 could not be checked\n";
        assert_eq!(text, expected);
    }

    #[test]
    fn as_data_each_check_says_what_came_of_it() {
        let report = report(&[Outcome::failed("ill", "mend it")]);

        let data = serde_json::to_value(&report).unwrap();
        assert_eq!(data["failed"], 1);
        let check = serde_json::json!(
            {"check": "it", "outcome": "failed", "found": "ill", "remedy": "mend it"}
        );
        assert_eq!(data["checks"][0], check);
    }
}
