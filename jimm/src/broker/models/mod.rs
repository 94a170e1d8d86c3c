//! Models from their making to their end, but for moves, which are `migration`'s and `incoming`'s.

mod create;
pub(super) mod described;
pub(super) mod events;
pub(super) mod home;
mod import;
mod info;
mod inventory;
mod leaving;
pub(super) mod life;
pub(super) mod query;
mod query_run;
pub mod upgrade;
pub(super) mod visible;
