//! What the client reads before it makes or destroys a controller, and what it leaves afterwards. JSON is YAML.

use std::collections::BTreeMap;
use std::io;

use jimm_proto::params::jimm_bootstrap::{BootstrapCloud, BootstrapOptions, Texts};
use serde::Deserialize;
use serde_json::{Value, json};

use super::folder::Folder;

/// The name of the credential in the folder.
const CREDENTIAL: &str = "broker";
/// Settings of the controller and of its model; defaults of models.
const CONFIG: &str = "config.yaml";
const DEFAULTS: &str = "model-default.yaml";
/// The setting that users may not make.
pub(crate) const KEYS_URL: &str = "login-token-refresh-url";

/// Where a controller is made, and with what.
#[derive(Debug)]
pub struct Place<'a> {
    /// The controller's name.
    pub controller: &'a str,
    /// What it is to run; empty for what the client brings.
    pub version: &'a str,
    /// The cloud.
    pub cloud: &'a BootstrapCloud,
    /// How.
    pub options: &'a BootstrapOptions,
    /// Where the broker's keys are.
    pub keys_url: &'a str,
}

/// A controller that was made.
#[derive(Clone, Debug, PartialEq)]
pub struct Made {
    /// Its UUID.
    pub uuid: String,
    /// Its addresses.
    pub addresses: Vec<String>,
    /// The certificate of its CA.
    pub ca_certificate: String,
    /// Its superuser.
    pub username: String,
    /// The superuser's password.
    pub password: String,
}

/// Writes what the client reads; returns its arguments, in which there are no secrets.
pub fn make_files(folder: &Folder, place: &Place<'_>, auth_type: &str, secrets: &Texts) -> io::Result<Vec<String>> {
    let Place { controller, version, cloud, options, keys_url } = *place;
    if !cloud.r#type.is_empty() {
        folder.write("clouds.yaml", &clouds(cloud).to_string())?;
    }
    let mut credential: BTreeMap<&str, &str> =
        secrets.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
    credential.insert("auth-type", auth_type);
    folder.write("credentials.yaml", &json!({"credentials": {&cloud.name: {CREDENTIAL: credential}}}).to_string())?;
    let mut config = options.bootstrap_config.clone();
    config.extend(options.controller_config.clone());
    config.extend(options.controller_model_config.clone());
    config.insert(KEYS_URL.to_owned(), keys_url.to_owned());
    folder.write(CONFIG, &typed(&config).to_string())?;
    let file = |name: &str| folder.path().join(name).display().to_string();
    let mut args = vec!["bootstrap".to_owned(), "--no-switch".to_owned()];
    args.push(format!("--credential={CREDENTIAL}"));
    args.push(format!("--config={}", file(CONFIG)));
    if !options.model_default.is_empty() {
        folder.write(DEFAULTS, &typed(&options.model_default).to_string())?;
        args.push(format!("--model-default={}", file(DEFAULTS)));
    }
    if version.split('.').count() > 2 {
        args.push(format!("--agent-version={version}"));
    }
    if !options.bootstrap_base.is_empty() {
        args.push(format!("--bootstrap-base={}", options.bootstrap_base));
    }
    for (flag, constraints) in
        [("bootstrap-constraints", &options.bootstrap_constraints), ("constraints", &options.model_constraints)]
    {
        if !constraints.is_empty() {
            let words: Vec<String> = constraints.iter().map(|(key, value)| format!("{key}={value}")).collect();
            args.push(format!("--{flag}={}", words.join(" ")));
        }
    }
    if let Some(pool) = &options.storage_pool {
        args.push(format!("--storage-pool=name={}", pool.name));
        args.push(format!("--storage-pool=type={}", pool.r#type));
        args.extend(pool.attributes.iter().map(|(key, value)| format!("--storage-pool={key}={value}")));
    }
    let region = &cloud.region.name;
    args.push(if region.is_empty() { cloud.name.clone() } else { format!("{}/{region}", cloud.name) });
    args.push(controller.to_owned());
    Ok(args)
}

fn clouds(cloud: &BootstrapCloud) -> Value {
    let mut definition = json!({"type": cloud.r#type});
    let members = [
        ("auth-types", json!(cloud.auth_types)),
        ("endpoint", json!(cloud.endpoint)),
        ("host-cloud-region", json!(cloud.host_cloud_region)),
        ("ca-certificates", json!(cloud.ca_certificates)),
        ("config", json!(cloud.config)),
    ];
    for (name, value) in members {
        let is_empty = matches!(&value, Value::String(text) if text.is_empty())
            || matches!(&value, Value::Array(items) if items.is_empty())
            || matches!(&value, Value::Object(items) if items.is_empty());
        if !is_empty {
            definition[name] = value;
        }
    }
    let region = &cloud.region;
    if !region.name.is_empty() {
        let mut ends = serde_json::Map::new();
        for (name, end) in [
            ("endpoint", &region.endpoint),
            ("identity-endpoint", &region.identity_endpoint),
            ("storage-endpoint", &region.storage_endpoint),
        ] {
            if !end.is_empty() {
                ends.insert(name.to_owned(), json!(end));
            }
        }
        definition["regions"] = json!({&region.name: ends});
    }
    json!({"clouds": {&cloud.name: definition}})
}

/// Settings as the client reads them from a file: truth values and numbers are no texts there.
fn typed(settings: &Texts) -> Value {
    let value = |text: &String| match text.as_str() {
        "true" => json!(true),
        "false" => json!(false),
        _ => text.parse::<i64>().ok().filter(|n| n.to_string() == *text).map_or_else(|| json!(text), |n| json!(n)),
    };
    Value::Object(settings.iter().map(|(key, text)| (key.clone(), value(text))).collect())
}

/// Writes what a client has to know to destroy a controller; returns its arguments.
pub fn destroy_files(folder: &Folder, name: &str, made: &Made, storage: Option<&str>) -> io::Result<Vec<String>> {
    let entry = json!({"uuid": made.uuid, "api-endpoints": made.addresses, "ca-cert": made.ca_certificate});
    folder.write("controllers.yaml", &json!({"controllers": {name: entry}, "current-controller": name}).to_string())?;
    let account = json!({"user": made.username, "password": made.password});
    folder.write("accounts.yaml", &json!({"controllers": {name: account}}).to_string())?;
    let mut args = vec!["destroy-controller".to_owned(), "--no-prompt".to_owned()];
    args.extend(storage.map(|what| format!("--{what}-storage")));
    args.push(name.to_owned());
    Ok(args)
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Kept<T> {
    controllers: BTreeMap<String, T>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
struct Controller {
    uuid: String,
    api_endpoints: Vec<String>,
    ca_cert: String,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Account {
    user: String,
    password: String,
}

/// The controller that the client has made in the folder, or what is missing of it.
pub fn made(folder: &Folder, name: &str) -> Result<Made, &'static str> {
    let read = |file: &str| std::fs::read_to_string(folder.path().join(file)).ok();
    let mut controllers: Kept<Controller> =
        read("controllers.yaml").and_then(|text| serde_norway::from_str(&text).ok()).ok_or("controllers.yaml")?;
    let mut accounts: Kept<Account> =
        read("accounts.yaml").and_then(|text| serde_norway::from_str(&text).ok()).ok_or("accounts.yaml")?;
    let controller = controllers.controllers.remove(name).ok_or("the controller in controllers.yaml")?;
    let account = accounts.controllers.remove(name).ok_or("the controller in accounts.yaml")?;
    if controller.uuid.is_empty() || controller.api_endpoints.is_empty() || account.password.is_empty() {
        return Err("the UUID, the addresses or the password");
    }
    Ok(Made {
        uuid: controller.uuid,
        addresses: controller.api_endpoints,
        ca_certificate: controller.ca_cert,
        username: account.user,
        password: account.password,
    })
}
