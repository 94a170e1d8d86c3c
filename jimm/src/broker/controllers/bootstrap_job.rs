//! The job that makes a controller: the client runs once and never a second time, and then the controller is attached, which
//! is tried until it works: nobody else knows its password.

use std::sync::Arc;

use jimm_proto::params::jimm::AddControllerRequest;
use jimm_proto::params::jimm_bootstrap::BootstrapParams;
use jimm_store::{controllers, job_secrets, jobs};
use secrecy::ExposeSecret as _;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::juju_runs::{GRACE, Over};
use crate::bootstrap::{Ended, Folder, Made, Place, Redactor, made, make_files};
use crate::broker::Broker;
use crate::broker::job_steps::{data_of, end};
use crate::broker::work::{Outcome, Work};
use crate::error::{Error, Kind, Result};
use crate::secrets::{self, is_lost};

/// The kind of job.
pub const KIND: &str = "bootstrap";
/// Nothing was done yet.
pub(in crate::broker) const BEGIN: &str = "begin";
/// The client has been started, once.
const RUN: &str = "run";
/// There is a controller, to be attached.
const ATTACH: &str = "attach";
/// The host name in the certificates of controllers.
const TLS_HOSTNAME: &str = "juju-apiserver";

/// What the steps need to know. Stored as JSON: fields may be added, with defaults, never renamed.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(default)]
pub(in crate::broker) struct Data {
    pub(in crate::broker) controller: String,
    pub(in crate::broker) cloud: String,
    pub(in crate::broker) region: String,
    pub(in crate::broker) version: String,
    /// Under which number the secrets are kept: all that was asked for, and then the superuser's password.
    pub(in crate::broker) secret: Uuid,
    /// What was made.
    pub(in crate::broker) uuid: String,
    pub(in crate::broker) addresses: Vec<String>,
    pub(in crate::broker) ca_certificate: String,
    pub(in crate::broker) username: String,
}

/// Goes on with the job.
pub async fn run(broker: &Arc<Broker>, work: &Work) -> Outcome {
    step(broker, work).await.unwrap_or_else(Outcome::Again)
}

async fn step(broker: &Broker, work: &Work) -> Result<Outcome> {
    let data: Data = data_of(work)?;
    match work.job.step.as_str() {
        BEGIN if work.job.cancel_requested => {
            end(broker, work, Some(data.secret), Err("it was stopped before it began: nothing was made".to_owned()))
                .await
        }
        BEGIN => make(broker, work, data).await,
        RUN => {
            let why = format!("the broker that ran it has died: {}", left_behind(&data));
            end(broker, work, Some(data.secret), Err(why)).await
        }
        _ => attach(broker, work, data).await,
    }
}

/// What may be there of a controller that was made half.
fn left_behind(data: &Data) -> String {
    format!(
        "in cloud {:?} there may be machines, or on Kubernetes the namespace controller-{name}, of a controller {name:?} \
         that was made half. Look there, and remove what is tagged or named so; then start again, the name is free",
        data.cloud,
        name = data.controller
    )
}

async fn make(broker: &Broker, work: &Work, data: Data) -> Result<Outcome> {
    let sealed = job_secrets::get(&mut *broker.store.acquire().await?, data.secret).await?;
    let Some(sealed) = sealed else {
        return end(broker, work, None, Err("its secrets are gone: start it again".to_owned())).await;
    };
    let plain = match broker.secrets.open(&secret_row(data.secret), &sealed).await {
        Ok(plain) => plain,
        Err(error) if is_lost(&error) => {
            let why = format!("its secrets are lost: start it again ({})", error.message());
            return end(broker, work, Some(data.secret), Err(why)).await;
        }
        Err(error) => return Err(error),
    };
    let params: BootstrapParams = serde_json::from_slice(plain.expose_secret()).map_err(Error::internal)?;
    let client = match broker.juju_client(&data.version).await {
        Ok(client) => client,
        Err(error) if error.kind() == Kind::NotSupported => {
            return end(broker, work, Some(data.secret), Err(error.message().to_owned())).await;
        }
        Err(error) => return Err(error),
    };
    let mut folder = broker.new_juju_folder()?;
    let place = Place {
        controller: &data.controller,
        version: &data.version,
        cloud: &params.cloud,
        options: &params.bootstrap_options,
        keys_url: &broker.settings.bootstrap_keys_url(),
    };
    let args =
        make_files(&folder, &place, &params.credential.auth_type, &params.credential.attrs).map_err(Error::internal)?;
    let value = serde_json::to_value(&data).map_err(Error::internal)?;
    if !jobs::advance(&mut *broker.store.acquire().await?, work.lease, RUN, &value).await? {
        return Ok(Outcome::Left);
    }
    broker
        .keep_line(
            work,
            &format!("juju {} makes controller {} in cloud {}", client.version, data.controller, data.cloud),
        )
        .await;
    let redactor = Redactor::new(secrets_of(&params));
    // From here on nothing is done twice: whatever fails ends the job.
    let over = match broker.run_juju(work, (&client.program, &args), &mut folder, &redactor).await {
        Ok(over) => over,
        Err(error) => return end(broker, work, Some(data.secret), Err(error.message().to_owned())).await,
    };
    let why = match over {
        Over::Left => return Ok(Outcome::Left),
        Over::Itself(Ended::Well, _) => return take_over(broker, work, data, &folder).await,
        Over::Itself(Ended::Badly(status), told) if told.is_empty() => {
            format!(
                "juju bootstrap ended with {status}; its log says why (\"jimmctl bootstrap-status {}\")",
                work.job.id
            )
        }
        Over::Itself(Ended::Badly(_), told) => format!("juju bootstrap failed: {told}"),
        Over::Stopped(why) => {
            format!("{why}. The client had {} s to clean up after itself; {}", GRACE.as_secs(), left_behind(&data))
        }
    };
    end(broker, work, Some(data.secret), Err(why)).await
}

/// Everything that was asked for and is nobody's business.
fn secrets_of(params: &BootstrapParams) -> impl Iterator<Item = &str> {
    let options = &params.bootstrap_options;
    let configs = [
        &options.bootstrap_config,
        &options.controller_config,
        &options.controller_model_config,
        &options.model_default,
    ];
    let of_configs =
        configs.into_iter().flatten().filter(|(key, _)| looks_secret(key)).map(|(_, value)| value.as_str());
    params.credential.attrs.values().map(String::as_str).chain(of_configs)
}

/// Whether a setting of that name is a secret, as far as a name tells.
pub(in crate::broker) fn looks_secret(key: &str) -> bool {
    ["password", "secret", "token", "private-key", "credential", "macaroon"].iter().any(|word| key.contains(word))
}

/// Reads what the client has left and keeps it, the password sealed.
async fn take_over(broker: &Broker, work: &Work, mut data: Data, folder: &Folder) -> Result<Outcome> {
    let Made { uuid, addresses, ca_certificate, username, password } = match made(folder, &data.controller) {
        Ok(made) => made,
        Err(what) => {
            let why =
                format!("juju bootstrap ended well, but {what} is missing of what it leaves: {}", left_behind(&data));
            return end(broker, work, Some(data.secret), Err(why)).await;
        }
    };
    (data.uuid, data.addresses, data.ca_certificate, data.username) = (uuid, addresses, ca_certificate, username);
    // Until this is written, only we know the password.
    loop {
        match keep_made(broker, work, &data, &password).await {
            Ok(true) => break,
            Ok(false) => return Ok(Outcome::Left),
            Err(error) if work.leave.is_cancelled() => return Err(error),
            Err(error) => {
                tracing::warn!(job.id = work.job.id, error = %error, "the new controller's password cannot be stored yet");
                tokio::time::sleep(std::time::Duration::from_secs(1)).await;
            }
        }
    }
    broker.keep_line(work, &format!("controller {} is there; attaching it", data.controller)).await;
    attach(broker, work, data).await
}

async fn keep_made(broker: &Broker, work: &Work, data: &Data, password: &str) -> Result<bool> {
    let sealed = broker.secrets.seal(&secret_row(data.secret), password.as_bytes()).await?;
    let value = serde_json::to_value(data).map_err(Error::internal)?;
    let mut tx = broker.store.begin().await?;
    if !jobs::hold(&mut tx, work.lease).await? {
        return Ok(false);
    }
    let before = job_secrets::take(&mut tx, data.secret).await?;
    job_secrets::put(&mut tx, data.secret, &sealed).await?;
    jobs::advance(&mut tx, work.lease, ATTACH, &value).await?;
    tx.commit().await?;
    broker.discard(before.as_deref()).await;
    Ok(true)
}

async fn attach(broker: &Broker, work: &Work, data: Data) -> Result<Outcome> {
    let done = format!("controller {} ({}) is made and attached", data.controller, data.uuid);
    let uuid: Uuid = data.uuid.parse().map_err(Error::internal)?;
    let known = controllers::get(&mut *broker.store.acquire().await?, uuid).await?;
    if known.is_some_and(|known| known.name == data.controller) {
        return end(broker, work, Some(data.secret), Ok(done)).await;
    }
    let sealed = job_secrets::get(&mut *broker.store.acquire().await?, data.secret).await?;
    let Some(sealed) = sealed else {
        return end(broker, work, None, Err("the password of the new controller is gone".to_owned())).await;
    };
    let password = broker.secrets.open(&secret_row(data.secret), &sealed).await?;
    let request = AddControllerRequest {
        uuid: data.uuid.clone(),
        name: data.controller.clone(),
        tls_hostname: TLS_HOSTNAME.to_owned(),
        api_addresses: data.addresses.clone(),
        ca_certificate: data.ca_certificate.clone(),
        username: data.username.clone(),
        password: String::from_utf8_lossy(password.expose_secret()).into_owned(),
        ..AddControllerRequest::default()
    };
    let Err(error) = broker.attach_controller(&work.job.requested_by, request).await else {
        return end(broker, work, Some(data.secret), Ok(done)).await;
    };
    let job = jobs::get(&mut *broker.store.acquire().await?, work.job.id).await?;
    if job.is_some_and(|job| job.cancel_requested) {
        let why = format!(
            "somebody stopped it while the new controller could not be attached ({}): it runs in cloud {:?}, the broker \
             does not know it, and the password of its superuser is forgotten; remove it there",
            error.message(),
            data.cloud
        );
        return end(broker, work, Some(data.secret), Err(why)).await;
    }
    Err(error)
}

/// The place that a job's secret belongs to.
pub(in crate::broker) fn secret_row(secret: Uuid) -> String {
    secrets::row("job_secrets", &secret.to_string(), "sealed")
}
