//! The `juju` client as a program that makes and destroys controllers: which one, in which folder, under whose eyes.
//!
//! The client runs below a warden, which is this executable again: should the broker die, the warden stops the client and
//! removes the folder with its secrets. This module knows no jobs, no database and no user.

mod client;
mod files;
mod folder;
mod redact;
mod run;
mod warden;

pub use client::{Client, NoClient, find_client};
pub(crate) use files::KEYS_URL;
pub use files::{Made, Place, destroy_files, made, make_files};
pub use folder::{Folder, sweep};
pub use redact::Redactor;
pub use run::{Ended, Running};
pub use warden::{WardenArgs, main};

/// What the warden is called on the command line of `jimmsrv`.
pub const COMMAND: &str = "juju-warden";
