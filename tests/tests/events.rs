//! Events: noted once for each thing that happens, told in one order, to those only who may see them, again to those who come
//! back, and to web hooks whatever becomes of them or of the broker.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::extract::State;
use axum::routing::post;
use hmac::{Hmac, KeyInit as _, Mac as _};
use http::{HeaderMap, StatusCode};
use jimm_tests::app::{AppOptions, TestApp};
use jimm_tests::broker::ADMIN;
use jimm_tests::{browser, given, process};
use serde_json::{Value, json};
use sha2::Sha256;
use tokio_util::task::TaskTracker;

const LONG: Duration = Duration::from_secs(60);
const OWNER: &str = "alice@example.com";
const SECRET: &str = "a-secret-of-web-hooks";

/// A broker with two controllers and a model of Alice's on the first.
async fn with_model(env: Vec<(String, String)>) -> (TestApp, String) {
    let app = TestApp::with(AppOptions { sims: vec!["3.6".into(), "3.6".into()], env }).await;
    app.attach_all().await;
    let sim = &app.sims[0].plan;
    let cloud = given::cloud_of(sim).await.expect("a cloud");
    let alice = app.connect(OWNER).await.expect("alice");
    given::upload_credential(&alice, &cloud, OWNER).await.expect("a credential");
    let uuid = given::make_model(sim, &cloud, "shop").await.expect("a model");
    let said = app.jimmctl(&["import-model", &sim.name, &uuid, "--owner", OWNER]).await;
    assert_eq!(said.code, 0, "{}", said.err);
    (app, uuid)
}

/// A stream of events, as it is read.
struct Stream {
    body: reqwest::Response,
    held: String,
}

impl Stream {
    async fn open(app: &TestApp, token: &str, last: Option<i64>) -> Self {
        let client = browser::client(app).expect("a client");
        let mut request =
            client.get(format!("https://{}/events", app.door.address)).basic_auth("", Some(token.to_owned()));
        if let Some(last) = last {
            request = request.header("last-event-id", last.to_string());
        }
        let answer = request.send().await.expect("an answer");
        assert_eq!(answer.status(), StatusCode::OK);
        assert_eq!(answer.headers()["content-type"], "text/event-stream; charset=utf-8");
        Self { body: answer, held: String::new() }
    }

    /// The next frame that is no comment: its name and its data. Nothing when the stream has ended.
    async fn next(&mut self) -> Option<(String, Value)> {
        loop {
            while let Some((frame, rest)) = self.held.clone().split_once("\n\n") {
                rest.clone_into(&mut self.held);
                let field = |name: &str| frame.lines().find_map(|line| line.strip_prefix(name)).map(str::to_owned);
                if let (Some(name), Some(data)) = (field("event: "), field("data: ")) {
                    let data: Value = serde_json::from_str(&data).expect("JSON");
                    if let Some(id) = field("id: ") {
                        assert_eq!(data["id"].to_string(), id, "the number is that of the event");
                    }
                    return Some((name, data));
                }
            }
            let part =
                tokio::time::timeout(LONG, self.body.chunk()).await.expect("the stream goes on").ok().flatten()?;
            self.held.push_str(std::str::from_utf8(&part).expect("text"));
        }
    }

    /// Everything until that comes.
    async fn until(&mut self, code: &str) -> Vec<Value> {
        let mut seen = Vec::new();
        loop {
            let (name, event) = self.next().await.expect("the stream goes on");
            seen.push(event);
            if name == code {
                return seen;
            }
        }
    }
}

fn codes(events: &[Value]) -> Vec<&str> {
    events.iter().filter_map(|event| event["code"].as_str()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_happens_is_told_in_order_to_those_who_may_see_it_and_again_to_who_comes_back() {
    let (app, uuid) = with_model(Vec::new()).await;
    let (admin, alice, bob) = (
        app.token(ADMIN).await.expect("a token"),
        app.token(OWNER).await.expect("a token"),
        app.token("bob@example.com").await.expect("a token"),
    );
    let mut all = Stream::open(&app, &admin, Some(0)).await;
    let mut hers = Stream::open(&app, &alice, None).await;
    let before = all.until("controller.added").await;
    assert_eq!(before[0]["name"], "sim1");
    let said = app.jimmctl(&["migrate", "sim2", &uuid]).await;
    assert_eq!(said.code, 0, "{}", said.err);
    let seen = all.until("migration.moved").await;
    let of_move = hers.until("migration.moved").await;
    for events in [&seen, &of_move] {
        let ids: Vec<i64> = events.iter().filter_map(|event| event["id"].as_i64()).collect();
        assert!(ids.windows(2).all(|pair| pair[0] < pair[1]), "{ids:?}");
    }
    let of_model: Vec<Value> = seen.iter().filter(|event| event["kind"] == "model").cloned().collect();
    assert_eq!(of_model, of_move, "she sees what is about her model, the same");
    assert_eq!(of_move[0]["code"], "migration.started");
    let moved = of_move.last().expect("events");
    assert_eq!((&moved["uuid"], &moved["name"]), (&json!(uuid), &json!(format!("{OWNER}/shop"))));
    assert_eq!((&moved["data"]["source"], &moved["data"]["target"]), (&json!("sim1"), &json!("sim2")));
    assert_eq!(codes(&of_move).iter().filter(|code| **code == "migration.moved").count(), 1);

    // Whoever comes back misses nothing, and gets nothing twice.
    let started = of_move[0]["id"].as_i64().expect("a number");
    let again = Stream::open(&app, &alice, Some(started)).await.until("migration.moved").await;
    assert_eq!(again, of_move[1..]);
    // By command too, and bob sees nothing of it.
    let listed = app.jimmctl_as(&alice, &["events", "--after", "0", "--format", "json"]).await;
    let listed: Vec<Value> = serde_json::from_str(&listed.out).expect("JSON");
    assert_eq!(listed, of_move);
    let said = app.jimmctl_as(&bob, &["events", "--after", "0", "--format", "json"]).await;
    assert_eq!((said.code, said.out.trim()), (0, "[]"));

    // In the audit log under its code, and counted.
    process::eventually("the move is in the audit log", Duration::from_secs(20), || async {
        let audit = app.jimmctl(&["list-audit-events", "--method", "moved", "--format", "json"]).await;
        (audit.out.contains("migration.moved") && audit.out.contains(&uuid)).then_some(())
    })
    .await;
    process::eventually("and counted", LONG, || async {
        let (_, metrics) = process::http_get(app.plan.metrics_port, "/metrics")?;
        metrics.contains("jimm_events_total{code=\"migration.moved\"} 1").then_some(())
    })
    .await;

    // A controller that goes, a login that ends, a broker that stops.
    app.sims[1].kill();
    let gone = all.until("controller.unreachable").await;
    assert_eq!(gone.last().map(|event| &event["name"]), Some(&json!("sim2")));
    let said = app.jimmctl(&["disable-user", OWNER]).await;
    assert_eq!(said.code, 0, "{}", said.err);
    let (name, why) = hers.next().await.expect("a word");
    assert!(name == "end" && why["reason"].as_str().is_some_and(|why| why.contains("login")), "{name} {why}");
    assert!(hers.next().await.is_none());
    app.stop_broker().await;
    let end = all.until("end").await;
    assert_eq!(end.last().map(|why| &why["reason"]), Some(&json!("the broker stops: come back")));
}

#[tokio::test(flavor = "multi_thread")]
async fn strangers_and_nonsense_are_refused_and_a_gap_is_told() {
    let app = TestApp::with(AppOptions { sims: vec!["3.6".into()], env: Vec::new() }).await;
    app.attach_all().await;
    let client = browser::client(&app).expect("a client");
    let url = format!("https://{}/events", app.door.address);
    let answer = client.get(&url).send().await.expect("an answer");
    assert_eq!(answer.status(), StatusCode::UNAUTHORIZED);
    let admin = app.token(ADMIN).await.expect("a token");
    let asked = client.get(&url).basic_auth("", Some(&admin)).header("last-event-id", "yesterday").send().await;
    assert_eq!(asked.expect("an answer").status(), StatusCode::BAD_REQUEST);
    let connection = app.connect(ADMIN).await.expect("the admin");
    let refused = connection.call::<_, Value>("JIMM", 4, "ListEvents", &json!({"limit": 100_000}), LONG).await;
    assert!(format!("{refused:?}").contains("limit must be between 1 and 1000"), "{refused:?}");
    // Those that were seen are forgotten, and then more than one has come.
    app.db
        .execute("INSERT INTO events (code, kind, name) SELECT 'job.ended', 'job', 'n' FROM generate_series(1, 9)")
        .await
        .expect("rows");
    process::eventually("they have their places", LONG, || async {
        let left = app.db.fetch("SELECT count(*)::text FROM events WHERE position IS NULL").await.expect("a count");
        (left.as_deref() == Some("0")).then_some(())
    })
    .await;
    app.db.execute("DELETE FROM events WHERE position < 8").await.expect("gone");
    let mut stream = Stream::open(&app, &admin, Some(2)).await;
    assert_eq!(stream.next().await.expect("a word").0, "gap");
    assert_eq!(stream.next().await.expect("an event").1["id"], 8);
}

/// Connections to that port of this machine, as the side that listens has them.
fn established(port: u16) -> usize {
    let table = std::fs::read_to_string("/proc/net/tcp").expect("the kernel's table");
    let local = format!("0100007F:{port:04X}");
    table
        .lines()
        .filter(|line| line.split_whitespace().nth(1) == Some(&local) && line.split_whitespace().nth(3) == Some("01"))
        .count()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_that_does_not_read_is_cut_off() {
    let app = TestApp::with(AppOptions { sims: Vec::new(), env: Vec::new() }).await;
    let admin = app.token(ADMIN).await.expect("a token");
    let port = app.door.address.rsplit(':').next().and_then(|port| port.parse().ok()).expect("a port");
    process::eventually("nobody else is there", LONG, || async { (established(port) == 0).then_some(()) }).await;
    // More than all buffers on the way can hold.
    let many = "INSERT INTO events (code, kind, name, data, position) \
                SELECT 'job.ended', 'job', 'x', jsonb_build_object('message', repeat('x', 20000)), nextval('events_position') \
                FROM generate_series(1, 3000)";
    assert_eq!(app.db.execute(many).await.expect("events"), 3000);
    let mut stream = Stream::open(&app, &admin, Some(0)).await;
    assert_eq!(established(port), 1);
    process::eventually("its socket is closed", LONG, || async { (established(port) == 0).then_some(()) }).await;
    assert!(app.broker_log().contains("the reader is too slow"), "{}", app.broker_log());
    let mut seen = 0;
    while let Some((name, _)) = stream.next().await {
        assert_eq!(name, "job.ended");
        seen += 1;
    }
    assert!(seen < 3000, "the rest was not kept for it");
}

/// A web hook, and what it was sent.
#[derive(Clone, Default)]
struct Hook {
    refuses: Arc<AtomicBool>,
    taken: Arc<Mutex<Vec<Value>>>,
    tasks: TaskTracker,
}

impl Hook {
    async fn start(&self) -> String {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}/hook?key=s3cret-in-url", listener.local_addr().expect("an address"));
        let router = axum::Router::new().route("/hook", post(take)).with_state(self.clone());
        self.tasks.spawn(async move { axum::serve(listener, router).await });
        url
    }

    fn ids(&self) -> Vec<i64> {
        self.taken.lock().expect("not poisoned").iter().filter_map(|event| event["id"].as_i64()).collect()
    }
}

/// The numbers of all events.
async fn placed(app: &TestApp) -> Vec<i64> {
    let list = app.db.fetch("SELECT string_agg(position::text, ',' ORDER BY position) FROM events").await;
    list.expect("a list").unwrap_or_default().split(',').filter_map(|id| id.parse().ok()).collect()
}

async fn take(State(hook): State<Hook>, headers: HeaderMap, body: String) -> StatusCode {
    let header = |name: &str| headers[name].to_str().expect("text").to_owned();
    let mut mac = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()).expect("a key");
    mac.update(format!("{}.{body}", header("x-jimm-timestamp")).as_bytes());
    let signature = format!("sha256={}", hex::encode(mac.finalize().into_bytes()));
    assert_eq!(header("x-jimm-signature"), signature);
    if hook.refuses.load(Ordering::SeqCst) {
        return StatusCode::INTERNAL_SERVER_ERROR;
    }
    let told: Value = serde_json::from_str(&body).expect("JSON");
    let events = told["events"].as_array().expect("events").clone();
    let ends = format!("{}-{}", events[0]["id"], events[events.len() - 1]["id"]);
    assert_eq!(header("x-jimm-delivery"), ends);
    hook.taken.lock().expect("not poisoned").extend(events);
    StatusCode::NO_CONTENT
}

#[tokio::test(flavor = "multi_thread")]
async fn hooks_get_every_event_signed_whatever_becomes_of_them_or_of_the_broker() {
    let (good, bad) = (Hook::default(), Hook::default());
    bad.refuses.store(true, Ordering::SeqCst);
    let dir = tempfile::tempdir().expect("a folder");
    let secret = dir.path().join("secret");
    std::fs::write(&secret, format!("{SECRET}\n")).expect("writes");
    let dead = format!("http://127.0.0.1:{}/", process::free_port());
    let urls = format!("{} {} {dead}", good.start().await, bad.start().await);
    let env = vec![
        ("JIMM_WEBHOOK_URLS".to_owned(), urls),
        ("JIMM_WEBHOOK_SECRET_PATH".to_owned(), secret.display().to_string()),
    ];
    let (app, uuid) = with_model(env).await;
    process::eventually("the good one has what there was", LONG, || async {
        let all = placed(&app).await;
        (all.len() >= 2 && good.ids() == all).then_some(())
    })
    .await;
    assert!(bad.ids().is_empty(), "it took nothing yet");

    // Events go on while one refuses, across a death of the broker.
    let said = app.jimmctl(&["migrate", "sim2", &uuid]).await;
    assert_eq!(said.code, 0, "{}", said.err);
    app.kill_broker();
    bad.refuses.store(false, Ordering::SeqCst);
    app.start_broker().await.expect("it starts again");
    process::eventually("both have everything", LONG, || async {
        let all = placed(&app).await;
        let has_all = |hook: &Hook| {
            let mut ids = hook.ids();
            // At least once: what came twice came whole and in order.
            ids.dedup();
            ids.sort_unstable();
            ids.dedup();
            ids == all
        };
        (has_all(&good) && has_all(&bad)).then_some(())
    })
    .await;
    let taken = bad.taken.lock().expect("not poisoned").clone();
    assert!(codes(&taken).contains(&"migration.moved") && taken.iter().all(|event| event["time"].is_string()));
    // The dead one's feed may be the last whose lease of the killed broker has run out.
    let metrics = process::eventually("the dead one is tried again, and counted", LONG, || async {
        let (_, metrics) = process::http_get(app.plan.metrics_port, "/metrics").expect("metrics");
        metrics.contains("jimm_webhook_failures_total").then_some(metrics)
    })
    .await;
    assert!(!metrics.contains("s3cret-in-url"), "{metrics}");
    assert!(!app.broker_log().contains("s3cret-in-url") && !app.broker_log().contains(SECRET));
}
