//! Who may do what: every method, path and stream is tried as everybody, and the outcomes are those of `table.txt`.

mod cases;
mod methods;
mod paths;
mod roles;
mod table;
mod world;
