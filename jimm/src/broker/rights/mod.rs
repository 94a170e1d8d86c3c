//! Who may do what: where rights are asked, given and taken, and how they are written down. Who somebody is, is `identity`.

pub mod access;
mod checks;
mod drift;
pub(super) mod grants;
mod groups;
pub(super) mod rebac;
mod relations;
pub mod remembered;
pub(super) mod tags;
