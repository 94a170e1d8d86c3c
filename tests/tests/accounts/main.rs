//! Accounts from the outside: sessions and their end, over several replicas.

mod sessions;
mod support;
