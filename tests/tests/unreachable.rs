//! A controller that is gone or silent: calls that concern others go on, and lists come back without it.

use std::time::{Duration, Instant};

use jimm_tests::app::TestApp;
use jimm_tests::broker::ADMIN;
use jimm_tests::chaos::{Weather, Wire};
use jimm_tests::given;
use serde_json::{Value, json};

#[tokio::test]
async fn a_silent_controller_blocks_nobody_else() {
    let mut app = TestApp::start().await;
    // The second controller is reached over a wire that can fall silent.
    let direct = app.sims[1].plan.clone();
    let wire = Wire::to(direct.port).await.expect("a wire");
    app.sims[1].plan.port = wire.address().port();
    app.attach_all().await;
    let admin = app.connect(ADMIN).await.expect("the admin");
    let cloud = given::cloud_of(&direct).await.expect("a cloud");
    given::upload_credential(&admin, &cloud, ADMIN).await.expect("a credential");
    let mut models = Vec::new();
    for (sim, host, name) in [(app.sims[0].plan.clone(), "sim1", "near"), (direct, "sim2", "far")] {
        let uuid = given::make_model(&sim, &cloud, name).await.expect("a model");
        let said = app.jimmctl(&["import-model", host, &uuid, "--owner", ADMIN]).await;
        assert_eq!(said.code, 0, "{}", said.err);
        models.push(uuid);
    }

    for weather in [Weather::Silent, Weather::Cut] {
        wire.set(weather);
        let begun = Instant::now();
        let near = app.connect_model(&models[0], ADMIN).await.expect("the near model");
        let status: Value = near
            .call("Client", 8, "FullStatus", &json!({"patterns": null}), Duration::from_secs(10))
            .await
            .expect("the near model answers");
        assert_eq!(status["model"]["name"], "near");
        let params = json!({"user-tag": format!("user-{ADMIN}"), "all": true});
        let summaries: Value = admin
            .call("ModelManager", 9, "ListModelSummaries", &params, Duration::from_secs(30))
            .await
            .expect("the list comes back");
        assert_eq!(summaries["results"].as_array().map(Vec::len), Some(2), "{summaries}");
        let listed = app.jimmctl(&["models", "--format", "json"]).await;
        assert!(listed.code == 0 && listed.out.contains("near") && listed.out.contains("far"), "{}", listed.err);
        assert!(begun.elapsed() < Duration::from_secs(30), "{weather:?} took {:?}", begun.elapsed());
    }

    // Back again, without anybody doing anything.
    wire.set(Weather::Fair);
    let uuid = &models[1];
    jimm_tests::process::eventually("the far model answers again", Duration::from_secs(60), || async {
        let far = app.connect_model(uuid, ADMIN).await.ok()?;
        let asked: Result<Value, _> =
            far.call("Client", 8, "FullStatus", &json!({"patterns": null}), Duration::from_secs(10)).await;
        asked.ok()
    })
    .await;
}
