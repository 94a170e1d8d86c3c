//! One websocket for calls: requests run side by side and are answered when they are done.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use jimm_proto::envelope::{Frame, Request, write_error, write_response};
use serde_json::Value;
use serde_json::value::RawValue;
use tokio::sync::{RwLock, mpsc};
use tokio_tungstenite::tungstenite::Message;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::access::Caller;
use super::controller::{Shape, Shared};
use super::facades::{self, Call, Told};
use super::fault::{Fault, Result};
use super::server::Socket;
use super::world::Migration;
use super::{auth, facade_list};

/// Answers that may wait for the socket to take them.
const QUEUE: usize = 256;
/// How long a slow controller thinks.
const SLOW: Duration = Duration::from_secs(1);
/// How much longer a status takes than it would.
const SLOW_STATUS: Duration = Duration::from_millis(100);

/// What a connection knows of itself.
pub(super) struct State {
    pub(super) model: Option<Uuid>,
    caller: RwLock<Option<Caller>>,
    /// Made while the model was being moved: such a connection stays closed to most calls.
    made_in_move: RwLock<bool>,
    watchers: AtomicU64,
    told: Mutex<BTreeMap<String, Told>>,
}

impl State {
    /// A new watcher of this connection, by its id.
    pub(super) fn new_watcher(&self) -> String {
        let id = (self.watchers.fetch_add(1, Ordering::Relaxed) + 1).to_string();
        self.watched().insert(id.clone(), Told::new());
        id
    }

    /// What a watcher has told until now; from now on it is this.
    pub(super) fn told(&self, id: &str, now: Told) -> Option<Told> {
        self.watched().get_mut(id).map(|told| std::mem::replace(told, now))
    }

    /// Ends a watcher.
    pub(super) fn stop_watcher(&self, id: &str) -> Option<()> {
        self.watched().remove(id).map(drop)
    }

    fn watched(&self) -> MutexGuard<'_, BTreeMap<String, Told>> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

pub(super) async fn run(shared: Arc<Shared>, model: Option<Uuid>, socket: Socket) {
    let state = Arc::new(State {
        model,
        caller: RwLock::default(),
        made_in_move: RwLock::default(),
        watchers: AtomicU64::new(0),
        told: Mutex::default(),
    });
    let ended = CancellationToken::new();
    let _guard = ended.clone().drop_guard();
    let tasks = shared.tasks.clone();
    let (mut sink, mut stream) = socket.split();
    let (answers, mut queue) = mpsc::channel::<String>(QUEUE);
    let pump = async {
        while let Some(text) = queue.recv().await {
            shared.failures.wait_off("freeze").await;
            if sink.send(Message::text(text)).await.is_err() {
                return;
            }
        }
    };
    let read = async {
        while let Some(Ok(message)) = stream.next().await {
            match message {
                Message::Text(text) => {
                    shared.failures.wait_off("freeze").await;
                    if shared.failures.is_on("drop-calls") && !text.contains("\"Admin\"") {
                        return;
                    }
                    let (shared, state, answers) = (Arc::clone(&shared), Arc::clone(&state), answers.clone());
                    let ended = ended.clone();
                    let work = async move {
                        let Some(answer) = answer(&shared, &state, &text).await else { return };
                        // The peer may be gone.
                        let _ = answers.send(answer).await;
                    };
                    tasks.spawn(async move { ended.run_until_cancelled(work).await });
                }
                Message::Close(_) => return,
                _ => {}
            }
        }
    };
    tokio::select! { () = pump => {}, () = read => {} }
    let _ = sink.close().await;
}

async fn answer(shared: &Arc<Shared>, state: &Arc<State>, text: &str) -> Option<String> {
    let Ok(Frame::Request(request)) = Frame::parse(text) else { return None };
    shared.record(format!("{}.{}", request.facade, request.method));
    if shared.failures.is_on("slow") {
        tokio::time::sleep(SLOW).await;
    }
    if request.method == "FullStatus" && shared.failures.is_on("slow-status") {
        tokio::time::sleep(SLOW_STATUS).await;
    }
    if shared.failures.is_on("garbage") && request.facade != "Admin" {
        return Some("{\"request-id\": nonsense".to_owned());
    }
    Some(match call(shared, state, &request).await {
        Ok(body) => {
            let body = serde_json::value::to_raw_value(&body).ok();
            write_response(request.request_id, body.as_deref())
        }
        Err(fault) => write_error(request.request_id, &fault.0),
    })
}

async fn call(shared: &Arc<Shared>, state: &Arc<State>, request: &Request<'_>) -> Result<Value> {
    let params: Value = request
        .params
        .map(RawValue::get)
        .map_or(Ok(Value::Null), serde_json::from_str)
        .map_err(|e| Fault::bad(e.to_string()))?;
    if request.facade == "Admin" {
        return admin(shared, state, request, &params).await;
    }
    let caller = state.caller.read().await.clone();
    let Some(caller) = caller else {
        let text = format!(
            "no such request - method {}({}).{} is not implemented",
            request.facade, request.version, request.method
        );
        return Err(Fault::new(text, "not implemented"));
    };
    if let Some((text, code)) =
        facade_list::refusal(shared.shape(), state.model.is_some(), &request.facade, request.version)
    {
        return Err(Fault::new(text, code));
    }
    if matches!(caller, Caller::Anonymous) && request.facade != "CrossModelRelations" {
        let text = format!("facade {:?} not supported for anonymous API connections", request.facade);
        return Err(Fault::new(text, "not supported"));
    }
    if let Some(model) = state.model {
        hold_back(shared, state, model, &caller, request).await?;
    }
    let call = Call {
        shared,
        state,
        caller: &caller,
        id: &request.id,
        facade: &request.facade,
        version: request.version,
        method: &request.method,
        params: &params,
    };
    facades::dispatch(call).await
}

async fn admin(shared: &Arc<Shared>, state: &State, request: &Request<'_>, params: &Value) -> Result<Value> {
    if request.version != 3 {
        return Err(Fault::new("this version of Juju does not support login from old clients", "not supported"));
    }
    if state.caller.read().await.is_some() {
        return Err(facades::no_such_method(shared.shape(), "Admin", 3, &request.method));
    }
    match request.method.as_ref() {
        "Login" => {
            let (caller, result) = auth::login(shared, state.model, params).await?;
            *state.made_in_move.write().await = moves(shared, state.model);
            *state.caller.write().await = Some(caller);
            Ok(result)
        }
        "RedirectInfo" => Err(Fault::bad("not redirected")),
        other => Err(facades::no_such_method(shared.shape(), "Admin", 3, other)),
    }
}

fn moves(shared: &Shared, model: Option<Uuid>) -> bool {
    let Some(uuid) = model else { return false };
    shared.world().models.get(&uuid).and_then(|m| m.migration.as_ref()).is_some_and(Migration::runs)
}

/// While a model leaves, most calls are refused: on 3.6 those of users with a tag of their own (not those of tokens), on
/// 4.1 all on connections made meanwhile. While it arrives, all are.
async fn hold_back(shared: &Shared, state: &State, model: Uuid, caller: &Caller, request: &Request<'_>) -> Result<()> {
    let (importing, leaving) = match shared.world().models.get(&model) {
        Some(m) => (m.importing, m.migration.as_ref().is_some_and(Migration::runs)),
        None => return Err(Fault::new(format!("unknown model: \"{model}\""), "model not found")),
    };
    if importing && !matches!(caller, Caller::Agent(_)) {
        return Err(Fault::bad("migration in progress, model is importing"));
    }
    let by_login = match shared.shape() {
        Shape::V36 => matches!(caller, Caller::Local(_)),
        _ => *state.made_in_move.read().await,
    };
    let allowed = matches!(
        (request.facade.as_ref(), request.method.as_ref()),
        ("Client", "FullStatus")
            | ("Pinger" | "SSHClient", _)
            | ("Storage", "ListFilesystems" | "ListVolumes" | "ListStorageDetails")
    );
    if leaving && by_login && !allowed {
        let code = if shared.shape() == Shape::V36 { "model migration in progress" } else { "" };
        return Err(Fault::new("model migration in progress", code));
    }
    Ok(())
}
