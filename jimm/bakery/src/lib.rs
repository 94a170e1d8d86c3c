//! Macaroons, and what the macaroon bakery makes of them: third-party caveats that only their third party can read,
//! discharges, conditions.
//!
//! Written from the formats. It does no I/O, asks no clock and knows neither Juju nor the broker: who serves, and who may
//! have a discharge, is decided elsewhere. Whatever is read here may come from anybody, so everything is bounded before it
//! is looked at.

mod binary;
mod bytes;
mod caveat_id;
mod conditions;
mod discharge;
mod error;
mod json;
mod keys;
mod macaroon;
mod namespace;
mod wire;

pub use binary::{read_binary, read_slice, write_binary, write_slice};
pub use bytes::{read_base64, write_base64};
pub use caveat_id::{Opened, open_caveat, seal_caveat};
pub use conditions::{Condition, Declared, check};
pub use discharge::{Asked, Question};
pub use error::{Error, Result};
pub use json::{read_json, write_json};
pub use keys::{KeyPair, PublicKey};
pub use macaroon::{Caveat, Format, Macaroon};
pub use namespace::{Namespace, STD};
pub use wire::{BakeryMacaroon, LATEST, ThirdParty};

/// A macaroon with more caveats is not read.
pub const MOST_CAVEATS: usize = 256;
/// Nor is one with more bytes.
pub const LONGEST: usize = 64 << 10;
/// A macaroon with more discharges is not read, nor verified.
pub const MOST_DISCHARGES: usize = 32;
