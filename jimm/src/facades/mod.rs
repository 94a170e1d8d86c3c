//! One file per facade of the controller connection; [`registry`] is their one table.
//!
//! A facade decodes, calls one function of the broker, encodes. It knows no SQL and dials nobody (invariant I4).

pub(crate) mod pinger;
pub mod registry;
mod table;
