//! What becomes of the copy that the source had, after the model has moved: a 3.6 source sends its logs and removes it, and
//! tells how that goes; a 4.1 source keeps it and tells nothing.

use jimm_proto::params::model_manager::ModelInfo;
use jimm_store::aftercare::Claim;
use jimm_store::events::Code;
use jimm_store::{controllers, models};

use super::aftercare::Verdict;
use super::facts::Told;
use crate::broker::Broker;
use crate::error::Error;

/// The copy is gone.
const REMOVED: &str = "removed";
/// The source keeps it.
const KEPT: &str = "kept";
/// The source could not remove it.
const REAP_FAILED: &str = "reap-failed";
/// How a 3.6 source begins to tell that it could not.
const FAILED: &str = "removing exported model failed";
/// The model has come back meanwhile.
const CAME_BACK: &str = "came-back";
/// The source is no longer one of the broker's.
const DETACHED: &str = "detached";

impl Broker {
    /// Asks the source once.
    pub(super) async fn look_at_source(&self, claim: &Claim) -> Verdict {
        let source = &claim.source_name;
        let known = async {
            let mut conn = self.store.acquire().await?;
            let host = controllers::get(&mut conn, claim.source).await?;
            let home = models::get(&mut conn, claim.model).await?.map(|row| row.controller_uuid);
            Ok::<_, Error>((host.is_some(), home == Some(claim.source)))
        };
        match known.await {
            Ok((true, false)) => {}
            Ok((true, true)) => return Verdict::done(CAME_BACK, format!("the model is on controller {source} again")),
            Ok((false, _)) => return Verdict::done(DETACHED, format!("controller {source} was detached meanwhile")),
            Err(error) => return Verdict::again(error.message()),
        }
        match self.ask_about_model(claim.source, claim.model).await {
            Ok(Told::HasNot) => Verdict::done(REMOVED, format!("controller {source} does not have it any more")),
            Ok(Told::Has(info)) => verdict_on(source, &info),
            Err(error) => Verdict::again(format!("controller {source} does not tell: {}", error.message())),
        }
    }
}

fn verdict_on(source: &str, info: &ModelInfo) -> Verdict {
    let Some(migration) = &info.migration else {
        return Verdict::done(KEPT, format!("controller {source} keeps a copy, which the broker does not show"));
    };
    let status = &migration.status;
    if status.starts_with(FAILED) {
        let message = format!("controller {source} could not remove its copy: {status}");
        return Verdict { event: Some(Code::MIGRATION_REAP_FAILED), ..Verdict::done(REAP_FAILED, message) };
    }
    if migration.end.is_none() {
        return Verdict::again(format!("controller {source} says: {status}"));
    }
    Verdict::done(KEPT, format!("controller {source} keeps a copy, which the broker does not show (it says: {status})"))
}

#[cfg(test)]
mod tests {
    use jimm_proto::params::model_manager::ModelMigrationStatus;

    use super::*;

    #[test]
    fn only_the_end_of_a_source_is_a_verdict() {
        let told = |status: &str, ended: bool| {
            let end = ended.then(|| chrono::DateTime::UNIX_EPOCH.into());
            let migration = Some(ModelMigrationStatus { status: status.to_owned(), start: None, end });
            let verdict = verdict_on("c1", &ModelInfo { migration, ..ModelInfo::default() });
            (verdict.outcome, verdict.event.is_some())
        };
        assert_eq!(told("successful, transferring logs to target controller (17 sent)", false), ("", false));
        assert_eq!(told("successful, removing model from source controller", false), ("", false));
        assert_eq!(told("removing exported model failed: disk full", true), (REAP_FAILED, true));
        assert_eq!(told("successful, removing model from source controller", true), (KEPT, false));
        assert_eq!(verdict_on("c1", &ModelInfo::default()).outcome, KEPT);
    }
}
