//! `add-model NAME [CLOUD/REGION]`: a model on the controller that the broker chooses, or on a named one.

use std::collections::BTreeMap;
use std::path::Path;

use jimm_proto::complaint::without_value;
use jimm_proto::params::model_manager::{ModelCreateArgs, ModelInfo};
use serde_json::Value;

use crate::cli::GlobalArgs;
use crate::cli::add_model::AddModelArgs;
use crate::client_store::ClientStore;
use crate::error::{Failure, Result};
use crate::input;
use crate::session::Session;
use crate::settings::Settings;

/// Settings of a model are a few kilobytes long.
const LONGEST: u64 = 1 << 20;

pub(super) async fn run(global: &GlobalArgs, args: &AddModelArgs) -> Result<()> {
    let name = args.name.clone().ok_or_else(|| Failure::usage("model name is required"))?;
    let (cloud, region) = place(args.place.as_deref());
    if args.credential.is_some() && cloud.is_empty() {
        return Err(Failure::usage("a credential is one for a cloud: name the cloud too, CLOUD or CLOUD/REGION"));
    }
    let config = settings(&args.config)?;
    let session = Session::open(global).await?;
    let owner = args.owner.clone().unwrap_or_else(|| session.user());
    let request = ModelCreateArgs {
        name: name.clone(),
        owner_tag: Some(format!("user-{owner}")),
        config,
        cloud_tag: if cloud.is_empty() { String::new() } else { format!("cloud-{cloud}") },
        region: region.to_owned(),
        credential: args.credential.as_ref().map(|it| format!("cloudcred-{cloud}_{owner}_{it}")).unwrap_or_default(),
        qualifier: None,
        target_controller: args.target_controller.clone(),
    };
    let info: ModelInfo = session.call_facade("ModelManager", 9, "CreateModel", &request).await?;
    if !global.quiet {
        let on = info.cloud_tag.strip_prefix("cloud-").unwrap_or(&info.cloud_tag);
        let region = if info.cloud_region.is_empty() { String::new() } else { format!("/{}", info.cloud_region) };
        eprintln!("Added '{name}' model on {on}{region} for user '{owner}'");
    }
    if args.no_switch || global.url.is_some() {
        return Ok(());
    }
    let Some(dir) = Settings::from_env().juju_data else { return Ok(()) };
    let store = ClientStore::new(dir);
    let controller = store.controller(global.controller.as_deref())?.name;
    store.switch_model(&controller, &format!("{owner}/{name}"), &info.uuid, &info.r#type)
}

/// `CLOUD/REGION`, taken apart.
fn place(given: Option<&str>) -> (&str, &str) {
    let given = given.unwrap_or_default();
    given.split_once('/').unwrap_or((given, ""))
}

/// What `--config` says: settings, and files of settings; of those that say the same the last one wins.
fn settings(given: &[String]) -> Result<BTreeMap<String, Value>> {
    let mut settings = BTreeMap::new();
    for item in given {
        if let Some((key, value)) = item.split_once('=') {
            settings.insert(key.to_owned(), Value::String(value.to_owned()));
            continue;
        }
        let text = input::read(Path::new(item), LONGEST, "to be settings of a model")?;
        let read: Option<BTreeMap<String, Value>> = serde_norway::from_str(&text)
            .map_err(|e| Failure::failed(format!("cannot read {item} as YAML: {}", without_value(&e.to_string()))))?;
        settings.extend(read.unwrap_or_default());
    }
    Ok(settings)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_come_from_words_and_files() {
        let dir = tempfile::tempdir().expect("a folder");
        let file = dir.path().join("c.yaml");
        std::fs::write(&file, "a: 1\nb: two\n").expect("writes");
        let found = settings(&[file.display().to_string(), "b=x=y".to_owned()]).expect("good");
        assert_eq!((found["a"].as_i64(), found["b"].as_str()), (Some(1), Some("x=y")));
        assert!(settings(&["/no/such".to_owned()]).is_err());
        assert_eq!(place(Some("aws/eu")), ("aws", "eu"));
        assert_eq!(place(Some("aws")), ("aws", ""));
        assert_eq!(place(None), ("", ""));
    }
}
