//! Client connections from outside: login, relay, streams, HTTP requests that go on, stopping.

#![expect(clippy::disallowed_methods, reason = "the fake controller spawns what lives as long as the test's runtime")]

mod access;
mod browser;
mod dashboard;
mod home;
mod http_proxy;
mod last_home;
mod lifecycle;
mod login;
mod rebac;
mod relay;
mod spare_lines;
mod streams;
mod support;
