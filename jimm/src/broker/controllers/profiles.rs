//! Saved settings for making controllers. They hold no secrets, and nobody overwrites what somebody else has saved meanwhile.

use jimm_proto::params::jimm_bootstrap::{BootstrapOptions, ControllerProfile, ListedProfile};
use jimm_proto::time::GoTime;
use jimm_store::profiles::{self, Profile};

use super::bootstrap::{check_cloud, check_options, check_version};
use super::bootstrap_job::looks_secret;
use crate::broker::Broker;
use crate::error::{Error, Kind, Result};

/// The longest name, and the longest description.
const LONGEST: (usize, usize) = (100, 2000);

impl Broker {
    /// Saves a profile: a new one for version 0, else the one that has this version.
    pub async fn save_profile(&self, profile: ControllerProfile) -> Result<ControllerProfile> {
        check(&profile)?;
        let row = Profile {
            name: profile.name.clone(),
            description: profile.description,
            juju_version: profile.juju_version,
            version: profile.version,
            cloud: serde_json::to_value(&profile.cloud).map_err(Error::internal)?,
            options: serde_json::to_value(&profile.bootstrap_options).map_err(Error::internal)?,
            created_at: self.clock.now(),
            updated_at: self.clock.now(),
        };
        let mut conn = self.store.acquire().await?;
        if let Some(saved) = profiles::save(&mut conn, &row).await? {
            return shown(saved);
        }
        let name = &profile.name;
        match profiles::get(&mut conn, name).await? {
            None => Err(not_found(name)),
            Some(_) if profile.version == 0 => Err(Error::new(
                Kind::AlreadyExists,
                format!("controller profile \"{name}\" already exists: save it with its version to change it"),
            )),
            Some(there) => Err(Error::new(
                Kind::Conflict,
                format!(
                    "controller profile \"{name}\" has version {}, not {}: somebody has changed it meanwhile, look at it first",
                    there.version, profile.version
                ),
            )),
        }
    }

    /// One profile.
    pub async fn profile(&self, name: &str) -> Result<ControllerProfile> {
        let found = profiles::get(&mut *self.store.acquire().await?, name).await?;
        shown(found.ok_or_else(|| not_found(name))?)
    }

    /// The profiles for that version or one that begins with it.
    pub async fn list_profiles(&self, juju_version: &str) -> Result<Vec<ListedProfile>> {
        if !juju_version.is_empty() {
            check_version(juju_version)?;
        }
        let found = profiles::list(&mut *self.store.acquire().await?, juju_version).await?;
        let listed = |row: Profile| ListedProfile {
            name: row.name,
            description: row.description,
            created_at: Some(GoTime(row.created_at)),
            updated_at: Some(GoTime(row.updated_at)),
        };
        Ok(found.into_iter().map(listed).collect())
    }

    /// Forgets a profile.
    pub async fn remove_profile(&self, name: &str) -> Result<()> {
        let removed = profiles::remove(&mut *self.store.acquire().await?, name).await?;
        if removed { Ok(()) } else { Err(not_found(name)) }
    }
}

fn not_found(name: &str) -> Error {
    Error::not_found(format!("controller profile \"{name}\" not found"))
}

fn shown(row: Profile) -> Result<ControllerProfile> {
    Ok(ControllerProfile {
        name: row.name,
        description: row.description,
        juju_version: row.juju_version,
        version: row.version,
        created_at: Some(GoTime(row.created_at)),
        updated_at: Some(GoTime(row.updated_at)),
        cloud: serde_json::from_value(row.cloud).map_err(Error::internal)?,
        bootstrap_options: serde_json::from_value(row.options).map_err(Error::internal)?,
    })
}

fn check(profile: &ControllerProfile) -> Result<()> {
    let is_good = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
    let name = &profile.name;
    if name.is_empty() || name.len() > LONGEST.0 || !name.chars().all(is_good) {
        return Err(Error::bad_request(format!(
            "{name:?} is no name of a controller profile: letters, digits, and . _ -"
        )));
    }
    if profile.description.len() > LONGEST.1 {
        return Err(Error::bad_request(format!("the description is longer than {} bytes", LONGEST.1)));
    }
    check_version(&profile.juju_version)?;
    check_cloud(&profile.cloud.name)?;
    check_options(&profile.bootstrap_options)?;
    match secret_in(&profile.bootstrap_options) {
        Some(key) => Err(Error::bad_request(format!(
            "{key} looks like a secret, and profiles hold none: give it when the controller is made"
        ))),
        None => Ok(()),
    }
}

fn secret_in(options: &BootstrapOptions) -> Option<&str> {
    let configs = [
        &options.bootstrap_config,
        &options.controller_config,
        &options.controller_model_config,
        &options.model_default,
    ];
    let attributes = options.storage_pool.iter().flat_map(|pool| pool.attributes.keys());
    configs
        .into_iter()
        .flat_map(|config| config.keys())
        .chain(attributes)
        .map(String::as_str)
        .find(|key| looks_secret(key))
}
