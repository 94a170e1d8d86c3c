//! What is drained: two controllers, the first with many models, and two replicas of the broker that serve them.

use std::collections::BTreeMap;
use std::ops::Sub;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use futures_util::stream::{self, TryStreamExt as _};
use serde::Serialize;
use serde_json::Value;

use super::Options;
use crate::app::{AppOptions, Said, TestApp};
use crate::bench::usage;
use crate::broker::ADMIN;
use crate::{given, process};

/// Who may read every third model besides.
const READER: &str = "reader@example.com";
const AT_A_TIME: usize = 16;

/// Everything that runs.
pub(super) struct Fleet {
    /// Broker, controllers, database.
    pub(super) app: TestApp,
    /// The models, all on the first controller at first.
    pub(super) models: Vec<String>,
    /// Settings of the two replicas beyond the common ones, in the order in which their processes were started.
    replicas: Vec<Vec<(&'static str, String)>>,
    plan: String,
}

/// What a database has written.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Written {
    /// Rows inserted, updated and deleted.
    pub rows: f64,
    /// Transactions committed, those that read included.
    pub commits: f64,
}

impl Written {
    pub(super) fn per(self, models: u32) -> Self {
        Self { rows: self.rows / f64::from(models), commits: self.commits / f64::from(models) }
    }
}

impl Sub for Written {
    type Output = Self;

    fn sub(self, before: Self) -> Self {
        Self { rows: self.rows - before.rows, commits: self.commits - before.commits }
    }
}

impl Fleet {
    pub(super) async fn start(options: &Options, shapes: (&str, &str)) -> Result<Self> {
        let sims = vec![shapes.0.to_owned(), shapes.1.to_owned()];
        // As delivered, but for the time after which a replica counts as dead.
        let env = [
            ("JIMM_CONTROLLER_POLL_INTERVAL", "30s"),
            ("JIMM_MODEL_POLL_INTERVAL", "1m"),
            ("JIMM_JOB_POLL_INTERVAL", "1s"),
        ];
        let env = env.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
        let mut app = TestApp::with(AppOptions { sims, env }).await;
        for sim in &mut app.sims {
            process::stop(sim.pid(), Duration::from_secs(5));
            sim.plan.forgetful = true;
            sim.plan.phase_pace_ms = u64::try_from(options.pace.as_millis())?;
            sim.restart()?;
        }
        app.attach_all().await;
        let (port, metrics) = (process::free_port(), process::free_port());
        let second = vec![
            ("JIMM_LISTEN_ADDR", format!("127.0.0.1:{port}")),
            ("JIMM_INTERNAL_LISTEN_ADDR", format!("127.0.0.1:{metrics}")),
        ];
        app.start_replica(&second).await?;
        let models = furnish(&app, options.models).await?;
        Ok(Self { app, models, replicas: vec![Vec::new(), second], plan: String::new() })
    }

    /// Every tuple about each model but those of its controllers, as text.
    pub(super) async fn rights(&self) -> Result<BTreeMap<String, String>> {
        let sql = "SELECT coalesce(json_object_agg(object_id, tuples), '{}')::text FROM (
                       SELECT object_id, string_agg(subject_kind || ':' || subject_id || ' ' || relation, ', '
                                                    ORDER BY subject_kind, subject_id, relation) AS tuples
                       FROM relation_tuples WHERE object_kind = 'model' AND relation <> 'controller' GROUP BY object_id) t";
        Ok(serde_json::from_str(&self.app.db.fetch(sql).await?.context("a row")?)?)
    }

    pub(super) async fn written(&self) -> Result<Written> {
        let sql =
            "SELECT pg_stat_clear_snapshot()::text || (tup_inserted + tup_updated + tup_deleted) || ' ' || xact_commit
                   FROM pg_stat_database WHERE datname = current_database()";
        let told = self.app.db.fetch(sql).await?.context("a row")?;
        let mut numbers = told.split(' ').map(str::parse::<f64>);
        let mut next = || numbers.next().context("a number")?.map_err(anyhow::Error::from);
        Ok(Written { rows: next()?, commits: next()? })
    }

    /// Resident memory of the replica that was started last, in KiB.
    pub(super) fn memory(&self) -> Result<u32> {
        usage::resident_kib(self.app.broker_pid())
    }

    /// Kills a replica and starts it again after a while.
    pub(super) async fn kill(&mut self, which: usize, away: Duration) -> Result<()> {
        self.app.kill_one(which);
        tokio::time::sleep(away).await;
        let settings = self.replicas.remove(which);
        self.app.start_replica(&settings).await?;
        self.replicas.push(settings);
        Ok(())
    }

    /// Has a plan made: canaries, then all the others in one wave.
    pub(super) async fn plan(&mut self, options: &Options) -> Result<()> {
        let [parallel, canaries, wave] = [options.parallel, options.canaries, options.models].map(|n| n.to_string());
        let args = [
            "plan-drain",
            "sim1",
            "--to",
            "sim2",
            "--canaries",
            &canaries,
            "--wave-size",
            &wave,
            "--parallel",
            &parallel,
        ];
        let said = self.app.jimmctl(&args).await;
        ensure!(said.code == 0, "plan-drain: {}", said.err);
        self.plan = self.app.dir().join("plan.yaml").display().to_string();
        Ok(std::fs::write(&self.plan, said.out)?)
    }

    pub(super) async fn apply(&self) -> Result<()> {
        let said = self.app.jimmctl(&["apply-plan", &self.plan, "--no-wait"]).await;
        ensure!(said.code == 0, "apply-plan: {}", said.err);
        Ok(())
    }

    /// Whether the plan has come to its end; that a replica is away is no answer.
    pub(super) async fn ended(&self) -> Result<bool> {
        let Said { out, code, .. } = self.app.jimmctl(&["plans", "--format", "json"]).await;
        let told: Value = serde_json::from_str(&out).unwrap_or_default();
        let state = told[0]["state"].as_str().unwrap_or_default();
        ensure!(code != 0 || !["stopped", "aborted"].contains(&state), "the plan has {state}: {out}");
        Ok(state == "done")
    }

    /// What a controller tells of the moves that it saw.
    pub(super) fn moves(&self, sim: usize) -> Result<Value> {
        self.app.sims[sim].plan.moves()
    }

    /// The end of the broker's log, for what went wrong.
    pub(super) fn explain(&self) -> String {
        let log = self.app.broker_log();
        let lines: Vec<&str> = log.lines().collect();
        format!("the end of the broker's log:\n{}", lines[lines.len().saturating_sub(40)..].join("\n"))
    }
}

/// Models that somebody else may read in part, adopted from the first controller.
async fn furnish(app: &TestApp, models: u32) -> Result<Vec<String>> {
    let sim = &app.sims[0].plan;
    let cloud = given::cloud_of(sim).await?;
    let admin = app.connect(ADMIN).await?;
    given::upload_credential(&admin, &cloud, ADMIN).await?;
    let (mut uuids, cloud, admin) = (Vec::new(), &cloud, &admin);
    for n in 0..models {
        uuids.push(given::make_model(sim, cloud, &format!("m{n:05}")).await?);
    }
    stream::iter(uuids.iter().map(Ok::<_, anyhow::Error>))
        .try_for_each_concurrent(AT_A_TIME, |uuid| async move {
            let request = serde_json::json!({"controller": sim.name, "model-tag": format!("model-{uuid}"),
                                             "owner": format!("user-{ADMIN}")});
            let _: Value = admin.call("JIMM", 4, "ImportModel", &request, Duration::from_secs(60)).await?;
            Ok(())
        })
        .await?;
    let sql = format!(
        "WITH reader AS (INSERT INTO identities (name) VALUES ('{READER}') ON CONFLICT DO NOTHING)
         INSERT INTO relation_tuples (subject_kind, subject_id, relation, object_kind, object_id)
         SELECT 'user', '{READER}', 'reader', 'model', uuid::text FROM (SELECT uuid, row_number() OVER () n FROM models) m
         WHERE n % 3 = 0"
    );
    app.db.execute(&sql).await?;
    Ok(uuids)
}
