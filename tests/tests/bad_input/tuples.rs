//! Relations that nobody can read: one clear error, and nothing is changed, not by the good ones beside them either.

use jimm_tests::broker::ADMIN;
use serde_json::{Value, json};

use crate::support::{broker, rows, serves};
use crate::wire::Ws;

fn tuple(object: &str, relation: &str, target: &str) -> Value {
    json!({"object": object, "relation": relation, "target_object": target})
}

/// Tuples that are wrong in one way each, beside a group `devs`.
fn wrong() -> Vec<(&'static str, Value)> {
    let (user, group) = ("user-bob@example.com", "group-devs");
    vec![
        ("nothing", tuple("", "", "")),
        ("no object", tuple("", "member", group)),
        ("no relation", tuple(user, "", group)),
        ("no target", tuple(user, "member", "")),
        ("a kind that is none", tuple("banana-bob@example.com", "member", group)),
        ("no kind", tuple("bob@example.com", "member", group)),
        ("a kind alone", tuple("user", "member", group)),
        ("a kind and a dash", tuple("user-", "member", group)),
        ("an empty set", tuple("group-devs#", "member", "group-devs")),
        ("a set of a set", tuple("group-devs#member#member", "member", group)),
        ("a set that is none", tuple("group-devs#banana", "member", group)),
        ("a name alone", tuple("#member", "member", group)),
        ("a set as target", tuple(user, "member", "group-devs#member")),
        ("a relation that is none", tuple(user, "banana", group)),
        ("a relation in capitals", tuple(user, "MEMBER", group)),
        ("two relations", tuple(user, "member,member", group)),
        ("a relation that does not go there", tuple(user, "writer", group)),
        ("a relation of the broker's own", tuple("controller-jimm", "controller", "controller-jimm")),
        ("as OpenFGA writes it", tuple("user:bob@example.com", "member", "group:devs")),
        ("a local user", tuple("user-bob", "member", group)),
        ("a name with blanks", tuple("user-bob b@example.com", "member", group)),
        ("a line break", tuple("user-bob\n@example.com", "member", group)),
        ("a NUL", tuple("user-bob\u{0}@example.com", "member", group)),
        ("a colour", tuple("user-\u{1b}[31mbob@example.com", "member", group)),
        ("a NUL in the relation", tuple(user, "member\u{0}", group)),
        ("a NUL in the target", tuple(user, "member", "group-devs\u{0}")),
        ("a group that is not", tuple(user, "member", "group-none")),
        ("a model without an owner", tuple(user, "reader", "model-shop")),
        ("an offer that is not", tuple(user, "reader", "applicationoffer-a@b.c/d.e")),
        ("SQL", tuple("user-' OR 1=1 --", "member", group)),
        ("a megabyte", tuple(&format!("user-{}@example.com", "x".repeat(1 << 20)), "member", group)),
        ("numbers", json!({"object": 1, "relation": 2, "target_object": 3})),
        ("lists", json!({"object": [], "relation": [], "target_object": []})),
        ("a text", json!("user-bob@example.com member group-devs")),
    ]
}

#[tokio::test]
async fn relations_that_cannot_be_read_change_nothing() {
    let app = broker(&[]).await;
    let token = app.token(ADMIN).await.expect("a token");
    let mut ws = Ws::logged_in(&app, "/api", &token).await;
    let made = ws.call("JIMM(4).AddGroup", &json!({"name": "devs"})).await;
    assert!(made.get("error").is_none(), "{made}");
    let good = tuple("user-alice@example.com", "member", "group-devs");
    let before = rows(&app).await;
    for (what, tuple) in wrong() {
        for (method, params) in [
            ("JIMM(4).AddRelation", json!({"tuples": [good, tuple]})),
            ("JIMM(4).AddRelation", json!({"tuples": [tuple, good]})),
            ("JIMM(4).RemoveRelation", json!({"tuples": [good, tuple]})),
            ("JIMM(4).ChangeAccess", json!({"add_groups": ["other"], "add": [good, tuple]})),
            ("JIMM(4).ChangeAccess", json!({"add_groups": ["other"], "add": [good], "remove": [tuple]})),
            ("JIMM(4).CheckRelation", json!({"tuple": tuple})),
        ] {
            let answer = ws.call(method, &params).await;
            let shown: String = answer.to_string().chars().take(300).collect();
            // Whether it holds may be asked of what only the broker writes.
            if what.ends_with("own") && method.ends_with("CheckRelation") {
                continue;
            }
            let code = answer["error-code"].as_str().unwrap_or_default();
            assert!(matches!(code, "failed to parse tuple" | "bad request"), "{method}, {what}: {shown}");
            let error = answer["error"].as_str().unwrap_or_default();
            assert!(!error.is_empty() && !error.contains("internal error"), "{method}, {what}: {shown}");
            assert!(error.len() < 3000 && !error.chars().any(char::is_control), "{method}, {what}: {shown}");
        }
        let many = ws.call("JIMM(4).CheckRelations", &json!({"tuples": [good, tuple]})).await;
        let told = many["response"]["results"][1]["allowed"] == json!(false) || many["error-code"] == "bad request";
        assert!(told, "{what}: {:.300}", many.to_string());
    }
    assert_eq!(rows(&app).await, before, "nothing has come, nothing has gone");
    let groups = ws.call("JIMM(4).ListGroups", &json!({})).await;
    assert!(!groups.to_string().contains("other"), "{groups}");
    serves(&app, &token).await;
}
