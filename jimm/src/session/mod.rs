//! One client connection: upgrade, codec loop, login, limits. It knows facades and relay, and nothing of SQL.

pub(crate) mod ahead;
pub(crate) mod asked;
pub(crate) mod browser;
mod controller;
pub(crate) mod cookies;
mod cut_off;
pub(crate) mod greeting;
pub(crate) mod login;
mod login_result;
pub(crate) mod member;
mod meter;
pub(crate) mod notes;
mod queue;
pub(crate) mod record;
mod services;
pub(crate) mod socket;
mod turn;
mod vouching;
mod woken;

pub use controller::serve as serve_controller;
pub(crate) use cut_off::cut_off;
pub use cut_off::forget as forget_cut_off;
pub(crate) use login_result::servers;
pub use member::Member;
pub(crate) use meter::Metered;
pub use services::{Authn, Peer, Services};
pub use socket::ClientSocket;
pub(crate) use turn::in_one_turn;
pub use vouching::keep as keep_vouched;
pub(crate) use woken::when_woken;
