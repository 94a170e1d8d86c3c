//! Clients that others wrote, whole and unmodified: each does a day's work through the broker.
//!
//! The days are scripts in `tests/peers`; here is what they need, what became of them, and the page that tells it. A client
//! that cannot be had on this machine is left out, and why is said.

mod client;
mod day;
mod install;
mod matrix;
mod simulated;

pub use client::Client;
pub use day::{Day, People, Person, Place, READING_SERVICE};
pub use install::{Tools, charm};
pub use matrix::{Cell, Matrix, Outcome, PAGE, REAL, SIMULATED};
pub use simulated::Simulated;

/// The shapes of simulated controllers that every client works on.
pub const SHAPES: [&str; 2] = ["3.6", "4.1"];

/// What every day consists of, in its order.
pub const COMMANDS: [&str; 25] = [
    "log in",
    "log in with a wrong secret",
    "clouds",
    "add a credential",
    "credentials",
    "add models",
    "list models",
    "show a model",
    "connect to a model",
    "status",
    "model config",
    "deploy a local charm",
    "configure an application",
    "relate applications",
    "grant a reader",
    "a reader writes",
    "revoke",
    "offer",
    "find offers",
    "consume",
    "remove an offer",
    "debug log",
    "watch summaries",
    "destroy models",
    "a model that is gone",
];
