//! Outcomes, and the table of them that is kept in `table.txt`.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::roles::ROLES;

const KEPT: &str = include_str!("table.txt");
const HEAD: &str = "\
# What everybody gets, method by method and path by path: the tests compare.
# yes: has the right. blind: is answered, without the thing. hidden: is told that there is no such thing. no: is refused.
";

/// One outcome for each of [`ROLES`].
pub(crate) type Line = Vec<String>;

/// Lines by name.
pub(crate) type Table = BTreeMap<String, Line>;

/// Whether it is one for who has the right (and may see nothing).
pub(crate) fn is_let_through(outcome: &str) -> bool {
    matches!(outcome, "yes" | "blind")
}

fn kept() -> Table {
    let lines = KEPT.lines().filter(|line| !line.starts_with('#') && !line.trim().is_empty());
    let cells = lines.map(|line| {
        let (name, outcomes) = line.split_once(": ").unwrap_or_else(|| panic!("no line of the table: {line}"));
        (name.trim().to_owned(), outcomes.split_whitespace().map(str::to_owned).collect::<Line>())
    });
    cells.collect()
}

fn written(table: &Table) -> String {
    // The same for long, so that a new name changes no other line.
    let width = table.keys().map(String::len).max().unwrap_or_default().max(72);
    let mut text = HEAD.to_owned();
    let headings: Line = ROLES.iter().map(|role| role.heading().to_owned()).collect();
    let heading = format!("{:width$}", "#");
    for (name, outcomes) in std::iter::once((&heading, &headings)).chain(table) {
        let mut line = format!("{name:width$}: ");
        for outcome in outcomes {
            write!(line, "{outcome:9}").expect("a String takes it");
        }
        writeln!(text, "{}", line.trim_end()).expect("a String takes it");
    }
    text
}

/// The outcomes are those of the table, for all names that `ours` knows.
pub(crate) fn compare(seen: &Table, ours: impl Fn(&str) -> bool) {
    let kept = kept();
    let mut wrong = String::new();
    for name in seen.keys().chain(kept.keys().filter(|name| ours(name) && !seen.contains_key(*name))) {
        let (kept, seen) = (kept.get(name), seen.get(name));
        if kept != seen {
            let say = |line: Option<&Line>| line.map_or_else(|| "nothing".to_owned(), |line| line.join(" "));
            writeln!(wrong, "{name}\n   table: {}\n    seen: {}", say(kept), say(seen)).expect("a String takes it");
        }
    }
    if wrong.is_empty() {
        return;
    }
    let mut whole = kept;
    whole.retain(|name, _| !ours(name));
    whole.extend(seen.clone());
    let path = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("rights-table.txt");
    std::fs::write(&path, written(&whole)).expect("a file");
    panic!(
        "what everybody gets is not what tests/tests/rights/table.txt says:\n{wrong}\nIf it is right now, copy {}",
        path.display()
    );
}
