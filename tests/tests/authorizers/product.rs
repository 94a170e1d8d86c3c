//! The built broker with a real OpenFGA server beside it, and `jimmctl check-access` with and without one.

use std::sync::Arc;
use std::time::Duration;

use jimm_authz::{OpenFga, OpenFgaSettings};
use jimm_tests::app::{AppOptions, Said, TestApp};
use jimm_tests::openfga::{Keeps, OpenFgaServer};
use jimm_tests::pki::Ca;
use jimm_tests::process::{eventually, http_get};

use crate::world::{settings, tuple};

const SOON: Duration = Duration::from_secs(30);

async fn app(server: &OpenFgaServer) -> TestApp {
    TestApp::with(AppOptions { sims: vec!["3.6".into()], env: server.environment() }).await
}

async fn ok(app: &TestApp, args: &[&str]) -> String {
    let Said { out, err, code } = app.jimmctl(args).await;
    assert_eq!(code, 0, "{args:?}: {err}\n{out}");
    out
}

fn ready(app: &TestApp) -> (u16, String) {
    http_get(app.plan.metrics_port, "/readyz").expect("the broker answers")
}

const GIVE: [&str; 4] = ["add-permission", "user-bob@example.com", "can_addmodel", "controller-jimm"];
const TAKE: [&str; 4] = ["remove-permission", "user-bob@example.com", "can_addmodel", "controller-jimm"];
const ASK: [&str; 5] = ["check-permission", "--exit-code", "user-bob@example.com", "can_addmodel", "controller-jimm"];

#[tokio::test]
async fn openfga_decides_over_tls_and_what_differs_is_put_right() {
    let dir = tempfile::tempdir().unwrap();
    let files = Ca::new("ca of OpenFGA").unwrap().write(dir.path()).unwrap();
    let Some(server) = OpenFgaServer::with(Keeps::Nothing, Some(files.clone())).await else { return };
    let app = app(&server).await;
    app.attach_all().await;
    ok(&app, &GIVE).await;
    ok(&app, &ASK).await;
    let said = ok(&app, &["check-access", "--format", "tabular"]).await;
    assert!(said.contains("OpenFGA decides") && said.ends_with("Nothing differs.\n"), "{said}");

    let aside = OpenFgaSettings {
        tls: true,
        host: "localhost".into(),
        ca_cert: Some(files.ca),
        store: format!("jimm-{}", app.plan.uuid),
        ..settings(&server)
    };
    let aside = OpenFga::open(&aside, None, Arc::new(|_, _, _| {})).await.unwrap();
    let eve = tuple(&format!("user:eve@example.com administrator controller:{}", app.plan.uuid));
    let bob = tuple(&format!("user:bob@example.com can_addmodel controller:{}", app.plan.uuid));
    aside.write(&[eve], std::slice::from_ref(&bob)).await.unwrap();
    assert_eq!(app.jimmctl(&ASK).await.code, 1, "that is what has to be found");
    let said = app.jimmctl(&["check-access", "--format", "tabular"]).await;
    assert_eq!(said.code, 3, "{}", said.err);
    assert!(said.out.contains("missing in OpenFGA  user-bob@example.com"), "{}", said.out);
    assert!(said.out.contains("only in OpenFGA     user-eve@example.com"), "{}", said.out);
    assert!(said.err.contains("2 differences found") && said.err.contains("--reconcile"), "{}", said.err);

    let said = ok(&app, &["check-access", "--reconcile", "--format", "json"]).await;
    let answer: serde_json::Value = serde_json::from_str(&said).unwrap();
    assert_eq!((&answer["missing-count"], &answer["extra-count"]), (&1.into(), &1.into()), "{answer}");
    assert_eq!(answer["reconciled"], true);
    ok(&app, &ASK).await;
    ok(&app, &["check-access"]).await;
    assert!(aside.has(&bob).await.unwrap());

    ok(&app, &TAKE).await;
    assert_eq!(app.jimmctl(&ASK).await.code, 1);
    let (_, metrics) = http_get(app.plan.metrics_port, "/metrics").unwrap();
    assert!(metrics.contains(r#"jimm_openfga_call_duration_seconds_count{method="Check"}"#), "{metrics}");
    assert!(metrics.contains("jimm_openfga_untold 0\n"), "{metrics}");
    assert!(!app.broker_log().contains(jimm_tests::openfga::KEY));
}

#[tokio::test]
async fn without_openfga_nobody_may_do_anything_and_nothing_is_lost() {
    let Some(server) = OpenFgaServer::with(Keeps::File, None).await else { return };
    let app = app(&server).await;
    ok(&app, &GIVE).await;
    let connection = app.connect_admin().await.unwrap();
    server.kill();

    let said = app.jimmctl(&ASK).await;
    assert_eq!(said.code, 1);
    assert!(said.err.contains("failed request to OpenFGA: OpenFGA does not answer"), "{}", said.err);
    let params = serde_json::json!({});
    let call = connection.call::<_, serde_json::Value>("JIMM", 4, "ListGroups", &params, SOON);
    match call.await.unwrap_err() {
        jimm_rpc::CallError::Remote(error) => assert_eq!(error.code, "failed request to OpenFGA", "{error:?}"),
        other => panic!("{other:?}"),
    }
    let (status, text) = ready(&app);
    assert_eq!((status, text.contains("OpenFGA does not answer")), (503, true), "{text}");
    let (_, text) = http_get(app.plan.metrics_port, "/debug/status").unwrap();
    let status: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(status["openfga"]["Passed"], false, "{text}");

    // A job takes the right away; the broker dies before anybody could be told.
    let taken = "DELETE FROM relation_tuples WHERE subject_id = 'bob@example.com'";
    assert_eq!(app.db.execute(taken).await.unwrap(), 1);
    let (_, metrics) = http_get(app.plan.metrics_port, "/metrics").unwrap();
    assert!(metrics.contains("jimm_openfga_untold 1\n"), "{metrics}");
    app.kill_broker();
    server.restart().unwrap();
    app.start_broker().await.unwrap();
    assert_eq!(app.jimmctl(&ASK).await.code, 1);
    let said = ok(&app, &["check-access", "--format", "tabular"]).await;
    assert!(said.ends_with("Nothing differs.\n"), "{said}");
}

#[tokio::test]
async fn a_broker_that_comes_before_openfga_waits_for_it() {
    let Some(server) = OpenFgaServer::start().await else { return };
    let app = app(&server).await;
    app.kill_broker();
    server.kill();
    let before = app.broker_log().len();
    let mut starting = Box::pin(app.start_broker());
    let waits = eventually("it waits for OpenFGA", SOON, async || {
        app.broker_log()[before..].contains("OpenFGA is waited for").then_some(())
    });
    tokio::select! {
        started = &mut starting => panic!("it is ready without OpenFGA: {started:?}"),
        () = waits => {}
    }
    server.restart().unwrap();
    tokio::time::timeout(SOON, starting).await.expect("in time").expect("ready once OpenFGA is there");
    ok(&app, &GIVE).await;
    ok(&app, &ASK).await;

    // And one that goes away for a while is noticed when it is back.
    server.kill();
    eventually("not ready", SOON, async || (ready(&app).0 == 503).then_some(())).await;
    server.restart().unwrap();
    eventually("ready again, with all rights", SOON, async || (ready(&app).0 == 200).then_some(())).await;
    ok(&app, &ASK).await;
}

#[tokio::test]
async fn rights_on_things_that_are_gone_are_found_without_openfga_too() {
    let app = TestApp::with(AppOptions::default()).await;
    ok(&app, &GIVE).await;
    let said = ok(&app, &["check-access", "--format", "tabular"]).await;
    assert!(said.contains("there is no mirror to compare with") && said.ends_with("Nothing differs.\n"), "{said}");
    let gone = uuid::Uuid::new_v4();
    let orphan = format!(
        "INSERT INTO relation_tuples (subject_kind, subject_id, relation, object_kind, object_id)
         VALUES ('user', 'bob@example.com', 'reader', 'model', '{gone}'),
                ('user', 'bob@example.com', 'administrator', 'serviceaccount', 'soon@serviceaccount')"
    );
    app.db.execute(&orphan).await.unwrap();
    let said = app.jimmctl(&["check-access", "--format", "yaml"]).await;
    assert_eq!(said.code, 3, "{}", said.err);
    assert!(said.out.contains(&format!("model-{gone}")) && !said.out.contains("serviceaccount"), "{}", said.out);
    let said = ok(&app, &["check-access", "--reconcile", "--format", "tabular"]).await;
    assert!(said.contains("on a thing that is gone") && said.ends_with("Put right.\n"), "{said}");
    ok(&app, &["check-access"]).await;
    let left = app.db.fetch("SELECT count(*)::text FROM relation_tuples WHERE object_kind = 'serviceaccount'").await;
    assert_eq!(left.unwrap().as_deref(), Some("1"));
}
