//! What a source sends of a model that comes in: the *description* (a YAML document, Juju 3.6 and 4.0) or the *envelope*
//! (JSON around a YAML document, from Juju 4.1 on). Both are read as far as the broker has to know them, and rewritten by
//! replacing those places only: every other byte of a document stays what it was.
//!
//! Knows neither stores nor controllers: bytes in, bytes out.

mod document;
mod envelope;
mod facts;
mod legacy;

pub use document::Unreadable;
pub use envelope::{Envelope, Members};
pub use facts::{Credential, EVERYONE, Facts, NewOwner, Offer};
pub use legacy::Description;
