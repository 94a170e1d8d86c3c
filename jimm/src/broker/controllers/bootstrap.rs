//! Making controllers: what is refused at once, and the job that does the rest. The steps are in `bootstrap_job`.

use jimm_proto::names::{CloudName, ControllerName};
use jimm_proto::params::jimm_bootstrap::{BootstrapInfo, BootstrapInfoRequest, BootstrapOptions, BootstrapParams};
use jimm_store::jobs::{self, Job, NewJob};
use jimm_store::{controllers, job_logs, job_secrets};
use uuid::Uuid;

use super::bootstrap_job::{self, Data, secret_row};
use super::destroy;
use crate::bootstrap::KEYS_URL;
use crate::broker::{Broker, Requester};
use crate::error::{Error, Kind, Result};

/// Clouds that are the machine of whoever runs the client: the broker's would be meant.
const LOCAL_CLOUDS: [&str; 2] = ["localhost", "microk8s"];
/// Lines of a log in one answer.
const LINES: i64 = 1000;

impl Broker {
    /// Begins to make a controller, and answers the number of the job.
    pub async fn start_bootstrap(&self, who: &Requester, mut params: BootstrapParams) -> Result<i64> {
        if params.cloud.name.is_empty() {
            params.cloud.name = std::mem::take(&mut params.cloud_name);
        }
        if params.cloud.region.name.is_empty() {
            params.cloud.region.name = std::mem::take(&mut params.region_name);
        }
        params.bootstrap_options.bootstrap_config.extend(std::mem::take(&mut params.config));
        check(&params)?;
        let name = params.controller_name.clone();
        self.refuse_taken(&name).await?;
        self.juju_client(&params.controller_version).await?;
        let secret = Uuid::new_v4();
        let plain = serde_json::to_vec(&params).map_err(Error::internal)?;
        let sealed = self.secrets.seal(&secret_row(secret), &plain).await?;
        let data = Data {
            controller: name.clone(),
            cloud: params.cloud.name.clone(),
            region: params.cloud.region.name.clone(),
            version: params.controller_version.clone(),
            secret,
            ..Data::default()
        };
        let new = NewJob {
            kind: bootstrap_job::KIND.to_owned(),
            key: name.clone(),
            step: bootstrap_job::BEGIN.to_owned(),
            data: serde_json::to_value(&data).map_err(Error::internal)?,
            requested_by: who.name.to_string(),
        };
        // After an error the job may be there all the same, when only the answer was lost: a secret that no row names is
        // swept later.
        let Some(job) = self.enqueue_with_secret(&new, secret, &sealed).await? else {
            self.discard(Some(&sealed)).await;
            return Err(in_work(&name));
        };
        tracing::info!(controller.name = %name, cloud = %data.cloud, requester = %who.name, job.id = job.id, "controller is to be made");
        Ok(job.id)
    }

    async fn enqueue_with_secret(&self, new: &NewJob, secret: Uuid, sealed: &[u8]) -> Result<Option<Job>> {
        let mut tx = self.store.begin().await?;
        let (job, is_new) = jobs::enqueue(&mut tx, new).await?;
        if !is_new {
            return Ok(None);
        }
        job_secrets::put(&mut tx, secret, sealed).await?;
        tx.commit().await?;
        Ok(Some(job))
    }

    async fn refuse_taken(&self, name: &str) -> Result<()> {
        let mut conn = self.store.acquire().await?;
        if controllers::get_by_name(&mut conn, name).await?.is_some() {
            return Err(Error::new(Kind::AlreadyExists, format!("controller \"{name}\" already exists")));
        }
        match jobs::find_live(&mut conn, bootstrap_job::KIND, name).await? {
            Some(_) => Err(in_work(name)),
            None => Ok(()),
        }
    }

    /// How a job stands, with the lines of its log from that number on.
    pub async fn bootstrap_info(&self, request: &BootstrapInfoRequest) -> Result<BootstrapInfo> {
        let job = self.job_called(&request.job_id).await?;
        let from = i32::try_from(request.watermark.max(0)).unwrap_or(i32::MAX);
        let lines = job_logs::after(&mut *self.store.acquire().await?, job.id, from, LINES).await?;
        let watermark = lines.last().map_or_else(|| i64::from(from), |line| i64::from(line.line));
        let logs = lines.into_iter().map(|line| line.text).collect();
        Ok(BootstrapInfo { status: job.state, logs, watermark, error: job.error })
    }

    /// Has a job stopped that makes or destroys a controller.
    pub async fn stop_bootstrap(&self, called: &str) -> Result<()> {
        let job = self.job_called(called).await?;
        if ![bootstrap_job::KIND, destroy::KIND].contains(&job.kind.as_str()) {
            let text = format!(
                "job {} is of kind {} and cannot be stopped so: a move is given up with \"jimmctl abort-migration\"",
                job.id, job.kind
            );
            return Err(Error::bad_request(text));
        }
        if !jobs::request_cancel(&mut *self.store.acquire().await?, job.id).await? {
            return Err(Error::bad_request(format!("job {} has ended: {}", job.id, job.state)));
        }
        Ok(())
    }

    /// The job of that number.
    pub(in crate::broker) async fn job_called(&self, called: &str) -> Result<Job> {
        let id: i64 = called.parse().map_err(|_| Error::bad_request(format!("invalid job ID: {called}")))?;
        let job = jobs::get(&mut *self.store.acquire().await?, id).await?;
        job.ok_or_else(|| Error::not_found(format!("job {id} not found")))
    }
}

fn in_work(name: &str) -> Error {
    let text = format!("controller \"{name}\" already exists: it is just being made (\"jimmctl list-jobs\")");
    Error::new(Kind::AlreadyExists, text)
}

fn check(params: &BootstrapParams) -> Result<()> {
    let wrong = |e: jimm_proto::names::NameError| Error::bad_request(e.to_string());
    params.controller_name.parse::<ControllerName>().map_err(wrong)?;
    check_cloud(&params.cloud.name)?;
    check_word("region", &params.cloud.region.name)?;
    if !params.controller_version.is_empty() {
        check_version(&params.controller_version)?;
    }
    if params.credential.auth_type.is_empty() {
        return Err(Error::bad_request("no credential given for the cloud, or one without auth-type"));
    }
    check_options(&params.bootstrap_options)
}

/// Refuses clouds that are somebody's own machine.
pub(in crate::broker) fn check_cloud(name: &str) -> Result<()> {
    if LOCAL_CLOUDS.contains(&name) {
        let text =
            format!("cloud \"{name}\" is the machine on which the client runs: the broker makes no controller there");
        return Err(Error::bad_request(text).with_code("incompatible clouds"));
    }
    name.parse::<CloudName>().map_err(|e| Error::bad_request(e.to_string()))?;
    Ok(())
}

/// Refuses what would be no version.
pub(in crate::broker) fn check_version(version: &str) -> Result<()> {
    let parts: Vec<&str> = version.split('.').collect();
    let is_number = |part: &&str| !part.is_empty() && part.len() < 6 && part.bytes().all(|b| b.is_ascii_digit());
    if parts.len() > 3 || !parts.iter().all(is_number) {
        return Err(Error::bad_request(format!(
            "juju-version {version:?} must be a partial/full version string with one, two, or three dot-separated numeric components"
        )));
    }
    Ok(())
}

/// Refuses settings that are the broker's to make, and words that would be read as something else.
pub(in crate::broker) fn check_options(options: &BootstrapOptions) -> Result<()> {
    let configs = [&options.bootstrap_config, &options.controller_config, &options.controller_model_config];
    if configs.iter().any(|config| config.contains_key(KEYS_URL)) {
        return Err(Error::bad_request(format!("{KEYS_URL} is set by the broker: leave it out")));
    }
    check_word("bootstrap-base", &options.bootstrap_base)?;
    let mut words = configs.iter().flat_map(|config| config.keys()).collect::<Vec<_>>();
    words.extend(options.model_default.keys());
    for constraints in [&options.bootstrap_constraints, &options.model_constraints] {
        for (key, value) in constraints {
            check_word("constraint", key)?;
            if value.contains(char::is_whitespace) {
                return Err(Error::bad_request(format!("the value of constraint {key} holds a space")));
            }
        }
    }
    if let Some(pool) = &options.storage_pool {
        check_word("storage pool", &pool.name)?;
        check_word("type of a storage pool", &pool.r#type)?;
        words.extend(pool.attributes.keys());
    }
    words.into_iter().try_for_each(|word| check_word("name of a setting", word))
}

fn check_word(what: &str, word: &str) -> Result<()> {
    let is_good = |c: char| c.is_ascii_alphanumeric() || "._-@".contains(c);
    if word.len() > 200 || word.starts_with('-') || !word.chars().all(is_good) {
        return Err(Error::bad_request(format!("{word:?} is no {what}")));
    }
    Ok(())
}
