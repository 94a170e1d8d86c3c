//! What clients ask about users and about the broker itself.

use serde_json::{Value, json};

use crate::support::{ADMIN, ALICE, BOB, BROKER, World};

#[tokio::test]
async fn show_controller_finds_what_it_asks_for() {
    let world = World::new().await;
    let alice = world.login(ALICE).await;
    let me = json!({"entities": [{"tag": format!("user-{ALICE}")}]});
    for version in [11, 12, 13, 14] {
        let call = |method: &str| format!("Controller({version}).{method}");
        let access = alice.ok(&call("GetControllerAccess"), me.clone()).await;
        assert_eq!(access["results"][0]["result"]["access"], "login");
        assert_eq!(alice.ok(&call("ControllerVersion"), json!({})).await["version"], "3.6.11", "the lowest");
        assert_eq!(alice.ok(&call("AllModels"), json!({})).await["user-models"], json!([]));
        assert_eq!(alice.ok(&call("IdentityProviderURL"), json!({})).await["result"], "");
        assert_eq!(alice.call(&call("MongoVersion"), json!({})).await.unwrap_err().1, "not supported");
        assert_eq!(alice.ok(&call("ModelStatus"), json!({"entities": []})).await["models"], json!([]));
        assert_eq!(alice.ok(&call("ControllerConfig"), json!({})).await["config"]["controller-uuid"], BROKER);
        assert_eq!(alice.call(&call("ConfigSet"), json!({"config": {"a": 1}})).await.unwrap_err().1, "not supported");
    }
    let config = alice.ok("ModelConfig(3).ModelGet", json!({})).await;
    assert_eq!(config["config"]["agent-version"], json!({"value": "3.6.11", "source": "jimm"}));
    assert_eq!(alice.ok("SecretBackends(1).ListSecretBackends", json!({"names": null})).await["results"], json!([]));
}

#[tokio::test]
async fn users_see_themselves_and_administrators_everybody() {
    let world = World::new().await;
    let (admin, alice) = (world.login(ADMIN).await, world.login(ALICE).await);
    let everybody = json!({"entities": null, "include-disabled": false});
    let names = |answer: &Value| -> Vec<String> {
        let results = answer["results"].as_array().unwrap().iter();
        results.map(|r| r["result"]["username"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(names(&alice.ok("UserManager(3).UserInfo", everybody.clone()).await), [ALICE]);
    assert_eq!(names(&admin.ok("UserManager(3).UserInfo", everybody).await), [ADMIN, ALICE, BOB]);
    let of = |user: &str| json!({"entities": [{"tag": format!("user-{user}")}]});
    assert_eq!(alice.entry_error("UserManager(3).UserInfo", of(BOB)).await, "unauthorized (unauthorized access)");
    let info = admin.ok("UserManager(3).UserInfo", of(ALICE)).await;
    assert_eq!(info["results"][0]["result"]["display-name"], "alice");
    assert_eq!(info["results"][0]["result"]["access"], "login");
    for method in ["AddUser", "RemoveUser", "SetPassword", "ResetPassword"] {
        let refused = admin.call(&format!("UserManager(3).{method}"), json!({})).await.unwrap_err();
        assert_eq!(refused.1, "unauthorized access", "{method}");
    }
    for method in ["EnableUser", "DisableUser"] {
        let refused = alice.call(&format!("UserManager(3).{method}"), of(BOB)).await.unwrap_err();
        assert_eq!(refused.1, "unauthorized access", "{method}");
        let nobody = admin.entry_error(&format!("UserManager(3).{method}"), of("nobody@example.com")).await;
        assert_eq!(nobody, "user \"nobody@example.com\" not found (not found)", "{method}");
    }
}

#[tokio::test]
async fn users_of_a_model_are_for_its_administrators() {
    let world = World::new().await;
    let model = format!("model-{}", world.model(ALICE, "m1", &world.older).await);
    let (alice, bob) = (world.login(ALICE).await, world.login(BOB).await);
    let change = json!({"user-tag": format!("user-{BOB}"), "action": "grant", "access": "read", "model-tag": model});
    assert_eq!(alice.entry_error("ModelManager(9).ModifyModelAccess", json!({"changes": [change]})).await, "");
    let of = json!({"entities": [{"tag": model}]});
    let users = |answer: Value| -> Vec<(String, String)> {
        let results = answer["results"].as_array().unwrap().clone();
        let pair =
            |r: &Value| (r["result"]["user"].as_str().unwrap().into(), r["result"]["access"].as_str().unwrap().into());
        results.iter().map(pair).collect()
    };
    let pair = |user: &str, access: &str| (user.to_owned(), access.to_owned());
    let all = users(alice.ok("UserManager(3).ModelUserInfo", of.clone()).await);
    assert_eq!(all, [pair(ADMIN, "admin"), pair(ALICE, "admin"), pair(BOB, "read")]);
    assert_eq!(users(bob.ok("UserManager(3).ModelUserInfo", of).await), [pair(BOB, "read")]);
}
