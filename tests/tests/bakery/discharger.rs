//! The broker's discharger: who gets what, one key for all replicas, and what is told of it.

use base64::prelude::{BASE64_STANDARD, Engine as _};
use jimm_bakery::KeyPair;
use jimm_tests::process;
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::support::{ALICE, BOB, JUJU, World};

#[tokio::test]
async fn the_key_is_the_same_on_every_replica_and_after_a_restart() {
    let world = World::new().await;
    // Two replicas, none of which has needed the key before.
    let port = process::free_port();
    let second = [
        ("JIMM_LISTEN_ADDR", format!("127.0.0.1:{port}")),
        ("JIMM_INTERNAL_LISTEN_ADDR", format!("127.0.0.1:{}", process::free_port())),
    ];
    world.app.start_replica(&second).await.expect("a second broker on the same database");
    let (first_url, second_url) = (format!("https://{}", world.app.door.address), format!("https://localhost:{port}"));
    let client = &world.client;
    let ask = |url: String| async move {
        let answer = client.get(format!("{url}/macaroons/publickey")).send().await.expect("an answer");
        assert_eq!(answer.status(), StatusCode::OK);
        answer.json::<Value>().await.expect("JSON")["PublicKey"].clone()
    };
    let asked = futures_util::future::join_all(
        (0..8).map(|place| ask(if place % 2 == 0 { first_url.clone() } else { second_url.clone() })),
    )
    .await;
    assert!(asked.iter().all(|key| *key == asked[0] && key.is_string()), "{asked:?}");
    world.app.kill_broker();
    world.app.start_broker().await.expect("starts again");
    assert_eq!(world.get("publickey").await.body, json!({"PublicKey": asked[0]}));
    assert_eq!(json!(world.key().await.to_string()), asked[0]);
    let kept = world.app.db.fetch("SELECT count(*)::text || ' ' || min(length(sealed))::text FROM bakery_keys").await;
    // Version, key id, nonce, 32 bytes and their tag: sealed, not as it is.
    assert_eq!(kept.expect("the database").as_deref(), Some("1 81"));
}

#[tokio::test]
async fn the_key_of_a_former_discharger_is_taken_over_once() {
    let former = KeyPair::random();
    let private = BASE64_STANDARD.encode(former.private());
    let env = vec![
        ("BAKERY_PRIVATE_KEY".to_owned(), private.clone()),
        ("BAKERY_PUBLIC_KEY".to_owned(), former.public().to_string()),
    ];
    let world = World::with(env).await;
    assert_eq!(world.key().await, former.public());
    // Once there is a pair it stays, whatever is given later.
    world.app.kill_broker();
    let other = [
        ("BAKERY_PRIVATE_KEY", BASE64_STANDARD.encode(KeyPair::random().private())),
        ("BAKERY_PUBLIC_KEY", String::new()),
    ];
    let halves = world.app.start_replica(&[("BAKERY_PUBLIC_KEY", KeyPair::random().public().to_string())]).await;
    let told = format!("{:#}", halves.expect_err("halves of two pairs"));
    assert!(told.contains("BAKERY_PUBLIC_KEY") && told.contains("public half") && !told.contains(&private), "{told}");
    world.app.kill_broker();
    world.app.start_replica(&other).await.expect("starts");
    assert_eq!(world.key().await, former.public());
    assert!(world.app.broker_log().contains("the one in the database counts"), "{}", world.app.broker_log());
}

#[tokio::test]
async fn a_discharge_has_the_shape_that_controllers_know() {
    let world = World::new().await;
    let answer = world.ask(&world.condition(ALICE)).await;
    assert_eq!(answer.status, StatusCode::OK, "{:?}", answer.body);
    let macaroon = &answer.body["Macaroon"];
    assert_eq!((&macaroon["v"], &macaroon["ns"]), (&json!(3), &json!(JUJU)));
    assert_eq!(macaroon["m"]["i"], "\u{3}\u{0}", "the id that was asked for");
    let conditions = macaroon["m"]["c"].as_array().expect("caveats");
    assert_eq!(conditions[0]["i"], format!("declared offer-uuid {}", world.offer));
    assert!(conditions[1]["i"].as_str().is_some_and(|it| it.starts_with("time-before 2")), "{macaroon}");
    assert_eq!(conditions.len(), 2);
}

#[tokio::test]
async fn local_users_of_a_model_that_came_in_are_who_was_said_then() {
    let world = World::new().await;
    let local = world.condition("carol");
    assert_eq!(world.ask(&local).await.status, StatusCode::UNAUTHORIZED);
    let map = |user: &str| {
        format!(
            "INSERT INTO user_mappings (model_uuid, local_user, external_user) SELECT model_uuid, 'carol', '{user}' FROM offers
             WHERE uuid = '{}' ON CONFLICT (model_uuid, local_user) DO UPDATE SET external_user = '{user}'",
            world.offer
        )
    };
    world.app.db.execute(&map(ALICE)).await.expect("the database");
    assert_eq!(world.ask(&local).await.status, StatusCode::OK, "who may consume");
    assert_eq!(world.ask(&world.condition("dave")).await.status, StatusCode::UNAUTHORIZED, "nobody else");
    world.app.db.execute(&map(BOB)).await.expect("the database");
    assert_eq!(world.ask(&local).await.status, StatusCode::UNAUTHORIZED, "who may not");
}

#[tokio::test]
async fn whoever_may_not_consume_is_denied_and_a_right_that_is_taken_away_is_gone() {
    let world = World::new().await;
    let denied = json!({"Code": "permission denied", "Message": "cannot discharge: permission denied"});
    let bob = world.condition(BOB);
    let answer = world.ask(&bob).await;
    assert_eq!((answer.status, &answer.body), (StatusCode::UNAUTHORIZED, &denied), "he may only see it");
    // The broker hears of what changed behind its back a moment later.
    let becomes = async |status: StatusCode, what: &str| {
        process::eventually(what, std::time::Duration::from_secs(20), async || {
            (world.ask(&bob).await.status == status).then_some(())
        })
        .await;
    };
    world.grant(BOB, "administrator").await;
    becomes(StatusCode::OK, "who administers may consume").await;
    world.app.db.execute(&format!("DELETE FROM relation_tuples WHERE subject_id = '{BOB}'")).await.expect("taken away");
    becomes(StatusCode::UNAUTHORIZED, "the right is gone").await;

    assert_eq!(world.ask(&world.condition(ALICE)).await.status, StatusCode::OK);
    let disable = format!("UPDATE identities SET disabled = true WHERE name = '{ALICE}'");
    world.app.db.execute(&disable).await.expect("disabled");
    assert_eq!(world.ask(&world.condition(ALICE)).await.body, denied, "a disabled user may do nothing");

    world.grant("*", "consumer").await;
    assert_eq!(world.ask(&world.condition("carol@example.com")).await.status, StatusCode::OK, "everyone may");
    assert_eq!(world.ask(&world.condition("admin")).await.body, denied, "a controller's own user is not everyone");
    assert_eq!(world.ask(&world.condition(ALICE)).await.body, denied);
}

#[tokio::test]
async fn groups_of_the_identity_provider_count_as_long_as_a_login_stands() {
    let world = World::with(vec![("JIMM_OAUTH_GROUPS_CLAIM".to_owned(), "groups".to_owned())]).await;
    let staff = format!(
        "INSERT INTO relation_tuples (subject_kind, subject_id, subject_relation, relation, object_kind, object_id)
         VALUES ('idpgroup', 'staff', 'member', 'consumer', 'applicationoffer', '{}')",
        world.offer
    );
    world.app.db.execute(&staff).await.expect("a right");
    let bob = world.condition(BOB);
    assert_eq!(world.ask(&bob).await.status, StatusCode::UNAUTHORIZED, "nobody knows that he is of the staff");
    let idp = &world.app.idp;
    let approve = |code: String| async move {
        anyhow::ensure!(idp.approve_with_groups(&code, BOB, &["staff"]), "no code {code}");
        Ok(())
    };
    world.app.door.device_login(approve).await.expect("a login");
    assert_eq!(world.ask(&bob).await.status, StatusCode::OK, "he is, as his login has told");
    assert_eq!(world.ask(&world.condition("carol@example.com")).await.status, StatusCode::UNAUTHORIZED);
    let said = world.app.jimmctl(&["revoke-sessions", BOB]).await;
    assert_eq!(said.code, 0, "{}", said.err);
    assert_eq!(world.ask(&bob).await.status, StatusCode::UNAUTHORIZED, "what he told then is over");
}

#[tokio::test]
async fn what_was_asked_is_in_the_audit_log() {
    let world = World::new().await;
    assert_eq!(world.ask(&world.condition(ALICE)).await.status, StatusCode::OK);
    assert_eq!(world.ask(&world.condition(BOB)).await.status, StatusCode::UNAUTHORIZED);
    let said = process::eventually("the entries", std::time::Duration::from_secs(20), || async {
        let said = world.app.jimmctl(&["audit-events", "--format", "json"]).await;
        (said.out.matches("http.discharge").count() >= 4).then_some(said.out)
    })
    .await;
    for text in [world.condition(ALICE), world.condition(BOB), "permission denied".to_owned()] {
        assert!(said.contains(&text), "{text} is not in {said}");
    }
}
