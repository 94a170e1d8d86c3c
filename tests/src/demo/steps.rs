//! The story the demo tells once everything runs: attach, upload, adopt, move, show.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use jimm_proto::params::cloud::{CloudCredential, TaggedCredential, UpdateCredentialArgs, UpdateCredentialResults};
use jimm_proto::params::model_manager::{ModelCreateArgs, ModelInfo};
use jimm_rpc::{Connection, best_version};
use serde_json::{Value, json};

use crate::broker::ADMIN;
use crate::process;
use crate::simulated::SimPlan;

const DEADLINE: Duration = Duration::from_secs(60);

/// Says what happens next.
pub(super) fn say(text: &str) {
    println!("\n== {text}");
}

/// Runs `jimmctl` as the logged-in admin, its output to ours, so that progress is seen live.
pub(super) fn jimmctl(juju_data: &Path, args: &[&str]) -> Result<()> {
    println!("$ jimmctl {}", args.join(" "));
    let mut command = Command::new(process::built("jimmctl"));
    for name in ["JIMM_URL", "JIMM_CA", "JIMM_CLIENT_ID", "JIMM_CLIENT_SECRET", "JIMM_SESSION_TOKEN"] {
        command.env_remove(name);
    }
    let status = command.args(args).env("JUJU_DATA", juju_data).stdin(Stdio::null()).status()?;
    ensure!(status.success(), "jimmctl {} failed ({status})", args.join(" "));
    Ok(())
}

/// The one cloud a simulated controller manages.
pub(super) async fn cloud_of(sim: &SimPlan) -> Result<String> {
    let (connection, login) = sim.door()?.with_password("/api", &sim.user, &sim.password).await?;
    let version = best_version(&login, "Cloud", &[7]).context("the controller serves no Cloud facade we know")?;
    let answer: BTreeMap<String, BTreeMap<String, Value>> =
        connection.call("Cloud", version, "Clouds", &json!({}), DEADLINE).await?;
    let first = answer.get("clouds").and_then(|clouds| clouds.keys().next()).context("the controller has no cloud")?;
    Ok(first.strip_prefix("cloud-").unwrap_or(first).to_owned())
}

/// Uploads a cloud credential as `juju add-credential` and `juju update-credential` do.
pub(super) async fn upload_credential(connection: &Connection, cloud: &str, owner: &str) -> Result<()> {
    let args = UpdateCredentialArgs {
        credentials: vec![TaggedCredential {
            tag: format!("cloudcred-{cloud}_{owner}_default"),
            credential: CloudCredential {
                auth_type: "userpass".to_owned(),
                attrs: BTreeMap::from([
                    ("username".to_owned(), "demo".to_owned()),
                    ("password".to_owned(), "demo-password".to_owned()),
                ]),
                ..CloudCredential::default()
            },
        }],
        force: false,
    };
    let answer: UpdateCredentialResults =
        connection.call("Cloud", 7, "UpdateCredentialsCheckModels", &args, DEADLINE).await?;
    let error = answer.results.into_iter().find_map(|result| result.error);
    ensure!(error.is_none(), "the credential is refused: {}", error.unwrap_or_default().message);
    Ok(())
}

/// Makes a model on a controller, as its local superuser did before there was a broker.
pub(super) async fn make_model(sim: &SimPlan, cloud: &str, name: &str) -> Result<String> {
    let (connection, login) = sim.door()?.with_password("/api", &sim.user, &sim.password).await?;
    let version =
        best_version(&login, "ModelManager", &[9, 10, 11]).context("the controller serves no ModelManager")?;
    upload_credential(&connection, cloud, &sim.user).await?;
    let args = ModelCreateArgs {
        name: name.to_owned(),
        owner_tag: (version <= 10).then(|| format!("user-{}", sim.user)),
        qualifier: (version > 10).then(|| sim.user.clone()),
        cloud_tag: format!("cloud-{cloud}"),
        credential: format!("cloudcred-{cloud}_{}_default", sim.user),
        ..ModelCreateArgs::default()
    };
    let model: ModelInfo = connection.call("ModelManager", version, "CreateModel", &args, DEADLINE).await?;
    Ok(model.uuid)
}

/// Calls the broker until it answers; used for the first call after a start.
pub(super) async fn admin_token(door: &crate::client::Door, approve_url: &str) -> Result<String> {
    door.device_login(|code| async move { crate::client::approve(approve_url, &code, ADMIN).await }).await
}
