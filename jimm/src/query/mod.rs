//! Programs of users, run apart from the broker: jq over the status of models.
//!
//! A program may loop for ever, take all memory or recurse until the stack ends, and nothing in the interpreter can stop
//! it. So it runs in a process of its own, with bounds that the kernel keeps, and is killed when its time is over. This
//! module knows no model, no user and no controller.

mod fields;
mod frames;
mod parent;
mod program;
mod status;
mod storage;
mod worker;

pub use parent::{Apart, Outcome, Refused};
pub use worker::main;

/// What the worker is called on the command line of `jimmsrv`.
pub const COMMAND: &str = "query-worker";
/// The longest program, in bytes.
pub const LONGEST_PROGRAM: usize = 64 << 10;
/// The longest status that a program is given, in bytes.
pub const LONGEST_STATUS: usize = 32 << 20;
/// The most that a program may answer for one model, in bytes.
pub const LONGEST_OUTPUT: usize = 4 << 20;
/// How many values a program may answer for one model.
pub const MOST_OUTPUTS: usize = 10_000;
/// How much memory a program may take, in bytes.
pub const MEMORY: u64 = 256 << 20;
