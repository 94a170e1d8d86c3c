//! Moves between 4.1 controllers and the credential that comes along: a target that has it already, with other content or
//! without attributes, refuses the model.

use std::collections::BTreeMap;
use std::time::Duration;

use jimm_proto::params::cloud::{CloudCredential, TaggedCredential, UpdateCredentialArgs, UpdateCredentialResults};
use jimm_proto::params::model_manager::{ModelCreateArgs, ModelInfo};
use jimm_rpc::Connection;
use jimm_tests::app::{AppOptions, TestApp};
use jimm_tests::broker::ADMIN;
use jimm_tests::given;
use jimm_tests::simulated::SimPlan;

const DEADLINE: Duration = Duration::from_secs(30);

async fn two_controllers() -> (TestApp, String) {
    let app = TestApp::with(AppOptions { sims: vec!["4.1".to_owned(), "4.1".to_owned()], env: Vec::new() }).await;
    app.attach_all().await;
    let cloud = given::cloud_of(&app.sims[0].plan).await.expect("a cloud");
    (app, cloud)
}

async fn upload(connection: &Connection, tag: &str, password: Option<&str>) {
    let attrs: BTreeMap<String, String> = password.map(|p| ("password".to_owned(), p.to_owned())).into_iter().collect();
    let auth_type = if attrs.is_empty() { "empty" } else { "userpass" }.to_owned();
    let credential = CloudCredential { auth_type, attrs, ..CloudCredential::default() };
    let args =
        UpdateCredentialArgs { credentials: vec![TaggedCredential { tag: tag.to_owned(), credential }], force: false };
    let answer: UpdateCredentialResults =
        connection.call("Cloud", 7, "UpdateCredentialsCheckModels", &args, DEADLINE).await.expect("taken");
    assert!(answer.results.iter().all(|result| result.error.is_none()), "{answer:?}");
}

async fn upload_to(sim: &SimPlan, tag: &str, password: Option<&str>) {
    let door = sim.door().expect("a door");
    let (connection, _) = door.with_password("/api", &sim.user, &sim.password).await.expect("its superuser");
    upload(&connection, tag, password).await;
}

async fn make_model(app: &TestApp, name: &str, cloud: &str, credential: &str, on: &str) -> String {
    let admin = app.connect(ADMIN).await.expect("the admin");
    let args = ModelCreateArgs {
        name: name.to_owned(),
        owner_tag: Some(format!("user-{ADMIN}")),
        cloud_tag: format!("cloud-{cloud}"),
        credential: credential.to_owned(),
        target_controller: Some(on.to_owned()),
        ..ModelCreateArgs::default()
    };
    let model: ModelInfo = admin.call("ModelManager", 10, "CreateModel", &args, DEADLINE).await.expect("made");
    model.uuid
}

#[tokio::test]
async fn a_credential_left_on_the_target_with_other_content_does_not_stop_a_move() {
    let (app, cloud) = two_controllers().await;
    let tag = format!("cloudcred-{cloud}_{ADMIN}_default");
    upload(&app.connect(ADMIN).await.expect("the admin"), &tag, Some("new")).await;
    let model = make_model(&app, "shop", &cloud, &tag, "sim1").await;
    upload_to(&app.sims[1].plan, &tag, Some("old")).await;
    let said = app.jimmctl(&["migrate", "sim2", &model]).await;
    assert_eq!(said.code, 0, "{}\n{}", said.out, said.err);
    assert!(given::has_model(&app.sims[1].plan, &model).await.expect("it answers"));
}

#[tokio::test]
async fn a_credential_without_attributes_moves_once_and_is_refused_before_the_second_time() {
    let (app, cloud) = two_controllers().await;
    let tag = format!("cloudcred-{cloud}_{ADMIN}_default");
    upload(&app.connect(ADMIN).await.expect("the admin"), &tag, None).await;
    let first = make_model(&app, "first", &cloud, &tag, "sim1").await;
    let second = make_model(&app, "second", &cloud, &tag, "sim1").await;
    // Left behind by an earlier model; nobody uses it.
    upload_to(&app.sims[1].plan, &tag, None).await;
    let said = app.jimmctl(&["migrate", "sim2", &first]).await;
    assert_eq!(said.code, 0, "{}\n{}", said.out, said.err);

    for more in [&["--dry-run"][..], &[]] {
        let said = app.jimmctl(&[&["migrate", "sim2", second.as_str()], more].concat()).await;
        let text = format!("{}{}", said.out, said.err);
        assert_ne!(said.code, 0, "{text}");
        assert!(text.contains("model first on the target uses the same credential"), "{text}");
        assert!(text.contains("juju set-credential"), "{text}");
    }
    let mode = app.db.fetch(&format!("SELECT mode FROM models WHERE uuid = '{second}'")).await.expect("the database");
    assert_eq!(mode.as_deref(), Some(""), "nothing has begun");
    assert!(given::has_model(&app.sims[0].plan, &second).await.expect("it answers"));
}

#[tokio::test]
async fn a_credential_of_a_model_that_the_target_does_not_list_is_refused_with_what_to_do() {
    let (app, cloud) = two_controllers().await;
    let tag = format!("cloudcred-{cloud}_{ADMIN}_default");
    upload(&app.connect(ADMIN).await.expect("the admin"), &tag, None).await;
    let half = make_model(&app, "half", &cloud, &tag, "sim1").await;
    let other = make_model(&app, "other", &cloud, &tag, "sim1").await;
    // The target keeps half of the first: it can neither take charge of it nor forget it.
    let target = &app.sims[1].plan;
    for switch in ["activate-error", "abort-unreachable"] {
        target.turn(&format!("fail/{switch}/on")).expect("a switch");
    }
    app.sims[0].plan.turn("fail/abort-unreachable/on").expect("a switch");
    let said = app.jimmctl(&["migrate", "sim2", &half]).await;
    assert_ne!(said.code, 0, "{}\n{}", said.out, said.err);

    let said = app.jimmctl(&["migrate", "sim2", &other]).await;
    let text = format!("{}{}", said.out, said.err);
    assert!(said.code != 0 && text.contains("still used by 1 model(s)"), "{text}");
    for advice in ["does not list", "jimmctl doctor", "juju set-credential"] {
        assert!(text.contains(advice), "{text}");
    }
    assert!(given::has_model(&app.sims[0].plan, &other).await.expect("it answers"));
}
