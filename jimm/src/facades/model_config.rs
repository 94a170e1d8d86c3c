//! `ModelConfig`, version 3, of the broker itself: what `show-controller` and `upgrade-model` read on the controller
//! connection. Models answer for their own configuration on their own connections.

use jimm_proto::params::model_config::ModelConfigResults;

use super::registry::{Access, Audit, Empty, Method, method};
use crate::error::Result;
use crate::session::CallContext;

pub(crate) const METHODS: &[Method] =
    &[method!("ModelConfig", [3], "ModelGet", Access::User, Audit::Params, model_get)];

async fn model_get(ctx: &CallContext, _args: Empty) -> Result<ModelConfigResults> {
    ctx.broker.controller_model_config().await
}
