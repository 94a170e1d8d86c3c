//! Model connections: a client's frames go to the hosting controller and back as they came.
//!
//! It reads envelopes, never bodies; it edits one reply, that of the login. It knows sessions and the broker's rights,
//! and no SQL.

mod connection;
mod demands;
mod in_flight;
mod login_reply;
mod patience;
mod route;
mod stream;
mod traffic;
mod upstream;

pub use connection::serve as serve_model;
pub use route::Route;
pub use stream::{Access as StreamAccess, Stream, Way, serve as serve_stream};
