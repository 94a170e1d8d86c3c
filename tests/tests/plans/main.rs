//! Plans from the outside: drains, upgrades of a fleet, rebalancing, and what people make of the files.

mod bad;
mod control;
mod drain;
mod ends;
mod fleet;
mod related;
mod terminal;
