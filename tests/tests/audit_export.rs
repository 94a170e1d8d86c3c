//! Copies of the audit log: everything comes to each of them, whatever the other end does meanwhile, and again only where
//! nobody could know that it had come.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use jimm_tests::app::{AppOptions, TestApp};
use jimm_tests::pki::Ca;
use jimm_tests::process::eventually;
use rustls::pki_types::pem::PemObject as _;
use serde_json::Value;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio_util::task::TaskTracker;

const DEADLINE: Duration = Duration::from_secs(90);
const WELL: u8 = 0;
/// Refuses everything.
const REFUSES: u8 = 1;
/// Takes connections and says nothing.
const HANGS: u8 = 2;
/// Takes everything, and the connection breaks before it has said so.
const BREAKS: u8 = 3;
/// Takes everything, and does not say so for what tells of [`SLOW`] until its mood changes.
const HOLDS: u8 = 4;
const SLOW: &str = "SlowMethod";

/// A server, and what it was sent.
#[derive(Clone, Default)]
struct Server {
    mood: Arc<AtomicU8>,
    taken: Arc<Mutex<Vec<Vec<u8>>>>,
    tasks: TaskTracker,
}

impl Server {
    fn take(&self, bytes: Vec<u8>) {
        self.taken.lock().expect("not poisoned").push(bytes);
    }

    fn set(&self, mood: u8) {
        self.mood.store(mood, Ordering::SeqCst);
    }

    /// Waits until it no longer holds back its answers.
    async fn changed(&self) {
        let changed = async || (self.mood.load(Ordering::SeqCst) != HOLDS).then_some(());
        eventually("the mood changes", DEADLINE, changed).await;
    }

    /// How often it was sent something that has this text.
    fn times(&self, text: &str) -> usize {
        let taken = self.taken.lock().expect("not poisoned");
        taken.iter().filter(|body| String::from_utf8_lossy(body).contains(text)).count()
    }

    /// HTTP, as little as it takes. A connection is served as the mood was when its request came.
    async fn http(&self) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}/in", listener.local_addr().expect("an address"));
        let this = self.clone();
        self.tasks.spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let (this, mut held) = (this.clone(), Vec::new());
                this.tasks.clone().spawn(async move {
                    while let Some((head, body)) = request(&mut stream, &mut held).await {
                        assert!(head.to_lowercase().contains("authorization: bearer s3cret-export"), "{head}");
                        let answer: &[u8] = match this.mood.load(Ordering::SeqCst) {
                            REFUSES => b"HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\n\r\n",
                            HANGS => return std::future::pending().await,
                            BREAKS => {
                                this.take(body);
                                return;
                            }
                            mood => {
                                let is_held = mood == HOLDS && String::from_utf8_lossy(&body).contains(SLOW);
                                this.take(body);
                                if is_held {
                                    this.changed().await;
                                }
                                b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}"
                            }
                        };
                        if stream.write_all(answer).await.is_err() {
                            return;
                        }
                    }
                });
            }
        });
        url
    }

    /// Syslog over TLS.
    async fn syslog(&self, ca: &Ca) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address").to_string();
        let (cert, key) = ca.issue().expect("a certificate");
        let chain = vec![rustls::pki_types::CertificateDer::from_pem_slice(cert.as_bytes()).expect("a certificate")];
        let key = rustls::pki_types::PrivateKeyDer::from_pem_slice(key.as_bytes()).expect("a key");
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("versions")
            .with_no_client_auth()
            .with_single_cert(chain, key)
            .expect("a server");
        let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(config));
        let this = self.clone();
        self.tasks.spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (this, acceptor) = (this.clone(), acceptor.clone());
                this.tasks.clone().spawn(async move {
                    match this.mood.load(Ordering::SeqCst) {
                        REFUSES => return,
                        HANGS => return std::future::pending().await,
                        _ => {}
                    }
                    let Ok(mut stream) = acceptor.accept(stream).await else { return };
                    if this.mood.load(Ordering::SeqCst) == BREAKS {
                        // It reads some and goes: what it has not read turns into a reset.
                        let mut some = [0; 10];
                        let _ = stream.read_exact(&mut some).await;
                        return;
                    }
                    let mut bytes = Vec::new();
                    if stream.read_to_end(&mut bytes).await.is_ok() {
                        this.take(bytes);
                        let _ = stream.shutdown().await;
                    }
                });
            }
        });
        address
    }
}

/// The next request: its head and its body.
async fn request(stream: &mut (impl AsyncRead + Unpin), held: &mut Vec<u8>) -> Option<(String, Vec<u8>)> {
    loop {
        if let Some(end) = held.windows(4).position(|part| part == b"\r\n\r\n") {
            let head = String::from_utf8_lossy(&held[..end]).into_owned();
            let length = head.lines().find_map(|line| {
                let (name, value) = line.split_once(':')?;
                name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>().ok())?
            });
            let whole = end + 4 + length.unwrap_or(0);
            if held.len() >= whole {
                let body = held[end + 4..whole].to_vec();
                held.drain(..whole);
                return Some((head, body));
            }
        }
        let mut more = vec![0; 16 * 1024];
        let read = stream.read(&mut more).await.ok().filter(|read| *read > 0)?;
        held.extend_from_slice(&more[..read]);
    }
}

/// The events of lines.
fn of_lines(text: &[u8]) -> Vec<Value> {
    let text = std::str::from_utf8(text).expect("UTF-8");
    text.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("no line of JSON: {line}"))).collect()
}

fn of_syslog(mut frames: &[u8]) -> Vec<Value> {
    let mut events = Vec::new();
    while !frames.is_empty() {
        let space = frames.iter().position(|byte| *byte == b' ').expect("a length");
        let length: usize = std::str::from_utf8(&frames[..space]).expect("digits").parse().expect("a number");
        let message = std::str::from_utf8(&frames[space + 1..space + 1 + length]).expect("UTF-8");
        assert!(message.starts_with("<1") && message.contains(">1 20") && !message.contains('\n'), "{message}");
        let body = &message[message.find('\u{feff}').expect("a BOM") + 3..];
        events.push(serde_json::from_str(body).expect("JSON"));
        frames = &frames[space + 1 + length..];
    }
    events
}

fn of_otlp(body: &[u8]) -> Vec<Value> {
    let request: Value = serde_json::from_slice(body).expect("JSON");
    let records = request["resourceLogs"][0]["scopeLogs"][0]["logRecords"].as_array().expect("records").clone();
    let body =
        |record: &Value| serde_json::from_str(record["body"]["stringValue"].as_str().expect("a text")).expect("JSON");
    records.iter().map(body).collect()
}

/// The names of the events in the order in which they first came, and which came more than once.
fn names(events: &[Value]) -> (Vec<String>, BTreeSet<String>) {
    let (mut first, mut seen, mut again) = (Vec::new(), BTreeSet::new(), BTreeSet::new());
    for event in events {
        let id = event["id"].as_str().expect("a name").to_owned();
        if seen.insert(id.clone()) {
            first.push(id);
        } else {
            again.insert(id);
        }
    }
    (first, again)
}

/// Within each chain, everything first came in its order.
fn assert_order(ids: &[String]) {
    let mut last = BTreeMap::new();
    for id in ids {
        let (rest, n) = id.rsplit_once('/').expect("a place");
        let (chain, seq) = rest.rsplit_once('/').expect("a place");
        let place: (u64, u64) = (seq.parse().expect("a number"), n.parse().expect("a number"));
        if let Some(before) = last.insert(chain.to_owned(), place) {
            assert!(before < place, "{id} comes after {before:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_copy_gets_everything_whatever_the_other_end_does() {
    let dir = tempfile::tempdir().expect("a directory");
    let ca = Ca::new("export CA").expect("a CA");
    let pki = ca.write(dir.path()).expect("files");
    let (http, otlp, syslog) = (Server::default(), Server::default(), Server::default());
    let (file, token) = (dir.path().join("audit.jsonl"), dir.path().join("token"));
    std::fs::write(&token, "s3cret-export\n").expect("written");
    let env = [
        ("JIMM_AUDIT_EXPORT_FILE", file.display().to_string()),
        ("JIMM_AUDIT_EXPORT_SYSLOG", syslog.syslog(&ca).await),
        ("JIMM_AUDIT_EXPORT_HTTP_URL", http.http().await),
        ("JIMM_AUDIT_EXPORT_HTTP_TOKEN_PATH", token.display().to_string()),
        ("JIMM_AUDIT_EXPORT_OTLP_URL", otlp.http().await),
        ("JIMM_AUDIT_EXPORT_OTLP_TOKEN_PATH", token.display().to_string()),
        ("JIMM_AUDIT_EXPORT_CA_PATH", pki.ca.display().to_string()),
    ];
    let env = env.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    let app = TestApp::with(AppOptions { env, ..AppOptions::default() }).await;
    let add = async |name: &str| {
        let said = app.jimmctl(&["add-group", name]).await;
        assert_eq!(said.code, 0, "{}", said.err);
    };
    add("well").await;
    for mood in [REFUSES, BREAKS, HANGS] {
        for server in [&http, &otlp, &syslog] {
            server.set(mood);
        }
        let name = format!("mood-{mood}");
        add(&name).await;
        if mood == BREAKS {
            // The process ends while it does not know what was taken.
            eventually("both took it", DEADLINE, async || {
                let has = |server: &Server| {
                    let taken = server.taken.lock().expect("not poisoned");
                    taken.iter().any(|body| String::from_utf8_lossy(body).contains(&name))
                };
                (has(&http) && has(&otlp)).then_some(())
            })
            .await;
            // And not while the file's copy has it, and nobody has noted that yet: three groups, asked for and answered.
            let settled = "SELECT 'yes' WHERE (SELECT count(*) FROM audit_entries WHERE facade_method = 'AddGroup') = 6
                           AND NOT EXISTS (SELECT FROM audit_log l WHERE l.seq > coalesce((SELECT e.seq FROM audit_exports e
                               WHERE e.sink = 'file' AND (e.class, e.day, e.chain) = (l.class, l.day, l.chain)), -1))";
            eventually("the file has all", DEADLINE, async || app.db.fetch(settled).await.ok().flatten()).await;
            app.kill_broker();
            app.start_broker().await.expect("it starts again");
        }
    }
    for server in [&http, &otlp, &syslog] {
        server.set(WELL);
    }
    add("end").await;
    let sql = "SELECT coalesce(string_agg(DISTINCT day || '/' || class || '/' || chain || '/' || seq || '/' || place, ' '), '') FROM audit_entries
               WHERE time <= (SELECT max(time) FROM audit_entries WHERE params->>'name' = 'end')";
    let all = |server: &Server, read: fn(&[u8]) -> Vec<Value>| -> Vec<Value> {
        server.taken.lock().expect("not poisoned").iter().flat_map(|bytes| read(bytes)).collect()
    };
    let copies = || {
        let of_file = of_lines(&std::fs::read(&file).unwrap_or_default());
        let of_http = names(&all(&http, of_lines));
        [of_http, names(&all(&otlp, of_otlp)), names(&all(&syslog, of_syslog)), names(&of_file)]
    };
    // Chains are copied one beside the other: that the last one is there says nothing of the others.
    let copies = eventually("every copy has every entry", DEADLINE, async || {
        let written = app.db.fetch(sql).await.expect("a query").filter(|written| !written.is_empty())?;
        let copies = copies();
        let lacks = |ids: &[String]| written.split(' ').any(|id| !ids.iter().any(|it| it == id));
        (!copies.iter().any(|(ids, _)| lacks(ids))).then_some(copies)
    })
    .await;
    for ((ids, again), (name, may_come_again)) in
        copies.iter().zip([("http", true), ("otlp", true), ("syslog", false), ("file", false)])
    {
        assert_order(ids);
        assert!(may_come_again || again.is_empty(), "{name} has more than once: {again:?}");
        assert!(!may_come_again || !again.is_empty(), "{name} could not know that it was taken");
    }
    let done = "SELECT string_agg(DISTINCT sink, ' ' ORDER BY sink) FROM audit_exports";
    // What was taken is noted, and counted, when the other end has said so.
    eventually("how far each has come is noted", DEADLINE, async || {
        app.db.fetch(done).await.ok().flatten().filter(|sinks| sinks == "file http otlp syslog")
    })
    .await;
    eventually("and counted", DEADLINE, async || {
        let metrics = jimm_tests::process::http_get(app.plan.metrics_port, "/metrics")?.1;
        metrics.contains(r#"jimm_audit_exported_total{sink="syslog"}"#).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hand_over_of_several_portions_keeps_the_duty_and_ends_where_it_is_lost() {
    let dir = tempfile::tempdir().expect("a directory");
    let (server, token) = (Server::default(), dir.path().join("token"));
    std::fs::write(&token, "s3cret-export\n").expect("written");
    let env = [
        ("JIMM_AUDIT_EXPORT_HTTP_URL", server.http().await),
        ("JIMM_AUDIT_EXPORT_HTTP_TOKEN_PATH", token.display().to_string()),
    ];
    let env = env.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    let app = TestApp::with(AppOptions { env, ..AppOptions::default() }).await;
    server.set(HOLDS);
    // Two batches of one and a half portions each.
    app.db.fetch("SELECT audit_partition('read', current_date)").await.expect("a partition");
    let insert = format!(
        "INSERT INTO audit_log SELECT 'read', current_date, '00000000-0000-0000-0000-000000000001', seq, now(), now(), 1500, '{{}}',
             '{{}}', '{{}}', convert_to(json_build_object('v', 2, 't', 0, 'o', '[[\"\",\"\",\"\",\"\",\"\"]]'::json,
                 'm', '[[\"Facade\",1,\"{SLOW}\"]]'::json, 'e', (SELECT json_agg('[0,0,0,1]'::json) FROM generate_series(1, 1500)))::text,
             'UTF8'), '', sha256('x') FROM generate_series(0, 1) seq"
    );
    app.db.execute(&insert).await.expect("batches");
    eventually("the first portion comes", DEADLINE, async || (server.times(SLOW) == 1).then_some(())).await;
    let other =
        "UPDATE leases SET owner = 'other', lease_until = now() + interval '1 hour' WHERE name = 'audit-export-http'";
    assert_eq!(app.db.execute(other).await.expect("another one has it"), 1);
    server.set(WELL);
    let failed = r#"jimm_audit_export_failures_total{sink="http"} 1"#;
    eventually("it ends", DEADLINE, async || {
        let metrics = jimm_tests::process::http_get(app.plan.metrics_port, "/metrics")?.1;
        metrics.contains(failed).then_some(())
    })
    .await;
    assert_eq!(server.times(SLOW), 1, "what is another one's to hand over is left to it");
    // Once it is this one's again, it is handed over, and not for want of time given up a second time.
    server.set(HOLDS);
    app.db.execute("UPDATE leases SET lease_until = now() WHERE name = 'audit-export-http'").await.expect("given back");
    eventually("the first portion comes again", DEADLINE, async || (server.times(SLOW) == 2).then_some(())).await;
    let ends = "UPDATE leases SET lease_until = now() + interval '1 second' WHERE name = 'audit-export-http' AND owner <> 'other'";
    assert_eq!(app.db.execute(ends).await.expect("it has taken long"), 1);
    server.set(WELL);
    let noted = "SELECT seq::text FROM audit_exports WHERE chain = '00000000-0000-0000-0000-000000000001'";
    let all = async || app.db.fetch(noted).await.ok().flatten().filter(|seq| seq == "1");
    eventually("all of it is taken", DEADLINE, all).await;
    assert_eq!(server.times(SLOW), 4, "nothing was sent a second time");
}
