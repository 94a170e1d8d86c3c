//! `JIMM` version 4, the part about what seals stored secrets.

use jimm_proto::params::jimm_sealing::{RotateSealingKeyRequest, SealingStatus};

use super::CallContext;
use super::method::{Access, Audit, Empty, Method, method};
use crate::error::Result;

const JIMM: &str = "JIMM";

/// The methods of this part.
pub(crate) const METHODS: &[Method] = &[
    method!(JIMM, [4], "RotateSealingKey", Access::Admin, Audit::Params, rotate),
    method!(JIMM, [4], "SealingStatus", Access::Admin, Audit::Params, status),
];

async fn rotate(ctx: &CallContext, args: RotateSealingKeyRequest) -> Result<SealingStatus> {
    ctx.broker.rotate_sealing_key(&ctx.requester, &args.to).await
}

async fn status(ctx: &CallContext, _: Empty) -> Result<SealingStatus> {
    ctx.broker.sealing_status().await
}
