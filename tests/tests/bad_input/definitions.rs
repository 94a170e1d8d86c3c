//! URLs of offers and definitions of clouds that nobody honest sends: an error with Juju's code, and nothing left behind.

use jimm_tests::broker::ADMIN;
use serde_json::{Value, json};

use crate::names::errors;
use crate::support::{World, rows};
use crate::wire::Ws;

/// What is no URL of an offer that there is.
fn urls() -> Vec<String> {
    let mut urls: Vec<String> = [
        "",
        " ",
        "/",
        ".",
        ":",
        "here",
        "here.",
        ".db",
        "/here.db",
        "a/b/c.db",
        "a/b.c.d/e",
        "jimm:",
        "jimm:here.",
        ":here.db",
        "a:b:c:d/e.f",
        "here.db:db:db",
        "admin@example.com/",
        "admin@example.com/here",
        "@/here.db",
        "a@b@c/here.db",
        "../../etc.passwd",
        "%2e%2e/here.db",
        "here.db\u{0}",
        "here.db\nERROR",
        "\u{202e}bd.ereh",
        "💥/💥.💥",
        "'/*.--",
        "http://127.0.0.1:1/here.db",
        "file:///etc/passwd",
        "ctl:admin@example.com/here.db",
        "here.db?x=1",
        "here.db#x",
    ]
    .map(str::to_owned)
    .to_vec();
    for part in ["x", "/", ".", ":", "@", "a.", "a/"] {
        urls.push(part.repeat(100_000));
    }
    urls.push(format!("{}@example.com/here.db", "x".repeat(100_000)));
    urls
}

#[tokio::test]
async fn urls_of_offers_that_make_no_sense_are_refused_and_change_nothing() {
    let world = World::new().await;
    let before = rows(&world.app).await;
    let mut client = Ws::logged_in(&world.app, "/api", &world.token).await;
    for url in urls() {
        let shown: String = url.chars().take(40).collect();
        let change =
            json!({"user-tag": "user-alice@example.com", "action": "grant", "access": "consume", "offer-url": url});
        for (call, params) in [
            ("ApplicationOffers(5).ApplicationOffers", json!({"offer-urls": [url]})),
            (
                "ApplicationOffers(5).GetConsumeDetails",
                json!({"offer-urls": {"offer-urls": [url], "bakery-version": 3}}),
            ),
            ("ApplicationOffers(5).DestroyOffers", json!({"offer-urls": [url], "force": true})),
            ("ApplicationOffers(5).ModifyOfferAccess", json!({"changes": [change]})),
        ] {
            let answer = client.call(call, &params).await;
            let errors = errors(&answer);
            assert_eq!(errors.len(), 1, "{call} {shown:?}: {answer:.300}");
            assert!(!errors[0].ends_with("()") && errors[0].len() < 1000, "{call} {shown:?}: {errors:.300?}");
        }
    }
    assert_eq!(rows(&world.app).await, before, "nothing was changed");
    assert!(world.app.log_lines().iter().all(|line| line["level"] != "ERROR"), "nothing of it is the broker's fault");
    world.serves().await;
}

/// What is no definition of a cloud, by what is wrong with it.
fn clouds() -> Vec<(&'static str, Value)> {
    let good = || {
        json!({"type": "kubernetes", "auth-types": ["userpass"], "endpoint": "https://127.0.0.1:1",
        "host-cloud-region": "lxd/here", "regions": [{"name": "default"}]})
    };
    let with = |member: &str, value: Value| {
        let mut cloud = good();
        cloud[member] = value;
        cloud
    };
    vec![
        ("nothing", json!({})),
        ("null", Value::Null),
        ("a list", json!([good()])),
        ("a text", json!("kubernetes")),
        ("a number for its type", with("type", json!(7))),
        ("an empty type", with("type", json!(""))),
        ("a text for its ways to log in", with("auth-types", json!("userpass"))),
        ("numbers for its ways to log in", with("auth-types", json!([1, 2]))),
        ("a list for its end point", with("endpoint", json!(["x"]))),
        ("a map for its regions", with("regions", json!({"name": "default"}))),
        ("regions that are texts", with("regions", json!(["default"]))),
        ("a host that is not there", with("host-cloud-region", json!("nowhere/x"))),
        ("a host of a megabyte", with("host-cloud-region", json!("x/".repeat(500_000)))),
        ("a host of control characters", with("host-cloud-region", json!("demo/\u{0}\n\u{1b}[31m"))),
        ("too many regions", with("regions", (0..20_000).map(|n| json!({"name": format!("r{n}")})).collect())),
        ("settings of wrong types", with("config", json!([1]))),
        ("certificates that are maps", with("ca-certificates", json!([{"x": 1}]))),
    ]
}

#[tokio::test]
async fn definitions_of_clouds_that_make_no_sense_are_refused_and_change_nothing() {
    let world = World::new().await;
    let alice = world.app.token("alice@example.com").await.expect("a token");
    let before = rows(&world.app).await;
    for token in [&world.token, &alice] {
        let mut client = Ws::logged_in(&world.app, "/api", token).await;
        for (what, cloud) in clouds() {
            for (call, params) in [
                ("Cloud(7).AddCloud", json!({"name": "new", "cloud": cloud, "force": true})),
                ("Cloud(7).UpdateCloud", json!({"clouds": [{"name": "demo-of-nobody", "cloud": cloud}]})),
                ("JIMM(4).AddCloudToController", json!({"controller-name": "nowhere", "name": "new", "cloud": cloud})),
            ] {
                let answer = client.call(call, &params).await;
                let errors = errors(&answer);
                assert!(!errors.is_empty(), "{call}, {what}: {answer:.300}");
                assert!(errors.iter().all(|error| error.len() < 2000), "{call}, {what}: {errors:.300?}");
            }
        }
    }
    assert_eq!(rows(&world.app).await, before, "nothing was changed");
    assert!(world.app.log_lines().iter().all(|line| line["level"] != "ERROR"), "nothing of it is the broker's fault");
    let clouds: Value = world
        .app
        .connect(ADMIN)
        .await
        .expect("a login")
        .call("Cloud", 7, "Clouds", &json!({}), std::time::Duration::from_secs(20))
        .await
        .expect("an answer");
    assert_eq!(clouds["clouds"].as_object().map(serde_json::Map::len), Some(1), "{clouds}");
    world.serves().await;
}
