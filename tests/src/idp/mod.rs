//! A simulated OpenID Connect provider: discovery, keys, device flow, authorization code with PKCE, client credentials,
//! refresh, user information; approval without a browser; switches that make it fail.
//!
//! It listens on 127.0.0.1 over plain HTTP and forgets everything when it ends. It knows nothing of the product.

mod keys;
mod pages;
mod server;
mod state;
mod token;
mod userinfo;

pub use server::{Idp, IdpOptions};
pub use state::Faults;
