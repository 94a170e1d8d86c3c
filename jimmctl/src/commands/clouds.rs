//! `add-cloud-to-controller` and `remove-cloud-from-controller`.

use std::collections::BTreeMap;
use std::path::Path;

use jimm_proto::complaint::without_value;
use jimm_proto::params::cloud::{Cloud, CloudRegion};
use jimm_proto::params::jimm_clouds::{AddCloudToControllerRequest, RemoveCloudFromControllerRequest};
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_norway::{Mapping, Value};

use crate::cli::GlobalArgs;
use crate::cli::clouds::{AddCloudArgs, RemoveCloudArgs};
use crate::client_store::ClientStore;
use crate::error::{Failure, Result};
use crate::input;
use crate::session::Session;
use crate::settings::Settings;

/// The definition of a cloud is a few kilobytes long; what is much longer is something else.
const LONGEST: u64 = 1 << 20;

/// A file of clouds, as Juju's clients read and write it.
#[derive(Default, Deserialize)]
pub(crate) struct CloudFile {
    #[serde(default)]
    clouds: BTreeMap<String, Definition>,
}

/// A cloud in such a file.
#[derive(Clone, Default, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
struct Definition {
    r#type: String,
    host_cloud_region: String,
    auth_types: Vec<String>,
    endpoint: String,
    identity_endpoint: String,
    storage_endpoint: String,
    /// In the order of the file: the first one is the default.
    regions: Option<Mapping>,
    ca_certificates: Vec<String>,
    skip_tls_verify: bool,
    config: BTreeMap<String, serde_json::Value>,
    region_config: BTreeMap<String, BTreeMap<String, serde_json::Value>>,
}

impl CloudFile {
    pub(crate) fn parse(text: &str, from: &str) -> Result<Self> {
        let read = serde_norway::from_str::<Option<Self>>(text);
        let wrong = |e: serde_norway::Error| {
            Failure::failed(format!("cannot read {from} as YAML: {}", without_value(&e.to_string())))
        };
        Ok(read.map_err(wrong)?.unwrap_or_default())
    }

    fn cloud(&self, name: &str) -> Option<Cloud> {
        self.clouds.get(name).cloned().map(Definition::on_the_wire)
    }
}

impl Definition {
    fn on_the_wire(self) -> Cloud {
        let text = |of: &Value, key: &str| of.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
        let region = |(name, of): (Value, Value)| {
            Some(CloudRegion {
                name: name.as_str()?.to_owned(),
                endpoint: text(&of, "endpoint"),
                identity_endpoint: text(&of, "identity-endpoint"),
                storage_endpoint: text(&of, "storage-endpoint"),
            })
        };
        Cloud {
            r#type: self.r#type,
            host_cloud_region: self.host_cloud_region,
            auth_types: self.auth_types,
            endpoint: self.endpoint,
            identity_endpoint: self.identity_endpoint,
            storage_endpoint: self.storage_endpoint,
            regions: self.regions.unwrap_or_default().into_iter().filter_map(region).collect(),
            ca_certificates: self.ca_certificates,
            skip_tls_verify: self.skip_tls_verify,
            config: self.config,
            region_config: self.region_config,
            is_controller_cloud: false,
        }
    }
}

pub(super) async fn add(global: &GlobalArgs, args: &AddCloudArgs) -> Result<()> {
    let (Some(host), Some(name)) = (&args.host, &args.name) else {
        return Err(Failure::usage("missing arguments").with_hint("give the controller's name and the cloud's"));
    };
    let cloud = definition(args, name)?;
    if cloud.r#type.is_empty() {
        return Err(Failure::failed(format!("the definition of cloud {name:?} has no type")));
    }
    let params =
        AddCloudToControllerRequest { cloud, name: name.clone(), force: args.force, controller_name: host.clone() };
    let _: IgnoredAny = Session::open(global).await?.call("AddCloudToController", &params).await?;
    if !global.quiet {
        eprintln!("Cloud {name:?} added to controller {host:?}.");
    }
    Ok(())
}

pub(super) async fn remove(global: &GlobalArgs, args: &RemoveCloudArgs) -> Result<()> {
    let (Some(host), Some(name)) = (&args.host, &args.name) else {
        return Err(Failure::usage("missing arguments").with_hint("give the controller's name and the cloud's"));
    };
    let params = RemoveCloudFromControllerRequest { cloud_tag: format!("cloud-{name}"), controller_name: host.clone() };
    let _: IgnoredAny = Session::open(global).await?.call("RemoveCloudFromController", &params).await?;
    if !global.quiet {
        eprintln!("Cloud {name:?} removed from controller {host:?}.");
    }
    Ok(())
}

/// The cloud in the given file, or else in the client store.
fn definition(args: &AddCloudArgs, name: &str) -> Result<Cloud> {
    defined(name, args.cloud.as_deref())?.ok_or_else(|| {
        Failure::failed("could not find existing cloud, please provide a cloud file")
            .with_hint("--cloud FILE; \"juju clouds --client\" lists what the client store knows")
    })
}

/// The cloud in the given file, or else in the client store, if that knows it.
pub(super) fn defined(name: &str, file: Option<&Path>) -> Result<Option<Cloud>> {
    let Some(file) = file else {
        let known = Settings::from_env().juju_data.map(|dir| ClientStore::new(dir).clouds()).transpose()?;
        return Ok(known.and_then(|known| known.cloud(name)));
    };
    let from = file.display().to_string();
    let clouds = CloudFile::parse(&input::read(file, LONGEST, "to define a cloud")?, &from)?;
    clouds.cloud(name).map(Some).ok_or_else(|| Failure::failed(format!("{from} defines no cloud {name:?}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_of_clouds_is_read_as_juju_reads_it() {
        let text = "clouds:\n  metal:\n    type: maas\n    auth-types: [oauth1]\n    endpoint: http://m/MAAS\n    \
                    regions:\n      zone-b: {}\n      zone-a: {endpoint: http://a}\n    config: {bridge: br0}\n";
        let cloud = CloudFile::parse(text, "f").expect("reads").cloud("metal").expect("is there");
        let regions: Vec<&str> = cloud.regions.iter().map(|region| region.name.as_str()).collect();
        assert_eq!((cloud.r#type.as_str(), regions.as_slice()), ("maas", ["zone-b", "zone-a"].as_slice()));
        assert_eq!(cloud.regions[1].endpoint, "http://a");
        assert_eq!(cloud.config["bridge"], "br0");
        assert!(CloudFile::parse("", "f").expect("empty").cloud("metal").is_none());
        let wrong = CloudFile::parse("clouds: [s3cret]", "f").err().expect("no map").to_string();
        assert!(wrong.starts_with("cannot read f as YAML") && !wrong.contains("s3cret"), "{wrong}");
    }
}
