//! Tables: columns as wide as they need to be, the last one wrapped to the terminal.

use anstyle::Style;

use super::DIM;

/// Between two columns.
const GAP: usize = 2;
/// A last column that would be narrower is not wrapped: it could not be read.
const NARROWEST: usize = 20;

/// One cell.
#[derive(Debug, Clone, Default)]
pub struct Cell {
    text: String,
    style: Style,
}

impl Cell {
    /// A cell in this style.
    pub fn styled(text: impl Into<String>, style: Style) -> Self {
        Cell { text: text.into(), style }
    }
}

impl From<&str> for Cell {
    fn from(text: &str) -> Self {
        Cell::styled(text, Style::new())
    }
}

impl From<String> for Cell {
    fn from(text: String) -> Self {
        Cell::styled(text, Style::new())
    }
}

/// Rows of cells below their headings.
#[derive(Debug, Clone, Default)]
pub struct Table {
    headings: Vec<Cell>,
    rows: Vec<Vec<Cell>>,
}

impl Table {
    /// A table with these headings.
    pub fn new(headings: &[&str]) -> Self {
        let headings = headings.iter().map(|text| Cell::styled(*text, DIM)).collect();
        Table { headings, rows: Vec::new() }
    }

    /// A table without headings.
    pub fn bare() -> Self {
        Table::default()
    }

    /// Appends a row.
    pub fn row(&mut self, cells: impl IntoIterator<Item = Cell>) {
        self.rows.push(cells.into_iter().collect());
    }

    /// Whether it has no rows.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The table, each line behind so many spaces.
    pub fn text(&self, indent: usize, width: usize) -> String {
        let headings = (!self.headings.is_empty()).then_some(&self.headings);
        let rows: Vec<_> = headings.into_iter().chain(&self.rows).collect();
        let columns = rows.iter().map(|row| row.len()).max().unwrap_or(0);
        let widest = |column: usize| {
            let cells = rows.iter().filter_map(|row| row.get(column));
            cells.map(|cell| cell.text.chars().count()).max().unwrap_or(0)
        };
        // The last column needs no padding.
        let widths: Vec<_> = (0..columns.saturating_sub(1)).map(widest).collect();
        let before: usize = indent + widths.iter().map(|width| width + GAP).sum::<usize>();
        let room = width.saturating_sub(before).max(NARROWEST);
        rows.iter().map(|row| line(row, indent, &widths, before, room)).collect()
    }
}

fn line(row: &[Cell], indent: usize, widths: &[usize], before: usize, room: usize) -> String {
    let mut text = " ".repeat(indent);
    for (at, Cell { text: cell, style }) in row.iter().enumerate() {
        if let Some(width) = widths.get(at) {
            text.push_str(&painted(cell, *style));
            text.push_str(&" ".repeat(width.saturating_sub(cell.chars().count()) + GAP));
        } else {
            let lines: Vec<_> = wrap(cell, room).iter().map(|it| painted(it, *style)).collect();
            text.push_str(&lines.join(&format!("\n{}", " ".repeat(before))));
        }
    }
    text.truncate(text.trim_end().len());
    text + "\n"
}

/// Nothing needs no colour, behind which the spaces at the end of a line would hide.
fn painted(text: &str, style: Style) -> String {
    if text.is_empty() { String::new() } else { format!("{style}{text}{style:#}") }
}

/// A text in lines of at most so many characters, unless a word is longer. Its own lines stay.
fn wrap(text: &str, room: usize) -> Vec<String> {
    text.split('\n').flat_map(|line| wrap_line(line, room)).collect()
}

fn wrap_line(text: &str, room: usize) -> Vec<String> {
    let mut words = text.split(' ');
    let mut lines = vec![words.next().unwrap_or_default().to_owned()];
    for word in words {
        let line =
            lines.last_mut().filter(|line| line.chars().count() + 1 + word.chars().count() <= room);
        match line {
            Some(line) => {
                line.push(' ');
                line.push_str(word);
            }
            None => lines.push(word.to_owned()),
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use anstream::adapter::strip_str;

    use super::*;

    #[test]
    fn columns_are_aligned_and_the_last_one_is_wrapped() {
        let mut table = Table::new(&["check", "result"]);
        table.row(["a".into(), Cell::styled("one two three four five", super::super::GOOD)]);
        table.row(["longer".into(), "".into()]);

        let text = strip_str(&table.text(2, 30)).to_string();
        assert_eq!(
            text,
            "  check   result\n  a       one two three four\n          five\n  longer\n"
        );
    }

    #[test]
    fn a_text_is_wrapped_between_words_only() {
        assert_eq!(wrap("one two", 3), ["one", "two"]);
        assert_eq!(wrap("unbreakable", 3), ["unbreakable"]);
        assert_eq!(wrap("as  it is", usize::MAX), ["as  it is"]);
        assert_eq!(wrap("one\n  two three", 6), ["one", "  two", "three"]);
    }
}
