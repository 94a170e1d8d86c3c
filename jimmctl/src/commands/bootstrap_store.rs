//! What `bootstrap` reads on this side: the cloud's definition, the credential, settings.

use std::collections::BTreeMap;
use std::path::Path;

use jimm_proto::complaint::without_value;
use jimm_proto::params::cloud::CloudCredential;
use jimm_proto::params::jimm_bootstrap::{BootstrapCloud, BootstrapRegion, Texts};
use serde_norway::Value;

use super::clouds;
use crate::client_store::ClientStore;
use crate::error::{Failure, Result};
use crate::input;
use crate::settings::Settings;

/// Files of settings and credentials are a few kilobytes long.
const LONGEST: u64 = 1 << 20;

/// `CLOUD/REGION` with its definition, where there is one on this side.
pub(super) fn place_of(place: &str, file: Option<&Path>) -> Result<BootstrapCloud> {
    let (name, region) = place.split_once('/').unwrap_or((place, ""));
    let Some(cloud) = clouds::defined(name, file)? else {
        let region = BootstrapRegion { name: region.to_owned(), ..BootstrapRegion::default() };
        return Ok(BootstrapCloud { name: name.to_owned(), region, ..BootstrapCloud::default() });
    };
    let found = if region.is_empty() {
        cloud.regions.first().cloned()
    } else {
        let known = cloud.regions.iter().find(|known| known.name == region).cloned();
        Some(known.ok_or_else(|| Failure::failed(format!("cloud {name:?} has no region {region:?}")))?)
    };
    let region = found.map(|it| BootstrapRegion {
        name: it.name,
        endpoint: it.endpoint,
        identity_endpoint: it.identity_endpoint,
        storage_endpoint: it.storage_endpoint,
    });
    Ok(BootstrapCloud {
        name: name.to_owned(),
        r#type: cloud.r#type,
        auth_types: cloud.auth_types,
        ca_certificates: cloud.ca_certificates,
        config: cloud.config,
        endpoint: cloud.endpoint,
        host_cloud_region: cloud.host_cloud_region,
        region: region.unwrap_or_default(),
    })
}

/// The credential for a cloud, from that file or from the client store.
pub(super) fn credential_of(cloud: &str, name: Option<&str>, file: Option<&Path>) -> Result<CloudCredential> {
    let (all, from) = match file {
        Some(file) => (yaml(file)?, file.display().to_string()),
        None => match Settings::from_env().juju_data {
            Some(dir) => (ClientStore::new(dir).credentials()?, "the Juju client store".to_owned()),
            None => (Value::Null, "the Juju client store".to_owned()),
        },
    };
    let none = || {
        Failure::failed(format!("no credential for cloud {cloud:?} in {from}"))
            .with_hint("\"juju add-credential --client\" adds one; --credential-file FILE reads another file")
    };
    let of = all.get("credentials").and_then(|all| all.get(cloud)).and_then(Value::as_mapping).ok_or_else(none)?;
    let default = of.get("default-credential").and_then(Value::as_str);
    let named: Vec<(&str, &Value)> =
        of.iter().filter_map(|(name, it)| Some((name.as_str()?, it))).filter(|(_, it)| it.is_mapping()).collect();
    let found = match (name.or(default), named.as_slice()) {
        (Some(wanted), _) => named.iter().find(|(name, _)| *name == wanted),
        (None, [only]) => Some(only),
        (None, []) => None,
        (None, several) => {
            let names: Vec<&str> = several.iter().map(|(name, _)| *name).collect();
            let text = format!("several credentials for cloud {cloud:?}: {}", names.join(", "));
            return Err(Failure::usage(text).with_hint("name one with --credential"));
        }
    };
    let (_, found) = found.ok_or_else(none)?;
    let mut credential = CloudCredential::default();
    for (key, value) in found.as_mapping().into_iter().flatten() {
        let (Some(key), Some(text)) = (key.as_str(), text_of(value)) else { continue };
        match key {
            "auth-type" => credential.auth_type = text,
            _ => {
                credential.attrs.insert(key.to_owned(), text);
            }
        }
    }
    Ok(credential)
}

/// What `--config` and its like say: settings, and files of settings; of those that say the same the last one wins.
pub(super) fn settings(given: &[String]) -> Result<Texts> {
    let mut settings = Texts::new();
    for item in given {
        if let Some((key, value)) = item.split_once('=') {
            settings.insert(key.to_owned(), value.to_owned());
            continue;
        }
        let read = yaml(Path::new(item))?;
        for (key, value) in read.as_mapping().into_iter().flatten() {
            let (Some(key), Some(text)) = (key.as_str(), text_of(value)) else {
                return Err(Failure::failed(format!("{item} holds something else than settings")));
            };
            settings.insert(key.to_owned(), text);
        }
    }
    Ok(settings)
}

/// `KEY=VALUE`, also several in one with spaces between them.
pub(super) fn words(given: &[String]) -> Result<BTreeMap<String, String>> {
    let pair = |word: &str| match word.split_once('=') {
        Some((key, value)) => Ok((key.to_owned(), value.to_owned())),
        None => Err(Failure::usage(format!("{word:?} is not KEY=VALUE"))),
    };
    given.iter().flat_map(|it| it.split_whitespace()).map(pair).collect()
}

fn yaml(file: &Path) -> Result<Value> {
    let text = input::read(file, LONGEST, "to be read")?;
    serde_norway::from_str(&text).map_err(|e| {
        Failure::failed(format!("cannot read {} as YAML: {}", file.display(), without_value(&e.to_string())))
    })
}

fn text_of(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Bool(it) => Some(it.to_string()),
        Value::Number(it) => Some(it.to_string()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_credential_is_taken_or_the_only_one() {
        let dir = tempfile::tempdir().expect("a folder");
        let file = dir.path().join("credentials.yaml");
        let text = "credentials:\n  aws:\n    default-credential: b\n    default-region: r\n    a: {auth-type: x, k: 1}\n    \
                    b: {auth-type: y, secret: s}\n  metal:\n    m: {auth-type: oauth1, maas-oauth: o}\n  two:\n    \
                    a: {auth-type: x}\n    b: {auth-type: x}\n";
        std::fs::write(&file, text).expect("writes");
        let of = |cloud: &str, name: Option<&str>| credential_of(cloud, name, Some(&file));
        assert_eq!(of("aws", None).expect("b").auth_type, "y");
        assert_eq!(of("aws", Some("a")).expect("a").attrs["k"], "1");
        assert_eq!(of("metal", None).expect("m").attrs["maas-oauth"], "o");
        assert!(of("two", None).expect_err("which").to_string().contains("a, b"));
        assert!(of("none", None).is_err() && of("aws", Some("c")).is_err());
    }

    #[test]
    fn settings_are_pairs() {
        assert_eq!(words(&["mem=4G cores=2".to_owned()]).expect("pairs").len(), 2);
        assert!(words(&["mem".to_owned()]).is_err());
        assert_eq!(settings(&["a=b=c".to_owned()]).expect("one")["a"], "b=c");
    }
}
