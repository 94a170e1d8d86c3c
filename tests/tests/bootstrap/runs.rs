//! What becomes of a run of the client: well, badly, stopped, and with a broker that dies; and profiles.

use jimm_tests::{given, process};
use serde_json::{Value, json};

use crate::world::{CANARY, LONG, World};

#[tokio::test(flavor = "multi_thread")]
async fn a_controller_is_made_and_attached_and_no_secret_is_seen_again() {
    let world = World::new("3.6.12-ubuntu-amd64\n").await;
    world.mode("good");
    let said = world
        .bootstrap(&[
            "--controller-version",
            "3.6.12",
            "--config",
            "audit-log-max-size=1G",
            "--bootstrap-constraints",
            "mem=8G cores=2",
        ])
        .await;
    assert_eq!(said.code, 0, "{}{}\n{}", said.out, said.err, world.app.broker_log());
    assert!(
        said.out.contains("Creating Juju controller") && said.out.contains("with secret [redacted] on"),
        "{}",
        said.out
    );
    assert!(said.out.contains("is made and attached"), "{}", said.out);
    let listed = world.app.jimmctl(&["controllers", "--format", "json"]).await;
    assert!(listed.out.contains(&world.app.sims[0].plan.uuid), "{}", listed.out);

    let calls = world.read("calls");
    assert!(calls.contains("--agent-version=3.6.12") && calls.trim_end().ends_with("metal/zone-1 sim1"), "{calls}");
    assert!(calls.contains("--bootstrap-constraints=cores=2 mem=8G") && !calls.contains(CANARY), "{calls}");
    let config: Value = serde_json::from_str(&world.read("config.yaml")).expect("settings");
    assert_eq!(
        (&config["login-token-refresh-url"], &config["audit-log-max-size"]),
        (&json!(world.app.plan.jwks_url()), &json!("1G"))
    );
    assert!(world.read("credentials.yaml").contains(CANARY), "the client has it");
    assert_eq!(world.read("modes"), "600 700 ");
    assert!(!world.read("environment").contains("JIMM_"), "the broker's own settings are its own");
    world.is_clean().await;

    let log = world.app.broker_log();
    assert!(!log.contains(CANARY) && !format!("{}{}", said.out, said.err).contains(CANARY));
    let audit = process::eventually("it is in the audit log", LONG, || async {
        let audit = world.app.jimmctl(&["list-audit-events", "--limit", "1000", "--format", "json"]).await;
        audit.out.contains("StartBootstrap").then_some(audit.out)
    })
    .await;
    assert!(!audit.contains(CANARY), "{audit}");
    assert!(!world.database().await.contains(CANARY));
    let left = world.app.db.fetch("SELECT count(*)::text FROM job_secrets").await.expect("a count");
    assert_eq!(left.as_deref(), Some("0"));

    let said = world.bootstrap(&[]).await;
    assert!(said.code == 1 && said.err.contains("controller \"sim1\" already exists"), "{}", said.err);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_is_refused_at_once() {
    let world = World::new("4.0.1-ubuntu-amd64\n").await;
    world.mode("good");
    for (args, text) in [
        (
            vec!["--controller-version", "3.6.12"],
            "of version 4.0.1, and a controller of version 3.6.12 takes one of 3.6",
        ),
        (vec!["--controller-version", "3.x"], "must be a partial/full version string with one, two, or three"),
        (vec!["--config", "login-token-refresh-url=http://evil"], "login-token-refresh-url is set by the broker"),
    ] {
        let said = world.bootstrap(&args).await;
        assert!(said.code == 1 && said.err.contains(text), "{args:?}: {}", said.err);
    }
    let admin = world.app.connect_admin().await.expect("the admin");
    for cloud in ["localhost", "microk8s"] {
        let params =
            json!({"cloud": {"name": cloud}, "credential": {"auth-type": "certificate"}, "controller-name": "c"});
        let refused = admin.call::<_, Value>("JIMM", 4, "StartBootstrap", &params, LONG).await.expect_err("refused");
        assert!(format!("{refused:?}").contains("incompatible clouds"), "{refused:?}");
    }
    let said = world.app.jimmctl(&["job-stop", "none"]).await;
    assert!(said.code == 1 && said.err.contains("invalid job ID: none"), "{}", said.err);
    assert_eq!(world.read("calls"), "", "the client was asked for its version only");

    world.app.stop_broker().await;
    world.app.start_replica(&[("JIMM_JUJU_BINARY", "/no/juju".to_owned())]).await.expect("a broker");
    let said = world.bootstrap(&[]).await;
    let text = "has no juju client (/no/juju: there is none): install one";
    assert!(said.code == 1 && said.err.contains(text) && said.err.contains("JIMM_JUJU_BINARY"), "{}", said.err);
    let jobs = world.app.jimmctl(&["list-jobs", "--format", "json"]).await;
    assert_eq!(jobs.out.trim(), "[]");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_fails_or_is_stopped_leaves_no_secret_and_says_what_may_be_left() {
    let world = World::new("3.6.12-ubuntu-amd64").await;
    world.mode("bad");
    let said = world.bootstrap(&[]).await;
    assert!(
        said.code == 1 && said.err.contains("ERROR failed to bootstrap model: no quota for [redacted]"),
        "{}",
        said.err
    );
    world.is_clean().await;

    let job = world.at_work().await;
    let again = world.bootstrap(&[]).await;
    assert!(again.code == 1 && again.err.contains("it is just being made"), "{}", again.err);
    let said = world.app.jimmctl(&["bootstrap-stop", &job]).await;
    assert_eq!(said.code, 0, "{}", said.err);
    let why = world.failed(&job).await;
    assert!(why.contains("somebody stopped it") && why.contains("in cloud \"metal\" there may be machines"), "{why}");
    let told = world.app.jimmctl(&["bootstrap-status", &job, "--format", "json"]).await;
    let told: Value = serde_json::from_str(&told.out).expect("JSON");
    assert_eq!(told["status"], "failed");
    assert!(told["logs"].to_string().contains("cleaning up"), "{told}");
    assert_eq!(told["watermark"], told["logs"].as_array().map_or(0, Vec::len));
    assert!(world.stage.join("cleaned").exists(), "the client was asked before it was killed");
    world.is_clean().await;
    let said = world.app.jimmctl(&["job-stop", &job]).await;
    assert!(said.code == 1 && said.err.contains("has ended: failed"), "{}", said.err);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broker_that_dies_takes_its_client_with_it_and_nobody_makes_the_controller_twice() {
    let world = World::new("3.6.12-ubuntu-amd64").await;
    let job = world.at_work().await;
    world.app.kill_broker();
    world.is_clean().await;
    assert!(world.stage.join("cleaned").exists(), "the client was asked before it was killed");
    world.app.start_broker().await.expect("it starts again");
    let why = world.failed(&job).await;
    assert!(why.contains("the broker that ran it has died") && why.contains("start again, the name is free"), "{why}");
    assert_eq!(world.read("calls").lines().count(), 1, "once and never a second time");

    // A graceful stop as well.
    let job = world.at_work().await;
    assert_eq!(world.app.stop_broker().await, [Some(0)]);
    world.is_clean().await;
    world.app.start_broker().await.expect("it starts again");
    let why = world.failed(&job).await;
    assert!(why.contains("the broker that ran it was stopped") || why.contains("has died"), "{why}");
    assert_eq!(world.read("calls").lines().count(), 2);
    assert!(!world.database().await.contains(CANARY));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_controller_without_models_is_destroyed_and_detached() {
    let world = World::new("3.6.12-ubuntu-amd64").await;
    world.app.attach_all().await;
    let sim = &world.app.sims[0].plan;
    let cloud = given::cloud_of(sim).await.expect("a cloud");
    let admin = world.app.connect(jimm_tests::broker::ADMIN).await.expect("the admin");
    given::upload_credential(&admin, &cloud, jimm_tests::broker::ADMIN).await.expect("a credential");
    let uuid = given::make_model(sim, &cloud, "shop").await.expect("a model");
    let said = world.app.jimmctl(&["import-model", "sim1", &uuid, "--owner", jimm_tests::broker::ADMIN]).await;
    assert_eq!(said.code, 0, "{}", said.err);
    world.mode("good");
    let said = world.app.jimmctl(&["destroy-controller", "sim1", "--no-prompt"]).await;
    assert!(said.code == 1 && said.err.contains("cannot destroy controller with models"), "{}", said.err);
    world.app.db.execute("DELETE FROM models").await.expect("without models");
    let said = world.app.jimmctl_told(&["destroy-controller", "sim1"], "n\n").await;
    assert!(said.code == 1 && said.err.contains("not agreed"), "{}", said.err);

    world.mode("bad");
    let said = world.app.jimmctl(&["destroy-controller", "sim1", "-y"]).await;
    assert!(said.code == 1 && said.err.contains("juju destroy-controller failed: ERROR"), "{}", said.err);
    let stays = world.app.jimmctl(&["controllers"]).await.out;
    assert!(
        stays.contains("sim1") && stays.contains("deprecated"),
        "it stays attached and gets no new models: {stays}"
    );
    world.mode("good");
    let said = world.app.jimmctl(&["destroy-controller", "sim1", "-y", "--destroy-storage"]).await;
    assert!(said.code == 0 && said.out.contains("is destroyed and detached"), "{}{}", said.out, said.err);
    let calls = world.read("calls");
    assert!(calls.contains("destroy-controller --no-prompt --destroy-storage sim1"), "{calls}");
    assert!(!calls.contains(&sim.password) && !world.app.jimmctl(&["controllers"]).await.out.contains("sim1"));
    world.is_clean().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_whose_secret_is_lost_ends_and_says_so() {
    let world = World::new("3.6.12-ubuntu-amd64").await;
    let insert = "WITH secret AS (INSERT INTO job_secrets (id, sealed) VALUES (gen_random_uuid(), 'x') RETURNING id)
                  INSERT INTO jobs (kind, key, step, data) SELECT 'bootstrap', 'sim1', 'begin',
                      jsonb_build_object('controller', 'sim1', 'cloud', 'metal', 'secret', id) FROM secret RETURNING id::text";
    let job = world.app.db.fetch(insert).await.expect("a job").expect("a number");
    let why = world.failed(&job).await;
    assert!(why.contains("its secrets are lost: start it again"), "{why}");
    assert_eq!(world.read("calls"), "", "the client was not started");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_controller_that_took_the_name_meanwhile_is_left_alone() {
    let world = World::new("3.6.12-ubuntu-amd64").await;
    world.app.attach_all().await;
    // The one that was destroyed is detached already, by hand or by a broker that died before it could tell.
    let insert = "INSERT INTO jobs (kind, key, step, data) VALUES ('destroy-controller', 'sim1', 'detach',
                  jsonb_build_object('controller', gen_random_uuid(), 'name', 'sim1'))";
    world.app.db.execute(insert).await.expect("a job");
    let state = "SELECT state FROM jobs WHERE state NOT IN ('pending', 'running')";
    let state =
        process::eventually("the job ends", LONG, || async { world.app.db.fetch(state).await.expect("a state") }).await;
    assert_eq!(state, "successful");
    let listed = world.app.jimmctl(&["controllers", "--format", "json"]).await;
    assert!(listed.out.contains(&world.app.sims[0].plan.uuid), "{}", listed.out);
}

#[tokio::test(flavor = "multi_thread")]
async fn profiles_are_saved_without_secrets_and_never_over_somebody_elses() {
    let world = World::new("3.6.12-ubuntu-amd64").await;
    let profile = json!({
        "name": "small", "description": "for tests", "juju-version": "3.6", "version": 0,
        "cloud": {"name": "metal", "type": "maas", "auth-types": ["oauth1"], "region": {"name": "zone-1"}},
        "bootstrap-options": {"bootstrap-constraints": {"mem": "4G"}, "controller-config": {"audit-log-max-size": "1G"}},
    });
    let save = |profile: Value| {
        let app = &world.app;
        async move { app.jimmctl_told(&["save-controller-profile", "-", "--format", "json"], &profile.to_string()).await }
    };
    let said = save(profile.clone()).await;
    let saved: Value = serde_json::from_str(&said.out).unwrap_or_else(|_| panic!("{}", said.err));
    assert_eq!(saved["version"], 1);
    assert!(save(profile.clone()).await.err.contains("controller profile \"small\" already exists"));
    let with = |key: &str, value: Value| {
        let mut changed = saved.clone();
        changed[key] = value;
        changed
    };
    assert_eq!(save(with("description", json!("changed"))).await.code, 0);
    let late = save(with("description", json!("too late"))).await;
    assert!(
        late.code == 1 && late.err.contains("has version 2, not 1: somebody has changed it meanwhile"),
        "{}",
        late.err
    );
    for (key, value, text) in [
        ("juju-version", json!("3.6.1.2"), "must be a partial/full version string"),
        ("cloud", json!({"name": "microk8s"}), "is the machine on which the client runs"),
        ("bootstrap-options", json!({"controller-config": {"login-token-refresh-url": "x"}}), "is set by the broker"),
        ("bootstrap-options", json!({"controller-config": {"db-password": CANARY}}), "db-password looks like a secret"),
    ] {
        let said = save(with(key, value)).await;
        assert!(said.code == 1 && said.err.contains(text) && !said.err.contains(CANARY), "{key}: {}", said.err);
    }
    let shown = world.app.jimmctl(&["show-controller-profile", "small", "--format", "yaml"]).await;
    assert!(shown.out.contains("description: changed") && shown.out.contains("version: 2"), "{}", shown.out);
    let listed = world.app.jimmctl(&["controller-profiles", "--juju-version", "3", "--format", "json"]).await;
    assert!(listed.out.contains("\"small\""), "{}", listed.out);
    let listed = world.app.jimmctl(&["controller-profiles", "--juju-version", "4", "--format", "json"]).await;
    assert_eq!(listed.out.trim(), "[]");

    world.mode("good");
    let credentials = world.file("creds.yaml");
    let said = world.app.jimmctl(&["bootstrap", "--profile", "small", "sim1", "--credential-file", &credentials]).await;
    assert_eq!(said.code, 0, "{}{}", said.out, said.err);
    let calls = world.read("calls");
    assert!(calls.contains("--bootstrap-constraints=mem=4G") && !calls.contains("--agent-version"), "{calls}");
    assert_eq!(world.app.jimmctl(&["remove-controller-profile", "small", "-y"]).await.code, 0);
    let said = world.app.jimmctl(&["show-controller-profile", "small"]).await;
    assert!(said.code == 1 && said.err.contains("controller profile \"small\" not found"), "{}", said.err);
}
