//! Logins of the broker at a server of Vault's kind: one for all who need one.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use jimm::clock::SystemClock;
use jimm::config::{SecretId, VaultSettings};
use jimm::secrets::{SecretStore, Vault};
use jimm_tests::openbao::{MOUNT, OpenBao};
use reqwest::Method;
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};
use uuid::Uuid;

const ROW: &str = "controllers/c1/admin_sealed";
const READS: usize = 60;

fn vault(bao: &OpenBao, secret_id: &str) -> Arc<Vault> {
    vault_of(bao, SecretId::Given(secret_id.to_owned().into()))
}

fn vault_of(bao: &OpenBao, secret_id: SecretId) -> Arc<Vault> {
    let settings = VaultSettings {
        address: bao.address(),
        namespace: None,
        mount: MOUNT.to_owned(),
        prefix: "jimm".to_owned(),
        approle: "approle".to_owned(),
        role_id: bao.role_id.clone(),
        secret_id,
        roots: Some(("the test's CA".to_owned(), std::fs::read_to_string(&bao.tls.ca).expect("a CA"))),
        timeout: Duration::from_secs(30),
        cache: Duration::ZERO,
    };
    Arc::new(Vault::new(&settings, Uuid::new_v4(), Arc::new(SystemClock)).expect("a client"))
}

/// Tokens that the server has given and not taken back.
async fn tokens(bao: &OpenBao) -> usize {
    let listed = bao.ask(&Method::GET, "auth/token/accessors?list=true", &Value::Null).await.expect("a list");
    listed["data"]["keys"].as_array().map_or(0, Vec::len)
}

#[tokio::test(flavor = "multi_thread")]
async fn many_readers_make_one_login() {
    let Some(bao) = OpenBao::start().await.expect("OpenBao") else { return };
    let store = vault(&bao, &bao.secret_id);
    let nobody = tokens(&bao).await;
    let held = join_all((0..READS).map(|_| store.seal(ROW, b"hunter2"))).await;
    let held: Vec<Vec<u8>> = held.into_iter().map(|held| held.expect("sealed")).collect();
    assert_eq!(tokens(&bao).await, nobody + 1, "nobody was logged in, and all needed to be");
    for turn in 0..3 {
        bao.ask(&Method::PUT, "sys/leases/revoke-prefix/auth/approle", &json!({})).await.expect("revoked");
        assert_eq!(tokens(&bao).await, nobody, "turn {turn}");
        for read in join_all(held.iter().map(|held| store.open(ROW, held))).await {
            assert_eq!(read.expect("the secret").expose_secret(), b"hunter2");
        }
        assert_eq!(tokens(&bao).await, nobody + 1, "turn {turn}");
    }
}

/// Roles that the server has locked out for too many refused logins.
async fn locked_out(bao: &OpenBao) -> Value {
    bao.ask(&Method::GET, "sys/locked-users", &Value::Null).await.expect("a list")["data"]["total"].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_login_is_not_repeated_until_the_server_locks_the_role_out() {
    let Some(bao) = OpenBao::start().await.expect("OpenBao") else { return };
    let held = vault(&bao, &bao.secret_id).seal(ROW, b"hunter2").await.expect("sealed");
    let dir = tempfile::tempdir().expect("a directory");
    let file = dir.path().join("secret-id");
    std::fs::write(&file, "11111111-1111-4111-8111-111111111111").expect("written");
    let store = vault_of(&bao, SecretId::File(file.clone()));
    for _ in 0..20 {
        for read in join_all((0..3).map(|_| store.open(ROW, &held))).await {
            assert!(read.expect_err("no login").to_string().contains("does not let the broker in"));
        }
    }
    assert_eq!(locked_out(&bao).await, json!(0));
    // Another secret id is tried at once.
    std::fs::write(&file, &bao.secret_id).expect("written");
    assert_eq!(store.open(ROW, &held).await.expect("the secret").expose_secret(), b"hunter2");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_login_that_came_too_early_is_tried_again_by_who_comes_later() {
    let Some(bao) = OpenBao::start().await.expect("OpenBao") else { return };
    bao.seal().await.expect("sealed");
    let late = vault(&bao, &bao.secret_id);
    for read in join_all((0..READS).map(|_| late.seal(ROW, b"x"))).await {
        assert!(read.expect_err("sealed").to_string().contains("is sealed"));
    }
    bao.unseal().await.expect("unsealed");
    late.seal(ROW, b"x").await.expect("who comes later is let in");
}
