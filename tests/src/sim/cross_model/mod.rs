//! Relations across models: macaroons of offers, and controllers that speak to each other about them.
//!
//! The offering side hands out macaroons, has their third-party caveats sealed to whoever publishes its key set, and takes
//! what was discharged there. The consuming side dials, has discharged what it is asked to, and follows a redirect once.

mod consuming;
mod offering;

pub(super) use consuming::add_relation;
pub(super) use offering::{connections, consume_macaroon, register};

/// What a macaroon declares of its user.
const USERNAME: &str = "username";
/// What it declares of the offering model.
const SOURCE_MODEL: &str = "source-model-uuid";
/// What the third party declares.
const OFFER: &str = "offer-uuid";
/// The code that asks for a discharge.
const DISCHARGE: &str = "macaroon discharge required";
