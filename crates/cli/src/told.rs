//! Reports of what a handler did, for people.

use eden_core::HandlerError;
use eden_core::Report;
use eden_core::report::Ended;
use eden_policy::Hold;

use anyhow::Result;

use crate::exit::ExitStatus;
use crate::intent::section;
use crate::output::{BAD, Cell, DIM, GOOD, Output, Table};

/// Prints what became of an invocation: its report is the data, whether it ended well or not.
///
/// # Errors
/// When the event was malformed, or stdout cannot be written.
pub fn show(output: Output, ended: Result<Report, HandlerError>) -> Result<ExitStatus> {
    let report = match ended {
        Ok(report) => report,
        Err(HandlerError::Incomplete(report)) => *report,
        Err(error @ HandlerError::Malformed(_)) => return Err(error.into()),
    };
    output.show(&report, text)?;
    Ok(if report.outcome == Ended::Failed { ExitStatus::Bad } else { ExitStatus::Good })
}

fn text(report: &Report, width: usize) -> String {
    let mut table = Table::bare();
    let outcome = match report.outcome {
        Ended::Acted => Cell::styled("acted", GOOD),
        Ended::Unchanged => Cell::styled("changed nothing", GOOD),
        Ended::Ignored => Cell::from("ignored the event"),
        Ended::Failed => Cell::styled("failed", BAD),
    };
    section(&mut table, report.function, [outcome]);
    let lines = |table: &mut Table, name: &str, texts: Vec<String>, style| {
        section(table, name, texts.into_iter().map(|text| Cell::styled(text, style)));
    };
    let plain = anstyle::Style::new();
    lines(&mut table, "because", report.ignored_because.iter().cloned().collect(), plain);
    lines(
        &mut table,
        "diagnosis",
        report.diagnosis.iter().map(ToString::to_string).collect(),
        plain,
    );
    lines(&mut table, "done", report.done.iter().map(|it| it.text.clone()).collect(), GOOD);
    lines(&mut table, "not needed", report.skipped.iter().map(|it| it.text.clone()).collect(), DIM);
    let held = report.held.iter().filter(|it| !matches!(it.what, Hold::FactUnknown { .. }));
    let held = held.map(|it| format!("{} ({})", it.text, it.what.reason()));
    lines(&mut table, "held", held.collect(), DIM);
    lines(&mut table, "failed", report.failed.clone(), BAD);
    table.text(0, width)
}

#[cfg(test)]
mod tests {
    use anstream::adapter::strip_str;
    use jiff::Timestamp;

    use super::*;

    #[test]
    fn a_report_is_told_by_what_was_done_and_what_failed() {
        let mut report =
            Report::new("ip-updater", "id", "by hand".to_owned(), Timestamp::UNIX_EPOCH);
        report.failed.push("PutEvents of Eden Action failed: it is down".to_owned());
        let report = *report.finish().unwrap_err();

        let text = strip_str(&text(&report, 100)).to_string();
        assert_eq!(
            text,
            "ip-updater  failed\nfailed      PutEvents of Eden Action failed: it is down\n"
        );
    }
}
