//! Accounts from the outside: CI jobs without a secret; logins that end badly, and the way on; service accounts and their
//! credentials; sessions, how long they last, and rights and their end, over several replicas.

mod claims;
mod device;
mod exchange;
mod healing;
mod policies;
mod revoked;
mod service_accounts;
mod sessions;
mod support;
mod vouching;
