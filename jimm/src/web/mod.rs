//! The HTTP side: listeners, routes, upgrades to websockets, requests that go on to controllers. It knows sessions and
//! relays, and no SQL.

mod auth;
mod basic;
mod below_model;
mod controller;
mod dashboard;
mod events;
mod exchange;
mod health;
mod listener;
mod macaroons;
mod metrics;
mod migrate;
mod model;
mod model_path;
mod origins;
mod proxy;
mod rebac;
mod refusal;
mod routes;
mod table;
mod upgrade;
mod well_known;

pub use below_model::{BELOW_MODEL, BelowModel, Takes};
pub use listener::{Listener, ListenerError};
pub use routes::{internal, public};
pub use table::{Door, ROUTES, Route};
