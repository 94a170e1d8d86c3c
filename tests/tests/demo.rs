//! `make demo`, as its users see it: what it leaves running, and what its `env` says.

use std::collections::HashMap;
use std::process::{Command, Output};
use std::time::Duration;

use jimm_tests::client::{Door, approve};
use jimm_tests::demo::Standing;
use jimm_tests::process;
use serde_json::{Value, json};

const DEADLINE: Duration = Duration::from_secs(30);

fn both(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

fn jimmctl(env: &HashMap<String, String>, args: &[&str]) -> Output {
    Command::new(process::built("jimmctl")).args(args).env("JUJU_DATA", &env["JUJU_DATA"]).output().expect("it runs")
}

#[tokio::test(flavor = "multi_thread")]
async fn the_demo_does_the_main_job_and_its_env_drives_everything() {
    let demo = Standing::up();
    let env = demo.env();
    for name in [
        "JIMM_ADDR",
        "JIMM_CA",
        "JIMM_UUID",
        "JUJU_DATA",
        "JIMM_SESSION_TOKEN",
        "JIMM_CLIENT_ID",
        "JIMM_CLIENT_SECRET",
        "JIMM_OIDC_ISSUER",
        "JIMM_OIDC_APPROVE",
        "DATABASE_URL",
        "JIMM_PID",
        "JIMM_START",
        "JIMM_LOG",
        "JIMM_METRICS",
    ] {
        assert!(env.get(name).is_some_and(|value| !value.is_empty()), "{name} is missing");
    }
    for n in [1, 2] {
        for name in ["NAME", "ADDR", "UUID", "CA", "PID", "USER", "PASSWORD", "CONTROL", "JUJU_DATA", "START"] {
            assert!(env.contains_key(&format!("SIM_{n}_{name}")), "SIM_{n}_{name} is missing");
        }
        let sim = |name: &str| env[&format!("SIM_{n}_{name}")].clone();
        let ca = std::fs::read_to_string(sim("CA")).expect("its CA");
        let door = Door { address: sim("ADDR"), ca };
        let (_, login) = door.with_password("/api", &sim("USER"), &sim("PASSWORD")).await.expect("its superuser");
        assert_eq!(login.controller_tag, format!("controller-{}", sim("UUID")));
    }

    // The model has moved: the store's login is the admin's.
    let models = jimmctl(&env, &["models", "--format", "json"]);
    assert!(models.status.success(), "{}", both(&models));
    let text = String::from_utf8_lossy(&models.stdout).into_owned();
    assert!(text.contains("shop") && text.contains(&env["SIM_2_NAME"]), "{text}");

    // Token, service account and a new device login all work.
    let door = Door {
        address: env["JIMM_ADDR"].clone(),
        ca: std::fs::read_to_string(&env["JIMM_CA"]).expect("the broker's CA"),
    };
    let (connection, login) = door.with_token(&env["JIMM_SESSION_TOKEN"]).await.expect("the token");
    assert_eq!(login.controller_tag, format!("controller-{}", env["JIMM_UUID"]));
    assert_eq!(login.user_info.expect("who").controller_access, "superuser");
    let (_, login) =
        door.with_credentials(&env["JIMM_CLIENT_ID"], &env["JIMM_CLIENT_SECRET"]).await.expect("the service account");
    assert_eq!(login.user_info.expect("who").controller_access, "superuser");
    let url = env["JIMM_OIDC_APPROVE"].clone();
    let token = door.device_login(|code| async move { approve(&url, &code, "eve@example.com").await }).await;
    let (_, login) = door.with_token(&token.expect("a device login")).await.expect("eve");
    assert_eq!(login.user_info.expect("who").identity, "user-eve@example.com");

    let port = env["JIMM_METRICS"].rsplit(':').next().and_then(|rest| rest.split('/').next()).expect("a port");
    let (status, metrics) = process::http_get(port.parse().expect("a number"), "/metrics").expect("metrics");
    assert!(status == 200 && metrics.contains("jimm_"), "{metrics}");

    // Killed and started again by what the env says.
    let pid: u32 = env["JIMM_PID"].parse().expect("a pid");
    assert!(process::alive(pid));
    process::signal(pid, "KILL");
    connection.closed().await;
    let started = Command::new("/bin/sh").args(["-c", &env["JIMM_START"]]).output().expect("a shell");
    assert!(started.status.success(), "{}", both(&started));
    let pid_now = demo.env()["JIMM_PID"].clone();
    assert_ne!(pid_now, env["JIMM_PID"]);
    let (connection, _) = door.with_token(&env["JIMM_SESSION_TOKEN"]).await.expect("the same session");
    let pong: Value = connection.call("Pinger", 1, "Ping", &json!({}), DEADLINE).await.expect("a pong");
    assert_eq!(pong, json!({}));

    // Run twice, it works twice.
    demo.again();
    assert_ne!(demo.env()["JIMM_UUID"], env["JIMM_UUID"]);
    assert!(!process::alive(pid_now.parse().expect("a pid")), "the first broker is gone");
    let pids: Vec<u32> =
        ["JIMM_PID", "SIM_1_PID", "SIM_2_PID"].iter().map(|name| demo.env()[*name].parse().expect("a pid")).collect();
    let down = demo.run("down");
    assert!(down.status.success(), "{}", both(&down));
    assert!(!demo.dir().exists() && !pids.into_iter().any(process::alive));
}
