//! The evaluation of rights, asked from outside.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on may panic")]

mod builtin;
mod differential;
mod support;
