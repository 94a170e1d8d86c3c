//! The use cases: the only place that composes store, authz, secrets and controllers, and owns the order of writes.

mod about;
pub mod access;
mod attach;
mod clouds;
mod clouds_hosted;
mod controllers;
mod core;
mod credential_attributes;
mod credential_contents;
mod credentials;
mod defaults;
mod endpoints;
mod grants;
mod groups;
mod housekeeping;
mod import;
mod inventory;
mod leaving;
pub mod migration;
mod model_create;
mod model_events;
mod model_info;
mod model_life;
mod model_place;
mod models;
mod offers;
mod offers_query;
mod relation_tags;
mod relations;
mod remote;
mod users;

pub use core::{Broker, Requester};
pub use credentials::CredentialUpdate;
pub use jimm_store::groups::SetKind;
pub use model_events::{ModelEvents, ModelWatch};
