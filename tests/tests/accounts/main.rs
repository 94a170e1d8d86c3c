//! Accounts from the outside: CI jobs without a secret; service accounts and their credentials; sessions and rights and their
//! end, over several replicas.

mod exchange;
mod revoked;
mod service_accounts;
mod sessions;
mod support;
