//! Parameter structs, one file per facade. They know the wire and nothing of the broker.

pub mod admin;
pub mod all_watcher;
pub mod application_offers;
pub mod cloud;
pub mod common;
pub mod controller;
pub mod jimm;
pub mod jimm_accounts;
pub mod jimm_audit;
pub mod jimm_clouds;
pub mod jimm_incoming;
pub mod jimm_models;
pub mod jimm_query;
pub mod jimm_rights;
pub mod jimm_sealing;
pub mod jimm_upgrades;
pub mod migration;
pub mod model;
pub mod model_config;
pub mod model_manager;
pub mod model_upgrader;
mod reticence;
pub mod secret_backends;
mod serde_help;
pub mod status;
pub mod user_manager;
