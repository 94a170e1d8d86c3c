//! The whole way in, from both generations.

use jimm_tests::broker::ADMIN;
use jimm_tests::process::eventually;
use jimm_tests::sim::ODD;
use serde_json::{Value, json};

use crate::support::{ALICE, LONG, World};

async fn comes_in(shape: &str) -> World {
    come(World::new(shape).await).await
}

async fn come(world: World) -> World {
    let token = world.prepare().await;
    assert_eq!(world.state().await, "prepared");
    let started = world.initiate(&token).await;
    assert_eq!(started["migration-id"], format!("{}:0", world.model), "{started}");
    let told = world.over().await;
    assert_eq!(world.state().await, "active", "{told}");
    world
}

/// The broker has the model, its owner uses it, rights and offers are those of the mapped users.
async fn check(world: &World) {
    let uuid = world.model;
    let row = world.fetch(&format!("SELECT owner || ' ' || name || ' ' || mode || ' ' || life || ' ' || credential_owner || '/' || credential_name FROM models WHERE uuid = '{uuid}'")).await;
    assert_eq!(row, format!("{ALICE} shop  alive {ALICE}/default"));
    let rights = |object: String| async move {
        world.fetch(&format!("SELECT string_agg(relation || ':' || subject_id, ' ' ORDER BY relation, subject_id) FROM relation_tuples WHERE object_id = '{object}' AND subject_kind = 'user'")).await
    };
    assert_eq!(rights(uuid.to_string()).await, format!("administrator:{ALICE} writer:carol@example.com"));
    assert_eq!(
        rights(world.offer.to_string()).await,
        format!("administrator:{ALICE} consumer:carol@example.com reader:*")
    );
    let url = world.fetch(&format!("SELECT url FROM offers WHERE uuid = '{}'", world.offer)).await;
    assert_eq!(url, format!("{ALICE}/shop.db"));
    let mapped = world
        .fetch("SELECT string_agg(local_user || '=' || external_user, ' ' ORDER BY local_user) FROM user_mappings")
        .await;
    assert_eq!(mapped, format!("bob={ALICE} carol=carol@example.com"));

    let model = world.app.connect_model(&uuid.to_string(), ALICE).await.expect("the owner logs in to it");
    let status: Value = model.call("Client", 8, "FullStatus", &json!({"patterns": null}), LONG).await.expect("answers");
    assert_eq!(status["model"]["name"], "shop");
    assert!(status["applications"].get("web").is_some(), "{status}");
    assert!(world.app.connect_model(&uuid.to_string(), "dave@example.com").await.is_err(), "who was left behind");

    let home = world.at_home();
    let there = &home["models"][uuid.to_string()];
    assert_eq!(there["owner"], ALICE);
    assert_eq!(there["users"], json!({ALICE: "admin"}));
    assert_eq!(there["offers"]["db"]["users"], json!({ALICE: "admin", "everyone@external": "read"}));
    assert!(
        there["credential"].as_str().expect("a tag").ends_with(&format!("_{ALICE}_default")),
        "{}",
        there["credential"]
    );
    let document = home["documents"][uuid.to_string()].as_str().expect("a document");
    assert!(document.contains(ODD), "what is not of users came as it left:\n{document}");
    assert!(!document.contains("carol") && !document.contains("of the source"), "{document}");
    let charms = home["charm_urls"].as_object().expect("charms");
    assert!(charms.keys().any(|url| url.contains("web")), "the charms came too: {charms:?}");
    // Nobody waits for them: the source says goodbye and goes on.
    eventually("and the logs", LONG, || async {
        world.at_home()["logs"][uuid.to_string()][0].is_string().then_some(())
    })
    .await;
    assert_eq!(world.at_home()["logs"][uuid.to_string()].as_array().map(Vec::len), Some(1));
}

#[tokio::test]
async fn a_model_comes_in_from_3_6() {
    let world = comes_in("3.6").await;
    check(&world).await;
    assert!(!world.source.world().models.contains_key(&world.model), "the source has removed it");
    let again = crate::support::refusal(world.prepare_with(World::mapping()).await);
    assert_eq!(again.message, "model migration for the specified model is already in progress/completed");
}

#[tokio::test]
async fn agents_that_do_not_come_along_are_found_by_the_doctor() {
    // They are late after 1.2 s.
    let world = World::with("3.6", vec![("JIMM_MIGRATION_POLL_INTERVAL".to_owned(), "10ms".to_owned())]).await;
    world.app.sims[0].plan.turn("fail/agents-down/on").expect("a switch");
    let world = come(world).await;
    let named = "was moved from outside to controller sim1: ";
    eventually("the doctor misses them", LONG, || async {
        let said = world.app.jimmctl(&["doctor"]).await;
        (said.code == 1 && said.out.contains("agents-behind") && said.out.contains(named)).then_some(())
    })
    .await;
    world.app.sims[0].plan.turn("fail/agents-down/off").expect("a switch");
    let said = world.app.jimmctl(&["doctor"]).await;
    assert!(!said.out.contains("agents-behind"), "{}{}", said.out, said.err);
}

#[tokio::test]
async fn a_model_comes_in_from_4_1() {
    let world = comes_in("4.1").await;
    check(&world).await;
}

#[tokio::test]
async fn agents_are_sent_on_to_the_real_controller() {
    let world = comes_in("3.6").await;
    let login = |tag: &'static str, path: String| {
        let world = &world;
        async move {
            let connection = world.app.door.dial(&path).await.expect("a connection");
            let params = json!({"auth-tag": tag, "credentials": "agent-password", "nonce": "n"});
            crate::support::refusal(connection.call::<_, Value>("Admin", 3, "Login", &params, LONG).await)
        }
    };
    let path = format!("/model/{}/api", world.model);
    for tag in ["machine-0", "unit-web-0", "application-web"] {
        let error = login(tag, path.clone()).await;
        assert_eq!(
            (error.code.as_str(), error.message.as_str()),
            ("redirection required", "redirection to alternative server required")
        );
        let info = serde_json::to_value(&error.info).expect("JSON");
        let home = &world.app.sims[0].plan;
        assert_eq!(info["servers"][0][0]["port"], home.port, "{info}");
        assert_eq!(info["controller-tag"], format!("controller-{}", home.uuid));
        assert!(info["ca-cert"].as_str().expect("a CA").contains("BEGIN CERTIFICATE"));
    }
    for (tag, path) in [("user-admin", path.clone()), ("machine-", path), ("machine-0", "/api".to_owned())] {
        assert_eq!(login(tag, path).await.message, "JIMM does not support login from old clients");
    }
    let nowhere = login("machine-0", format!("/model/{}/api", uuid::Uuid::new_v4())).await;
    assert_eq!(nowhere.code, "model not found");
}

/// A broker that dies while it cleans up has closed the door: who comes then is turned away, and the rest is done later.
#[tokio::test]
async fn a_source_that_comes_back_while_its_model_is_cleaned_up_keeps_it() {
    let world = World::new("3.6").await;
    let token = world.prepare().await;
    world.source.failures().hold("VALIDATION").expect("a phase");
    assert!(world.initiate(&token).await["error"].is_null());
    eventually("at its new home", LONG, || async {
        (world.at_home()["models"][world.model.to_string()]["importing"] == json!(true)).then_some(())
    })
    .await;
    world.app.db.execute("UPDATE incoming_models SET state = 'closed'").await.expect("the database");
    world.source.failures().hold("").expect("released");
    assert!(world.over().await.starts_with("aborted"), "the source keeps it");
    world
        .app
        .db
        .execute("UPDATE incoming_models SET prepared_at = now() - interval '25 hours'")
        .await
        .expect("the database");
    eventually("it is cleaned up", LONG, || async { (world.rows().await == "0 0 0").then_some(()) }).await;
    world.assert_nothing_came().await;
}

#[tokio::test]
async fn what_was_prepared_and_never_finished_is_cleaned_up_after_a_day() {
    let world = World::new("3.6").await;
    let token = world.prepare().await;
    world.source.failures().hold("VALIDATION").expect("a phase");
    assert!(world.initiate(&token).await["error"].is_null());
    eventually("it is taken in", LONG, || async { (world.state().await == "importing").then_some(()) }).await;
    eventually("at its new home too", LONG, || async {
        (world.at_home()["models"][world.model.to_string()]["importing"] == json!(true)).then_some(())
    })
    .await;
    world
        .app
        .db
        .execute("UPDATE incoming_models SET prepared_at = now() - interval '25 hours'")
        .await
        .expect("the database");
    eventually("it is cleaned up", LONG, || async { (world.rows().await == "0 0 0").then_some(()) }).await;
    eventually("at its new home too", LONG, || async {
        world.at_home()["models"][world.model.to_string()].is_null().then_some(())
    })
    .await;
    world.source.failures().hold("").expect("released");
    assert!(world.over().await.starts_with("aborted"), "the source keeps it");
    world.assert_nothing_came().await;
    // It may be tried again.
    let token = world.prepare().await;
    assert!(world.initiate(&token).await["error"].is_null());
    world.over().await;
    assert_eq!(world.state().await, "active");
    let seen: Value = world
        .admin
        .call("JIMM", 4, "IncomingMigrationStatus", &json!({"model-tag": world.tag()}), LONG)
        .await
        .expect(ADMIN);
    assert_eq!(seen["state"], "active");
}
