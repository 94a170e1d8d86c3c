//! The client side of Juju's wire: TLS, websocket, and a multiplexer of calls.
//!
//! The broker uses it towards controllers, `jimmctl` and the tests towards the broker. It knows frames and logins, and
//! nothing of what the calls mean.

mod connection;
mod dial;
mod error;
mod login;
mod stream;
mod target;
mod tls;

pub use connection::Connection;
pub use dial::{Spare, connect_stream, dial, dial_socket, dial_socket_on, dial_spare, socket_config};
pub use error::{CallError, DialError};
pub use login::{best_version, login};
pub use stream::{Activity, Socket, Stream};
pub use target::{DialOptions, Pings, Target, Tls};

/// The name that every Juju controller's certificate carries.
pub const JUJU_SERVER_NAME: &str = "juju-apiserver";
