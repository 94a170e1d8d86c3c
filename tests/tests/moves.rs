//! Adoption and moves, with the broker killed in the middle: afterwards every model has exactly one home, the right one,
//! with the right rights.

use std::time::Duration;

use jimm_tests::app::{AppOptions, Said, TestApp};
use jimm_tests::broker::ADMIN;
use jimm_tests::{given, process};
use serde_json::Value;

const LONG: Duration = Duration::from_secs(90);

/// A broker with its controllers attached and a model on the first one.
async fn with_model(shapes: [&str; 2]) -> (TestApp, String) {
    let sims = shapes.map(str::to_owned).to_vec();
    let app = TestApp::with(AppOptions { sims, env: Vec::new() }).await;
    app.attach_all().await;
    let sim = &app.sims[0].plan;
    let cloud = given::cloud_of(sim).await.expect("a cloud");
    let admin = app.connect(ADMIN).await.expect("the admin");
    given::upload_credential(&admin, &cloud, ADMIN).await.expect("a credential");
    let uuid = given::make_model(sim, &cloud, "shop").await.expect("a model");
    (app, uuid)
}

async fn adopt(app: &TestApp, uuid: &str) -> Said {
    app.jimmctl(&["import-model", "sim1", uuid, "--owner", ADMIN]).await
}

/// The controller that the broker's record names.
async fn home(app: &TestApp, uuid: &str) -> Option<String> {
    let sql =
        format!("SELECT c.name FROM models m JOIN controllers c ON c.uuid = m.controller_uuid WHERE m.uuid = '{uuid}'");
    app.db.fetch(&sql).await.expect("the database")
}

/// Every tuple about the model, as text.
async fn rights(app: &TestApp, uuid: &str) -> String {
    let sql = format!(
        "SELECT coalesce(string_agg(t, ' ' ORDER BY t), '') FROM (SELECT relation || ':' || subject_kind || ':' || subject_id AS t \
         FROM relation_tuples WHERE object_kind = 'model' AND object_id = '{uuid}') AS tuples"
    );
    app.db.fetch(&sql).await.expect("the database").unwrap_or_default()
}

/// Waits until no move is under way.
async fn settled(app: &TestApp) {
    process::eventually("the moves come to an end", LONG, || async {
        let live = app
            .db
            .fetch("SELECT count(*)::text FROM jobs WHERE kind = 'migrate-model' AND state IN ('pending', 'running')");
        let busy = app.db.fetch("SELECT count(*)::text FROM models WHERE mode <> ''");
        let (live, busy) = (live.await.ok()??, busy.await.ok()??);
        (live == "0" && busy == "0").then_some(())
    })
    .await;
}

/// The model lives where the broker says and nowhere else, and the owner reaches it through the broker.
async fn check_one_home(app: &TestApp, uuid: &str) -> String {
    let home = home(app, uuid).await.expect("the broker keeps its record");
    for sim in &app.sims {
        let (is_home, what) = (sim.plan.name == home, format!("recorded on {home}, looked on {}", sim.plan.name));
        // A move is over when the target has the model: the source removes its copy a moment later.
        process::eventually(&what, LONG, || async {
            let there = given::has_model(&sim.plan, uuid).await.expect("the controller answers");
            assert!(there || !is_home, "{what}");
            (there == is_home).then_some(())
        })
        .await;
    }
    let expected = app.sims.iter().find(|sim| sim.plan.name == home).expect("a controller of ours");
    let rights = rights(app, uuid).await;
    assert!(rights.contains(&format!("administrator:user:{ADMIN}")), "{rights}");
    assert_eq!(rights.matches("controller:controller:").count(), 1, "{rights}");
    assert!(rights.contains(&expected.plan.uuid), "{rights}");
    let model = app.connect_model(uuid, ADMIN).await.expect("the owner logs in to the model");
    let params = serde_json::json!({"patterns": null});
    let status: Value = model
        .call("Client", 8, "FullStatus", &params, Duration::from_secs(30))
        .await
        .expect("the model answers through the broker");
    assert_eq!(status["model"]["name"], "shop");
    home
}

#[tokio::test]
async fn a_model_is_adopted_and_moved_and_moved_back() {
    let (app, uuid) = with_model(["3.6", "3.6"]).await;
    let said = adopt(&app, &uuid).await;
    assert_eq!(said.code, 0, "{}", said.err);
    assert_eq!(check_one_home(&app, &uuid).await, "sim1");
    let again = adopt(&app, &uuid).await;
    assert!(again.code == 1 && again.err.contains("model already exists"), "{}", again.err);

    for target in ["sim2", "sim1"] {
        let said = app.jimmctl(&["migrate", target, &uuid]).await;
        assert_eq!(said.code, 0, "{}\n{}", said.out, said.err);
        settled(&app).await;
        assert_eq!(check_one_home(&app, &uuid).await, target);
    }
}

#[tokio::test]
async fn a_model_moves_from_3_6_to_4() {
    let (app, uuid) = with_model(["3.6", "4.0"]).await;
    assert_eq!(adopt(&app, &uuid).await.code, 0);
    let said = app.jimmctl(&["migrate", "sim2", &uuid]).await;
    assert_eq!(said.code, 0, "{}\n{}", said.out, said.err);
    settled(&app).await;
    assert_eq!(check_one_home(&app, &uuid).await, "sim2");
}

#[tokio::test]
async fn a_broker_killed_in_the_middle_of_moves_finishes_them() {
    let (app, uuid) = with_model(["3.6", "3.6"]).await;
    assert_eq!(adopt(&app, &uuid).await.code, 0);
    let mut target = "sim2";
    for after in [0, 60, 120, 200, 350, 600, 1000, 1600] {
        let args = ["migrate", target, uuid.as_str(), "--no-wait"];
        // The command may or may not have got its answer when the broker dies.
        let (_, ()) = tokio::join!(app.jimmctl(&args), async {
            tokio::time::sleep(Duration::from_millis(after)).await;
            app.kill_broker();
        });
        app.start_broker().await.expect("starts again");
        settled(&app).await;
        let home = check_one_home(&app, &uuid).await;
        target = if home == "sim1" { "sim2" } else { "sim1" };
    }
}

#[tokio::test]
async fn a_broker_killed_in_the_middle_of_an_adoption_has_all_of_it_or_nothing() {
    let (app, uuid) = with_model(["3.6", "3.6"]).await;
    for after in [5, 15, 30, 60, 120, 250] {
        let (_, ()) = tokio::join!(adopt(&app, &uuid), async {
            tokio::time::sleep(Duration::from_millis(after)).await;
            app.kill_broker();
        });
        app.start_broker().await.expect("starts again");
        let (home, rights) = (home(&app, &uuid).await, rights(&app, &uuid).await);
        assert_eq!(home.is_some(), !rights.is_empty(), "record {home:?}, rights {rights:?}");
        if home.is_some() {
            break;
        }
    }
    let said = adopt(&app, &uuid).await;
    assert!(said.code == 0 || said.err.contains("already exists"), "{}", said.err);
    assert_eq!(check_one_home(&app, &uuid).await, "sim1");
}

#[tokio::test]
async fn two_replicas_share_the_moves() {
    let (app, uuid) = with_model(["3.6", "3.6"]).await;
    assert_eq!(adopt(&app, &uuid).await.code, 0);
    let listen = |port: u16| format!("127.0.0.1:{port}");
    let second = [
        ("JIMM_LISTEN_ADDR", listen(process::free_port())),
        ("JIMM_INTERNAL_LISTEN_ADDR", listen(process::free_port())),
    ];
    app.start_replica(&second).await.expect("a second broker on the same database");
    let said = app.jimmctl(&["migrate", "sim2", &uuid]).await;
    assert_eq!(said.code, 0, "{}\n{}", said.out, said.err);
    settled(&app).await;
    assert_eq!(check_one_home(&app, &uuid).await, "sim2");
    let moves =
        app.db.fetch("SELECT count(*)::text FROM jobs WHERE kind = 'migrate-model'").await.expect("the database");
    assert_eq!(moves.as_deref(), Some("1"));
}

#[tokio::test]
async fn a_broker_killed_in_each_phase_finishes_the_move() {
    let (app, uuid) = with_model(["3.6", "3.6"]).await;
    assert_eq!(adopt(&app, &uuid).await.code, 0);
    let mut at = 0;
    for phase in ["QUIESCE", "IMPORT", "VALIDATION", "SUCCESS", "LOGTRANSFER", "REAP"] {
        let (source, target) = (&app.sims[at].plan, &app.sims[1 - at].plan);
        source.turn(&format!("hold/{phase}")).expect("holds");
        let said = app.jimmctl(&["migrate", &target.name, &uuid, "--no-wait"]).await;
        assert_eq!(said.code, 0, "{phase}: {}", said.err);
        app.kill_broker();
        app.start_broker().await.expect("starts again");
        if matches!(phase, "QUIESCE" | "IMPORT" | "VALIDATION") {
            assert_eq!(home(&app, &uuid).await.as_deref(), Some(source.name.as_str()), "{phase}");
        }
        source.turn("release").expect("releases");
        settled(&app).await;
        assert_eq!(check_one_home(&app, &uuid).await, target.name, "{phase}");
        at = 1 - at;
    }
}

#[tokio::test]
async fn a_move_that_aborts_leaves_the_model_where_it_was_and_keeps_the_reason() {
    let (app, uuid) = with_model(["3.6", "3.6"]).await;
    assert_eq!(adopt(&app, &uuid).await.code, 0);
    app.sims[0].plan.turn("fail/import-error/on").expect("a switch");
    let said = app.jimmctl(&["migrate", "sim2", &uuid]).await;
    assert_ne!(said.code, 0, "{}\n{}", said.out, said.err);
    settled(&app).await;
    assert_eq!(check_one_home(&app, &uuid).await, "sim1");
    let kept = app.db.fetch("SELECT error FROM jobs WHERE kind = 'migrate-model' ORDER BY id DESC LIMIT 1").await;
    assert!(kept.expect("the database").is_some_and(|error| !error.is_empty()), "the reason is kept");

    app.sims[0].plan.turn("fail/import-error/off").expect("a switch");
    let said = app.jimmctl(&["migrate", "sim2", &uuid]).await;
    assert_eq!(said.code, 0, "{}\n{}", said.out, said.err);
    assert_eq!(check_one_home(&app, &uuid).await, "sim2");
}
