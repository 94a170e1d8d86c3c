//! Who may do what: the relation model and its evaluation over tuples.
//!
//! [`Authorizer`] is what the broker asks. [`BuiltIn`] answers from tuples that a [`TupleReader`] reads, wherever
//! they are kept; [`OpenFga`] asks a server. The crate knows neither the store nor the wire.

mod authorizer;
mod builtin;
mod dsl;
mod expand;
mod facts;
mod model;
mod names;
mod openfga;
mod reach;

pub use authorizer::{Authorizer, Decision, Error, Result, Standing, Subjects, TupleReader, User};
pub use builtin::BuiltIn;
pub use dsl::model_text;
pub use names::{EVERYONE, Object, ObjectKind, ParseError, Relation, Subject, Tuple, Tuples};
pub use openfga::{Observer, OpenFga, OpenFgaSettings, Page, WRITES_AT_ONCE, is_mirrored};
