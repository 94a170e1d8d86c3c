//! Where models go: the ranking of controllers, what it is made from, its explanation, and the marks of operators.

mod explain;
mod gather;
mod marks;
pub(super) mod score;

pub(super) use explain::least;
pub(super) use gather::{Place, Sought, candidate, marks_of, reason};
