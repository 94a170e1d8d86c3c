//! Names that break the rules, in every place that takes one: refused with a code, and no row is the other for it.

use jimm_tests::broker::ADMIN;
use serde_json::{Value, json};

use crate::support::{World, rows};
use crate::wire::Ws;

/// No kind of name may look like this.
fn wrong() -> Vec<String> {
    let mut names: Vec<String> = [
        " ",
        "a b",
        "-a",
        "ä",
        "💥",
        "a\u{0}b",
        "a\nb",
        "\u{1b}[31m",
        "\u{202e}a",
        "../../etc",
        "a/b/c",
        "%00",
        "\"",
        "\\",
        "'; DROP TABLE models; --",
        "${jndi:x}",
        "{{7*7}}",
        "<script>",
        "a:b:c",
        "@",
        "@b",
        "a,b",
        "*",
    ]
    .map(str::to_owned)
    .to_vec();
    names.push("x".repeat(256));
    names.push("x".repeat(100_000));
    names
}

/// Calls with the name in one place each.
fn calls(name: &str, model: &str) -> Vec<(&'static str, Value)> {
    let alice = "user-alice@example.com";
    let user = format!("user-{name}");
    let cloud = format!("cloud-{name}");
    let of_model = format!("model-{model}");
    let create = |member: &str, value: &str| {
        let mut args = json!({"name": "new", "owner-tag": format!("user-{ADMIN}"), "cloud-tag": "cloud-demo", "region": "here",
            "credential": format!("cloudcred-demo_{ADMIN}_default"), "config": {}});
        args[member] = json!(value);
        args
    };
    let attach = |member: &str, value: Value| {
        let mut args = json!({"uuid": "11111111-1111-4111-8111-111111111111", "name": "new", "username": "admin",
            "password": "s3cret-word", "api-addresses": ["127.0.0.1:1"], "ca-certificate": "x"});
        args[member] = value;
        args
    };
    let tuple = |object: &str, relation: &str, target: &str| json!({"tuples": [{"object": object, "relation": relation, "target_object": target}]});
    let credential = |tag: String| json!({"tag": tag, "credential": {"auth-type": "userpass", "attrs": {"password": "s3cret-word"}}});
    let change = |user: &str, tag: &str| json!({"changes": [{"user-tag": user, "action": "grant", "access": "read", "model-tag": tag}]});
    let on_cloud = |user: &str, tag: &str| json!({"changes": [{"user-tag": user, "action": "grant", "access": "add-model", "cloud-tag": tag}]});
    let entity = |tag: &str| json!({"entities": [{"tag": tag}]});
    let offer = |member: &str| {
        let mut args =
            json!({"model-tag": of_model, "offer-name": "o", "application-name": "a", "endpoints": {"db": "db"}});
        args[member] = json!(name);
        json!({"Offers": [args]})
    };
    let url = format!("{ADMIN}/here.{name}");
    let on_offer =
        |url: &str| json!({"changes": [{"user-tag": alice, "action": "grant", "access": "read", "offer-url": url}]});
    vec![
        ("ModelManager(9).CreateModel", create("name", name)),
        ("ModelManager(9).CreateModel", create("owner-tag", &user)),
        ("ModelManager(9).CreateModel", create("cloud-tag", &cloud)),
        ("ModelManager(9).CreateModel", create("region", name)),
        ("ModelManager(9).CreateModel", create("credential", &format!("cloudcred-demo_{ADMIN}_{name}"))),
        ("ModelManager(9).ModelInfo", entity(&format!("model-{name}"))),
        ("ModelManager(9).ModelStatus", entity(&format!("model-{name}"))),
        ("ModelManager(9).DestroyModels", json!({"models": [{"model-tag": format!("model-{name}")}]})),
        ("ModelManager(9).ModifyModelAccess", change(&user, &of_model)),
        ("ModelManager(9).ModifyModelAccess", change(alice, &format!("model-{name}"))),
        ("Cloud(7).AddCloud", json!({"name": name, "cloud": {"type": "openstack", "host-cloud-region": "demo/here"}})),
        ("Cloud(7).Cloud", entity(&cloud)),
        ("Cloud(7).CloudInfo", entity(&cloud)),
        ("Cloud(7).RemoveClouds", entity(&cloud)),
        ("Cloud(7).UserCredentials", json!({"user-clouds": [{"user-tag": user, "cloud-tag": "cloud-demo"}]})),
        ("Cloud(7).ModifyCloudAccess", on_cloud(&user, "cloud-demo")),
        ("Cloud(7).ModifyCloudAccess", on_cloud(alice, &cloud)),
        (
            "Cloud(7).UpdateCredentialsCheckModels",
            json!({"credentials": [credential(format!("cloudcred-demo_{ADMIN}_{name}"))]}),
        ),
        (
            "Cloud(7).UpdateCredentialsCheckModels",
            json!({"credentials": [credential(format!("cloudcred-{name}_{ADMIN}_c"))]}),
        ),
        ("Cloud(7).AddCredentials", json!({"credentials": [credential(format!("cloudcred-demo_{name}_c"))]})),
        (
            "Cloud(7).RevokeCredentialsCheckModels",
            json!({"credentials": [{"tag": format!("cloudcred-demo_{ADMIN}_{name}")}]}),
        ),
        ("Cloud(7).Credential", entity(&format!("cloudcred-demo_{ADMIN}_{name}"))),
        ("JIMM(4).AddController", attach("name", json!(name))),
        ("JIMM(4).AddController", attach("uuid", json!(name))),
        ("JIMM(4).AddController", attach("api-addresses", json!([name]))),
        ("JIMM(4).AddController", attach("public-address", json!(name))),
        ("JIMM(4).RemoveController", json!({"name": name, "force": true})),
        ("JIMM(4).ShowController", json!({"name": name})),
        ("JIMM(4).SetControllerDeprecated", json!({"name": name, "deprecated": true})),
        ("JIMM(4).ImportModel", json!({"controller": name, "model-tag": of_model})),
        ("JIMM(4).ImportModel", json!({"controller": "sim1", "model-tag": format!("model-{name}")})),
        (
            "JIMM(4).ImportModel",
            json!({"controller": "sim1", "model-tag": "model-11111111-1111-4111-8111-111111111111", "owner": name}),
        ),
        ("JIMM(4).MigrateModel", json!({"specs": [{"model-tag": of_model, "target-controller": name}]})),
        ("JIMM(4).UpdateMigratedModel", json!({"model-tag": of_model, "target-controller": name})),
        ("JIMM(4).ModelControllerInfo", json!({"model": name})),
        ("JIMM(4).AddGroup", json!({"name": name})),
        ("JIMM(4).RenameGroup", json!({"name": name, "new-name": "other"})),
        ("JIMM(4).RemoveGroup", json!({"name": name})),
        ("JIMM(4).AddRole", json!({"name": name})),
        ("JIMM(4).RemoveRole", json!({"name": name})),
        ("JIMM(4).AddRelation", tuple(&user, "reader", &of_model)),
        ("JIMM(4).AddRelation", tuple(alice, name, &of_model)),
        ("JIMM(4).AddRelation", tuple(alice, "reader", &format!("model-{name}"))),
        ("JIMM(4).AddRelation", tuple(&format!("group-{name}#member"), "reader", &of_model)),
        ("JIMM(4).RemoveRelation", tuple(alice, "reader", name)),
        ("JIMM(4).CheckRelation", json!({"tuple": {"object": name, "relation": "reader", "target_object": of_model}})),
        ("JIMM(4).ListSessions", json!({"user-tag": user})),
        ("JIMM(4).RevokeSessions", json!({"user-tag": user})),
        ("JIMM(4).RevokeSessions", json!({"session-id": name})),
        ("JIMM(4).AddServiceAccount", json!({"client-id": name})),
        ("JIMM(4).GrantServiceAccountAccess", json!({"client-id": name, "entities": [alice]})),
        ("UserManager(3).DisableUser", json!({"entities": [{"tag": user}]})),
        ("JIMM(4).FullModelStatus", json!({"model-tag": format!("model-{name}")})),
        ("ApplicationOffers(4).Offer", offer("offer-name")),
        ("ApplicationOffers(4).ApplicationOffers", json!({"offer-urls": [url]})),
        ("ApplicationOffers(4).DestroyOffers", json!({"offer-urls": [url]})),
        ("ApplicationOffers(4).ModifyOfferAccess", on_offer(&url)),
        ("ApplicationOffers(4).GetConsumeDetails", json!({"offer-urls": {"offer-urls": [url]}, "user-tag": ""})),
        ("UserManager(3).UserInfo", json!({"entities": [{"tag": user}], "include-disabled": true})),
        ("Controller(11).GetControllerAccess", entity(&user)),
        (
            "Controller(11).ModifyControllerAccess",
            json!({"changes": [{"user-tag": user, "action": "grant", "access": "superuser"}]}),
        ),
    ]
}

/// The errors in an answer: its own, or those of its entries.
pub(crate) fn errors(answer: &Value) -> Vec<String> {
    fn find(value: &Value, found: &mut Vec<String>) {
        match value {
            Value::Array(items) => items.iter().for_each(|it| find(it, found)),
            Value::Object(members) => {
                if let (Some(message), Some(code)) = (members.get("message"), members.get("code")) {
                    found.push(format!("{} ({})", message.as_str().unwrap_or("?"), code.as_str().unwrap_or("?")));
                }
                members.values().for_each(|it| find(it, found));
            }
            _ => {}
        }
    }
    let mut found = Vec::new();
    if let Some(error) = answer["error"].as_str() {
        found.push(format!("{error} ({})", answer["error-code"].as_str().unwrap_or_default()));
    }
    find(&answer["response"], &mut found);
    found
}

#[tokio::test]
async fn names_that_break_the_rules_are_refused_everywhere() {
    let world = World::new().await;
    let app = &world.app;
    let mut api = Ws::logged_in(app, "/api", &world.token).await;
    let before = rows(app).await;
    for name in wrong() {
        for (what, params) in calls(&name, &world.model) {
            let answer = api.call(what, &params).await;
            let errors = errors(&answer);
            let shown = format!("{what} {:.200}: {:.400}", params.to_string(), answer.to_string());
            assert_eq!(errors.len(), 1, "one error: {shown}");
            assert!(!errors[0].contains("internal error") && errors[0].len() < 1200, "{shown}");
            assert!(!errors[0].ends_with("()"), "it has a code: {shown}");
        }
    }
    assert_eq!(rows(app).await, before, "nothing is the other for it");
    let lines = app.log_lines();
    assert!(lines.iter().all(|line| line["level"] == "INFO"), "nothing to worry about");
    assert!(!app.broker_log().contains("s3cret-word"));
    let longest = app.broker_log().lines().map(str::len).max().expect("lines");
    assert!(longest < 4000, "a line of {longest} bytes");
    world.serves().await;
}

/// Texts that are no names may hold anything that can be kept, and find nothing otherwise.
#[tokio::test]
async fn filters_and_settings_take_any_text() {
    let world = World::new().await;
    let app = &world.app;
    let mut api = Ws::logged_in(app, "/api", &world.token).await;
    for text in wrong() {
        let filter = json!({"Filters": [{"model-name": text, "offer-name": text, "owner-name": text, "application-name": text}]});
        for (what, params) in [
            ("ApplicationOffers(4).FindApplicationOffers", filter.clone()),
            ("ApplicationOffers(4).ListApplicationOffers", filter.clone()),
            ("JIMM(4).ListModels", json!({"controller": text, "all": true})),
            (
                "ModelManager(9).SetModelDefaults",
                json!({"config": [{"cloud-tag": "cloud-demo", "config": {"apt-mirror": text}}]}),
            ),
            ("ModelManager(9).UnsetModelDefaults", json!({"keys": [{"cloud-tag": "cloud-demo", "keys": [text]}]})),
        ] {
            let answer = api.call(what, &params).await;
            assert!(!answer.to_string().contains("internal error"), "{what} {text:.50}: {:.300}", answer.to_string());
            assert!(errors(&answer).iter().all(|error| error.len() < 1200), "{what} {text:.50}");
        }
    }
    assert!(app.log_lines().iter().all(|line| line["level"] == "INFO"), "nothing to worry about");
    world.serves().await;
}
