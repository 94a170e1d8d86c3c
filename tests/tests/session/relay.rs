//! Model connections: what passes, what is edited, what is asked again, and how they end.

use std::time::Duration;

use jimm_store::groups::{self, SetKind};
use jimm_store::models;
use jimm_tests::process::eventually;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::home::{Home, ODD};
use crate::support::{ALICE, BOB, BROKER, Client, DEADLINE, World};

type Answer = Result<Value, (String, String)>;

#[tokio::test]
async fn the_login_result_names_the_broker_and_lists_the_homes_facades() {
    let world = World::new().await;
    let model = world.model().await;
    let (_client, result) = world.login(&format!("/model/{model}/api"), ALICE).await;
    assert_eq!(result["controller-tag"], format!("controller-{BROKER}"));
    assert_eq!(result["model-tag"], format!("model-{model}"));
    assert_eq!(result["servers"][0][0]["value"], "jimm.example.com");
    assert_eq!(result["public-dns-name"], "jimm.example.com");
    assert_eq!(result["server-version"], "4.0.8");
    let facades = json!([{"name": "HighAvailability", "versions": [2]}, {"name": "ModelUpgrader", "versions": [1]}]);
    assert_eq!(result["facades"], facades);
}

#[tokio::test]
async fn frames_pass_byte_for_byte_in_both_directions() {
    let world = World::new().await;
    let model = world.model().await;
    let mut client = world.to_model(model, ALICE).await;
    let odd = r#"{ "params": {"b":9007199254740993, "a":"<&>\u00e9"} ,"new":[], "request":"Answer","type":"Odd","request-id":77}"#;
    client.send(odd).await;
    assert_eq!(client.receive().await.expect("an answer"), format!("{{ \"request-id\":77{ODD}"));
    assert_eq!(world.home.frames("Odd"), [odd]);
}

#[tokio::test]
async fn large_messages_pass_and_others_overtake_a_call_that_hangs() {
    let world = World::new().await;
    let model = world.model().await;
    let mut client = world.to_model(model, ALICE).await;
    client.ask("Slow(1).Hang", json!({})).await;
    let large = "x".repeat(8 << 20);
    client.ok("Large(1).Put", json!({"bundle": large})).await;
    let frames = world.home.frames("Large");
    assert_eq!(frames.len(), 1);
    assert!(frames[0].len() > large.len());
    for _ in 0..50 {
        client.ok("Client(8).FullStatus", json!({})).await;
    }
}

#[tokio::test]
async fn nothing_is_dialled_before_somebody_has_logged_in() {
    let world = World::new().await;
    let model = world.model().await;
    let mut client = world.open(&format!("/model/{model}/api"), Vec::new()).await;
    client.ok("Pinger(1).Ping", json!({})).await;
    let error = client.error("Admin(4).LoginWithSessionToken", json!({"session-token": ""})).await;
    assert_eq!(error, "no token presented (session token invalid)");
    let error = client.error("Admin(3).Login", json!({"auth-tag": "user-admin"})).await;
    assert_eq!(error, "JIMM does not support login from old clients (not supported)");
    let error = client.error("Admin(3).Login", json!({"auth-tag": "machine-0"})).await;
    assert_eq!(error, "redirection to alternative server required (redirection required)");
    assert!(world.home.arrived().is_empty());
}

#[tokio::test]
async fn who_may_not_read_the_model_and_who_asks_for_none_are_told_in_a_frame() {
    let world = World::new().await;
    let model = world.model().await;
    let login = |user| json!({"session-token": World::token(user)});
    let mut client = world.open(&format!("/model/{model}/api"), Vec::new()).await;
    let error = client.error("Admin(4).LoginWithSessionToken", login(BOB)).await;
    assert_eq!(error, "model not found (model not found)", "as if there were none");
    let mut client = world.open(&format!("/model/{}/api", Uuid::new_v4()), Vec::new()).await;
    let error = client.error("Admin(4).LoginWithSessionToken", login(ALICE)).await;
    assert_eq!(error, "model not found (model not found)");
    let mut client = world.open("/model/nonsense/api", Vec::new()).await;
    let error = client.error("Admin(4).LoginWithSessionToken", login(ALICE)).await;
    assert_eq!(error, "invalid path (bad request)");
    assert_eq!(world.home.logins(), 0);
}

#[tokio::test]
async fn a_right_that_the_token_lacks_is_fetched_and_the_request_repeated() {
    let world = World::new().await;
    let model = world.model().await;
    world.grant(ALICE, "can_addmodel", "cloud", "stub").await;
    let mut client = world.to_model(model, ALICE).await;
    let need = json!({"tag": "cloud-stub", "level": "add-model"});
    for method in ["Need", "NeedBulk"] {
        let answer = client.ok(&format!("Gate(1).{method}"), need.clone()).await;
        assert_eq!(answer["access"]["cloud-stub"], "add-model", "{answer}");
        assert_eq!(answer["access"][format!("model-{model}")], "admin", "{answer}");
    }
    assert_eq!(world.home.logins(), 2, "the second login serves both");
    assert_eq!(world.home.frames("Gate").len(), 3, "the first was sent twice");
    // What the requester does not have is refused, without a word about tokens.
    let error = client.error("Gate(1).Need", json!({"tag": "cloud-other", "level": "admin"})).await;
    let refusal = "permission denied: this needs \"admin\" access to cloud-other; ask an administrator of it";
    assert_eq!(error, format!("{refusal} (unauthorized access)"));
    assert_eq!(world.home.logins(), 2);
    eventually("the first login's connection is closed", DEADLINE, async || (world.home.open() == 1).then_some(()))
        .await;
}

#[tokio::test]
async fn watchers_stay_where_they_are_when_rights_are_fetched() {
    let world = World::new().await;
    let model = world.model().await;
    world.grant(ALICE, "can_addmodel", "cloud", "stub").await;
    let mut client = world.to_model(model, ALICE).await;
    client.ok("Client(8).WatchAll", json!({})).await;
    client
        .send(r#"{"request-id":900,"type":"StringsWatcher","version":1,"id":"1","request":"Next","params":{}}"#)
        .await;
    client.ok("Gate(1).Need", json!({"tag": "cloud-stub", "level": "add-model"})).await;
    assert_eq!(world.home.open(), 2, "the watcher's connection lives on");
    let answer = client.ok("Client(8).FullStatus", json!({})).await;
    assert!(answer["access"].get("cloud-stub").is_none(), "new requests go where the watcher is: {answer}");
}

#[tokio::test]
async fn while_a_model_moves_writes_are_refused_and_reads_go_on() {
    let world = World::new().await;
    let model = world.model().await;
    let mut client = world.to_model(model, ALICE).await;
    client.ok("Application(22).Deploy", json!({})).await;
    let mode = async |from: &str, to: &str| {
        let mut conn = world.store().acquire().await.expect("a connection");
        assert!(models::set_mode(&mut conn, model, from, to).await.expect("an update"));
    };
    mode(models::MODE_NONE, models::MODE_MIGRATING).await;
    let refused = ask_until(&mut client, Result::is_err).await.expect_err("refused");
    assert_eq!(refused.1, "model migration in progress");
    client.ok("Client(8).FullStatus", json!({})).await;
    let mut newcomer = world.to_model(model, ALICE).await;
    let error = newcomer.error("Application(22).Deploy", json!({})).await;
    assert_eq!(error, "model migration in progress (model migration in progress)");
    mode(models::MODE_MIGRATING, models::MODE_NONE).await;
    ask_until(&mut client, Result::is_ok).await.expect("writes are allowed again");
}

/// Asks for a write until the answer is as wanted.
async fn ask_until(client: &mut Client, wanted: fn(&Answer) -> bool) -> Answer {
    let ask = async {
        loop {
            let answer = client.call("Application(22).Deploy", json!({})).await;
            if wanted(&answer) {
                return answer;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(DEADLINE, ask).await.expect("within the deadline")
}

#[tokio::test]
async fn when_a_model_has_moved_its_connections_end_and_lead_to_the_new_home() {
    let world = World::new().await;
    let model = world.model().await;
    let target = Home::start().await;
    let mut tx = world.store().begin().await.expect("a transaction");
    world.add_controller(&mut tx, "target", &target).await;
    tx.commit().await.expect("committed");
    let mut client = world.to_model(model, ALICE).await;
    let mut tx = world.store().begin().await.expect("a transaction");
    assert!(models::move_to(&mut tx, model, world.home.uuid, target.uuid).await.expect("an update"));
    tx.commit().await.expect("committed");
    let (code, reason) = client.closed().await;
    assert_eq!(code, 1001, "clients take it for a normal end");
    assert_eq!(reason, "the model has moved to another controller: connect again");
    eventually("the old home is left", DEADLINE, async || (world.home.open() == 0).then_some(())).await;
    world.to_model(model, ALICE).await.ok("Client(8).FullStatus", json!({})).await;
    assert_eq!(target.frames("Client").len(), 1);
}

#[tokio::test]
async fn who_loses_rights_on_a_model_loses_the_connection() {
    let world = World::new().await;
    let model = world.model().await;
    world.grant(BOB, "writer", "model", &model.to_string()).await;
    let mut bob = world.to_model(model, BOB).await;
    let mut alice = world.to_model(model, ALICE).await;
    bob.ok("Client(8).FullStatus", json!({})).await;
    world.revoke(BOB, "writer", "model", &model.to_string()).await;
    let (code, reason) = bob.closed().await;
    assert_eq!((code, reason.as_str()), (1001, "your rights on the model have changed: connect again"));
    alice.ok("Client(8).FullStatus", json!({})).await;
}

#[tokio::test]
async fn who_loses_rights_that_came_by_a_group_or_role_loses_the_connection_too() {
    let world = World::new().await;
    let (group, role) = (Uuid::new_v4(), Uuid::new_v4());
    // What speaks of groups that are not there is swept away when the broker starts.
    let mut tx = world.store().begin().await.expect("a transaction");
    groups::insert(&mut tx, SetKind::Group, group, "devs").await.expect("a group");
    groups::insert(&mut tx, SetKind::Role, role, "ops").await.expect("a role");
    tx.commit().await.expect("committed");
    let broker_admin = ["user", BOB, "", "administrator", "controller", BROKER];
    let (g, r, model) = (group.to_string(), role.to_string(), world.model().await.to_string());
    let member = ["user", BOB, "", "member", "group", &g];
    let assignee = ["group", &g, "member", "assignee", "role", &r];
    let writer = ["role", &r, "assignee", "writer", "model", &model];
    // Each way to the model, and the tuple of it that goes away.
    for (way, lost) in [
        (vec![member, assignee, writer], member),
        (vec![member, assignee, writer], assignee),
        (vec![member, assignee, writer], writer),
        (vec![broker_admin], broker_admin),
    ] {
        for tuple in &way {
            world.write_tuple(*tuple).await;
        }
        let mut bob = world.to_model(model.parse().expect("a UUID"), BOB).await;
        bob.ok("Client(8).FullStatus", json!({})).await;
        world.delete_tuple(lost).await;
        let (code, reason) = bob.closed().await;
        assert_eq!((code, reason.as_str()), (1001, "your rights on the model have changed: connect again"), "{lost:?}");
        for tuple in way.iter().filter(|tuple| **tuple != lost) {
            world.delete_tuple(*tuple).await;
        }
    }
    // A group that goes takes along what it gave.
    for tuple in [member, ["group", &g, "member", "writer", "model", &model]] {
        world.write_tuple(tuple).await;
    }
    let mut bob = world.to_model(model.parse().expect("a UUID"), BOB).await;
    let mut tx = world.store().begin().await.expect("a transaction");
    assert!(groups::delete(&mut tx, SetKind::Group, group).await.expect("no error"));
    tx.commit().await.expect("committed");
    assert_eq!(bob.closed().await.0, 1001);
}

#[tokio::test]
async fn a_home_that_dies_answers_what_it_owes_with_an_error() {
    let world = World::new().await;
    let model = world.model().await;
    let mut client = world.to_model(model, ALICE).await;
    let hanging = client.ask("Slow(1).Hang", json!({})).await;
    client.ask("Slow(1).Die", json!({})).await;
    let mut answers = [client.answer().await, client.answer().await];
    answers.sort_by_key(|answer| answer["request-id"].as_u64());
    assert_eq!(answers[0]["request-id"], hanging);
    let text = answers[0]["error"].as_str().expect("an error");
    assert!(text.contains("controller home has closed the connection"), "{text}");
    assert_eq!(client.closed().await.0, 1001);
}

#[tokio::test]
async fn a_home_that_cannot_be_reached_is_named_within_seconds() {
    let world = World::with(&[("JIMM_CONTROLLER_DIAL_TIMEOUT", "1s")]).await;
    let model = world.model().await;
    world.lose_home().await;
    let mut client = world.open(&format!("/model/{model}/api"), Vec::new()).await;
    let asked = client.call("Admin(4).LoginWithSessionToken", json!({"session-token": World::token(ALICE)}));
    let (message, _) =
        tokio::time::timeout(Duration::from_secs(10), asked).await.expect("in time").expect_err("refused");
    assert!(message.contains("controller home cannot be reached"), "{message}");
}

#[tokio::test]
async fn a_client_that_goes_takes_its_upstream_with_it() {
    let world = World::new().await;
    let model = world.model().await;
    let mut client = world.to_model(model, ALICE).await;
    client.ask("Slow(1).Hang", json!({})).await;
    eventually("it arrives", DEADLINE, async || (!world.home.frames("Slow").is_empty()).then_some(())).await;
    client.close().await;
    eventually("the home is left", DEADLINE, async || (world.home.open() == 0).then_some(())).await;
}

#[tokio::test]
async fn a_client_that_stops_reading_holds_up_nobody_and_is_let_go() {
    let world = World::with(&[("JIMM_PING_TIMEOUT", "1s")]).await;
    let model = world.model().await;
    let mut stuck = world.to_model(model, ALICE).await;
    let large = "x".repeat(1 << 20);
    for _ in 0..32 {
        stuck.ask("Echo(1).Params", json!({"text": large})).await;
    }
    let mut other = world.to_model(model, ALICE).await;
    other.ok("Client(8).FullStatus", json!({})).await;
    other.close().await;
    eventually("the home is left", DEADLINE, async || (world.home.open() == 0).then_some(())).await;
}

#[tokio::test]
async fn a_token_said_again_after_login_stays_with_the_broker() {
    let world = World::new().await;
    let model = world.model().await;
    let mut client = world.to_model(model, ALICE).await;
    let again = json!({"session-token": World::token(ALICE)});
    let error = client.error("Admin(4).LoginWithSessionToken", again).await;
    assert!(error.ends_with("(not implemented)"), "{error}");
    assert!(world.home.arrived().iter().all(|it| !it.body.contains("session-token")));
}
