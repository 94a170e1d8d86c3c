//! One client connection: upgrade, codec loop, login, limits. It knows facades and relay, and nothing of SQL.

mod context;

pub use context::{CallContext, ConnectionState};
