//! Juju client stores in which `juju` and `jimmctl` are logged in: at the broker, and at a controller as its superuser.
//!
//! The controller's end point is a host name: Juju's client takes loopback addresses out of its store after each login,
//! and would not find its controller at the next command.

use std::path::Path;

use anyhow::Result;
use serde_json::json;

/// What the store says.
pub(crate) struct Account<'a> {
    pub(crate) controller: &'a str,
    pub(crate) uuid: &'a str,
    pub(crate) endpoint: &'a str,
    pub(crate) ca: &'a str,
    pub(crate) user: &'a str,
    pub(crate) token: &'a str,
}

/// What the store of a controller's superuser says.
pub(crate) struct Superuser<'a> {
    pub(crate) controller: &'a str,
    pub(crate) uuid: &'a str,
    pub(crate) endpoint: &'a str,
    pub(crate) ca: &'a str,
    pub(crate) user: &'a str,
    pub(crate) password: &'a str,
}

/// Writes the store of a controller's superuser, as bootstrapping the controller leaves it.
pub(crate) fn write_superuser(dir: &Path, account: &Superuser<'_>) -> Result<()> {
    crate::postgres::private_dir(dir)?;
    let name = account.controller;
    let controllers = json!({
        "controllers": {name: {"uuid": account.uuid, "api-endpoints": [account.endpoint], "ca-cert": account.ca}},
        "current-controller": name,
    });
    let accounts = json!({"controllers": {name: {
        "user": account.user,
        "password": account.password,
        "last-known-access": "superuser",
    }}});
    save(&dir.join("controllers.yaml"), &controllers)?;
    save(&dir.join("accounts.yaml"), &accounts)
}

/// Writes controllers.yaml and accounts.yaml.
pub(crate) fn write(dir: &Path, account: &Account<'_>) -> Result<()> {
    crate::postgres::private_dir(dir)?;
    let name = account.controller;
    let controllers = json!({
        "controllers": {name: {
            "uuid": account.uuid,
            "api-endpoints": [account.endpoint],
            "ca-cert": account.ca,
            "oidc-login": true,
            "cloud": "",
            "controller-machine-count": 0,
            "active-controller-machine-count": 0,
        }},
        "current-controller": name,
    });
    let accounts = json!({"controllers": {name: {
        "user": account.user,
        "type": "oauth2-device",
        "access-token": account.token,
        "last-known-access": "superuser",
    }}});
    save(&dir.join("controllers.yaml"), &controllers)?;
    save(&dir.join("accounts.yaml"), &accounts)
}

/// Writes models.yaml with one model, the current one.
pub(crate) fn write_model(dir: &Path, controller: &str, name: &str, uuid: &str) -> Result<()> {
    let models = json!({"controllers": {controller: {
        "models": {name: {"uuid": uuid, "type": "iaas"}},
        "current-model": name,
    }}});
    save(&dir.join("models.yaml"), &models)
}

fn save(path: &Path, value: &serde_json::Value) -> Result<()> {
    crate::process::write_whole(path, &serde_norway::to_string(value)?)?;
    std::fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(0o600))?;
    Ok(())
}
