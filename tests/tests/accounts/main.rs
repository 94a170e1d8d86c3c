//! Accounts from the outside: service accounts and their credentials; sessions and their end, over several replicas.

mod revoked;
mod service_accounts;
mod sessions;
mod support;
