//! `reference`: the page docs/reference/jimmctl.md, from the command tree, so that it cannot differ from it.

use std::fmt::Write as _;

use clap::{Arg, Command, CommandFactory};

use crate::cli::Cli;
use crate::help::{EXAMPLES, EXIT_CODES};
use crate::settings::ENVIRONMENT;

const OUTPUT: &str = "\
## Output

Data goes to standard output, or to the file given with `-o`; everything else (progress, warnings, `ERROR` and `hint:` lines, the code of \
a login) to standard error.

| `--format` | what | default |
|---|---|---|
| `tabular` | aligned columns for people | on a terminal |
| `yaml` | the reference broker's YAML: field names in lower case without hyphens | in a pipe or file |
| `json` | one line, with the names of the wire | |

A command that fails prints an empty object, `{}`, in YAML and JSON, so that what reads its output finds some; look at the exit code.

`completion` writes completion scripts, `man` manual pages.

## As a plugin of juju

Under the name `juju-jaas` the same program is a plugin of Juju's client: `juju jaas models` runs `jimmctl models`, on the controller that `juju switch` or \
`juju jaas -c NAME` chooses. Its texts then say `juju jaas` where they say `jimmctl` otherwise.

<!-- not run: it changes your home -->
```sh
ln -s \"$(command -v jimmctl)\" ~/.local/bin/juju-jaas
```

Commands of the reference's plugin are there under its names, but for those that make, upgrade and destroy controllers; its `migrate-internal` is `migrate` here.
";

/// The page.
pub(super) fn page() -> String {
    let mut tree = Cli::command().term_width(0);
    tree.build();
    let mut page =
        String::from("# jimmctl\n\n<!-- Written by `make generate` from the program itself: change it there. -->\n\n");
    let _ = writeln!(page, "{}\n", paragraphs(&tree));
    let _ = writeln!(page, "```text\n{} [OPTIONS] COMMAND\n```\n", tree.get_name());
    page += "## Commands\n\n| command | what it does |\n|---|---|\n";
    for (name, command) in commands(&tree) {
        let _ = writeln!(page, "| [`{name}`](#{}) | {} |", name.replace(' ', "-"), cell(&about(command)));
    }
    page += "\n## Options of every command\n\n";
    page += &options(tree.get_arguments().filter(|arg| arg.is_global_set()));
    page += "\n## Exit codes\n\n";
    page += &exit_codes(&tree);
    page += "\nEach command says below what they mean for it.\n\n## Environment\n\n| variable | what |\n|---|---|\n";
    let bound = tree.get_arguments().filter_map(|arg| Some((arg.get_env()?.to_string_lossy().into_owned(), arg)));
    for (name, arg) in bound {
        let _ = writeln!(page, "| `{name}` | the same as `--{}` |", arg.get_long().unwrap_or_default());
    }
    for (name, what) in ENVIRONMENT {
        let _ = writeln!(page, "| `{name}` | {what} |");
    }
    let _ = writeln!(page, "\n{OUTPUT}");
    for (name, command) in commands(&tree) {
        section(&mut page, &name, command);
    }
    page.truncate(page.trim_end().len());
    page + "\n"
}

/// The commands that do something, with their whole names: `models`, `auth group add`.
fn commands(tree: &Command) -> Vec<(String, &Command)> {
    let shown = tree.get_subcommands().filter(|command| !command.is_hide_set() && command.get_name() != "help");
    let below = |command| -> Vec<(String, &Command)> {
        let name = Command::get_name(command);
        if !command.has_subcommands() {
            return vec![(name.to_owned(), command)];
        }
        commands(command).into_iter().map(|(rest, leaf)| (format!("{name} {rest}"), leaf)).collect()
    };
    shown.flat_map(below).collect()
}

fn section(page: &mut String, name: &str, command: &Command) {
    let _ = writeln!(page, "## {name}\n\n{}\n", paragraphs(command));
    let aliases: Vec<String> = command.get_visible_aliases().map(|alias| format!("`{alias}`")).collect();
    if !aliases.is_empty() {
        let _ = writeln!(page, "Also: {}\n", aliases.join(", "));
    }
    let usage = command.clone().render_usage().to_string();
    let usage: Vec<&str> = usage.trim_start_matches("Usage: ").lines().map(str::trim).collect();
    let _ = writeln!(page, "```text\n{}\n```\n", usage.join("\n").trim());
    let own: Vec<&Arg> = command
        .get_arguments()
        .filter(|arg| {
            !arg.is_global_set() && !arg.is_hide_set() && !matches!(arg.get_id().as_str(), "help" | "version")
        })
        .collect();
    if !own.is_empty() {
        let _ = writeln!(page, "{}", options(own.into_iter()));
    }
    let after = after(command);
    let (examples, _) = after.split_once(EXIT_CODES).unwrap_or((&after, ""));
    let examples: Vec<&str> =
        examples.trim_start_matches(EXAMPLES).lines().map(str::trim).filter(|l| !l.is_empty()).collect();
    let _ = writeln!(page, "<!-- not run: the names are made up -->\n```sh\n{}\n```\n", examples.join("\n"));
    let _ = writeln!(page, "{}", exit_codes(command));
}

fn options<'a>(args: impl Iterator<Item = &'a Arg>) -> String {
    let mut table = String::from("| | what |\n|---|---|\n");
    for arg in args {
        let value = arg.get_value_names().and_then(|names| names.first()).map(ToString::to_string).unwrap_or_default();
        let name = if arg.is_positional() {
            let more = if arg.get_num_args().is_some_and(|n| n.max_values() > 1) { "…" } else { "" };
            format!("`{value}`{more}")
        } else {
            let value = if arg.get_action().takes_values() { format!(" {value}") } else { String::new() };
            let short = arg.get_short().map(|c| format!("`-{c}`, ")).unwrap_or_default();
            format!("{short}`--{}{value}`", arg.get_long().unwrap_or_default())
        };
        let mut help = arg.get_help().map(ToString::to_string).unwrap_or_default();
        let given = arg.get_default_values().first().filter(|_| arg.get_action().takes_values());
        if let Some(default) = given {
            let _ = write!(help, " [default: {}]", default.to_string_lossy());
        }
        let values: Vec<String> = arg.get_possible_values().iter().map(|v| format!("`{}`", v.get_name())).collect();
        if arg.get_action().takes_values() && !values.is_empty() {
            let _ = write!(help, "; one of {}", values.join(", "));
        }
        let _ = writeln!(table, "| {name} | {} |", cell(&help));
    }
    table
}

fn exit_codes(command: &Command) -> String {
    let after = after(command);
    let codes = after.split_once(EXIT_CODES).map(|(_, codes)| codes.trim()).unwrap_or_default();
    let mut table = String::from("| exit code | meaning |\n|---|---|\n");
    for (code, meaning) in codes.lines().filter_map(|line| line.trim().split_once("  ")) {
        let _ = writeln!(table, "| {code} | {} |", cell(meaning));
    }
    table
}

fn after(command: &Command) -> String {
    command.get_after_help().map(ToString::to_string).unwrap_or_default()
}

fn about(command: &Command) -> String {
    command.get_about().map(ToString::to_string).unwrap_or_default()
}

/// The long text, or the line when there is no more.
fn paragraphs(command: &Command) -> String {
    let text = command.get_long_about().map_or_else(|| about(command), ToString::to_string);
    let text = text.trim();
    if text.ends_with('.') { text.to_owned() } else { format!("{text}.") }
}

fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace('\n', " ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_command_has_a_purpose_an_example_and_exit_codes() {
        let tree = Cli::command();
        for (name, command) in commands(&tree) {
            let purpose = about(command);
            assert!(!purpose.is_empty() && !purpose.contains('\n') && !purpose.ends_with('.'), "{name}: {purpose}");
            let after = after(command);
            let names = [command.get_name()].into_iter().chain(command.get_visible_aliases());
            let shown = names
                .map(|word| name.replace(command.get_name(), word))
                .any(|n| after.contains(&format!("jimmctl {n}")));
            // The older names of a command share the help of the newer.
            assert!(after.starts_with(EXAMPLES) && (shown || name.starts_with("auth ")), "{name}: {after}");
            for code in ["\n  0  ", "\n  1  ", "\n  2  "] {
                assert!(after.contains(code), "{name} does not tell what {code} means");
            }
            for arg in command.get_arguments() {
                assert!(
                    arg.get_help().is_some_and(|help| help.to_string().len() > 10),
                    "{name} {} has no help",
                    arg.get_id()
                );
            }
        }
    }

    #[test]
    fn the_page_has_a_section_for_each_command() {
        let page = page();
        for (name, _) in commands(&Cli::command()) {
            assert!(page.contains(&format!("\n## {name}\n")), "{name}");
        }
        assert!(page.contains("`JUJU_DATA`") && page.contains("`JIMM_URL`") && !page.contains("## reference"));
    }
}
