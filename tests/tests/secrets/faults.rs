//! A server of Vault's kind that is sealed, away, slow or unwilling: each is told, and is over when it is over.

use std::time::{Duration, Instant};

use jimm::config::SecretId;
use jimm::error::Kind;
use jimm::secrets::SecretStore;
use jimm_tests::chaos::{Weather, Wire};
use jimm_tests::openbao::POLICY;
use jimm_tests::pki::Ca;
use jimm_tests::process::eventually;
use reqwest::Method;
use secrecy::ExposeSecret as _;
use serde_json::json;
use tokio_util::sync::CancellationToken;

use crate::support::{DEADLINE, cause, openbao, settings, vault};

const ROW: &str = "controllers/c1/admin_sealed";

#[tokio::test(flavor = "multi_thread")]
async fn sealed_and_away_are_told_apart_and_pass() {
    let Some(bao) = openbao().await else { return };
    let store = vault(&settings(&bao));
    let held = store.seal(ROW, b"hunter2").await.expect("sealed");
    bao.seal().await.expect("sealed");
    let error = store.open(ROW, &held).await.unwrap_err();
    assert_eq!(error.kind(), Kind::SecretsUnavailable);
    assert!(error.to_string().contains("(Vault) is sealed: somebody who holds its keys has to unseal it"), "{error}");
    assert!(store.seal(ROW, b"x").await.is_err() && store.forget(&held).await.is_err());
    let told = cause(&*vault(&settings(&bao)), ROW, &held).await;
    assert!(told.ends_with("is sealed"), "a login is told the same: {told}");
    bao.unseal().await.expect("unsealed");
    assert_eq!(store.open(ROW, &held).await.expect("the secret").expose_secret(), b"hunter2");

    bao.kill();
    let told = cause(&*store, ROW, &held).await;
    // Refused, or hung up on where a connection to it was still open.
    assert!(told.contains("does not answer: "), "{told}");
    bao.run().await.expect("a server");
    assert!(cause(&*store, ROW, &held).await.ends_with("is sealed"));
    bao.unseal().await.expect("unsealed");
    assert_eq!(store.open(ROW, &held).await.expect("the secret").expose_secret(), b"hunter2");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_silent_server_is_waited_for_no_longer_than_told() {
    let Some(bao) = openbao().await else { return };
    let wire = Wire::to(bao.port).await.expect("a wire");
    let mut through = settings(&bao);
    through.address = format!("https://localhost:{}", wire.address().port());
    through.timeout = Duration::from_secs(2);
    let store = vault(&through);
    let held = store.seal(ROW, b"hunter2").await.expect("sealed");
    wire.set(Weather::Silent);
    let began = Instant::now();
    let told = cause(&*store, ROW, &held).await;
    assert!(told.contains("no answer in time (JIMM_VAULT_TIMEOUT)"), "{told}");
    assert!(began.elapsed() < Duration::from_secs(20), "{:?}", began.elapsed());
    wire.set(Weather::Fair);
    assert_eq!(store.open(ROW, &held).await.expect("the secret").expose_secret(), b"hunter2");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_kept_in_memory_outlives_the_server() {
    let Some(bao) = openbao().await else { return };
    let mut cached = settings(&bao);
    cached.cache = Duration::from_secs(600);
    let store = vault(&cached);
    let held = store.seal(ROW, b"hunter2").await.expect("sealed");
    store.open(ROW, &held).await.expect("fetched");
    bao.kill();
    assert_eq!(store.open(ROW, &held).await.expect("kept").expose_secret(), b"hunter2");
    assert!(store.open("controllers/c2/admin_sealed", &held).await.is_err(), "for its row only");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_login_that_is_refused_is_put_right_without_a_restart() {
    let Some(bao) = openbao().await else { return };
    let file = tempfile::NamedTempFile::new().expect("a file");
    std::fs::write(file.path(), "11111111-2222-3333-4444-555555555555\n").expect("written");
    let mut by_file = settings(&bao);
    by_file.secret_id = SecretId::File(file.path().to_path_buf());
    let store = vault(&by_file);
    let error = store.seal(ROW, b"hunter2").await.unwrap_err();
    assert!(error.to_string().contains("does not let the broker in"), "{error}");
    let told = std::error::Error::source(&error).expect("a cause").to_string();
    assert!(told.contains("refuses the login of the broker's role at auth/approle (status 400): invalid"), "{told}");
    assert!(!told.contains("5555"), "{told}");
    std::fs::write(file.path(), &bao.secret_id).expect("written");
    store.seal(ROW, b"hunter2").await.expect("let in");
    std::fs::remove_file(file.path()).expect("removed");
    assert!(store.seal(ROW, b"hunter2").await.is_ok(), "the login holds");
    assert!(cause(&*vault(&by_file), ROW, b"\x02jimm/x/y").await.contains("VAULT_ROLE_SECRET_ID_PATH"));
}

#[tokio::test(flavor = "multi_thread")]
async fn logins_are_renewed_and_made_again() {
    let Some(bao) = openbao().await else { return };
    // Renewed every second or so, and at the end of their longest life made again.
    let life = json!({"token_ttl": "2s", "token_max_ttl": "4s"});
    let (role_id, secret_id) = bao.role("brief", POLICY, life).await.expect("a role");
    let mut brief = settings(&bao);
    (brief.role_id, brief.secret_id) = (role_id, SecretId::Given(secret_id.into()));
    let store = vault(&brief);
    let held = store.seal(ROW, b"hunter2").await.expect("sealed");
    let stop = CancellationToken::new();
    let tasks = tokio_util::task::TaskTracker::new();
    let keeping = tasks.spawn(store.clone().keep(stop.clone()));
    let began = Instant::now();
    eventually("twice the longest life of a login is over", DEADLINE, async || {
        assert_eq!(store.open(ROW, &held).await.expect("a login that holds").expose_secret(), b"hunter2");
        (began.elapsed() > Duration::from_secs(9)).then_some(())
    })
    .await;
    stop.cancel();
    keeping.await.expect("the keeper ends");
    bao.ask(&Method::PUT, "sys/leases/revoke-prefix/auth/approle", &json!({})).await.expect("revoked");
    assert_eq!(store.open(ROW, &held).await.expect("logged in again").expose_secret(), b"hunter2");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_policy_and_a_mount_that_do_not_fit_are_named() {
    let Some(bao) = openbao().await else { return };
    let (role_id, secret_id) =
        bao.role("timid", "path \"nothing\" { capabilities = [\"read\"] }", json!({})).await.expect("a role");
    let mut timid = settings(&bao);
    (timid.role_id, timid.secret_id) = (role_id, SecretId::Given(secret_id.into()));
    let error = vault(&timid).seal(ROW, b"hunter2").await.unwrap_err();
    assert!(
        error.to_string().contains("denies the broker this: an administrator has to look at its policy"),
        "{error}"
    );

    let everything = r#"path "*" { capabilities = ["create", "read", "update", "delete", "list"] }"#;
    let (role_id, secret_id) = bao.role("bold", everything, json!({})).await.expect("a role");
    let mut bold = settings(&bao);
    (bold.role_id, bold.secret_id) = (role_id, SecretId::Given(secret_id.into()));
    bold.mount = "elsewhere".to_owned();
    let error = vault(&bold).seal(ROW, b"hunter2").await.unwrap_err();
    assert!(error.to_string().contains("an administrator has to look at VAULT_PATH"), "{error}");

    bold.mount = jimm_tests::openbao::MOUNT.to_owned();
    bold.roots = Some(("another CA".to_owned(), Ca::new("another").expect("a CA").pem()));
    let told = cause(&*vault(&bold), ROW, b"\x02jimm/x/y").await;
    assert!(told.contains("does not answer: invalid peer certificate"), "{told}");
    bold.roots = None;
    assert!(cause(&*vault(&bold), ROW, b"\x02jimm/x/y").await.contains("invalid peer certificate"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_namespace_is_a_place_of_its_own() {
    let Some(bao) = openbao().await else { return };
    bao.ask(&Method::PUT, "sys/namespaces/team", &json!({})).await.expect("a namespace");
    let kv = json!({"type": "kv", "options": {"version": "2"}});
    bao.ask(&Method::POST, "team/sys/mounts/jimm-kv", &kv).await.expect("a mount");
    bao.ask(&Method::POST, "team/sys/auth/roles", &json!({"type": "approle"})).await.expect("logins");
    bao.ask(&Method::PUT, "team/sys/policies/acl/jimm", &json!({"policy": POLICY})).await.expect("a policy");
    let role = "team/auth/roles/role/jimm";
    bao.ask(&Method::POST, role, &json!({"token_policies": ["jimm"]})).await.expect("a role");
    let id = bao.ask(&Method::GET, &format!("{role}/role-id"), &json!(null)).await.expect("an id");
    let secret = bao.ask(&Method::POST, &format!("{role}/secret-id"), &json!({})).await.expect("an id");
    let mut there = settings(&bao);
    there.namespace = Some("team".to_owned());
    there.approle = "roles".to_owned();
    there.role_id = id["data"]["role_id"].as_str().expect("an id").to_owned();
    there.secret_id = SecretId::Given(secret["data"]["secret_id"].as_str().expect("an id").to_owned().into());
    let store = vault(&there);
    let held = store.seal(ROW, b"hunter2").await.expect("sealed");
    assert_eq!(store.open(ROW, &held).await.expect("opened").expose_secret(), b"hunter2");
    assert!(bao.secrets().await.is_empty(), "not in the root");
}
