//! Plans: proposing which models go where, checking what people made of the proposal, and carrying it out.
//!
//! A plan is rows; whoever has its lease carries it out, and does nothing that another replica cannot go on with.

mod apply;
mod carry;
mod control;
mod engine;
mod ground;
mod health;
mod keeper;
mod news;
mod proof;
mod propose;
mod related;
mod show;
mod step;
mod waves;

pub use keeper::run_plans;
