//! The list of the facades' method tables. A new facade is one line here and one in `mod.rs`.

use super::registry::Method;

/// Every method of the controller connection.
#[rustfmt::skip] // one line per facade, so that they merge
pub(crate) const TABLE: &[&[Method]] = &[
    super::pinger::METHODS,
];
