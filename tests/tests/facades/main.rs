//! Juju's facades on the controller connection, from a client's socket: both generations of clients, both of
//! controllers.

#![expect(clippy::unwrap_used, reason = "tests")]

mod access;
mod clouds;
mod credentials;
mod described;
mod leaving;
mod models;
mod offers;
mod reservations;
mod rights;
mod scripted;
mod specification;
mod support;
mod users;
