//! First party, client and third party together, all of this crate; the Go bakery has their places in jimm-tests.

use chrono::{DateTime, TimeDelta, Utc};
use jimm_bakery::{Asked, BakeryMacaroon, Condition, Declared, Error, KeyPair, LATEST, Namespace, ThirdParty, check};

const ROOT: &[u8] = b"the first party's";

fn now() -> DateTime<Utc> {
    "2026-01-02T03:04:05Z".parse().expect("a time")
}

struct Exchange {
    third: KeyPair,
    root: BakeryMacaroon,
}

impl Exchange {
    fn new(version: u8, condition: &str) -> Self {
        let third = KeyPair::random();
        let party = ThirdParty { location: "https://third".into(), key: third.public(), version: LATEST };
        let namespace = "github.com/juju/juju: std:".parse().expect("a namespace");
        let mut root = BakeryMacaroon::new(ROOT, b"id", "first", version, namespace);
        root.add_condition(&Condition::declared("username", "alice@example.com")).expect("added");
        root.add_third_party(condition, &party, &KeyPair::random());
        // What the client gets, and not what the first party keeps.
        let root = BakeryMacaroon::from_json(&root.to_json().expect("written")).expect("read");
        Self { third, root }
    }

    fn discharge(&self, conditions: &[Condition]) -> BakeryMacaroon {
        let (caveat, data) = self.root.third_party_caveats().next().expect("a caveat");
        let question = Asked { id: &caveat.id, caveat: data }.open(&self.third).expect("opens");
        let granted = question.grant(conditions).expect("granted");
        BakeryMacaroon::from_json(&granted.to_json().expect("written")).expect("read")
    }

    fn verify(&self, discharge: &BakeryMacaroon) -> Result<Declared, Error> {
        let mut bound = discharge.macaroon.clone();
        bound.bind(&self.root.macaroon);
        let bound = [bound];
        check(&self.root.macaroon.verify(ROOT, &bound)?, self.root.namespace(), now())
    }
}

#[test]
fn a_discharge_is_asked_for_given_and_taken_in_every_version() {
    for version in 0..=LATEST {
        let exchange = Exchange::new(version, "is-friend bob");
        let discharge = exchange
            .discharge(&[Condition::declared("friend", "bob"), Condition::TimeBefore(now() + TimeDelta::minutes(1))]);
        assert_eq!(discharge.version(), version.max(1));
        let declared = exchange.verify(&discharge).expect("verifies");
        assert_eq!(declared["friend"], "bob", "version {version}");
        let late = exchange.discharge(&[Condition::TimeBefore(now() - TimeDelta::minutes(1))]);
        assert!(exchange.verify(&late).expect_err("late").to_string().contains("expired"));
        let of_another = Exchange::new(version, "is-friend bob").discharge(&[]);
        assert!(exchange.verify(&of_another).is_err(), "version {version}");
    }
}

#[test]
fn what_has_to_be_declared_is_declared() {
    let exchange = Exchange::new(3, "need-declared friend,colour is-friend bob");
    let declared = exchange.verify(&exchange.discharge(&[Condition::declared("friend", "bob")])).expect("verifies");
    assert_eq!((declared["friend"].as_str(), declared["colour"].as_str()), ("bob", ""));
}

#[test]
fn a_discharge_without_the_standard_namespace_is_not_made() {
    let third = KeyPair::random();
    let nowhere: Namespace = "other:".parse().expect("a namespace");
    let id = jimm_bakery::seal_caveat(3, "is-friend bob", b"key", third.public(), &KeyPair::random(), &nowhere);
    let question = Asked { id: &id, caveat: None }.open(&third).expect("opens");
    assert!(question.grant(&[Condition::declared("friend", "bob")]).is_err());
}
