//! The client against peers that do as the test says, over real TLS.

mod calls;
mod dialling;
mod support;
