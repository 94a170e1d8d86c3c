//! A move that gets no further is noticed, and one that cannot get through is refused before anything happens.

use jimm_tests::process;
use serde_json::json;

use crate::support::{LONG, begin, broker, list, model, until, until_over};

#[tokio::test(flavor = "multi_thread")]
async fn a_move_that_gets_no_further_is_said_to_be_stuck_until_it_does() {
    let app = broker(["3.6", "3.6"], &[("JIMM_MIGRATION_STUCK_AFTER", "1s")]).await;
    let uuid = model(&app, "shop").await;
    app.sims[0].plan.turn("hold/VALIDATION").expect("holds");
    begin(&app, "sim2", &uuid).await;
    let shown =
        until(&app, &uuid, "it is stuck", |shown| shown["stuck-since"].is_string() && shown["phase"] == "validation")
            .await;
    let why = shown["stuck-reason"].as_str().unwrap_or_default();
    assert!(why.contains("have not all reached controller sim2") && why.contains("validating"), "{shown}");
    assert!(shown["next-step"].as_str().is_some_and(|it| it.contains("abort-migration")), "{shown}");
    assert_eq!(list(&app, &["--state", "stuck"]).await.len(), 1);
    let said = app.jimmctl(&["migrations", "--format", "tabular"]).await;
    assert!(said.out.contains("STUCK"), "{}", said.out);
    let told = metrics(&app);
    assert!(told.contains(r#"jimm_migrations{state="stuck"} 1"#), "{told}");
    assert!(told.contains(r#"jimm_migrations{state="running"} 1"#), "{told}");
    process::eventually("it is in the log", LONG, || async {
        app.broker_log().contains("move is stuck").then_some(())
    })
    .await;

    app.sims[0].plan.turn("release").expect("releases");
    let shown = until_over(&app, &uuid).await;
    assert_eq!((&shown["state"], shown.get("stuck-since")), (&json!("done"), None), "{shown}");
    assert_eq!(list(&app, &["--state", "stuck"]).await.len(), 0);
    let told = metrics(&app);
    assert!(told.contains(r#"jimm_migrations{state="stuck"} 0"#), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_login_that_the_target_does_not_take_any_more_refuses_the_move_before_anything_happens() {
    let app = broker(["3.6", "3.6"], &[]).await;
    let uuid = model(&app, "shop").await;
    crate::support::turn(&app.sims[1].plan, &["password-refused"], "on");
    for args in [&["check-migration", uuid.as_str(), "sim2"][..], &["migrate", "sim2", uuid.as_str()]] {
        let said = app.jimmctl(args).await;
        let text = format!("{}{}", said.out, said.err);
        assert!(said.code == 1 && text.contains("does not take the password of its user"), "{text}");
    }
    let rows = list(&app, &["--all"]).await;
    assert_eq!((rows.len(), &rows[0]["code"], rows[0].get("asked")), (1, &json!("refused"), None), "{rows:?}");
    crate::support::check_home(&app, &uuid, "sim1").await;
}

fn metrics(app: &jimm_tests::app::TestApp) -> String {
    process::http_get(app.plan.metrics_port, "/metrics").expect("metrics").1
}
