//! A simulated Juju controller that speaks the real wire: for tests, and as the program `simcontroller`.
//!
//! It behaves as real controllers were seen to behave; where a simulator and a real one differ, this is what gets mended.
//! It knows nothing of the broker.

mod access;
mod auth;
mod commands;
mod connection;
mod controller;
mod cross_model;
mod facade_list;
mod facades;
mod failures;
mod fault;
mod http;
mod log_stream;
mod migration;
mod server;
mod world;

pub use controller::{Controller, Options, Shape};
pub use failures::{Failures, Phase};
pub use migration::ODD;
pub use world::{Application, Model, Offer, World};
