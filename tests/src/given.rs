//! What there is before a story begins: a cloud, a credential, a model on a controller.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use jimm_proto::params::cloud::{CloudCredential, TaggedCredential, UpdateCredentialArgs, UpdateCredentialResults};
use jimm_proto::params::model_manager::{ModelCreateArgs, ModelInfo};
use jimm_rpc::{Connection, best_version};
use serde_json::{Value, json};

use crate::simulated::SimPlan;

const DEADLINE: Duration = Duration::from_secs(60);

/// The one cloud a simulated controller manages.
pub async fn cloud_of(sim: &SimPlan) -> Result<String> {
    let (connection, login) = sim.door()?.with_password("/api", &sim.user, &sim.password).await?;
    let version = best_version(&login, "Cloud", &[7]).context("the controller serves no Cloud facade we know")?;
    let answer: BTreeMap<String, BTreeMap<String, Value>> =
        connection.call("Cloud", version, "Clouds", &json!({}), DEADLINE).await?;
    let first = answer.get("clouds").and_then(|clouds| clouds.keys().next()).context("the controller has no cloud")?;
    Ok(first.strip_prefix("cloud-").unwrap_or(first).to_owned())
}

/// Uploads a cloud credential as `juju add-credential` and `juju update-credential` do.
pub async fn upload_credential(connection: &Connection, cloud: &str, owner: &str) -> Result<()> {
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
pub async fn make_model(sim: &SimPlan, cloud: &str, name: &str) -> Result<String> {
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

/// Whether a controller has a model of this UUID and it is alive, asked as its own superuser.
pub async fn has_model(sim: &SimPlan, uuid: &str) -> Result<bool> {
    let (connection, login) = sim.door()?.with_password("/api", &sim.user, &sim.password).await?;
    let version =
        best_version(&login, "ModelManager", &[9, 10, 11]).context("the controller serves no ModelManager")?;
    let params = json!({"entities": [{"tag": format!("model-{uuid}")}]});
    let answer: Value = connection.call("ModelManager", version, "ModelInfo", &params, DEADLINE).await?;
    Ok(answer["results"][0]["result"]["life"] == "alive")
}
