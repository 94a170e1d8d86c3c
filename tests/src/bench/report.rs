//! What was found: a table for people, JSON for machines, and whether the aims are met.

use std::fmt::Write as _;

use serde::Serialize;

/// Where the table is on a page.
const MARKS: [&str; 2] = ["<!-- bench -->", "<!-- /bench -->"];

/// What a figure should be.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Aim {
    /// The broker's figure is not larger.
    AtMost(f64),
    /// The broker's figure is not smaller.
    AtLeast(f64),
    /// The broker's figure, divided by that of the straight way, is not larger.
    RatioAtMost(f64),
    /// The same is not smaller.
    RatioAtLeast(f64),
}

/// One figure.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Row {
    /// What was measured.
    pub name: String,
    /// In which unit.
    pub unit: &'static str,
    /// On the straight way, where there is one.
    pub direct: Option<f64>,
    /// Through the broker.
    pub broker: f64,
    /// The second divided by the first.
    pub ratio: Option<f64>,
    /// What it should be.
    pub aim: Option<Aim>,
    /// Whether it is.
    pub met: Option<bool>,
}

impl Row {
    /// A figure of the broker alone.
    pub fn broker(name: &str, unit: &'static str, broker: f64) -> Self {
        Self { name: name.to_owned(), unit, direct: None, broker, ratio: None, aim: None, met: None }
    }

    /// A figure of both ways.
    pub fn both(name: &str, unit: &'static str, direct: f64, broker: f64) -> Self {
        let ratio = (direct > 0.0).then(|| broker / direct);
        Self { direct: Some(direct), ratio, ..Self::broker(name, unit, broker) }
    }

    /// The same with an aim.
    #[must_use]
    pub fn aim(self, aim: Aim) -> Self {
        let met = match aim {
            Aim::AtMost(most) => self.broker <= most,
            Aim::AtLeast(least) => self.broker >= least,
            Aim::RatioAtMost(most) => self.ratio.is_some_and(|ratio| ratio <= most),
            Aim::RatioAtLeast(least) => self.ratio.is_some_and(|ratio| ratio >= least),
        };
        Self { aim: Some(aim), met: Some(met), ..self }
    }
}

/// All figures of a run.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Report {
    /// Whether it was a quick run, whose figures are for a look only.
    pub quick: bool,
    /// The processors and the memory.
    pub machine: String,
    /// What was built, where the sources are a clone.
    pub commit: String,
    /// When, as `2026-11-21`.
    pub date: String,
    /// The figures.
    pub rows: Vec<Row>,
}

impl Report {
    pub(super) fn new(quick: bool) -> Self {
        let info = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
        let name = info.lines().find_map(|line| line.strip_prefix("model name")?.split_once(':').map(|(_, name)| name));
        let processors = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let memory = std::fs::read_to_string("/proc/meminfo").unwrap_or_default();
        let memory =
            memory.lines().find_map(|line| line.strip_prefix("MemTotal:")?.trim().split(' ').next()?.parse().ok());
        let gib = memory.map_or(0.0, |kib: u32| f64::from(kib) / 1024.0 / 1024.0);
        let machine = format!("{processors} × {}, {gib:.0} GiB", name.unwrap_or("unknown processor").trim());
        let said = |program: &str, args: &[&str]| {
            let output = std::process::Command::new(program).args(args).output();
            output.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned()).unwrap_or_default()
        };
        let commit = said("git", &["describe", "--always", "--dirty"]);
        Self { quick, machine, commit, date: said("date", &["-u", "+%F"]), rows: Vec::new() }
    }

    /// The table as a page has it: `make bench BENCH_ARGS="--write docs/performance.md"`.
    pub fn markdown(&self) -> String {
        let Self { date, commit, machine, .. } = self;
        let quick = if self.quick { " In a quick run, for a look only." } else { "" };
        let mut text = format!("{date}, commit {commit}, {machine}.{quick}\n\n");
        text.push_str("| | direct | broker | ratio | unit | aim | |\n|---|---:|---:|---:|---|---|---|\n");
        for row in &self.rows {
            let _ = writeln!(text, "| {} |", cells(row).join(" | "));
        }
        text
    }

    /// A page with this run's table between its marks in place of the one that is there; `None` without marks.
    pub fn written_into(&self, page: &str) -> Option<String> {
        let (before, rest) = page.split_once(MARKS[0])?;
        let (_, after) = rest.split_once(MARKS[1])?;
        Some(format!("{before}{}\n{}{}{after}", MARKS[0], self.markdown(), MARKS[1]))
    }

    /// The table.
    pub fn table(&self) -> String {
        let mut text = format!("{}{}\n", self.machine, if self.quick { ", quick run" } else { "" });
        let head = ["", "direct", "broker", "ratio", "unit", "aim", ""].map(str::to_owned);
        let lines: Vec<[String; 7]> = std::iter::once(head).chain(self.rows.iter().map(cells)).collect();
        let width = |at: usize| lines.iter().map(|line| line[at].chars().count()).max().unwrap_or_default();
        let widths: [usize; 7] = std::array::from_fn(width);
        for line in &lines {
            let cells: Vec<String> = line
                .iter()
                .zip(widths)
                .enumerate()
                .map(
                    |(at, (cell, width))| {
                        if (1..4).contains(&at) { format!("{cell:>width$}") } else { format!("{cell:width$}") }
                    },
                )
                .collect();
            let _ = writeln!(text, "{}", cells.join("  ").trim_end());
        }
        text
    }
}

fn cells(row: &Row) -> [String; 7] {
    let number = |value: Option<f64>| value.map(shown).unwrap_or_default();
    let aim = match row.aim {
        Some(Aim::AtMost(value)) => format!("≤ {}", shown(value)),
        Some(Aim::AtLeast(value)) => format!("≥ {}", shown(value)),
        Some(Aim::RatioAtMost(value)) => format!("≤ {value}×"),
        Some(Aim::RatioAtLeast(value)) => format!("≥ {value}×"),
        None => String::new(),
    };
    let met = row.met.map_or("", |met| if met { "met" } else { "NOT MET" });
    let ratio = row.ratio.map(|ratio| format!("{ratio:.2}×")).unwrap_or_default();
    [row.name.clone(), number(row.direct), shown(row.broker), ratio, row.unit.to_owned(), aim, met.to_owned()]
}

/// Three digits that mean something.
fn shown(value: f64) -> String {
    match value.abs() {
        size if size >= 100.0 => format!("{value:.0}"),
        size if size >= 10.0 => format!("{value:.1}"),
        size if size >= 1.0 => format!("{value:.2}"),
        _ => format!("{value:.3}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn aims_are_judged_and_shown() {
        let mut report = Report::new(true);
        report.rows = vec![
            Row::both("rpc", "ms", 0.1, 0.2).aim(Aim::RatioAtMost(2.1)),
            Row::both("pipelined", "/s", 1000.0, 600.0).aim(Aim::RatioAtLeast(0.7)),
            Row::broker("memory", "KiB", 29.0).aim(Aim::AtMost(30.0)),
            Row::broker("import", "/s", 200.0).aim(Aim::AtLeast(300.0)),
        ];
        let met: Vec<_> = report.rows.iter().map(|row| row.met).collect();
        assert_eq!(met, [Some(true), Some(false), Some(true), Some(false)]);
        let table = report.table();
        assert!(table.contains("2.00×") && table.contains("≥ 0.7×  NOT MET"), "{table}");
        let page = report.written_into("a\n<!-- bench -->\nold\n<!-- /bench -->\nb\n").expect("marks");
        assert!(page.starts_with("a\n<!-- bench -->\n") && page.ends_with("|\n<!-- /bench -->\nb\n"), "{page}");
        assert!(page.contains("\n| memory |  | 29.0 |  | KiB | ≤ 30.0 | met |\n") && !page.contains("old"), "{page}");
        assert_eq!(report.written_into("no marks"), None);
    }
}
