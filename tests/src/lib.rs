//! What tests, the demo and the simulators share: a private Postgres, a simulated identity provider, simulated
//! controllers, and the built broker as a process. Nothing here is part of the product.

pub mod app;
pub mod bench;
pub mod broker;
pub mod browser;
pub mod chaos;
pub mod client;
pub mod demo;
pub mod drain;
pub mod given;
pub mod gobakery;
pub mod idp;
pub mod oidc_provider;
pub mod openbao;
pub mod openfga;
pub mod peers;
pub mod pki;
pub mod planned;
pub mod postgres;
pub mod process;
pub mod real_juju;
pub mod sim;
pub mod simulated;
pub mod terminal;
