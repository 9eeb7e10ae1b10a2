//! What came of it.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::intent::section;
use crate::output::{BAD, Cell, GOOD, NAME, Table};
use crate::verify::report::{self, Report};

/// What was settled, checked and written.
#[derive(Debug, Serialize)]
pub struct Told {
    /// The file.
    pub file: String,
    /// Whether it was written.
    pub written: bool,
    /// The parameters that are settled.
    pub parameters: BTreeMap<&'static str, String>,
    /// The checks.
    pub checks: Report,
    /// What to run next.
    pub next: Vec<String>,
}

/// As text: the checks, then what was written.
pub fn text(told: &Told, width: usize) -> String {
    let mut table = Table::bare();
    let parameters = told.parameters.iter();
    let parameters = parameters.map(|(name, value)| Cell::from(format!("{name}={value}")));
    section(&mut table, "parameters", parameters);
    let file = if told.written {
        Cell::styled(format!("{} is written", told.file), GOOD)
    } else {
        Cell::styled(format!("{} is not written", told.file), BAD)
    };
    section(&mut table, "file", [file]);
    section(&mut table, "next", told.next.iter().map(|it| Cell::styled(it, NAME)));
    format!("\n{}\n{}", report::text(&told.checks, width), table.text(0, width))
}
