//! One file per command, or per few commands that share their words.

mod access_file;
mod add_controller;
mod audit;
mod check_access;
mod controller_info;
mod controllers;
mod dispatch;
mod generate;
mod identity_sets;
mod import_model;
mod login;
mod migrate;
mod migrate_table;
mod model_status;
mod models;
mod question;
mod reference;
mod relations;
mod rotate_sealing_key;
mod rows;
mod service_accounts;
mod session_policies;
mod sessions;
mod targets;
mod update_migrated_model;
mod version;

pub(crate) use dispatch::dispatch;
