//! Documents that no source writes: each is refused with a reason, and nothing is left behind.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::support::{World, refusal};

fn document(world: &World, tail: &str) -> String {
    format!("owner: bob\nconfig: {{uuid: {}, name: shop}}\ncloud: demo\ncloud-region: here\n{tail}", world.model)
}

#[tokio::test]
async fn documents_that_juju_does_not_write_are_refused() {
    let world = World::new("3.6").await;
    let token = world.prepare().await;
    let send =
        async |bytes: Vec<u8>| refusal(world.say(&token, 6, "Import", json!({"bytes": STANDARD.encode(bytes)})).await);
    let mut bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..30 {
        let of = format!("*a{}", level - 1);
        bomb += &[format!("a{level}: &a{level} ["), vec![of; 10].join(", "), "]\n".to_owned()].concat();
    }
    let brackets = format!("x: {}{}\n", "[".repeat(3000), "]".repeat(3000));
    let steps: Vec<String> = (0..3000).map(|level| " ".repeat(level) + "k:\n").collect();
    let steps = steps.concat();
    for (what, tail) in [
        ("a bomb", bomb.as_str()),
        ("an alias for the owner", "x: &x bob\nqualifier: *x\n"),
        ("two owners", "owner: eve\n"),
        ("a list as owner of the credential", "cloud-credential: {owner: [bob], name: default}\n"),
        ("a map as users", "users: {users: {bob: admin}}\n"),
        ("a text as users", "users: {users: bob}\n"),
        ("a text as applications", "applications: {applications: none}\n"),
        ("a number as offers", "applications: {applications: [{name: a, offers: {offers: 7}}]}\n"),
        ("a list as acl", "applications: {applications: [{name: a, offers: {offers: [{acl: [bob]}]}}]}\n"),
        ("an offer without UUID", "applications: {applications: [{name: a, offers: {offers: [{offer-name: o}]}}]}\n"),
        ("a tag", "type: !!binary aGk=\n"),
        ("a merge", "<<: {owner: eve}\n"),
        ("too deep in brackets", brackets.as_str()),
        ("not closed", "x: [\n"),
        ("a tab", "x:\n\ty: 1\n"),
        ("two documents", "---\nowner: eve\n"),
    ] {
        let error = send(document(&world, tail).into_bytes()).await;
        assert_eq!(error.code, "bad request", "{what}: {}", error.message);
        assert!(error.message.len() < 2000, "{what}: {}", error.message);
    }
    // Far, but in no place that is looked at: it is the controller's to judge.
    let error = send(document(&world, &steps).into_bytes()).await;
    assert!(!error.message.is_empty());
    for bytes in [vec![0xff, 0xfe, 0x00], b"\x00".to_vec(), b"- a\n".to_vec(), b"text".to_vec(), Vec::new()] {
        assert_eq!(send(bytes).await.code, "bad request");
    }
    for params in [json!({}), json!({"bytes": 7}), json!({"bytes": "?"}), json!({"bytes": null})] {
        assert_eq!(refusal(world.say(&token, 6, "Import", params).await).code, "bad request");
    }
    for params in [
        json!({}),
        json!({"model-info": []}),
        json!({"model-info": {"uuid": world.model, "name": "shop", "qualifier": "bob"}}),
        json!({"model-info": {"uuid": world.model, "name": "shop", "qualifier": "bob"}, "payload": "eDogWwo="}),
        json!({"model-info": {"uuid": world.model, "name": "shop", "qualifier": "bob"}, "payload": "e30K", "permissions": 7}),
    ] {
        assert_eq!(refusal(world.say(&token, 8, "Import", params).await).code, "bad request");
    }
    assert_eq!(world.rows().await, "0 0 0");
    assert_eq!(world.state().await, "prepared");
}

/// A large one takes no longer than it takes to read it, and others are served meanwhile.
#[tokio::test(flavor = "multi_thread")]
async fn a_huge_document_holds_nobody_up() {
    let world = World::new("3.6").await;
    let token = world.prepare().await;
    let rest: Vec<String> = (0..400_000).map(|n| format!("- {{n: {n}, text: 'some text', more: [a, b]}}\n")).collect();
    let rest = rest.concat();
    let huge =
        document(&world, &format!("cloud-credential: {{owner: bob, cloud: demo, name: nothing}}\nrest:\n{rest}"));
    let sent = world.say(&token, 6, "Import", json!({"bytes": STANDARD.encode(huge)}));
    let others = async {
        let (nothing, soon) = (json!({}), std::time::Duration::from_secs(5));
        for _ in 0..20 {
            let pong = world.admin.call::<_, Value>("Pinger", 1, "Ping", &nothing, soon).await;
            pong.expect("it answers meanwhile");
        }
    };
    let (answer, ()) = tokio::join!(sent, others);
    assert!(refusal(answer).message.contains("Failed to find cloud credential \"nothing\""));
}
