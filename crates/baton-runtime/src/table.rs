//! Small tables on the screen: of numbers, which go to the right, or of texts.

use std::fmt;

/// A small table.
#[derive(Debug, Default)]
pub struct Table {
    rows: Vec<Vec<String>>,
    numbers: bool,
}

impl Table {
    /// A table with these headings whose cells, but for the name of the row, are numbers.
    #[must_use]
    pub fn of_numbers(headings: &[&str]) -> Self {
        Self { rows: vec![headings.iter().map(|&heading| heading.to_owned()).collect()], numbers: true }
    }

    /// A table of texts without headings.
    #[must_use]
    pub fn of_texts() -> Self {
        Self::default()
    }

    /// Adds a row: its name and its other cells. What they hold may come from outside.
    pub fn row(&mut self, name: &str, cells: &[String]) {
        let cells = cells.iter().map(String::as_str);
        self.rows.push(std::iter::once(name).chain(cells).map(|cell| terminal_text::line(cell).into_owned()).collect());
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let columns = self.rows.iter().map(Vec::len).max().unwrap_or_default();
        let width = |column: usize| {
            let cells = self.rows.iter().filter_map(|row| row.get(column));
            cells.map(|cell| cell.chars().count()).max().unwrap_or_default()
        };
        let widths: Vec<usize> = (0..columns).map(width).collect();
        for row in &self.rows {
            let mut line = String::new();
            for (column, (cell, width)) in row.iter().zip(&widths).enumerate() {
                let padded =
                    if column > 0 && self.numbers { format!("  {cell:>width$}") } else { format!("  {cell:<width$}") };
                line.push_str(&padded);
            }
            writeln!(f, "{}", line.trim_end())?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_stays_on_its_line() {
        let mut table = Table::of_texts();
        table.row("App", &["Payroll\nhint: run this".to_owned(), "through \u{1b}[31mStaff".to_owned()]);
        assert_eq!(table.to_string(), "  App  Payroll\u{fffd}hint: run this  through \u{fffd}[31mStaff\n");
    }
}
