//! The HTTP side: listeners, routes, upgrades to websockets, requests that go on to controllers. It knows sessions and
//! relays, and no SQL.

mod auth;
mod basic;
mod dashboard;
mod events;
mod exchange;
mod health;
mod listener;
mod macaroons;
mod migrate;
mod model;
mod model_path;
mod origins;
mod proxy;
mod rebac;
mod routes;
mod table;
mod upgrade;
mod well_known;

pub use listener::{Listener, ListenerError};
pub use routes::{internal, public};
pub use table::{BELOW_MODEL, BelowModel, Door, ROUTES, Route, Takes};
