//! What differs between the generations of clients: owner tags or qualifiers, and whose UUID a controller has.
//!
//! Use cases answer in one form, with `owner-tag` filled and the hosting controller's own UUID; the version that was
//! called and the connection decide what the client sees. Nothing here looks anything up.

use jimm_proto::params::common::{self, ErrorResult, ErrorResults};
use jimm_proto::params::model_manager::{ModelInfo, ModelStatus, ModelSummary, UserModel};

use super::CallContext;
use crate::error::{Error, Kind, Result};

/// How one call wants its models described.
#[derive(Clone, Debug)]
pub(crate) struct View {
    /// `qualifier` (newer versions) instead of `owner-tag`.
    qualified: bool,
    /// The UUID shown for every controller, when the connection masks them.
    mask: Option<String>,
}

impl View {
    /// The view of one call, `qualified` when its version speaks of qualifiers.
    pub(crate) fn of(ctx: &CallContext, qualified: bool) -> Self {
        let masked = ctx.connection.masks_controllers();
        Self::new(qualified, masked.then(|| ctx.broker.settings.uuid.to_string()))
    }

    pub(crate) fn new(qualified: bool, mask: Option<String>) -> Self {
        Self { qualified, mask }
    }

    /// Splits an owner tag into the pair of fields of the version called.
    fn owner(&self, owner_tag: Option<String>) -> (Option<String>, Option<String>) {
        if self.qualified {
            let qualifier = owner_tag.map(|tag| tag.strip_prefix("user-").map_or(tag.clone(), str::to_owned));
            (None, qualifier)
        } else {
            (owner_tag, None)
        }
    }

    fn controller(&self, uuid: String) -> String {
        self.mask.clone().unwrap_or(uuid)
    }

    pub(crate) fn model_info(&self, mut info: ModelInfo) -> ModelInfo {
        (info.owner_tag, info.qualifier) = self.owner(info.owner_tag);
        info.controller_uuid = self.controller(info.controller_uuid);
        if self.qualified {
            info.default_series = None;
            info.default_base = None;
        }
        info
    }

    pub(crate) fn model_summary(&self, mut summary: ModelSummary) -> ModelSummary {
        (summary.owner_tag, summary.qualifier) = self.owner(summary.owner_tag);
        summary.controller_uuid = self.controller(summary.controller_uuid);
        if self.qualified {
            summary.default_series = None;
        }
        summary
    }

    pub(crate) fn model_status(&self, mut status: ModelStatus) -> ModelStatus {
        if status.error.is_some() {
            // Juju fills the shape's field even beside an error.
            status.owner_tag.get_or_insert_default();
        }
        (status.owner_tag, status.qualifier) = self.owner(status.owner_tag);
        status
    }

    pub(crate) fn user_model(&self, mut model: UserModel) -> UserModel {
        (model.model.owner_tag, model.model.qualifier) = self.owner(model.model.owner_tag);
        model
    }
}

/// The wire form of an error inside one entry of a bulk answer. The envelope's log line does not show it, so a fault of
/// ours is logged here.
pub(crate) fn entry_error(error: &Error) -> common::Error {
    if error.kind() == Kind::Internal {
        let cause = std::error::Error::source(error).map(ToString::to_string);
        tracing::error!(error.cause = cause.as_deref().unwrap_or("unknown"), "an entry of a bulk call failed");
    }
    error.to_wire()
}

/// One entry of a bulk answer that says only whether it worked.
pub(crate) fn entry(result: Result<()>) -> ErrorResult {
    ErrorResult { error: result.err().as_ref().map(entry_error) }
}

/// A bulk answer that says only what worked.
pub(crate) fn entries(results: impl IntoIterator<Item = Result<()>>) -> ErrorResults {
    ErrorResults { results: results.into_iter().map(entry).collect() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn info() -> ModelInfo {
        ModelInfo {
            owner_tag: Some("user-alice@example.com".into()),
            controller_uuid: "host".into(),
            default_base: Some("ubuntu@24.04".into()),
            ..ModelInfo::default()
        }
    }

    #[test]
    fn older_versions_see_an_owner_tag() {
        let shown = View::new(false, Some("broker".into())).model_info(info());
        assert_eq!(shown.owner_tag.as_deref(), Some("user-alice@example.com"));
        assert_eq!(shown.qualifier, None);
        assert_eq!(shown.controller_uuid, "broker");
        assert_eq!(shown.default_base.as_deref(), Some("ubuntu@24.04"));
    }

    #[test]
    fn newer_versions_see_a_qualifier() {
        let shown = View::new(true, None).model_info(info());
        assert_eq!(shown.owner_tag, None);
        assert_eq!(shown.qualifier.as_deref(), Some("alice@example.com"));
        assert_eq!(shown.controller_uuid, "host");
        assert_eq!(shown.default_base, None);
    }

    #[test]
    fn a_bulk_answer_names_what_failed() {
        let answer = entries([Ok(()), Err(Error::unauthorized())]);
        assert_eq!(answer.results[0].error, None);
        let refused = answer.results[1].error.as_ref().expect("an error");
        assert_eq!((refused.message.as_str(), refused.code.as_str()), ("unauthorized", "unauthorized access"));
    }
}
