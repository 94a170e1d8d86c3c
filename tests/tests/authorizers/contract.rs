//! What both authorizers must do, case by case.

use jimm_authz::{Authorizer, Object, ObjectKind, Relation, Subject, User};

use crate::world::World;

const STRUCTURE: [&str; 6] = [
    "user:admin@x administrator controller:broker",
    "controller:broker controller controller:c1",
    "controller:c1 controller cloud:aws",
    "controller:c1 controller model:m1",
    "model:m1 model applicationoffer:o1",
    "user:owner@x administrator model:m1",
];

async fn world(more: &[&str]) -> Option<World> {
    let world = World::new().await?;
    world.add_all(&STRUCTURE).await;
    world.add_all(more).await;
    Some(world)
}

async fn allowed(authorizer: &dyn Authorizer, user: &User, relation: Relation, object: &str) -> bool {
    authorizer.check(user, relation, &object.parse().unwrap()).await.unwrap().allowed
}

#[tokio::test]
async fn rights_come_down_from_broker_to_offer() {
    let Some(world) = world(&[]).await else { return };
    for (name, authorizer) in world.both() {
        let admin = User::new("admin@x");
        assert!(allowed(authorizer, &admin, Relation::Administrator, "applicationoffer:o1").await, "{name}");
        assert!(allowed(authorizer, &admin, Relation::Reader, "model:m1").await, "{name}");
        assert!(allowed(authorizer, &admin, Relation::CanAddModel, "cloud:aws").await, "{name}");
        assert!(allowed(authorizer, &admin, Relation::CanAddModel, "controller:c1").await, "{name}");
        assert!(allowed(authorizer, &admin, Relation::AuditLogViewer, "controller:c1").await, "{name}");
        let owner = User::new("owner@x");
        assert!(allowed(authorizer, &owner, Relation::Consumer, "applicationoffer:o1").await, "{name}");
        assert!(!allowed(authorizer, &owner, Relation::CanAddModel, "cloud:aws").await, "{name}");
        let models = authorizer.list_objects(&admin, Relation::Writer, ObjectKind::Model).await.unwrap();
        assert_eq!(models, ["m1"], "{name}");
        let who = authorizer.list_subjects(Relation::Reader, &Object::offer("o1")).await.unwrap();
        assert_eq!(who.users.into_iter().collect::<Vec<_>>(), ["admin@x", "owner@x"], "{name}");
    }
}

#[tokio::test]
async fn groups_nest_take_roles_and_go_in_circles() {
    let more = [
        "user:bob@x member group:inner",
        "group:inner#member member group:outer",
        "group:outer#member member group:inner",
        "group:outer#member assignee role:ops",
        "role:ops#assignee writer model:m1",
        "controller:c1 controller controller:broker",
    ];
    let Some(world) = world(&more).await else { return };
    for (name, authorizer) in world.both() {
        let bob = User::new("bob@x");
        assert!(allowed(authorizer, &bob, Relation::Writer, "model:m1").await, "{name}");
        assert!(!allowed(authorizer, &bob, Relation::Administrator, "model:m1").await, "{name}");
        assert!(allowed(authorizer, &bob, Relation::Assignee, "role:ops").await, "{name}");
        assert!(!allowed(authorizer, &User::new("eve@x"), Relation::Reader, "model:m1").await, "{name}");
        let who = authorizer.list_subjects(Relation::Reader, &Object::model("m1")).await.unwrap();
        assert_eq!(who.users.into_iter().collect::<Vec<_>>(), ["admin@x", "bob@x", "owner@x"], "{name}");
        let set: Subject = "group:inner#member".parse().unwrap();
        let by_set = authorizer.check_subject(&set, Relation::Reader, &Object::model("m1")).await.unwrap();
        assert!(by_set.allowed, "{name}");
        let unknown: Subject = "group:inner#administrator".parse().unwrap();
        let by_set = authorizer.check_subject(&unknown, Relation::Reader, &Object::model("m1")).await.unwrap();
        assert!(!by_set.allowed, "{name}");
    }
}

#[tokio::test]
async fn everyone_is_everybody_and_nobody_else() {
    let Some(world) = world(&["user:* reader applicationoffer:o1"]).await else { return };
    for (name, authorizer) in world.both() {
        for who in ["stranger@y", "everyone@external"] {
            assert!(allowed(authorizer, &User::new(who), Relation::Reader, "applicationoffer:o1").await, "{name}");
            assert!(!allowed(authorizer, &User::new(who), Relation::Reader, "model:m1").await, "{name}");
        }
        let who = authorizer.list_subjects(Relation::Reader, &Object::offer("o1")).await.unwrap();
        assert!(who.everyone && who.users.contains("owner@x"), "{name}: {who:?}");
    }
}

#[tokio::test]
async fn groups_of_the_login_count_whatever_they_are_called() {
    let Some(world) = world(&[]).await else { return };
    let staff = "staff: friends & #1 *";
    let member = |relation, object: &str| {
        let set = Subject::Set { object: Object::new(ObjectKind::IdpGroup, staff), relation: Relation::Member };
        jimm_authz::Tuple::new(set, relation, object.parse().unwrap())
    };
    world.add(&member(Relation::Administrator, "controller:c1")).await;
    world.add(&member(Relation::Member, "group:g")).await;
    world.add_all(&["group:g#member reader model:other"]).await;
    let bob = User { name: "bob@x".into(), groups: vec![staff.into(), staff.into()] };
    for (name, authorizer) in world.both() {
        assert!(allowed(authorizer, &bob, Relation::Administrator, "model:m1").await, "{name}");
        assert!(!allowed(authorizer, &User::new("bob@x"), Relation::Reader, "model:other").await, "{name}");
        let models = authorizer.list_objects(&bob, Relation::Reader, ObjectKind::Model).await.unwrap();
        assert_eq!(models, ["m1", "other"], "{name}");
        let who = authorizer.list_subjects(Relation::Reader, &Object::model("m1")).await.unwrap();
        assert!(who.idp_groups.contains(staff) && !who.everyone, "{name}: {who:?}");
    }
}

#[tokio::test]
async fn all_groups_of_a_login_count_however_many_they_are() {
    let Some(world) = world(&["idpgroup:g249#member writer model:last"]).await else { return };
    world.add_all(&["idpgroup:g000#member reader model:first", "idpgroup:g120#member member group:g"]).await;
    world.add_all(&["group:g#member administrator model:middle"]).await;
    for reversed in [false, true] {
        let mut groups: Vec<String> = (0..250).map(|n| format!("g{n:03}")).collect();
        if reversed {
            groups.reverse();
        }
        let bob = User { name: "bob@x".into(), groups };
        for (name, authorizer) in world.both() {
            for model in ["first", "middle", "last"] {
                assert!(
                    allowed(authorizer, &bob, Relation::Reader, &format!("model:{model}")).await,
                    "{name}: {model}"
                );
            }
            assert!(!allowed(authorizer, &bob, Relation::Writer, "model:first").await, "{name}");
            let questions = ["last", "m1", "first", "middle"].map(|id| (Relation::Writer, Object::model(id)));
            let answers = authorizer.check_many(&bob, &questions).await.unwrap();
            let answers: Vec<bool> = answers.iter().map(|answer| answer.allowed).collect();
            assert_eq!(answers, [true, false, false, true], "{name}");
            let relations = [Relation::Reader, Relation::Writer];
            let lists = authorizer.list_objects_many(&bob, &relations, ObjectKind::Model).await.unwrap();
            assert_eq!(lists, [vec!["first", "last", "middle"], vec!["last", "middle"]], "{name}");
        }
    }
}

#[tokio::test]
async fn what_makes_no_sense_nobody_has() {
    let more = ["user:eve@x administrator serviceaccount:s@serviceaccount", "user:eve@x writer cloud:aws"];
    let Some(world) = world(&more).await else { return };
    for (name, authorizer) in world.both() {
        let eve = User::new("eve@x");
        assert!(allowed(authorizer, &eve, Relation::Administrator, "serviceaccount:s@serviceaccount").await, "{name}");
        let nonsense =
            [(Relation::Writer, "cloud:aws"), (Relation::Member, "model:m1"), (Relation::Reader, "user:eve@x")];
        let mut questions: Vec<_> = nonsense.map(|(relation, object)| (relation, object.parse().unwrap())).to_vec();
        questions.push((Relation::Reader, Object::model("x".repeat(1000))));
        questions.push((Relation::Administrator, "serviceaccount:s@serviceaccount".parse().unwrap()));
        let answers = authorizer.check_many(&eve, &questions).await.unwrap();
        let answers: Vec<bool> = answers.iter().map(|answer| answer.allowed).collect();
        assert_eq!(answers, [false, false, false, false, true], "{name}");
        let listed = authorizer.list_objects(&eve, Relation::Writer, ObjectKind::Cloud).await.unwrap();
        assert!(listed.is_empty(), "{name}");
        assert!(authorizer.check_many(&eve, &[]).await.unwrap().is_empty(), "{name}");
    }
}

#[tokio::test]
async fn many_questions_keep_their_order_and_long_lists_are_whole() {
    let Some(world) = world(&[]).await else { return };
    let many: Vec<String> = (0..2500).map(|n| format!("user:bob@x reader model:n{n}")).collect();
    let mut tx = world.store.begin().await.unwrap();
    for text in &many {
        jimm_store::tuples::insert(&mut tx, &jimm::tuple_rows::to_row(&crate::world::tuple(text))).await.unwrap();
    }
    for n in 0..1500 {
        let text = format!("user:u{n}@x writer model:popular");
        jimm_store::tuples::insert(&mut tx, &jimm::tuple_rows::to_row(&crate::world::tuple(&text))).await.unwrap();
    }
    tx.commit().await.unwrap();
    // The first decision waits until all of it is told, and that is more than it may wait for.
    world.told().await;
    let questions: Vec<_> = (0..230)
        .map(|n| (Relation::Reader, Object::model(if n % 3 == 0 { format!("n{n}") } else { format!("x{n}") })))
        .collect();
    for (name, authorizer) in world.both() {
        let answers = authorizer.check_many(&User::new("bob@x"), &questions).await.unwrap();
        for (n, answer) in answers.iter().enumerate() {
            assert_eq!(answer.allowed, n % 3 == 0, "{name} {n}");
        }
        let listed = authorizer.list_objects(&User::new("bob@x"), Relation::Reader, ObjectKind::Model).await.unwrap();
        assert_eq!(listed.len(), many.len(), "{name}");
        let who = authorizer.list_subjects(Relation::Reader, &Object::model("popular")).await.unwrap();
        assert_eq!(who.users.len(), 1500, "{name}");
    }
}

#[tokio::test]
async fn what_is_taken_away_is_gone_at_once() {
    let Some(world) = world(&[]).await else { return };
    let right = crate::world::tuple("user:bob@x writer model:m1");
    for _ in 0..50 {
        world.add(&right).await;
        for (name, authorizer) in world.both() {
            assert!(allowed(authorizer, &User::new("bob@x"), Relation::Reader, "model:m1").await, "{name}");
        }
        world.remove(&right).await;
        for (name, authorizer) in world.both() {
            assert!(!allowed(authorizer, &User::new("bob@x"), Relation::Reader, "model:m1").await, "{name}");
        }
    }
}
