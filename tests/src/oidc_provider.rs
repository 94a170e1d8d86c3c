//! A certified OpenID provider (npm's `oidc-provider`, pinned by its lock file) as a process, and a person's browser at it.
//!
//! Its packages are installed once into the user's cache. Without node there is none: [`OidcProvider::start`] says so, and
//! who wanted one skips.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use reqwest::header::{COOKIE, LOCATION, SET_COOKIE};
use reqwest::redirect::Policy;
use reqwest::{Client, Method, Response};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tempfile::TempDir;

use crate::pki::{Ca, PkiFiles};
use crate::process;

/// What the program of the provider consists of.
const FILES: [&str; 3] = ["package.json", "package-lock.json", "provider.mjs"];
/// The oldest node that it runs on.
const OLDEST: u32 = 20;
/// Redirects that a browser follows at most.
const REDIRECTS: usize = 20;

/// How a provider is set up.
#[derive(Clone, Debug)]
pub struct OidcProviderOptions {
    /// Where browsers are sent back to.
    pub redirect_uri: String,
    /// Whether id tokens carry only the subject, as the standard has it; other claims are told at the userinfo end point.
    pub conform: bool,
    /// `client_secret_basic` or `client_secret_post`.
    pub auth_method: String,
    /// Seconds a device waits between two questions.
    pub interval: u64,
    /// How long a device's code is good, in seconds.
    pub code_life: u64,
    /// Service accounts, with their secrets.
    pub services: BTreeMap<String, String>,
}

impl Default for OidcProviderOptions {
    fn default() -> Self {
        Self {
            redirect_uri: "https://localhost/auth/callback".into(),
            conform: true,
            auth_method: "client_secret_basic".into(),
            interval: 1,
            code_life: 600,
            services: BTreeMap::from([("svc-admin".into(), "svc-admin-secret".into())]),
        }
    }
}

/// A running provider; it ends with this value.
pub struct OidcProvider {
    /// The broker's id there.
    pub client_id: String,
    /// Its secret.
    pub client_secret: String,
    /// Certificates: of its authority, and its own.
    pub tls: PkiFiles,
    issuer: String,
    http: Client,
    pid: u32,
    dir: TempDir,
}

impl OidcProvider {
    /// Starts one; nothing, and a line that says why, when there is no node that it runs on.
    pub async fn start(options: OidcProviderOptions) -> Result<Option<Self>> {
        let Some(version) = node() else {
            eprintln!("SKIPPED: no node {OLDEST} or newer with npm, so no certified OpenID provider");
            return Ok(None);
        };
        let program = tokio::task::spawn_blocking(move || installed(&version)).await??;
        let dir = tempfile::tempdir()?;
        let ca = Ca::new("test provider CA")?;
        let tls = ca.write(&dir.path().join("tls"))?;
        let port = process::free_port();
        let (client_id, client_secret) = ("jimm".to_owned(), "a secret: of=the&broker".to_owned());
        let settings = json!({
            "port": port, "cert": tls.cert, "key": tls.key, "client_id": client_id, "client_secret": client_secret,
            "redirect_uri": options.redirect_uri, "conform": options.conform, "auth_method": options.auth_method,
            "interval": options.interval, "code_life": options.code_life, "services": options.services,
        });
        let log = dir.path().join("log");
        let mut command = Command::new("node");
        command.arg("provider.mjs").current_dir(program).env("OIDC_PROVIDER_OPTIONS", settings.to_string());
        let pid = process::daemon(&mut command, &log)?;
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let root = reqwest::Certificate::from_pem(ca.pem().as_bytes())?;
        let http = Client::builder().tls_certs_only([root]).redirect(Policy::none()).build()?;
        let issuer = format!("https://localhost:{port}");
        let provider = Self { client_id, client_secret, tls, issuer, http, pid, dir };
        let answers = || async {
            let url = format!("{}/.well-known/openid-configuration", provider.issuer);
            let is_there = provider.http.get(url).send().await.is_ok_and(|answer| answer.status().is_success());
            (is_there || !process::alive(provider.pid)).then_some(())
        };
        process::eventually("the OpenID provider answers", Duration::from_secs(60), answers).await;
        ensure!(process::alive(provider.pid), "the OpenID provider has ended at once: {}", provider.log());
        Ok(Some(provider))
    }

    /// The issuer's URL, where discovery begins.
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// What it said.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.dir.path().join("log")).unwrap_or_default()
    }

    /// The settings of a broker that uses it.
    pub fn settings(&self) -> Vec<(String, String)> {
        [
            ("JIMM_OAUTH_ISSUER_URL", self.issuer.clone()),
            ("JIMM_OAUTH_CLIENT_ID", self.client_id.clone()),
            ("JIMM_OAUTH_CLIENT_SECRET", self.client_secret.clone()),
            ("JIMM_OAUTH_CA_CERT_PATH", self.tls.ca.display().to_string()),
            ("JIMM_OAUTH_SCOPES", "openid profile email offline_access groups".to_owned()),
            ("JIMM_OAUTH_GROUPS_CLAIM", "groups".to_owned()),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .to_vec()
    }

    /// Turns its switches: `{"disable": "alice@example.com"}`, `{"rotate": {"kind": "EC", "keep": true}}`, ….
    pub async fn turn(&self, switches: Value) -> Result<()> {
        let answer = self.http.post(format!("{}/control", self.issuer)).body(switches.to_string()).send().await?;
        ensure!(answer.status().is_success(), "{switches}: {}", answer.status());
        Ok(())
    }

    /// Types a device's code as this person, who agrees or refuses.
    pub async fn decide(&self, user_code: &str, email: &str, agrees: bool) -> Result<()> {
        let mut browser = self.browser(email, agrees);
        let device = format!("{}/device", self.issuer);
        let page = browser.text(Method::GET, &device, &[]).await?;
        let xsrf = hidden(&page, "xsrf").with_context(|| format!("no form: {page}"))?;
        let typed = [("xsrf", xsrf.as_str()), ("user_code", user_code)];
        let page = browser.text(Method::POST, &device, &typed).await?;
        ensure!(!page.starts_with("refused"), "{page}");
        let xsrf = hidden(&page, "xsrf").with_context(|| format!("no second form: {page}"))?;
        let answer = if agrees { ("confirm", "yes") } else { ("abort", "yes") };
        let page =
            browser.text(Method::POST, &device, &[("xsrf", xsrf.as_str()), ("user_code", user_code), answer]).await?;
        ensure!(page == "done" || !agrees, "the provider says {page:?}\n{}", self.log());
        Ok(())
    }

    /// Follows a browser's login from the address that the broker sends it to, until it is sent back: that address.
    pub async fn log_in(&self, url: &str, email: &str, agrees: bool) -> Result<String> {
        let mut browser = self.browser(email, agrees);
        let mut at = url.to_owned();
        for _ in 0..REDIRECTS {
            let answer = browser.ask(Method::GET, &at, &[]).await?;
            let Some(next) = answer.headers().get(LOCATION) else {
                bail!("{at} is no way back: {}\n{}", answer.text().await?, self.log());
            };
            at = url::Url::parse(&at)?.join(next.to_str()?)?.to_string();
            if !at.starts_with(&format!("{}/", self.issuer)) {
                return Ok(at);
            }
        }
        bail!("no end of redirects at {at}")
    }

    fn browser(&self, email: &str, agrees: bool) -> Browser<'_> {
        Browser { provider: self, email: email.to_owned(), agrees, cookies: BTreeMap::new() }
    }
}

impl Drop for OidcProvider {
    fn drop(&mut self) {
        process::stop(self.pid, Duration::from_secs(5));
        if std::thread::panicking() {
            eprintln!("--- the log of the OpenID provider\n{}", self.log());
        }
    }
}

/// A browser at the provider, with its cookies.
struct Browser<'a> {
    provider: &'a OidcProvider,
    email: String,
    agrees: bool,
    cookies: BTreeMap<String, String>,
}

impl Browser<'_> {
    async fn ask(&mut self, method: Method, url: &str, form: &[(&str, &str)]) -> Result<Response> {
        let cookies: Vec<String> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let mut request = self.provider.http.request(method.clone(), url).header(COOKIE, cookies.join("; "));
        request = request.header("x-account", &self.email);
        if !self.agrees {
            request = request.header("x-refuse", "yes");
        }
        if method == Method::POST {
            request = request.form(form);
        }
        let answer = request.send().await?;
        for set in answer.headers().get_all(SET_COOKIE) {
            let pair = set.to_str()?.split(';').next().unwrap_or_default();
            let (name, value) = pair.split_once('=').context("a cookie")?;
            if value.is_empty() {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
        Ok(answer)
    }

    /// The page at the end of the redirects.
    async fn text(&mut self, method: Method, url: &str, form: &[(&str, &str)]) -> Result<String> {
        let mut answer = self.ask(method, url, form).await?;
        for _ in 0..REDIRECTS {
            let Some(next) = answer.headers().get(LOCATION) else { return Ok(answer.text().await?) };
            let next = answer.url().join(next.to_str()?)?;
            answer = self.ask(Method::GET, next.as_str(), &[]).await?;
        }
        bail!("no end of redirects from {url}")
    }
}

/// The value of a hidden field.
fn hidden(page: &str, name: &str) -> Option<String> {
    let (_, field) = page.split_once(&format!("name=\"{name}\""))?;
    let (_, value) = field.split_once("value=\"")?;
    Some(value.split('"').next()?.to_owned())
}

/// The version of node, if there is one that is new enough, and npm.
fn node() -> Option<String> {
    let version = |program: &str| {
        let output = Command::new(program).arg("--version").stderr(Stdio::null()).output().ok()?;
        output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
    };
    let (node, _) = (version("node")?, version("npm")?);
    let major: u32 = node.strip_prefix('v')?.split('.').next()?.parse().ok()?;
    (major >= OLDEST).then_some(node)
}

/// Where the program lies with its packages, installed if it is not yet.
fn installed(node: &str) -> Result<PathBuf> {
    let source = process::workspace().join("tests/oidc-provider");
    let mut digest = Sha256::new_with_prefix(node);
    for file in FILES {
        digest.update(std::fs::read(source.join(file)).with_context(|| format!("cannot read {file}"))?);
    }
    let cache = process::cache().join("oidc-provider");
    let place = cache.join(&hex::encode(digest.finalize())[..16]);
    if place.is_dir() {
        return Ok(place);
    }
    std::fs::create_dir_all(&cache)?;
    // Whoever is first is taken; nobody sees half of it.
    let begun = tempfile::Builder::new().prefix("new-").tempdir_in(&cache)?;
    for file in FILES {
        std::fs::copy(source.join(file), begun.path().join(file))?;
    }
    install(begun.path())?;
    match std::fs::rename(begun.path(), &place) {
        Ok(()) => {
            let _ = begun.keep();
        }
        Err(error) => ensure!(place.is_dir(), "cannot keep the packages of the provider: {error}"),
    }
    Ok(place)
}

fn install(dir: &Path) -> Result<()> {
    let mut npm = Command::new("npm");
    npm.args(["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]).current_dir(dir);
    let output = npm.stdin(Stdio::null()).output().context("cannot run npm")?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "npm cannot install the packages of the OpenID provider: {said}");
    Ok(())
}
