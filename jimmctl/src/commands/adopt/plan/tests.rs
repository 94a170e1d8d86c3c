//! Which way is found, and what is told of it.

use jimm_proto::params::jimm::{ControllerInfo, ModelRow};
use jimm_proto::params::model_manager::ModelSummary;

use super::super::observe::{Known, Model, Observed, Offer, OfferUser};
use super::*;

const KEYS: &str = "https://jimm.example.com/.well-known/jwks.json";

fn model(owner: &str, name: &str) -> Model {
    let summary = ModelSummary {
        name: name.into(),
        uuid: format!("uuid-of-{name}"),
        owner_tag: Some(format!("user-{owner}")),
        cloud_tag: "cloud-lab".into(),
        life: "alive".into(),
        agent_version: Some("3.6.11".into()),
        ..ModelSummary::default()
    };
    let users = vec![(owner.to_owned(), "admin".to_owned()), ("bob".to_owned(), "read".to_owned())];
    Model { summary, users, offers: Vec::new() }
}

fn seen(keys_at: &str, version: &str, models: Vec<Model>) -> Observed {
    Observed {
        name: "old".into(),
        uuid: "old-uuid".into(),
        version: version.into(),
        keys_at: keys_at.into(),
        models,
        users: Vec::new(),
        clouds: BTreeMap::new(),
    }
}

fn target(name: &str, version: &str) -> ControllerInfo {
    let mut info = ControllerInfo { name: name.into(), agent_version: version.into(), ..ControllerInfo::default() };
    info.status.status = "available".into();
    info
}

fn known() -> Known {
    let credentials = BTreeMap::from([(("alice@example.com".to_owned(), "lab".to_owned()), vec!["c".to_owned()])]);
    Known { keys_at: KEYS.into(), credentials, ..Known::default() }
}

fn mapping() -> Mapping {
    Mapping::from([("alice".into(), Some("alice@example.com".into())), ("bob".into(), None)])
}

#[test]
fn a_controller_that_takes_our_tokens_keeps_its_models() {
    let steps = plan(
        &seen("https://JIMM.example.com:443/.well-known/jwks.json", "3.6.11", vec![model("alice", "prod")]),
        &known(),
        &mapping(),
    );
    assert_eq!((steps[0].way, steps[0].new_owner.as_deref()), (Way::Import, Some("alice@example.com")));
    assert!(steps[0].first.is_empty(), "{:?}", steps[0].first);
    assert_eq!(steps[0].changes, ["bob (read) loses this right"]);
}

#[test]
fn what_has_to_be_done_first_is_told() {
    let mut known = known();
    known.credentials.clear();
    known.models = vec![ModelRow { owner: "alice@example.com".into(), name: "prod".into(), ..ModelRow::default() }];
    let models = || vec![model("alice", "prod"), model("carol", "test")];
    let steps = plan(&seen(KEYS, "3.6.11", models()), &known, &mapping());
    let [prod, test] = steps.as_slice() else { panic!("{steps:?}") };
    assert!(prod.first[0].contains("needs a credential for cloud lab"), "{:?}", prod.first);
    assert!(prod.first[1].contains("has another alice@example.com/prod"), "{:?}", prod.first);
    assert!(test.first[0].contains("say who carol is"), "{:?}", test.first);
}

#[test]
fn others_have_to_move_to_where_they_can() {
    let mut known = known();
    known.controllers =
        vec![target("older", "3.5.9"), target("same", "3.6.11"), target("newer", "4.1.0"), target("away", "4.1.0")];
    known.controllers[3].status.status = "unavailable".into();
    for keys in ["", "https://other.example.com/.well-known/jwks.json"] {
        let steps = plan(&seen(keys, "3.6.11", vec![model("alice", "prod")]), &known, &mapping());
        assert_eq!(
            (steps[0].way, steps[0].targets.as_slice()),
            (Way::Move, ["same".to_owned(), "newer".to_owned()].as_slice())
        );
        assert!(steps[0].why.contains("cannot be changed any more"), "{}", steps[0].why);
    }
}

#[test]
fn when_nothing_can_be_done_the_reason_says_what_could() {
    let none = plan(&seen("", "3.6.11", vec![model("alice", "prod")]), &known(), &mapping());
    assert_eq!(none[0].way, Way::None);
    assert!(none[0].why.contains(&format!("login-token-refresh-url={KEYS}")), "{}", none[0].why);

    let mut with_target = known();
    with_target.controllers = vec![target("newer", "4.1.0")];
    let four = plan(&seen("", "4.0.8", vec![model("alice", "prod")]), &with_target, &mapping());
    assert!(four[0].why.contains("move no models away"), "{}", four[0].why);

    let mut dying = model("alice", "prod");
    dying.summary.life = "dying".into();
    let mut own = model("admin", "controller");
    own.summary.is_controller = true;
    let steps = plan(&seen(KEYS, "3.6.11", vec![dying, own]), &known(), &mapping());
    assert!(steps[0].why.contains("dying") && steps[1].why.contains("own model"), "{steps:?}");
}

#[test]
fn users_with_a_domain_stay_who_they_are_and_offers_are_told() {
    let mut model = model("alice", "prod");
    model.users.push(("dave@example.com".into(), "write".into()));
    let user = |user: &str, access: &str| OfferUser { user: user.into(), access: access.into() };
    let users = vec![user("everyone@external", "read"), user("dave@example.com", "consume"), user("alice", "admin")];
    model.offers = vec![Offer { offer_name: "db".into(), users }];
    let steps = plan(&seen(KEYS, "3.6.11", vec![model]), &known(), &mapping());
    assert_eq!(steps[0].grants, [("dave@example.com".to_owned(), "write".to_owned())]);
    assert_eq!(steps[0].offers, ["db"]);
    assert!(steps[0].changes.iter().any(|c| c.starts_with("dave@example.com (consume on offer db) becomes")));
    assert!(!steps[0].changes.iter().any(|c| c.contains("everyone")));
}
