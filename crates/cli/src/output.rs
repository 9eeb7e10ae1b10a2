//! Output: data on stdout, remarks on stderr, colour and width as the terminal has them.

mod table;

use std::io::Write as _;

use anstream::ColorChoice;
use anstyle::{AnsiColor, Style};
use anyhow::Result;
use console::Term;
use serde::Serialize;

use crate::arguments::Color;
pub use table::{Cell, Table};

/// Headings.
pub const BOLD: Style = Style::new().bold();
/// What matters less.
pub const DIM: Style = Style::new().dimmed();
/// What is well.
pub const GOOD: Style = AnsiColor::Green.on_default().bold();
/// What is not.
pub const BAD: Style = AnsiColor::Red.on_default().bold();
/// What may be either.
pub const WARN: Style = AnsiColor::Yellow.on_default();
/// Names.
pub const NAME: Style = AnsiColor::Cyan.on_default();

/// Without a terminal nobody cuts lines, and tools want them whole.
const NO_TERMINAL: usize = usize::MAX;

/// Where and how to print.
#[derive(Debug, Clone, Copy)]
pub struct Output {
    /// Whether data are printed as JSON.
    pub json: bool,
}

impl Output {
    /// Prints as JSON or as text, with colour by this choice.
    pub fn new(json: bool, color: Color) -> Self {
        match color {
            Color::Auto => ColorChoice::Auto,
            Color::Always => ColorChoice::Always,
            Color::Never => ColorChoice::Never,
        }
        .write_global();
        Output { json }
    }

    /// Prints data once: as one JSON document, or as the text made of it for so many columns.
    ///
    /// # Errors
    /// When stdout cannot be written.
    pub fn show<T: Serialize>(
        self,
        data: &T,
        text: impl FnOnce(&T, usize) -> String,
    ) -> Result<()> {
        let text = if self.json {
            serde_json::to_string_pretty(data)? + "\n"
        } else {
            text(data, width())
        };
        print(&text)
    }

    /// Prints data of which more may come: each as a line of JSON, or as one text.
    ///
    /// # Errors
    /// When stdout cannot be written.
    pub fn show_lines<T: Serialize>(
        self,
        data: &[T],
        text: impl FnOnce(&[T], usize) -> String,
    ) -> Result<()> {
        if !self.json {
            return print(&text(data, width()));
        }
        for one in data {
            print(&(serde_json::to_string(one)? + "\n"))?;
        }
        Ok(())
    }
}

/// How many columns there are to print in.
pub fn width() -> usize {
    let size = Term::stdout().size_checked();
    size.map_or(NO_TERMINAL, |(_, columns)| usize::from(columns))
}

/// Says something that is no data.
pub fn remark(text: &str) {
    anstream::eprintln!("{text}");
}

/// Says why the command could not be carried out.
pub fn error(error: &anyhow::Error) {
    anstream::eprintln!("{BAD}error:{BAD:#} {error:#}");
}

fn print(text: &str) -> Result<()> {
    let mut stdout = anstream::stdout().lock();
    stdout.write_all(text.as_bytes())?;
    Ok(stdout.flush()?)
}
