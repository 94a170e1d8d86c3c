//! The two authorizers, the broker itself and a real OpenFGA server, beside each other on the same database: what both
//! must do, and that they never differ.

#![expect(clippy::unwrap_used, reason = "a helper that fails is a test that fails")]

mod contract;
mod differential;
mod killed;
mod mirror;
mod product;
mod server;
mod world;
