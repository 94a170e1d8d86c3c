//! The use cases: the only place that composes store, authz, secrets and controllers, and owns the order of writes.
//!
//! Each room has one subject: who people are (`identity`) and what they may do (`rights`), `clouds` with their credentials,
//! `controllers`, `models` and how they are moved (`placement`, `plans`, `migration`, `incoming`), `summaries` of them,
//! `offers`, and `upkeep` of all that. What is not in a room is used by most of them.

mod about;
mod clouds;
pub mod controllers;
mod core;
mod identity;
mod incoming;
mod job_list;
mod job_steps;
mod looks;
mod memory;
pub mod migration;
pub mod models;
mod offers;
mod placement;
mod plans;
mod remote;
pub mod rights;
mod summaries;
pub mod upkeep;
mod work;

pub use clouds::credentials::CredentialUpdate;
pub use core::{Broker, Requester};
pub use identity::account_events::{AccountEvents, AccountWatch};
pub use identity::session_policies::SessionRules;
pub(crate) use identity::sessions::{LONGEST as LONGEST_SESSION, disabled};
pub use identity::sessions::{Lease, Look, Pass};
pub use incoming::Upload;
pub use jimm_store::groups::SetKind;
pub use looks::Looks;
pub use models::described::Descriptions;
pub use models::events::{ModelEvents, ModelWatch};
pub use models::home::{Home, LastHomes};
pub use models::query::{ModelQuery, QueryDesk};
pub use offers::discharge::Discharger;
pub use plans::run_plans;
pub use rights::rebac::{Holder, Page, Stretch};
pub use rights::tags::CODE_TUPLE;
pub use summaries::{SummaryEvents, SummaryWatch, run_keeper};
pub use upkeep::happenings::Happenings;
pub(crate) use upkeep::happenings::event_info;
pub use work::{Outcome, Work};
