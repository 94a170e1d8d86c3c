//! Macaroons exchanged with the Go bakery, and the discharger of the running broker.

mod discharger;
mod exchange;
mod hostile;
mod support;
