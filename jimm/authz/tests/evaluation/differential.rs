//! The built-in authorizer against the slow and obvious evaluation, over random tuples, sensible or not.

use std::sync::{Arc, LazyLock};

use crate::support::{Memory, Reference};
use jimm_authz::{Authorizer, BuiltIn, Object, ObjectKind, Relation, Subject, Tuple, User};
use proptest::prelude::*;
use proptest::sample::select;

const USERS: [&str; 2] = ["alice@x", "bob@x"];
/// Things of each kind.
const IDS: u8 = 2;

fn object() -> impl Strategy<Value = Object> {
    let kinds: Vec<ObjectKind> = ObjectKind::ALL.iter().copied().filter(|kind| *kind != ObjectKind::User).collect();
    (select(kinds), 0..IDS).prop_map(|(kind, id)| Object::new(kind, id))
}

fn subject() -> impl Strategy<Value = Subject> {
    prop_oneof![
        4 => select(&USERS[..]).prop_map(Subject::user),
        1 => Just(Subject::Everyone),
        4 => object().prop_map(Subject::Object),
        4 => (0..IDS).prop_map(Subject::members),
        3 => (0..IDS).prop_map(Subject::assignees),
        2 => (0..IDS).prop_map(|id| Subject::Set {
            object: Object::new(ObjectKind::IdpGroup, id),
            relation: Relation::Member
        }),
        1 => (object(), select(Relation::ALL)).prop_map(|(object, relation)| Subject::Set { object, relation }),
    ]
}

/// Every tuple that makes sense among the things there are.
static SENSIBLE: LazyLock<Vec<Tuple>> = LazyLock::new(|| {
    let objects = || ObjectKind::ALL.iter().flat_map(|kind| (0..IDS).map(|id| Object::new(*kind, id)));
    let mut subjects: Vec<Subject> = USERS.iter().map(Subject::user).chain([Subject::Everyone]).collect();
    subjects.extend(objects().map(Subject::Object));
    for relation in Relation::ALL {
        subjects.extend(objects().map(|object| Subject::Set { object, relation: *relation }));
    }
    let mut tuples = Vec::new();
    for (object, relation) in objects().flat_map(|o| Relation::ALL.iter().map(move |relation| (o.clone(), *relation))) {
        tuples.extend(subjects.iter().map(|subject| Tuple::new(subject.clone(), relation, object.clone())));
    }
    tuples.retain(Tuple::is_valid);
    tuples
});

/// Mostly sensible tuples, for there would hardly be any among random ones; what things are to each other more often
/// than chance has it; and a few that make no sense.
fn tuple() -> impl Strategy<Value = Tuple> {
    let structure: Vec<Tuple> =
        SENSIBLE.iter().filter(|tuple| matches!(tuple.subject, Subject::Object(_))).cloned().collect();
    let any = (subject(), select(Relation::ALL), object()).prop_map(|(s, r, o)| Tuple::new(s, r, o));
    prop_oneof![6 => select(&SENSIBLE[..]), 3 => select(structure), 1 => any]
}

fn user() -> impl Strategy<Value = User> {
    (select(&USERS[..]), prop::collection::vec(0..IDS, 0..3)).prop_map(|(name, groups)| User {
        name: name.into(),
        groups: groups.into_iter().map(|group| group.to_string()).collect(),
    })
}

fn rights() -> Vec<(Relation, Object)> {
    let objects = ObjectKind::ALL.iter().flat_map(|kind| (0..IDS).map(|id| Object::new(*kind, id)));
    objects.flat_map(|object| Relation::ALL.iter().map(move |relation| (*relation, object.clone()))).collect()
}

/// `controller` and `model` are held by things, never by users: the reference does not speak of them.
fn asked_of_users(relation: Relation) -> bool {
    !matches!(relation, Relation::Controller | Relation::Model)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, ..ProptestConfig::default() })]

    #[test]
    fn agrees_with_the_reference(tuples in prop::collection::vec(tuple(), 0..24), user in user()) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let reference = Reference::of(&tuples, &user);
            let authorizer = BuiltIn::new(Arc::new(Memory::new(tuples.clone())));
            let rights: Vec<_> = rights().into_iter().filter(|(relation, _)| asked_of_users(*relation)).collect();

            let decisions = authorizer.check_many(&user, &rights).await.unwrap();
            for ((relation, object), decision) in rights.iter().zip(&decisions) {
                let expected = reference.had.contains(&(*relation, object.clone()));
                prop_assert_eq!(decision.allowed, expected, "check_many: {:?} {} {}", user, relation, object);
                let alone = authorizer.check(&user, *relation, object).await.unwrap();
                prop_assert_eq!(alone.allowed, expected, "check: {:?} {} {}", user, relation, object);
                if let Some(tuple) = &decision.determined_by {
                    prop_assert!(tuples.contains(tuple));
                }
            }
            for object in ObjectKind::ALL.iter().flat_map(|kind| (0..IDS).map(|id| Object::new(*kind, id))) {
                let relations: Vec<_> = Relation::ALL.iter().copied().filter(|it| asked_of_users(*it)).collect();
                let standing = authorizer.standing(&user, &relations, &object).await.unwrap();
                for (relation, allowed) in relations.iter().zip(&standing.allowed) {
                    let expected = reference.had.contains(&(*relation, object.clone()));
                    prop_assert_eq!(*allowed, expected, "standing: {:?} {} {}", user, relation, &object);
                }
                let listed = authorizer.list_subjects_many(&relations, &object).await.unwrap();
                prop_assert_eq!(standing.subjects, listed);
            }
            for kind in ObjectKind::ALL {
                for relation in Relation::ALL.iter().copied().filter(|relation| asked_of_users(*relation)) {
                    let listed = authorizer.list_objects(&user, relation, *kind).await.unwrap();
                    let mut expected: Vec<String> = reference.had.iter()
                        .filter(|(had, object)| *had == relation && object.kind == *kind)
                        .map(|(_, object)| object.id.clone())
                        .collect();
                    expected.sort_unstable();
                    prop_assert_eq!(listed, expected, "list_objects: {:?} {} {}", user, relation, kind);
                }
            }
            Ok(())
        })?;
    }

    #[test]
    fn lists_whom_it_allows(tuples in prop::collection::vec(tuple(), 0..24)) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let authorizer = BuiltIn::new(Arc::new(Memory::new(tuples.clone())));
            let had = |user: User| Reference::of(&tuples, &user).had;
            let by_user: Vec<_> = USERS.iter().map(|name| (name, had(User::new(*name)))).collect();
            let by_all = had(User::new("nobody@x"));
            let member = |id: u8| User { name: "nobody@x".into(), groups: vec![id.to_string()] };
            let by_group: Vec<_> = (0..IDS).map(|id| (id, had(member(id)))).collect();
            for right in rights() {
                let subjects = authorizer.list_subjects(right.0, &right.1).await.unwrap();
                for (name, had) in &by_user {
                    let listed = subjects.everyone || subjects.users.contains(**name);
                    prop_assert_eq!(listed, had.contains(&right), "{} {:?}", name, &right);
                }
                prop_assert_eq!(subjects.everyone, by_all.contains(&right), "everyone {:?}", &right);
                // The members come with their login; a group that is asked about itself is itself.
                for (id, had) in by_group.iter().filter(|_| right.1.kind != ObjectKind::IdpGroup) {
                    let listed = subjects.everyone || subjects.idp_groups.contains(&id.to_string());
                    prop_assert_eq!(listed, had.contains(&right), "idpgroup {} {:?}", id, &right);
                }
            }
            Ok(())
        })?;
    }
}
