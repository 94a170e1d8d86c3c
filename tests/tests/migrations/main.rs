//! Moves as rows: phases, history, stopping, trying again, being stuck, being checked before.

mod aftercare;
mod back;
mod check;
mod engine;
mod leaving;
mod stop;
mod support;
mod trouble;
