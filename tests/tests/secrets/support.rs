//! What the tests share: stores in this process on a real server, and the product on it.

use std::sync::Arc;
use std::time::Duration;

use jimm::clock::{Clock, SystemClock};
use jimm::config::{SealingKeys, SecretId, SecretPlace, VaultSettings};
use jimm::secrets::{Places, Sealer, SecretStore, Vault};
use jimm_tests::app::TestApp;
use jimm_tests::openbao::{MOUNT, OpenBao};
use uuid::Uuid;

/// How long anything may take.
pub(crate) const DEADLINE: Duration = Duration::from_secs(60);

/// A server, or nothing where it cannot be built.
pub(crate) async fn openbao() -> Option<OpenBao> {
    OpenBao::start().await.expect("OpenBao")
}

/// How to reach a server, without a cache.
pub(crate) fn settings(bao: &OpenBao) -> VaultSettings {
    VaultSettings {
        address: bao.address(),
        namespace: None,
        mount: MOUNT.to_owned(),
        prefix: "jimm".to_owned(),
        approle: "approle".to_owned(),
        role_id: bao.role_id.clone(),
        secret_id: SecretId::Given(bao.secret_id.clone().into()),
        roots: Some(("the test's CA".to_owned(), std::fs::read_to_string(&bao.tls.ca).expect("a CA"))),
        timeout: Duration::from_secs(10),
        cache: Duration::ZERO,
    }
}

/// The secrets of a new installation at that server.
pub(crate) fn vault(settings: &VaultSettings) -> Arc<Vault> {
    vault_at(settings, Uuid::new_v4(), Arc::new(SystemClock))
}

/// The secrets of an installation, with a clock.
pub(crate) fn vault_at(settings: &VaultSettings, installation: Uuid, clock: Arc<dyn Clock>) -> Arc<Vault> {
    Arc::new(Vault::new(settings, installation, clock).expect("a client"))
}

/// Secrets sealed with a new key.
pub(crate) fn sealed() -> Places {
    Places::new(Some(Sealer::new(&SealingKeys::random())), None, SecretPlace::Postgres)
}

/// Secrets in Vault.
pub(crate) fn kept(vault: Arc<Vault>) -> Places {
    Places::new(None, Some(vault), SecretPlace::Vault)
}

/// The cause of a failure, which is for the log.
pub(crate) async fn cause(store: &dyn SecretStore, row: &str, held: &[u8]) -> String {
    let error = store.open(row, held).await.expect_err("does not open");
    std::error::Error::source(&error).map_or_else(|| error.to_string(), ToString::to_string)
}

/// Uploads a credential of the admin service account for a cloud: the answer's error, if any.
pub(crate) async fn upload(app: &TestApp, cloud: &str, name: &str, password: &str) -> Option<String> {
    let admin = app.connect_admin().await.expect("a login");
    let tag = format!("cloudcred-{cloud}_svc-admin@serviceaccount_{name}");
    let attrs = serde_json::json!({"username": "u", "password": password});
    let credential = serde_json::json!({"tag": tag, "credential": {"auth-type": "userpass", "attrs": attrs}});
    let params = serde_json::json!({"credentials": [credential], "force": true});
    let answer: serde_json::Value =
        admin.call("Cloud", 7, "UpdateCredentialsCheckModels", &params, DEADLINE).await.expect("an answer");
    answer["results"][0]["error"]["message"].as_str().map(str::to_owned)
}

/// The attributes of such a credential as its owner sees them, secrets included; the error otherwise.
pub(crate) async fn password(app: &TestApp, cloud: &str, name: &str) -> Result<String, String> {
    let admin = app.connect_admin().await.expect("a login");
    let named = serde_json::json!([{"cloud-name": cloud, "credential-name": name}]);
    let params = serde_json::json!({"credentials": named, "include-secrets": true});
    let answer: serde_json::Value =
        admin.call("Cloud", 7, "CredentialContents", &params, DEADLINE).await.expect("an answer");
    let result = &answer["results"][0];
    match result["error"]["message"].as_str() {
        Some(error) => Err(error.to_owned()),
        None => Ok(result["result"]["content"]["attrs"]["password"].as_str().unwrap_or_default().to_owned()),
    }
}
