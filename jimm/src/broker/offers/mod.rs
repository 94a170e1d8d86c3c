//! Application offers, and the discharge of the macaroons that guard them.

pub(super) mod discharge;
pub(super) mod life;
mod query;
