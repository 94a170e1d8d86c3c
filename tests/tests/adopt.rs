//! Controllers that were not set up for the broker: what is told of them, that telling changes nothing, and the ways in.

use std::path::{Path, PathBuf};

use jimm_tests::app::{AppOptions, Said, TestApp};
use jimm_tests::broker::{SERVICE_ID, SERVICE_SECRET};
use jimm_tests::given;
use jimm_tests::simulated::SimPlan;
use serde_json::{Value, json};

const ALICE: &str = "alice@example.com";
const BOB: &str = "bob@example.com";

/// A process that ends with this value, however the test ends.
struct Ends(u32);

impl Drop for Ends {
    fn drop(&mut self) {
        jimm_tests::process::stop(self.0, std::time::Duration::from_secs(10));
    }
}

/// The client store of somebody who administers these controllers.
fn store(app: &TestApp, controllers: &[&SimPlan]) -> PathBuf {
    let dir = app.dir().join("store");
    std::fs::create_dir_all(&dir).expect("a directory");
    let (mut known, mut accounts) = (json!({}), json!({}));
    for sim in controllers {
        let ca = sim.door().expect("it runs").ca;
        known[&sim.name] = json!({"uuid": sim.uuid, "api-endpoints": [sim.address()], "ca-cert": ca});
        accounts[&sim.name] = json!({"user": sim.user, "password": sim.password});
    }
    let write = |file: &str, value: &Value| std::fs::write(dir.join(file), value.to_string()).expect("a file");
    write("controllers.yaml", &json!({"controllers": known}));
    write("accounts.yaml", &json!({"controllers": accounts}));
    dir
}

async fn adopt(app: &TestApp, store: &Path, args: &[&str]) -> Said {
    let store = store.display().to_string();
    let identity = [("JIMM_CLIENT_ID", SERVICE_ID), ("JIMM_CLIENT_SECRET", SERVICE_SECRET), ("JUJU_DATA", &store)];
    app.jimmctl_with(&identity, &[&["adopt"], args].concat()).await
}

fn users(app: &TestApp, text: &str) -> String {
    let file = app.dir().join("users.yaml");
    std::fs::write(&file, text).expect("a file");
    file.display().to_string()
}

/// Everything of the broker's that adopting changes.
async fn rows(app: &TestApp) -> Option<String> {
    let sql = "SELECT concat((SELECT count(*) FROM controllers), ' ', (SELECT count(*) FROM models), ' ',
               (SELECT count(*) FROM relation_tuples), ' ', (SELECT count(*) FROM clouds), ' ', (SELECT count(*) FROM identities))";
    app.db.fetch(sql).await.expect("a query")
}

#[tokio::test]
async fn a_controller_that_takes_our_tokens_is_looked_at_and_then_taken_over() {
    let app = TestApp::with(AppOptions { sims: vec!["3.6".into()], ..AppOptions::default() }).await;
    let sim = &app.sims[0].plan;
    let cloud = given::cloud_of(sim).await.expect("a cloud");
    let model = given::make_model(sim, &cloud, "prod").await.expect("a model");
    let (admin, _) =
        sim.door().expect("it runs").with_password("/api", &sim.user, &sim.password).await.expect("a login");
    let grant = json!({"changes": [{"user-tag": "user-bob", "action": "grant", "access": "read", "model-tag": format!("model-{model}")}]});
    let added = json!({"users": [{"username": "bob", "display-name": "Bob", "password": "bobs-password"}]});
    let deadline = std::time::Duration::from_secs(20);
    let _: Value = admin.call("UserManager", 3, "AddUser", &added, deadline).await.expect("a user");
    let _: Value = admin.call("ModelManager", 10, "ModifyModelAccess", &grant, deadline).await.expect("a right");
    let store = store(&app, &[sim]);
    let before = rows(&app).await;

    // A look says what is there, and changes nothing.
    let said = adopt(&app, &store, &["sim1", "--format", "json"]).await;
    assert_eq!(said.code, 0, "{}", said.err);
    let report: Value = serde_json::from_str(&said.out).expect("JSON");
    assert_eq!(report["controller"]["trusts"], "broker", "{report}");
    assert_eq!(report["controller"]["attached"], false);
    let step =
        report["models"].as_array().expect("models").iter().find(|it| it["uuid"] == *model).expect("ours").clone();
    assert_eq!((step["way"].as_str(), step["owner"].as_str()), (Some("import"), Some("admin")), "{step}");
    assert!(step["first"][0].as_str().expect("a text").contains("say who admin is"), "{step}");
    assert!(report["users"].as_array().expect("users").iter().any(|user| user["name"] == "bob"), "{report}");
    assert!(report["clouds"][0]["credentials"].to_string().contains("admin/default"), "{report}");
    let said = adopt(&app, &store, &["sim1", "--format", "tabular"]).await;
    assert!(said.out.contains("admin/prod") && said.out.contains("can be imported as they are"), "{}", said.out);
    assert_eq!(rows(&app).await, before, "a look changes nothing");

    // What stands in the way is told, and the rest is done.
    let file = users(&app, &format!("admin: {ALICE}\nbob: {BOB}\n"));
    let said = adopt(&app, &store, &["sim1", "--user-mapping", &file, "--local", "--apply"]).await;
    assert_eq!(said.code, 1, "{}", said.err);
    assert!(said.err.contains(&format!("{ALICE} needs a credential for cloud {cloud}")), "{}", said.err);
    let alice = app.connect(ALICE).await.expect("a login");
    given::upload_credential(&alice, &cloud, ALICE).await.expect("a credential");
    for _ in 0..2 {
        // Given again, it is done already.
        let said = adopt(&app, &store, &["sim1", "--user-mapping", &file, "--local", "--apply"]).await;
        assert_eq!(said.code, 0, "{}", said.err);
    }
    for user in [ALICE, BOB] {
        app.connect_model(&model, user).await.expect("the model is there, with its users");
    }
    let said = adopt(&app, &store, &["sim1", "prod", "--format", "json"]).await;
    assert!(said.out.contains("\"way\":\"there\""), "{}", said.out);
}

#[tokio::test]
async fn models_of_a_controller_that_takes_other_tokens_have_to_move() {
    let app = TestApp::with(AppOptions { sims: vec!["3.6".into()], ..AppOptions::default() }).await;
    let keys = "https://other.example.com/.well-known/jwks.json";
    let foreign = SimPlan::new("foreign", "3.6", keys, &app.plan.tls.ca, app.dir());
    let starting = foreign.clone();
    let pid = tokio::task::spawn_blocking(move || starting.start()).await.expect("a thread").expect("it runs");
    let _ends = Ends(pid);
    let cloud = given::cloud_of(&foreign).await.expect("a cloud");
    let model = given::make_model(&foreign, &cloud, "prod").await.expect("a model");
    let store = store(&app, &[&foreign]);

    let said = adopt(&app, &store, &["foreign", "--format", "tabular"]).await;
    assert_eq!(said.code, 0, "{}", said.err);
    assert!(said.out.contains("does not take the broker's tokens"), "{}", said.out);
    assert!(said.out.contains("bootstrap one with login-token-refresh-url=https://"), "{}", said.out);

    app.attach_all().await;
    let said = adopt(&app, &store, &["foreign", &model]).await;
    assert!(said.out.contains("way: move") && said.out.contains("sim1"), "{}", said.out);
    let said = adopt(&app, &store, &["foreign", "--apply"]).await;
    assert_eq!(said.code, 1);
    assert!(said.err.contains("admin/prod is not adopted: say who admin is at the broker"), "{}", said.err);
    let alice = app.connect(ALICE).await.expect("a login");
    given::upload_credential(&alice, &cloud, ALICE).await.expect("a credential");
    let file = users(&app, &format!("admin: {ALICE}\n"));
    let said = adopt(&app, &store, &["foreign", "--user-mapping", &file, "--apply"]).await;
    assert_eq!(said.code, 0, "{}", said.err);
    app.connect_model(&model, ALICE).await.expect("the model has come in");
    assert!(given::has_model(&app.sims[0].plan, &model).await.expect("an answer"), "it is on the broker's controller");
}

#[tokio::test]
async fn what_is_wrong_is_told() {
    let app = TestApp::with(AppOptions { sims: vec!["3.6".into()], ..AppOptions::default() }).await;
    let sim = &app.sims[0].plan;
    let mut wrong = sim.clone();
    (wrong.name, wrong.password) = ("wrong-password".into(), "no".into());
    let mut other = sim.clone();
    (other.name, other.uuid) = ("other-uuid".into(), uuid::Uuid::new_v4().to_string());
    let mut away = sim.clone();
    (away.name, away.port) = ("away".into(), 1);
    let store = store(&app, &[sim, &wrong, &other, &away]);
    for (args, why) in [
        (vec!["nosuch"], "controller nosuch not found"),
        (vec!["wrong-password"], "login at controller wrong-password"),
        (vec!["other-uuid"], "another controller than other-uuid answers there"),
        (vec!["away"], "cannot connect to controller away"),
        (vec!["sim1", "nosuch"], "model \"nosuch\" not found on controller sim1"),
    ] {
        let said = adopt(&app, &store, &args).await;
        assert_eq!(said.code, 1, "{args:?}: {}", said.out);
        assert!(said.err.contains(why), "{args:?}: {}", said.err);
    }
    let said = adopt(&app, &store, &["sim1", "--user-mapping", &users(&app, "- a\n- b\n")]).await;
    assert!(said.err.contains("user mapping file is empty or not properly formatted"), "{}", said.err);
}
