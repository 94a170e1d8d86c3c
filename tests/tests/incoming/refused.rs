//! Each way in which a model may not come in: the source keeps it, and the broker keeps nothing.

use jimm_tests::broker::ADMIN;
use serde_json::{Value, json};

use crate::support::{ALICE, LONG, World, refusal};

#[tokio::test]
async fn only_administrators_prepare_and_only_what_makes_sense() {
    let world = World::new("3.6").await;
    let alice = world.app.connect(ALICE).await.expect("alice");
    let prepare = |tag: &str, controller: &str, mapping: Value| json!({"model-tag": tag, "backing-controller-name": controller, "user-mapping": mapping});
    let tag = world.tag();
    let params = prepare(&tag, "sim1", World::mapping());
    assert_eq!(
        refusal(alice.call::<_, Value>("JIMM", 4, "PrepareModelMigration", &params, LONG).await).code,
        "unauthorized access"
    );
    for (params, text) in [
        (prepare("nonsense", "sim1", json!({})), "invalid model tag: "),
        (prepare(&tag, "", json!({})), "invalid controller name"),
        (prepare(&tag, "nobody", json!({})), "controller not found"),
        (prepare(&tag, "sim1", json!({"x@y": "a@b"})), "x@y is not a valid local user name"),
        (prepare(&tag, "sim1", json!({"x": "nobody"})), "nobody is not a valid external user name"),
    ] {
        let error = refusal(world.admin.call::<_, Value>("JIMM", 4, "PrepareModelMigration", &params, LONG).await);
        assert!(error.message.starts_with(text), "{}", error.message);
    }
    let prepared = world.prepare().await;
    for method in ["Prechecks", "Import", "Activate", "Abort", "AdoptResources", "CheckMachines", "LatestLogTime"] {
        let error =
            refusal(alice.call::<_, Value>("MigrationTarget", 6, method, &json!({"model-tag": tag}), LONG).await);
        assert_eq!(error.code, "unauthorized access", "{method}");
    }
    let ca: Value = alice.call("MigrationTarget", 6, "CACert", &json!({}), LONG).await.expect("for everybody");
    assert_eq!(ca, json!({"result": ""}));
    assert!(!prepared.is_empty());
    world.assert_nothing_came().await;
}

#[tokio::test]
async fn prechecks_say_what_is_missing_here() {
    let world = World::new("3.6").await;
    let refused = async |mapping: Value| {
        let token = world.prepare_with(mapping).await.expect("prepared");
        let answer = world.initiate(&token).await;
        let text = answer["error"]["message"].as_str().unwrap_or_default().to_owned();
        assert!(text.starts_with("target prechecks failed: "), "{answer}");
        text["target prechecks failed: ".len()..].to_owned()
    };
    assert_eq!(
        refused(json!({"bob": ALICE})).await,
        "user mapping is missing the following users:\nexpected user \"carol\" who has write access to the model\n\
         expected user \"dave\" who has read access to the model\nexpected user \"carol\" who has consume access to offer \"db\""
    );
    assert_eq!(
        refused(json!({"bob": "", "carol": "", "dave": ""})).await,
        "no external user mapping found for local user \"bob\""
    );
    let text = refused(json!({"bob": "eve@example.com", "carol": "", "dave": ""})).await;
    assert!(text.starts_with("Failed to find cloud credential \"default\" for user eve@example.com"), "{text}");
    let seen: Value = world
        .admin
        .call("JIMM", 4, "IncomingMigrationStatus", &json!({"model-tag": world.tag()}), LONG)
        .await
        .expect(ADMIN);
    assert_eq!((seen["state"].as_str(), seen["message"].as_str()), (Some("prepared"), Some(text.as_str())));

    world.source.change_model(world.model, |model| model.cloud = "nowhere".into());
    assert!(refused(World::mapping()).await.contains("cloud \"nowhere\" not found"));
    world.source.change_model(world.model, |model| {
        model.cloud = "demo".into();
        model.region = "nowhere".into();
    });
    assert_eq!(refused(World::mapping()).await, "cloud region not found");
    world.assert_nothing_came().await;
}

/// What stands against it at the controller behind the broker, step by step: afterwards nothing is left, and the next try
/// succeeds.
#[tokio::test]
async fn a_refusal_of_the_new_controller_leaves_nothing_behind() {
    let world = World::new("3.6").await;
    let home = &world.app.sims[0].plan;
    for (switch, text) in [
        ("import-error", "failed to import model into target controller: bad description"),
        ("check-machines-error", "machine sanity check failed, 1 error(s) found"),
        ("activate-error", "model activation failed, cannot activate"),
    ] {
        let token = world.prepare().await;
        home.turn(&format!("fail/{switch}/on")).expect("a switch");
        let answer = world.initiate(&token).await;
        assert!(answer["error"].is_null(), "{answer}");
        let told = world.over().await;
        assert!(told.starts_with("aborted") && told.contains(text), "{switch}: {told}");
        home.turn(&format!("fail/{switch}/off")).expect("a switch");
        world.assert_nothing_came().await;
        assert_eq!(world.state().await, "aborted", "{switch}");
    }
    home.turn("fail/prechecks-error/on").expect("a switch");
    let token = world.prepare().await;
    let answer = world.initiate(&token).await;
    assert!(
        answer["error"]["message"].as_str().is_some_and(|text| text.contains("machine 0 agent not functioning")),
        "{answer}"
    );
    home.turn("fail/prechecks-error/off").expect("a switch");
    world.source.failures().set("silent-agents", true).expect("a switch");
    assert!(world.initiate(&token).await["error"].is_null());
    assert!(world.over().await.contains("timed out waiting for agents"));
    world.assert_nothing_came().await;
    world.source.failures().set("silent-agents", false).expect("a switch");
    let token = world.prepare().await;
    assert!(world.initiate(&token).await["error"].is_null());
    world.over().await;
    assert_eq!(world.state().await, "active");
}

#[tokio::test]
async fn a_4_1_source_is_told_when_the_new_controller_is_too_old() {
    let old = World::new("3.6").await;
    let token = old.prepare().await;
    let info = json!({"uuid": old.model, "name": "shop", "qualifier": "bob"});
    let payload = "bW9kZWw6IFtdCg==";
    let params = json!({"model-info": info, "payload": payload, "permissions": []});
    let error = refusal(old.say(&token, 8, "Prechecks", params).await);
    assert!(error.message.contains("cloud \"\" not found"), "{}", error.message);
    let full = json!({"model-info": {"uuid": old.model, "name": "shop", "qualifier": "bob", "cloud": "demo", "cloud-region": "here"},
                      "payload": payload, "permissions": []});
    let error = refusal(old.say(&token, 8, "Prechecks", full).await);
    assert!(error.message.contains("controller sim1 (Juju 3.6.11) does not take"), "{}", error.message);
}

#[tokio::test]
async fn calls_out_of_turn_and_repeated_ones_do_no_harm() {
    let world = World::new("3.6").await;
    let token = world.prepare().await;
    let tag = json!({"model-tag": world.tag()});
    for method in ["Activate", "CheckMachines", "AdoptResources", "LatestLogTime"] {
        let error = refusal(world.say(&token, 6, method, tag.clone()).await);
        assert_eq!(error.message, "model migration mode is \"prepared\" instead of \"importing\"", "{method}");
    }
    let other = json!({"model-tag": format!("model-{}", uuid::Uuid::new_v4())});
    let error = refusal(world.say(&token, 6, "Activate", other).await);
    assert!(error.code == "not found" && error.message.starts_with("no migration of model"), "{error:?}");
    world.say(&token, 6, "Abort", tag.clone()).await.expect("what never began ends");
    world.say(&token, 6, "Abort", tag.clone()).await.expect("again");
    assert_eq!(world.state().await, "aborted");

    let token = world.prepare().await;
    world.source.failures().hold("VALIDATION").expect("a phase");
    assert!(world.initiate(&token).await["error"].is_null());
    jimm_tests::process::eventually("it is taken in", LONG, || async {
        (world.state().await == "importing").then_some(())
    })
    .await;
    assert_eq!(refusal(world.prepare_with(World::mapping()).await).code, "already exists");
    world.source.failures().hold("SUCCESS").expect("a phase");
    jimm_tests::process::eventually("it is here", LONG, || async { (world.state().await == "active").then_some(()) })
        .await;
    world.say(&token, 6, "Activate", tag.clone()).await.expect("again");
    let error = refusal(world.say(&token, 6, "Abort", tag.clone()).await);
    assert_eq!(error.message, "model migration mode is \"active\" instead of \"importing\"");
    // The answer is no object.
    let (connection, _) = world.app.door.with_token(&token).await.expect("the token is taken");
    let time = connection.call_raw("MigrationTarget", 6, "LatestLogTime", &tag, LONG).await.expect("a time");
    assert_eq!(time.get(), "\"0001-01-01T00:00:00Z\"");
    world.source.failures().hold("").expect("released");
    world.over().await;
    assert_eq!(world.rows().await.split(' ').next(), Some("1"));
}
