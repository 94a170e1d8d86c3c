//! Models that come in from a controller that is none of the broker's: the source really does its part, against the
//! broker's address.

mod command;
mod documents;
mod given_up;
mod hostile;
mod killed;
mod refused;
mod story;
mod support;
mod uploads;
