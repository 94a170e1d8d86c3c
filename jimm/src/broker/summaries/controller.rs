//! The summaries of one controller's models, kept fresh: listed again when the controller tells that something changed,
//! when somebody wants it, and now and then. Who calls has charge of the controller.
//!
//! A controller that tells of changes (3.6) is believed *that* something changed; what it is comes from its list, which
//! knows more. How often it is listed depends on how long that takes, so that a busy one is not kept busy by us.

use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use jimm_proto::params::controller::{SummaryWatcherID, SummaryWatcherNextResults};
use jimm_proto::params::model_manager::ModelSummariesRequest;
use jimm_store::{models, summaries};
use serde::Deserialize;
use serde_json::json;
use serde_json::value::RawValue;
use tokio::sync::Notify;
use uuid::Uuid;

use super::known::{Known, Told};
use crate::broker::Broker;
use crate::broker::remote::{CONTROLLER, MODEL_MANAGER};
use crate::controllers::{Facade, Session};
use crate::error::{Error, Kind, Result};

const WATCHER: Facade = ("ModelSummaryWatcher", &[1]);
/// How long a controller may take to list all of its models.
const LIST: Duration = Duration::from_secs(60);
/// How long it may take to start telling.
const START: Duration = Duration::from_secs(20);
/// How long it may have nothing to tell before it is asked anew.
const QUIET: Duration = Duration::from_secs(3600);
/// How often to see whether it lives while nothing comes, and how long it may take for that.
const PING: (Duration, Duration) = (Duration::from_secs(10), Duration::from_secs(5));
/// The time between two lists, at least, and as a multiple of what the first took.
const REST: (Duration, u32) = (Duration::from_millis(200), 10);
/// How long to wait after the first failure, doubled after each; and at most.
const BACK_OFF: (Duration, Duration) = (Duration::from_millis(500), Duration::from_secs(30));
/// What goes into the table in one statement.
const AT_ONCE: usize = 1000;
/// How long a reason may be.
const REASON: usize = 300;

type Next<'a> = BoxFuture<'a, Result<SummaryWatcherNextResults>>;

/// Keeps the summaries of a controller's models until it is dropped.
pub(super) async fn tend(broker: Arc<Broker>, controller: Uuid, wanted: Arc<Notify>) {
    let mut failures = 0_u32;
    loop {
        let Err(error) = broker.follow_summaries(controller, &wanted, &mut failures).await else { continue };
        failures = failures.saturating_add(1);
        // Once is no failure: a connection may have ended, and the next one lives.
        if failures > 1 {
            broker.note_failure(controller, &error).await;
        }
        let longest = BACK_OFF.1.min(broker.settings.controllers.model_poll_interval);
        let pause = BACK_OFF.0.saturating_mul(1 << failures.min(10).saturating_sub(1));
        tokio::time::sleep(pause.min(longest)).await;
    }
}

impl Broker {
    async fn note_failure(&self, controller: Uuid, error: &Error) {
        let why: String = error.message().chars().take(REASON).collect();
        let now = self.clock.now();
        let noted = async { summaries::failed(&mut *self.store.acquire().await?, controller, &why, now).await };
        match noted.await {
            Ok(true) => {
                tracing::warn!(controller.uuid = %controller, %error, "summaries of a controller's models are no longer fresh");
            }
            Ok(false) => {}
            Err(error) => {
                tracing::debug!(controller.uuid = %controller, %error, "age of summaries could not be noted");
            }
        }
    }

    /// Follows one connection to its end.
    async fn follow_summaries(&self, controller: Uuid, wanted: &Notify, failures: &mut u32) -> Result<()> {
        let session = self.slot(controller).await?.service().await?;
        let watcher = start(&session).await?;
        let mut next = watcher.as_deref().map(|id| next(&session, id));
        let mut known = Known::new(self.summary_events.changes());
        let mut wanted_now = false;
        loop {
            let began = Instant::now();
            let took = self.take_over_list(controller, &session, &mut known, Some(watcher.is_some())).await?;
            *failures = 0;
            if wanted_now {
                summaries::tell_seen(&mut *self.store.acquire().await?, controller).await?;
            }
            let interval = self.settings.controllers.model_poll_interval;
            wanted_now = loop {
                let left = interval.saturating_sub(began.elapsed());
                match wait_for_news(&session, wanted, next.as_mut(), left).await? {
                    News::Told(told) => {
                        next = watcher.as_deref().map(|id| self::next(&session, id));
                        self.keep_told(controller, told).await?;
                        break false;
                    }
                    News::Wanted => break true,
                    News::Time => break false,
                    News::Alive => self.still_true(controller, watcher.is_some()).await?,
                }
            };
            let rest = REST.0.max(took.saturating_mul(REST.1)).min(interval);
            tokio::time::sleep(rest.saturating_sub(began.elapsed())).await;
        }
    }

    /// A watched controller that lives and tells nothing new: what is known is still true.
    async fn still_true(&self, controller: Uuid, watched: bool) -> Result<()> {
        if watched {
            let now = self.clock.now();
            summaries::seen(&mut *self.store.acquire().await?, controller, Some(true), None, now).await?;
        }
        Ok(())
    }

    /// Lists the models of a controller and keeps what it tells, whatever was known before.
    pub(in crate::broker) async fn list_models_of(&self, controller: Uuid, session: &Session) -> Result<()> {
        let mut nothing = Known::new(self.summary_events.changes());
        self.take_over_list(controller, session, &mut nothing, None).await.map(drop)
    }

    /// Lists the models of a controller and keeps what is new; returns how long it took to answer. `watched` is whether
    /// it tells of changes by itself, where that was tried.
    async fn take_over_list(
        &self,
        controller: Uuid,
        session: &Session,
        known: &mut Known,
        watched: Option<bool>,
    ) -> Result<Duration> {
        let (began, at) = (Instant::now(), self.clock.now());
        let request = ModelSummariesRequest { user_tag: self.service_user_tag(), all: true };
        let answer: List = session.call(MODEL_MANAGER, "ListModelSummaries", &request, LIST).await?;
        let took = began.elapsed();
        let Told { listed, news } = known.look_through(&answer.results.unwrap_or_default())?;
        let mut conn = self.store.acquire().await?;
        for news in news.chunks(AT_ONCE) {
            models::refresh(&mut conn, controller, news, at).await?;
        }
        summaries::note_unlisted(&mut conn, controller, &listed, at).await?;
        let millis = i64::try_from(took.as_millis()).ok();
        if summaries::seen(&mut conn, controller, watched, millis, at).await? {
            tracing::info!(controller.uuid = %controller, "summaries of a controller's models are fresh again");
        }
        let gone = summaries::gone(&mut conn, controller, &listed).await?;
        drop(conn);
        for uuid in gone {
            self.look_after_missing(uuid).await?;
        }
        Ok(took)
    }

    /// Keeps what a controller told in short.
    async fn keep_told(&self, controller: Uuid, told: SummaryWatcherNextResults) -> Result<()> {
        let brief = |it: jimm_proto::params::controller::ModelAbstract| {
            let uuid = it.uuid.parse().ok().filter(|_| !it.removed)?;
            Some((
                uuid,
                json!({"size": it.size, "status": it.status, "messages": it.messages, "annotations": it.annotations}),
            ))
        };
        let briefs: Vec<_> = told.models.into_iter().filter_map(brief).collect();
        for briefs in briefs.chunks(AT_ONCE) {
            summaries::keep_briefs(&mut *self.store.acquire().await?, controller, briefs).await?;
        }
        Ok(())
    }
}

/// Juju's `ModelSummaryResults`, each as it came.
#[derive(Deserialize)]
struct List {
    results: Option<Vec<Box<RawValue>>>,
}

/// Why a wait ended.
enum News {
    Told(SummaryWatcherNextResults),
    Wanted,
    Time,
    Alive,
}

/// Waits until something happens, or until it is time for the next list.
async fn wait_for_news(
    session: &Session,
    wanted: &Notify,
    next: Option<&mut Next<'_>>,
    left: Duration,
) -> Result<News> {
    let told = async {
        match next {
            Some(next) => next.await,
            None => std::future::pending().await,
        }
    };
    tokio::select! {
        told = told => Ok(News::Told(told?)),
        () = wanted.notified() => Ok(News::Wanted),
        () = session.connection().closed() => {
            Err(Error::new(Kind::ControllerUnavailable, "the connection to the controller has ended"))
        }
        () = tokio::time::sleep(left) => Ok(News::Time),
        () = tokio::time::sleep(PING.0) => session.ping(PING.1).await.map(|()| News::Alive),
    }
}

/// Asks to be told of changes. Nothing where the controller does not offer that.
async fn start(session: &Session) -> Result<Option<String>> {
    if session.version(WATCHER).is_err() {
        return Ok(None);
    }
    let nothing = serde_json::Map::new();
    let started: Result<SummaryWatcherID> = session.call(CONTROLLER, "WatchAllModelSummaries", &nothing, START).await;
    match started {
        Ok(watcher) if !watcher.watcher_id.is_empty() => Ok(Some(watcher.watcher_id)),
        // Whatever it has against that, it can still be asked.
        Ok(_) => Ok(None),
        Err(error) if error.kind() == Kind::ControllerUnavailable => Err(error),
        Err(error) => {
            tracing::debug!(%error, "controller does not tell of changes, it is asked now and then");
            Ok(None)
        }
    }
}

fn next<'a>(session: &'a Session, id: &'a str) -> Next<'a> {
    session.call_object(id, WATCHER, "Next", QUIET).boxed()
}
