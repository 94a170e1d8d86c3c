//! The administration of rights over HTTP: who may, what it shows, what it changes, and what its description says.

use http::Method;
use http::header::COOKIE;
use serde_json::{Value, json};

use crate::browser::{Browser, WITH_BROWSERS};
use crate::support::{ADMIN, ALICE, BOB, World};

struct Admin<'a> {
    world: &'a World,
    browser: Browser,
    cookie: String,
}

impl<'a> Admin<'a> {
    async fn new(world: &'a World, person: &str) -> Self {
        let browser = Browser::new();
        let cookie = browser.log_in(world, person).await;
        Self { world, browser, cookie }
    }

    async fn call(&self, method: Method, path: &str, body: Value) -> (u16, Value) {
        let request = self.browser.request(method, &self.world.http(&format!("/rebac/v1{path}")));
        let request = request.header(COOKIE, &self.cookie).header("content-type", "application/json");
        let request = if body.is_null() { request } else { request.body(body.to_string()) };
        let answer = request.send().await.expect("an answer");
        let status = answer.status().as_u16();
        (status, serde_json::from_str(&answer.text().await.expect("a text")).unwrap_or_default())
    }

    async fn get(&self, path: &str) -> Value {
        let (status, answer) = self.call(Method::GET, path, Value::Null).await;
        assert_eq!(status, 200, "{path}: {answer}");
        answer
    }

    async fn patch(&self, path: &str, patches: Value) {
        let (status, answer) = self.call(Method::PATCH, path, json!({ "patches": patches })).await;
        assert_eq!(status, 200, "{path}: {answer}");
    }

    /// The members of that name in a list.
    async fn each(&self, path: &str, field: &str) -> Vec<String> {
        let answer = self.get(path).await;
        let data = answer["data"].as_array().expect("a list").clone();
        data.iter().map(|item| item[field].as_str().expect("a text").to_owned()).collect()
    }
}

#[tokio::test]
async fn only_administrators_with_a_session_may() {
    let world = World::with(WITH_BROWSERS).await;
    let described: Value = serde_json::from_str(
        &Browser::new().get(&world.http("/rebac/v1/swagger.json"), "").await.text().await.expect("a text"),
    )
    .expect("JSON");
    let alice = Admin::new(&world, ALICE).await;
    let nobody = Admin { world: &world, browser: Browser::new(), cookie: String::new() };
    let mut tried = 0;
    for (path, item) in described["paths"].as_object().expect("paths") {
        for method in ["get", "post", "put", "patch", "delete"].iter().filter(|method| item.get(**method).is_some()) {
            if path == "/swagger.json" {
                continue;
            }
            let real = path.replace("{id}", ALICE);
            let method: Method = method.to_uppercase().parse().expect("a method");
            for (who, told) in [(&nobody, "failed to authenticate"), (&alice, "user is not an admin")] {
                let (status, answer) = who.call(method.clone(), &real, json!({})).await;
                assert_eq!((status, answer["message"].as_str()), (401, Some(told)), "{method} {path}");
            }
            tried += 1;
        }
    }
    assert!(tried > 25, "{tried}");
    // What is told to be served is what is described.
    let admin = Admin::new(&world, ADMIN).await;
    for capability in admin.get("/capabilities").await["data"].as_array().expect("a list") {
        let path = capability["endpoint"].as_str().expect("a path");
        for method in capability["methods"].as_array().expect("a list") {
            let method = method.as_str().expect("a method").to_lowercase();
            assert!(described["paths"][path].get(&method).is_some(), "{method} {path} is not described");
        }
    }
    let (status, answer) = admin.call(Method::DELETE, "/capabilities", Value::Null).await;
    assert_eq!((status, answer["status"].as_u64()), (405, Some(405)), "{answer}");
    let (status, answer) = admin.call(Method::POST, "/identities", json!({"email": "x@y.z"})).await;
    assert!(status == 405 && answer["message"].as_str().expect("a text").contains("identity provider"), "{answer}");
}

#[tokio::test]
async fn groups_and_roles_are_kept_and_give_what_they_hold() {
    let world = World::with(WITH_BROWSERS).await;
    let admin = Admin::new(&world, ADMIN).await;
    let model = world.model().await.to_string();
    let (status, group) = admin.call(Method::POST, "/groups", json!({"name": "devs"})).await;
    assert_eq!(status, 201, "{group}");
    let (_, role) = admin.call(Method::POST, "/roles", json!({"name": "writers"})).await;
    let (group, role) = (group["id"].as_str().expect("an id"), role["id"].as_str().expect("an id"));
    assert_eq!(admin.call(Method::POST, "/groups", json!({"name": "devs"})).await.0, 409);
    assert_eq!(admin.call(Method::POST, "/groups", json!({"name": "d#"})).await.0, 400);
    assert_eq!(
        admin.call(Method::PUT, &format!("/groups/{group}"), json!({"name": "builders"})).await.1["name"],
        "builders"
    );
    assert_eq!(admin.get(&format!("/groups/{group}")).await["name"], "builders");

    world.grant(BOB, "reader", "cloud", "stub").await;
    world.login("/api", BOB).await;
    admin.patch(&format!("/groups/{group}/identities"), json!([{"op": "add", "identity": BOB}])).await;
    admin.patch(&format!("/groups/{group}/roles"), json!([{"op": "add", "role": role}])).await;
    let writer = json!({"entitlement": "writer", "entity_type": "model", "entity_id": model});
    admin.patch(&format!("/roles/{role}/entitlements"), json!([{"op": "add", "entitlement": writer}])).await;

    assert_eq!(admin.each(&format!("/groups/{group}/identities"), "email").await, [BOB]);
    assert_eq!(admin.each(&format!("/groups/{group}/roles"), "name").await, ["writers"]);
    assert_eq!(admin.each(&format!("/identities/{BOB}/groups"), "name").await, ["builders"]);
    assert_eq!(admin.each(&format!("/roles/{role}/entitlements"), "entity_id").await, [model.as_str()]);
    let mut bob = world.to_model(model.parse().expect("a UUID"), BOB).await;
    bob.ok("Client(8).FullStatus", json!({})).await;

    // Both at once or nothing: the second is wrong.
    let wrong = json!({"patches": [
        {"op": "remove", "entitlement": writer},
        {"op": "add", "entitlement": {"entitlement": "writer", "entity_type": "model", "entity_id": "nonsense"}},
    ]});
    let (status, answer) = admin.call(Method::PATCH, &format!("/roles/{role}/entitlements"), wrong).await;
    assert_eq!(status, 404, "{answer}");
    assert_eq!(admin.each(&format!("/roles/{role}/entitlements"), "entity_id").await.len(), 1);
    let structural = json!([{"op": "add", "entitlement": {"entitlement": "controller", "entity_type": "model", "entity_id": model}}]);
    let (status, _) =
        admin.call(Method::PATCH, &format!("/identities/{BOB}/entitlements"), json!({"patches": structural})).await;
    assert_eq!(status, 400);

    // Of several patches about the same the last one holds.
    let path = format!("/groups/{group}/identities");
    admin.patch(&path, json!([{"op": "remove", "identity": BOB}, {"op": "add", "identity": BOB}])).await;
    assert_eq!(admin.each(&path, "email").await, [BOB]);
    let many = vec![json!({"op": "remove", "identity": BOB}); 10_001];
    let (status, answer) = admin.call(Method::PATCH, &path, json!({ "patches": many })).await;
    assert!(status == 400 && answer["message"].as_str().is_some_and(|text| text.contains("10000 at most")), "{answer}");
    admin.patch(&path, json!([{"op": "remove", "identity": BOB}])).await;
    assert_eq!(bob.closed().await.0, 1001, "rights that are taken away bite in open connections");

    assert_eq!(admin.call(Method::DELETE, &format!("/groups/{group}"), Value::Null).await.0, 200);
    assert_eq!(admin.call(Method::GET, &format!("/groups/{group}"), Value::Null).await.0, 404);
    for path in ["/groups/nonsense", "/roles/nonsense/entitlements", "/identities/nobody@example.com"] {
        let (status, answer) = admin.call(Method::GET, path, Value::Null).await;
        assert_eq!((status, answer["status"].as_u64()), (404, Some(404)), "{path}");
    }
}

#[tokio::test]
async fn lists_have_pages_filters_and_links() {
    let world = World::with(WITH_BROWSERS).await;
    let admin = Admin::new(&world, ADMIN).await;
    for n in 0..5 {
        admin.call(Method::POST, "/groups", json!({"name": format!("group-{n}")})).await;
    }
    let first = admin.get("/groups?size=2&filter=group").await;
    assert_eq!((first["_meta"]["total"].as_i64(), first["_meta"]["size"].as_i64()), (Some(5), Some(2)), "{first}");
    assert_eq!(first["_links"]["next"]["href"], "/rebac/v1/groups?page=1&size=2&filter=group");
    let last = admin.get("/groups?size=2&page=2").await;
    assert_eq!((last["data"].as_array().map(Vec::len), last["_links"]["next"]["href"].as_str()), (Some(1), Some("")));
    assert_eq!(admin.get("/groups?size=2&page=9").await["data"], json!([]));

    // By tokens.
    for _ in 0..5 {
        let model = world.model().await.to_string();
        world.grant(BOB, "reader", "model", &model).await;
    }
    world.login("/api", BOB).await;
    let path = format!("/identities/{BOB}/entitlements");
    let (mut found, mut token) = (Vec::new(), String::new());
    loop {
        let page = admin.get(&format!("{path}?size=2&nextToken={token}")).await;
        let items = page["data"].as_array().expect("a list").clone();
        assert!(items.len() <= 2 && items.iter().all(|item| item["entity_type"] == "model"), "{page}");
        found.extend(items);
        token = page["_meta"]["pageToken"].as_str().expect("a token").to_owned();
        if token.is_empty() {
            break;
        }
        assert!(page["_links"]["next"]["href"].as_str().expect("a link").contains(&token));
    }
    assert_eq!(found.len(), 5);
    assert_eq!(admin.call(Method::GET, &format!("{path}?nextToken=nonsense"), Value::Null).await.0, 404);
    assert_eq!(admin.call(Method::GET, "/groups?size=x", Value::Null).await.0, 400);

    // Things, and what one may have to them.
    let models = admin.get("/resources?entityType=model").await;
    assert_eq!(models["_meta"]["total"], 5);
    assert_eq!(models["data"][0]["parent"]["type"], "controller", "{models}");
    assert_eq!(models["data"][0]["entity"]["type"], "model");
    assert_eq!(admin.each("/resources?entityType=cloud&entityName=stu", "name").await, ["stub"]);
    assert_eq!(admin.get("/resources?entityName=nosuch").await["data"], json!([]));
    assert!(admin.each("/entitlements?filter=can_addmodel", "entity_type").await.contains(&"cloud".to_owned()));
    let raw = admin.browser.get(&world.http("/rebac/v1/entitlements/raw"), &admin.cookie).await;
    assert!(raw.text().await.expect("a text").contains("type applicationoffer"));
    assert!(admin.each("/identities?filter=bob", "id").await.contains(&BOB.to_owned()));
}
