//! Rights mirrored to OpenFGA: Postgres says what is true, OpenFGA decides, and never by less than all changes that were
//! made before it was asked.
//!
//! A change of a tuple is written to the outbox in its own transaction. Whoever asks for a decision looks first whether
//! anything is left to be told, and has it told; when that cannot be done, nobody may do anything. So a right that was
//! taken away is gone at once, and one that was given is there at once, on every replica.

mod compare;
mod deliver;
mod set_up;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use arc_swap::ArcSwapOption;
use async_trait::async_trait;
use jimm_authz::{
    Authorizer, Decision, Error, Object, ObjectKind, Observer, OpenFga, OpenFgaSettings, Relation, Standing, Subject,
    Subjects, User,
};
use jimm_store::{Store, mirror};
use tokio::sync::{Mutex, Notify};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

pub use compare::Drift;

type Result<T, E = Error> = std::result::Result<T, E>;

/// How long a decision waits until everything is told.
const PATIENCE: Duration = Duration::from_secs(2);
/// How often to look whether another replica has told it.
const LOOK: Duration = Duration::from_millis(10);
/// How often somebody looks after the mirror whom nobody asked.
const TEND: Duration = Duration::from_secs(1);

/// One replica's way to OpenFGA.
pub struct Mirror {
    store: Store,
    settings: OpenFgaSettings,
    observer: Observer,
    /// Nothing until the server has been reached and told everything.
    server: ArcSwapOption<OpenFga>,
    /// Who of this replica delivers.
    turn: Mutex<()>,
    /// Wakes who delivers.
    wake: Notify,
    /// Wakes who waits until something is delivered.
    delivered: Notify,
    /// Who of this replica sets up.
    setting_up: Mutex<()>,
    /// Tells the turns of this replica from each other.
    turns: AtomicU64,
    /// Whether the server was asked lately whether it is there.
    checked: AtomicBool,
    shutdown: CancellationToken,
}

impl std::fmt::Debug for Mirror {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Mirror").field("server", &self.server.load()).finish_non_exhaustive()
    }
}

impl Mirror {
    /// A mirror that has not been set up.
    pub fn new(store: Store, settings: OpenFgaSettings, observer: Observer, shutdown: CancellationToken) -> Self {
        Self {
            store,
            settings,
            observer,
            server: ArcSwapOption::empty(),
            turn: Mutex::default(),
            wake: Notify::new(),
            delivered: Notify::new(),
            setting_up: Mutex::default(),
            turns: AtomicU64::default(),
            checked: AtomicBool::default(),
            shutdown,
        }
    }

    /// The server, when it has been set up.
    pub fn server(&self) -> Result<Arc<OpenFga>> {
        self.server.load_full().ok_or_else(|| Error::OpenFgaBehind("it has not been reached since the start".into()))
    }

    /// Whether decisions can be made now, and why not.
    pub async fn ready(&self) -> Result<()> {
        self.up_to_date().await?.ping().await
    }

    /// How many changes have to be told, and how long the oldest has waited.
    pub async fn backlog(&self) -> Result<(i64, Duration)> {
        let mut conn = self.store.acquire().await.map_err(Error::read)?;
        mirror::backlog(&mut conn).await.map_err(Error::read)
    }

    /// The server, once it has been told every change that was made before this was called.
    async fn up_to_date(&self) -> Result<Arc<OpenFga>> {
        let server = self.server()?;
        let standing = mirror::standing(&mut *self.store.acquire().await.map_err(Error::read)?).await;
        let standing = standing.map_err(Error::read)?;
        if standing.store_id.as_deref() != Some(server.store()) {
            return Err(Error::OpenFgaBehind("rights are not mirrored to its store now".into()));
        }
        if let Some(newest) = standing.newest {
            self.wait_until_told(newest, PATIENCE).await?;
        }
        Ok(server)
    }

    /// Returns when every change up to this one has been told; has it told.
    async fn wait_until_told(&self, newest: i64, patience: Duration) -> Result<()> {
        let deadline = Instant::now() + patience;
        loop {
            let delivered = self.delivered.notified();
            {
                let mut conn = self.store.acquire().await.map_err(Error::read)?;
                if mirror::is_told(&mut conn, newest).await.map_err(Error::read)? {
                    return Ok(());
                }
            }
            self.wake.notify_one();
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(Error::OpenFgaBehind(format!("it does not take them within {patience:?}")));
            }
            // Another replica may have delivered it, of which nobody here is told.
            let _ = tokio::time::timeout(LOOK.min(left), delivered).await;
        }
    }

    /// Looks after the mirror until the broker stops: sets it up again when it was lost, and tells what is left. A turn
    /// that has begun is not broken off: others would have to wait for its lease.
    pub async fn tend(self: Arc<Self>) {
        let mut well = true;
        while !self.shutdown.is_cancelled() {
            let looked = self.look_after().await;
            if looked.is_err() {
                self.checked.store(false, Ordering::Relaxed);
            }
            match looked {
                Err(error) if well => {
                    well = false;
                    tracing::warn!(error = %error, cause = %cause(&error), "rights cannot be mirrored to OpenFGA: nobody may do anything until they can");
                }
                Ok(()) if !well => {
                    well = true;
                    tracing::info!("rights are mirrored to OpenFGA again");
                }
                Ok(()) | Err(_) => {}
            }
            let pause = if well { TEND } else { TEND / 4 };
            tokio::select! {
                () = self.shutdown.cancelled() => {}
                () = self.wake.notified() => if !well { tokio::time::sleep(LOOK).await },
                () = tokio::time::sleep(pause) => self.checked.store(false, Ordering::Relaxed),
            }
        }
    }

    async fn look_after(&self) -> Result<()> {
        let Ok(server) = self.server() else { return self.set_up().await };
        let standing = mirror::standing(&mut *self.store.acquire().await.map_err(Error::read)?).await;
        let standing = standing.map_err(Error::read)?;
        if standing.store_id.as_deref() != Some(server.store()) {
            return self.set_up().await;
        }
        if !self.checked.swap(true, Ordering::Relaxed) {
            match server.ping().await {
                // The store may be gone, with all that was in it.
                Err(Error::OpenFgaRefused { .. }) => return self.set_up().await,
                pinged => pinged?,
            }
        }
        match standing.newest {
            Some(newest) => self.deliver_up_to(&server, newest).await,
            None => Ok(()),
        }
    }

    /// A name for one turn of this replica.
    fn turn_name(&self) -> String {
        format!("{}-{}", crate::clock::replica_id(), self.turns.fetch_add(1, Ordering::Relaxed))
    }
}

/// Why, as far as it is known.
fn cause(error: &Error) -> String {
    let mut text = String::new();
    let mut next = std::error::Error::source(error);
    while let Some(error) = next {
        let said = error.to_string();
        if !said.is_empty() && !text.contains(&said) {
            text.push_str(if text.is_empty() { "" } else { ": " });
            text.push_str(&said);
        }
        next = error.source();
    }
    text
}

/// The authorizer that asks OpenFGA, once it knows everything.
#[derive(Debug)]
pub struct Mirrored(pub Arc<Mirror>);

#[async_trait]
impl Authorizer for Mirrored {
    async fn check_many(&self, user: &User, questions: &[(Relation, Object)]) -> Result<Vec<Decision>> {
        self.0.up_to_date().await?.check_many(user, questions).await
    }

    async fn check_subject(&self, subject: &Subject, relation: Relation, object: &Object) -> Result<Decision> {
        self.0.up_to_date().await?.check_subject(subject, relation, object).await
    }

    async fn list_objects_many(
        &self,
        user: &User,
        relations: &[Relation],
        kind: ObjectKind,
    ) -> Result<Vec<Vec<String>>> {
        self.0.up_to_date().await?.list_objects_many(user, relations, kind).await
    }

    async fn list_subjects_many(&self, relations: &[Relation], object: &Object) -> Result<Vec<Subjects>> {
        self.0.up_to_date().await?.list_subjects_many(relations, object).await
    }

    async fn standing(&self, user: &User, relations: &[Relation], object: &Object) -> Result<Standing> {
        self.0.up_to_date().await?.standing(user, relations, object).await
    }
}
