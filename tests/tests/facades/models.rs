//! Models: made, listed, shown, destroyed.

use std::time::Duration;

use jimm_tests::process::eventually;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::scripted::{HANG_UP, Scripted};
use crate::support::{ADMIN, ALICE, BOB, BROKER, Client, World};

/// The controller makes every model asked for, as this UUID.
fn makes_models(host: &Scripted, uuid: Uuid) {
    host.answer("Cloud.UpdateCredentialsCheckModels", json!({"results": [{"tag": "x"}]}));
    let controller = host.uuid;
    host.on("ModelManager.CreateModel", move |args| {
        Ok(json!({
            "name": args["name"], "uuid": uuid, "type": "iaas", "controller-uuid": controller, "life": "alive",
            "owner-tag": args["owner-tag"], "qualifier": args["qualifier"], "cloud-tag": args["cloud-tag"],
            "cloud-region": args["region"], "status": {"status": "available", "info": "", "since": "2026-01-02T03:04:05Z"},
            "users": null, "machines": [], "agent-version": "3.6.11",
        }))
    });
}

fn named(model: Uuid) -> Value {
    json!({"entities": [{"tag": format!("model-{model}")}]})
}

async fn add(client: &Client, version: u32, args: Value) -> Result<Value, (String, String)> {
    client.call(&format!("ModelManager({version}).CreateModel"), args).await
}

#[tokio::test]
async fn an_older_client_adds_a_model_on_an_older_controller() {
    let world = World::new().await;
    let alice = world.login(ALICE).await;
    world.credential(&alice, ALICE).await;
    let uuid = Uuid::new_v4();
    makes_models(&world.older, uuid);
    let args = json!({"name": "m1", "owner-tag": format!("user-{ALICE}"), "config": {"authorized-keys": "k"},
        "cloud-tag": "cloud-stub", "region": "r1", "credential": format!("cloudcred-stub_{ALICE}_default")});
    let info = add(&alice, 10, args).await.unwrap();
    assert_eq!(info["uuid"], json!(uuid));
    assert_eq!(info["owner-tag"], format!("user-{ALICE}"));
    assert_eq!(info["controller-uuid"], BROKER, "masked");
    assert_eq!(
        info["users"][1],
        json!({"model-tag": format!("model-{uuid}"), "user": ALICE, "display-name": "alice",
        "last-connection": null, "access": "admin"})
    );
    assert!(info.get("qualifier").is_none());

    let made = world.older.calls("ModelManager.CreateModel");
    assert_eq!(made.len(), 1);
    assert_eq!(made[0].what, "ModelManager(10).CreateModel");
    assert_eq!(made[0].user, format!("user-{ALICE}"), "the controller makes it for its owner");
    assert_eq!(made[0].access["cloud-stub"], "add-model");
    assert_eq!(made[0].params["owner-tag"], format!("user-{ALICE}"));
    assert_eq!(made[0].params["config"], json!({"authorized-keys": "k"}));
    let pushed = world.older.calls("Cloud.UpdateCredentialsCheckModels");
    assert_eq!(pushed[0].params["credentials"][0]["credential"]["attrs"]["password"], "hunter2");

    let expected = [format!("controller:{} controller", world.older.uuid), format!("user:{ALICE} administrator")];
    assert_eq!(world.tuples_on("model", &uuid.to_string()).await, expected);
}

/// As the terraform provider makes all of its models: a qualifier and no owner tag, the cloud and the credential left to
/// the broker.
#[tokio::test]
async fn a_model_goes_to_the_controller_that_is_named_with_a_right_to_it() {
    let world = World::new().await;
    let alice = world.login(ALICE).await;
    world.credential(&alice, ALICE).await;
    let uuid = Uuid::new_v4();
    makes_models(&world.newer, uuid);
    let ask = async |controller: &str| {
        let args = json!({"name": "m1", "qualifier": ALICE, "config": {}, "cloud-tag": "cloud-stub", "region": "",
            "credential": "", "controller-name": controller});
        alice.call("JIMM(4).AddModelToController", args).await
    };
    let (text, code) = ask("nowhere").await.unwrap_err();
    assert_eq!((text.as_str(), code.as_str()), ("controller \"nowhere\" not found", "not found"));
    let (text, code) = ask("newer").await.unwrap_err();
    assert!(text.starts_with("not authorized to add model to controller \"newer\""), "{text}");
    assert_eq!(code, "unauthorized access");
    assert!(world.newer.calls("ModelManager.CreateModel").is_empty());
    let right =
        json!({"object": format!("user-{ALICE}"), "relation": "can_addmodel", "target_object": "controller-newer"});
    world.login(ADMIN).await.ok("JIMM(4).AddRelation", json!({"tuples": [right]})).await;
    let info = ask("newer").await.unwrap();
    assert_eq!(info["uuid"], json!(uuid));
    assert_eq!((&info["qualifier"], &info["owner-tag"]), (&json!(ALICE), &json!(format!("user-{ALICE}"))));
    assert_eq!(info["cloud-credential-tag"], format!("cloudcred-stub_{ALICE}_default"));
    assert_eq!(world.newer.calls("ModelManager.CreateModel").len(), 1);
}

#[tokio::test]
async fn a_newer_client_adds_a_model_on_a_newer_controller() {
    let world = World::new().await;
    let alice = world.login(ALICE).await;
    world.credential(&alice, ALICE).await;
    let uuid = Uuid::new_v4();
    makes_models(&world.newer, uuid);
    let args = json!({"name": "m1", "qualifier": ALICE, "cloud-tag": "cloud-stub", "region": "r2"});
    let info = add(&alice, 11, args).await.unwrap();
    assert_eq!(info["qualifier"], ALICE);
    assert!(info.get("owner-tag").is_none());
    let made = world.newer.calls("ModelManager.CreateModel");
    assert_eq!(made[0].what, "ModelManager(11).CreateModel");
    assert_eq!(made[0].params["qualifier"], ALICE);
    assert!(made[0].params.get("owner-tag").is_none());
    assert_eq!(made[0].params["credential"], format!("cloudcred-stub_{ALICE}_default"), "the owner's only one");
}

#[tokio::test]
async fn what_cannot_be_made_is_said_in_the_documented_words() {
    let world = World::new().await;
    let (alice, bob) = (world.login(ALICE).await, world.login(BOB).await);
    world.credential(&alice, ALICE).await;
    makes_models(&world.older, Uuid::new_v4());
    let args = |name: &str| json!({"name": name, "owner-tag": format!("user-{ALICE}"), "cloud-tag": "cloud-stub", "region": "r1"});
    let refused = |r: Result<Value, (String, String)>| r.unwrap_err();
    assert_eq!(refused(add(&alice, 10, args("")).await).0, "name not specified");
    assert_eq!(refused(add(&alice, 10, json!({"name": "m1"})).await).0, "owner tag not specified");
    assert_eq!(refused(add(&bob, 10, args("m1")).await).1, "unauthorized access");
    let unknown =
        json!({"name": "m1", "owner-tag": format!("user-{ALICE}"), "cloud-tag": "cloud-stub", "region": "r9"});
    assert_eq!(
        refused(add(&alice, 10, unknown).await),
        ("cloud region \"r9\" not found in cloud \"stub\"".into(), "not found".into())
    );
    let bobs = json!({"name": "m1", "owner-tag": format!("user-{BOB}"), "cloud-tag": "cloud-stub", "region": "r1"});
    assert!(refused(add(&bob, 10, bobs).await).0.starts_with("valid cloud credentials not found"));
    add(&alice, 10, args("m1")).await.unwrap();
    assert_eq!(
        refused(add(&alice, 10, args("m1")).await),
        (format!("model {ALICE}/m1 already exists"), "already exists".into())
    );
}

#[tokio::test]
async fn a_model_that_the_controller_refuses_leaves_nothing_behind() {
    let world = World::new().await;
    let alice = world.login(ALICE).await;
    world.credential(&alice, ALICE).await;
    makes_models(&world.older, Uuid::new_v4());
    world.older.on("ModelManager.CreateModel", |_| Err(("bad config".into(), String::new())));
    let args = json!({"name": "m1", "owner-tag": format!("user-{ALICE}"), "cloud-tag": "cloud-stub", "region": "r1"});
    assert_eq!(add(&alice, 10, args.clone()).await.unwrap_err(), ("bad config".into(), "bad request".into()));
    assert_eq!(world.db.fetch("SELECT count(*)::text FROM models").await.unwrap().as_deref(), Some("0"));
    makes_models(&world.older, Uuid::new_v4());
    add(&alice, 10, args).await.unwrap();
}

#[tokio::test]
async fn a_controller_that_does_not_answer_is_passed_over() {
    let world = World::new().await;
    let alice = world.login(ALICE).await;
    world.credential(&alice, ALICE).await;
    let second = format!(
        "INSERT INTO cloud_region_priorities (controller_uuid, cloud, region, priority) VALUES ('{}', 'stub', 'r1', 1)",
        world.newer.uuid
    );
    world.db.execute(&second).await.unwrap();
    let uuid = Uuid::new_v4();
    makes_models(&world.newer, uuid);
    let older = world.older.uuid;
    drop(world.older);
    let args = json!({"name": "m1", "owner-tag": format!("user-{ALICE}"), "cloud-tag": "cloud-stub", "region": "r1"});
    let info = add(&alice, 10, args).await.unwrap();
    assert_eq!(info["uuid"], json!(uuid));
    let home = world.db.fetch("SELECT controller_uuid::text FROM models").await.unwrap();
    assert_eq!(home, Some(world.newer.uuid.to_string()));
    assert_ne!(home, Some(older.to_string()));
}

#[tokio::test]
async fn operators_are_told_why_a_controller_was_chosen() {
    let world = World::new().await;
    for (user, told) in [(ADMIN, "placed: older is number 1"), (ALICE, "")] {
        let client = world.login(user).await;
        world.credential(&client, user).await;
        makes_models(&world.older, Uuid::new_v4());
        let args =
            json!({"name": "m1", "owner-tag": format!("user-{user}"), "cloud-tag": "cloud-stub", "region": "r1"});
        let info = add(&client, 10, args).await.unwrap();
        let info = info["status"]["info"].as_str().unwrap_or_default().to_owned();
        assert!(info.starts_with(told) && info.is_empty() == told.is_empty(), "{user}: {info}");
    }
}

#[tokio::test]
async fn deprecated_controllers_get_no_models_and_the_refusal_says_so() {
    let world = World::new().await;
    let alice = world.login(ALICE).await;
    world.credential(&alice, ALICE).await;
    world.db.execute("UPDATE controllers SET deprecated = true WHERE name = 'older'").await.unwrap();
    let args = json!({"name": "m1", "owner-tag": format!("user-{ALICE}"), "cloud-tag": "cloud-stub", "region": "r1"});
    let expected = "unsupported cloud region stub/r1 - confirm access to the cloud/controller; older is deprecated";
    assert_eq!(add(&alice, 10, args).await.unwrap_err(), (expected.into(), "bad request".into()));
}

#[tokio::test]
async fn a_model_whose_making_was_not_answered_is_found_again() {
    let world = World::new().await;
    let alice = world.login(ALICE).await;
    world.credential(&alice, ALICE).await;
    makes_models(&world.older, Uuid::new_v4());
    world.older.on("ModelManager.CreateModel", |_| Err((String::new(), HANG_UP.into())));
    let args = json!({"name": "m1", "owner-tag": format!("user-{ALICE}"), "cloud-tag": "cloud-stub", "region": "r1"});
    let lost = add(&alice, 10, args.clone()).await.unwrap_err();
    assert!(lost.0.contains("does not answer"), "{}", lost.0);
    let broker = &world.app.services().broker;
    broker.recover_creations().await.unwrap();
    assert_eq!(add(&alice, 10, args).await.unwrap_err().1, "already exists", "too early to tell");
    world.db.execute("UPDATE models SET created_at = now() - interval '10 minutes'").await.unwrap();
    let uuid = Uuid::new_v4();
    world.older.answer(
        "ModelManager.ListModelSummaries",
        json!({"results": [{"result": {"name": "m1", "uuid": uuid, "owner-tag": format!("user-{ALICE}"), "life": "alive"}}]}),
    );
    broker.recover_creations().await.unwrap();
    let models = alice.ok("ModelManager(10).ListModels", json!({})).await;
    assert_eq!(models["user-models"][0]["model"]["uuid"], json!(uuid));
}

#[tokio::test]
async fn a_creation_whose_creator_died_is_settled_by_what_the_controller_has() {
    let world = World::new().await;
    let (made, lost) = (Uuid::new_v4(), Uuid::new_v4());
    for (uuid, name) in [(made, "made"), (lost, "lost")] {
        let insert = format!(
            "INSERT INTO models (uuid, name, owner, controller_uuid, cloud, region, mode, created_at)
             VALUES ('{uuid}', '{name}', '{ALICE}', '{}', 'stub', 'r2', 'creating', now() - interval '10 minutes')",
            world.newer.uuid
        );
        world.db.execute(&insert).await.unwrap();
    }
    let alice = world.login(ALICE).await;
    // As long as the controller tells nothing: the broker looks by itself, too.
    assert_eq!(alice.ok("ModelManager(11).ListModels", json!({})).await["user-models"], json!([]), "not there yet");
    let truly = Uuid::new_v4();
    world.newer.answer(
        "ModelManager.ListModelSummaries",
        json!({"results": [{"result": {"name": "made", "uuid": truly, "qualifier": ALICE, "life": "alive"}}]}),
    );
    world.app.services().broker.recover_creations().await.unwrap();
    let models = alice.ok("ModelManager(11).ListModels", json!({})).await;
    let expected = json!([{"model": {"name": "made", "uuid": truly, "type": "iaas", "qualifier": ALICE}, "last-connection": null}]);
    assert_eq!(models["user-models"], expected);
    assert_eq!(world.db.fetch("SELECT count(*)::text FROM models").await.unwrap().as_deref(), Some("1"));
}

#[tokio::test]
async fn lists_speak_each_generations_words_and_survive_a_dead_controller() {
    let world = World::new().await;
    let (one, two) = (world.model(ALICE, "m1", &world.older).await, world.model(ALICE, "m2", &world.newer).await);
    let told = json!({"results": [{"result": {
        "name": "m1", "uuid": one, "type": "iaas", "owner-tag": "user-admin", "life": "alive", "provider-type": "openstack",
        "status": {"status": "available", "info": "", "since": "2026-01-02T03:04:05Z"}, "agent-version": "3.6.11",
        "counts": [{"entity": "machines", "count": 3}, {"entity": "cores", "count": 6}],
    }}]});
    world.older.answer("ModelManager.ListModelSummaries", told);
    // The newer one answers an error: its model is listed all the same, and said to be away.
    let alice = world.login(ALICE).await;
    let request = json!({"user-tag": format!("user-{ALICE}")});
    let list = eventually("the first is told of", Duration::from_secs(20), || async {
        let list = alice.ok("ModelManager(10).ListModelSummaries", request.clone()).await;
        let (told, silent) = (&list["results"][0]["result"], &list["results"][1]["result"]);
        (told["agent-version"].is_string() && silent["status"]["status"] == "unavailable").then_some(list.clone())
    })
    .await;
    let first = &list["results"][0]["result"];
    assert_eq!(first["uuid"], json!(one));
    assert_eq!(first["owner-tag"], format!("user-{ALICE}"));
    assert_eq!(first["controller-uuid"], BROKER);
    assert_eq!(first["user-access"], "admin");
    assert_eq!(first["agent-version"], "3.6.11");
    assert_eq!(first["counts"][0], json!({"entity": "machines", "count": 3}));
    assert_eq!(first["cloud-credential-tag"], format!("cloudcred-stub_{ALICE}_default"));
    assert_eq!(list["results"][1]["result"]["uuid"], json!(two));
    let list = alice.ok("ModelManager(11).ListModelSummaries", request).await;
    assert_eq!(list["results"][0]["result"]["qualifier"], ALICE);
    assert!(list["results"][0]["result"].get("owner-tag").is_none());
    for (what, field) in [("ModelManager(9).ListModels", "owner-tag"), ("Controller(13).AllModels", "qualifier")] {
        let models = alice.ok(what, json!({})).await;
        assert_eq!(models["user-models"].as_array().unwrap().len(), 2, "{what}");
        assert!(models["user-models"][0]["model"].get(field).is_some(), "{what}");
    }
}

#[tokio::test]
async fn show_model_is_the_controllers_word_under_the_brokers_names() {
    let world = World::new().await;
    let uuid = world.model(ALICE, "m1", &world.older).await;
    world.older.answer(
        "ModelManager.ModelInfo",
        json!({"results": [{"result": {
            "name": "m1", "uuid": uuid, "owner-tag": "user-admin", "life": "alive", "controller-uuid": world.older.uuid,
            "users": [{"user": "admin", "access": "admin"}], "machines": [{"id": "0"}], "default-base": "ubuntu@24.04",
            "status": {"status": "available", "info": "", "since": null}, "sla": {"level": "unsupported", "owner": ""},
        }}]}),
    );
    let (alice, bob) = (world.login(ALICE).await, world.login(BOB).await);
    let shown = alice.ok("ModelManager(10).ModelInfo", named(uuid)).await["results"][0]["result"].clone();
    assert_eq!(shown["owner-tag"], format!("user-{ALICE}"));
    assert_eq!(shown["machines"], json!([{"id": "0"}]));
    assert_eq!(shown["default-base"], "ubuntu@24.04");
    assert_eq!(bob.entry_error("ModelManager(10).ModelInfo", named(uuid)).await, "unauthorized (unauthorized access)");
    let nobody = named(Uuid::new_v4());
    assert_eq!(alice.entry_error("ModelManager(10).ModelInfo", nobody).await, "unauthorized (unauthorized access)");
    let grant = json!({"user-tag": format!("user-{BOB}"), "action": "grant", "access": "read", "model-tag": format!("model-{uuid}")});
    assert_eq!(alice.entry_error("ModelManager(10).ModifyModelAccess", json!({"changes": [grant]})).await, "");
    let shown = bob.ok("ModelManager(11).ModelInfo", named(uuid)).await["results"][0]["result"].clone();
    assert_eq!(shown["machines"], json!([]), "for those who may write");
    assert_eq!(shown["qualifier"], ALICE);
    let users: Vec<_> = shown["users"].as_array().unwrap().iter().map(|u| u["user"].as_str().unwrap()).collect();
    assert_eq!(users, [BOB]);
}

#[tokio::test]
async fn a_controller_is_asked_once_about_all_of_its_models() {
    let world = World::new().await;
    let models = [world.model(ALICE, "m1", &world.older).await, world.model(ALICE, "m2", &world.older).await];
    world.older.on("ModelManager.ModelInfo", |params| {
        let told = |entity: &Value| json!({"result": {"uuid": entity["tag"].as_str().unwrap().replace("model-", "")}});
        let results: Vec<_> = params["entities"].as_array().unwrap().iter().map(told).collect();
        Ok(json!({"results": results}))
    });
    let asked: Vec<Uuid> = models.iter().copied().cycle().take(100).collect();
    let entities: Vec<_> = asked.iter().map(|uuid| json!({"tag": format!("model-{uuid}")})).collect();
    let alice = world.login(ALICE).await;
    let shown = alice.ok("ModelManager(10).ModelInfo", json!({"entities": entities})).await;
    let shown: Vec<_> = shown["results"].as_array().unwrap().iter().map(|it| it["result"]["uuid"].clone()).collect();
    assert_eq!(json!(shown), json!(asked));
    let calls = world.older.calls("ModelManager.ModelInfo");
    assert_eq!(calls.len(), 1, "however often a model is named");
    assert_eq!(calls[0].params["entities"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn destroying_goes_on_until_the_controller_has_it_no_more() {
    let world = World::new().await;
    let uuid = world.model(ALICE, "m1", &world.older).await;
    let (alice, bob) = (world.login(ALICE).await, world.login(BOB).await);
    let destroy = json!({"models": [{"model-tag": format!("model-{uuid}"), "destroy-storage": true, "timeout": 5}]});
    let what = "ModelManager(10).DestroyModels";
    assert_eq!(bob.entry_error(what, destroy.clone()).await, "unauthorized (unauthorized access)");
    world.older.answer("ModelManager.DestroyModels", json!({"results": [{}]}));
    assert_eq!(alice.entry_error(what, destroy.clone()).await, "");
    let forwarded = &world.older.calls("ModelManager.DestroyModels")[0];
    assert_eq!(forwarded.params, destroy, "with its options");

    let status = |answer: Value| answer["models"][0].clone();
    world.older.answer("ModelManager.ModelStatus", json!({"models": [{"model-tag": format!("model-{uuid}"), "life": "dying",
        "type": "iaas", "hosted-machine-count": 1, "application-count": 1, "unit-count": 1, "owner-tag": "user-admin"}]}));
    let told = status(alice.ok("ModelManager(10).ModelStatus", named(uuid)).await);
    assert_eq!((&told["life"], &told["owner-tag"]), (&json!("dying"), &json!(format!("user-{ALICE}"))));
    world.older.answer(
        "ModelManager.ModelStatus",
        json!({"models": [{"error": {"message": "model not found", "code": "model not found"}}]}),
    );
    for _ in 0..2 {
        let told = status(alice.ok("ModelManager(10).ModelStatus", named(uuid)).await);
        assert_eq!(told["error"], json!({"message": "model not found", "code": "model not found"}));
    }
    assert_eq!(world.tuples_on("model", &uuid.to_string()).await, [""; 0]);
    assert_eq!(alice.entry_error(what, destroy).await, "", "a model that is gone is no error");
}

#[tokio::test]
async fn a_living_model_is_not_forgotten_because_its_controller_does_not_know_it() {
    let world = World::new().await;
    let uuid = world.model(ALICE, "m1", &world.older).await;
    let alice = world.login(ALICE).await;
    world
        .older
        .answer("ModelManager.ModelStatus", json!({"models": [{"error": {"message": "gone", "code": "not found"}}]}));
    let told = alice.ok("ModelManager(10).ModelStatus", named(uuid)).await;
    assert_eq!(told["models"][0]["error"]["code"], "not found");
    let models = alice.ok("ModelManager(10).ListModels", json!({})).await;
    assert_eq!(models["user-models"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_model_on_the_move_takes_no_changes() {
    let world = World::new().await;
    let uuid = world.model(ALICE, "m1", &world.older).await;
    world.db.execute("UPDATE models SET mode = 'migrating-internal'").await.unwrap();
    let alice = world.login(ALICE).await;
    let destroy = json!({"models": [{"model-tag": format!("model-{uuid}")}]});
    let refused = alice.entry_error("ModelManager(10).DestroyModels", destroy).await;
    assert!(refused.ends_with("(model migration in progress)"), "{refused}");
    assert!(world.older.calls("ModelManager.DestroyModels").is_empty());
}

#[tokio::test]
async fn defaults_are_the_callers_own_and_configure_new_models() {
    let world = World::new().await;
    let alice = world.login(ALICE).await;
    world.credential(&alice, ALICE).await;
    let set = |region: &str, config: Value| json!({"config": [{"cloud-tag": "cloud-stub", "cloud-region": region, "config": config}]});
    let what = "ModelManager(10).SetModelDefaults";
    assert_eq!(alice.entry_error(what, set("", json!({"a": "cloud", "b": "cloud"}))).await, "");
    assert_eq!(alice.entry_error(what, set("r1", json!({"b": "region"}))).await, "");
    assert_eq!(alice.entry_error(what, set("r9", json!({"b": 1}))).await, "region not found (not found)");
    let refused = alice.entry_error(what, set("", json!({"agent-version": "1"}))).await;
    assert_eq!(refused, "agent-version cannot have a default value (bad request)");
    let defaults =
        alice.ok("ModelManager(10).ModelDefaultsForClouds", json!({"entities": [{"tag": "cloud-stub"}]})).await;
    let expected = json!({"a": {"default": "cloud"}, "b": {"default": "cloud", "regions": [{"region-name": "r1", "value": "region"}]}});
    assert_eq!(defaults["results"][0]["config"], expected);

    makes_models(&world.older, Uuid::new_v4());
    let args = json!({"name": "m1", "owner-tag": format!("user-{ALICE}"), "cloud-tag": "cloud-stub", "region": "r1", "config": {"c": "given"}});
    add(&alice, 10, args).await.unwrap();
    let made = world.older.calls("ModelManager.CreateModel");
    assert_eq!(made[0].params["config"], json!({"a": "cloud", "b": "region", "c": "given"}));
    let unset = json!({"keys": [{"cloud-tag": "cloud-stub", "keys": ["a", "b"]}]});
    assert_eq!(alice.entry_error("ModelManager(10).UnsetModelDefaults", unset).await, "");
}
