//! Who may do what, decided by the broker itself and by a real OpenFGA server: two brokers one after the other, each on a
//! database of its own with the same models and rights. Asked the way clients ask, so that a figure has the whole way in it.

use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use sqlx::{Connection as _, Executor as _};
use tokio_tungstenite::tungstenite::Utf8Bytes;
use uuid::Uuid;

use super::Options;
use super::client::{Way, Wire, request};
use super::figures::Samples;
use super::report::{Aim, Row};
use super::stand::Stand;
use crate::broker::{self, BrokerPlan};
use crate::client::{Door, approve};
use crate::openfga::{Keeps, OpenFgaServer};
use crate::process;

/// How many models are asked about in turns.
const ASKED: usize = 200;
/// How long filling a mirror may take.
const FILL: Duration = Duration::from_secs(180);

/// A broker of this measurement's own; it ends with this value.
struct Decider {
    plan: BrokerPlan,
    door: Door,
    pid: u32,
    log: PathBuf,
}

impl Drop for Decider {
    fn drop(&mut self) {
        process::stop(self.pid, Duration::from_secs(3));
    }
}

pub(super) async fn measure(stand: &Stand, options: &Options) -> Result<Vec<Row>> {
    let all = options.count(10_000, 500);
    let users = [1, 100, all];
    let built_in = Decider::start(stand, options, "rights_built_in", &[], all).await?;
    let ours = built_in.ask_as(stand, options, &users).await.context("built-in")?;
    drop(built_in);
    // After ours, because Postgres tidies up for long after the other one's tuples have been written.
    let tuples = stand.cluster.create_database("rights_openfga_tuples").await?;
    let server = OpenFgaServer::with(Keeps::Postgres(tuples), None).await;
    let theirs = match &server {
        Some(server) => {
            let openfga = Decider::start(stand, options, "rights_openfga", &server.environment(), all).await?;
            Some(openfga.ask_as(stand, options, &users).await.context("OpenFGA")?)
        }
        None => None,
    };
    let of_user = |(n, sees): (usize, &u32)| rows(*sees, all, &ours[n], theirs.as_ref().map(|theirs| &theirs[n]));
    Ok(users.iter().enumerate().flat_map(of_user).collect())
}

fn rows(sees: u32, all: u32, ours: &Figures, theirs: Option<&Figures>) -> Vec<Row> {
    let mut rows = Vec::new();
    let figures: [Figure; 4] = [
        (format!("rights: check, 1 of {sees} had, p50"), |it| it.checks.p50(), None),
        (format!("rights: check, 1 of {sees} had, p99"), |it| it.checks.p99(), None),
        (format!("rights: check, 1 of {sees} had, within the broker, p99"), |it| it.within.p99(), Some(1.0)),
        (format!("rights: ListModels, {sees} of {all}, p50"), |it| it.lists.p50(), (sees == 100).then_some(5.0)),
    ];
    for (name, figure, aim) in figures {
        let row = Row::broker(&format!("{name}, built-in"), "ms", figure(ours));
        rows.push(match aim {
            Some(most) => row.aim(Aim::AtMost(most)),
            None => row,
        });
        if let Some(theirs) = theirs {
            rows.push(Row::both(&format!("{name}, built-in/OpenFGA"), "ms", figure(ours), figure(theirs)));
        }
    }
    rows
}

/// What a row is called, where its figure is, and what it should be.
type Figure = (String, fn(&Figures) -> f64, Option<f64>);

struct Figures {
    /// As the client sees them.
    checks: Samples,
    /// The same by the broker's log: from the request to the answer, without the way.
    within: Samples,
    lists: Samples,
}

fn user(sees: u32) -> String {
    format!("sees{sees}@example.com")
}

impl Decider {
    async fn start(
        stand: &Stand,
        options: &Options,
        database: &str,
        env: &[(String, String)],
        models: u32,
    ) -> Result<Self> {
        let plan = BrokerPlan {
            port: process::free_port(),
            metrics_port: process::free_port(),
            uuid: Uuid::new_v4().to_string(),
            dsn: stand.cluster.create_database(database).await?,
            ..stand.plan.clone()
        };
        let mut environment = plan.environment();
        environment.extend(options.env.iter().chain(env).cloned());
        let mut command: Command = broker::command(&environment);
        command.current_dir(stand.dir.path());
        let log = stand.dir.path().join(format!("{database}.log"));
        let pid = process::daemon(&mut command, &log)?;
        let door = Door { address: plan.address(), ca: stand.door.ca.clone() };
        let this = Self { plan, door, pid, log };
        let metrics = this.plan.metrics_port;
        let ready = tokio::task::spawn_blocking(move || broker::wait_ready(metrics, pid, Duration::from_secs(60)));
        ready.await??;
        this.fill(models).await?;
        if !env.is_empty() {
            let told = move || {
                process::wait_for("OpenFGA knows all rights", FILL, || {
                    let (_, text) = process::http_get(metrics, "/metrics")?;
                    text.contains("jimm_openfga_untold 0\n").then_some(())
                })
            };
            tokio::task::spawn_blocking(told).await??;
        }
        Ok(this)
    }

    /// Models of somebody else, and users who read one of them, a hundred, all.
    async fn fill(&self, models: u32) -> Result<()> {
        let mut database = sqlx::PgConnection::connect(&self.plan.dsn).await?;
        let mut statements = vec![
            "INSERT INTO clouds (name, type) VALUES ('bench', 'lxd')".to_owned(),
            "INSERT INTO controllers (uuid, name, cloud) VALUES (gen_random_uuid(), 'bench', 'bench')".to_owned(),
            "INSERT INTO identities (name) VALUES ('owner@example.com')".to_owned(),
            format!(
                "INSERT INTO models (uuid, name, owner, controller_uuid, cloud)
                 SELECT gen_random_uuid(), 'm' || n, 'owner@example.com', c.uuid, 'bench'
                 FROM controllers c, generate_series(1, {models}) n"
            ),
            format!(
                "INSERT INTO relation_tuples (subject_kind, subject_id, relation, object_kind, object_id)
                 SELECT 'controller', '{}', 'controller', 'controller', uuid::text FROM controllers
                 UNION ALL SELECT 'controller', controller_uuid::text, 'controller', 'model', uuid::text FROM models
                 UNION ALL SELECT 'user', owner, 'administrator', 'model', uuid::text FROM models",
                self.plan.uuid
            ),
        ];
        for sees in [1, 100, models] {
            statements.push(format!(
                "INSERT INTO relation_tuples (subject_kind, subject_id, relation, object_kind, object_id)
                 SELECT 'user', '{}', 'reader', 'model', uuid::text FROM models ORDER BY name LIMIT {sees}",
                user(sees)
            ));
        }
        statements.push("ANALYZE".to_owned());
        for statement in statements {
            database.execute(sqlx::AssertSqlSafe(statement)).await?;
        }
        Ok(database.close().await?)
    }

    async fn ask_as(&self, stand: &Stand, options: &Options, users: &[u32]) -> Result<Vec<Figures>> {
        let mut figures = Vec::new();
        for &sees in users {
            figures.push(self.ask(stand, options, &user(sees), sees).await?);
        }
        Ok(figures)
    }

    async fn ask(&self, stand: &Stand, options: &Options, user: &str, sees: u32) -> Result<Figures> {
        let url = format!("{}/approve", stand.plan.issuer);
        let token = self.door.device_login(|code| async move { approve(&url, &code, user).await }).await?;
        let mut wire = Way::through_broker(self.plan.port, &self.door.ca, &token)?.enter("/api").await?;
        let (checks, asked) = self.checks(&mut wire, options, user).await?;
        let within = self.within(user, asked, checks.len()).await?;
        let params = json!({"user-tag": format!("user-{user}"), "all": false});
        let frame = request(2, "ModelManager", 9, "ListModels", &params);
        let shown = wire.ask(&frame).await?.matches("\"last-connection\"").count();
        ensure!(shown == usize::try_from(sees)?, "{shown} models are listed, {sees} should be");
        let mut lists = Samples::default();
        for _ in 0..if sees > 1000 { options.count(15, 3) } else { options.count(100, 10) } {
            lists.push(wire.time(&frame).await?);
        }
        wire.close().await;
        Ok(Figures { checks, within, lists })
    }

    /// The user's last checks by the broker's log, so many of them, once it tells of all that were asked.
    async fn within(&self, user: &str, asked: usize, last: usize) -> Result<Samples> {
        let (path, user) = (self.log.clone(), user.to_owned());
        let read = move || {
            process::wait_for("the log tells of the checks", Duration::from_secs(10), || {
                let text = std::fs::read_to_string(&path).ok()?;
                let lines = text.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
                let is_check =
                    |line: &Value| line["request.method"] == "JIMM(4).CheckRelation" && line["requester"] == *user;
                let took: Vec<f64> = lines.filter(is_check).filter_map(|line| line["elapsed.ms"].as_f64()).collect();
                (took.len() == asked).then_some(took)
            })
        };
        let took = tokio::task::spawn_blocking(read).await??;
        let mut samples = Samples::default();
        took[asked - last..].iter().for_each(|ms| samples.push(Duration::from_secs_f64(ms / 1e3)));
        Ok(samples)
    }

    /// May the user read this model, and the next: some that may be read, some that may not. With how many were asked,
    /// those before the measurement too.
    async fn checks(&self, wire: &mut Wire, options: &Options, user: &str) -> Result<(Samples, usize)> {
        let mut database = sqlx::PgConnection::connect(&self.plan.dsn).await?;
        let models: Vec<String> =
            sqlx::query_scalar("SELECT uuid::text FROM models ORDER BY name").fetch_all(&mut database).await?;
        database.close().await?;
        let step = (models.len() / ASKED).max(1);
        let frames: Vec<Utf8Bytes> = models
            .iter()
            .step_by(step)
            .map(|model| {
                let object = format!("user-{user}");
                let tuple = json!({"object": object, "relation": "reader", "target_object": format!("model-{model}")});
                request(2, "JIMM", 4, "CheckRelation", &json!({"tuple": tuple}))
            })
            .collect();
        ensure!(wire.ask(&frames[0]).await?.contains("true"), "the first model may be read");
        let (mut samples, mut asked) = (Samples::default(), 1);
        for round in 0..=options.count(10, 2) {
            asked += frames.len();
            for frame in &frames {
                let took = wire.time(frame).await?;
                if round > 0 {
                    samples.push(took);
                }
            }
        }
        Ok((samples, asked))
    }
}
