//! The phases of a migration, one after the other, each with its calls to the target.

use std::sync::Arc;
use std::time::Duration;

use jimm_rpc::Connection;
use serde_json::{Value, json};
use uuid::Uuid;

use super::super::controller::{Shape, Shared};
use super::super::failures::Phase;
use super::super::fault::{Fault, Result, items, text};
use super::super::world::{Migration, Model, Redirect};
use super::agents;
use super::payload;
use super::source::{ask, connect, target_version};

/// Goes on, after a restart, with the migrations that ran: a real controller keeps its state too.
pub(in super::super) fn resume(shared: &Arc<Shared>) {
    let running: Vec<Uuid> = shared
        .world()
        .models
        .values()
        .filter(|m| m.migration.as_ref().is_some_and(Migration::runs))
        .map(|m| m.uuid)
        .collect();
    for uuid in running {
        spawn(shared, uuid);
    }
}

/// Starts the worker that drives the migration of a model.
pub(super) fn spawn(shared: &Arc<Shared>, uuid: Uuid) {
    let shared = Arc::clone(shared);
    shared.tasks.clone().spawn(async move {
        let stop = shared.stop.clone();
        stop.run_until_cancelled(drive(&shared, uuid)).await;
    });
}

async fn drive(shared: &Arc<Shared>, uuid: Uuid) {
    let Some((target, phase)) = shared
        .world()
        .models
        .get(&uuid)
        .and_then(|m| m.migration.as_ref())
        .map(|m| (m.target.clone(), m.phase.clone()))
    else {
        return;
    };
    // After a restart it goes on with the phase that it was in.
    let first = Phase::ALL.iter().position(|known| known.as_str() == phase).unwrap_or_default();
    let aborting = phase == "ABORT";
    let result =
        if aborting { Err(Fault::bad("controller restarted")) } else { hand_over(shared, uuid, &target, first).await };
    match result {
        Ok(()) => finish(shared, uuid, &target).await,
        Err(fault) => abort(shared, uuid, &target, &fault.0.message).await,
    }
}

/// QUIESCE to VALIDATION, from the phase with this number on.
async fn hand_over(shared: &Arc<Shared>, uuid: Uuid, target: &Value, first: usize) -> Result<()> {
    for phase in Phase::ALL.into_iter().skip(first) {
        match phase {
            Phase::Quiesce => quiesce(shared, uuid, target).await?,
            Phase::Import => import(shared, uuid, target).await?,
            Phase::ProcessRelations => enter(shared, uuid, phase, "processing relations").await,
            Phase::Validation => validate(shared, uuid, target).await?,
            Phase::Success | Phase::LogTransfer | Phase::Reap => break,
        }
    }
    Ok(())
}

async fn quiesce(shared: &Arc<Shared>, uuid: Uuid, target: &Value) -> Result<()> {
    enter(shared, uuid, Phase::Quiesce, "quiescing, waiting for agents to report back").await;
    let model = model(shared, uuid)?;
    let (connection, login) = connect(target).await?;
    let tag = text(target, "controller-tag");
    if login.controller_tag != tag {
        let got = login.controller_tag;
        return Err(Fault::bad(format!("unexpected target controller UUID (got {got}, expected {tag})")));
    }
    let version = version(shared, &login)?;
    tell(shared, uuid, "performing target prechecks");
    let prechecked = ask(&connection, version, "Prechecks", &payload::precheck(shared, &model, version)).await;
    prechecked.map_err(|f| Fault::bad(format!("target prechecks failed: {}", f.0.message)))?;
    tell(shared, uuid, "quiescing, all agents reported success");
    Ok(())
}

async fn import(shared: &Arc<Shared>, uuid: Uuid, target: &Value) -> Result<()> {
    enter(shared, uuid, Phase::Import, "exporting model").await;
    let failed = "model data transfer failed, failed to import model into target controller";
    let model = model(shared, uuid)?;
    if shared.failures.is_on("import-error") {
        return Err(Fault::bad(format!("{failed}: bad description")));
    }
    tell(shared, uuid, "importing model into target controller");
    let (connection, login) = connect(target).await.map_err(|f| data_transfer(&f))?;
    let version = version(shared, &login)?;
    let imported = ask(&connection, version, "Import", &payload::export(shared, &model, version)).await;
    imported.map_err(|f| Fault::bad(format!("{failed}: {}", f.0.message)))?;
    tell(shared, uuid, "uploading model binaries into target controller");
    agents::send_binaries(shared, &model, target).await
}

fn data_transfer(fault: &Fault) -> Fault {
    Fault::bad(format!("model data transfer failed, {}", fault.0.message))
}

async fn validate(shared: &Arc<Shared>, uuid: Uuid, target: &Value) -> Result<()> {
    enter(shared, uuid, Phase::Validation, "validating, waiting for agents to report back").await;
    let model = model(shared, uuid)?;
    let agents = agents::log_in(&model, target, shared.failures.is_on("silent-agents"));
    match tokio::time::timeout(shared.options.agent_wait, agents).await {
        Ok(reported) => reported?,
        Err(_) => return Err(Fault::bad("validating, timed out waiting for agents to report")),
    }
    let (connection, login) = connect(target).await?;
    let version = version(shared, &login)?;
    tell(shared, uuid, "checking machines in migrated model");
    let params = json!({"model-tag": format!("model-{uuid}")});
    let machines = ask(&connection, version, "CheckMachines", &params).await?;
    let errors = items(&machines, "results").iter().filter(|r| r.get("error").is_some()).count();
    if errors > 0 {
        return Err(Fault::bad(format!("machine sanity check failed, {errors} error(s) found")));
    }
    tell(shared, uuid, "activating model in target controller");
    let activated = ask(&connection, version, "Activate", &params).await;
    activated.map_err(|f| Fault::bad(format!("model activation failed, {}", f.0.message)))?;
    Ok(())
}

/// SUCCESS to the end: from here there is no way back.
async fn finish(shared: &Arc<Shared>, uuid: Uuid, target: &Value) {
    enter(shared, uuid, Phase::Success, "successful, waiting for agents to report back").await;
    if let Ok((connection, login)) = connect(target).await
        && let Ok(version) = version(shared, &login)
    {
        let params = json!({"model-tag": format!("model-{uuid}"), "source-controller-version": shared.version});
        let _ = ask(&connection, version, "AdoptResources", &params).await;
        enter(shared, uuid, Phase::LogTransfer, "successful, transferring logs to target controller (0 sent)").await;
        transfer_logs(&connection, version, uuid, target).await;
    }
    enter(shared, uuid, Phase::Reap, "successful, removing model from source controller").await;
    let reaps = shared.shape() == Shape::V36 && !shared.failures.is_on("reap-failed");
    let redirect = Redirect {
        addresses: items(target, "addrs").iter().filter_map(|a| a.as_str().map(str::to_owned)).collect(),
        ca_cert: text(target, "ca-cert").to_owned(),
        controller_tag: text(target, "controller-tag").to_owned(),
        controller_alias: text(target, "controller-alias").to_owned(),
    };
    let failed = shared.failures.is_on("reap-failed");
    let now = shared.now();
    shared.change(|world| {
        if reaps {
            world.models.remove(&uuid);
            world.gone.insert(uuid, redirect);
        } else if let Some(migration) = world.models.get_mut(&uuid).and_then(|m| m.migration.as_mut()) {
            // A 4.1 source keeps the model, alive and usable.
            migration.end = Some(now);
            let phase = if failed { "REAPFAILED" } else { "DONE" };
            phase.clone_into(&mut migration.phase);
            let status = if failed { "removing exported model failed: cannot remove model" } else { "done" };
            status.clone_into(&mut migration.status);
        }
    });
}

async fn transfer_logs(connection: &Connection, version: u32, uuid: Uuid, target: &Value) {
    let _ = ask(connection, version, "LatestLogTime", &json!({"model-tag": format!("model-{uuid}")})).await;
    agents::send_logs(uuid, target).await;
}

/// The model stays here; the target is told to forget it.
async fn abort(shared: &Arc<Shared>, uuid: Uuid, target: &Value, reason: &str) {
    let status = format!("aborted, removing model from target controller: {reason}");
    set(shared, uuid, "ABORT", &status);
    if !shared.failures.is_on("abort-unreachable")
        && let Ok((connection, login)) = connect(target).await
        && let Ok(version) = version(shared, &login)
    {
        // Best effort, as real sources do: a target that never began says so.
        let _ = ask(&connection, version, "Abort", &json!({"model-tag": format!("model-{uuid}")})).await;
    }
    let now = shared.now();
    shared.change(|world| {
        if let Some(migration) = world.models.get_mut(&uuid).and_then(|m| m.migration.as_mut()) {
            migration.end = Some(now);
            "ABORTDONE".clone_into(&mut migration.phase);
        }
    });
}

fn version(shared: &Shared, login: &jimm_proto::params::admin::LoginResult) -> Result<u32> {
    if shared.shape() == Shape::V41 {
        let best = jimm_rpc::best_version(login, "MigrationTarget", &[8]);
        return best.ok_or_else(|| Fault::bad("target controller does not support the model migration format; upgrade the target controller to Juju 4.1 or later"));
    }
    target_version(login)
}

fn model(shared: &Shared, uuid: Uuid) -> Result<Model> {
    shared.world().models.get(&uuid).cloned().ok_or_else(|| Fault::bad("model is gone"))
}

async fn enter(shared: &Arc<Shared>, uuid: Uuid, phase: Phase, status: &str) {
    set(shared, uuid, phase.as_str(), status);
    shared.failures.pass(phase).await;
    tokio::time::sleep(shared.options.phase_pace.max(Duration::from_millis(1))).await;
}

/// What users are told within a phase.
fn tell(shared: &Shared, uuid: Uuid, status: &str) {
    shared.change(|world| {
        if let Some(migration) = world.models.get_mut(&uuid).and_then(|m| m.migration.as_mut()) {
            status.clone_into(&mut migration.status);
        }
    });
}

fn set(shared: &Shared, uuid: Uuid, phase: &str, status: &str) {
    shared.change(|world| {
        if let Some(migration) = world.models.get_mut(&uuid).and_then(|m| m.migration.as_mut()) {
            phase.clone_into(&mut migration.phase);
            status.clone_into(&mut migration.status);
        }
    });
}
