//! The broker's tables in Postgres: the only place with SQL.
//!
//! One module per aggregate, each with plain rows and free functions that take `&mut PgConnection` first: the caller
//! decides what is one transaction ([`Store::begin`]) and what is not ([`Store::acquire`]). Those that change what may be
//! remembered ([`Changes`]) take a [`Tx`], which counts that. A function that changes
//! state on a condition is one guarded statement and tells whether it hit, so that racing writers cannot undo each
//! other. It must not know controllers, the wire, or what a sealed column holds.

pub mod aftercare;
pub mod archive;
mod at_hand;
pub mod audit;
pub mod bakery_keys;
mod changes;
pub mod cloud_defaults;
pub mod clouds;
pub mod controllers;
pub mod credentials;
pub mod departures;
pub mod doctor;
mod error;
pub mod events;
pub mod groups;
pub mod identities;
pub mod incoming;
pub mod job_logs;
pub mod job_secrets;
pub mod jobs;
pub mod keys;
pub mod leases;
mod listen;
mod migrate;
pub mod migrations;
pub mod mirror;
pub mod models;
pub mod offers;
pub mod orphans;
pub mod placement;
pub mod plan_models;
pub mod plans;
mod pool;
pub mod profiles;
pub mod resources;
pub mod sealed;
pub mod session_policies;
pub mod sessions;
pub mod summaries;
pub mod tuples;
pub mod tuples_many;

pub use at_hand::Reader;
pub use changes::Changes;
pub use error::{Result, StoreError};
pub use listen::{Listener, Notification};
pub use pool::{Conn, PoolOptions, Store, Tx};
pub use sqlx::PgConnection;
