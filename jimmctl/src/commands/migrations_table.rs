//! Tables of moves.

use std::fmt::Write;

use jimm_proto::params::jimm_migrations::Migration;

use crate::table::Table;

/// Longer messages are cut in lists.
const WIDEST: usize = 60;

pub(super) fn list(rows: &[Migration]) -> String {
    let mut table =
        Table::new(&["Migration", "Model", "From", "To", "State", "Phase", "Attempt", "Elapsed", "Message"]);
    for row in rows {
        let stuck = row.stuck_since.is_some();
        let message = if stuck { &row.stuck_reason } else { &row.message };
        table.row([
            &row.id.to_string(),
            &row.model,
            &row.source_controller,
            &row.target_controller,
            if stuck { "STUCK" } else { &row.state },
            if row.state == "running" { &row.phase } else { "" },
            &row.attempt.to_string(),
            &format!("{}s", row.elapsed_seconds),
            &cut(message),
        ]);
    }
    table.render()
}

fn cut(text: &str) -> String {
    if text.chars().count() <= WIDEST {
        text.to_owned()
    } else {
        text.chars().take(WIDEST - 1).chain(['…']).collect()
    }
}

/// One move with all that is known.
pub(super) fn one(row: &Migration) -> String {
    let mut out = String::new();
    let _ = writeln!(
        out,
        "migration {} of {} from {} to {}, asked for by {}",
        row.id, row.model, row.source_controller, row.target_controller, row.requested_by
    );
    let mut line = |name: &str, text: &str| {
        if !text.is_empty() {
            let _ = writeln!(out, "{:<16} {text}", format!("{name}:"));
        }
    };
    line("state", &row.state);
    line("phase", if row.state == "running" { &row.phase } else { "" });
    line("attempt", &row.attempt.to_string());
    line("elapsed", &format!("{}s", row.elapsed_seconds));
    line("message", if row.reason.is_empty() { &row.message } else { "" });
    line("reason", &row.reason);
    line("code", &row.code);
    line("stuck since", &row.stuck_since.map(|at| at.to_string()).unwrap_or_default());
    line("stuck because", &row.stuck_reason);
    line("next step", &row.next_step);
    line("stop asked by", &row.abort_requested_by);
    let number = |n: Option<i64>| n.map(|n| n.to_string()).unwrap_or_default();
    line("agents reported", &number(row.agents_reported));
    line("agents failed", &number(row.agents_failed));
    line("log records", &number(row.log_records));
    line("plan", &number(row.plan));
    line("created", &row.created.to_string());
    line("source asked", &row.asked.map(|at| at.to_string()).unwrap_or_default());
    line("ended", &row.ended.map(|at| at.to_string()).unwrap_or_default());
    sections(&mut out, row);
    out
}

fn sections(out: &mut String, row: &Migration) {
    if !row.phases.is_empty() {
        let mut table = Table::new(&["Phase", "Attempt", "At"]);
        for phase in &row.phases {
            table.row([&phase.phase, &phase.attempt.to_string(), &phase.at.to_string()]);
        }
        let _ = write!(out, "\n{}", table.render());
    }
    if !row.attempts.is_empty() {
        let mut table = Table::new(&["Earlier attempt", "Ended", "Code", "Reason"]);
        for attempt in &row.attempts {
            table.row([&attempt.attempt.to_string(), &attempt.ended.to_string(), &attempt.code, &attempt.reason]);
        }
        let _ = write!(out, "\n{}", table.render());
    }
    if !row.aftercare.is_empty() {
        let mut table = Table::new(&["After the switch", "State", "Outcome", "Tries", "Message"]);
        for care in &row.aftercare {
            table.row([&care.kind, &care.state, &care.outcome, &care.tries.to_string(), &care.message]);
        }
        let _ = write!(out, "\n{}", table.render());
    }
    if !row.relations.is_empty() {
        let mut table = Table::new(&["Relation across models", "Consumer", "State", "Message"]);
        for found in &row.relations {
            table.row([&found.offer, &found.consumer, &found.state, &found.message]);
        }
        let _ = write!(out, "\n{}", table.render());
        for command in row.relations.iter().flat_map(|found| &found.commands) {
            let _ = writeln!(out, "run: {command}");
        }
    }
}
