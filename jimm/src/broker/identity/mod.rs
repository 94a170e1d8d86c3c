//! Who people and services are: names, service accounts, sessions and how long they last. What they may do is
//! `rights`.

pub(super) mod account_events;
mod service_accounts;
pub(super) mod session_policies;
pub(super) mod sessions;
pub(super) mod users;
mod vouching;
