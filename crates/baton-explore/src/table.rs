//! Tables for people, written while the rows come in.
//!
//! Rows are laid out in chunks. The first chunk decides how wide the columns are; later ones keep to it, so that
//! the columns stay under each other without holding a million rows. With a width to keep (a terminal), long texts
//! are broken over lines; without one (a file or a pipe) a row is always one line.

use std::io::{self, Write};

use comfy_table::{
    Cell, CellAlignment, ColumnConstraint, ContentArrangement, LineStyle, Row, Table, TableStyle, Width,
};

/// Rows that are laid out together.
const CHUNK: usize = 500;
/// Blanks between columns.
const GAP: u16 = 2;
/// No column is made narrower than this.
const NARROWEST: u16 = 6;
/// A line under the headings and nothing else: survives copying and small screens.
const STYLE: TableStyle = TableStyle::new().header_separator(LineStyle::none().fill('─'));

/// A column of a table.
#[derive(Clone, Copy)]
pub(crate) struct Column {
    heading: &'static str,
    alignment: CellAlignment,
}

impl Column {
    /// A column of names, ids and the like.
    pub(crate) const fn text(heading: &'static str) -> Self {
        Self { heading, alignment: CellAlignment::Left }
    }

    /// A column of numbers, to the right.
    pub(crate) const fn number(heading: &'static str) -> Self {
        Self { heading, alignment: CellAlignment::Right }
    }
}

/// A table being written.
pub(crate) struct TableStream<'w> {
    out: &'w mut dyn Write,
    columns: &'static [Column],
    /// Width to keep, in columns of the terminal.
    width: Option<u16>,
    /// Rows not yet written.
    rows: Vec<Row>,
    /// How wide the columns are, once the first chunk has been laid out.
    widths: Option<Vec<u16>>,
    count: u64,
}

impl<'w> TableStream<'w> {
    /// A table with these columns. `width` as in [`crate::Options::width`].
    pub(crate) fn new(out: &'w mut dyn Write, columns: &'static [Column], width: Option<u16>) -> Self {
        Self { out, columns, width, rows: Vec::new(), widths: None, count: 0 }
    }

    /// Adds a row with as many cells as there are columns.
    pub(crate) fn push<'a>(&mut self, cells: impl IntoIterator<Item = &'a str>) -> io::Result<()> {
        // Names come from outside.
        let cells = cells.into_iter().map(|text| Cell::new_owned(terminal_text::line(text).into_owned()));
        self.rows.push(Row::from(cells.collect::<Vec<_>>()));
        self.count += 1;
        if self.rows.len() == CHUNK { self.flush() } else { Ok(()) }
    }

    /// Writes what is left and a closing line with the number of rows: `1 grant`, `1,427 grants`.
    pub(crate) fn finish(mut self, one: &str, many: &str) -> io::Result<()> {
        let (count, noun) = (grouped(self.count), if self.count == 1 { one } else { many });
        self.finish_rows()?;
        if self.count > 0 {
            writeln!(self.out)?;
        }
        writeln!(self.out, "{count} {noun}")
    }

    /// Writes what is left.
    pub(crate) fn finish_rows(&mut self) -> io::Result<()> {
        if self.rows.is_empty() { Ok(()) } else { self.flush() }
    }

    fn flush(&mut self) -> io::Result<()> {
        let mut table = Table::new();
        table.force_no_tty().set_content_arrangement(ContentArrangement::Disabled).load_style(STYLE);
        if self.widths.is_none() {
            table.set_header(self.columns.iter().map(|column| column.heading));
        }
        for row in self.rows.drain(..) {
            table.add_row(row);
        }
        let widths = self.widths.get_or_insert_with(|| fitting(table.column_max_content_widths(), self.width));
        let last = widths.len() - 1;
        for (at, (column, &width)) in table.column_iter_mut().zip(&*widths).enumerate() {
            let gap = if at == last { 0 } else { GAP };
            column.set_padding((0, gap));
            column.set_cell_alignment(self.columns[at].alignment);
            let width = Width::Fixed(width + gap);
            column.set_constraint(match self.width {
                Some(_) => ColumnConstraint::Absolute(width),
                None => ColumnConstraint::LowerBoundary(width),
            });
        }
        for line in table.lines() {
            writeln!(self.out, "{}", line.trim_end())?;
        }
        Ok(())
    }
}

/// The widths of columns made to fit: the widest are cut to a common width.
fn fitting(mut widths: Vec<u16>, limit: Option<u16>) -> Vec<u16> {
    let Some(limit) = limit else { return widths };
    let gaps = GAP * (widths.len() as u16).saturating_sub(1);
    let room = u32::from(limit.saturating_sub(gaps));
    let sum = |cap: u16| widths.iter().map(|&width| u32::from(width.min(cap))).sum::<u32>();
    let widest = widths.iter().copied().max().unwrap_or(NARROWEST);
    let cap = (NARROWEST..=widest).rev().find(|&cap| sum(cap) <= room).unwrap_or(NARROWEST);
    for width in &mut widths {
        *width = (*width).min(cap);
    }
    widths
}

/// A number with commas between groups of three digits.
pub(crate) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// The width of the terminal on standard output; `None` if that is none.
#[must_use]
pub fn terminal_width() -> Option<u16> {
    Table::new().width()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn table(width: Option<u16>, rows: &[[&str; 2]]) -> String {
        const COLUMNS: &[Column] = &[Column::text("Name"), Column::text("Id")];
        let mut out = Vec::new();
        let mut table = TableStream::new(&mut out, COLUMNS, width);
        for row in rows {
            table.push(row.iter().copied()).unwrap();
        }
        table.finish("user", "users").unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_small_table() {
        assert_eq!(table(None, &[]), "0 users\n");
        assert_eq!(
            table(Some(80), &[["Ann Example", "00u1"], ["Bob", "00u2"]]),
            "Name         Id\n─────────────────\nAnn Example  00u1\nBob          00u2\n\n2 users\n"
        );
    }

    #[test]
    fn long_texts_are_broken_only_when_there_is_a_width_to_keep() {
        let long = "one two three four five six";
        let narrow = table(Some(24), &[[long, "00u1"]]);
        assert!(narrow.lines().all(|line| line.chars().count() <= 24), "{narrow}");
        assert!(narrow.contains("00u1"));
        assert!(table(None, &[[long, "00u1"]]).contains(long));
    }

    #[test]
    fn later_chunks_stay_under_the_first() {
        let mut rows = vec![["a", "b"]; CHUNK];
        rows.push(["a name that is longer", "z"]);
        let text = table(None, &rows);
        assert_eq!(text.matches("Name").count(), 1);
        assert_eq!(text.lines().filter(|line| *line == "a     b").count(), CHUNK);
        assert!(text.ends_with("a name that is longer  z\n\n501 users\n"), "{text}");
        assert!(table(Some(20), &rows).lines().all(|line| line.chars().count() <= 20));
    }

    #[test]
    fn control_characters_do_not_reach_the_terminal() {
        let text = table(None, &[["a\u{1b}[31mb\nc", "\t\u{202e}"]]);
        assert!(text.contains("a\u{fffd}[31mb\u{fffd}c  \u{fffd}\u{fffd}"), "{text}");
    }

    #[test]
    fn the_widest_columns_are_cut_first() {
        assert_eq!(fitting(vec![10, 40, 30], Some(64)), [10, 25, 25]);
        assert_eq!(fitting(vec![10, 40, 30], None), [10, 40, 30]);
        assert_eq!(fitting(vec![10, 40], Some(3)), [6, 6]);
        assert_eq!(fitting(vec![3, 4], Some(100)), [3, 4]);
    }

    #[test]
    fn numbers_are_grouped() {
        for (number, text) in [(0, "0"), (999, "999"), (1_000, "1,000"), (1_234_567, "1,234,567")] {
            assert_eq!(grouped(number), text);
        }
    }
}
