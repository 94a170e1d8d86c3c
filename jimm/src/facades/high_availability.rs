//! `HighAvailability`, version 2: clients look for it. Version 3 would tell them the addresses of controllers, which they
//! would then dial past the broker.

use jimm_proto::params::common::ErrorResults;

use super::CallContext;
use super::method::{Access, Audit, Empty, Method, method};
use crate::error::{Error, Kind, Result};

pub(crate) const METHODS: &[Method] =
    &[method!("HighAvailability", [2], "EnableHA", Access::Nobody, Audit::Params, enable)];

async fn enable(_ctx: &CallContext, _args: Empty) -> Result<ErrorResults> {
    let text = "not supported: start more replicas of the broker where it runs; controllers are made available by their operators";
    Err(Error::new(Kind::NotSupported, text))
}
