//! Pages that a person follows at a terminal are followed here, to the letter, against a demo of the test's own.

use std::collections::VecDeque;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use jimm_tests::demo::Standing;
use regex::Regex;

use crate::likeness::{compare, shown};
use crate::markdown::{self, Block};
use crate::terminal::Terminal;

const DEADLINE: Duration = Duration::from_secs(60);

/// A command of a page.
#[derive(Debug)]
struct Step {
    line: usize,
    command: String,
    /// What the page shows after it; a block of `sh` shows nothing.
    shown: Option<Vec<String>>,
    /// What a person does in a second terminal while this one waits.
    beside: Vec<Step>,
}

#[test]
fn the_tutorial_does_what_it_says() {
    let demo = Standing::up();
    let juju = juju_client();
    if juju.is_none() {
        eprintln!("no juju client on the search path: its commands are left out");
    }
    follow("docs/tutorial/README.md", &demo, juju.is_some());
}

#[test]
fn the_readme_does_what_it_says() {
    follow("README.md", &Standing::up(), juju_client().is_some());
}

/// The plain client, when this machine has one.
fn juju_client() -> Option<std::path::PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|dir| dir.join("juju")).find(|juju| juju.is_file())
}

fn follow(page: &str, demo: &Standing, juju: bool) {
    let scratch = tempfile::tempdir().expect("a directory");
    let mut terminal = Terminal::open(demo.clone_dir(), scratch.path());
    let steps = steps(&markdown::blocks(&markdown::read(page)), juju);
    assert!(!steps.is_empty(), "{page} has no commands");
    for step in &steps {
        let place = format!("{page}:{}", step.line);
        let mut beside = VecDeque::from_iter(&step.beside);
        let ended = terminal.run(&step.command, DEADLINE, |text| {
            if let Some(code) = user_code(text) {
                while let Some(other) = beside.pop_front() {
                    run_beside(demo.clone_dir(), other, &code, &place);
                }
            }
        });
        assert!(beside.is_empty(), "{place}: the second terminal was not needed\n{}", ended.output);
        check(step, &place, ended.code, &ended.output);
    }
}

/// A second terminal knows nothing of the first: one shell for all of its commands.
fn run_beside(dir: &Path, step: &Step, code: &str, place: &str) {
    let command = code_pattern().replace_all(&step.command, code).into_owned();
    let output = Command::new("bash").args(["-c", &command]).current_dir(dir).output().expect("a shell");
    let text = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    check(step, place, output.status.code().unwrap_or(-1), &text);
}

fn check(step: &Step, place: &str, code: i32, output: &str) {
    let says_so = step.shown.iter().flatten().any(|line| line.starts_with("ERROR"));
    assert_eq!(code != 0, says_so, "{place}: exit code {code}\n$ {}\n{output}", step.command);
    let Some(expected) = &step.shown else { return };
    let actual = shown(output);
    if let Err(difference) = compare(expected, &actual) {
        panic!(
            "{place}: {difference}\n$ {}\n{}\n--- the page shows\n{}",
            step.command,
            actual.join("\n"),
            expected.join("\n")
        );
    }
}

fn code_pattern() -> Regex {
    Regex::new("[A-Z]{4}-[A-Z]{4}").expect("a pattern")
}

fn user_code(text: &str) -> Option<String> {
    let after = text.split_once("enter code ")?.1;
    code_pattern().find(after).map(|found| found.as_str().to_owned())
}

/// The commands of a page in order. `make` is what the demo of the test stands for.
fn steps(blocks: &[Block], juju: bool) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    for block in blocks {
        match (block.language.as_str(), block.remark.as_str()) {
            ("console" | "sh", remark) if remark.starts_with("not run:") => {}
            ("console" | "sh", "with juju") if !juju => {}
            ("console", "second terminal") => {
                let all = of_console(block);
                let command: Vec<&str> = all.iter().map(|step| step.command.as_str()).collect();
                let shown = all.iter().flat_map(|step| step.shown.clone().unwrap_or_default()).collect();
                let step =
                    Step { line: block.line, command: command.join("\n"), shown: Some(shown), beside: Vec::new() };
                steps.last_mut().expect("a first terminal").beside.push(step);
            }
            ("console", _) => steps.extend(of_console(block)),
            ("sh", _) if block.lines.iter().all(|line| line.split(' ').any(|word| word == "make")) => {}
            ("sh", _) => {
                steps.push(Step { line: block.line, command: block.lines.join("\n"), shown: None, beside: Vec::new() });
            }
            _ => {}
        }
    }
    steps
}

fn of_console(block: &Block) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    for (index, line) in block.lines.iter().enumerate() {
        if let Some(command) = line.strip_prefix("$ ") {
            let command = command.to_owned();
            steps.push(Step { line: block.line + index + 1, command, shown: Some(Vec::new()), beside: Vec::new() });
        } else {
            let step = steps.last_mut().expect("a console block begins with a command");
            step.shown.get_or_insert_default().push(line.clone());
        }
    }
    steps
}
