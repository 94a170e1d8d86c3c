//! Requests that nobody honest sends, and macaroons that nobody honest has.

use chrono::{DateTime, TimeDelta, Utc};
use jimm_bakery::{
    BakeryMacaroon, Condition, KeyPair, Macaroon, Namespace, ThirdParty, check, seal_caveat, write_base64, write_json,
};
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::support::{ALICE, BOB, World};

#[tokio::test]
async fn bad_requests_have_clear_answers() {
    let world = World::new().await;
    let (key, other) = (world.key().await, KeyPair::random());
    let namespace = Namespace::standard();
    let seal = |condition: &str| write_base64(&seal_caveat(3, condition, b"root", key, &other, &namespace));
    let for_another = write_base64(&seal_caveat(3, "x", b"root", KeyPair::random().public(), &other, &namespace));
    let nowhere = "other:".parse().expect("a namespace");
    let nowhere = write_base64(&seal_caveat(3, &world.condition(ALICE), b"root", key, &other, &nowhere));
    let good = seal(&world.condition(ALICE));
    for (query, why) in [
        (String::new(), "id of the caveat is missing"),
        (format!("caveat64={good}"), "id of the caveat is missing"),
        ("id64=!!".to_owned(), "not base64"),
        ("id=abc&id64=AwA".to_owned(), "both id and id64"),
        (format!("id64=AwA&id64=AwE&caveat64={good}"), "given twice"),
        ("id64=AwA".to_owned(), "cut off"),
        ("id=hello".to_owned(), "unknown version"),
        ("id=eyJhIjoxfQ".to_owned(), "not the JSON it should be"),
        (format!("id64=AwA&caveat64={}", &good[..good.len() / 8 * 4]), "not encrypted to this key, or was changed"),
        (format!("id64=AwA&caveat64={}", &good[..8]), "cut off"),
        (format!("id64=AwA&caveat64={for_another}"), "not encrypted to this key"),
        (format!("id64=AwA&caveat64={nowhere}"), "no standard schema"),
        (format!("id64=AwA&caveat64={}", seal("")), "caveat not recognized"),
        (format!("id64=AwA&caveat64={}", seal("need-declared x")), "need-declared"),
        (format!("id64=AwA&caveat64={}", seal("is-consumer user-alice@example.com")), "caveat not recognized"),
        (format!("id64=AwA&caveat64={}", seal("is-consumer user-alice@example.com x")), "no UUID of an offer"),
        (format!("id64=AwA&caveat64={}", "A".repeat(40_000)), "too long"),
    ] {
        let answer = world.post(&query).await;
        assert_eq!((answer.status, answer.code()), (StatusCode::BAD_REQUEST, "bad request"), "{query}: {answer:?}");
        assert!(answer.message().contains(why), "{query}: {}", answer.message());
    }
    let url = format!("{}/discharge", world.base());
    let long = world.send(world.client.post(&url).body("id=".to_owned() + &"x".repeat(100_000))).await;
    assert_eq!(long.status, StatusCode::PAYLOAD_TOO_LARGE, "{long:?}");
    for method in [reqwest::Method::GET, reqwest::Method::PUT, reqwest::Method::DELETE] {
        let answer = world.send(world.client.request(method, &url)).await;
        assert_eq!((answer.status, answer.code()), (StatusCode::METHOD_NOT_ALLOWED, "method not allowed"));
    }
    // In a form it works as well.
    let form = world.client.post(&url).form(&[("id64", "AwA"), ("caveat64", good.as_str())]);
    assert_eq!(world.send(form).await.status, StatusCode::OK);
}

/// A hundred requests of any bytes: each has an answer, and the broker is as it was.
#[tokio::test]
async fn any_bytes_have_an_answer() {
    let world = World::new().await;
    let namespace = Namespace::standard();
    let good = seal_caveat(3, &world.condition(ALICE), b"root", world.key().await, &KeyPair::random(), &namespace);
    let mut runner = TestRunner::deterministic();
    let bytes = proptest::collection::vec(any::<u8>(), 0..200);
    let strategy = (bytes, any::<bool>(), any::<prop::sample::Index>(), 1..=u8::MAX);
    for _ in 0..100 {
        let (bytes, change, place, flip) = strategy.new_tree(&mut runner).expect("a case").current();
        let caveat = if change {
            let mut changed = good.clone();
            let place = place.index(changed.len());
            changed[place] ^= flip;
            changed
        } else {
            bytes.clone()
        };
        let answer = world.post(&format!("id64={}&caveat64={}", write_base64(&bytes), write_base64(&caveat))).await;
        let refused = answer.status == StatusCode::BAD_REQUEST && answer.code() == "bad request";
        // Without a sealed question beside it the id is looked at, and it is any bytes.
        assert!(refused, "{answer:?}");
    }
    assert_eq!(world.ask(&world.condition(ALICE)).await.status, StatusCode::OK);
}

/// A controller's side, as `jimm_bakery` has it: what it takes, and what it does not.
#[tokio::test]
async fn a_controller_takes_the_discharge_for_this_offer_and_no_other() {
    const ROOT: &[u8] = b"the controller's root key";
    let world = World::new().await;
    let party = ThirdParty { location: world.base(), key: world.key().await, version: 3 };
    let make = |user: &str| {
        let mut root = BakeryMacaroon::new(ROOT, b"id", "controller", 3, Namespace::standard());
        root.add_condition(&Condition::declared("username", user)).expect("added");
        root.add_third_party(&world.condition(user), &party, &KeyPair::random());
        root
    };
    let root = make(ALICE);
    let discharge = discharged(&world, &root).await.expect("discharged");
    let now = now();
    let verify = |root: &BakeryMacaroon, discharges: &[Macaroon], now| {
        let conditions = root.macaroon.verify(ROOT, discharges).map_err(|error| error.to_string())?;
        check(&conditions, root.namespace(), now).map_err(|error| error.to_string())
    };
    let mut bound = discharge.clone();
    bound.bind(&root.macaroon);
    let declared = verify(&root, std::slice::from_ref(&bound), now).expect("taken");
    assert_eq!(declared["offer-uuid"], world.offer.to_string());

    let late = verify(&root, std::slice::from_ref(&bound), now + TimeDelta::minutes(16)).expect_err("late");
    assert!(late.contains("macaroon has expired"), "{late}");
    let unbound = verify(&root, std::slice::from_ref(&discharge), now).expect_err("not bound");
    assert!(unbound.contains("wrong signature"), "{unbound}");
    let theirs = verify(&make(ALICE), std::slice::from_ref(&bound), now).expect_err("another macaroon's");
    assert!(theirs.contains("signature") || theirs.contains("cannot find"), "{theirs}");
    let missing = verify(&root, &[], now).expect_err("no discharge");
    assert!(missing.contains("cannot find discharge macaroon"), "{missing}");
    let mut forged = bound.clone();
    forged.add_first_party("declared offer-uuid another");
    let forged = verify(&root, &[forged], now).expect_err("forged");
    assert!(forged.contains("wrong signature"), "{forged}");
    assert_eq!(discharged(&world, &make(BOB)).await.expect_err("denied"), "cannot discharge: permission denied");

    let mut many = root.macaroon.clone();
    (0..1000).for_each(|_| many.add_first_party("declared username alice@example.com"));
    let many = json!({"m": write_json(&many).expect("JSON"), "v": 3, "ns": "std:"});
    assert_eq!(BakeryMacaroon::from_json(&many).expect_err("a thousand").to_string(), "there are too many caveats");
}

async fn discharged(world: &World, root: &BakeryMacaroon) -> Result<Macaroon, String> {
    let (caveat, data) = root.third_party_caveats().next().expect("a caveat");
    let (id, data) = (write_base64(&caveat.id), write_base64(data.expect("beside the macaroon")));
    let answer = world.post(&format!("id64={id}&caveat64={data}")).await;
    match &answer.body["Macaroon"] {
        Value::Null => Err(answer.message().to_owned()),
        macaroon => Ok(BakeryMacaroon::from_json(macaroon).expect("a macaroon").macaroon),
    }
}

#[expect(clippy::disallowed_methods, reason = "the broker in the other process has a clock of its own")]
fn now() -> DateTime<Utc> {
    Utc::now()
}
