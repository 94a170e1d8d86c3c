//! The evaluation of rights over the store's tuples answers what it answers over tuples in memory.

use async_trait::async_trait;
use jimm::broker::rights::access::StoredTuples;
use jimm::tuple_rows::to_row;
use jimm_authz::{
    Authorizer, BuiltIn, Object, ObjectKind, Relation, Result, Subject, Tuple, TupleReader, Tuples, User,
};
use jimm_store::tuples;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{Rng, SeedableRng};

use crate::support::World;

struct Memory(Vec<Tuple>);

#[async_trait]
impl TupleReader for Memory {
    async fn tuples_on(&self, objects: &[Object], _: Option<&[Subject]>) -> Result<Vec<Tuple>> {
        Ok(self.0.iter().filter(|tuple| objects.contains(&tuple.object)).cloned().collect())
    }

    async fn tuples_of(&self, subjects: &[Subject], kinds: &[ObjectKind]) -> Result<Vec<Tuples>> {
        let wanted = |tuple: &&Tuple| subjects.contains(&tuple.subject) && kinds.contains(&tuple.object.kind);
        Ok(self.0.iter().filter(wanted).cloned().map(Tuples::from).collect())
    }
}

/// Every tuple that makes sense among two things of each kind and two users.
fn sensible() -> Vec<Tuple> {
    let objects: Vec<Object> =
        ObjectKind::ALL.iter().flat_map(|kind| [Object::new(*kind, "1"), Object::new(*kind, "2")]).collect();
    let mut subjects = vec![Subject::user("alice@x"), Subject::user("bob@x"), Subject::Everyone];
    for object in &objects {
        subjects.push(Subject::object(object.clone()));
        for relation in [Relation::Member, Relation::Assignee] {
            subjects.push(Subject::Set { object: object.clone(), relation });
        }
    }
    let mut tuples = Vec::new();
    for object in &objects {
        for relation in Relation::ALL {
            tuples.extend(subjects.iter().map(|s| Tuple::new(s.clone(), *relation, object.clone())));
        }
    }
    tuples.retain(Tuple::is_valid);
    tuples.sort();
    tuples.dedup();
    tuples
}

#[tokio::test(flavor = "multi_thread")]
async fn stored_tuples_mean_what_they_mean_in_memory() {
    let world = World::new().await;
    let stored = BuiltIn::new(StoredTuples::new(world.store.clone()));
    let sensible = sensible();
    let users = [User::new("alice@x"), User { name: "bob@x".into(), groups: vec!["1".into()] }, User::new("eve@x")];
    let objects = ObjectKind::ALL.iter().flat_map(|kind| [Object::new(*kind, "1"), Object::new(*kind, "2")]);
    let questions: Vec<(Relation, Object)> =
        objects.flat_map(|object| Relation::ALL.iter().map(move |relation| (*relation, object.clone()))).collect();
    let mut random = StdRng::seed_from_u64(8);
    for round in 0..30 {
        let count = random.random_range(1..40);
        let tuples: Vec<Tuple> = sensible.choose_multiple(&mut random, count).cloned().collect();
        world.db.execute("TRUNCATE relation_tuples").await.unwrap();
        let mut tx = world.store.begin().await.unwrap();
        for tuple in &tuples {
            assert!(tuples::insert(&mut tx, &to_row(tuple)).await.unwrap());
        }
        tx.commit().await.unwrap();
        let memory = BuiltIn::new(Memory(tuples));
        for user in &users {
            let (a, b) = (stored.check_many(user, &questions).await, memory.check_many(user, &questions).await);
            let allowed =
                |decisions: Vec<jimm_authz::Decision>| decisions.iter().map(|d| d.allowed).collect::<Vec<_>>();
            assert_eq!(allowed(a.unwrap()), allowed(b.unwrap()), "round {round}, {user:?}");
            for kind in [ObjectKind::Model, ObjectKind::Cloud, ObjectKind::ApplicationOffer] {
                let (a, b) = (
                    stored.list_objects(user, Relation::Administrator, kind).await,
                    memory.list_objects(user, Relation::Administrator, kind).await,
                );
                assert_eq!(a.unwrap(), b.unwrap(), "round {round}, {user:?}, {kind}");
            }
        }
        for object in [Object::model("1"), Object::offer("2"), Object::cloud("1")] {
            let (a, b) = (
                stored.list_subjects(Relation::Administrator, &object).await,
                memory.list_subjects(Relation::Administrator, &object).await,
            );
            assert_eq!(a.unwrap(), b.unwrap(), "round {round}, {object}");
        }
    }
}
