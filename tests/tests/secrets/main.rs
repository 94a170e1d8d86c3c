//! Secrets at rest: sealed in Postgres or kept in a real server of Vault's kind, moved from one to the other, and in no
//! log, answer, metric or row where they must not be.

mod canaries;
mod canary;
mod contract;
mod faults;
mod product;
mod rotation;
mod support;
