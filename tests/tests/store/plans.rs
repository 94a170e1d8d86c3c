//! Plans and their models, when somebody who looked a while ago writes after somebody who looked since.

use jimm_store::plan_models::{self, CANCELLED, DONE, FAILED, MOVING, NewPlanModel, PlanModel, WAITING};
use jimm_store::plans::{self, ABORTING, NewPlan, PROVING, RUNNING};
use jimm_tests::planned::LONG;
use jimm_tests::process;
use serde_json::json;
use uuid::Uuid;

use crate::support::{World, hits, race};

/// Who waits for a row that somebody else has.
const LOCKED: &str = "SELECT count(*)::text FROM pg_stat_activity
                      WHERE datname = current_database() AND wait_event_type = 'Lock'";

/// A plan with one model.
async fn planned(world: &World) -> i64 {
    let mut tx = world.store.begin().await.unwrap();
    let new = NewPlan { kind: "drain".into(), waves: vec!["canaries".into()], parallel: 1, ..NewPlan::default() };
    let plan = plans::insert(&mut tx, &new).await.unwrap();
    let model = NewPlanModel { model_uuid: Uuid::new_v4(), name: "alice@x/m".into(), ..NewPlanModel::default() };
    plan_models::insert(&mut tx, plan, &[model]).await.unwrap();
    tx.commit().await.unwrap();
    plan
}

async fn row(world: &World, plan: i64) -> PlanModel {
    plan_models::list(&mut world.store.acquire().await.unwrap(), plan, None).await.unwrap().remove(0)
}

async fn begin(world: &World, plan: i64) -> PlanModel {
    let mut conn = world.store.acquire().await.unwrap();
    plan_models::begin(&mut conn, plan, 1, &json!({})).await.unwrap().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn who_looked_before_a_model_was_tried_again_changes_nothing_of_that() {
    let world = World::new().await;
    let plan = planned(&world).await;
    let mut conn = world.store.acquire().await.unwrap();
    let begun = begin(&world, plan).await;
    assert!(plan_models::go_on(&mut conn, plan, &begun, MOVING, Some(1)).await.unwrap());
    let stale = row(&world, plan).await;
    assert!(plan_models::end(&mut conn, plan, &stale, FAILED, "it failed", &json!([])).await.unwrap());
    plan_models::turn(&mut conn, plan, &[], &[FAILED], WAITING, "").await.unwrap();
    let again = begin(&world, plan).await;
    assert_eq!((again.state.as_str(), again.attempts, again.job_id), (MOVING, 2, None));
    // The one that is late has seen the first attempt, with and without its job.
    for late in [&stale, &begun] {
        let ended = plan_models::end(&mut conn, plan, late, FAILED, "it failed", &json!([])).await.unwrap();
        let went_on = plan_models::go_on(&mut conn, plan, late, MOVING, Some(1)).await.unwrap();
        let waits = plan_models::wait(&mut conn, plan, late, "", 0.0).await.unwrap();
        assert_eq!((ended, went_on, waits), (false, false, false), "{late:?}");
    }
    assert_eq!(row(&world, plan).await, again, "nothing has changed");
    // Who saw it without a job does not know that it has one.
    assert!(plan_models::go_on(&mut conn, plan, &again, MOVING, Some(2)).await.unwrap());
    assert!(!plan_models::wait(&mut conn, plan, &again, "", 0.0).await.unwrap());
    let known = row(&world, plan).await;
    assert!(plan_models::end(&mut conn, plan, &known, DONE, "", &json!([])).await.unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_model_of_a_plan_that_is_given_up_does_not_wait_again() {
    let world = World::new().await;
    let plan = planned(&world).await;
    let begun = begin(&world, plan).await;
    // Whoever gives it up has not written so yet when the model is to wait.
    let mut tx = world.store.begin().await.unwrap();
    assert!(plans::set_state(&mut tx, plan, &[RUNNING], ABORTING, "given up by bob").await.unwrap());
    let mut conn = world.store.acquire().await.unwrap();
    let written = async {
        process::eventually("it waits for that", LONG, || async {
            (world.db.fetch(LOCKED).await.ok()??.as_str() != "0").then_some(())
        })
        .await;
        tx.commit().await.unwrap();
    };
    let (waits, ()) = tokio::join!(plan_models::wait(&mut conn, plan, &begun, "later", 5.0), written);
    assert!(waits.unwrap());
    let last = row(&world, plan).await;
    assert_eq!((last.state.as_str(), last.reason.as_str(), last.attempts), (CANCELLED, "given up by bob", 0));
    assert!(last.ended_at.is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_with_a_model_that_is_tried_again_does_not_come_to_its_end() {
    let world = World::new().await;
    for round in 0..8 {
        let plan = planned(&world).await;
        let begun = begin(&world, plan).await;
        let mut conn = world.store.acquire().await.unwrap();
        assert!(plan_models::end(&mut conn, plan, &begun, FAILED, "", &json!([])).await.unwrap());
        drop(conn);
        let came = race(&world.store, 2, move |store, number| async move {
            let mut tx = store.begin().await.unwrap();
            let came = if number == 0 {
                plans::begin_proof(&mut tx, plan).await.unwrap()
            } else {
                plans::get_for_update(&mut tx, plan).await.unwrap();
                plan_models::turn(&mut tx, plan, &[], &[FAILED], WAITING, "").await.unwrap();
                plans::set_state(&mut tx, plan, &[PROVING], RUNNING, "").await.unwrap()
            };
            tx.commit().await.unwrap();
            came
        })
        .await;
        let state = plans::get(&mut world.store.acquire().await.unwrap(), plan).await.unwrap().unwrap().state;
        assert_eq!(state, RUNNING, "round {round}: {came:?}");
        assert_ne!(hits(&came), 1, "it came to its end and back, or neither");
    }
}
