//! The handle of a simulated controller: how it is set up, looked into, and stopped.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::str::FromStr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::{Context, Result};
use chrono::Utc;
use jimm_proto::time::GoTime;
use serde_json::{Map, json};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use uuid::Uuid;

use super::auth::KeySet;
use super::failures::Failures;
use super::world::{Application, Model, World};
use super::{migration, server};
use crate::pki::Ca;

/// Which generation of Juju a controller behaves like.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Shape {
    /// 3.6: migrates models out and tells how it goes.
    V36,
    /// 4.0: takes models, cannot give any away.
    V40,
    /// 4.1: migrates models out and tells nothing.
    V41,
}

impl FromStr for Shape {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> Result<Self> {
        match text {
            "3.6" | "3" => Ok(Self::V36),
            "4.0" => Ok(Self::V40),
            "4.1" | "4" | "4.x" => Ok(Self::V41),
            other => anyhow::bail!("no shape {other:?}; there are 3.6, 4.0 and 4.1"),
        }
    }
}

impl Shape {
    /// Whether it belongs to the generation that speaks of qualifiers.
    pub fn is_4(self) -> bool {
        self != Self::V36
    }

    fn version(self) -> &'static str {
        match self {
            Self::V36 => "3.6.11",
            Self::V40 => "4.0.8",
            Self::V41 => "4.1.0",
        }
    }
}

/// How a controller is set up.
#[derive(Clone, Debug)]
pub struct Options {
    /// Its name, for people.
    pub name: String,
    /// Which Juju it behaves like.
    pub shape: Shape,
    /// Its UUID; a new one when there is none, here or in its memory.
    pub uuid: Option<Uuid>,
    /// Where it listens; port 0 takes a free one.
    pub listen: SocketAddr,
    /// Its superuser.
    pub user: String,
    /// The superuser's password.
    pub password: String,
    /// The key set that signs tokens for it; must end in `/.well-known/jwks.json`.
    pub login_token_refresh_url: Option<String>,
    /// The CA of the server that publishes the key set, PEM.
    pub jwks_ca: Option<String>,
    /// How soon the key set may be fetched again. Real controllers: 15 minutes.
    pub jwks_refresh: Duration,
    /// The cloud that it runs on and manages.
    pub cloud: String,
    /// That cloud's region.
    pub region: String,
    /// What it runs; the shape's usual when there is none.
    pub agent_version: Option<String>,
    /// How long each phase of a migration takes.
    pub phase_pace: Duration,
    /// How long a migration waits for agents. Real controllers: 15 minutes.
    pub agent_wait: Duration,
    /// Where it keeps its CA and its memory; nowhere when there is none.
    pub dir: Option<PathBuf>,
    /// What changes is lost with the process: writing thousands of models down at each change is no controller's work.
    pub forgetful: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            name: "sim".into(),
            shape: Shape::V36,
            uuid: None,
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            user: "admin".into(),
            password: "sim-password".into(),
            login_token_refresh_url: None,
            jwks_ca: None,
            jwks_refresh: Duration::from_secs(15 * 60),
            cloud: "demo".into(),
            region: "here".into(),
            agent_version: None,
            phase_pace: Duration::from_millis(20),
            agent_wait: Duration::from_secs(10),
            dir: None,
            forgetful: false,
        }
    }
}

/// What all connections of a controller share.
pub(super) struct Shared {
    pub(super) options: Options,
    pub(super) uuid: Uuid,
    pub(super) address: SocketAddr,
    pub(super) ca_pem: String,
    pub(super) version: String,
    pub(super) keys: KeySet,
    pub(super) failures: Failures,
    /// When it began: since when everything is as it is.
    pub(super) began: GoTime,
    pub(super) tasks: TaskTracker,
    pub(super) stop: CancellationToken,
    world: Mutex<World>,
    changes: watch::Sender<()>,
    calls: Mutex<Vec<String>>,
}

impl Shared {
    pub(super) fn shape(&self) -> Shape {
        self.options.shape
    }

    pub(super) fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes the memory, and keeps it when told so.
    pub(super) fn change<T>(&self, change: impl FnOnce(&mut World) -> T) -> T {
        let mut world = self.world();
        let changed = change(&mut world);
        if let Some(dir) = &self.options.dir
            && !self.options.forgetful
            && let Err(error) = world.save(&dir.join("state.json"))
        {
            tracing::error!(%error, "memory could not be kept");
        }
        drop(world);
        self.changes.send_replace(());
        changed
    }

    /// Tells when the memory changes.
    pub(super) fn changes(&self) -> watch::Receiver<()> {
        self.changes.subscribe()
    }

    pub(super) fn record(&self, call: String) {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner).push(call);
    }

    /// The tag; a lying controller tells another.
    pub(super) fn tag(&self) -> String {
        let uuid = if self.failures.is_on("lie-about-uuid") { Uuid::nil() } else { self.uuid };
        format!("controller-{uuid}")
    }

    #[expect(clippy::unused_self, reason = "one clock for a controller")]
    pub(super) fn now(&self) -> GoTime {
        clock()
    }
}

#[expect(clippy::disallowed_methods, reason = "a simulated controller has a clock of its own")]
fn clock() -> GoTime {
    GoTime(Utc::now())
}

/// A running simulated controller; it ends with this value.
pub struct Controller {
    shared: Arc<Shared>,
}

impl Controller {
    /// Starts a controller; when it returns, the socket is open.
    pub async fn start(options: Options) -> Result<Self> {
        let (ca_pem, cert, key) = certificates(&options)?;
        let remembered = match &options.dir {
            Some(dir) => World::load(dir).context("cannot read the controller's memory")?,
            None => None,
        };
        let mut world = remembered.unwrap_or_default();
        let uuid = match (options.uuid, world.uuid.is_nil()) {
            (Some(uuid), _) => uuid,
            (None, true) => Uuid::new_v4(),
            (None, false) => world.uuid,
        };
        let listener =
            TcpListener::bind(options.listen).await.with_context(|| format!("cannot listen on {}", options.listen))?;
        let version = options.agent_version.clone().unwrap_or_else(|| options.shape.version().to_owned());
        furnish(&mut world, uuid, &options, &version);
        let keys = KeySet::new(options.login_token_refresh_url.clone(), options.jwks_ca.clone(), options.jwks_refresh)?;
        let shared = Arc::new(Shared {
            uuid,
            address: listener.local_addr()?,
            ca_pem,
            version,
            keys,
            failures: Failures::default(),
            began: clock(),
            tasks: TaskTracker::new(),
            stop: CancellationToken::new(),
            world: Mutex::new(world),
            changes: watch::Sender::default(),
            calls: Mutex::default(),
            options,
        });
        shared.change(|_| ());
        server::serve(&shared, listener, &cert, &key)?;
        migration::resume(&shared);
        Ok(Self { shared })
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.shared.options.name
    }

    /// Its UUID.
    pub fn uuid(&self) -> Uuid {
        self.shared.uuid
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.shared.address
    }

    /// The CA to trust.
    pub fn ca_pem(&self) -> &str {
        &self.shared.ca_pem
    }

    /// The switches.
    pub fn failures(&self) -> &Failures {
        &self.shared.failures
    }

    /// What it remembers now.
    pub fn world(&self) -> World {
        self.shared.world().clone()
    }

    /// The calls it got so far, `Facade.Method` each.
    pub fn calls(&self) -> Vec<String> {
        self.shared.calls.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Adds a model with applications of one unit each, as if somebody had made it long ago.
    pub fn add_model(&self, name: &str, owner: &str, applications: &[&str]) -> Uuid {
        let shared = &self.shared;
        let uuid = Uuid::new_v4();
        let mut model = new_model(shared, uuid, name, owner);
        for application in applications {
            let app =
                Application { charm_url: format!("local:{application}-0"), units: vec![0], ..Application::default() };
            model.applications.insert((*application).to_owned(), app);
        }
        shared.change(|world| world.models.insert(uuid, model));
        uuid
    }

    /// Puts a model there, as if it had never been away.
    pub fn put_model(&self, model: Model) {
        self.shared.change(|world| {
            world.gone.remove(&model.uuid);
            world.models.insert(model.uuid, model)
        });
    }

    /// Changes a model, as if somebody had done so long ago.
    pub fn change_model(&self, uuid: Uuid, change: impl FnOnce(&mut Model)) {
        self.shared.change(|world| world.models.get_mut(&uuid).map(change));
    }

    /// Keeps a credential that its models use.
    pub fn keep_credential(&self, tag: &str, auth_type: &str, attributes: &[(&str, &str)]) {
        let attrs: Map<String, serde_json::Value> =
            attributes.iter().map(|(name, value)| ((*name).to_owned(), json!(value))).collect();
        let credential = json!({"auth-type": auth_type, "attrs": attrs});
        self.shared.change(|world| world.credentials.insert(tag.to_owned(), credential));
    }

    /// Stops it and waits until every task has ended.
    pub async fn stop(&self) {
        self.shared.stop.cancel();
        self.shared.tasks.close();
        self.shared.tasks.wait().await;
    }
}

impl Drop for Controller {
    fn drop(&mut self) {
        self.shared.stop.cancel();
    }
}

/// A new model with what every model has.
pub(super) fn new_model(shared: &Shared, uuid: Uuid, name: &str, owner: &str) -> Model {
    let options = &shared.options;
    let config = json!({"name": name, "uuid": uuid, "type": "lxd", "agent-version": shared.version, "default-base": "ubuntu@24.04/stable"});
    Model {
        uuid,
        name: name.to_owned(),
        owner: owner.to_owned(),
        kind: "iaas".to_owned(),
        cloud: options.cloud.clone(),
        region: options.region.clone(),
        credential: format!("cloudcred-{}_{owner}_default", options.cloud),
        life: "alive".to_owned(),
        agent_version: shared.version.clone(),
        config: config.as_object().cloned().unwrap_or_default(),
        users: [(owner.to_owned(), "admin".to_owned())].into(),
        ..Model::default()
    }
}

/// The controller's own model, its cloud, its superuser.
fn furnish(world: &mut World, uuid: Uuid, options: &Options, version: &str) {
    world.uuid = uuid;
    world.clouds.entry(options.cloud.clone()).or_insert_with(|| {
        json!({"type": "lxd", "auth-types": ["certificate", "userpass"], "endpoint": "https://127.0.0.1:8443",
               "regions": [{"name": options.region, "endpoint": "https://127.0.0.1:8443"}]})
    });
    if !world.models.values().any(|m| m.is_controller) {
        let own = Uuid::new_v4();
        let config = json!({"name": "controller", "uuid": own, "type": "lxd", "agent-version": version});
        let model = Model {
            uuid: own,
            name: "controller".to_owned(),
            owner: options.user.clone(),
            is_controller: true,
            kind: if options.shape == Shape::V36 { "iaas".to_owned() } else { String::new() },
            cloud: options.cloud.clone(),
            region: options.region.clone(),
            credential: format!("cloudcred-{}_{}_default", options.cloud, options.user),
            life: "alive".to_owned(),
            agent_version: version.to_owned(),
            config: config.as_object().cloned().unwrap_or_else(Map::new),
            users: [(options.user.clone(), "admin".to_owned())].into(),
            ..Model::default()
        };
        world.models.insert(own, model);
    }
}

/// CA, certificate and key; the same ones again after a restart.
fn certificates(options: &Options) -> Result<(String, String, String)> {
    let Some(dir) = &options.dir else {
        let ca = Ca::new(&format!("{} CA", options.name))?;
        let (cert, key) = ca.issue()?;
        return Ok((ca.pem(), cert, key));
    };
    if !dir.join("server.key").exists() {
        Ca::new(&format!("{} CA", options.name))?.write(dir)?;
    }
    let read = |file: &str| std::fs::read_to_string(dir.join(file)).with_context(|| format!("cannot read {file}"));
    Ok((read("ca.pem")?, read("server.pem")?, read("server.key")?))
}
