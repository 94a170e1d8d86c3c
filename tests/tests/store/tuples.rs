//! Relation tuples: written once, read by either end, gone with what they speak of.

use jimm_store::groups::{self, SetKind};
use jimm_store::tuples::{self, Filter, TupleRow, TupleRows};
use uuid::Uuid;

use crate::support::{World, hits, race};

/// `"group:g#member reader model:m"`.
fn row(text: &str) -> TupleRow {
    let [subject, relation, object] = text.split(' ').collect::<Vec<_>>().try_into().unwrap();
    let (subject, subject_relation) = subject.split_once('#').unwrap_or((subject, ""));
    let (subject_kind, subject_id) = subject.split_once(':').unwrap();
    let (object_kind, object_id) = object.split_once(':').unwrap();
    TupleRow {
        subject_kind: subject_kind.into(),
        subject_id: subject_id.into(),
        subject_relation: subject_relation.into(),
        relation: relation.into(),
        object_kind: object_kind.into(),
        object_id: object_id.into(),
    }
}

async fn with(world: &World, texts: &[&str]) {
    let mut tx = world.store.begin().await.unwrap();
    for text in texts {
        assert!(tuples::insert(&mut tx, &row(text)).await.unwrap(), "{text}");
    }
    tx.commit().await.unwrap();
}

fn sorted(mut rows: Vec<TupleRow>) -> Vec<TupleRow> {
    rows.sort();
    rows
}

fn one_by_one(found: Vec<TupleRows>) -> Vec<TupleRow> {
    let each = |rows: TupleRows| {
        let row = TupleRow {
            subject_kind: rows.subject_kind,
            subject_id: rows.subject_id,
            subject_relation: rows.subject_relation,
            relation: rows.relation,
            object_kind: rows.object_kind,
            object_id: String::new(),
        };
        rows.object_ids.into_iter().map(move |object_id| TupleRow { object_id, ..row.clone() })
    };
    sorted(found.into_iter().flat_map(each).collect())
}

fn rows(texts: &[&str]) -> Vec<TupleRow> {
    sorted(texts.iter().map(|text| row(text)).collect())
}

fn pair(kind: &str, id: &str) -> (String, String) {
    (kind.into(), id.into())
}

fn triple(kind: &str, id: &str, relation: &str) -> (String, String, String) {
    (kind.into(), id.into(), relation.into())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tuple_is_new_once_and_goes_once() {
    let world = World::new().await;
    let tuple = row("user:alice@x administrator model:m");
    let new = race(&world.store, 10, |store, _| {
        let tuple = tuple.clone();
        async move {
            let mut tx = store.begin().await.unwrap();
            let hit = tuples::insert(&mut tx, &tuple).await.unwrap();
            tx.commit().await.unwrap();
            hit
        }
    })
    .await;
    assert_eq!(hits(&new), 1);
    let gone = race(&world.store, 10, |store, _| {
        let tuple = tuple.clone();
        async move {
            let mut tx = store.begin().await.unwrap();
            let hit = tuples::delete(&mut tx, &tuple).await.unwrap();
            tx.commit().await.unwrap();
            hit
        }
    })
    .await;
    assert_eq!(hits(&gone), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn tuples_are_found_from_either_end() {
    let world = World::new().await;
    let all = [
        "user:alice@x administrator model:m",
        "user:bob@x reader model:m",
        "user:* reader model:m",
        "group:g#member reader model:m",
        "controller:c controller model:m",
        "user:alice@x member group:g",
        "user:alice@x can_addmodel cloud:m",
    ];
    with(&world, &all).await;
    let mut conn = world.store.acquire().await.unwrap();
    let model = [pair("model", "m"), pair("model", "m")];
    assert_eq!(sorted(tuples::on_objects(&mut conn, &model).await.unwrap()), rows(&all[..5]), "each once");

    let alice = [triple("user", "alice@x", ""), triple("user", "*", "")];
    let found = tuples::on_objects_of(&mut conn, &model, &alice).await.unwrap();
    assert_eq!(sorted(found), rows(&[all[0], all[2], all[4]]), "hers, everyone's, and what is no identity");
    let members = [triple("group", "g", "member")];
    let found = tuples::on_objects_of(&mut conn, &model, &members).await.unwrap();
    assert_eq!(sorted(found), rows(&[all[3], all[4]]));

    let found = tuples::of_subjects(&mut conn, &alice, &["model".into(), "cloud".into()]).await.unwrap();
    assert_eq!(one_by_one(found), rows(&[all[0], all[2], all[6]]));
    let found = tuples::of_subjects(&mut conn, &alice[..1], &[]).await.unwrap();
    assert_eq!(one_by_one(found), rows(&[all[0], all[5], all[6]]));
    let found = tuples::of_subjects(&mut conn, &[triple("group", "g", "")], &[]).await.unwrap();
    assert_eq!(found, [], "the members are not the group");
    with(&world, &["user:alice@x administrator model:n", "user:alice@x reader model:n"]).await;
    let found = tuples::of_subjects(&mut conn, &alice[..1], &["model".into()]).await.unwrap();
    assert_eq!(found.len(), 2, "a row for each relation, not for each model: {found:?}");
    let hers =
        ["user:alice@x administrator model:m", "user:alice@x administrator model:n", "user:alice@x reader model:n"];
    assert_eq!(one_by_one(found), rows(&hers));
}

#[tokio::test(flavor = "multi_thread")]
async fn tuples_are_listed_page_by_page() {
    let world = World::new().await;
    with(
        &world,
        &["user:a reader model:1", "user:b reader model:1", "group:g#member reader model:2", "user:a reader model:2"],
    )
    .await;
    let mut conn = world.store.acquire().await.unwrap();
    let any = Filter::default();
    let mut seen = tuples::list(&mut conn, &any, None, 3).await.unwrap();
    assert_eq!(seen.len(), 3);
    let rest = tuples::list(&mut conn, &any, seen.last(), 3).await.unwrap();
    assert_eq!(rest.len(), 1);
    seen.extend(rest);
    seen.sort();
    seen.dedup();
    assert_eq!(seen.len(), 4);
    let plain = Filter { object_id: "2".into(), subject_relation: Some(String::new()), ..Filter::default() };
    assert_eq!(tuples::list(&mut conn, &plain, None, 10).await.unwrap(), [row("user:a reader model:2")]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_group_takes_its_tuples_with_it() {
    let world = World::new().await;
    let uuid = Uuid::new_v4();
    let other = Uuid::new_v4();
    let mut tx = world.store.begin().await.unwrap();
    groups::insert(&mut tx, SetKind::Group, uuid, "ops").await.unwrap();
    groups::insert(&mut tx, SetKind::Role, other, "ops").await.unwrap();
    tx.commit().await.unwrap();
    let (member, grant) = (format!("user:a member group:{uuid}"), format!("group:{uuid}#member reader model:m"));
    with(&world, &[&member, &grant, "user:a reader model:m"]).await;

    let mut tx = world.store.begin().await.unwrap();
    let taken = groups::insert(&mut tx, SetKind::Group, Uuid::new_v4(), "ops").await.unwrap_err();
    assert_eq!(taken.conflict(), Some(groups::NAME_KEY));
    drop(tx);

    let mut tx = world.store.begin().await.unwrap();
    assert!(groups::rename(&mut tx, SetKind::Group, uuid, "operators").await.unwrap());
    assert_eq!(groups::list(&mut tx, SetKind::Group, "erat", 0, 10).await.unwrap()[0].uuid, uuid);
    assert!(!groups::delete(&mut tx, SetKind::Group, other).await.unwrap(), "that is a role");
    assert!(groups::delete(&mut tx, SetKind::Group, uuid).await.unwrap());
    tx.commit().await.unwrap();
    let mut conn = world.store.acquire().await.unwrap();
    let left = tuples::list(&mut conn, &Filter::default(), None, 10).await.unwrap();
    assert_eq!(left, [row("user:a reader model:m")]);
    assert!(groups::get_by_name(&mut conn, SetKind::Role, "ops").await.unwrap().is_some());
}
