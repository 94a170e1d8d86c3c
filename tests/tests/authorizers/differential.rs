//! Random rights and every question about them: the broker itself and OpenFGA must agree, always.
//!
//! `JIMM_DIFFERENTIAL_SEED` repeats a run, `JIMM_DIFFERENTIAL_CASES` makes it longer.

use std::collections::HashSet;

use jimm_authz::{Object, ObjectKind, Relation, Subject, Tuple, User};
use rand::rngs::StdRng;
use rand::seq::IndexedRandom as _;
use rand::{Rng as _, SeedableRng as _};

use crate::world::World;

const USERS: [&str; 3] = ["alice@x", "bob@x", "svc@serviceaccount"];
/// Things of each kind; one has a name that OpenFGA would not take as it is.
const IDS: [&str; 3] = ["0", "a b:#*%", "2"];

#[expect(clippy::disallowed_methods, reason = "who repeats a run says so in the environment")]
fn setting(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

fn objects() -> Vec<Object> {
    ObjectKind::ALL.iter().flat_map(|kind| IDS.map(|id| Object::new(*kind, id))).collect()
}

fn subjects() -> Vec<Subject> {
    let mut subjects: Vec<Subject> = USERS.iter().map(Subject::user).chain([Subject::Everyone]).collect();
    subjects.extend(objects().into_iter().map(Subject::object));
    for relation in Relation::ALL {
        subjects.extend(objects().into_iter().map(|object| Subject::Set { object, relation: *relation }));
    }
    subjects
}

/// Tuples to choose from: what things are to each other, who belongs to what, all others that make sense, and nonsense.
struct Pool {
    structure: Vec<Tuple>,
    memberships: Vec<Tuple>,
    sensible: Vec<Tuple>,
    nonsense: Vec<Tuple>,
}

impl Pool {
    fn new() -> Self {
        let mut pool = Self { structure: vec![], memberships: vec![], sensible: vec![], nonsense: vec![] };
        for object in objects() {
            for relation in Relation::ALL {
                for subject in subjects() {
                    let tuple = Tuple::new(subject, *relation, object.clone());
                    let of = match (&tuple.subject, tuple.relation) {
                        _ if !tuple.is_valid() => &mut pool.nonsense,
                        (Subject::Object(_), _) => &mut pool.structure,
                        (_, Relation::Member | Relation::Assignee) => &mut pool.memberships,
                        _ => &mut pool.sensible,
                    };
                    of.push(tuple);
                }
            }
        }
        pool
    }

    fn tuples(&self, rng: &mut StdRng) -> HashSet<Tuple> {
        let count = rng.random_range(0..40);
        let of = |rng: &mut StdRng| match rng.random_range(0..20) {
            0..6 => &self.structure,
            6..11 => &self.memberships,
            11..19 => &self.sensible,
            _ => &self.nonsense,
        };
        (0..count).filter_map(|_| of(rng).choose(rng).cloned()).collect()
    }
}

fn users(rng: &mut StdRng) -> Vec<User> {
    let mut users: Vec<User> = USERS.map(User::new).to_vec();
    users.push(User::new("nobody@x"));
    users.push(User::new("everyone@external"));
    let groups = |rng: &mut StdRng| {
        let count = rng.random_range(1..3);
        (0..count).filter_map(|_| IDS.choose(rng).map(|id| (*id).to_owned())).collect()
    };
    users.push(User { name: "alice@x".into(), groups: groups(rng) });
    users.push(User { name: "nobody@x".into(), groups: groups(rng) });
    users.push(User { name: "everyone@external".into(), groups: groups(rng) });
    users
}

#[tokio::test]
async fn they_never_differ() {
    let Some(world) = World::new().await else { return };
    let seed = setting("JIMM_DIFFERENTIAL_SEED", rand::rng().random());
    let cases = setting("JIMM_DIFFERENTIAL_CASES", 25);
    println!("JIMM_DIFFERENTIAL_SEED={seed} JIMM_DIFFERENTIAL_CASES={cases}");
    let pool = Pool::new();
    let questions: Vec<(Relation, Object)> =
        objects().into_iter().flat_map(|object| Relation::ALL.iter().map(move |r| (*r, object.clone()))).collect();
    let mut before = HashSet::new();
    let mut checks = 0;
    for case in 0..cases {
        // Each case can be repeated alone.
        let rng = &mut StdRng::seed_from_u64(seed.wrapping_add(case));
        let now = pool.tuples(rng);
        world.become_these(&now, &before).await;
        let told = || {
            let texts: Vec<String> = now.iter().map(ToString::to_string).collect();
            format!("JIMM_DIFFERENTIAL_SEED={} JIMM_DIFFERENTIAL_CASES=1\n{}", seed + case, texts.join("\n"))
        };
        for user in users(rng) {
            checks += same_for(&world, &user, &questions, &told).await;
        }
        let kinds = [&pool.structure, &pool.memberships, &pool.sensible];
        let asked: Vec<Subject> = kinds.iter().filter_map(|of| of.choose(rng)).map(|t| t.subject.clone()).collect();
        for subject in asked {
            for (relation, object) in questions.choose_multiple(rng, 20) {
                let [ours, theirs] = world.both().map(|(_, it)| it.check_subject(&subject, *relation, object));
                let (ours, theirs) = (ours.await.unwrap(), theirs.await.unwrap());
                assert_eq!(ours.allowed, theirs.allowed, "{subject} {relation} {object}\n{}", told());
                checks += 1;
            }
        }
        for object in objects() {
            let [ours, theirs] = world.both().map(|(_, it)| it.list_subjects_many(Relation::ALL, &object));
            let (ours, theirs) = (ours.await.unwrap(), theirs.await.unwrap());
            for ((relation, ours), theirs) in Relation::ALL.iter().zip(ours).zip(theirs) {
                assert_eq!(ours, theirs, "who has {relation} to {object}\n{}", told());
            }
        }
        before = now;
    }
    println!("{checks} checks in {cases} cases, no difference");
    assert!(checks > 1000 * cases);
}

async fn same_for(world: &World, user: &User, questions: &[(Relation, Object)], told: &impl Fn() -> String) -> u64 {
    let [ours, theirs] = world.both().map(|(_, it)| it.check_many(user, questions));
    let (ours, theirs) = (ours.await.unwrap(), theirs.await.unwrap());
    for (((relation, object), ours), theirs) in questions.iter().zip(ours).zip(theirs) {
        assert_eq!(ours.allowed, theirs.allowed, "{user:?} {relation} {object}\n{}", told());
    }
    for kind in ObjectKind::ALL {
        let [ours, theirs] = world.both().map(|(_, it)| it.list_objects_many(user, Relation::ALL, *kind));
        let (ours, theirs) = (ours.await.unwrap(), theirs.await.unwrap());
        for ((relation, ours), theirs) in Relation::ALL.iter().zip(ours).zip(theirs) {
            assert_eq!(ours, theirs, "{user:?} {relation} of every {kind}\n{}", told());
        }
    }
    questions.len() as u64
}
