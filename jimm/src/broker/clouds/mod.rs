//! Clouds, what is put into new models there, and the credentials for them.

mod attributes;
mod contents;
pub(super) mod credentials;
mod defaults;
mod hosted;
mod placed;
pub(super) mod rows;
mod visible;
