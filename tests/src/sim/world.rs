//! What a controller remembers: models, clouds, credentials, offers. Kept in a file when told so.

use std::collections::BTreeMap;
use std::path::Path;

use jimm_proto::time::GoTime;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use uuid::Uuid;

/// A controller's memory.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub struct World {
    /// The controller's own UUID.
    pub uuid: Uuid,
    /// The models, its own included.
    pub models: BTreeMap<Uuid, Model>,
    /// Cloud definitions by name.
    pub clouds: BTreeMap<String, Value>,
    /// Credentials by tag: auth type and attributes.
    pub credentials: BTreeMap<String, Value>,
    /// Models that went to another controller: what their users are told.
    pub gone: BTreeMap<Uuid, Redirect>,
    /// Charm archives by `name-hash7`; kept in files of their own.
    #[serde(skip)]
    pub charms: BTreeMap<String, bytes::Bytes>,
    /// Local charms: name to the newest revision.
    pub charm_urls: BTreeMap<String, i64>,
    /// Charm URL to the archive's `name-hash7`.
    #[serde(default)]
    pub archives: BTreeMap<String, String>,
    /// Local users besides the superuser: name to password.
    #[serde(default)]
    pub users: BTreeMap<String, String>,
    /// The documents that models came in, as they arrived.
    #[serde(default)]
    pub documents: BTreeMap<Uuid, String>,
    /// The logs that came with models, a record each.
    #[serde(default)]
    pub logs: BTreeMap<Uuid, Vec<String>>,
    /// When each model was asked to leave for another controller, each time.
    #[serde(default)]
    pub started: BTreeMap<Uuid, Vec<GoTime>>,
    /// When each model that came in was activated, each time.
    #[serde(default)]
    pub activated: BTreeMap<Uuid, Vec<GoTime>>,
    /// The root key of offers' macaroons, once one was made.
    #[serde(default)]
    pub bakery_root: String,
    /// Macaroons that were handed out for migrations: identifier to user.
    #[serde(default)]
    pub macaroons: BTreeMap<String, String>,
}

/// A model.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub struct Model {
    /// Its UUID.
    pub uuid: Uuid,
    /// Its name.
    pub name: String,
    /// Its owner, without `user-`.
    pub owner: String,
    /// Whether it is the controller's own.
    pub is_controller: bool,
    /// `iaas` or `caas`.
    pub kind: String,
    /// The cloud's name.
    pub cloud: String,
    /// The region's name.
    pub region: String,
    /// The credential's tag.
    pub credential: String,
    /// `alive`, `dying`.
    pub life: String,
    /// What its agents run.
    pub agent_version: String,
    /// Model config.
    pub config: Map<String, Value>,
    /// Users with rights: name to access.
    pub users: BTreeMap<String, String>,
    /// Applications by name.
    pub applications: BTreeMap<String, Application>,
    /// Offers by name.
    pub offers: BTreeMap<String, Offer>,
    /// Relations: two endpoints each.
    pub relations: Vec<Vec<String>>,
    /// Remote applications by local name, as consumed.
    pub consumed: BTreeMap<String, Value>,
    /// Set while it comes in from another controller.
    pub importing: bool,
    /// The newest migration out of here.
    pub migration: Option<Migration>,
    /// How often it was tried to move it.
    pub attempts: u32,
}

/// An application.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub struct Application {
    /// Its charm's URL.
    pub charm_url: String,
    /// Its config.
    pub config: Map<String, Value>,
    /// Numbers of its units.
    pub units: Vec<u32>,
    /// Whether it is exposed.
    pub exposed: bool,
}

/// An offer.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub struct Offer {
    /// Its UUID.
    pub uuid: Uuid,
    /// What is offered.
    pub application: String,
    /// For people.
    pub description: String,
    /// Local to offered names of endpoints.
    pub endpoints: BTreeMap<String, String>,
    /// Users with rights: name to access.
    pub users: BTreeMap<String, String>,
    /// Relations of other models to it.
    #[serde(default)]
    pub connections: Vec<Connection>,
}

/// A relation of another model to an offer.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub struct Connection {
    /// The consuming model's tag.
    pub model: String,
    /// Who consumes.
    pub user: String,
    /// The offer's endpoint.
    pub endpoint: String,
    /// Its number.
    pub relation: usize,
}

/// A migration out of here.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub struct Migration {
    /// What users are told.
    pub status: String,
    /// Since when.
    pub start: GoTime,
    /// When it ended, well or badly.
    pub end: Option<GoTime>,
    /// The phase it is in.
    pub phase: String,
    /// Where to, for going on after a restart.
    pub target: Value,
}

impl Migration {
    /// Whether it still runs.
    pub fn runs(&self) -> bool {
        self.end.is_none()
    }
}

/// Where a model went.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub struct Redirect {
    /// Addresses of the controller that has it.
    pub addresses: Vec<String>,
    /// Its CA.
    pub ca_cert: String,
    /// Its tag.
    pub controller_tag: String,
    /// Its name.
    pub controller_alias: String,
}

impl World {
    /// Reads the memory back, if there is any.
    pub fn load(dir: &Path) -> anyhow::Result<Option<Self>> {
        let mut world: Self = match std::fs::read(dir.join("state.json")) {
            Ok(bytes) => serde_json::from_slice(&bytes)?,
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(e) => return Err(e.into()),
        };
        for name in world.archives.values() {
            if let Ok(archive) = std::fs::read(dir.join("charms").join(name)) {
                world.charms.insert(name.clone(), archive.into());
            }
        }
        Ok(Some(world))
    }

    /// Keeps a charm's archive, in memory and, when there is a directory, there.
    pub fn keep_charm(&mut self, url: &str, name: &str, archive: bytes::Bytes, dir: Option<&Path>) {
        if let Some(dir) = dir.map(|dir| dir.join("charms")) {
            let kept = std::fs::create_dir_all(&dir).and_then(|()| std::fs::write(dir.join(name), &archive));
            if let Err(error) = kept {
                tracing::error!(%error, "a charm could not be kept");
            }
        }
        self.charms.insert(name.to_owned(), archive);
        self.archives.insert(url.to_owned(), name.to_owned());
        let local = url.strip_prefix("local:").and_then(|rest| rest.rsplit_once('-'));
        if let Some((base, revision)) = local.and_then(|(base, n)| Some((base, n.parse::<i64>().ok()?))) {
            let newest = self.charm_urls.entry(base.to_owned()).or_insert(revision);
            *newest = revision.max(*newest);
        }
    }

    /// Writes the memory, whole or not at all.
    pub fn save(&self, path: &Path) -> anyhow::Result<()> {
        let next = path.with_extension("next");
        std::fs::write(&next, serde_json::to_vec(self)?)?;
        Ok(std::fs::rename(&next, path)?)
    }

    /// The model of that owner and name.
    pub fn model_named(&self, owner: &str, name: &str) -> Option<&Model> {
        self.models.values().find(|m| m.owner == owner && m.name == name)
    }
}
