//! OpenBao (Vault's protocol) as a process: its own core, built from its Go module into the user's cache, with a
//! key-value engine and a role for the broker. Without Go there is none: [`OpenBao::start`] says so, and who wanted one
//! skips.

use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use reqwest::{Client, Method, StatusCode};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::pki::{Ca, PkiFiles};
use crate::process;

/// Where its key-value engine is mounted.
pub const MOUNT: &str = "jimm-kv";
/// How long it may take to answer after a start.
const PATIENCE: Duration = Duration::from_secs(60);
/// What the role of the broker may do: what the guide tells operators to grant.
pub const POLICY: &str = r#"
path "jimm-kv/data/jimm/*" { capabilities = ["create", "read"] }
path "jimm-kv/metadata/jimm/*" { capabilities = ["list", "delete"] }
"#;

/// A running server, set up; it ends with this value.
pub struct OpenBao {
    /// Its port on 127.0.0.1.
    pub port: u16,
    /// Certificates: of its authority, and its own.
    pub tls: PkiFiles,
    /// The role of the broker.
    pub role_id: String,
    /// Its secret.
    pub secret_id: String,
    http: Client,
    program: String,
    unseal: String,
    root: String,
    pid: Mutex<u32>,
    dir: TempDir,
}

impl OpenBao {
    /// Starts one; nothing, and a line that says why, when there is no Go to build it with.
    pub async fn start() -> Result<Option<Self>> {
        let Some(program) = tokio::task::spawn_blocking(built).await?? else {
            eprintln!("SKIPPED: no Go toolchain, so no OpenBao");
            return Ok(None);
        };
        let dir = tempfile::tempdir()?;
        let ca = Ca::new("test OpenBao CA")?;
        let tls = ca.write(&dir.path().join("tls"))?;
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let root = reqwest::Certificate::from_pem(ca.pem().as_bytes())?;
        let http = Client::builder().tls_certs_only([root]).timeout(PATIENCE).build()?;
        let mut bao = Self {
            port: process::free_port(),
            tls,
            role_id: String::new(),
            secret_id: String::new(),
            http,
            program,
            unseal: String::new(),
            root: String::new(),
            pid: Mutex::new(0),
            dir,
        };
        bao.run().await?;
        bao.set_up().await?;
        Ok(Some(bao))
    }

    /// `https://localhost:port`.
    pub fn address(&self) -> String {
        format!("https://localhost:{}", self.port)
    }

    /// Starts its process; it is sealed then.
    pub async fn run(&self) -> Result<()> {
        let storage = self.dir.path().join("storage");
        std::fs::create_dir_all(&storage)?;
        let mut command = Command::new(&self.program);
        command.arg(&storage).arg(format!("127.0.0.1:{}", self.port)).arg(&self.tls.cert).arg(&self.tls.key);
        let pid = process::daemon(&mut command, &self.dir.path().join("log"))?;
        *self.pid.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = pid;
        let answers = || async {
            let health = self.http.get(format!("{}/v1/sys/health", self.address())).send().await;
            (health.is_ok() || !process::alive(pid)).then_some(())
        };
        process::eventually("OpenBao answers", PATIENCE, answers).await;
        ensure!(process::alive(pid), "OpenBao has ended at once: {}", self.log());
        Ok(())
    }

    /// Ends its process.
    pub fn kill(&self) {
        let pid = std::mem::take(&mut *self.pid.lock().unwrap_or_else(std::sync::PoisonError::into_inner));
        if pid != 0 {
            process::stop(pid, Duration::from_secs(10));
        }
    }

    async fn set_up(&mut self) -> Result<()> {
        let keys = self.ask(&Method::PUT, "sys/init", &json!({"secret_shares": 1, "secret_threshold": 1})).await?;
        self.unseal = keys["keys"][0].as_str().map(str::to_owned).context("a key")?;
        self.root = keys["root_token"].as_str().map(str::to_owned).context("a token")?;
        self.unseal().await?;
        let kv = json!({"type": "kv", "options": {"version": "2"}});
        self.ask(&Method::POST, &format!("sys/mounts/{MOUNT}"), &kv).await?;
        self.ask(&Method::POST, "sys/auth/approle", &json!({"type": "approle"})).await?;
        (self.role_id, self.secret_id) = self.role("jimm", POLICY, json!({"token_ttl": "1h"})).await?;
        // A new engine of version 2 takes a moment.
        let ready = || async {
            let asked = self.ask(&Method::GET, &format!("{MOUNT}/config"), &Value::Null).await;
            asked.is_ok().then_some(())
        };
        process::eventually("the key-value engine is ready", PATIENCE, ready).await;
        Ok(())
    }

    /// A role with this policy: its id, and a secret id.
    pub async fn role(&self, name: &str, policy: &str, mut settings: Value) -> Result<(String, String)> {
        self.ask(&Method::PUT, &format!("sys/policies/acl/{name}"), &json!({"policy": policy})).await?;
        settings["token_policies"] = json!([name]);
        let role = format!("auth/approle/role/{name}");
        self.ask(&Method::POST, &role, &settings).await?;
        let id = self.ask(&Method::GET, &format!("{role}/role-id"), &Value::Null).await?;
        let secret = self.ask(&Method::POST, &format!("{role}/secret-id"), &json!({})).await?;
        let text = |value: &Value, name: &str| value["data"][name].as_str().map(str::to_owned).context("no id");
        Ok((text(&id, "role_id")?, text(&secret, "secret_id")?))
    }

    /// Seals it.
    pub async fn seal(&self) -> Result<()> {
        self.ask(&Method::PUT, "sys/seal", &json!({})).await.map(|_| ())
    }

    /// Unseals it, and returns when it serves.
    pub async fn unseal(&self) -> Result<()> {
        self.ask(&Method::PUT, "sys/unseal", &json!({"key": self.unseal})).await?;
        let serves = || async {
            let url = format!("{}/v1/sys/health", self.address());
            self.http.get(url).send().await.is_ok_and(|answer| answer.status() == StatusCode::OK).then_some(())
        };
        process::eventually("OpenBao is unsealed", PATIENCE, serves).await;
        Ok(())
    }

    /// A request as its root.
    pub async fn ask(&self, method: &Method, path: &str, body: &Value) -> Result<Value> {
        let mut request = self.http.request(method.clone(), format!("{}/v1/{path}", self.address()));
        if !self.root.is_empty() {
            request = request.header("X-Vault-Token", &self.root);
        }
        if !body.is_null() {
            request = request.json(body);
        }
        let answer = request.send().await?;
        let status = answer.status();
        let text = answer.text().await?;
        ensure!(status.is_success(), "{method} {path}: {status}: {text}");
        if text.is_empty() { Ok(Value::Null) } else { Ok(serde_json::from_str(&text)?) }
    }

    /// The names in a folder of the key-value engine, folders with a slash at the end.
    pub async fn names(&self, folder: &str) -> Vec<String> {
        let path = format!("{MOUNT}/metadata/{folder}?list=true");
        let listed = self.ask(&Method::GET, &path, &Value::Null).await.unwrap_or_default();
        let keys = listed["data"]["keys"].as_array().cloned().unwrap_or_default();
        keys.iter().filter_map(Value::as_str).map(str::to_owned).collect()
    }

    /// Every secret of every installation of the broker: the path below the mount.
    pub async fn secrets(&self) -> Vec<String> {
        let mut paths = Vec::new();
        for folder in self.names("jimm").await {
            let names = self.names(&format!("jimm/{folder}")).await;
            paths.extend(names.into_iter().map(|name| format!("jimm/{folder}{name}")));
        }
        paths
    }

    /// The settings of a broker whose secrets lie here and nowhere else.
    pub fn settings(&self) -> Vec<(String, String)> {
        [
            ("VAULT_ADDR", self.address()),
            ("VAULT_PATH", MOUNT.to_owned()),
            ("VAULT_ROLE_ID", self.role_id.clone()),
            ("VAULT_ROLE_SECRET_ID", self.secret_id.clone()),
            ("VAULT_CACERT", self.tls.ca.display().to_string()),
            ("JIMM_SEALING_KEY", String::new()),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .to_vec()
    }

    /// What it said.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.dir.path().join("log")).unwrap_or_default()
    }
}

impl Drop for OpenBao {
    fn drop(&mut self) {
        self.kill();
    }
}

/// The program; nothing without Go.
fn built() -> Result<Option<String>> {
    let mut build = Command::new("bash");
    build.arg(process::workspace().join("tests/openbao/build.sh")).stdin(Stdio::null());
    let output = build.output().context("cannot run bash")?;
    match output.status.code() {
        Some(0) => Ok(Some(String::from_utf8(output.stdout)?.trim().to_owned())),
        Some(3) => Ok(None),
        _ => bail!("OpenBao is not built: {}", String::from_utf8_lossy(&output.stderr)),
    }
}
