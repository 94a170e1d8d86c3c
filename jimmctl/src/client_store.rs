//! The Juju client store: which controllers the client knows, and as whom it logs in.
//!
//! Written back are only session tokens and brokers that somebody logged in to, the rest of the files as it was found: other
//! Juju clients share them.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};

use serde_norway::{Mapping, Value};

use crate::commands::CloudFile;
use crate::error::{Failure, Result};

/// The folder that Juju's clients share.
pub(crate) struct ClientStore {
    dir: PathBuf,
}

/// A controller that the client knows.
#[derive(Clone, Debug, Default)]
pub(crate) struct KnownController {
    pub(crate) name: String,
    pub(crate) uuid: String,
    pub(crate) api_endpoints: Vec<String>,
    pub(crate) ca_cert: String,
    pub(crate) public_hostname: String,
    pub(crate) user: String,
    pub(crate) password: String,
    pub(crate) access_token: String,
}

impl ClientStore {
    pub(crate) fn new(dir: PathBuf) -> Self {
        Self { dir }
    }

    /// The controller of that name, or the current one.
    pub(crate) fn controller(&self, name: Option<&str>) -> Result<KnownController> {
        let controllers = self.read("controllers.yaml")?;
        let name = match name.or_else(|| controllers.get("current-controller").and_then(Value::as_str)) {
            Some(name) if !name.is_empty() => name.to_owned(),
            _ => {
                return Err(Failure::failed("could not determine controller: no current controller").with_hint(
                    "log in with \"jimmctl login HOST:PORT\", choose one with \"juju switch\", or give -c NAME",
                ));
            }
        };
        let Some(entry) = controllers.get("controllers").and_then(|c| c.get(&name)) else {
            return Err(Failure::failed(format!("could not determine controller: controller {name} not found"))
                .with_hint(format!("known ones are in {}; add one with \"jimmctl login\"", self.dir.display())));
        };
        let accounts = self.read("accounts.yaml")?;
        let account = accounts.get("controllers").and_then(|c| c.get(&name));
        Ok(KnownController {
            uuid: text(Some(entry), "uuid"),
            api_endpoints: list(entry, "api-endpoints"),
            ca_cert: text(Some(entry), "ca-cert"),
            public_hostname: text(Some(entry), "public-hostname"),
            user: text(account, "user"),
            password: text(account, "password"),
            access_token: text(account, "access-token"),
            name,
        })
    }

    /// Writes a controller that somebody logged in to, and makes it the current one. A name that means another controller
    /// is left alone.
    pub(crate) fn remember(&self, known: &KnownController) -> Result<()> {
        use std::os::unix::fs::DirBuilderExt as _;
        let failed = |e: std::io::Error| Failure::failed(format!("cannot make {}: {e}", self.dir.display()));
        std::fs::DirBuilder::new().recursive(true).mode(0o700).create(&self.dir).map_err(failed)?;
        let mut controllers = self.read("controllers.yaml")?;
        let entry = child(child(&mut controllers, "controllers"), &known.name);
        let uuid_there = text(Some(entry), "uuid");
        if !uuid_there.is_empty() && uuid_there != known.uuid {
            return Err(Failure::failed(format!("{} is the name of another controller already", known.name))
                .with_hint("choose another name with -c NAME"));
        }
        set(entry, "uuid", &known.uuid);
        *child(entry, "api-endpoints") = known.api_endpoints.iter().map(String::as_str).collect();
        if !known.ca_cert.is_empty() {
            set(entry, "ca-cert", &known.ca_cert);
        }
        *child(entry, "oidc-login") = Value::Bool(true);
        set(&mut controllers, "current-controller", &known.name);
        let text = serde_norway::to_string(&controllers)
            .map_err(|e| Failure::failed(format!("cannot write controllers.yaml: {e}")))?;
        replace_private(&self.dir.join("controllers.yaml"), &text)
    }

    /// Writes a new session token back, as `juju` itself does after a device login.
    pub(crate) fn save_token(&self, controller: &str, user: &str, access: &str, token: &str) -> Result<()> {
        let mut accounts = self.read("accounts.yaml")?;
        if !accounts.is_mapping() {
            accounts = Value::Mapping(Mapping::new());
        }
        let entry = child(child(&mut accounts, "controllers"), controller);
        set(entry, "user", user);
        set(entry, "type", "oauth2-device");
        set(entry, "access-token", token);
        if !access.is_empty() {
            set(entry, "last-known-access", access);
        }
        let text = serde_norway::to_string(&accounts)
            .map_err(|e| Failure::failed(format!("cannot write accounts.yaml: {e}")))?;
        replace_private(&self.dir.join("accounts.yaml"), &text)
    }

    /// The attributes of a credential of the client's own, its `auth-type` among them.
    pub(crate) fn credential(&self, cloud: &str, name: &str) -> Result<BTreeMap<String, String>> {
        let credentials = self.read("credentials.yaml")?;
        let found = credentials.get("credentials").and_then(|all| all.get(cloud)).and_then(|of| of.get(name));
        let Some(found) = found.and_then(Value::as_mapping) else {
            return Err(Failure::failed(format!(
                "credential {name:?} for cloud {cloud:?} not found in the client store"
            ))
            .with_hint("\"juju credentials --client\" lists those that are there"));
        };
        let text = |value: &Value| match value {
            Value::String(text) => Some(text.clone()),
            Value::Bool(flag) => Some(flag.to_string()),
            Value::Number(number) => Some(number.to_string()),
            _ => None,
        };
        Ok(found.iter().filter_map(|(key, value)| Some((key.as_str()?.to_owned(), text(value)?))).collect())
    }

    /// The clouds that the client itself knows.
    pub(crate) fn clouds(&self) -> Result<CloudFile> {
        let path = self.dir.join("clouds.yaml");
        match std::fs::read_to_string(&path) {
            Ok(text) => CloudFile::parse(&text, &path.display().to_string()),
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(CloudFile::default()),
            Err(e) => Err(Failure::failed(format!("cannot read {}: {e}", path.display()))),
        }
    }

    /// The cloud credentials that the client itself keeps.
    pub(crate) fn credentials(&self) -> Result<Value> {
        self.read("credentials.yaml")
    }

    /// Makes a model the current one of its controller.
    pub(crate) fn switch_model(&self, controller: &str, model: &str, uuid: &str, kind: &str) -> Result<()> {
        let mut models = self.read("models.yaml")?;
        let of = child(child(&mut models, "controllers"), controller);
        let entry = child(child(of, "models"), model);
        set(entry, "uuid", uuid);
        set(entry, "type", kind);
        set(entry, "branch", "master");
        set(of, "current-model", model);
        let text =
            serde_norway::to_string(&models).map_err(|e| Failure::failed(format!("cannot write models.yaml: {e}")))?;
        replace_private(&self.dir.join("models.yaml"), &text)
    }

    fn read(&self, file: &str) -> Result<Value> {
        let path = self.dir.join(file);
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(Value::Null),
            Err(e) => return Err(Failure::failed(format!("cannot read {}: {e}", path.display()))),
        };
        serde_norway::from_str(&text).map_err(|e| {
            Failure::failed(format!("cannot read {}: {e}", path.display()))
                .with_hint("mend or remove the file, then log in again with \"jimmctl login\"")
        })
    }
}

/// Replaces a file whole and readable by its owner only; a crash leaves the old one.
pub(crate) fn replace_private(path: &Path, text: &str) -> Result<()> {
    let failed = |e: std::io::Error| Failure::failed(format!("cannot write {}: {e}", path.display()));
    let dir = match path.parent() {
        Some(dir) if !dir.as_os_str().is_empty() => dir,
        _ => Path::new("."),
    };
    // A named temporary file is made with mode 0600.
    let mut file = tempfile::NamedTempFile::new_in(dir).map_err(failed)?;
    file.write_all(text.as_bytes()).map_err(failed)?;
    file.as_file().sync_all().map_err(failed)?;
    file.persist(path).map_err(|e| failed(e.error))?;
    Ok(())
}

fn text(entry: Option<&Value>, key: &str) -> String {
    entry.and_then(|e| e.get(key)).and_then(Value::as_str).unwrap_or_default().to_owned()
}

fn list(entry: &Value, key: &str) -> Vec<String> {
    let items = entry.get(key).and_then(Value::as_sequence).map(Vec::as_slice).unwrap_or_default();
    items.iter().filter_map(Value::as_str).map(str::to_owned).collect()
}

fn child<'a>(parent: &'a mut Value, key: &str) -> &'a mut Value {
    if !parent.is_mapping() {
        *parent = Value::Mapping(Mapping::new());
    }
    &mut parent[key]
}

fn set(parent: &mut Value, key: &str, value: &str) {
    *child(parent, key) = Value::String(value.to_owned());
}

#[cfg(test)]
mod tests {
    use super::*;

    fn store(controllers: &str, accounts: &str) -> (tempfile::TempDir, ClientStore) {
        let dir = tempfile::tempdir().expect("a folder");
        std::fs::write(dir.path().join("controllers.yaml"), controllers).expect("writes");
        std::fs::write(dir.path().join("accounts.yaml"), accounts).expect("writes");
        let store = ClientStore::new(dir.path().to_owned());
        (dir, store)
    }

    #[test]
    fn reads_the_current_controller() {
        let (_dir, store) = store(
            "controllers:\n  jimm:\n    uuid: u1\n    api-endpoints: ['h:1', 'h:2']\n    ca-cert: PEM\n    oidc-login: true\ncurrent-controller: jimm\n",
            "controllers:\n  jimm:\n    user: a@example.com\n    access-token: T\n",
        );
        let known = store.controller(None).expect("found");
        assert_eq!((known.name.as_str(), known.uuid.as_str()), ("jimm", "u1"));
        assert_eq!(known.api_endpoints, ["h:1", "h:2"]);
        assert_eq!((known.user.as_str(), known.access_token.as_str()), ("a@example.com", "T"));
    }

    #[test]
    fn a_token_is_written_back_and_nothing_else_changes() {
        let (dir, store) = store(
            "current-controller: jimm\ncontrollers: {jimm: {uuid: u}}\n",
            "controllers:\n  other:\n    user: admin\n    password: p\n  jimm:\n    user: a@example.com\n    extra: kept\n",
        );
        store.save_token("jimm", "a@example.com", "superuser", "NEW").expect("saves");
        let text = std::fs::read_to_string(dir.path().join("accounts.yaml")).expect("reads");
        for part in
            ["password: p", "extra: kept", "access-token: NEW", "type: oauth2-device", "last-known-access: superuser"]
        {
            assert!(text.contains(part), "{part} in {text}");
        }
    }

    #[test]
    fn a_broker_is_remembered_beside_the_others_and_takes_no_ones_name() {
        let (dir, store) = store("controllers:\n  other: {uuid: o, ca-cert: X}\ncurrent-controller: other\n", "{}");
        let known = KnownController {
            name: "jimm".into(),
            uuid: "u".into(),
            api_endpoints: vec!["h:1".into()],
            ca_cert: "PEM".into(),
            ..KnownController::default()
        };
        store.remember(&known).expect("new");
        store.remember(&known).expect("the same again");
        let found = store.controller(None).expect("current");
        assert_eq!((found.name.as_str(), found.uuid.as_str(), found.ca_cert.as_str()), ("jimm", "u", "PEM"));
        assert_eq!(store.controller(Some("other")).expect("kept").ca_cert, "X");
        let before = std::fs::read_to_string(dir.path().join("controllers.yaml")).expect("reads");
        let error = store.remember(&KnownController { name: "other".into(), ..known }).expect_err("taken");
        assert!(error.to_string().contains("other is the name of another controller"), "{error}");
        assert_eq!(std::fs::read_to_string(dir.path().join("controllers.yaml")).expect("reads"), before);
    }

    #[test]
    fn without_a_store_the_error_says_what_to_do() {
        let dir = tempfile::tempdir().expect("a folder");
        let error = ClientStore::new(dir.path().to_owned()).controller(None).expect_err("nothing there");
        assert!(error.to_string().starts_with("could not determine controller"));
        assert!(error.hint().is_some_and(|h| h.contains("juju switch")));
    }

    #[test]
    fn a_broken_file_is_named() {
        let (_dir, store) = store("controllers: [", "");
        let error = store.controller(None).expect_err("broken");
        assert!(error.to_string().contains("controllers.yaml"), "{error}");
    }
}
