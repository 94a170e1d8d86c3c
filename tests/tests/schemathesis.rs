//! The administration of rights, tried by schemathesis with everything that its own description allows and forbids.
//!
//! `SCHEMATHESIS_SEED` tries something else, `SCHEMATHESIS_EXAMPLES` more of it. Skipped, and said so, where there is no
//! Python that it runs on.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use jimm_tests::app::{AppOptions, TestApp};
use jimm_tests::broker::ADMIN;
use jimm_tests::{browser, given as sample, process};
use sha2::{Digest as _, Sha256};

/// Longer the whole of it must not take.
const LONGEST: Duration = Duration::from_secs(90);
/// Packages from the registry may take a while.
const INSTALLING: Duration = Duration::from_secs(300);
const SEED: &str = "20260711";
const EXAMPLES: &str = "20";

/// A check that finds what is meant to be so: a patch of a group that was just made may name a model that there is not, and
/// the answer "not found" is about the model.
const EXCLUDED: &str = "ensure_resource_availability";

#[tokio::test(flavor = "multi_thread")]
async fn what_is_described_is_served_and_nothing_else() {
    if !has_python() {
        eprintln!("SKIPPED: no python3 of 3.11 or newer with venv, so no schemathesis");
        return;
    }
    let program = tokio::task::spawn_blocking(installed).await.expect("it is waited for");
    let app = TestApp::with(AppOptions { sims: vec!["3.6".into()], env: Vec::new() }).await;
    app.attach_all().await;
    sample::cloud_of(&app.sims[0].plan).await.expect("a cloud");
    let http = browser::client(&app).expect("a client");
    let cookie = browser::session(&app, &http, ADMIN).await.expect("an administrator");
    let (_, value) = cookie.split_once('=').expect("a pair");
    // Given so, and not as a header of every request, it can be left out where the answer to nobody is tried.
    let config = app.dir().join("schemathesis.toml");
    let url = format!("https://{}/rebac/v1", app.door.address);
    std::fs::write(&config, format!("[auth.openapi.session]\napi_key = \"{value}\"\n")).expect("written");
    let mut run = Command::new(program);
    run.arg("--config-file").arg(&config).arg("run").arg(format!("{url}/swagger.json")).args(["--url", &url]);
    run.args(["--seed", &given("SCHEMATHESIS_SEED", SEED), "-n", &given("SCHEMATHESIS_EXAMPLES", EXAMPLES)]);
    run.args(["--phases", "examples,coverage,fuzzing,stateful", "--workers", "2", "--no-color"]);
    run.args(["--exclude-checks", EXCLUDED, "--request-timeout", "20", "--tls-verify"]).arg(&app.plan.tls.ca);
    let began = Instant::now();
    let dir = app.dir().to_path_buf();
    let (code, said) = tokio::task::spawn_blocking(move || output(run, &dir, LONGEST)).await.expect("it is waited for");
    assert_eq!(code, 0, "{said}");
    println!("{}\nafter {:?}", said.lines().rev().take(12).collect::<Vec<_>>().join("\n"), began.elapsed());
    let tried = said.lines().any(|line| line.contains("generated") || line.contains("passed"));
    assert!(tried, "it has tried nothing: {said}");
}

#[expect(clippy::disallowed_methods, reason = "what to try is told by whoever runs the test")]
fn given(name: &str, usual: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| usual.to_owned())
}

/// Runs a command to its end: its exit code, and what it said.
fn output(mut command: Command, dir: &Path, longest: Duration) -> (i32, String) {
    let log = dir.join("output");
    let out = std::fs::File::create(&log).expect("a file");
    command.current_dir(dir).stdin(Stdio::null()).stdout(out.try_clone().expect("a file")).stderr(out);
    let mut child = command.spawn().expect("it runs");
    let end = Instant::now() + longest;
    let said = || std::fs::read_to_string(&log).unwrap_or_default();
    loop {
        if let Some(status) = child.try_wait().expect("it is ours") {
            return (status.code().unwrap_or(-1), said());
        }
        if Instant::now() > end {
            let _ = child.kill();
            let _ = child.wait();
            panic!("not within {longest:?}: {}", said());
        }
        std::thread::sleep(Duration::from_millis(50));
    }
}

fn has_python() -> bool {
    let tried = ["-c", "import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))"];
    let python = Command::new("python3").args(tried).stderr(Stdio::null()).stdin(Stdio::null()).status();
    python.is_ok_and(|status| status.success())
}

/// Where schemathesis is, installed if it is not yet.
fn installed() -> PathBuf {
    let requirements = process::workspace().join("tests/schemathesis/requirements.txt");
    let wanted = std::fs::read(&requirements).expect("the requirements");
    let version = Command::new("python3").arg("--version").output().expect("python").stdout;
    let digest = Sha256::new_with_prefix(&version).chain_update(&wanted).finalize();
    let cache = process::cache().join("schemathesis");
    // A virtual environment does not like to be moved: one that is whole says so.
    let place = cache.join(&hex::encode(digest)[..16]);
    let (whole, program) = (place.join("whole"), place.join("bin/schemathesis"));
    std::fs::create_dir_all(&cache).expect("a folder");
    let lock = std::fs::File::create(cache.join("lock")).expect("a file");
    lock.lock().expect("one at a time");
    if whole.exists() {
        return program;
    }
    let mut venv = Command::new("python3");
    venv.args(["-m", "venv", "--clear"]).arg(&place);
    let mut pip = Command::new(place.join("bin/pip"));
    pip.args(["install", "--quiet", "--disable-pip-version-check", "--require-hashes", "--no-deps"]);
    pip.args(["--only-binary", ":all:", "-r"]).arg(&requirements);
    for command in [venv, pip] {
        let (code, said) = output(command, &cache, INSTALLING);
        assert_eq!(code, 0, "schemathesis cannot be installed: {said}");
    }
    std::fs::write(&whole, "").expect("a file");
    program
}
