//! The relation model case by case, and how many reads an answer costs.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use crate::support::{Memory, tuple};
use jimm_authz::{Authorizer as _, BuiltIn, Error, Object, ObjectKind, Relation, Subject, Tuple, User};

/// A broker with a controller, a cloud, a model and an offer, and the tuples given.
fn world(more: &[&str]) -> (BuiltIn<Arc<Memory>>, Arc<Memory>) {
    let structure = [
        "user:admin@x administrator controller:broker",
        "controller:broker controller controller:c1",
        "controller:c1 controller cloud:aws",
        "controller:c1 controller model:m1",
        "model:m1 model applicationoffer:o1",
        "user:owner@x administrator model:m1",
    ];
    let memory = Arc::new(Memory::new(structure.iter().chain(more).map(|text| tuple(text))));
    (BuiltIn::new(memory.clone()), memory)
}

async fn allowed(authorizer: &BuiltIn<Arc<Memory>>, user: &User, relation: Relation, object: &str) -> bool {
    authorizer.check(user, relation, &object.parse().unwrap()).await.unwrap().allowed
}

#[tokio::test]
async fn administrator_of_the_broker_administers_everything_below() {
    let (authorizer, _) = world(&[]);
    let admin = User::new("admin@x");
    assert!(allowed(&authorizer, &admin, Relation::Administrator, "applicationoffer:o1").await);
    assert!(allowed(&authorizer, &admin, Relation::Reader, "model:m1").await);
    assert!(allowed(&authorizer, &admin, Relation::CanAddModel, "cloud:aws").await);
    assert!(allowed(&authorizer, &admin, Relation::AuditLogViewer, "controller:c1").await);
    let owner = User::new("owner@x");
    assert!(allowed(&authorizer, &owner, Relation::Consumer, "applicationoffer:o1").await);
    assert!(!allowed(&authorizer, &owner, Relation::CanAddModel, "cloud:aws").await);
}

#[tokio::test]
async fn groups_nest_and_take_roles() {
    let (authorizer, _) = world(&[
        "user:bob@x member group:inner",
        "group:inner#member member group:outer",
        "group:outer#member assignee role:ops",
        "role:ops#assignee writer model:m1",
    ]);
    let bob = User::new("bob@x");
    assert!(allowed(&authorizer, &bob, Relation::Writer, "model:m1").await);
    assert!(allowed(&authorizer, &bob, Relation::Reader, "model:m1").await);
    assert!(!allowed(&authorizer, &bob, Relation::Administrator, "model:m1").await);
    assert!(allowed(&authorizer, &bob, Relation::Assignee, "role:ops").await);
    let subjects = authorizer.list_subjects(Relation::Reader, &Object::model("m1")).await.unwrap();
    assert_eq!(subjects.users.into_iter().collect::<Vec<_>>(), ["admin@x", "bob@x", "owner@x"]);
}

#[tokio::test]
async fn a_circle_of_groups_ends() {
    let (authorizer, _) = world(&[
        "group:a#member member group:b",
        "group:b#member member group:a",
        "user:bob@x member group:a",
        "group:b#member reader model:m1",
        "controller:c1 controller controller:broker",
    ]);
    assert!(allowed(&authorizer, &User::new("bob@x"), Relation::Reader, "model:m1").await);
    assert!(!allowed(&authorizer, &User::new("eve@x"), Relation::Reader, "model:m1").await);
}

#[tokio::test]
async fn everyone_is_everybody_and_nobody_else() {
    let (authorizer, _) = world(&["user:* reader applicationoffer:o1"]);
    assert!(allowed(&authorizer, &User::new("stranger@y"), Relation::Reader, "applicationoffer:o1").await);
    assert!(allowed(&authorizer, &User::new("everyone@external"), Relation::Reader, "applicationoffer:o1").await);
    assert!(!allowed(&authorizer, &User::new("everyone@external"), Relation::Reader, "model:m1").await);
    let offers = authorizer.list_objects(&User::new("x@y"), Relation::Reader, ObjectKind::ApplicationOffer).await;
    assert_eq!(offers.unwrap(), ["o1"]);
}

#[tokio::test]
async fn groups_of_the_login_count() {
    let (authorizer, _) = world(&[
        "idpgroup:staff#member administrator controller:c1",
        "idpgroup:staff#member member group:g",
        "group:g#member reader model:other",
    ]);
    let staff = User { name: "bob@x".into(), groups: vec!["staff".into()] };
    assert!(allowed(&authorizer, &staff, Relation::Administrator, "model:m1").await);
    assert!(!allowed(&authorizer, &User::new("bob@x"), Relation::Reader, "model:m1").await);
    let models = authorizer.list_objects(&staff, Relation::Reader, ObjectKind::Model).await.unwrap();
    assert_eq!(models, ["m1", "other"]);
    let subjects = authorizer.list_subjects(Relation::Reader, &Object::model("m1")).await.unwrap();
    assert!(subjects.idp_groups.contains("staff") && !subjects.everyone);
}

#[tokio::test]
async fn a_set_can_be_asked_about() {
    let (authorizer, _) = world(&["group:g#member administrator cloud:aws"]);
    let check = async |subject: &str, relation, object: &str| {
        let subject: Subject = subject.parse().unwrap();
        authorizer.check_subject(&subject, relation, &object.parse().unwrap()).await.unwrap().allowed
    };
    assert!(check("group:g#member", Relation::CanAddModel, "cloud:aws").await);
    assert!(!check("group:h#member", Relation::CanAddModel, "cloud:aws").await);
    assert!(check("controller:c1", Relation::Controller, "model:m1").await);
    assert!(check("user:owner@x", Relation::Writer, "model:m1").await);
}

#[tokio::test]
async fn says_which_tuple_decided() {
    let (authorizer, _) = world(&[]);
    let decision = authorizer.check(&User::new("admin@x"), Relation::Reader, &Object::model("m1")).await.unwrap();
    assert_eq!(decision.determined_by.unwrap(), tuple("user:admin@x administrator controller:broker"));
}

#[tokio::test]
async fn a_question_costs_one_read_for_each_level() {
    let (authorizer, memory) = world(&[]);
    let cost = async |user: &str| {
        memory.reads.store(0, Ordering::Relaxed);
        allowed(&authorizer, &User::new(user), Relation::Reader, "model:m1").await;
        memory.reads.load(Ordering::Relaxed)
    };
    assert_eq!(cost("owner@x").await, 2, "memberships, model");
    assert_eq!(cost("admin@x").await, 4, "memberships, model, controller, broker");
    assert_eq!(cost("stranger@x").await, 4, "the same, to be sure");

    let models: Vec<Tuple> = (0..200).map(|n| tuple(&format!("controller:c1 controller model:{n}"))).collect();
    let memory = Arc::new(Memory::new(models));
    let authorizer = BuiltIn::new(memory.clone());
    let questions: Vec<_> = (0..200).map(|n| (Relation::Reader, Object::model(n))).collect();
    assert_eq!(authorizer.check_many(&User::new("x@y"), &questions).await.unwrap().len(), 200);
    assert_eq!(memory.reads.load(Ordering::Relaxed), 3, "however many questions");
}

#[tokio::test]
async fn a_list_costs_one_read_for_each_level_that_hands_something_down() {
    let (authorizer, memory) = world(&[]);
    let cost = async |user: &str, kind| {
        memory.reads.store(0, Ordering::Relaxed);
        authorizer.list_objects(&User::new(user), Relation::Reader, kind).await.unwrap();
        memory.reads.load(Ordering::Relaxed)
    };
    assert_eq!(cost("owner@x", ObjectKind::Model).await, 1, "models hand nothing down to models");
    assert_eq!(cost("owner@x", ObjectKind::ApplicationOffer).await, 2, "but to their offers");
    assert_eq!(cost("admin@x", ObjectKind::Model).await, 3, "user, broker, controller");
}

#[tokio::test]
async fn gives_up_on_groups_nested_beyond_reason() {
    let chain: Vec<String> = (0..100).map(|n| format!("group:{n}#member member group:{}", n + 1)).collect();
    let (authorizer, _) =
        world(&chain.iter().map(String::as_str).chain(["user:bob@x member group:0"]).collect::<Vec<_>>());
    let outcome = authorizer.check(&User::new("bob@x"), Relation::Reader, &Object::model("m1")).await;
    assert!(matches!(outcome, Err(Error::TooDeep(_))), "{outcome:?}");
}

#[test]
fn the_model_knows_what_makes_sense() {
    for text in [
        "user:a@x member group:g",
        "user:* member group:g",
        "group:h#member member group:g",
        "idpgroup:h#member member group:g",
        "group:h#member assignee role:r",
        "role:r#assignee administrator controller:c",
        "role:r#assignee can_addmodel controller:c",
        "idpgroup:g#member reader model:m",
        "user:a@x administrator serviceaccount:s@serviceaccount",
        "controller:c controller model:m",
        "model:m model applicationoffer:o",
    ] {
        assert_eq!(tuple(text).validate(), Ok(()), "{text}");
        assert_eq!(tuple(text).to_string(), text);
    }
    for text in [
        "role:r#assignee member group:g",
        "role:r#assignee assignee role:s",
        "user:a@x member idpgroup:g",
        "user:a@x controller model:m",
        "model:m administrator model:n",
        "user:a@x writer cloud:c",
        "user:a@x consumer model:m",
        "group:g administrator model:m",
        "group:g#assignee administrator model:m",
        "cloud:c controller model:m",
        "controller:c model applicationoffer:o",
        "user:a@x audit_log_viewer model:m",
    ] {
        assert!(tuple(text).validate().is_err(), "{text}");
    }
}

#[test]
fn subjects_go_to_columns_and_back() {
    for text in ["user:a@x", "user:*", "controller:c", "group:g#member", "role:r#assignee"] {
        let subject: Subject = text.parse().unwrap();
        let (kind, id, relation) = subject.parts();
        assert_eq!(Subject::from_parts(kind, id, relation).unwrap(), subject);
        assert_eq!(subject.to_string(), text);
    }
    assert_eq!(Subject::user("everyone@external"), Subject::Everyone);
    assert!("user".parse::<Subject>().is_err());
    assert!("planet:x".parse::<Subject>().is_err());
    assert!("group:x#captain".parse::<Subject>().is_err());
}
