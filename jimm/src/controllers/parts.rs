//! What every slot needs and none owns.

use std::sync::Arc;

use jimm_proto::names::UserName;
use tokio_util::task::TaskTracker;

use crate::authn::ControllerTokens;
use crate::config::ControllerSettings;

/// What every slot needs.
#[derive(Clone)]
pub(super) struct Parts {
    pub(super) tokens: Arc<ControllerTokens>,
    pub(super) settings: ControllerSettings,
    pub(super) tasks: TaskTracker,
    /// The broker's own identity at controllers.
    pub(super) service: UserName,
    /// Longest message.
    pub(super) max_message: usize,
}
