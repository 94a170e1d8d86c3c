//! What a run of the client may take, who goes on where a broker has stopped, and how many run at a time.

use jimm_tests::process;

use crate::world::{LONG, World};

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_takes_too_long_is_stopped() {
    let world = World::new("3.6.12-ubuntu-amd64").await;
    world.app.stop_broker().await;
    // Longer than a busy machine takes until the client is ready to be asked.
    world.app.start_replica(&[("JIMM_BOOTSTRAP_TIMEOUT", "8s".to_owned())]).await.expect("a broker");
    let job = world.at_work().await;
    let why = world.failed(&job).await;
    assert!(why.contains("it took too long") && why.contains("there may be machines"), "{why}");
    assert!(world.stage.join("cleaned").exists(), "the client was asked before it was killed");
    world.is_clean().await;
    assert_eq!(world.read("calls").lines().count(), 1, "once and never a second time");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_controller_that_was_made_before_the_broker_died_is_attached_by_the_next_one() {
    let world = World::new("3.6.12-ubuntu-amd64").await;
    world.mode("good");
    // The client ends well, and nobody can attach what it has made.
    world.app.sims[0].kill();
    let said = world.bootstrap(&["--detach"]).await;
    assert_eq!(said.code, 0, "{}", said.err);
    let job = said.out.trim().to_owned();
    process::eventually("it is to be attached", LONG, || async {
        let step = world.app.db.fetch("SELECT step FROM jobs WHERE kind = 'bootstrap'").await.ok()?;
        (step.as_deref() == Some("attach")).then_some(())
    })
    .await;
    world.app.kill_broker();
    assert!(!world.database().await.contains(&world.app.sims[0].plan.password), "what is kept of it is sealed");
    world.app.sims[0].restart().expect("it is there");
    world.app.start_broker().await.expect("the next one");
    let said = world.app.jimmctl(&["bootstrap-status", "-f", &job]).await;
    assert!(said.code == 0 && said.out.contains("is made and attached"), "{}{}", said.out, said.err);
    assert_eq!(world.read("calls").lines().count(), 1, "once and never a second time");
    let left = world.app.db.fetch("SELECT count(*)::text FROM job_secrets").await.expect("a count");
    assert_eq!(left.as_deref(), Some("0"));
}

#[tokio::test(flavor = "multi_thread")]
async fn few_clients_run_at_a_time_and_moves_take_no_room_from_them() {
    let world = World::with("3.6.12-ubuntu-amd64", &[("JIMM_MIGRATIONS_AT_ONCE", "1")]).await;
    world.mode("slow");
    let (cloud, credentials) = (world.file("cloud.yaml"), world.file("creds.yaml"));
    let mut jobs = Vec::new();
    for name in ["c1", "c2", "c3", "c4", "c5"] {
        let args = ["bootstrap", "metal", name, "--cloud", &cloud, "--credential-file", &credentials, "--detach"];
        let said = world.app.jimmctl(&args).await;
        assert_eq!(said.code, 0, "{}", said.err);
        jobs.push(said.out.trim().to_owned());
    }
    let running = "SELECT count(*) FILTER (WHERE state = 'running') || ' ' || count(*) FILTER (WHERE state = 'pending') \
                   FROM jobs WHERE kind = 'bootstrap'";
    let until = |wanted: &'static str| {
        let world = &world;
        process::eventually(wanted, LONG, move || async move {
            (world.app.db.fetch(running).await.ok()??.as_str() == wanted).then_some(())
        })
    };
    until("4 1").await;
    process::eventually("the four are at work", LONG, || async {
        (world.read("calls").lines().count() == 4).then_some(())
    })
    .await;
    // The fifth begins when one has ended.
    assert_eq!(world.app.jimmctl(&["bootstrap-stop", &jobs[0]]).await.code, 0);
    until("4 0").await;
    process::eventually("the fifth is at work", LONG, || async {
        (world.read("calls").lines().count() == 5).then_some(())
    })
    .await;
}
