//! One file per facade of the controller connection; [`registry`] is their one table.
//!
//! A facade decodes, calls one function of the broker, encodes. It knows no SQL and dials nobody (invariant I4),
//! and not who carries its calls.

pub mod access;
pub(crate) mod admin;
pub(crate) mod application_offers;
pub(crate) mod audited;
mod bulk;
pub(crate) mod cloud;
mod context;
pub(crate) mod controller;
mod controller_facts;
mod high_availability;
pub(crate) mod jimm;
pub(crate) mod jimm_accounts;
mod jimm_audit;
mod jimm_bootstrap;
mod jimm_clouds;
mod jimm_doctor;
mod jimm_events;
mod jimm_incoming;
mod jimm_migrations;
mod jimm_models;
mod jimm_placement;
mod jimm_plans;
mod jimm_query;
pub(crate) mod jimm_rights;
mod jimm_sealing;
mod jimm_upgrades;
pub mod method;
mod migration_target;
pub(crate) mod model_config;
pub(crate) mod model_manager;
mod model_summary_watcher;
pub(crate) mod model_upgrader;
pub(crate) mod pinger;
mod queries;
pub(crate) mod reads;
pub mod registry;
pub(crate) mod secret_backends;
mod table;
pub(crate) mod user_manager;
mod view;
mod watches;

pub use context::{CallContext, ConnectionState};
