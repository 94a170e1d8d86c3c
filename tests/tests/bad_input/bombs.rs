//! Parameters that are made to hurt: nested without end, numbers of any length, keys that come again, a million entries;
//! groups that are members of each other; names that would write lines of their own into the log.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use jimm::facades::registry::rows;
use jimm_rpc::CallError;
use jimm_tests::app::TestApp;
use jimm_tests::browser;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use crate::support::{World, broker, rows as counts, serves};
use crate::wire::{Ws, https};

const DEADLINE: Duration = Duration::from_secs(60);

/// Bodies and parameters, by what is wrong with them.
fn bombs() -> Vec<(&'static str, String)> {
    let deep = 50_000;
    let mut keys = String::from("{");
    for _ in 0..20_000 {
        keys.push_str(r#""name":"a","params":{},"entities":[],"changes":[],"credentials":[],"#);
    }
    keys.push_str(r#""name":"b"}"#);
    vec![
        ("lists in lists", format!("{}{}", "[".repeat(deep), "]".repeat(deep))),
        ("maps in maps", format!("{}1{}", r#"{"a":"#.repeat(deep), "}".repeat(deep))),
        ("lists in a field", format!(r#"{{"name":{}{}}}"#, "[".repeat(deep), "]".repeat(deep))),
        ("maps in entities", format!(r#"{{"entities":{}1{}}}"#, r#"[{"tag":"#.repeat(deep), "}]".repeat(deep))),
        ("a long number", format!(r#"{{"limit":{},"offset":1}}"#, "9".repeat(100_000))),
        ("a huge number", r#"{"limit":1e999999999,"offset":-1e999999999,"lifetime":1e400}"#.to_owned()),
        ("keys again and again", keys),
        ("a list of nothing", format!(r#"{{"entities":[{}{{}}]}}"#, "{},".repeat(3_000))),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn bombs_are_answered_by_every_method_and_change_nothing() {
    // Many things in one call take long, and no longer than this.
    let world = World::with(&[("JIMM_REQUEST_TIMEOUT", "3s")]).await;
    // What is not known is overlooked: who asks for a new seal says no more than that, and a job begins.
    let now = async || {
        let mut now = counts(&world.app).await;
        now.remove("jobs");
        now
    };
    let before = now().await;
    let admin = world.app.connect_admin().await.expect("a login");
    for (what, bomb) in bombs() {
        let params = RawValue::from_string(bomb).expect("JSON");
        for row in rows() {
            let name = format!("{}.{}", row.facade, row.method);
            let began = Instant::now();
            let answer = admin.call_raw(row.facade, row.versions[0], row.method, &params, DEADLINE).await;
            assert!(began.elapsed() < DEADLINE / 2, "{name}, {what}: {:?}", began.elapsed());
            match answer {
                // Methods without parameters look at none.
                Ok(_) => {}
                Err(CallError::Remote(error)) => {
                    assert!(error.message.len() < 2000, "{name}, {what}: {}", error.message);
                }
                Err(error) => panic!("{name}, {what}: the connection ended: {error}"),
            }
        }
    }
    assert_eq!(now().await, before);
    world.serves().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn bombs_in_bodies_are_refused() {
    let app = broker(&[]).await;
    let client = browser::client(&app).expect("a client");
    let cookie = browser::session(&app, &client, jimm_tests::broker::ADMIN).await.expect("a session");
    let before = counts(&app).await;
    let id = "11111111-1111-4111-8111-111111111111";
    let paths = ["groups", "roles", "identities"].map(str::to_owned).into_iter().chain([
        format!("groups/{id}"),
        format!("groups/{id}/identities"),
        format!("groups/{id}/entitlements"),
        format!("roles/{id}/entitlements"),
        "identities/bob@example.com/groups".to_owned(),
        "identities/bob@example.com/entitlements".to_owned(),
    ]);
    for path in paths {
        for (what, bomb) in bombs() {
            for method in ["POST", "PUT", "PATCH"] {
                let url = format!("https://{}/rebac/v1/{path}", app.door.address);
                let request = client.request(method.parse().expect("a method"), url).body(bomb.clone());
                let request = request.header("Cookie", &cookie).header("Content-Type", "application/json");
                let request = request.timeout(DEADLINE);
                let mut sent = request.try_clone().expect("a text").send().await;
                if sent.is_err() {
                    // The connection may be the one of a request that was not read to its end, and over.
                    sent = request.send().await;
                }
                let Ok(answer) = sent else {
                    // What is too long is not read to its end.
                    assert!(bomb.len() > 60_000, "{method} {path}, {what}: no answer");
                    continue;
                };
                let (status, text) = (answer.status(), answer.text().await.expect("a body"));
                assert!(status.is_client_error() || status == 501, "{method} {path}, {what}: {status} {text}");
                assert!(text.len() < 3000, "{method} {path}, {what}: {text:.300}");
            }
        }
    }
    assert_eq!(counts(&app).await, before);
    serves(&app, &app.token("bob@example.com").await.expect("a login")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn groups_that_are_members_of_each_other_end_everywhere() {
    let app = broker(&[]).await;
    let admin = app.token(jimm_tests::broker::ADMIN).await.expect("a login");
    for name in ["g-a", "g-b", "g-c", "g-self"] {
        assert_eq!(app.jimmctl(&["add-group", name]).await.code, 0);
    }
    let add = |what: &str, whom: &str| {
        vec!["add-permission".to_owned(), what.to_owned(), "member".to_owned(), whom.to_owned()]
    };
    for args in [
        add("group-g-b#member", "group-g-a"),
        add("group-g-c#member", "group-g-b"),
        add("group-g-a#member", "group-g-c"),
        add("group-g-self#member", "group-g-self"),
        add("user-bob@example.com", "group-g-c"),
    ] {
        let said = app.jimmctl(&args.iter().map(String::as_str).collect::<Vec<_>>()).await;
        assert!(said.code <= 1 && !said.err.contains("internal"), "{args:?}: {}", said.err);
    }
    let controller = format!("controller-{}", app.plan.uuid);
    let said = app.jimmctl(&["add-permission", "group-g-a#member", "administrator", &controller]).await;
    assert_eq!(said.code, 0, "{}", said.err);
    let began = Instant::now();
    let check = |who: &'static str| {
        let (app, controller) = (&app, controller.clone());
        async move { app.jimmctl(&["check-permission", who, "administrator", &controller]).await.out }
    };
    assert!(check("user-bob@example.com").await.contains("is allowed"), "bob comes by c, b, a");
    assert!(check("user-eve@example.com").await.contains("not allowed"), "eve by none");
    for args in [&["list-permissions"][..], &["list-permissions", "--resolve"], &["list-groups"], &["export-access"]] {
        let said = app.jimmctl(args).await;
        // One of them may not be an option of this command; none hangs.
        assert!(said.code == 0 || said.err.contains("unexpected argument"), "{args:?}: {}", said.err);
    }
    let bob = app.token("bob@example.com").await.expect("a login");
    let listed = app.jimmctl_as(&bob, &["models", "--all", "--format", "json"]).await;
    assert_eq!(listed.code, 0, "an administrator by the circle: {}", listed.err);
    assert!(began.elapsed() < DEADLINE, "{:?}", began.elapsed());
    serves(&app, &admin).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn files_of_a_million_entries_are_refused_whole() {
    let app = broker(&[]).await;
    let before = counts(&app).await;
    let (mut list, mut access) = (String::new(), String::from("relations:\n"));
    for number in 0..1_000_000 {
        let entry = format!("{{object: user-u{number}@b.c, relation: member, target_object: group-g}}");
        writeln!(list, "- {entry}").expect("a String");
        writeln!(access, "- {entry}").expect("a String");
    }
    let (tuples, file) = (app.dir().join("tuples"), app.dir().join("access"));
    std::fs::write(&tuples, list).expect("written");
    std::fs::write(&file, access).expect("written");
    let (tuples, file) = (tuples.display().to_string(), file.display().to_string());
    for args in [
        ["add-permission", "-f", &tuples].as_slice(),
        &["remove-permission", "-f", &tuples],
        &["apply", "--yes", "-f", &file],
        &["apply", "--dry-run", "-f", &file],
    ] {
        let said = app.jimmctl(args).await;
        assert_eq!(said.code, 1, "{args:?}: {:.500}", said.err);
        let told = said.err.contains("too long") || said.err.contains("at most");
        assert!(
            told && said.err.len() < 2000 && said.out.len() < 2000,
            "{args:?}: {:.500} {:.100}",
            said.err,
            said.out
        );
    }
    assert_eq!(counts(&app).await, before);
}

/// What would end a line, begin another or turn a terminal's colour, wherever a client may write something.
const LINES: &str = "x\n{\"level\":\"INFO\",\"message\":\"forged\"}\r\n2026-01-01T00:00:00Z  INFO forged: \u{1b}[31mred\u{0}\u{7f}\u{85}\u{2028}\u{9b}31m";

async fn write_lines(app: &TestApp) {
    let text = LINES;
    let token = app.token("alice@example.com").await.expect("a login");
    let mut ws = Ws::logged_in(app, "/api", &token).await;
    for method in [
        text.to_owned(),
        format!("JIMM(4).{text}"),
        format!("{text}(4).Version"),
        "JIMM(4).AddGroup".to_owned(),
        "JIMM(4).FindAuditEvents".to_owned(),
        "ModelManager(9).ModelInfo".to_owned(),
        "Cloud(7).Credential".to_owned(),
        "Cloud(7).UpdateCredentialsCheckModels".to_owned(),
        "JIMM(4).ShowController".to_owned(),
        "JIMM(4).RevokeSessions".to_owned(),
    ] {
        let (facade, name) = method.split_once('.').unwrap_or((&method, ""));
        let (facade, version) = facade.rsplit_once('(').unwrap_or((facade, "1)"));
        let version: i64 = version.trim_end_matches(')').parse().unwrap_or(1);
        let params = json!({"name": text, "user-tag": text, "session-id": text, "entities": [{"tag": text}],
            "credentials": [{"tag": text, "credential": {"auth-type": text, "attrs": {text: text}}}]});
        let frame =
            json!({"request-id": 7, "type": facade, "version": version, "request": name, "id": text, "params": params});
        ws.text(&frame.to_string()).await;
        let answer: Value = ws.answer().await;
        assert!(answer.get("error").is_some() || answer.get("response").is_some(), "{answer}");
    }
    let mut stranger = Ws::open(app, "/api", "").await;
    for (method, params) in [
        ("Admin(4).LoginWithSessionToken", json!({"session-token": text})),
        ("Admin(4).LoginWithClientCredentials", json!({"client-id": text, "client-secret": text})),
        ("Admin(3).Login", json!({"auth-tag": text, "credentials": text, "client-version": text, "cli-args": text})),
    ] {
        stranger.error(method, &params).await;
    }
    for path in [
        "/model/x%0Aforged/api",
        "/%0d%0aforged",
        "/auth/callback?error=x%0Aforged&error_description=%1b[31m",
        "/oauth/token",
    ] {
        let head =
            format!("GET {path} HTTP/1.1\r\nHost: a\r\nUser-Agent: a\tforged\u{1b}[31m\r\nConnection: close\r\n\r\n");
        https(app, head.as_bytes()).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_writes_lines_into_the_log() {
    let app = broker(&[("JIMM_LOG_LEVEL", "debug")]).await;
    write_lines(&app).await;
    app.stop_broker().await;
    // Each line is one of ours: `log_lines` takes no other.
    let lines = app.log_lines();
    assert!(lines.len() > 20 && lines.iter().all(|line| line["message"] != "forged"), "{lines:#?}");
    let log = app.broker_log();
    assert!(log.contains("forged") && !has_controls(&log), "what was sent is told, escaped");
}

#[tokio::test(flavor = "multi_thread")]
async fn nor_into_the_one_for_people() {
    let app = broker(&[("JIMM_LOG_LEVEL", "debug"), ("JIMM_LOG_DEV_MODE", "true")]).await;
    write_lines(&app).await;
    app.stop_broker().await;
    let log = app.broker_log();
    // The broker colours its own lines.
    let plain = regex::Regex::new("\u{1b}\\[[0-9;]*m").expect("a pattern").replace_all(&log, "");
    for line in plain.lines() {
        let ours = line.starts_with("20") && line.len() > 27 && &line[19..20] == ".";
        assert!(ours, "no line of ours: {line:?}");
    }
    assert!(!log.contains("\u{1b}[31mred") && !has_controls(&plain), "what was sent is escaped");
}

fn has_controls(log: &str) -> bool {
    log.chars().any(|c| (c.is_control() && c != '\n') || c == '\u{2028}')
}

#[tokio::test(flavor = "multi_thread")]
async fn cookies_of_another_place_time_or_broker_are_no_session() {
    let (app, other) = (broker(&[]).await, broker(&[]).await);
    let client = browser::client(&app).expect("a client");
    let cookie = browser::session(&app, &client, "alice@example.com").await.expect("a session");
    let (name, value) = cookie.split_once('=').expect("a cookie");
    assert!(browser::whoami(&app, &client, &cookie).await.expect("an answer").0.is_success());
    let login = client.get(format!("https://{}/auth/login", app.door.address)).send().await.expect("a login begins");
    let begun = login.headers()["set-cookie"].to_str().expect("text").split(';').next().expect("a cookie").to_owned();
    let of_login = begun.split_once('=').expect("a cookie").1;
    let theirs = browser::client(&other).expect("a client");
    let foreign = browser::session(&other, &theirs, "alice@example.com").await.expect("a session");
    let mut wrong = vec![
        ("of a login that has begun", format!("{name}={of_login}")),
        ("under the name of the login's", format!("jimm-oauth-state={value}")),
        ("of another broker", foreign),
        ("cut", format!("{name}={}", &value[..value.len() / 2])),
        ("longer", format!("{name}={value}AAAA")),
        ("a token as it is", format!("{name}={}", app.token("alice@example.com").await.expect("a token"))),
        ("empty", format!("{name}=")),
    ];
    for at in [0, 12, 40, value.len() - 2] {
        let letter = if &value[at..=at] == "A" { "B" } else { "A" };
        wrong.push(("changed", format!("{name}={}{letter}{}", &value[..at], &value[at + 1..])));
    }
    for (what, cookie) in wrong {
        let (status, text) = browser::whoami(&app, &client, &cookie).await.expect("an answer");
        assert!(status.is_client_error() && !text.contains("alice"), "{what}: {status} {text}");
    }
    let said = app.jimmctl(&["revoke-sessions", "alice@example.com"]).await;
    assert_eq!(said.code, 0, "{}", said.err);
    let (status, _) = browser::whoami(&app, &client, &cookie).await.expect("an answer");
    assert!(status.is_client_error(), "of a session that was ended: {status}");
}
