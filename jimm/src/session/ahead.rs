//! What the answer to a login will need, read while the login itself is still looked at: nobody gets to see it before
//! that is done.

use jimm_authz::User;
use uuid::Uuid;

use super::Services;
use super::login_result::{self, Door};
use crate::broker::Home;
use crate::error::Result;

/// Where a connection leads.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Place {
    /// To the broker itself.
    Controller,
    /// To a model.
    Model(Uuid),
}

/// What was read.
#[derive(Debug)]
pub(crate) enum Ahead {
    /// For the controller connection.
    Controller(Result<Door>),
    /// For a model connection; nothing when there is no such model.
    Model(Box<Result<Option<Home>>>),
}

/// Reads what a login of this user will need at this place.
pub(crate) async fn look(services: &Services, place: Place, user: &User) -> Ahead {
    match place {
        Place::Controller => Ahead::Controller(login_result::door(services, user).await),
        Place::Model(model) => Ahead::Model(Box::new(Box::pin(services.broker.home(user, model)).await)),
    }
}
