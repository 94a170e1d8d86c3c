//! One query over many models while it runs: how much of it happens at a time, and the processes that its program runs in.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jimm_proto::params::jimm_query::ModelAnswer;
use jimm_proto::params::status::StatusParams;
use jimm_store::models::Model;
use serde_json::value::RawValue;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use uuid::Uuid;

use super::inventory::CLIENT;
use crate::broker::Broker;
use crate::error::{Error, Kind, Result};
use crate::query::{Apart, Outcome, Refused};

/// Models that a query asks about at a time, on whichever controllers.
const AT_A_TIME: usize = 128;
/// Processes that its program runs in.
const WORKERS: usize = 2;
/// After so many models over which it came to a bad end it is not tried on others.
const BAD_ENDS: usize = 5;

/// A query that runs.
pub(in crate::broker) struct Run {
    broker: Arc<Broker>,
    program: String,
    hosts: BTreeMap<Uuid, String>,
    at_a_time: Arc<Semaphore>,
    of_controllers: Mutex<BTreeMap<Uuid, Arc<Semaphore>>>,
    workers: Semaphore,
    idle: Mutex<Vec<Apart>>,
    bad_ends: AtomicUsize,
}

impl Run {
    /// Compiles the program.
    pub(in crate::broker) async fn start(
        broker: Arc<Broker>,
        program: &str,
        hosts: BTreeMap<Uuid, String>,
    ) -> std::result::Result<Self, Refused> {
        let run = Self {
            broker,
            program: program.to_owned(),
            hosts,
            at_a_time: Arc::new(Semaphore::new(AT_A_TIME)),
            of_controllers: Mutex::default(),
            workers: Semaphore::new(WORKERS),
            idle: Mutex::default(),
            bad_ends: AtomicUsize::new(0),
        };
        let first = run.worker().await?;
        run.put_back(first);
        Ok(run)
    }

    /// How long all of it may take.
    pub(in crate::broker) fn timeout(&self) -> Duration {
        self.broker.settings.queries.timeout
    }

    /// Asks a model when it is its turn. The turn lasts until the answer is taken.
    pub(in crate::broker) async fn ask(self: Arc<Self>, row: Model) -> (ModelAnswer, Option<OwnedSemaphorePermit>) {
        let (model_uuid, model) = (row.uuid.to_string(), format!("{}/{}", row.owner, row.name));
        let of_controller = self.of_controller(row.controller_uuid).acquire_owned().await.ok();
        let turn = Arc::clone(&self.at_a_time).acquire_owned().await.ok();
        // Boxed: most of those that wait for their turn hold nothing yet.
        let status = Box::pin(self.status(&row)).await;
        drop(of_controller);
        let host = self.hosts.get(&row.controller_uuid).map(String::as_str).unwrap_or_default();
        let outcome = match status {
            Ok(status) => Box::pin(self.run(host, status)).await,
            Err(e) => Outcome { error: Some(e.to_string()), ..Outcome::default() },
        };
        let errors = outcome.error.into_iter().collect();
        (ModelAnswer { model_uuid, model, results: outcome.outputs, errors }, turn)
    }

    fn of_controller(&self, controller: Uuid) -> Arc<Semaphore> {
        let mut all = self.of_controllers.lock().unwrap_or_else(PoisonError::into_inner);
        let most = self.broker.settings.queries.per_controller.max(1);
        Arc::clone(all.entry(controller).or_insert_with(|| Arc::new(Semaphore::new(most))))
    }

    async fn status(&self, row: &Model) -> Result<Box<RawValue>> {
        let limit = self.broker.settings.queries.model_timeout;
        let asking = async {
            let slot = self.broker.slot(row.controller_uuid).await?;
            let session = slot.connect_model_as_service(row.uuid).await?;
            let params = StatusParams { patterns: Vec::new(), include_storage: true };
            let status = session.call(CLIENT, "FullStatus", &params, limit).await;
            session.connection().close();
            status
        };
        tokio::time::timeout(limit, asking).await.unwrap_or_else(|_| {
            let host = self.hosts.get(&row.controller_uuid).map(String::as_str).unwrap_or_default();
            let text = format!("controller {host} did not answer within {limit:?}");
            Err(Error::new(Kind::ControllerUnavailable, text))
        })
    }

    /// What the program makes of a status.
    async fn run(&self, host: &str, status: Box<RawValue>) -> Outcome {
        let failed = |text: String| Outcome { error: Some(text), ..Outcome::default() };
        let Ok(_turn) = self.workers.acquire().await else { return Outcome::default() };
        if self.bad_ends.load(Ordering::Relaxed) >= BAD_ENDS {
            return failed(format!("jq error: not tried: the program came to a bad end over {BAD_ENDS} other models"));
        }
        let mut worker = match self.worker().await {
            Ok(worker) => worker,
            Err(Refused::Program(why)) => return failed(format!("jq error: {why}")),
            Err(Refused::Start(e)) => return failed(format!("the broker cannot run the program: {e}")),
        };
        let outcome = worker.run(host, status).await;
        if outcome.is_over {
            self.bad_ends.fetch_add(1, Ordering::Relaxed);
        } else {
            self.put_back(worker);
        }
        outcome
    }

    async fn worker(&self) -> std::result::Result<Apart, Refused> {
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let queries = &self.broker.settings.queries;
        match idle {
            Some(worker) => Ok(worker),
            None => Apart::start(&self.program, queries.program_timeout, queries.timeout).await,
        }
    }

    fn put_back(&self, worker: Apart) {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(worker);
    }
}
