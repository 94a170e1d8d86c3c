//! `juju models` from a table that one replica keeps fresh, and watchers that wait for its news.

use std::time::{Duration, Instant};

use futures_util::FutureExt as _;
use futures_util::future::{BoxFuture, Either, select};
use jimm_rpc::{CallError, Connection};
use jimm_tests::app::{AppOptions, TestApp};
use jimm_tests::broker::ADMIN;
use jimm_tests::client::Door;
use jimm_tests::{given, process};
use serde_json::{Value, json};

const ALICE: &str = "alice@example.com";
const LONG: Duration = Duration::from_secs(30);

/// A broker with a controller of each generation, which are hardly ever asked unless there is news, and a model of alice's
/// on each.
async fn with_models(sims: &[&str]) -> (TestApp, Vec<String>) {
    let env = vec![("JIMM_MODEL_POLL_INTERVAL".to_owned(), "1h".to_owned())];
    let app = TestApp::with(AppOptions { sims: sims.iter().map(|&it| it.into()).collect(), env }).await;
    app.attach_all().await;
    let mut uuids = Vec::new();
    for (index, sim) in app.sims.iter().enumerate() {
        uuids.push(adopt(&app, &sim.plan, &format!("m{index}"), ALICE).await);
    }
    (app, uuids)
}

async fn adopt(app: &TestApp, sim: &jimm_tests::simulated::SimPlan, name: &str, owner: &str) -> String {
    let cloud = given::cloud_of(sim).await.expect("a cloud");
    let user = app.connect(owner).await.expect("the owner");
    given::upload_credential(&user, &cloud, owner).await.expect("a credential");
    let uuid = given::make_model(sim, &cloud, name).await.expect("a model");
    let said = app.jimmctl(&["import-model", &sim.name, &uuid, "--owner", owner]).await;
    assert_eq!(said.code, 0, "{}", said.err);
    uuid
}

async fn deploy(app: &TestApp, uuid: &str, name: &str) {
    let model = app.connect_model(uuid, ALICE).await.expect("the model");
    let args = json!({"applications": [{"application": name, "charm-url": format!("local:{name}-0"), "num-units": 1}]});
    let answer: Value = model.call("Application", 19, "Deploy", &args, LONG).await.expect("deployed");
    assert!(answer["results"][0].get("error").is_none(), "{answer}");
}

async fn summaries(connection: &Connection) -> Vec<Value> {
    let params = json!({"user-tag": format!("user-{ALICE}"), "all": true});
    let answer: Value = connection.call("ModelManager", 9, "ListModelSummaries", &params, LONG).await.expect("a list");
    answer["results"].as_array().expect("results").iter().map(|it| it["result"].clone()).collect()
}

fn machines(summary: &Value) -> i64 {
    let counts = summary["counts"].as_array().cloned().unwrap_or_default();
    counts.iter().find(|it| it["entity"] == "machines").and_then(|it| it["count"].as_i64()).unwrap_or_default()
}

async fn watcher(connection: &Connection, method: &str) -> String {
    let told: Value = connection.call("Controller", 12, method, &json!({}), LONG).await.expect("a watcher");
    told["watcher-id"].as_str().expect("an id").to_owned()
}

async fn on(connection: &Connection, id: &str, method: &str) -> Result<Value, CallError> {
    let answer = connection.call_on(id, "ModelSummaryWatcher", 1, method, &json!({}), LONG).await?;
    Ok(serde_json::from_str(answer.get()).expect("JSON"))
}

async fn next(connection: &Connection, id: &str) -> Vec<Value> {
    on(connection, id, "Next").await.expect("news")["models"].as_array().expect("models").clone()
}

/// News until one of them is about that model and as wanted.
async fn until(connection: &Connection, id: &str, uuid: &str, wanted: impl Fn(&Value) -> bool) -> Value {
    let found = async {
        loop {
            let news = next(connection, id).await;
            assert!(!news.is_empty(), "no news is no answer");
            if let Some(found) = news.into_iter().find(|it| it["uuid"] == uuid && wanted(it)) {
                return found;
            }
        }
    };
    tokio::time::timeout(LONG * 4, found).await.expect("the news come in time")
}

/// A call that certainly waits for news: another one was told so.
async fn waiting<'a>(connection: &'a Connection, id: &'a str) -> BoxFuture<'a, Result<Value, CallError>> {
    let (busy, waiting) = match select(on(connection, id, "Next").boxed(), on(connection, id, "Next").boxed()).await {
        Either::Left(told) | Either::Right(told) => told,
    };
    let busy = busy.expect_err("one at a time").to_string();
    assert!(busy.contains("another call waits"), "{busy}");
    waiting
}

async fn share(app: &TestApp, uuid: &str, action: &str, user: &str) {
    let owner = app.connect(ALICE).await.expect("the owner");
    let change = json!({"user-tag": format!("user-{user}"), "action": action, "access": "read", "model-tag": format!("model-{uuid}")});
    let answer: Value = owner
        .call("ModelManager", 9, "ModifyModelAccess", &json!({"changes": [change]}), LONG)
        .await
        .expect("an answer");
    assert!(answer["results"][0].get("error").is_none(), "{answer}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_changes_at_a_controller_is_in_the_list_at_once() {
    let (app, uuids) = with_models(&["3.6", "4.0"]).await;
    let alice = app.connect(ALICE).await.expect("alice");
    let list = summaries(&alice).await;
    assert_eq!(list.len(), 2, "{list:?}");
    for (index, uuid) in uuids.iter().enumerate() {
        assert_eq!(list[index]["uuid"], *uuid);
        assert_eq!((&list[index]["status"]["status"], machines(&list[index])), (&json!("available"), 0));
        deploy(&app, uuid, "web").await;
    }
    // The one tells by itself; the other is looked at because somebody asks. Nobody waits for an hour.
    process::eventually("both machines are listed", LONG, || async {
        // Only controllers that were quick the last time are looked at, which none may have been on a busy machine.
        app.db.execute("UPDATE summary_watches SET took = 0").await.expect("the database");
        let list = summaries(&alice).await;
        list.iter().all(|it| machines(it) == 1).then_some(())
    })
    .await;
    let watched = "SELECT string_agg(watched::text, ',' ORDER BY c.name)
                   FROM summary_watches JOIN controllers c ON c.uuid = controller_uuid";
    process::eventually("the one is watched, the other asked", LONG, || async {
        (app.db.fetch(watched).await.expect("a row").as_deref() == Some("true,false")).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_controller_that_is_away_costs_nobody_time_and_the_list_says_since_when() {
    let (app, uuids) = with_models(&["3.6", "4.0", "3.6"]).await;
    let alice = app.connect(ALICE).await.expect("alice");
    process::eventually("all are seen", LONG, || async {
        let list = summaries(&alice).await;
        list.iter().all(|it| it["status"]["status"] == "available" && it["agent-version"].is_string()).then_some(())
    })
    .await;
    for index in [0, 1] {
        app.sims[index].plan.turn("fail/freeze/on").expect("a switch");
    }
    process::eventually("the frozen ones are told of", Duration::from_secs(60), || async {
        let begun = Instant::now();
        let list = summaries(&alice).await;
        assert!(
            begun.elapsed() < Duration::from_secs(4),
            "a frozen controller holds the list up: {:?}",
            begun.elapsed()
        );
        assert_eq!(list[2]["status"]["status"], "available", "the third is not concerned");
        list[..2].iter().all(|it| it["status"]["status"] == "unavailable").then_some(list)
    })
    .await;
    let list = summaries(&alice).await;
    for (index, uuid) in uuids.iter().enumerate().take(2) {
        let status = &list[index]["status"];
        assert_eq!(list[index]["uuid"], *uuid);
        let info = status["info"].as_str().unwrap_or_default();
        let begins = format!("controller sim{} does not answer since 2", index + 1);
        assert!(info.starts_with(&begins) && info.contains(", last seen 2"), "{status}");
        assert_eq!(status["data"]["last-status"], "available");
        assert!(status["data"]["last-seen"].is_string(), "{status}");
        app.sims[index].plan.turn("fail/freeze/off").expect("a switch");
    }
    process::eventually("all are there again", Duration::from_secs(60), || async {
        summaries(&alice).await.iter().all(|it| it["status"]["status"] == "available").then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_model_that_its_controller_no_longer_lists_is_shown_as_such_and_kept() {
    let (app, uuids) = with_models(&["3.6"]).await;
    let alice = app.connect(ALICE).await.expect("alice");
    process::eventually("it is seen", LONG, || async {
        summaries(&alice).await[0]["agent-version"].is_string().then_some(())
    })
    .await;
    // What is only just known is spared: the controller may have made its list before.
    let aged = "UPDATE models SET created_at = now() - interval '1 hour', updated_at = now() - interval '1 hour'";
    app.db.execute(aged).await.expect("aged");
    let sim = &app.sims[0].plan;
    let (there, _) =
        sim.door().expect("a door").with_password("/api", &sim.user, &sim.password).await.expect("its admin");
    let args = json!({"models": [{"model-tag": format!("model-{}", uuids[0]), "destroy-storage": true}]});
    let _: Value = there.call("ModelManager", 10, "DestroyModels", &args, LONG).await.expect("destroyed");
    let status = process::eventually("it is told of", LONG, || async {
        let list = summaries(&alice).await;
        assert_eq!(list.len(), 1, "it is nobody's but its owner's to forget");
        (list[0]["status"]["status"] == "unavailable").then(|| list[0]["status"].clone())
    })
    .await;
    let info = status["info"].as_str().unwrap_or_default();
    assert!(info.starts_with("controller sim1 does not list this model since 2"), "{status}");
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_that_tell_nothing_new_put_right_what_somebody_else_wrote_and_write_nothing() {
    let app = TestApp::with(AppOptions { sims: vec!["4.0".into()], ..AppOptions::default() }).await;
    app.attach_all().await;
    let uuid = adopt(&app, &app.sims[0].plan, "m", ALICE).await;
    let row = "SELECT status || ' ' || refreshed_at FROM models WHERE refreshed_at IS NOT NULL";
    let row = || async { app.db.fetch(row).await.expect("a row") };
    let another_list = || async {
        let seen = "SELECT seen_at::text FROM summary_watches WHERE seen_at IS NOT NULL";
        let seen = || async { app.db.fetch(seen).await.expect("a row") };
        let before = seen().await;
        process::eventually("the next list", LONG, || async { (seen().await != before).then_some(()) }).await;
    };
    process::eventually("it is listed", LONG, row).await;
    another_list().await;
    let before = row().await.expect("listed");
    another_list().await;
    assert_eq!(row().await.expect("listed"), before);

    app.db.execute("UPDATE models SET status = 'odd'").await.expect("changed");
    // Sooner than everything is read for other reasons.
    let soon = Duration::from_secs(20);
    let right = || async { row().await.filter(|row| row.starts_with("available ")) };
    process::eventually("it is put right", soon, right).await;
    let alice = app.connect(ALICE).await.expect("alice");
    assert_eq!(summaries(&alice).await[0]["uuid"], uuid.as_str());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_watcher_tells_everything_first_and_then_what_changes() {
    let (app, uuids) = with_models(&["3.6"]).await;
    let [shop] = uuids.as_slice() else { panic!("one model") };
    let bank = adopt(&app, &app.sims[0].plan, "bank", ALICE).await;
    let bob = app.connect("bob@example.com").await.expect("bob");
    share(&app, shop, "grant", "bob@example.com").await;
    let id = watcher(&bob, "WatchModelSummaries").await;
    let first = next(&bob, &id).await;
    assert_eq!(first.len(), 1, "only what bob may read: {first:?}");
    assert_eq!(
        (&first[0]["uuid"], &first[0]["name"], &first[0]["status"]),
        (&json!(shop), &json!("m0"), &json!("green"))
    );
    assert_eq!(first[0]["admins"], json!([ALICE]));

    deploy(&app, shop, "web").await;
    until(&bob, &id, shop, |it| it["size"] == json!({"machines": 1, "applications": 1, "units": 1})).await;
    // Rights that are given and taken are news as well.
    share(&app, &bank, "grant", "bob@example.com").await;
    until(&bob, &id, &bank, |it| it["name"] == "bank").await;
    share(&app, &bank, "revoke", "bob@example.com").await;
    let gone = until(&bob, &id, &bank, |it| it["removed"] == true).await;
    assert_eq!(gone.get("name"), None, "nothing is told of what may not be read");

    // Nothing happens: no answer, until it is stopped.
    let mut waiting = waiting(&bob, &id).await;
    tokio::time::timeout(Duration::from_secs(1), &mut waiting).await.expect_err("nothing happens");
    on(&bob, &id, "Stop").await.expect("it was there");
    assert_eq!(waiting.await.expect_err("stopped").code(), "stopped");
    assert_eq!(on(&bob, &id, "Next").await.expect_err("gone").code(), "not found");

    let refused: Result<Value, _> = bob.call("Controller", 12, "WatchAllModelSummaries", &json!({}), LONG).await;
    assert_eq!(refused.expect_err("for administrators").code(), "unauthorized access");
    let admin = app.connect(ADMIN).await.expect("the admin");
    let all = watcher(&admin, "WatchAllModelSummaries").await;
    assert_eq!(next(&admin, &all).await.len(), 2);
    for _ in 0..15 {
        watcher(&admin, "WatchModelSummaries").await;
    }
    let full: Result<Value, _> = admin.call("Controller", 12, "WatchModelSummaries", &json!({}), LONG).await;
    assert_eq!(full.expect_err("bounded").code(), "quota limit exceeded");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_waits_hears_why_when_the_broker_stops_or_the_login_ends() {
    let (app, _) = with_models(&["3.6"]).await;
    let (alice, admin) = (app.connect(ALICE).await.expect("alice"), app.connect(ADMIN).await.expect("the admin"));
    let id = watcher(&alice, "WatchModelSummaries").await;
    next(&alice, &id).await;
    let waiting = waiting(&alice, &id).await;
    let said = app.jimmctl(&["disable-user", ALICE]).await;
    assert_eq!(said.code, 0, "{}", said.err);
    let ended = waiting.await.expect_err("cut off").to_string();
    assert!(ended.contains("the login behind this connection has ended"), "{ended}");

    let id = watcher(&admin, "WatchAllModelSummaries").await;
    next(&admin, &id).await;
    let waiting = self::waiting(&admin, &id).await;
    assert_eq!(app.stop_broker().await, [Some(0)]);
    let ended = waiting.await.expect_err("the broker stops").to_string();
    assert!(ended.contains("the broker stops: connect again and start a new watcher"), "{ended}");
}

#[tokio::test(flavor = "multi_thread")]
async fn another_replica_goes_on_where_one_was_killed() {
    let (app, uuids) = with_models(&["3.6", "4.0"]).await;
    let (port, metrics) = (process::free_port(), process::free_port());
    let other = [
        ("JIMM_LISTEN_ADDR", format!("127.0.0.1:{port}")),
        ("JIMM_INTERNAL_LISTEN_ADDR", format!("127.0.0.1:{metrics}")),
    ];
    let token = app.token(ALICE).await.expect("a token");
    app.start_replica(&other).await.expect("a second replica");
    let door = Door { address: format!("localhost:{port}"), ca: app.door.ca.clone() };
    let (alice, _) = door.with_token(&token).await.expect("alice, at the second");
    let id = watcher(&alice, "WatchModelSummaries").await;
    assert_eq!(next(&alice, &id).await.len(), 2);
    let owners = "SELECT count(DISTINCT owner)::text FROM leases WHERE name LIKE 'summaries/%' AND lease_until > now()";
    assert_eq!(app.db.fetch(owners).await.expect("a row").as_deref(), Some("1"), "one keeps each controller");

    // What the first replica learns reaches who waits at the second.
    deploy(&app, &uuids[0], "web").await;
    until(&alice, &id, &uuids[0], |it| it["size"]["units"] == 1).await;

    app.kill_first();
    let (model, _) = door.to_model(&uuids[0], &token).await.expect("the model, at the second");
    let args = json!({"applications": [{"application": "db", "charm-url": "local:db-0", "num-units": 1}]});
    let _: Value = model.call("Application", 19, "Deploy", &args, LONG).await.expect("deployed");
    until(&alice, &id, &uuids[0], |it| it["size"]["units"] == 2).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_thousand_changes_cost_no_memory_whether_read_or_not() {
    const CHANGES: u32 = 100_000;
    let (app, uuids) = with_models(&["3.6"]).await;
    let readers = [app.connect(ALICE).await.expect("alice"), app.connect(ADMIN).await.expect("the admin")];
    let [alice, admin] = &readers;
    let id = watcher(alice, "WatchModelSummaries").await;
    next(alice, &id).await;
    // These are asked once, and never again.
    for _ in 0..10 {
        let idle = watcher(admin, "WatchAllModelSummaries").await;
        next(admin, &idle).await;
    }
    let change = |from: u32, to: u32| {
        format!(
            "DO $$ BEGIN FOR i IN {from}..{to} LOOP
                UPDATE models SET region = 'r' || i WHERE uuid = '{}'; COMMIT;
             END LOOP; END $$",
            uuids[0]
        )
    };
    // The first of them warm everything up.
    app.db.execute(&change(1, CHANGES / 10)).await.expect("changed");
    until(alice, &id, &uuids[0], |it| it["region"] == format!("r{}", CHANGES / 10)).await;
    let before = resident(app.broker_pid());
    let (_, read) = tokio::join!(
        async { app.db.execute(&change(CHANGES / 10 + 1, CHANGES)).await.expect("changed") },
        until(alice, &id, &uuids[0], |it| it["region"] == format!("r{CHANGES}")),
    );
    assert_eq!(read["region"], format!("r{CHANGES}"));
    let after = resident(app.broker_pid());
    assert!(after < before + 8 * 1024, "{before} KiB before and {after} KiB after {CHANGES} changes");
}

/// What a process keeps in memory, in KiB.
fn resident(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).expect("it runs");
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).expect("its memory");
    line.split_whitespace().nth(1).and_then(|kib| kib.parse().ok()).expect("a number")
}
