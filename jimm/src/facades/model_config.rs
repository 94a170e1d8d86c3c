//! `ModelConfig`, versions 3 and 4, of the broker itself: what `show-controller` and `upgrade-model` read on the controller
//! connection. Models answer for their own configuration on their own connections.

use jimm_proto::params::common::{ErrorResult, StringResult};
use jimm_proto::params::model_config::{GetConstraintsResults, ModelConfigResults, ModelSequencesResult};

use super::CallContext;
use super::method::{Access, Audit, Empty, Method, method};
use crate::error::{Error, Kind, Result};

const FACADE: &str = "ModelConfig";

pub(crate) const METHODS: &[Method] = &[
    method!(FACADE, [3, 4], "ModelGet", Access::User, Audit::Params, model_get),
    method!(FACADE, [3, 4], "ModelSet", Access::Nobody, Audit::NoParams, refused),
    method!(FACADE, [3, 4], "ModelUnset", Access::Nobody, Audit::NoParams, refused),
    method!(FACADE, [3, 4], "GetModelConstraints", Access::User, Audit::Params, constraints),
    method!(FACADE, [3, 4], "SetModelConstraints", Access::Nobody, Audit::NoParams, refused),
    method!(FACADE, [3, 4], "Sequences", Access::User, Audit::Params, sequences),
    method!(FACADE, [3], "SLALevel", Access::User, Audit::Params, sla_level),
    method!(FACADE, [3], "SetSLALevel", Access::Nobody, Audit::NoParams, refused),
    method!(FACADE, [4], "GetModelSecretBackend", Access::User, Audit::Params, secret_backend),
    method!(FACADE, [4], "SetModelSecretBackend", Access::Nobody, Audit::NoParams, refused_alone),
];

async fn model_get(ctx: &CallContext, _args: Empty) -> Result<ModelConfigResults> {
    ctx.broker.controller_model_config().await
}

async fn constraints(_ctx: &CallContext, _args: Empty) -> Result<GetConstraintsResults> {
    Ok(GetConstraintsResults { constraints: serde_json::json!({}) })
}

async fn sequences(_ctx: &CallContext, _args: Empty) -> Result<ModelSequencesResult> {
    Ok(ModelSequencesResult::default())
}

async fn sla_level(_ctx: &CallContext, _args: Empty) -> Result<StringResult> {
    Ok(StringResult { error: None, result: "unsupported".to_owned() })
}

async fn secret_backend(_ctx: &CallContext, _args: Empty) -> Result<StringResult> {
    Ok(StringResult { error: None, result: "auto".to_owned() })
}

async fn refused(_ctx: &CallContext, _args: Empty) -> Result<Empty> {
    Err(unsupported())
}

async fn refused_alone(_ctx: &CallContext, _args: Empty) -> Result<ErrorResult> {
    Err(unsupported())
}

fn unsupported() -> Error {
    let text =
        "not supported: the broker has no model of its own; configure the model that you mean on its own connection";
    Error::new(Kind::NotSupported, text)
}
