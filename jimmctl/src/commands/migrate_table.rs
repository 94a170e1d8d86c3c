//! Tables of `migrate`: the report of the checks, and how the moves ended.

use std::fmt::Write;

use jimm_proto::params::jimm::{CheckMigrationResult, MigrationStatus};

use crate::table::Table;

/// The report of `--dry-run`; `asked` are the models as they were asked for.
pub(super) fn checks(results: &[CheckMigrationResult], asked: &[String]) -> String {
    let mut out = String::new();
    for (result, asked) in results.iter().zip(asked) {
        let model = if result.model.is_empty() { asked } else { &result.model };
        if let Some(error) = &result.error {
            let _ = writeln!(out, "{model}: {}\n", error.message);
            continue;
        }
        let verdict = if result.ok { "can move" } else { "cannot move" };
        let _ = writeln!(out, "{model} {verdict} from {} to {}", result.source_controller, result.target_controller);
        let advised = result.checks.iter().any(|check| !check.action.is_empty());
        let mut table = Table::new(&["Check", "Result", "Message", "What to do"][..if advised { 4 } else { 3 }]);
        // What is in the way first.
        for (bad, word) in [(true, "FAILED"), (false, "ok")] {
            for check in result.checks.iter().filter(|check| check.ok != bad) {
                let cells = [check.name.as_str(), word, &check.message, &check.action];
                if advised { table.row(cells) } else { table.row([cells[0], cells[1], cells[2]]) }
            }
        }
        out += &table.render();
        out.push('\n');
    }
    out
}

/// How the moves ended.
pub(super) fn outcomes(results: &[MigrationStatus]) -> String {
    let mut table = Table::new(&["Model", "From", "To", "Result", "Elapsed", "Message"]);
    for row in results {
        let model = if row.model.is_empty() { &row.model_tag } else { &row.model };
        let (state, message) = match &row.error {
            Some(error) => ("failed", error.message.as_str()),
            None => (row.state.as_str(), row.message.as_str()),
        };
        table.row([
            model,
            &row.source_controller,
            &row.target_controller,
            state,
            &format!("{}s", row.elapsed_seconds),
            message,
        ]);
    }
    table.render()
}
