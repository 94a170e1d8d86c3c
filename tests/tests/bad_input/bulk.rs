//! Calls about many things: up to the bound they are answered in time, above it nothing is done.

use std::time::{Duration, Instant};

use jimm::facades::registry::rows;
use jimm_proto::params::common::MAX_ENTRIES;
use jimm_rpc::{CallError, Connection};
use jimm_tests::broker::ADMIN;
use serde_json::{Value, json};

use crate::support::{World, broker, rows as counts};

const DEADLINE: Duration = Duration::from_secs(120);

fn many(count: usize, entry: impl Fn(usize) -> Value) -> Value {
    (0..count).map(entry).collect()
}

fn entities(count: usize, tag: &str) -> Value {
    json!({"entities": many(count, |n| json!({"tag": tag.replace("{}", &format!("{n:012}"))}))})
}

async fn call(connection: &Connection, method: &str, params: &Value) -> Result<Value, (String, String)> {
    let (facade, name) = method.split_once('.').expect("a facade");
    let version = rows().find(|row| row.facade == facade && row.method == name).expect("served").versions[0];
    connection.call(facade, version, name, params, DEADLINE).await.map_err(|error| match error {
        CallError::Remote(error) => (error.message, error.code),
        other => panic!("{method}: {other}"),
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn more_than_the_bound_is_refused_by_every_method_and_changes_nothing() {
    let world = World::new().await;
    let before = counts(&world.app).await;
    let admin = world.app.connect(ADMIN).await.expect("the administrator");
    let one = json!({"tag": "user-new@example.com", "user-tag": "user-new@example.com", "action": "grant", "access": "login",
        "object": "user-new@example.com", "relation": "administrator", "target_object": "controller-jimm"});
    let lists = [
        "entities",
        "changes",
        "credentials",
        "user-clouds",
        "tuples",
        "specs",
        "models",
        "add_groups",
        "config",
        "keys",
    ];
    for row in rows() {
        let name = format!("{}.{}", row.facade, row.method);
        let mut params = serde_json::Map::new();
        for list in lists {
            params.insert(list.to_owned(), json!([one]));
        }
        params.insert("more".to_owned(), many(MAX_ENTRIES + 1, |_| json!({})));
        let (message, code) = call(&admin, &name, &params.into()).await.expect_err(&name);
        assert!(message.contains("a list of more than 10000 entries; ask in several calls"), "{name}: {message}");
        assert_eq!(code, "bad request", "{name}");
    }
    let map: serde_json::Map<String, Value> = (0..=MAX_ENTRIES).map(|n| (format!("k{n}"), json!(n))).collect();
    let params = json!({"config": [{"cloud-tag": "", "cloud-region": "", "config": map}]});
    assert_eq!(call(&admin, "ModelManager.SetModelDefaults", &params).await.expect_err("a map").1, "bad request");
    assert_eq!(counts(&world.app).await, before);
    let info = call(&admin, "UserManager.UserInfo", &json!({"entities": [{"tag": "user-new@example.com"}]})).await;
    assert_eq!(info.expect("an answer")["results"][0]["error"]["code"], "not found", "nobody was made");
    world.serves().await;
}

/// Methods that only look, with as many entries as they take.
fn looks(count: usize) -> Vec<(&'static str, Value)> {
    let tuple = |n: usize| {
        let user = format!("user-u{n}@example.com");
        json!({"object": user, "relation": "administrator", "target_object": "controller-jimm"})
    };
    let pair = |n: usize| json!({"user-tag": format!("user-u{n}@example.com"), "cloud-tag": "cloud-c"});
    let arg = |n: usize| json!({"cloud-name": "c", "credential-name": format!("n{n}")});
    let model = "model-11111111-1111-4111-8111-{}";
    vec![
        ("ModelManager.ModelDefaultsForClouds", entities(count, "cloud-c{}")),
        ("ModelManager.ModelInfo", entities(count, model)),
        ("ModelManager.ModelStatus", entities(count, model)),
        ("ModelManager.DumpModels", entities(count, model)),
        ("ModelManager.DumpModelsDB", entities(count, model)),
        ("Controller.ModelStatus", entities(count, model)),
        ("Controller.GetControllerAccess", entities(count, "user-u{}@example.com")),
        ("Controller.ControllerAPIInfoForModels", entities(count, model)),
        ("Cloud.Cloud", entities(count, "cloud-c{}")),
        ("Cloud.CloudInfo", entities(count, "cloud-c{}")),
        ("Cloud.Credential", entities(count, &format!("cloudcred-c_{ADMIN}_n{{}}"))),
        ("Cloud.CredentialContents", json!({"credentials": many(count, arg)})),
        ("Cloud.UserCredentials", json!({"user-clouds": many(count, pair)})),
        ("UserManager.UserInfo", entities(count, "user-u{}@example.com")),
        ("UserManager.ModelUserInfo", entities(count, model)),
        (
            "ApplicationOffers.ApplicationOffers",
            json!({"offer-urls": many(count, |n| json!(format!("{ADMIN}/m.o{n}")))}),
        ),
        ("JIMM.CheckRelations", json!({"tuples": many(count, tuple)})),
        ("JIMM.MigrationStatus", json!({"models": many(count, |n| json!(format!("{ADMIN}/m{n}")))})),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn as_much_as_the_bound_is_answered_in_time() {
    let app = broker(&[]).await;
    let admin = app.connect(ADMIN).await.expect("the administrator");
    for (method, params) in looks(MAX_ENTRIES) {
        let began = Instant::now();
        let answer = call(&admin, method, &params).await.unwrap_or_else(|error| panic!("{method}: {error:?}"));
        let took = began.elapsed();
        println!("{method} with {MAX_ENTRIES} entries: {} ms", took.as_millis());
        let results = answer.get("results").or_else(|| answer.get("models")).and_then(Value::as_array);
        assert_eq!(results.map(Vec::len), Some(MAX_ENTRIES), "{method}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn as_many_relations_as_the_bound_come_and_go_in_time() {
    let app = broker(&[]).await;
    let admin = app.connect(ADMIN).await.expect("the administrator");
    call(&admin, "JIMM.AddGroup", &json!({"name": "many"})).await.expect("a group");
    let before = counts(&app).await["relation_tuples"];
    let tuple = |n: usize| json!({"object": format!("user-u{n}@example.com"), "relation": "member", "target_object": "group-many"});
    let tuples = json!({"tuples": many(MAX_ENTRIES, tuple)});
    for (method, expected) in [
        ("JIMM.AddRelation", MAX_ENTRIES),
        ("JIMM.AddRelation", MAX_ENTRIES),
        ("JIMM.CheckRelations", MAX_ENTRIES),
        ("JIMM.RemoveRelation", 0),
        ("JIMM.RemoveRelation", 0),
    ] {
        let began = Instant::now();
        let answer = call(&admin, method, &tuples).await.unwrap_or_else(|error| panic!("{method}: {error:?}"));
        println!("{method} of {MAX_ENTRIES} relations: {} ms", began.elapsed().as_millis());
        if let Some(results) = answer.get("results").and_then(Value::as_array) {
            assert!(results.iter().all(|result| result["allowed"] == true), "{:.300}", answer.to_string());
        }
        let now = counts(&app).await["relation_tuples"] - before;
        assert_eq!(now, i64::try_from(expected).expect("small"), "{method}");
    }
    // One that cannot be is enough: none of them comes.
    let mut wrong = tuples.clone();
    wrong["tuples"][MAX_ENTRIES - 1]["target_object"] = json!("group-none");
    assert_eq!(call(&admin, "JIMM.AddRelation", &wrong).await.expect_err("no such group").1, "failed to parse tuple");
    assert_eq!(counts(&app).await["relation_tuples"], before);
}
