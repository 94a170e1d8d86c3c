//! What the pages say of `jimmctl` and `jimmsrv` is what these programs take.

use clap::Parser;
use jimmctl::cli::Cli;

use crate::markdown::{blocks, code_spans, files, prose, read};

/// Every command line of `jimmctl` in the blocks of the pages.
fn command_lines() -> Vec<(String, Vec<String>)> {
    let mut lines = Vec::new();
    for file in files() {
        let name = file.display().to_string();
        for block in blocks(&read(&name)) {
            for line in &block.lines {
                let line = match block.language.as_str() {
                    "sh" => line.as_str(),
                    "console" => line.strip_prefix("$ ").unwrap_or_default(),
                    _ => "",
                };
                let words: Vec<&str> = line.split('#').next().unwrap_or_default().split_whitespace().collect();
                let Some(start) = words.iter().position(|w| *w == "jimmctl" || w.ends_with("/jimmctl")) else {
                    continue;
                };
                if words[..start].iter().any(|w| !(w.contains('=') || *w == "alice" || *w == "&" || *w == "until"))
                    && start > 0
                {
                    continue;
                }
                let of_it = words[start..].iter().take_while(|w| !matches!(**w, "|" | "&&" | ";" | ">"));
                lines.push((
                    format!("{name}: {line}"),
                    of_it.map(|w| w.trim_matches(['"', '\'', ';']).to_owned()).collect(),
                ));
            }
        }
    }
    lines
}

#[test]
fn command_lines_are_understood() {
    let lines = command_lines();
    assert!(lines.len() > 20, "only {} command lines were found", lines.len());
    for (place, words) in lines {
        if let Err(e) = Cli::try_parse_from(&words) {
            let fine = matches!(e.kind(), clap::error::ErrorKind::DisplayHelp | clap::error::ErrorKind::DisplayVersion);
            assert!(fine, "{place}\n{e}");
        }
    }
}

#[test]
fn commands_and_options_that_are_named_exist() {
    let tree = <Cli as clap::CommandFactory>::command();
    let known = |name: &str| {
        tree.get_subcommands().any(|c| c.get_name() == name || c.get_all_aliases().any(|alias| alias == name))
    };
    let mut named = 0;
    for file in files() {
        let path = file.display().to_string();
        for line in prose(&read(&path)) {
            for span in code_spans(&line) {
                let mut words = span.split_whitespace();
                if words.next() != Some("jimmctl") {
                    continue;
                }
                let Some(command) = words.next().filter(|word| word.starts_with(|c: char| c.is_ascii_lowercase()))
                else {
                    continue;
                };
                named += 1;
                assert!(known(command), "{path}: jimmctl has no command {command}: {line}");
            }
        }
    }
    assert!(named > 3, "only {named} commands are named");
}
