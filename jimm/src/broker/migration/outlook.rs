//! What is known of a move before it begins: one report, to which every look adds.

use jimm_proto::params::jimm::MigrationCheck;
use jimm_proto::version::AgentVersion;
use jimm_store::controllers::Controller;
use jimm_store::models::Model;

use crate::error::{Error, Kind};

/// Of all troubles the one that is told by its kind.
pub(super) const NO_OTHER_MOVE: &str = "no-other-move";

/// What is known of a move before it begins.
pub(in crate::broker) struct Outlook {
    pub(super) model: Model,
    pub(super) source: Controller,
    pub(super) target: Controller,
    pub(super) checks: Vec<MigrationCheck>,
    /// The start of a migration that the source remembers from before.
    pub(super) earlier_start: Option<String>,
    /// The owner's name on the source, which may be another than in the broker for an adopted model.
    pub(super) owner_there: Option<String>,
    /// How big the model is.
    pub(super) machines: usize,
    pub(super) units: usize,
}

impl Outlook {
    /// `owner/name`.
    pub(super) fn name(&self) -> String {
        format!("{}/{}", self.model.owner, self.model.name)
    }

    pub(super) fn note(&mut self, name: &str, outcome: Result<String, String>) {
        let ok = outcome.is_ok();
        let message = outcome.unwrap_or_else(|e| e);
        self.checks.push(MigrationCheck { name: name.to_owned(), ok, message, action: String::new() });
    }

    /// Notes what is in the way, and what to do about it.
    pub(super) fn problem(&mut self, name: &str, message: impl Into<String>, action: impl Into<String>) {
        let (message, action) = (message.into(), action.into());
        self.checks.push(MigrationCheck { name: name.to_owned(), ok: false, message, action });
    }

    /// Notes everything of one sort that is in the way, or that nothing is.
    pub(super) fn note_all(&mut self, name: &str, found: &[String], named: usize, action: &str) {
        if found.is_empty() {
            return self.note(name, Ok(String::new()));
        }
        for text in found.iter().take(named) {
            self.problem(name, text, action);
        }
        if found.len() > named {
            self.problem(name, format!("and {} more", found.len() - named), action);
        }
    }

    /// Whether the model goes from Juju 3 or older to Juju 4.
    pub(super) fn crosses_to_4(&self) -> bool {
        let series = |row: &Controller| row.agent_version.parse::<AgentVersion>().unwrap_or_default().series();
        series(&self.source) < (4, 0) && series(&self.target) >= (4, 0)
    }

    /// Why the move must not begin.
    pub(super) fn refusal(&self) -> Option<Error> {
        let failed: Vec<&MigrationCheck> = self.checks.iter().filter(|check| !check.ok).collect();
        let first = failed.first()?;
        if first.name == NO_OTHER_MOVE {
            return Some(Error::new(Kind::MigrationInProgress, first.message.clone()));
        }
        let texts: Vec<&str> = failed.iter().map(|check| check.message.as_str()).collect();
        Some(Error::bad_request(texts.join("; ")))
    }
}
