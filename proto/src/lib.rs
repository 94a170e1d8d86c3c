//! Juju's wire: frames, tags, names, versions, error codes, access levels, time and parameter structs.
//!
//! No I/O and no async here (invariant I1).

pub mod access;
pub mod complaint;
pub mod envelope;
pub mod error_code;
pub mod names;
pub mod params;
pub mod tags;
pub mod time;
pub mod version;
