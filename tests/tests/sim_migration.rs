//! Migrations between simulated controllers, over the wire: each pair of shapes, and each way to fail.

use std::time::Duration;

use jimm_tests::client::Door;
use jimm_tests::process::eventually;
use jimm_tests::sim::{Controller, Options, Shape};
use serde_json::{Value, json};
use uuid::Uuid;

const LONG: Duration = Duration::from_secs(60);

async fn controller(name: &str, shape: Shape) -> Controller {
    let agent_wait = Duration::from_secs(5);
    Controller::start(Options { name: name.to_owned(), shape, agent_wait, ..Options::default() }).await.expect("starts")
}

fn door(sim: &Controller) -> Door {
    Door { address: sim.address().to_string(), ca: sim.ca_pem().to_owned() }
}

async fn ask(sim: &Controller, facade: &str, version: u32, method: &str, params: Value) -> Value {
    let (connection, _) = door(sim).with_password("/api", "admin", "sim-password").await.expect("logs in");
    connection.call(facade, version, method, &params, LONG).await.expect("answers")
}

fn target_info(target: &Controller) -> Value {
    json!({"controller-tag": format!("controller-{}", target.uuid()), "controller-alias": target.name(), "addrs": [target.address().to_string()],
           "ca-cert": target.ca_pem(), "auth-tag": "user-admin", "password": "sim-password", "skip-user-checks": true})
}

/// The one result of `InitiateMigration`.
async fn initiate(source: &Controller, uuid: Uuid, info: Value) -> Value {
    let spec = json!({"specs": [{"model-tag": format!("model-{uuid}"), "target-info": info}]});
    ask(source, "Controller", 12, "InitiateMigration", spec).await["results"][0].clone()
}

async fn start(source: &Controller, target: &Controller) -> Uuid {
    let uuid = source.add_model("shop", "alice@example.com", &["web", "db"]);
    let answer = initiate(source, uuid, target_info(target)).await;
    assert_eq!(answer["migration-id"], format!("{uuid}:0"), "{answer}");
    uuid
}

fn phase(source: &Controller, uuid: Uuid) -> String {
    source.world().models.get(&uuid).and_then(|m| m.migration.clone()).map(|m| m.phase).unwrap_or_default()
}

async fn in_phase(source: &Controller, uuid: Uuid, wanted: &str) {
    eventually(wanted, LONG, || async { (phase(source, uuid) == wanted).then_some(()) }).await;
}

/// Waits until it is over at the source; what users of a 3.6 source would read.
async fn over(source: &Controller, uuid: Uuid) -> String {
    eventually("the migration ends", LONG, || async {
        let world = source.world();
        let Some(model) = world.models.get(&uuid) else { return Some(String::new()) };
        model.migration.as_ref().filter(|m| !m.runs()).map(|m| m.status.clone())
    })
    .await
}

#[tokio::test]
async fn from_3_6_to_3_6_the_model_goes_and_its_users_are_sent_after_it() {
    let (source, target) = (controller("c1", Shape::V36).await, controller("c2", Shape::V36).await);
    let uuid = start(&source, &target).await;
    over(&source, uuid).await;
    let there = target.world().models[&uuid].clone();
    assert!(!there.importing && there.applications.len() == 2);
    let calls = target.calls();
    for method in ["Prechecks", "Import", "CheckMachines", "Activate", "AdoptResources", "LatestLogTime"] {
        assert!(calls.contains(&format!("MigrationTarget.{method}")), "{method}: {calls:?}");
    }
    assert_eq!(target.world().archives.len(), 2, "the charms came along");

    let error = door(&source).with_password(&format!("/model/{uuid}/api"), "admin", "sim-password").await;
    let error = error.expect_err("the model is gone").to_string();
    assert!(error.contains("redirection to alternative server required"), "{error}");
    let gone =
        ask(&source, "ModelManager", 10, "ModelInfo", json!({"entities": [{"tag": format!("model-{uuid}")}]})).await;
    assert_eq!(gone["results"][0]["error"]["message"], "permission denied");
    let back = initiate(&target, uuid, target_info(&source)).await;
    assert_eq!(back["migration-id"], format!("{uuid}:0"), "{back}");
    over(&target, uuid).await;
    assert!(source.world().models.contains_key(&uuid), "and back again");
}

#[tokio::test]
async fn from_3_6_to_4_the_model_goes() {
    for shape in [Shape::V40, Shape::V41] {
        let (source, target) = (controller("c1", Shape::V36).await, controller("c2", shape).await);
        let uuid = start(&source, &target).await;
        over(&source, uuid).await;
        assert!(!source.world().models.contains_key(&uuid) && !target.world().models[&uuid].importing, "{shape:?}");
    }
}

#[tokio::test]
async fn from_4_1_to_4_1_the_source_keeps_the_model_and_says_nothing() {
    let (source, target) = (controller("c1", Shape::V41).await, controller("c2", Shape::V41).await);
    source.failures().hold("VALIDATION").expect("a phase");
    let uuid = start(&source, &target).await;
    in_phase(&source, uuid, "VALIDATION").await;
    let kept = source.world().models[&uuid].migration.clone().expect("runs").target;
    assert!(kept.get("password").is_none() && kept["macaroons"].is_string(), "the password is traded");
    let tag = json!({"entities": [{"tag": format!("model-{uuid}")}]});
    let info = ask(&source, "ModelManager", 11, "ModelInfo", tag.clone()).await;
    assert!(info["results"][0]["result"].get("migration").is_none(), "{info}");
    source.failures().hold("").expect("lets go");
    over(&source, uuid).await;
    for sim in [&source, &target] {
        let info = ask(sim, "ModelManager", 11, "ModelInfo", tag.clone()).await;
        assert_eq!(info["results"][0]["result"]["life"], "alive", "{info}");
    }
    let back = initiate(&target, uuid, target_info(&source)).await;
    assert!(back.get("error").is_none(), "the answer is an id: {back}");
    let status = over(&target, uuid).await;
    assert!(status.contains("already exists on this controller"), "{status}");
}

#[tokio::test]
async fn what_4_x_cannot_do_it_refuses() {
    let (old, new) = (controller("c1", Shape::V40).await, controller("c2", Shape::V41).await);
    let uuid = old.add_model("shop", "alice@example.com", &[]);
    let answer = initiate(&old, uuid, target_info(&new)).await;
    assert_eq!(answer["error"]["message"], "migration is not implemented");
    let uuid = new.add_model("shop", "alice@example.com", &[]);
    let answer = initiate(&new, uuid, target_info(&old)).await;
    let text = answer["error"]["message"].as_str().unwrap_or_default();
    assert!(text.starts_with("target controller is too old to support password-authenticated migration"), "{text}");
}

#[tokio::test]
async fn a_model_on_its_way_is_closed_to_users_with_a_tag() {
    let (source, target) = (controller("c1", Shape::V36).await, controller("c2", Shape::V36).await);
    source.failures().hold("VALIDATION").expect("a phase");
    let uuid = start(&source, &target).await;
    in_phase(&source, uuid, "VALIDATION").await;
    let path = format!("/model/{uuid}/api");
    let (there, _) = door(&source).with_password(&path, "admin", "sim-password").await.expect("logs in");
    let status: Value = there.call("Client", 8, "FullStatus", &json!({}), LONG).await.expect("status is open");
    assert_eq!(status["model"]["name"], "shop");
    let refused = there.call::<_, Value>("ModelConfig", 3, "ModelGet", &json!({}), LONG).await.expect_err("closed");
    assert_eq!(refused.code(), "model migration in progress");
    let importing = door(&target).with_password(&path, "admin", "sim-password").await.expect_err("closed").to_string();
    assert!(importing.contains("migration in progress, model is importing"), "{importing}");
    let again = initiate(&source, uuid, target_info(&target)).await;
    assert_eq!(again["error"]["message"], "failed to create migration: already in progress");
    source.failures().hold("").expect("lets go");
    over(&source, uuid).await;
}

#[tokio::test]
async fn each_failure_before_success_aborts_and_leaves_the_model_where_it_was() {
    let cases = [
        (false, "silent-agents", "validating, timed out waiting for agents to report"),
        (
            false,
            "import-error",
            "model data transfer failed, failed to import model into target controller: bad description",
        ),
        (
            true,
            "import-error",
            "model data transfer failed, failed to import model into target controller: bad description",
        ),
        (true, "check-machines-error", "machine sanity check failed, 1 error(s) found"),
        (true, "activate-error", "model activation failed, cannot activate"),
    ];
    for (at_target, switch, reason) in cases {
        let (source, target) = (controller("c1", Shape::V36).await, controller("c2", Shape::V36).await);
        let failing = if at_target { &target } else { &source };
        failing.failures().set(switch, true).expect("a switch");
        let uuid = start(&source, &target).await;
        let status = over(&source, uuid).await;
        assert_eq!(status, format!("aborted, removing model from target controller: {reason}"));
        assert!(!target.world().models.contains_key(&uuid), "{switch}: the target forgets it");
        failing.failures().set(switch, false).expect("a switch");
        let answer = initiate(&source, uuid, target_info(&target)).await;
        assert_eq!(answer["migration-id"], format!("{uuid}:1"), "{switch}: {answer}");
        over(&source, uuid).await;
        assert!(target.world().models.contains_key(&uuid), "{switch}: the second try goes through");
    }
}

#[tokio::test]
async fn a_target_that_cannot_abort_keeps_half_a_model() {
    let (source, target) = (controller("c1", Shape::V36).await, controller("c2", Shape::V36).await);
    source.failures().set("abort-unreachable", true).expect("a switch");
    source.failures().set("silent-agents", true).expect("a switch");
    let uuid = start(&source, &target).await;
    over(&source, uuid).await;
    assert!(target.world().models[&uuid].importing);
    let answer = initiate(&source, uuid, target_info(&target)).await;
    let text = answer["error"]["message"].as_str().unwrap_or_default().to_owned();
    assert!(text.starts_with("target prechecks failed: model with same UUID already exists"), "{text}");
}

#[tokio::test]
async fn a_failed_reap_leaves_the_model_behind_with_the_reason() {
    let (source, target) = (controller("c1", Shape::V36).await, controller("c2", Shape::V36).await);
    source.failures().set("reap-failed", true).expect("a switch");
    let uuid = start(&source, &target).await;
    let status = over(&source, uuid).await;
    assert!(status.starts_with("removing exported model failed"), "{status}");
    assert_eq!(phase(&source, uuid), "REAPFAILED");
    assert!(!target.world().models[&uuid].importing);
}

#[tokio::test]
async fn a_source_refuses_at_once_what_it_can_see_at_once() {
    let (source, target) = (controller("c1", Shape::V36).await, controller("c2", Shape::V36).await);
    let uuid = source.add_model("shop", "alice@example.com", &[]);
    let mut wrong = target_info(&target);
    wrong["password"] = json!("nonsense");
    let answer = initiate(&source, uuid, wrong).await;
    assert_eq!(
        answer["error"]["message"],
        "connect to target controller: invalid entity name or password (unauthorized access)"
    );
    let mut stranger = target_info(&target);
    stranger["ca-cert"] = json!(source.ca_pem());
    let answer = initiate(&source, uuid, stranger).await;
    assert!(answer["error"]["message"].as_str().is_some_and(|m| m.contains("x509")), "{answer}");
    let mut unskipped = target_info(&target);
    unskipped["skip-user-checks"] = json!(false);
    let answer = initiate(&source, uuid, unskipped).await;
    assert!(
        answer["error"]["message"].as_str().is_some_and(|m| m.contains("do not exist on the destination")),
        "{answer}"
    );
    target.add_model("shop", "alice@example.com", &[]);
    let answer = initiate(&source, uuid, target_info(&target)).await;
    assert_eq!(answer["error"]["message"], "target prechecks failed: model named \"shop\" already exists");
    source.failures().set("prechecks-error", true).expect("a switch");
    let answer = initiate(&source, uuid, target_info(&target)).await;
    assert!(answer["error"]["message"].as_str().is_some_and(|m| m.starts_with("source prechecks failed")), "{answer}");
}

#[tokio::test]
async fn a_login_refused_between_phases_aborts() {
    let (source, target) = (controller("c1", Shape::V36).await, controller("c2", Shape::V36).await);
    source.failures().hold("IMPORT").expect("a phase");
    let uuid = start(&source, &target).await;
    in_phase(&source, uuid, "IMPORT").await;
    target.failures().set("refuse-logins", true).expect("a switch");
    source.failures().hold("").expect("lets go");
    let status = over(&source, uuid).await;
    assert!(status.contains("invalid entity name or password"), "{status}");
}

#[tokio::test]
async fn a_source_that_restarts_goes_on_with_the_phase_it_was_in() {
    let target = controller("c2", Shape::V36).await;
    for held in ["QUIESCE", "IMPORT", "PROCESSRELATIONS", "VALIDATION", "SUCCESS", "LOGTRANSFER", "REAP"] {
        let dir = tempfile::tempdir().expect("a directory");
        let options = Options { name: "c1".into(), dir: Some(dir.path().to_owned()), ..Options::default() };
        let source = Controller::start(options.clone()).await.expect("starts");
        source.failures().hold(held).expect("a phase");
        let uuid = source.add_model(&held.to_lowercase(), "alice@example.com", &["web"]);
        initiate(&source, uuid, target_info(&target)).await;
        in_phase(&source, uuid, held).await;
        source.stop().await;
        let again = Controller::start(options).await.expect("starts again");
        assert_eq!(again.uuid(), source.uuid());
        assert_eq!(again.ca_pem(), source.ca_pem());
        over(&again, uuid).await;
        assert!(!again.world().models.contains_key(&uuid), "{held}");
        assert!(!target.world().models[&uuid].importing, "{held}");
    }
}
