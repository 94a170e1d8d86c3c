//! Macaroons between `jimm_bakery` and the Go bakery, in both roles.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use chrono::{DateTime, TimeDelta, Utc};
use jimm_bakery::{
    BakeryMacaroon, Condition, Error, Format, KeyPair, LATEST, Macaroon, ThirdParty, check, read_base64, read_binary,
    read_json, write_base64, write_binary, write_json, write_slice,
};
use jimm_tests::gobakery::GoBakery;
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::support::{ALICE, BOB, JUJU, World, declared, plain_client};

/// Go makes macaroons, we read them, come to the same signatures and write the same bytes; we make some, Go verifies them.
#[tokio::test]
async fn every_format_is_the_same_on_both_sides() {
    let Some(go) = GoBakery::start() else { return };
    let root = BASE64_STANDARD.encode("root");
    let caveats = ["time-before 2030-01-01T00:00:00Z", "declared offer-uuid x"];
    let answer =
        go.ask(json!({"Op": "make", "Root": root, "ID": "some id", "Location": "here", "Caveats": caveats})).await;
    let made = answer["Made"].as_array().expect("macaroons");
    assert_eq!(made.len(), 2);
    for (theirs, format) in made.iter().zip([Format::V1, Format::V2]) {
        let bytes = BASE64_STANDARD.decode(theirs["Binary"].as_str().expect("bytes")).expect("base64");
        let read = read_binary(&bytes).expect("we read their bytes");
        assert_eq!(read_json(&theirs["JSON"]).as_ref(), Ok(&read));
        let mut ours = Macaroon::new(b"root", "some id", "here", format);
        for caveat in caveats {
            ours.add_first_party(caveat);
        }
        assert_eq!(read, ours);
        assert_eq!(write_binary(&ours), bytes);
        assert_eq!(write_json(&ours).expect("JSON"), theirs["JSON"]);
    }
    for format in [Format::V1, Format::V2] {
        let mut ours = Macaroon::new(b"root", "id", "here", format);
        ours.add_first_party("one");
        ours.add_third_party(b"third", "third's", "elsewhere");
        let mut discharge = Macaroon::new(b"third", "third's", "elsewhere", format);
        discharge.add_first_party("two");
        discharge.bind(&ours);
        let slice = [ours, discharge];
        let binary: Vec<String> = slice.iter().map(|one| BASE64_STANDARD.encode(write_binary(one))).collect();
        let texts: Vec<Value> = slice.iter().map(|one| write_json(one).expect("JSON")).collect();
        let together = BASE64_STANDARD.encode(write_slice(&slice));
        for given in [json!({"Macaroons": binary}), json!({"Macaroons": texts}), json!({"Binary": together})] {
            let mut request = json!({"Op": "verify", "Root": root});
            request.as_object_mut().expect("an object").extend(given.as_object().expect("an object").clone());
            let answer = go.ask(request.clone()).await;
            assert_eq!(answer["Conditions"], json!(["one", "two"]), "{format:?} {answer}");
            request["Root"] = json!(BASE64_STANDARD.encode("another"));
            let refused = go.ask(request).await;
            assert!(refused["Error"].as_str().is_some_and(|it| !it.is_empty()), "{refused}");
        }
    }
}

/// Go is the controller with the offer and the one that consumes; the broker is the third party.
#[tokio::test]
async fn go_has_its_caveats_discharged_by_the_broker() {
    let Some(go) = GoBakery::start() else { return };
    let world = World::new().await;
    let request = |version: u8, condition: String| {
        json!({"Op": "ask", "URL": world.base(), "CA": world.app.door.ca, "Condition": condition, "Version": version,
               "Namespace": "github.com/juju/juju"})
    };
    for version in 1..=LATEST {
        let answer = go.ask(request(version, world.condition(ALICE))).await;
        assert_eq!(answer["Declared"]["offer-uuid"], world.offer.to_string(), "version {version}: {answer}");
        assert_eq!(answer["Declared"]["username"], ALICE);
        let conditions = answer["Conditions"].as_array().expect("conditions");
        assert!(
            conditions.iter().filter(|it| it.as_str().is_some_and(|it| it.starts_with("time-before "))).count() == 2
        );

        let mut needing = request(version, world.condition(ALICE));
        needing["NeedDeclared"] = json!(["offer-uuid", "colour"]);
        let answer = go.ask(needing).await;
        assert_eq!(answer["Declared"]["offer-uuid"], world.offer.to_string(), "version {version}: {answer}");
        assert_eq!(answer["Declared"]["colour"], "", "nobody else may declare it");

        for (condition, why) in [
            (world.condition(BOB), "permission denied"),
            (world.condition("nobody@example.com"), "permission denied"),
            (format!("is-consumer user-{ALICE} {}", uuid::Uuid::new_v4()), "permission denied"),
            (format!("is-administrator user-{ALICE} {}", world.offer), "caveat not recognized"),
        ] {
            let refused = go.ask(request(version, condition)).await;
            let text = refused["Error"].as_str().unwrap_or_default();
            assert!(text.contains(why), "version {version}: {refused}");
        }
    }
    // What the first party itself adds still counts.
    let mut expired = request(3, world.condition(ALICE));
    expired["Expired"] = json!(true);
    let refused = go.ask(expired).await;
    assert!(refused["Error"].as_str().is_some_and(|text| text.contains("expired")), "{refused}");
}

/// We are the first party and the client; Go is the third party.
#[tokio::test]
async fn go_discharges_our_caveats() {
    let Some(go) = GoBakery::start() else { return };
    let url = go.ask(json!({"Op": "discharger"})).await["URL"].as_str().expect("where it is").to_owned();
    let client = plain_client();
    let info: Value =
        client.get(format!("{url}/discharge/info")).send().await.expect("sent").json().await.expect("JSON");
    let key = info["PublicKey"].as_str().expect("a key").parse().expect("a key");
    let now = now();
    for version in 1..=LATEST {
        let party = ThirdParty { location: url.clone(), key, version: LATEST };
        for (condition, granted) in
            [("is-friend bob", true), ("need-declared friend,colour is-friend bob", true), ("is-friend mallory", false)]
        {
            let namespace = JUJU.parse().expect("a namespace");
            let mut root = BakeryMacaroon::new(b"ours", b"id", "here", version, namespace);
            root.add_condition(&Condition::TimeBefore(now + TimeDelta::minutes(1))).expect("added");
            root.add_condition(&declared("username", ALICE)).expect("added");
            root.add_third_party(condition, &party, &KeyPair::random());
            let (caveat, data) = root.third_party_caveats().next().expect("a caveat");
            let mut form = vec![("id64", write_base64(&caveat.id))];
            form.extend(data.map(|data| ("caveat64", write_base64(data))));
            let request = client.post(format!("{}/discharge", caveat.location)).form(&form);
            let answer = request.header("Bakery-Protocol-Version", "3").send().await.expect("an answer");
            let (status, body) = (answer.status(), answer.json::<Value>().await.expect("JSON"));
            if !granted {
                assert_eq!((status, body["Code"].as_str()), (StatusCode::UNAUTHORIZED, Some("permission denied")));
                continue;
            }
            assert_eq!(status, StatusCode::OK, "version {version}: {body}");
            let mut discharge = BakeryMacaroon::from_json(&body["Macaroon"]).expect("we read theirs").macaroon;
            let loose = [discharge.clone()];
            assert_eq!(root.macaroon.verify(b"ours", &loose), Err(Error::Signature), "it is not bound");
            discharge.bind(&root.macaroon);
            let bound = [discharge];
            let conditions = root.macaroon.verify(b"ours", &bound).expect("verifies");
            let declared = check(&conditions, root.namespace(), now).expect("its conditions are met");
            assert_eq!((declared["username"].as_str(), declared["friend"].as_str()), (ALICE, "bob"));
            let late = check(&conditions, root.namespace(), now + TimeDelta::minutes(2)).expect_err("late");
            assert!(late.to_string().contains("expired"), "{late}");
        }
    }
    assert_eq!(read_base64("AwA"), Ok(vec![3, 0]));
}

#[expect(clippy::disallowed_methods, reason = "the other side has a clock of its own")]
fn now() -> DateTime<Utc> {
    Utc::now()
}
