//! Carrying out a plan: looking what has ended, beginning what may begin, until nothing is left.
//!
//! Everything is in the rows. A turn reads them, does what is to be done now, and may be cut off anywhere: who goes on
//! finds a model that was begun and has no move yet, and looks for one before it begins another. That a model is begun
//! once is the row's matter, that it is moved once the move's.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use jimm_store::Tx;
use jimm_store::events::Code;
use jimm_store::plan_models::{self, Count, PlanModel};
use jimm_store::plans::{self, Plan};
use serde_json::{Value, json};
use tokio::sync::watch;
use tokio::task::JoinSet;
use uuid::Uuid;

use super::news::tell;
use crate::broker::Broker;
use crate::error::{Error, Result};

/// How often a plan is looked at when nobody tells that something has happened.
const TICK: Duration = Duration::from_secs(2);

/// Work on single models, side by side, by their places in the plan; it ends with this value. Tasks, because what is only
/// polled now and then keeps the connections to Postgres that it was given meanwhile, and a turn waits for one.
type Works = JoinSet<(i32, Result<()>)>;

/// Carries out a plan to its end.
pub(super) async fn carry(broker: Arc<Broker>, id: i64, mut news: watch::Receiver<()>) {
    let mut works = Works::new();
    let (mut busy, mut told) = (BTreeSet::new(), None);
    loop {
        match turn(&broker, id, &mut works, &mut busy, &mut told).await {
            Ok(false) => {}
            Ok(true) => break,
            Err(error) => tracing::warn!(plan.id = id, %error, "plan could not be looked at, trying again"),
        }
        tokio::select! {
            told = news.changed() => if told.is_err() { break },
            Some(done) = works.join_next() => match done {
                Ok((position, outcome)) => {
                    busy.remove(&position);
                    if let Err(error) = outcome {
                        tracing::warn!(plan.id = id, position, %error, "model of a plan is looked at again");
                    }
                }
                // Which one it was is not known: all of them begin anew from their rows.
                Err(error) => {
                    tracing::error!(plan.id = id, %error, "work on a model of a plan has died");
                    works.shutdown().await;
                    busy.clear();
                }
            },
            () = tokio::time::sleep(TICK) => {}
        }
    }
}

/// One look at everything; tells whether the plan has ended.
async fn turn(
    broker: &Arc<Broker>,
    id: i64,
    works: &mut Works,
    busy: &mut BTreeSet<i32>,
    told: &mut Option<i32>,
) -> Result<bool> {
    let mut conn = broker.store.acquire().await?;
    let Some(plan) = plans::get(&mut conn, id).await?.filter(|plan| !plan.is_over()) else { return Ok(true) };
    let under_way = plan_models::under_way(&mut conn, id).await?;
    let jobs: BTreeMap<i32, _> =
        plan_models::ended_jobs(&mut conn, id).await?.into_iter().map(|job| (job.position, job)).collect();
    drop(conn);
    let plan = Arc::new(plan);
    let mut moving = Vec::new();
    for it in under_way {
        let ended = jobs.get(&it.position).cloned();
        let waits = it.job_id.is_some() && ended.is_none() && it.state != plan_models::VERIFYING;
        if !waits && busy.insert(it.position) {
            let (broker, plan, it) = (Arc::clone(broker), Arc::clone(&plan), it.clone());
            works.spawn(async move { (it.position, broker.settle_planned(&plan, &it, ended).await) });
        }
        moving.push(it);
    }
    match plan.state.as_str() {
        plans::RUNNING => begin_some(broker, &plan, &moving, works, busy, told).await,
        plans::ABORTING if moving.is_empty() => broker.end_plan(&plan, plans::ABORTED, None).await,
        // Whoever gave the plan up may have died before that, and a move may have begun since.
        plans::ABORTING => broker.stop_planned_moves(id).await.map(|()| false),
        plans::PROVING => {
            let proof = json!(broker.prove(&plan).await?);
            broker.end_plan(&plan, plans::DONE, Some(&proof)).await
        }
        _ => Ok(false),
    }
}

/// Tells that the plan has come to a wave: once, whoever carries it out.
async fn come_to(broker: &Broker, plan: &Plan, wave: i32, counts: &[Count]) -> Result<()> {
    let mut tx = broker.store.begin().await?;
    if plans::come_to(&mut tx, plan.id, wave).await? {
        let name = usize::try_from(wave).ok().and_then(|wave| plan.waves.get(wave));
        let models: i64 = counts.iter().filter(|it| it.wave == wave).map(|it| it.models).sum();
        tell(&mut tx, Code::PLAN_WAVE, plan.id, &json!({"wave": name, "models": models})).await?;
        tx.commit().await?;
    }
    Ok(())
}

/// Begins models while there is room, or notes why not.
async fn begin_some(
    broker: &Arc<Broker>,
    plan: &Arc<Plan>,
    moving: &[PlanModel],
    works: &mut Works,
    busy: &mut BTreeSet<i32>,
    told: &mut Option<i32>,
) -> Result<bool> {
    let mut conn = broker.store.acquire().await?;
    let counts = plan_models::counts(&mut conn, plan.id).await?;
    let of_state = |state: &str| counts.iter().filter(|it| it.state == state).map(|it| it.models).sum::<i64>();
    let failed = of_state(plan_models::FAILED) - i64::from(plan.tolerated);
    if failed >= i64::from(plan.failures) {
        let why =
            format!("{failed} models failed: see \"jimmctl show-plan {0}\"; then \"jimmctl resume-plan {0}\"", plan.id);
        drop(conn);
        broker.stop_plan(plan, &why).await?;
        return Ok(false);
    }
    let Some(wave) = current_wave(&counts) else {
        drop(conn);
        let mut tx = broker.store.begin().await?;
        plans::begin_proof(&mut tx, plan.id).await?;
        tx.commit().await?;
        return Ok(false);
    };
    if *told != Some(wave) {
        drop(conn);
        come_to(broker, plan, wave, &counts).await?;
        *told = Some(wave);
        conn = broker.store.acquire().await?;
    }
    let mut room = Room::new(plan, moving);
    // What is being begun is not in the rows yet.
    let beginning = busy.iter().filter(|position| !moving.iter().any(|it| it.position == **position)).count();
    let count = |n: usize| i64::try_from(n).unwrap_or(i64::MAX);
    let mut free = i64::from(plan.parallel) - count(moving.len() + beginning);
    if free <= 0 {
        return Ok(false);
    }
    let next = plan_models::next(&mut conn, plan.id, wave, &room.full(), free + count(beginning)).await?;
    drop(conn);
    for it in next {
        if free <= 0 || busy.contains(&it.position) || !room.take(&it) {
            continue;
        }
        free -= 1;
        busy.insert(it.position);
        let (broker, plan) = (Arc::clone(broker), Arc::clone(plan));
        works.spawn(async move { (it.position, broker.begin_planned(&plan, &it).await) });
    }
    Ok(false)
}

/// The first wave in which something is left to do.
pub(super) fn current_wave(counts: &[Count]) -> Option<i32> {
    let open = [plan_models::WAITING, plan_models::MOVING, plan_models::UPGRADING, plan_models::VERIFYING];
    counts.iter().filter(|it| open.contains(&it.state.as_str())).map(|it| it.wave).min()
}

/// A plan that runs begins no more models, in the caller's transaction.
pub(super) async fn stop(tx: &mut Tx, plan: &Plan, why: &str) -> Result<()> {
    if plans::set_state(tx, plan.id, &[plans::RUNNING], plans::STOPPED, why).await? {
        tell(tx, Code::PLAN_STOPPED, plan.id, &json!({ "reason": why })).await?;
        tracing::warn!(plan.id = plan.id, reason = why, "plan stops");
    }
    Ok(())
}

/// How many more models may leave and arrive, by controller.
struct Room {
    from: BTreeMap<Uuid, i32>,
    to: BTreeMap<Uuid, i32>,
    per_source: i32,
    per_target: i32,
}

impl Room {
    fn new(plan: &Plan, moving: &[PlanModel]) -> Self {
        let mut room = Self {
            from: BTreeMap::new(),
            to: BTreeMap::new(),
            per_source: plan.per_source,
            per_target: plan.per_target,
        };
        for it in moving {
            room.take(it);
        }
        room
    }

    fn take(&mut self, it: &PlanModel) -> bool {
        let (from, to) = (self.from.entry(it.source_uuid).or_default(), self.to.entry(it.target_uuid).or_default());
        let fits = *from < self.per_source && *to < self.per_target;
        *from += i32::from(fits);
        *to += i32::from(fits);
        fits
    }

    /// Controllers for which there is no room.
    fn full(&self) -> Vec<Uuid> {
        let full = |counts: &BTreeMap<Uuid, i32>, most: i32| {
            counts.iter().filter(|(_, count)| **count >= most).map(|(uuid, _)| *uuid).collect::<Vec<Uuid>>()
        };
        [full(&self.from, self.per_source), full(&self.to, self.per_target)].concat()
    }
}

impl Broker {
    /// A plan that runs begins no more models until somebody has looked.
    async fn stop_plan(&self, plan: &Plan, why: &str) -> Result<()> {
        let mut tx = self.store.begin().await?;
        stop(&mut tx, plan, why).await?;
        tx.commit().await?;
        Ok(())
    }

    /// The plan ends, and its models may be in others; `false` when it is not in the state any more in which it was seen,
    /// because somebody gave it up or has a model tried again, and goes on.
    async fn end_plan(&self, plan: &Plan, to: &str, proof: Option<&Value>) -> Result<bool> {
        let mut tx = self.store.begin().await?;
        let mine = plans::set_state(&mut tx, plan.id, &[&plan.state], to, "").await?;
        if mine {
            if let Some(proof) = proof {
                plans::set_proof(&mut tx, plan.id, proof).await?;
            }
            let counts = plan_models::counts(&mut tx, plan.id).await?;
            let of = |state: &str| counts.iter().filter(|it| it.state == state).map(|it| it.models).sum::<i64>();
            let (moved, failed) = (of(plan_models::DONE), of(plan_models::FAILED));
            let skipped = of(plan_models::SKIPPED) + of(plan_models::CANCELLED);
            let told = json!({"moved": moved, "failed": failed, "skipped": skipped});
            tell(&mut tx, Code::PLAN_DONE, plan.id, &told).await?;
            plan_models::release(&mut tx, plan.id).await?;
        }
        tx.commit().await.map_err(Error::from)?;
        if mine {
            tracing::info!(plan.id = plan.id, state = to, "plan has ended");
        }
        Ok(mine)
    }
}
