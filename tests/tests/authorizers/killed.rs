//! A broker that is killed while it tells OpenFGA what has changed: the next one goes on where it was, nothing is lost and
//! nothing is told that is not so.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use jimm_authz::{OpenFga, OpenFgaSettings, Tuple};
use jimm_tests::app::{AppOptions, TestApp};
use jimm_tests::openfga::{Keeps, OpenFgaServer};
use jimm_tests::process::eventually;
use sqlx::{AssertSqlSafe, Connection as _, PgConnection};

use crate::world::settings;

const SOON: Duration = Duration::from_secs(60);
/// Rights that come or go at a time.
const CHANGES: i64 = 4000;

async fn untold(db: &mut PgConnection) -> i64 {
    sqlx::query_scalar("SELECT count(*) FROM relation_outbox").fetch_one(db).await.unwrap()
}

/// Everything that OpenFGA knows, in words; what comes twice is counted twice.
async fn there(aside: &OpenFga) -> Vec<String> {
    let (mut all, mut from) = (Vec::new(), String::new());
    loop {
        let page = aside.read_page(&from).await.unwrap();
        assert!(page.foreign.is_empty(), "{:?}", page.foreign);
        all.extend(page.tuples.iter().map(Tuple::to_string));
        from = page.next;
        if from.is_empty() {
            all.sort();
            return all;
        }
    }
}

/// Everything that the database knows, in the same words.
async fn here(db: &mut PgConnection) -> Vec<String> {
    let words = "SELECT subject_kind || ':' || subject_id || CASE subject_relation WHEN '' THEN '' ELSE '#' || subject_relation END
                     || ' ' || relation || ' ' || object_kind || ':' || object_id FROM relation_tuples";
    let mut all: Vec<String> = sqlx::query_scalar(words).fetch_all(db).await.unwrap();
    all.sort();
    all
}

/// How many of what is known on either side are not on the other.
fn apart(here: &[String], there: &[String]) -> i64 {
    let (here, there): (BTreeSet<_>, BTreeSet<_>) = (here.iter().collect(), there.iter().collect());
    i64::try_from(here.symmetric_difference(&there).count()).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broker_that_is_killed_while_it_tells_loses_nothing() {
    let Some(server) = OpenFgaServer::with(Keeps::File, None).await else { return };
    let app = TestApp::with(AppOptions { sims: Vec::new(), env: server.environment() }).await;
    let store = OpenFgaSettings { store: format!("jimm-{}", app.plan.uuid), ..settings(&server) };
    let aside = OpenFga::open(&store, None, Arc::new(|_, _, _| {})).await.unwrap();
    let mut db = PgConnection::connect(&app.db.url).await.unwrap();
    assert_eq!(app.jimmctl(&["add-group", "many"]).await.code, 0);
    let group = "SELECT uuid::text FROM identity_sets WHERE name = 'many'";
    let group: String = sqlx::query_scalar(group).fetch_one(&mut db).await.unwrap();
    let structure = here(&mut db).await.len();
    let give = format!(
        "INSERT INTO relation_tuples (subject_kind, subject_id, relation, object_kind, object_id)
         SELECT 'user', 'u' || n || '@example.com', 'member', 'group', '{group}' FROM generate_series(1, {CHANGES}) n
         ON CONFLICT DO NOTHING"
    );
    // Every other one goes again, and is told to.
    let take = format!("DELETE FROM relation_tuples WHERE object_id = '{group}' AND subject_id ~ '[02468]@'");
    let mut interrupted = BTreeSet::new();
    for (round, change) in [&give, &take, &give, &take, &give].into_iter().enumerate() {
        let changed = sqlx::raw_sql(AssertSqlSafe(change.clone())).execute(&mut db).await.unwrap().rows_affected();
        let changed = i64::try_from(changed).unwrap();
        assert!(changed > 0, "round {round}");
        // Each time a bit later.
        let until = changed - changed * i64::try_from(round).unwrap() / 6;
        // Without a pause, or all of it is told meanwhile.
        let began = Instant::now();
        while untold(&mut db).await >= until {
            assert!(began.elapsed() < SOON, "round {round}: nothing is told");
        }
        app.kill_broker();
        let left = untold(&mut db).await;
        println!("round {round}: killed with {left} of {changed} changes untold");
        if left > 0 && left < changed {
            interrupted.insert(round);
        }
        // What was told before it died may still be among the untold, never the other way round.
        let apart = apart(&here(&mut db).await, &there(&aside).await);
        assert!(apart <= left, "round {round}: {apart} differ, and only {left} are still to be told");
        app.start_broker().await.unwrap();
        eventually("all of it is told", SOON, async || {
            (untold(&mut PgConnection::connect(&app.db.url).await.ok()?).await == 0).then_some(())
        })
        .await;
        let (here, there) = (here(&mut db).await, there(&aside).await);
        assert_eq!(here.len(), there.len(), "round {round}");
        assert!(here == there, "round {round}: they differ");
        let said = app.jimmctl(&["check-access", "--format", "tabular"]).await;
        assert!(said.code == 0 && said.out.ends_with("Nothing differs.\n"), "round {round}: {}{}", said.out, said.err);
    }
    assert!(interrupted.len() >= 3, "killed in the middle of it in rounds {interrupted:?} only");
    assert_eq!(here(&mut db).await.len(), structure + usize::try_from(CHANGES).unwrap());
}
