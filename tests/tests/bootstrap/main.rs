//! Making and destroying controllers.

mod limits;
mod runs;
mod world;
