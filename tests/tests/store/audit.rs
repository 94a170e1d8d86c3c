//! The audit log: kept, filtered, paged by cursor, purged from the front of its chains, by whole partitions too.

use chrono::{DateTime, NaiveDate, TimeZone, Utc};
use jimm_store::PgConnection;
use jimm_store::audit::{self, Batch, BatchId, Chain, Class, Encoder, Filter, Note, Origin, What};
use uuid::Uuid;

use super::support::World;

/// So many minutes into a day of 2026.
fn at(minutes: i64) -> DateTime<Utc> {
    Utc.with_ymd_and_hms(2026, 11, 21, 8, 0, 0).unwrap() + chrono::TimeDelta::minutes(minutes)
}

fn note(n: i64, identity: &str) -> Note {
    Note {
        time: at(n),
        origin: std::sync::Arc::new(Origin {
            conversation: "c0ffee".into(),
            identity: identity.into(),
            ..Origin::default()
        }),
        message_id: n,
        facade: "ModelManager".into(),
        version: 10,
        method: if n % 2 == 0 { "ListModels".into() } else { "ModelInfo".into() },
        object_id: String::new(),
        what: What::Asked((n > 2).then(|| format!("{{\"n\":{n}}}").into())),
    }
}

/// Writes the notes as one batch of a chain.
async fn write(conn: &mut PgConnection, chain: Chain, seq: i64, notes: impl IntoIterator<Item = Note>) {
    let mut encoder = Encoder::default();
    for note in notes {
        encoder.push(&note);
    }
    let hash = vec![u8::try_from(seq).unwrap(); 32];
    let batch = Batch { id: BatchId { chain, seq }, body: encoder.take(), prev: Vec::new(), hash };
    audit::make_partitions(conn, chain.day, 0).await.unwrap();
    for _ in 0..2 {
        // Whoever does not know whether it arrived writes it again.
        audit::insert(conn, &batch).await.unwrap();
    }
}

fn chain(class: Class, day: NaiveDate) -> Chain {
    Chain { class, day, writer: Uuid::new_v4() }
}

async fn numbers(conn: &mut PgConnection, filter: &Filter, offset: i64, limit: i64) -> Vec<i64> {
    audit::list(conn, filter, offset, limit).await.unwrap().iter().map(|entry| entry.message_id).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_audit_log_is_kept_filtered_and_purged() {
    let world = World::new().await;
    let mut conn = world.store.acquire().await.unwrap();
    let chain = chain(Class::Change, at(0).date_naive());
    write(&mut conn, chain, 0, (0..10).map(|n| note(n, &format!("user-{}", n % 3)))).await;
    assert_eq!(numbers(&mut conn, &Filter::default(), 0, 100).await, (0..10).collect::<Vec<_>>());
    let filter = Filter {
        after: Some(at(2)),
        before: Some(at(8)),
        method: "ListModels".into(),
        newest_first: true,
        ..Filter::default()
    };
    assert_eq!(numbers(&mut conn, &filter, 1, 2).await, [6, 4]);
    let by_user = Filter { identity: "user-0".into(), ..Filter::default() };
    assert_eq!(numbers(&mut conn, &by_user, 0, 100).await.len(), 4);
    let rows = "SELECT string_agg(message_id::text || coalesce(params->>'n', ''), ',' ORDER BY time) FROM audit_entries
                WHERE identity = 'user-0' AND facade_name = 'ModelManager' AND facade_version = 10 AND NOT is_response
                  AND time > '2026-11-21T07:59:59Z'";
    assert_eq!(world.db.fetch(rows).await.unwrap().as_deref(), Some("0,33,66,99"), "and read as rows");

    let purged = audit::purge_chain(&mut conn, chain, at(5), 3).await.unwrap();
    assert_eq!((purged.entries, purged.gone.len(), purged.cut.len(), purged.more), (5, 0, 1, false), "its older part");
    assert_eq!(numbers(&mut conn, &Filter::default(), 0, 100).await, [5, 6, 7, 8, 9]);
    write(&mut conn, chain, 1, (10..12).map(|n| note(n, "user-x"))).await;
    write(&mut conn, chain, 2, [note(4, "user-x"), note(20, "user-x")]).await;
    write(&mut conn, chain, 3, [note(6, "user-x")]).await;
    let before = at(12);
    assert_eq!(audit::oldest_chains(&mut conn, &[Class::Change], before, 9).await.unwrap(), [chain]);
    assert_eq!(audit::oldest_chains(&mut conn, &[Class::Read], before, 9).await.unwrap(), []);
    let first = audit::purge_chain(&mut conn, chain, before, 1).await.unwrap();
    assert_eq!((first.entries, first.gone[0].through, first.more), (5, 0, true));
    let second = audit::purge_chain(&mut conn, chain, before, 10).await.unwrap();
    assert_eq!(
        (second.entries, second.gone[0].through, second.more),
        (4, 1, false),
        "no gap is made: what follows is cut"
    );
    assert_eq!(second.gone[0].hash, [1; 32]);
    assert_eq!(second.cut.iter().map(|cut| cut.batch.seq).collect::<Vec<_>>(), [2, 3]);
    assert_eq!(numbers(&mut conn, &Filter::default(), 0, 100).await, [20]);
    assert_eq!(audit::oldest_chains(&mut conn, &Class::ALL, before, 9).await.unwrap(), [], "and that is all");
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_of_the_audit_log_are_in_order_however_its_batches_overlap() {
    let world = World::new().await;
    let mut conn = world.store.acquire().await.unwrap();
    let day = at(0).date_naive();
    let chains = [chain(Class::Read, day), chain(Class::Read, day), chain(Class::Change, day)];
    // As replicas write that linger: each batch begins before the one before it ends.
    for batch in 0..60 {
        let who = |n| if n == 123 { "user-rare" } else { "user-often" };
        let notes = (0..5).map(|n| batch * 5 + n * 3).map(|n| note(n, who(n)));
        write(&mut conn, chains[usize::try_from(batch).unwrap() % 3], batch, notes).await;
    }
    let mut expected: Vec<i64> = (0..60).flat_map(|batch| (0..5).map(move |n| batch * 5 + n * 3)).collect();
    expected.sort_unstable();
    for newest_first in [false, true] {
        let (mut paged, mut followed) = (Vec::<i64>::new(), Vec::<i64>::new());
        for page in 0.. {
            let filter = Filter { newest_first, ..Filter::default() };
            let found = numbers(&mut conn, &filter, page * 7, 7).await;
            paged.extend(&found);
            if found.len() < 7 {
                break;
            }
        }
        let mut filter = Filter { newest_first, ..Filter::default() };
        loop {
            let found = audit::list(&mut conn, &filter, 0, 7).await.unwrap();
            followed.extend(found.iter().map(|entry| entry.message_id));
            // What comes in meanwhile does not push anything to or fro.
            write(&mut conn, chain(Class::Login, day), 0, [note(-1_000, "user-new")]).await;
            match found.last() {
                Some(last) if found.len() == 7 => filter.from = Some((last.time, last.place)),
                _ => break,
            }
        }
        followed.retain(|n| *n >= 0);
        assert_eq!(followed, expected, "by cursor, newest first: {newest_first}");
        paged.retain(|n| *n >= 0);
        assert_eq!(paged, expected, "by offset, newest first: {newest_first}");
        world.db.fetch("DELETE FROM audit_log WHERE class = 'login'").await.ok();
        expected.reverse();
    }
    let rare = Filter { identity: "user-rare".into(), ..Filter::default() };
    let found = numbers(&mut conn, &rare, 0, 10).await;
    assert!(!found.is_empty() && found.iter().all(|n| *n == 123));
}

#[tokio::test(flavor = "multi_thread")]
async fn whole_months_go_as_partitions() {
    let world = World::new().await;
    let day = |month, day| NaiveDate::from_ymd_opt(2025, month, day).unwrap();
    let (march, april) = (chain(Class::Read, day(3, 30)), chain(Class::Read, day(4, 1)));
    let mut conn = world.store.acquire().await.unwrap();
    for chain in [march, april] {
        let time = chain.day.and_hms_opt(12, 0, 0).unwrap().and_utc();
        for seq in 0..3 {
            write(&mut conn, chain, seq, [Note { time, ..note(seq, "user-a") }]).await;
        }
    }
    let before = |month, on| day(month, on).and_hms_opt(0, 0, 0).unwrap().and_utc();
    assert_eq!(audit::droppable(&mut conn, Class::Read, before(4, 1)).await.unwrap(), [""; 0]);
    assert_eq!(audit::droppable(&mut conn, Class::Read, before(4, 30)).await.unwrap(), ["audit_log_read_2025_03"]);
    drop(conn);
    let mut tx = world.store.begin().await.unwrap();
    let purged = audit::drop_partition(&mut tx, "audit_log_read_2025_03").await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!((purged.entries, purged.gone.len(), purged.gone[0].through), (3, 1, 2));
    assert_eq!((purged.gone[0].chain, &purged.gone[0].hash), (march, &vec![2; 32]));
    let left = "SELECT string_agg(day::text, ',') FROM audit_log";
    assert_eq!(world.db.fetch(left).await.unwrap().as_deref(), Some("2025-04-01,2025-04-01,2025-04-01"));
    let mut conn = world.store.acquire().await.unwrap();
    let (from, until) = (day(1, 1), day(12, 31));
    assert_eq!(audit::open_chains(&mut conn, from, until).await.unwrap(), [(april, 2, vec![2; 32])]);
    assert_eq!(audit::chains_to_export(&mut conn, "file", from).await.unwrap(), [(april, -1)]);
    audit::note_exported(&mut conn, "file", BatchId { chain: april, seq: 1 }).await.unwrap();
    assert_eq!(audit::chains_to_export(&mut conn, "file", from).await.unwrap(), [(april, 1)]);
    assert_eq!(audit::exported(&mut conn, april, 1, 9).await.unwrap().len(), 1);
    audit::note_exported(&mut conn, "file", BatchId { chain: april, seq: 2 }).await.unwrap();
    assert_eq!(audit::chains_to_export(&mut conn, "file", from).await.unwrap(), []);
    assert_eq!(audit::chains_to_export(&mut conn, "syslog", from).await.unwrap(), [(april, -1)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_older_replicas_write_is_taken_over() {
    let world = World::new().await;
    let old = r#"[{"time":"2026-11-21T08:00:00Z","conversation_id":"c0","message_id":7,"facade_name":"Cloud","facade_method":"Clouds","facade_version":7,"object_id":"","identity":"user-a","model":"","is_response":true,"params":null,"errors":null}]"#;
    let insert = format!(
        "INSERT INTO audit_batches (first_time, last_time, size, identities, models, methods, entries)
         VALUES ('2026-11-21T08:00:00Z', '2026-11-21T08:00:00.000001Z', 1, '{{user-a}}', '{{\"\"}}', '{{Clouds}}',
                 convert_to('{old}', 'UTF8')) RETURNING 'none'"
    );
    assert_eq!(world.db.fetch(&insert).await.unwrap(), None);
    let mut conn = world.store.acquire().await.unwrap();
    let found = audit::list(&mut conn, &Filter::default(), 0, 10).await.unwrap();
    assert_eq!((found.len(), found[0].message_id, found[0].outcome.as_str()), (1, 7, "ok"));
    let rows = "SELECT string_agg(facade_method || outcome, ',') FROM audit_entries";
    assert_eq!(world.db.fetch(rows).await.unwrap().as_deref(), Some("Cloudsok"));
    let chain = audit::oldest_chains(&mut conn, &[Class::Legacy], at(1), 9).await.unwrap()[0];
    assert_eq!(audit::purge_chain(&mut conn, chain, at(1), 9).await.unwrap().entries, 1);
}
