//! The list of the facades' method tables. A new facade is one line here and one in `mod.rs`.

use super::method::Method;

/// Every method of the controller connection.
#[rustfmt::skip] // one line per facade, so that they merge
pub(crate) const TABLE: &[&[Method]] = &[
    super::application_offers::METHODS,
    super::cloud::METHODS,
    super::controller::METHODS,
    super::controller_facts::METHODS,
    super::high_availability::METHODS,
    super::jimm::METHODS,
    super::jimm_accounts::METHODS,
    super::jimm_audit::METHODS,
    super::jimm_bootstrap::METHODS,
    super::jimm_clouds::METHODS,
    super::jimm_doctor::METHODS,
    super::jimm_events::METHODS,
    super::jimm_incoming::METHODS,
    super::jimm_migrations::METHODS,
    super::jimm_models::METHODS,
    super::jimm_placement::METHODS,
    super::jimm_plans::METHODS,
    super::jimm_query::METHODS,
    super::jimm_rights::METHODS,
    super::jimm_sealing::METHODS,
    super::jimm_upgrades::METHODS,
    super::migration_target::METHODS,
    super::model_config::METHODS,
    super::model_manager::METHODS,
    super::model_summary_watcher::METHODS,
    super::model_upgrader::METHODS,
    super::pinger::METHODS,
    super::secret_backends::METHODS,
    super::user_manager::METHODS,
];
