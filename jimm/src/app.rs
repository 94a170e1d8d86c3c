//! The composition root: the only place that names concrete backends.

use std::net::SocketAddr;
use std::sync::Arc;

use jimm_authz::{Authorizer, BuiltIn, Error as AuthzError, Relation, Subject, Tuple};
use jimm_store::{PoolOptions, Store, identities, mirror, sealed, tuples};
use secrecy::ExposeSecret as _;

use crate::audit::{AuditQueue, AuditWriter, Ledger, Spill};
use crate::authn::{ControllerTokens, Federation, Oidc, SessionTokens, SigningKeys};
use crate::broker::rights::access::StoredTuples;
use crate::broker::rights::remembered::Remembered;
use crate::broker::{
    AccountEvents, Broker, Descriptions, Discharger, Happenings, LastHomes, Looks, ModelEvents, QueryDesk,
    SummaryEvents,
};
use crate::clock::{Clock, SystemClock};
use crate::config::{AuditSettings, Config};
use crate::controllers::Controllers;
use crate::error::{Error, Result};
use crate::jobs;
use crate::lifecycle::Lifecycle;
use crate::mirror::{Mirror, Mirrored};
use crate::secrets::{Places, Sealer, SecretStore, Vault, resolve};
use crate::session::{self, Authn, Services, forget_cut_off};
use crate::telemetry::Metrics;
use crate::tuple_rows::to_row;
use crate::web::{self, Listener};

/// Connections to the internal listener.
const INTERNAL: usize = 256;

/// A running broker.
pub struct App {
    services: Arc<Services>,
    address: SocketAddr,
    internal_address: SocketAddr,
}

impl App {
    /// Starts a broker with these settings: when it returns, the sockets are open.
    pub async fn start(settings: Config) -> Result<Self> {
        Box::pin(Self::start_with(settings, Arc::new(SystemClock), Lifecycle::new())).await
    }

    /// The same with a clock and a lifecycle of the caller's.
    pub async fn start_with(settings: Config, clock: Arc<dyn Clock>, lifecycle: Lifecycle) -> Result<Self> {
        let settings = Arc::new(settings);
        // A taken port should be told before anything is written to the database.
        let public = Listener::bind(settings.listen, settings.tls.as_ref()).map_err(Error::internal)?;
        let internal = Listener::bind(settings.internal_listen, None).map_err(Error::internal)?;
        let store = open_store(&settings).await?;
        let (secrets, vault) = open_secrets(&settings, &store, &clock).await?;
        let keys =
            SigningKeys::open(store.clone(), Arc::clone(&secrets), settings.jwt.clone(), Arc::clone(&clock)).await?;
        let keys = Arc::new(keys);
        let tokens = ControllerTokens::new(keys.ring(), &settings.dns_name, settings.jwt.expiry, Arc::clone(&clock));
        let tokens = Arc::new(tokens);
        let controllers = Controllers::new(
            settings.uuid,
            Arc::clone(&tokens),
            settings.controllers.clone(),
            settings.limits.max_message_size,
            lifecycle.background.clone(),
        )?;
        let metrics = Metrics::new();
        let (authz, mirror) = Box::pin(authorizer(&settings, &store, &metrics, &lifecycle)).await?;
        let ledger = Box::pin(Ledger::open(settings.uuid, &store, &secrets, Arc::clone(&clock))).await?;
        let ledger = Arc::new(ledger);
        let audit = AuditQueue::new(settings.audit.reads, settings.audit.overflow, metrics.clone());
        let writer = audit_writer(&settings.audit, &audit, &metrics, &ledger, &clock)?;
        let (events, account_events, summary_events) = (ModelEvents::new(), AccountEvents::new(), SummaryEvents::new());
        let broker = Arc::new(Broker {
            store: store.clone(),
            authz,
            mirror: mirror.clone(),
            secrets,
            cookies: Sealer::derived("cookies", &settings.session.secret_key),
            ledger,
            tokens,
            controllers,
            model_events: events.clone(),
            summary_events: summary_events.clone(),
            happenings: Happenings::new(),
            last_homes: LastHomes::default(),
            descriptions: Descriptions::new(store.changes()),
            queries: QueryDesk::default(),
            discharger: Discharger::default(),
            looks: Looks::default(),
            account_events: account_events.clone(),
            clock: Arc::clone(&clock),
            settings: Arc::clone(&settings),
            rules: arc_swap::ArcSwapOption::empty(),
            tasks: lifecycle.background.clone(),
            shutdown: lifecycle.cutting.clone(),
        });
        let authn = Authn {
            oidc: Oidc::new(Arc::new(settings.oauth.clone()), Arc::clone(&clock))?,
            federation: Federation::new(&settings.trust, settings.oauth.timeout, Arc::clone(&clock))?,
            session_tokens: SessionTokens::new(&settings.session.secret_key, settings.session.token_expiry, clock),
        };
        grant_admins(&broker).await?;
        let background = &lifecycle.background;
        if let Some(vault) = vault {
            background.spawn(vault.keep(lifecycle.cutting.clone()));
        }
        background.spawn(keys.keep(lifecycle.cutting.clone()));
        background.spawn(writer.run(store.clone(), lifecycle.cutting.clone()));
        if let Some(mirror) = mirror {
            background.spawn(mirror.tend());
        }
        background.spawn(events.run(account_events, summary_events, store, lifecycle.cutting.clone()));
        broker.sweep_juju_folders();
        jobs::run_workers(&broker);
        jobs::run_duties(&broker);
        crate::broker::run_keeper(&broker);
        crate::broker::migration::run_aftercare(&broker);
        crate::broker::run_plans(&broker);
        crate::audit_export::run(&broker, &metrics)?;
        crate::events::run(&broker, &audit, &metrics)?;
        let services = Arc::new(Services { broker, settings, authn, metrics, audit, lifecycle });
        let (forgetting, cutting) = (Arc::clone(&services), services.lifecycle.cutting.clone());
        services.lifecycle.background.spawn(cutting.run_until_cancelled_owned(forget_cut_off(forgetting)));
        let vouched = session::keep_vouched(Arc::clone(&services));
        services.lifecycle.background.spawn(vouched);
        Ok(Self::listen(services, public, internal))
    }

    fn listen(services: Arc<Services>, public: Listener, internal: Listener) -> Self {
        let (address, internal_address) = (public.address(), internal.address());
        let lifecycle = &services.lifecycle;
        let limit = services.settings.limits.max_connections;
        let routes = web::public(Arc::clone(&services));
        lifecycle.background.spawn(public.serve(routes, lifecycle.clone(), lifecycle.draining.clone(), limit));
        let routes = web::internal(Arc::clone(&services));
        // A stop must not wait for those who ask whether we stop.
        let probes = Lifecycle { sessions: lifecycle.background.clone(), ..lifecycle.clone() };
        lifecycle.background.spawn(internal.serve(routes, probes, lifecycle.cutting.clone(), INTERNAL));
        tracing::info!(listen = %address, listen.internal = %internal_address, broker.uuid = %services.settings.uuid, "broker serves");
        Self { services, address, internal_address }
    }

    /// Where clients connect.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where metrics are.
    pub fn internal_address(&self) -> SocketAddr {
        self.internal_address
    }

    /// What connections work with: for tests that look inside.
    pub fn services(&self) -> &Arc<Services> {
        &self.services
    }

    /// The stages of a stop: `drain()` on it begins one.
    pub fn lifecycle(&self) -> &Lifecycle {
        &self.services.lifecycle
    }

    /// Runs until somebody stops the broker, and until it has stopped.
    pub async fn finished(self) {
        self.services.lifecycle.finished(self.services.settings.limits.drain_timeout).await;
        self.services.broker.store.close().await;
        tracing::info!("broker has stopped");
    }
}

fn audit_writer(
    settings: &AuditSettings,
    queue: &AuditQueue,
    metrics: &Metrics,
    ledger: &Arc<Ledger>,
    clock: &Arc<dyn Clock>,
) -> Result<AuditWriter> {
    let spill = settings.spill.as_ref().map(|dir| Spill::open(dir, settings.spill_size)).transpose();
    let spill = spill.map_err(|error| Error::internal(format!("JIMM_AUDIT_SPILL_PATH cannot be used: {error}")))?;
    Ok(AuditWriter::new(queue.clone(), Arc::clone(ledger), Arc::clone(clock), metrics.clone(), spill))
}

async fn open_store(settings: &Config) -> Result<Store> {
    let options = PoolOptions {
        max_connections: settings.database.max_connections,
        acquire_timeout: settings.database.acquire_timeout,
        ..PoolOptions::default()
    };
    let store = Store::connect(settings.database.dsn.expose_secret(), &options).await?;
    store.migrate().await?;
    Ok(store)
}

/// The places where secrets lie.
async fn open_secrets(
    settings: &Config,
    store: &Store,
    clock: &Arc<dyn Clock>,
) -> Result<(Arc<dyn SecretStore>, Option<Arc<Vault>>)> {
    let sealer = resolve(&settings.sealing).await?.map(|keys| Sealer::new(&keys));
    let vault = match &settings.vault {
        Some(vault) => {
            let installation = sealed::installation(&mut *store.acquire().await?).await?;
            Some(Arc::new(Vault::new(vault, installation, Arc::clone(clock))?))
        }
        None => None,
    };
    Ok((Arc::new(Places::new(sealer, vault.clone(), settings.secret_store)), vault))
}

/// Who decides: OpenFGA, told everything, where one is configured; else the broker itself. An OpenFGA that does not answer
/// now is waited for; settings that do not fit it are told at once.
async fn authorizer(
    settings: &Config,
    store: &Store,
    metrics: &Metrics,
    lifecycle: &Lifecycle,
) -> Result<(Arc<dyn Authorizer>, Option<Arc<Mirror>>)> {
    let Some(openfga) = &settings.openfga else {
        if mirror::deactivate(&mut *store.acquire().await?).await? {
            tracing::warn!("rights are no longer mirrored to OpenFGA: the broker decides by itself");
        }
        let tuples = Remembered::new(StoredTuples::new(store.clone()), store.changes().clone());
        return Ok((Arc::new(BuiltIn::new(tuples)), None));
    };
    let mut openfga = openfga.clone();
    if openfga.store.is_empty() {
        openfga.store = format!("jimm-{}", settings.uuid);
    }
    let metrics = metrics.clone();
    let observer = Arc::new(move |call: &'static str, took, well| metrics.openfga(call, took, well));
    let mirror = Arc::new(Mirror::new(store.clone(), openfga, observer, lifecycle.cutting.clone()));
    match mirror.set_up().await {
        Ok(()) => {}
        Err(error @ (AuthzError::OpenFgaDown { .. } | AuthzError::OpenFgaBehind(_))) => {
            tracing::warn!(error = %error, "OpenFGA is waited for: nobody may do anything until it answers on its gRPC port (OPENFGA_PORT)");
        }
        // Its own text would have people try again.
        Err(error @ AuthzError::OpenFgaSettings(_)) => return Err(Error::bad_request(error.to_string())),
        Err(error @ AuthzError::OpenFgaRefused { .. }) => {
            let text =
                format!("{error}: see to OPENFGA_TOKEN, OPENFGA_STORE, and that OPENFGA_PORT is the port for gRPC");
            return Err(Error::bad_request(text).with_source(error));
        }
        Err(error) => return Err(error.into()),
    }
    Ok((Arc::new(Mirrored(Arc::clone(&mirror))), Some(mirror)))
}

/// Makes the administrators of the settings administrators. Whom the settings no longer name keeps what was given.
async fn grant_admins(broker: &Broker) -> Result<()> {
    let mut tx = broker.store.begin().await?;
    for name in &broker.settings.admins {
        identities::ensure(&mut tx, name).await?;
        let tuple = Tuple::new(Subject::user(name), Relation::Administrator, broker.own_object());
        if tuples::insert(&mut tx, &to_row(&tuple)).await? {
            tracing::info!(user = name, "made an administrator");
        }
    }
    tx.commit().await?;
    Ok(())
}
