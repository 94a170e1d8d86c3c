//! Whether what a command printed is what a page shows of it: UUIDs, times, ports and the like may differ, `…` stands for
//! anything, and columns may be of other widths.

use regex::Regex;

/// What differs from run to run, and what stands for it.
const VARYING: &[(&str, &str)] = &[
    (r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", "UUID"),
    (r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", "TIME"),
    (r"\b\d\d:\d\d:\d\dZ", "TIME"),
    (r"\b(127\.0\.0\.1|localhost):\d+", "HOST"),
    (r"\bcode [A-Z]{4}-[A-Z]{4}", "code CODE"),
    (r"\b\d+s\b", "SECONDS"),
    (r"\bin \d+ s\b", "in SECONDS"),
    (r"process \d+", "process PID"),
    (r"-{4,}\+?", "-"),
    (r"\s+", " "),
];

/// A line as it is compared.
pub(crate) fn masked(line: &str) -> String {
    let masks = VARYING.iter().map(|(pattern, mask)| (Regex::new(pattern).expect("a pattern"), *mask));
    masks.fold(line.to_owned(), |line, (pattern, mask)| pattern.replace_all(&line, mask).into_owned()).trim().to_owned()
}

/// What a terminal of 200 columns shows after a command: of living lines only what is left of them.
pub(crate) fn shown(output: &str) -> Vec<String> {
    let mut screen = Screen::default();
    let mut rest = output.chars().peekable();
    while let Some(c) = rest.next() {
        match c {
            '\n' => screen.to(screen.row + 1, 0),
            '\r' => screen.column = 0,
            '\u{1b}' => {
                rest.next_if_eq(&'[');
                let mut number = String::new();
                while let Some(digit) = rest.next_if(|c| c.is_ascii_digit() || matches!(c, ';' | '?')) {
                    number.push(digit);
                }
                screen.control(rest.next().unwrap_or_default(), number.parse().unwrap_or(0));
            }
            c => screen.put(c),
        }
    }
    screen.lines.into_iter().map(|line| line.into_iter().collect()).collect()
}

/// Lines, and where the next character goes.
#[derive(Default)]
struct Screen {
    lines: Vec<Vec<char>>,
    row: usize,
    column: usize,
}

impl Screen {
    const COLUMNS: usize = 200;

    fn to(&mut self, row: usize, column: usize) {
        (self.row, self.column) = (row, column);
    }

    /// The line of the cursor.
    fn line(&mut self) -> &mut Vec<char> {
        if self.lines.len() <= self.row {
            self.lines.resize(self.row + 1, Vec::new());
        }
        &mut self.lines[self.row]
    }

    fn put(&mut self, c: char) {
        if self.column == Self::COLUMNS {
            self.to(self.row + 1, 0);
        }
        let column = self.column;
        let line = self.line();
        if line.len() <= column {
            line.resize(column + 1, ' ');
        }
        line[column] = c;
        self.column += 1;
    }

    /// Up, down, and erasing; what else there is does not move anything.
    fn control(&mut self, command: char, number: usize) {
        match command {
            'A' => self.row = self.row.saturating_sub(number.max(1)),
            'B' => self.row += number.max(1),
            'K' if number == 2 => self.line().clear(),
            'K' => {
                let column = self.column;
                self.line().truncate(column);
            }
            _ => {}
        }
    }
}

/// Compares, and says where the difference begins.
pub(crate) fn compare(expected: &[String], actual: &[String]) -> Result<(), String> {
    let expected: Vec<String> = trimmed(expected);
    let mut actual = trimmed(actual).into_iter();
    let mut skipping = false;
    for line in &expected {
        if line == "…" {
            skipping = true;
            continue;
        }
        let pattern = pattern_of(line);
        let found = if skipping {
            actual.any(|a| pattern.is_match(&a))
        } else {
            actual.next().is_some_and(|a| pattern.is_match(&a))
        };
        if !found {
            return Err(format!("nothing is like: {line}"));
        }
        skipping = false;
    }
    match actual.next() {
        Some(more) if !skipping => Err(format!("there is more: {more}")),
        _ => Ok(()),
    }
}

/// Masked, without empty lines.
fn trimmed(lines: &[String]) -> Vec<String> {
    lines.iter().map(|line| masked(line)).filter(|line| !line.is_empty()).collect()
}

fn pattern_of(line: &str) -> Regex {
    let parts: Vec<String> = line.split('…').map(regex::escape).collect();
    Regex::new(&format!("^{}$", parts.join(".*"))).expect("a pattern")
}

#[test]
fn a_living_line_leaves_what_a_terminal_leaves() {
    let output = "one\n\r\u{1b}[2K* two (0s)\r\u{1b}[2Knews\n* two (1s)\u{1b}[1A\r\u{1b}[2KNEWS\n\r\u{1b}[2Kthree\n";
    assert_eq!(shown(output), ["one", "NEWS", "three"]);
}

#[test]
fn alike_and_not() {
    let lines = |text: &str| text.lines().map(str::to_owned).collect::<Vec<_>>();
    let page = lines("Name  Address\nsim1  127.0.0.1:23491\n…\ndone: (…) 3s");
    let like = lines("Name    Address\r\nsim1    127.0.0.1:1\nx\ny\n\ndone: (a b) 12s\n");
    assert_eq!(compare(&page, &like), Ok(()));
    assert!(compare(&page, &lines("Name Address\nsim2 127.0.0.1:1\ndone: () 3s")).is_err());
    assert!(compare(&page, &lines("Name Address\nsim1 127.0.0.1:1\ndone: () 3s\nmore")).is_err());
    assert!(compare(&lines("a\nb"), &lines("a")).is_err());
    assert!(compare(&lines("a\nb\n…"), &lines("a\nb")).is_ok());
}
