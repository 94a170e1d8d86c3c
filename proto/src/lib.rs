//! Juju's wire: frames, tags, names, versions, error codes, access levels, time and parameter structs.
//!
//! No I/O and no async here (invariant I1).

pub mod params;
pub mod time;
