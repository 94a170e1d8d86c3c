//! The broker's parts in one place, and who asks.

/// The use cases, spread over this module's files, one `impl` block a file.
pub struct Broker {}

/// Who asks.
#[derive(Clone, Debug)]
pub struct Requester {
    /// The identity's name, `alice@example.com`.
    pub name: String,
}
