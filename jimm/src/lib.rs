//! The broker: to every Juju client one controller, behind it many.
//!
//! Direction of use: `session → facades, web, relay → broker → controllers, authn, secrets, store, authz`.

pub mod app;
pub mod audit;
pub mod audit_export;
pub mod authn;
pub mod bootstrap;
pub mod broker;
pub mod cli;
pub mod clock;
pub mod config;
pub mod controllers;
pub mod description;
pub mod error;
pub mod events;
pub mod facades;
pub mod http_client;
pub mod jobs;
pub mod lifecycle;
pub mod mirror;
pub mod query;
pub mod relay;
pub mod rights_page;
pub mod secrets;
pub mod serve;
pub mod session;
pub mod telemetry;
pub mod tuple_rows;
pub mod user_names;
pub mod web;
