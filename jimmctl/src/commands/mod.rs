//! One file per command, or per few commands that share their words.

mod access_file;
mod add_controller;
mod add_model;
mod adopt;
mod audit;
mod check_access;
mod clouds;
mod controller_info;
mod controllers;
mod dispatch;
mod generate;
mod identity_sets;
mod import_credentials;
mod import_model;
mod login;
mod migrate;
mod migrate_table;
mod model_status;
mod models;
mod query_models;
mod question;
mod reference;
mod register_controller;
mod relations;
mod rotate_sealing_key;
mod rows;
mod service_accounts;
mod session_policies;
mod sessions;
mod targets;
mod update_migrated_model;
mod upgrade;
mod verify_audit;
mod version;

pub(crate) use clouds::CloudFile;
pub(crate) use dispatch::dispatch;
