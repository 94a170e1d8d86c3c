//! What was left behind is found, told and, where that is safe, repaired; and looking changes nothing.

use std::time::Duration;

use jimm_tests::app::{AppOptions, TestApp};
use jimm_tests::broker::ADMIN;
use jimm_tests::simulated::SimPlan;
use jimm_tests::{given, process};
use serde_json::{Value, json};

const LONG: Duration = Duration::from_secs(60);

/// A broker with two controllers of 3.6 whose cloud has a credential.
async fn with_controllers() -> (TestApp, String) {
    let app = TestApp::with(AppOptions { sims: vec!["3.6".into(), "3.6".into()], env: Vec::new() }).await;
    app.attach_all().await;
    let cloud = given::cloud_of(&app.sims[0].plan).await.expect("a cloud");
    let admin = app.connect(ADMIN).await.expect("the admin");
    given::upload_credential(&admin, &cloud, ADMIN).await.expect("a credential");
    (app, cloud)
}

async fn with_record(app: &TestApp, cloud: &str, name: &str) -> String {
    let sim = &app.sims[0].plan;
    let uuid = given::make_model(sim, cloud, name).await.expect("a model");
    let said = app.jimmctl(&["import-model", &sim.name, &uuid, "--owner", ADMIN]).await;
    assert_eq!(said.code, 0, "{}", said.err);
    uuid
}

/// Asks a controller as its own superuser, behind the broker's back.
async fn ask(sim: &SimPlan, facade: &str, version: u32, method: &str, params: Value) -> Value {
    let door = sim.door().expect("it runs");
    let (connection, _) = door.with_password("/api", &sim.user, &sim.password).await.expect("a login");
    connection.call(facade, version, method, &params, LONG).await.expect("an answer")
}

/// Moves a model without the broker.
async fn move_away(app: &TestApp, uuid: &str) {
    let (source, target) = (&app.sims[0].plan, &app.sims[1].plan);
    let info = json!({"controller-tag": format!("controller-{}", target.uuid), "controller-alias": target.name,
        "addrs": [target.address()], "ca-cert": target.door().expect("it runs").ca, "auth-tag": format!("user-{}", target.user),
        "password": target.password, "skip-user-checks": true});
    let specs = json!({"specs": [{"model-tag": format!("model-{uuid}"), "target-info": info}]});
    let answer = ask(source, "Controller", 12, "InitiateMigration", specs).await;
    assert!(answer["results"][0].get("error").is_none(), "{answer}");
}

async fn doctor(app: &TestApp) -> Value {
    let said = app.jimmctl(&["doctor", "--format", "json"]).await;
    let report: Value = serde_json::from_str(&said.out).unwrap_or_else(|_| panic!("{}{}", said.out, said.err));
    let healthy = report["findings"] == json!([]) && report.get("not-looked-at").is_none();
    assert_eq!(said.code == 0, healthy, "{report}{}", said.err);
    report
}

fn findings<'a>(report: &'a Value, kind: &str) -> Vec<&'a Value> {
    report["findings"].as_array().expect("findings").iter().filter(|it| it["kind"] == kind).collect()
}

/// The one finding of that kind, as soon as it is there.
async fn found(app: &TestApp, kind: &str) -> Value {
    process::eventually(kind, LONG, || async { findings(&doctor(app).await, kind).first().map(|it| (*it).clone()) })
        .await
}

async fn repair(app: &TestApp, finding: &Value) -> String {
    let said =
        app.jimmctl(&["doctor", "--repair", finding["id"].as_str().expect("an id"), "-y", "--format", "json"]).await;
    assert_eq!(said.code, 0, "{finding}: {}", said.err);
    said.out
}

#[tokio::test(flavor = "multi_thread")]
async fn what_happened_behind_the_brokers_back_is_found_and_repaired_when_asked() {
    let (app, cloud) = with_controllers().await;
    let (moved, gone, half) = (
        with_record(&app, &cloud, "moved").await,
        with_record(&app, &cloud, "gone").await,
        with_record(&app, &cloud, "half").await,
    );
    let healthy = doctor(&app).await;
    assert_eq!((&healthy["findings"], &healthy["models"], &healthy["controllers"]), (&json!([]), &json!(3), &json!(2)));

    // Destroyed, and made, by others.
    let sim = &app.sims[0].plan;
    let params = json!({"models": [{"model-tag": format!("model-{gone}"), "destroy-storage": true, "force": true}]});
    ask(sim, "ModelManager", 9, "DestroyModels", params).await;
    let missing = found(&app, "record-without-model").await;
    assert_eq!((&missing["model-uuid"], &missing["repairable"]), (&json!(gone), &json!(true)), "{missing}");
    let stray = given::make_model(sim, &cloud, "stray").await.expect("a model");
    let unknown = found(&app, "model-without-record").await;
    assert!(
        unknown["repair"].as_str().is_some_and(|it| it.starts_with(&format!("jimmctl import-model sim1 {stray}"))),
        "{unknown}"
    );
    // Half a move, and a whole one.
    for switch in ["abort-unreachable", "silent-agents"] {
        sim.turn(&format!("fail/{switch}/on")).expect("a switch");
    }
    sim.turn("hold/VALIDATION").expect("holds");
    move_away(&app, &half).await;
    let coming = found(&app, "half-imported").await;
    let said = app.jimmctl(&["doctor", "--repair", coming["id"].as_str().expect("an id"), "-y"]).await;
    assert!(said.code == 1 && said.err.contains("may be moving at this moment"), "{}{}", said.out, said.err);
    sim.turn("release").expect("releases");
    let left = process::eventually("half a model is left", LONG, || async {
        let report = doctor(&app).await;
        let models =
            ask(sim, "ModelManager", 9, "ModelInfo", json!({"entities": [{"tag": format!("model-{half}")}]})).await;
        let ended = models["results"][0]["result"]["migration"]["end"].is_string();
        findings(&report, "half-imported").first().filter(|_| ended).map(|it| (*it).clone())
    })
    .await;
    assert_eq!((&left["model-uuid"], &left["controller"]), (&json!(half), &json!("sim2")), "{left}");
    for switch in ["abort-unreachable", "silent-agents"] {
        sim.turn(&format!("fail/{switch}/off")).expect("a switch");
    }
    move_away(&app, &moved).await;
    let elsewhere = found(&app, "moved-elsewhere").await;
    assert_eq!(elsewhere["repair"], format!("jimmctl update-migrated-model sim2 {moved}"));

    // Looking has changed nothing.
    let before = doctor(&app).await;
    assert_eq!(doctor(&app).await, before);
    let listed = app.jimmctl(&["models", "--all", "--format", "json"]).await.out;
    assert!(listed.contains(&gone) && !listed.contains(&stray), "{listed}");

    // Only who is asked, and only what is safe.
    let said = app.jimmctl_told(&["doctor", "--repair", missing["id"].as_str().expect("an id")], "n\n").await;
    assert!(said.code == 1 && said.err.contains("does not have") && said.err.contains("not agreed"), "{}", said.err);
    let said = app.jimmctl(&["doctor", "--repair", unknown["id"].as_str().expect("an id"), "-y"]).await;
    assert!(
        said.code == 1 && said.err.contains("does not repair that by itself: jimmctl import-model"),
        "{}",
        said.err
    );
    assert!(repair(&app, &missing).await.contains("is archived"));
    assert!(repair(&app, &left).await.contains("has given up the import"));
    assert!(repair(&app, &elsewhere).await.contains("says controller sim2 now"));
    let said = app.jimmctl(&["import-model", "sim1", &stray, "--owner", ADMIN]).await;
    assert_eq!(said.code, 0, "{}", said.err);
    assert_eq!(doctor(&app).await["findings"], json!([]));
    let said = app.jimmctl(&["doctor", "--repair", missing["id"].as_str().expect("an id"), "-y"]).await;
    assert!(said.code == 1 && said.err.contains("it is gone, or never was"), "{}", said.err);

    // The record is archived, and it is told.
    let archived = app.jimmctl(&["models", "--archived", "--format", "json"]).await;
    let archived: Vec<Value> = serde_json::from_str(&archived.out).expect("JSON");
    assert_eq!(
        (archived.len(), &archived[0]["uuid"], &archived[0]["controller-name"]),
        (1, &json!(gone), &json!("sim1"))
    );
    process::eventually("that is among the events", LONG, || async {
        let events = app.jimmctl(&["events", "--after", "0", "--limit", "1000", "--format", "json"]).await.out;
        (events.contains("model.archived") && events.contains("model.repaired")).then_some(())
    })
    .await;
    let alice = app.token("alice@example.com").await.expect("alice");
    assert_eq!(app.jimmctl_as(&alice, &["doctor"]).await.code, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_source_keeps_is_never_to_be_destroyed_and_a_restored_controller_is_seen_as_one() {
    let (app, cloud) = with_controllers().await;
    let (uuid, lacking) = (with_record(&app, &cloud, "shop").await, with_record(&app, &cloud, "lacking").await);
    let sim = &app.sims[0].plan;
    sim.turn("fail/reap-failed/on").expect("a switch");
    let said = app.jimmctl(&["migrate", "sim2", &uuid]).await;
    assert_eq!(said.code, 0, "{}", said.err);
    let left = found(&app, "left-on-source").await;
    assert_eq!((&left["controller"], &left["model-uuid"]), (&json!("sim1"), &json!(uuid)), "{left}");
    assert!(
        left["repair"].as_str().is_some_and(|it| it.starts_with("leave it: ")) && left.get("repairable").is_none(),
        "{left}"
    );
    assert!(findings(&doctor(&app).await, "controller-restored").is_empty());
    let params = json!({"models": [{"model-tag": format!("model-{lacking}"), "destroy-storage": true, "force": true}]});
    ask(sim, "ModelManager", 9, "DestroyModels", params).await;
    let restored = found(&app, "controller-restored").await;
    assert!(restored["what"].as_str().is_some_and(|it| it.contains("looks restored from an old backup")), "{restored}");

    // What the broker's own tables tell.
    app.db
        .execute(&format!("UPDATE models SET mode = 'migrating-internal' WHERE uuid = '{uuid}'"))
        .await
        .expect("changed");
    app.db
        .execute("INSERT INTO jobs (kind, key, state, lease_owner, lease_until) VALUES ('of-nobody', 'x', 'running', 'dead', now() - interval '1 hour')")
        .await
        .expect("a job");
    let stranded = found(&app, "move-without-job").await;
    assert_eq!(findings(&doctor(&app).await, "job-without-owner").len(), 1);
    repair(&app, &stranded).await;
    assert!(findings(&doctor(&app).await, "move-without-job").is_empty());

    // Nobody is accused who was not asked.
    app.sims[0].kill();
    let report = process::eventually("the other is not looked at", LONG, || async {
        let report = doctor(&app).await;
        (report["not-looked-at"][0]["controller"] == "sim1").then_some(report)
    })
    .await;
    assert!(
        findings(&report, "record-without-model").is_empty() && findings(&report, "left-on-source").is_empty(),
        "{report}"
    );
    assert_eq!(report["controllers"], 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_model_in_use_on_two_controllers_is_nobodys_to_repair_but_its_owners() {
    let (app, cloud) = with_controllers().await;
    let uuid = with_record(&app, &cloud, "shop").await;
    // A move without the broker, of which the source keeps its copy.
    app.sims[0].plan.turn("fail/reap-failed/on").expect("a switch");
    move_away(&app, &uuid).await;
    let both = found(&app, "on-both-sides").await;
    assert_eq!((&both["controller"], &both["model-uuid"]), (&json!("sim2"), &json!(uuid)), "{both}");
    let told = |key: &str, text: &str| both[key].as_str().is_some_and(|it| it.contains(text));
    assert!(told("what", "is on controller sim1, which the record names, and in use on sim2 too"), "{both}");
    assert!(told("repair", &format!("jimmctl update-migrated-model sim2 {uuid}")), "{both}");
    assert!(told("repair", "Destroy neither"), "{both}");
    let said = app.jimmctl(&["doctor", "--repair", both["id"].as_str().expect("an id"), "-y"]).await;
    assert!(said.code == 1 && said.err.contains("does not repair that by itself"), "{}", said.err);
    assert_eq!(findings(&doctor(&app).await, "on-both-sides").len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn more_missing_models_than_are_asked_about_are_counted() {
    let (app, cloud) = with_controllers().await;
    let uuid = with_record(&app, &cloud, "shop").await;
    let ghosts = format!(
        "INSERT INTO models SELECT (jsonb_populate_record(m, jsonb_build_object('uuid', gen_random_uuid(), 'name', 'ghost' || n))).* \
         FROM models m, generate_series(1, 203) n WHERE m.uuid = '{uuid}'"
    );
    assert_eq!(app.db.execute(&ghosts).await.expect("the database"), 203);
    let said = app.jimmctl(&["doctor", "--format", "json"]).await;
    let report: Value = serde_json::from_str(&said.out).unwrap_or_else(|_| panic!("{}{}", said.out, said.err));
    assert_eq!((findings(&report, "record-without-model").len(), &report["unasked"]), (200, &json!(3)));
    assert!(said.code == 1 && said.err.contains("200 findings, and 3 models were not looked at"), "{}", said.err);
    let said = app.jimmctl(&["doctor", "--format", "tabular"]).await;
    assert!(said.out.contains("not looked at: 3 more models that their controllers do not list"), "{}", said.out);
}
