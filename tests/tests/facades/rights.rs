//! Groups, roles and relations: what administrators write, what it gives people at once, and what nobody may touch.

use serde_json::{Value, json};

use crate::support::{ADMIN, ALICE, BOB, Client, World};

fn tuple(object: &str, relation: &str, target: &str) -> Value {
    json!({"object": object, "relation": relation, "target_object": target})
}

async fn add(client: &Client, tuples: &[Value]) -> Result<Value, (String, String)> {
    client.call("JIMM(4).AddRelation", json!({"tuples": tuples})).await
}

async fn check(client: &Client, one: Value) -> bool {
    client.ok("JIMM(4).CheckRelation", json!({"tuple": one})).await["allowed"] == true
}

#[tokio::test]
async fn groups_and_roles_are_made_named_listed_and_removed() {
    let world = World::new().await;
    let admin = world.login(ADMIN).await;
    for kind in ["Group", "Role"] {
        let call = |verb: &str| format!("JIMM(4).{verb}{kind}");
        let made = admin.ok(&call("Add"), json!({"name": "devs"})).await;
        assert_eq!(made["name"], "devs");
        assert!(made["created_at"].as_str().unwrap().ends_with('Z'), "{made}");
        let again = admin.call(&call("Add"), json!({"name": "devs"})).await.unwrap_err();
        assert_eq!(again.1, "already exists", "{}", again.0);
        let wrong = admin.call(&call("Add"), json!({"name": "d#"})).await.unwrap_err();
        assert_eq!(wrong.1, "bad request");
        assert!(wrong.0.contains("invalid"), "{}", wrong.0);

        assert_eq!(admin.ok(&call("Get"), json!({"uuid": made["uuid"]})).await, made);
        admin.ok(&call("Rename"), json!({"name": "devs", "new-name": "builders"})).await;
        assert_eq!(admin.ok(&call("Get"), json!({"name": "builders"})).await["uuid"], made["uuid"]);
        let gone = admin.call(&call("Get"), json!({"name": "devs"})).await.unwrap_err();
        assert_eq!(gone, (format!("{} devs not found", kind.to_lowercase()), "not found".to_owned()));

        for n in 0..3 {
            admin.ok(&call("Add"), json!({"name": format!("set-{n}")})).await;
        }
        let list = format!("JIMM(4).List{kind}s");
        let page = admin.ok(&list, json!({"limit": 2, "offset": 1})).await;
        let names: Vec<_> = page["name"].as_array().unwrap().iter().map(|set| set["name"].clone()).collect();
        assert_eq!(names, ["set-0", "set-1"]);
        admin.ok(&call("Remove"), json!({"name": "builders"})).await;
        assert_eq!(admin.call(&call("Remove"), json!({"name": "builders"})).await.unwrap_err().1, "not found");
        let nobody = world.login(ALICE).await.call(&list, json!({})).await.unwrap_err();
        assert_eq!(nobody.1, "unauthorized access");
    }
}

#[tokio::test]
async fn a_right_of_a_role_reaches_the_members_of_its_groups_at_once_and_leaves_with_them() {
    let world = World::new().await;
    let model = world.model(ADMIN, "shop", &world.older).await;
    let (admin, alice) = (world.login(ADMIN).await, world.login(ALICE).await);
    admin.ok("JIMM(4).AddGroup", json!({"name": "devs"})).await;
    admin.ok("JIMM(4).AddRole", json!({"name": "shopkeepers"})).await;
    let model_tag = format!("model-{ADMIN}/shop");
    let sees = async || {
        alice.ok("ModelManager(9).ListModels", json!({"tag": format!("user-{ALICE}")})).await["user-models"]
            != json!([])
    };
    assert!(!sees().await);
    let chain = [
        tuple(&format!("user-{ALICE}"), "member", "group-devs"),
        tuple("group-devs#member", "assignee", "role-shopkeepers"),
        tuple("role-shopkeepers#assignee", "writer", &model_tag),
    ];
    add(&admin, &chain).await.unwrap();
    add(&admin, &chain).await.expect("what is there already is no error");
    assert!(sees().await, "on the connection that she has");
    let writes = tuple(&format!("user-{ALICE}"), "writer", &model_tag);
    assert!(check(&admin, writes.clone()).await && check(&alice, writes.clone()).await);
    assert!(!check(&admin, tuple(&format!("user-{ALICE}"), "administrator", &model_tag)).await);
    assert!(
        check(&admin, tuple("role-shopkeepers#assignee", "reader", &format!("model-{model}"))).await,
        "by UUID too"
    );
    let about_bob = json!({"tuple": tuple(&format!("user-{BOB}"), "writer", &model_tag)});
    assert_eq!(alice.call("JIMM(4).CheckRelation", about_bob).await.unwrap_err().1, "unauthorized access");

    admin.ok("JIMM(4).RemoveGroup", json!({"name": "devs"})).await;
    assert!(!sees().await && !check(&admin, writes).await, "rights go with the group");
    let left = admin
        .ok("JIMM(4).ListRelationshipTuples", json!({"resolve_uuids": true, "tuple": {"target_object": "role"}}))
        .await;
    assert_eq!(left["tuples"], json!([]), "nothing of the group is left");
}

#[tokio::test]
async fn a_models_administrator_shares_it_and_nothing_else() {
    let world = World::new().await;
    world.model(ALICE, "shop", &world.older).await;
    world.model(ADMIN, "vault", &world.older).await;
    let (admin, alice, bob) = (world.login(ADMIN).await, world.login(ALICE).await, world.login(BOB).await);
    admin.ok("JIMM(4).AddGroup", json!({"name": "devs"})).await;
    let shop = format!("model-{ALICE}/shop");
    add(&alice, &[tuple("group-devs#member", "writer", &shop)]).await.unwrap();
    add(&alice, &[tuple(&format!("user-{BOB}"), "reader", &shop)]).await.unwrap();
    assert!(check(&bob, tuple(&format!("user-{BOB}"), "reader", &shop)).await);

    let own = tuple("controller-older", "controller", &shop);
    for (who, one) in [
        (&alice, tuple(&format!("user-{ALICE}"), "reader", &format!("model-{ADMIN}/vault"))),
        (&alice, tuple(&format!("user-{ALICE}"), "member", "group-devs")),
        (&alice, tuple(&format!("user-{ALICE}"), "administrator", "controller-jimm")),
        (&alice, tuple(&format!("user-{ALICE}"), "reader", "model-nobody@example.com/none")),
        (&bob, tuple(&format!("user-{BOB}"), "writer", &shop)),
    ] {
        let (_, code) = add(who, std::slice::from_ref(&one)).await.unwrap_err();
        assert_eq!(code, "unauthorized access", "{one}");
        let removed = who.call("JIMM(4).RemoveRelation", json!({"tuples": [one]})).await.unwrap_err();
        assert_eq!(removed.1, "unauthorized access");
    }
    let (text, _) = add(&admin, &[own]).await.unwrap_err();
    assert!(text.contains("controller"), "{text}");

    // One wrong tuple, and none of them is written.
    let both = [tuple(&format!("user-{BOB}"), "writer", &shop), tuple("user-bob", "writer", &shop)];
    let (text, code) = add(&admin, &both).await.unwrap_err();
    assert_eq!(code, "failed to parse tuple", "{text}");
    assert!(!check(&admin, both[0].clone()).await);
}

#[tokio::test]
async fn tuples_are_listed_by_what_is_asked_in_pages_with_names_or_without() {
    let world = World::new().await;
    let model = world.model(ALICE, "shop", &world.older).await;
    let admin = world.login(ADMIN).await;
    for n in 0..5 {
        add(&admin, &[tuple(&format!("user-u{n}@example.com"), "reader", &format!("model-{model}"))]).await.unwrap();
    }
    let list = async |params: Value| admin.ok("JIMM(4).ListRelationshipTuples", params).await;
    let asked = tuple("", "reader", &format!("model-{ALICE}/shop"));
    let (mut seen, mut token, mut pages) = (Vec::new(), String::new(), 0);
    loop {
        let page =
            list(json!({"tuple": asked, "page_size": 2, "continuation_token": token, "resolve_uuids": true})).await;
        seen.extend(page["tuples"].as_array().unwrap().iter().map(|t| t["object"].as_str().unwrap().to_owned()));
        assert!(page["tuples"].as_array().unwrap().iter().all(|t| t["target_object"] == format!("model-{ALICE}/shop")));
        token = page["continuation_token"].as_str().unwrap_or_default().to_owned();
        pages += 1;
        if token.is_empty() {
            break;
        }
    }
    let expected: Vec<String> = (0..5).map(|n| format!("user-u{n}@example.com")).collect();
    assert_eq!((seen, pages), (expected, 3));
    let raw = list(json!({"tuple": {"object": format!("user-{ALICE}")}})).await;
    assert_eq!(raw["tuples"], json!([tuple(&format!("user-{ALICE}"), "administrator", &format!("model-{model}"))]));
    let broker = list(json!({"tuple": {"target_object": "controller-jimm"}, "resolve_uuids": true})).await;
    assert!(broker["tuples"].as_array().unwrap().contains(&tuple(
        &format!("user-{ADMIN}"),
        "administrator",
        "controller-jimm"
    )));
    for wrong in
        [json!({"continuation_token": "rubbish"}), json!({"tuple": {"relation": "juggler"}}), json!({"page_size": -1})]
    {
        assert!(admin.call("JIMM(4).ListRelationshipTuples", wrong.clone()).await.is_err(), "{wrong}");
    }
    let (text, _) = add(&admin, &[tuple(&format!("user-{BOB}"), "juggler", "cloud-stub")]).await.unwrap_err();
    assert!(text.contains("unknown relation juggler"), "{text}");
}
