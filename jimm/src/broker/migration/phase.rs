//! How far a move has come, from what a source tells of it.
//!
//! A 3.6 source tells texts and no phases; the words are Juju's own, in lower case. A 4.1 source tells nothing.

use jimm_store::migrations::News;

/// Waits for a worker.
pub(super) const WAITING: &str = "waiting";
/// The broker asks the source to begin.
pub(super) const ASKING: &str = "asking";
/// It moves, and nobody tells how far it is.
pub(super) const MOVING: &str = "moving";
/// The source has handed the model over, and the target does not show it yet.
pub(super) const HANDED_OVER: &str = "handed-over";

/// The beginnings of a source's texts, and the phases that they belong to. The first that fits counts.
const TEXTS: &[(&str, &str)] = &[
    ("performing source prechecks", "quiesce"),
    ("performing target prechecks", "quiesce"),
    ("quiescing", "quiesce"),
    ("exporting", "import"),
    ("importing", "import"),
    ("uploading", "import"),
    ("processing relations", "process-relations"),
    ("validating", "validation"),
    ("checking machines", "validation"),
    ("activating", "validation"),
    ("successful, transferring logs", "log-transfer"),
    ("successful, removing", "reap"),
    ("successful", "success"),
    ("transferring ownership", "success"),
    ("removing exported model failed", "reap"),
    ("aborted", "abort"),
];

/// The phase that a source's text belongs to.
pub(super) fn phase_of(status: &str) -> &'static str {
    TEXTS.iter().find(|(text, _)| status.starts_with(text)).map_or(MOVING, |(_, phase)| phase)
}

/// What a source's text tells.
pub(super) fn news_of(status: &str) -> News<'_> {
    News {
        phase: phase_of(status),
        message: status,
        agents_reported: number_before(status, " succeeded"),
        agents_failed: number_before(status, " failed"),
        log_records: number_before(status, " sent"),
        ..News::default()
    }
}

fn number_before(text: &str, word: &str) -> Option<i64> {
    let before = &text[..text.find(word)?];
    let digits = before.rfind(|c: char| !c.is_ascii_digit()).map_or(before, |at| &before[at + 1..]);
    digits.parse().ok()
}

/// The text without its numbers: what only counts on is no news of its own.
pub(super) fn without_numbers(text: &str) -> String {
    text.chars().filter(|c| !c.is_ascii_digit()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_of_sources_have_phases() {
        for (text, phase) in [
            ("performing target prechecks", "quiesce"),
            ("quiescing, all agents reported success", "quiesce"),
            ("uploading model binaries into target controller", "import"),
            ("activating model in target controller", "validation"),
            ("successful, waiting for agents to report back", "success"),
            ("successful, transferring logs to target controller (17 sent)", "log-transfer"),
            ("successful, removing model from source controller", "reap"),
            ("aborted, removing model from target controller: full", "abort"),
            ("starting", "moving"),
            ("", "moving"),
        ] {
            assert_eq!(phase_of(text), phase, "{text}");
        }
    }

    #[test]
    fn counts_are_read_where_they_are_told() {
        let told = news_of("validating, waiting for agents to report back: 12 succeeded, 3 still to report, 1 failed");
        assert_eq!((told.agents_reported, told.agents_failed, told.log_records), (Some(12), Some(1), None));
        let told = news_of("successful, transferring logs to target controller (40 sent)");
        assert_eq!((told.agents_reported, told.log_records), (None, Some(40)));
        let told = news_of("removing exported model failed: disk full");
        assert_eq!(told.agents_failed, None);
        assert_eq!(without_numbers("(40 sent)"), without_numbers("(4100 sent)"));
    }
}
