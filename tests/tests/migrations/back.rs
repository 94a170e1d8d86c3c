//! A 4.1 source keeps the model that left, looking alive: nobody is sent there again, nothing of it is destroyed, and it
//! is said why the model cannot come back.

use jimm_tests::broker::ADMIN;
use jimm_tests::given;

use crate::support::{broker, check_home, model, text, until};

#[tokio::test(flavor = "multi_thread")]
async fn the_copy_that_a_4_1_source_keeps_is_left_alone_and_keeps_the_model_from_coming_back() {
    let app = broker(["4.1", "4.1"], &[]).await;
    let uuid = model(&app, "shop").await;
    let said = app.jimmctl(&["migrate", "sim2", &uuid]).await;
    assert_eq!(said.code, 0, "{}", text(&said));
    assert!(text(&said).contains("a copy of it remains on controller sim1"), "{}", text(&said));
    check_home(&app, &uuid, "sim2").await;
    until(&app, &uuid, "it is noted that the source keeps it", |shown| {
        shown["aftercare"].as_array().is_some_and(|all| all.iter().any(|it| it["outcome"] == "kept"))
    })
    .await;
    assert!(given::has_model(&app.sims[0].plan, &uuid).await.expect("it answers"), "the copy looks alive");

    for args in [&["check-migration", uuid.as_str(), "sim1"][..], &["migrate", "sim1", uuid.as_str()]] {
        let said = app.jimmctl(args).await;
        let told = text(&said);
        assert_ne!(said.code, 0, "{told}");
        assert!(told.contains("it moved away from there with migration 1"), "{told}");
        assert!(told.contains("cannot come back to a controller that still has it"), "{told}");
    }
    check_home(&app, &uuid, "sim2").await;

    // Destroyed, it goes where it lives; the copy is nobody's to destroy.
    let admin = app.connect(ADMIN).await.expect("the admin");
    let params = serde_json::json!({"models": [{"model-tag": format!("model-{uuid}"), "destroy-storage": true}]});
    let told: serde_json::Value =
        admin.call("ModelManager", 10, "DestroyModels", &params, crate::support::LONG).await.expect("an answer");
    assert!(told["results"][0].get("error").is_none(), "{told}");
    jimm_tests::process::eventually("it is gone", crate::support::LONG, || async {
        let there = given::has_model(&app.sims[1].plan, &uuid).await.ok()?;
        (!there).then_some(())
    })
    .await;
    assert!(given::has_model(&app.sims[0].plan, &uuid).await.expect("it answers"), "the copy is untouched");
    app.connect_model(&uuid, ADMIN).await.expect_err("nobody is sent to the copy");

    // It is still known for what it is: nobody is told to import it, and it does not keep the controller from being empty.
    jimm_tests::process::eventually("the copy is found", crate::support::LONG, || async {
        let said = text(&app.jimmctl(&["doctor"]).await);
        assert!(!said.contains("model-without-record"), "{said}");
        said.contains("has left the broker since").then_some(())
    })
    .await;
    model(&app, "other").await;
    let plan = app.dir().join("drain.yaml").display().to_string();
    let said = app.jimmctl(&["plan-drain", "sim1", "-o", &plan]).await;
    assert_eq!(said.code, 0, "{}", text(&said));
    let said = app.jimmctl(&["apply-plan", &plan]).await;
    let told = text(&said);
    assert!(said.code == 0 && told.contains("empty: true"), "{told}");
    assert!(told.contains(&format!("{uuid}), which is gone since")), "{told}");
}
