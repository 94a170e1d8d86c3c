//! A model that is sent to a controller outside the broker, and does not get there.

use jimm_tests::broker::ADMIN;
use jimm_tests::process;
use jimm_tests::sim::{Controller, Options};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::{LONG, broker, model, record};

/// A controller of 4.1 tells nothing of its migrations: that it lets people work with the model again says that they came
/// to nothing.
#[tokio::test(flavor = "multi_thread")]
async fn a_model_that_comes_to_nothing_outside_stays() {
    let app = broker(["4.1", "4.1"], &[("JIMM_MODEL_POLL_INTERVAL", "1s")]).await;
    let uuid = model(&app, "shop").await;
    let options = Options { name: "outside".into(), shape: "4.1".parse().expect("a shape"), ..Options::default() };
    let outside = Controller::start(options).await.expect("a target");
    outside.failures().set("import-error", true).expect("a switch");
    let admin = app.connect(ADMIN).await.expect("the admin");
    let target = json!({"controller-tag": format!("controller-{}", Uuid::new_v4()), "addrs": [outside.address()],
                        "ca-cert": outside.ca_pem(), "auth-tag": "user-admin", "password": "sim-password"});
    let specs = json!({"specs": [{"model-tag": format!("model-{uuid}"), "target-info": target}]});
    let answer: Value = admin.call("Controller", 12, "InitiateMigration", &specs, LONG).await.expect("an answer");
    assert!(answer["results"][0]["error"].is_null(), "{answer}");
    assert_eq!(record(&app, &uuid).await.1, "exporting");
    // Long after it was asked.
    let later = "UPDATE departures SET asked_at = asked_at - interval '5 minutes'";
    app.db.execute(later).await.expect("the database");
    process::eventually("it is usable there", LONG, || async {
        let seen = "SELECT 'yes' FROM departures WHERE usable_since IS NOT NULL";
        app.db.fetch(seen).await.expect("the database")
    })
    .await;
    assert_eq!(record(&app, &uuid).await.1, "exporting", "one look is none");
    let later = "UPDATE departures SET usable_since = usable_since - interval '1 minute'";
    app.db.execute(later).await.expect("the database");
    process::eventually("it stays", LONG, || async { record(&app, &uuid).await.1.is_empty().then_some(()) }).await;
    let left = app.db.fetch("SELECT count(*)::text FROM departures").await.expect("the database");
    assert_eq!(left.as_deref(), Some("0"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_controller_that_cannot_be_reached_keeps_its_models_as_they_are() {
    let app = broker(["3.6", "3.6"], &[]).await;
    let uuid = model(&app, "shop").await;
    app.sims[0].kill();
    let admin = app.connect(ADMIN).await.expect("the admin");
    let target = json!({"controller-tag": format!("controller-{}", Uuid::new_v4()), "addrs": ["127.0.0.1:1"],
                        "ca-cert": "x", "auth-tag": "user-admin", "password": "p"});
    let specs = json!({"specs": [{"model-tag": format!("model-{uuid}"), "target-info": target}]});
    let answer: Value = admin.call("Controller", 12, "InitiateMigration", &specs, LONG).await.expect("an answer");
    let why = answer["results"][0]["error"]["message"].as_str().unwrap_or_default();
    assert!(why.contains("sim1"), "{answer}");
    assert_eq!(record(&app, &uuid).await.1, "");
}
