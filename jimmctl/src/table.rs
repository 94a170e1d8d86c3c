//! Tables for people: columns as wide as they need, two spaces between, no trailing blanks.

use std::fmt::Write;

/// Rows under a heading.
pub(crate) struct Table {
    rows: Vec<Vec<String>>,
}

impl Table {
    pub(crate) fn new(heading: &[&str]) -> Self {
        Self { rows: vec![heading.iter().map(|h| (*h).to_owned()).collect()] }
    }

    /// Adds a row; an empty cell shows as `-`.
    pub(crate) fn row<const N: usize>(&mut self, cells: [&str; N]) {
        self.rows.push(cells.iter().map(|c| if c.is_empty() { "-".to_owned() } else { one_line(c) }).collect());
    }

    pub(crate) fn render(&self) -> String {
        let columns = self.rows.iter().map(Vec::len).max().unwrap_or(0);
        let width = |c: usize| self.rows.iter().filter_map(|r| r.get(c)).map(|s| s.chars().count()).max().unwrap_or(0);
        let widths: Vec<usize> = (0..columns).map(width).collect();
        let mut out = String::new();
        for row in &self.rows {
            let mut line = String::new();
            for (cell, width) in row.iter().zip(&widths) {
                let _ = write!(line, "{cell:<width$}  ");
            }
            out.push_str(line.trim_end());
            out.push('\n');
        }
        out
    }
}

/// Text from a peer may hold line breaks and control characters: a cell is one clean line.
fn one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn aligns_and_trims() {
        let mut table = Table::new(&["Name", "State"]);
        table.row(["c1", "available"]);
        table.row(["longer-name", ""]);
        assert_eq!(table.render(), "Name         State\nc1           available\nlonger-name  -\n");
    }

    #[test]
    fn a_cell_is_one_line() {
        let mut table = Table::new(&["A"]);
        table.row(["x\n\u{1b}[31my"]);
        assert_eq!(table.render(), "A\nx  [31my\n");
    }
}
