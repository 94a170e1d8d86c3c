//! `SecretBackends`, version 1: the broker has none of its own; those of the controllers stay theirs.

use jimm_proto::params::common::ErrorResults;
use jimm_proto::params::secret_backends::{
    AddSecretBackendArgs, ListSecretBackendsArgs, ListSecretBackendsResults, RemoveSecretBackendArgs,
    UpdateSecretBackendArgs,
};

use super::CallContext;
use super::method::{Access, Audit, Method, method};
use crate::error::{Error, Kind, Result};

const FACADE: &str = "SecretBackends";

pub(crate) const METHODS: &[Method] = &[
    method!(FACADE, [1], "ListSecretBackends", Access::User, Audit::Params, list),
    method!(FACADE, [1], "AddSecretBackends", Access::Nobody, Audit::NoParams, add),
    method!(FACADE, [1], "UpdateSecretBackends", Access::Nobody, Audit::NoParams, update),
    method!(FACADE, [1], "RemoveSecretBackends", Access::Nobody, Audit::Params, remove),
];

async fn list(_ctx: &CallContext, _args: ListSecretBackendsArgs) -> Result<ListSecretBackendsResults> {
    Ok(ListSecretBackendsResults::default())
}

async fn add(_ctx: &CallContext, _args: AddSecretBackendArgs) -> Result<ErrorResults> {
    Err(unsupported())
}

async fn update(_ctx: &CallContext, _args: UpdateSecretBackendArgs) -> Result<ErrorResults> {
    Err(unsupported())
}

async fn remove(_ctx: &CallContext, _args: RemoveSecretBackendArgs) -> Result<ErrorResults> {
    Err(unsupported())
}

fn unsupported() -> Error {
    Error::new(Kind::NotSupported, "secret backends are kept by the controllers: not supported through the broker")
}
