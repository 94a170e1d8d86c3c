//! Queries over many models: the status of every model that the caller may read, asked of their controllers side by side,
//! and what a program of the caller's makes of each. A model that cannot be asked costs itself only.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jimm_proto::params::jimm_query::{CrossModelQueryRequest, CrossModelQueryResponse, ModelAnswer};
use jimm_store::controllers;
use jimm_store::models::{self, Model};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio::task::JoinSet;
use tokio::time::Instant;
use uuid::Uuid;

use super::query_run::Run;
use crate::broker::{Broker, Requester};
use crate::error::{Error, Kind, Result};
use crate::query::Refused;

/// Queries that run at a time, per replica.
const AT_A_TIME: usize = 4;
/// Queries of one user that run at a time, per replica.
const OF_A_USER: usize = 2;
/// How long a query waits for its turn.
const TURN: Duration = Duration::from_secs(10);
/// Answers that wait for somebody to take them.
const WAITING: usize = 64;
/// A query whose answers nobody takes for this long is over.
const ABANDONED: Duration = Duration::from_secs(60);
/// The longest answer in one piece, in bytes.
const LONGEST: usize = 32 << 20;

/// Who queries at the moment.
#[derive(Debug)]
pub struct QueryDesk {
    places: Arc<Semaphore>,
    of_users: Arc<Mutex<BTreeMap<String, usize>>>,
}

impl Default for QueryDesk {
    fn default() -> Self {
        Self { places: Arc::new(Semaphore::new(AT_A_TIME)), of_users: Arc::default() }
    }
}

/// A place at the desk, until it is dropped.
struct Place {
    of_users: Arc<Mutex<BTreeMap<String, usize>>>,
    user: String,
    place: Option<OwnedSemaphorePermit>,
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut of_users = self.of_users.lock().unwrap_or_else(PoisonError::into_inner);
        let left = of_users.remove(&self.user).unwrap_or_default().saturating_sub(1);
        if left > 0 {
            of_users.insert(std::mem::take(&mut self.user), left);
        }
    }
}

impl QueryDesk {
    async fn place(&self, user: &str) -> Result<Place> {
        {
            let mut of_users = self.of_users.lock().unwrap_or_else(PoisonError::into_inner);
            let mine = of_users.entry(user.to_owned()).or_default();
            if *mine >= OF_A_USER {
                let text = format!("{OF_A_USER} of your queries run already: wait until one has ended");
                return Err(Error::new(Kind::QuotaLimitExceeded, text));
            }
            *mine += 1;
        }
        let mut place = Place { of_users: Arc::clone(&self.of_users), user: user.to_owned(), place: None };
        let waiting = tokio::time::timeout(TURN, Arc::clone(&self.places).acquire_owned());
        let Ok(Ok(permit)) = waiting.await else {
            let text = format!("{AT_A_TIME} queries of others run already: try again");
            return Err(Error::new(Kind::QuotaLimitExceeded, text));
        };
        place.place = Some(permit);
        Ok(place)
    }
}

/// A query that runs; it ends with this value.
#[derive(Debug)]
pub struct ModelQuery {
    answers: mpsc::Receiver<ModelAnswer>,
    models: Vec<Uuid>,
}

impl ModelQuery {
    /// How many models are asked.
    pub fn models(&self) -> usize {
        self.models.len()
    }

    /// What a model answered, as it comes; nothing when all have.
    pub async fn next(&mut self) -> Option<ModelAnswer> {
        self.answers.recv().await
    }

    /// What a model answered, if something has come.
    pub fn try_next(&mut self) -> Option<ModelAnswer> {
        self.answers.try_recv().ok()
    }
}

impl Broker {
    /// Asks every model that the caller may read, and answers all of it in one piece.
    pub async fn cross_model_query(
        self: &Arc<Self>,
        who: &Requester,
        request: &CrossModelQueryRequest,
    ) -> Result<CrossModelQueryResponse> {
        let mut query = self.start_query(who, request).await?;
        let mut left: BTreeSet<String> = query.models.iter().map(Uuid::to_string).collect();
        let mut answer = CrossModelQueryResponse::default();
        let mut length = 0;
        while let Some(model) = query.next().await {
            length += model.length();
            if length > LONGEST {
                break;
            }
            left.remove(&model.model_uuid);
            if !model.errors.is_empty() {
                answer.errors.insert(model.model_uuid.clone(), model.errors);
            }
            if !model.results.is_empty() {
                answer.results.insert(model.model_uuid, model.results);
            }
        }
        let why = if length > LONGEST {
            format!(
                "not answered: all answers are longer than {LONGEST} bytes: ask less of each model, or with --stream"
            )
        } else {
            "not answered: the broker stops; ask again".to_owned()
        };
        answer.errors.extend(left.into_iter().map(|uuid| (uuid, vec![why.clone()])));
        Ok(answer)
    }

    /// Begins to ask every model that the caller may read.
    pub async fn start_query(
        self: &Arc<Self>,
        who: &Requester,
        request: &CrossModelQueryRequest,
    ) -> Result<ModelQuery> {
        match request.r#type.as_str() {
            "jq" => {}
            "jimmsql" => return Err(Error::new(Kind::NotImplemented, "not implemented")),
            _ => return Err(Error::bad_request("unable to query models: invalid query type")),
        }
        if request.query.trim().is_empty() {
            return Err(Error::bad_request("no query specified"));
        }
        let place = self.queries.place(who.name.as_str()).await?;
        let limits = &self.settings.limits;
        let longest = limits.request_timeout + self.settings.controllers.call_timeout;
        let deadline = Instant::now() + self.settings.queries.timeout.min(longest);
        let (uuids, hosts) = tokio::join!(self.visible_models(who), self.host_names());
        let mut rows = models::get_many(&mut *self.store.acquire().await?, &uuids?).await?;
        rows.retain(|row| row.mode != models::MODE_CREATING);
        let run = Run::start(Arc::clone(self), &request.query, hosts?).await.map_err(|refused| match refused {
            Refused::Program(why) => Error::bad_request(format!("failed to parse jq query: {why}")),
            Refused::Start(e) => Error::internal(e),
        })?;
        let (tell, answers) = mpsc::channel(WAITING);
        let query = ModelQuery { answers, models: rows.iter().map(|row| row.uuid).collect() };
        let shutdown = self.shutdown.clone();
        self.tasks.spawn(async move {
            tokio::select! {
                () = tell.closed() => {}
                () = shutdown.cancelled() => {}
                () = drive(Arc::new(run), rows, deadline, &tell) => {}
            }
            drop(place);
        });
        Ok(query)
    }

    async fn host_names(&self) -> Result<BTreeMap<Uuid, String>> {
        let hosts = controllers::list(&mut *self.store.acquire().await?).await?;
        Ok(hosts.into_iter().map(|host| (host.uuid, host.name)).collect())
    }
}

/// Asks all models, and tells what each answers, in the order in which they do. At the deadline the others are told to
/// have not.
async fn drive(run: Arc<Run>, rows: Vec<Model>, deadline: Instant, tell: &mpsc::Sender<ModelAnswer>) {
    let timeout = run.timeout();
    let name = |row: &Model| format!("{}/{}", row.owner, row.name);
    let mut left: BTreeMap<String, String> = rows.iter().map(|row| (row.uuid.to_string(), name(row))).collect();
    let mut asked = JoinSet::new();
    for row in rows {
        asked.spawn(Arc::clone(&run).ask(row));
    }
    let all = async {
        while let Some(done) = asked.join_next().await {
            // What panicked stays without an answer.
            let Ok((answer, _turn)) = done else { continue };
            let model = answer.model_uuid.clone();
            if !send(tell, answer).await {
                return;
            }
            left.remove(&model);
        }
    };
    let in_time = tokio::time::timeout_at(deadline, all).await.is_ok();
    asked.abort_all();
    let why = if in_time {
        "the broker failed to ask this model: its log says why".to_owned()
    } else {
        format!("no answer within {timeout:?} (JIMM_CROSS_MODEL_QUERY_TIMEOUT)")
    };
    for (model_uuid, model) in left {
        let answer = ModelAnswer { model_uuid, model, results: Vec::new(), errors: vec![why.clone()] };
        if !send(tell, answer).await {
            return;
        }
    }
}

/// Tells an answer, unless nobody listens any more.
async fn send(tell: &mpsc::Sender<ModelAnswer>, answer: ModelAnswer) -> bool {
    matches!(tokio::time::timeout(ABANDONED, tell.send(answer)).await, Ok(Ok(())))
}
