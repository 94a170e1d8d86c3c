//! Health, keys, metrics, and how a broker stops.

use std::time::{Duration, Instant};

use jimm_tests::process::eventually;
use serde_json::{Value, json};

use crate::support::{ALICE, DEADLINE, World, http_client};

#[tokio::test]
async fn it_tells_what_it_is_and_publishes_its_keys() {
    let world = World::new().await;
    let get = async |url: String| http_client().get(url).send().await.expect("an answer");
    assert_eq!(get(world.http("/livez")).await.status(), 200);
    assert_eq!(get(world.http("/readyz")).await.status(), 200);
    let info: Value = get(world.http("/debug/info")).await.json().await.expect("JSON");
    assert!(info["Version"].is_string(), "{info}");
    let status: Value = get(world.http("/debug/status")).await.json().await.expect("JSON");
    assert_eq!(status["start_time"]["Passed"], true, "{status}");
    assert_eq!(status["database"]["Passed"], true, "{status}");
    let answer = get(world.http("/.well-known/jwks.json")).await;
    assert_eq!(answer.headers()["cache-control"], "must-revalidate, max-age=300");
    let keys: Value = answer.json().await.expect("JSON");
    assert!(keys["keys"][0]["kid"].is_string() && keys["keys"][0]["alg"].is_string(), "{keys}");
    assert_eq!(get(world.http("/nonsense")).await.status(), 404);
    assert_eq!(get(world.http("/metrics")).await.status(), 404, "on the internal listener only");
    assert_eq!(get(world.http("/api")).await.status(), 400, "a websocket");
}

#[tokio::test]
async fn what_happens_is_counted() {
    let world = World::new().await;
    let (mut client, _) = world.login("/api", ALICE).await;
    client.ok("Cloud(7).Clouds", json!({})).await;
    let url = format!("http://{}/metrics", world.app.internal_address());
    let text = http_client().get(url).send().await.expect("an answer").text().await.expect("a text");
    for line in [
        r#"jimm_connections{endpoint="Controller"} 1"#,
        r#"jimm_logins_total{method="session-token",result="ok"} 1"#,
        r#"jimm_requests_total{endpoint="Controller",facade="Cloud",method="Clouds",kind="ok"} 1"#,
        r#"jimm_controller_available{controller="home"} 1"#,
    ] {
        assert!(text.contains(line), "{line} is not in\n{text}");
    }
}

#[tokio::test]
async fn a_peer_that_shows_no_life_is_let_go_and_a_quiet_one_is_not() {
    let world = World::with(&[("JIMM_PING_TIMEOUT", "1s")]).await;
    // The library answers pings only while somebody reads.
    let (mut quiet, _) = world.login("/api", ALICE).await;
    let (_dead, _) = world.login("/api", ALICE).await;
    let reading = tokio::spawn(async move { (quiet.ask("Pinger(1).Ping", json!({})).await, quiet.closed().await) });
    let url = format!("http://{}/metrics", world.app.internal_address());
    eventually("the dead one is gone", DEADLINE, async || {
        let text = http_client().get(&url).send().await.ok()?.text().await.ok()?;
        text.contains(r#"jimm_connections{endpoint="Controller"} 1"#).then_some(())
    })
    .await;
    assert!(!reading.is_finished(), "the quiet one lives on");
    reading.abort();
}

#[tokio::test]
async fn requests_and_answers_are_audited_without_secrets() {
    let world = World::new().await;
    let (mut client, _) = world.login("/api", ALICE).await;
    client.ok("Cloud(7).Clouds", json!({})).await;
    let entries = eventually("the entries are written", DEADLINE, async || {
        let mut conn = world.store().acquire().await.expect("a connection");
        let filter = jimm_store::audit::Filter::default();
        let entries = jimm_store::audit::list(&mut conn, &filter, 0, 100).await.expect("entries");
        let answered = entries.iter().any(|it| &*it.facade_method == "Clouds" && it.is_response);
        (answered && entries.len() >= 4).then_some(entries)
    })
    .await;
    assert!(
        entries.iter().any(|it| &*it.facade_method == "Clouds"
            && it.is_response
            && it.origin.identity == "user-alice@example.com")
    );
    assert!(entries.iter().all(|it| !format!("{it:?}").contains(&World::token(ALICE)[..20])), "{entries:?}");
}

#[tokio::test]
async fn a_stop_waits_for_running_calls_and_says_goodbye() {
    let world = World::with(&[("JIMM_DRAIN_TIMEOUT", "60s")]).await;
    let model = world.model().await;
    let (mut idle, _) = world.login("/api", ALICE).await;
    let mut watching = world.to_model(model, ALICE).await;
    watching
        .send(r#"{"request-id":900,"type":"StringsWatcher","version":1,"id":"1","request":"Next","params":{}}"#)
        .await;
    let mut anonymous = world.open("/api", Vec::new()).await;
    anonymous.ok("Pinger(1).Ping", json!({})).await;
    let address = world.app.address();
    let began = Instant::now();
    world.app.lifecycle().drain();
    for client in [&mut idle, &mut watching, &mut anonymous] {
        assert_eq!(client.closed().await, (1001, "the broker stops".to_owned()));
    }
    world.app.finished().await;
    assert!(began.elapsed() < Duration::from_secs(30), "nobody had to wait for the deadline");
    assert!(tokio::net::TcpStream::connect(address).await.is_err(), "nothing listens any more");
}

#[tokio::test]
async fn a_call_that_does_not_end_is_cut_at_the_deadline() {
    let world = World::with(&[("JIMM_DRAIN_TIMEOUT", "5s")]).await;
    let model = world.model().await;
    let mut client = world.to_model(model, ALICE).await;
    client.ask("Slow(1).Hang", json!({})).await;
    let probe = format!("http://{}/readyz", world.app.internal_address());
    world.app.lifecycle().drain();
    let answer = http_client().get(&probe).send().await.expect("probes are answered to the end");
    assert_eq!((answer.status().as_u16(), answer.text().await.expect("a text").as_str()), (503, "stopping\n"));
    let began = Instant::now();
    let (stopped, closed) = tokio::join!(world.app.finished(), client.closed());
    let () = stopped;
    assert_eq!(closed.0, 1001);
    assert!(began.elapsed() < Duration::from_secs(15), "{:?}", began.elapsed());
}
