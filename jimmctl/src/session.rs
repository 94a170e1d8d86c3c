//! A logged-in connection to the broker: which address, which identity, and the device login when the session ended.

use std::path::Path;
use std::sync::OnceLock;
use std::time::Duration;

use jimm_proto::params::admin::LoginResult;
use jimm_rpc::{CallError, Connection, DialOptions, Target, Tls};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::cli::GlobalArgs;
use crate::client_store::{ClientStore, KnownController};
use crate::error::{Failure, Result};
use crate::exchange;
use crate::settings::Settings;

/// How long a person may take in the browser.
const BROWSER: Duration = Duration::from_secs(15 * 60);
/// Whose mistake it may be when a service account is not let in.
const ACCOUNT: &str = "the service account comes from JIMM_CLIENT_ID and JIMM_CLIENT_SECRET, or else from JUJU_CLIENT_ID and JUJU_CLIENT_SECRET; unset them to log in as yourself";
/// How long connecting may take.
const DIAL: Duration = Duration::from_secs(20);
const FACADE: &str = "JIMM";
const FACADE_VERSION: u32 = 4;

/// A logged-in connection.
pub(crate) struct Session {
    connection: Connection,
    timeout: Duration,
    /// Who logged in.
    user: OnceLock<String>,
    /// The broker's tag as a controller.
    tag: OnceLock<String>,
    target: Target,
}

#[derive(Serialize)]
struct Nothing {}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct SessionToken<'a> {
    session_token: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct ClientCredentials<'a> {
    client_id: &'a str,
    client_secret: &'a str,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Device {
    user_code: String,
    verification_uri: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct NewToken {
    session_token: String,
}

impl Session {
    /// Connects and logs in as the command line and the environment say.
    pub(crate) async fn open(args: &GlobalArgs) -> Result<Self> {
        let settings = Settings::from_env();
        let timeout = Duration::from_secs(args.timeout.max(1));
        if let Some(url) = &args.url {
            let target = target(&endpoints_of(url)?, "", tls_of(args.ca_cert.as_deref(), None)?)?;
            let session = Self::at(&target, timeout).await?;
            session.log_in_without_store(&settings, &target, args).await?;
            return Ok(session);
        }
        let Some(dir) = &settings.juju_data else {
            return Err(Failure::failed("could not determine controller: no client store")
                .with_hint("set JUJU_DATA or HOME, or give --url HOST:PORT"));
        };
        let store = ClientStore::new(dir.clone());
        let mut known = store.controller(args.controller.as_deref())?;
        if known.ca_cert.is_empty() {
            // Others may have to be told of it, even where this machine's roots have it.
            known.ca_cert = ca_of(args.ca_cert.as_deref())?;
        }
        let target = target_of(&known)?;
        let session = Self::at(&target, timeout).await?;
        if known.access_token.is_empty() && session.log_in_as_service_account(&settings, &target).await? {
            return Ok(session);
        }
        session.log_in_from_store(&store, &known, args).await?;
        Ok(session)
    }

    /// Connects without logging in.
    pub(crate) async fn connect(known: &KnownController) -> Result<Self> {
        let target = target_of(known)?;
        Self::at(&target, DIAL).await
    }

    async fn at(target: &Target, timeout: Duration) -> Result<Self> {
        let connection = dial(target).await?;
        Ok(Self { connection, timeout, user: OnceLock::new(), tag: OnceLock::new(), target: target.clone() })
    }

    /// Where the broker is: addresses, and the CA that its certificate is of, if not of the system's.
    pub(crate) fn place(&self) -> (Vec<String>, String) {
        let ca = match &self.target.tls {
            Tls::Ca { pem, .. } => pem.clone(),
            _ => String::new(),
        };
        (self.target.addresses.clone(), ca)
    }

    /// The broker's tag as a controller.
    pub(crate) fn controller_tag(&self) -> String {
        self.tag.get().cloned().unwrap_or_default()
    }

    /// A new login in the browser, whatever is stored; answers the new session token too.
    pub(crate) async fn log_in_in_browser(&self, args: &GlobalArgs) -> Result<(LoginResult, String)> {
        if args.no_browser_login {
            return Err(Failure::usage("a login in the browser is what --no-browser-login forbids"));
        }
        self.device_login().await
    }

    /// Who logged in, without `user-`.
    pub(crate) fn user(&self) -> String {
        self.user.get().cloned().unwrap_or_default()
    }

    /// Calls a method of the broker's own facade.
    pub(crate) async fn call<P: Serialize, R: DeserializeOwned>(&self, method: &str, params: &P) -> Result<R> {
        Ok(self.connection.call(FACADE, FACADE_VERSION, method, params, self.timeout).await?)
    }

    /// Calls a method of another facade.
    pub(crate) async fn call_facade<P: Serialize, R: DeserializeOwned>(
        &self,
        facade: &str,
        version: u32,
        method: &str,
        params: &P,
    ) -> Result<R> {
        Ok(self.connection.call(facade, version, method, params, self.timeout).await?)
    }

    /// Calls a method that takes no parameters.
    pub(crate) async fn ask<R: DeserializeOwned>(&self, method: &str) -> Result<R> {
        self.call(method, &Nothing {}).await
    }

    async fn admin<P: Serialize, R: DeserializeOwned>(
        &self,
        method: &str,
        params: &P,
        wait: Duration,
    ) -> Result<R, CallError> {
        self.connection.call("Admin", 4, method, params, wait).await
    }

    async fn log_in_without_store(&self, settings: &Settings, target: &Target, args: &GlobalArgs) -> Result<()> {
        if self.log_in_as_service_account(settings, target).await? {
            return Ok(());
        }
        let token = settings.session_token.as_deref().unwrap_or_default();
        match self.log_in_with_token(token).await {
            Ok(_) => Ok(()),
            Err(e) if is_token_invalid(&e) => self.device_login_after(args, e).await.map(|_| ()),
            Err(e) => Err(e.into()),
        }
    }

    async fn log_in_from_store(&self, store: &ClientStore, known: &KnownController, args: &GlobalArgs) -> Result<()> {
        let error = match self.log_in_with_token(&known.access_token).await {
            Ok(login) => return same_user(known, &user_of(&login)),
            Err(e) if is_token_invalid(&e) => e,
            Err(e) if known.access_token.is_empty() && !known.password.is_empty() => {
                return Err(Failure::from(e).with_hint(format!(
                    "{} looks like a plain Juju controller; switch to the broker with \"juju switch\"",
                    known.name
                )));
            }
            Err(e) => return Err(e.into()),
        };
        let (login, token) = self.device_login_after(args, error).await?;
        let user = user_of(&login);
        same_user(known, &user)?;
        let info = login.user_info.unwrap_or_default();
        store.save_token(&known.name, &user, &info.controller_access, &token)
    }

    /// Who is logged in in the store is who was meant; this is for a store that holds nobody.
    async fn log_in_as_service_account(&self, settings: &Settings, target: &Target) -> Result<bool> {
        let (id, secret) = match (&settings.client_id, &settings.client_secret) {
            (Some(id), Some(secret)) => (id, secret),
            // A job that has lost its secret must not wait for somebody at a browser.
            (Some(id), None) => {
                return Err(
                    Failure::failed(format!("the service account {id:?} has no secret here")).with_hint(ACCOUNT)
                );
            }
            (None, _) => return self.log_in_as_ci_job(settings, target).await,
        };
        let params = ClientCredentials { client_id: id, client_secret: secret };
        let login: LoginResult = self
            .admin("LoginWithClientCredentials", &params, self.timeout)
            .await
            .map_err(|e| Failure::from(e).with_hint(ACCOUNT))?;
        self.keep(&login);
        Ok(true)
    }

    /// With a token of a CI, which the broker exchanges for one of its own.
    async fn log_in_as_ci_job(&self, settings: &Settings, target: &Target) -> Result<bool> {
        let Some(id_token) = exchange::id_token(settings)? else { return Ok(false) };
        let token = exchange::exchange(target, &id_token, self.timeout).await?;
        self.log_in_with_token(&token).await.map_err(|e| Failure::from(e).with_hint(exchange::HINT))?;
        Ok(true)
    }

    async fn log_in_with_token(&self, token: &str) -> Result<LoginResult, CallError> {
        let params = SessionToken { session_token: token };
        let login: LoginResult = self.admin("LoginWithSessionToken", &params, self.timeout).await?;
        self.keep(&login);
        Ok(login)
    }

    fn keep(&self, login: &LoginResult) {
        let _ = self.user.set(user_of(login));
        let _ = self.tag.set(login.controller_tag.clone());
    }

    /// The login in the browser that a refused token leads to.
    async fn device_login_after(&self, args: &GlobalArgs, error: CallError) -> Result<(LoginResult, String)> {
        if args.no_browser_login {
            return Err(
                Failure::from(error).with_hint("log in with \"jimmctl login\", or run without --no-browser-login")
            );
        }
        self.device_login().await
    }

    async fn device_login(&self) -> Result<(LoginResult, String)> {
        let device: Device = self.admin("LoginDevice", &Nothing {}, self.timeout).await?;
        eprintln!("Please visit {} and enter code {} to log in.", device.verification_uri, device.user_code);
        let NewToken { session_token } = self.admin("GetDeviceSessionToken", &Nothing {}, BROWSER).await?;
        let login = self.log_in_with_token(&session_token).await?;
        Ok((login, session_token))
    }
}

fn user_of(login: &LoginResult) -> String {
    let identity = login.user_info.as_ref().map(|info| info.identity.as_str()).unwrap_or_default();
    identity.strip_prefix("user-").unwrap_or(identity).to_owned()
}

/// Where a controller of the client store is.
pub(crate) fn target_of(known: &KnownController) -> Result<Target> {
    target(&known.api_endpoints, &known.name, tls_of(None, Some(known))?)
}

/// Whoever is logged in has to be the one whom the client store names: it is what the user believes.
fn same_user(known: &KnownController, user: &str) -> Result<()> {
    if known.user.is_empty() || known.user == user {
        return Ok(());
    }
    Err(Failure::failed(format!("attempted login as {user:?} for user {:?}", known.user)).with_hint(format!(
        "log in as {} in the browser, or make {user} the user of the client store with \"jimmctl login -c {}\"",
        known.user, known.name
    )))
}

fn is_token_invalid(error: &CallError) -> bool {
    matches!(error, CallError::Remote(e) if e.code == "session token invalid")
}

fn target(addresses: &[String], name: &str, tls: Tls) -> Result<Target> {
    if addresses.is_empty() {
        return Err(Failure::failed(format!("no API addresses known for controller {name}"))
            .with_hint("log in again with \"jimmctl login HOST:PORT\", or give --url HOST:PORT"));
    }
    Ok(Target { addresses: addresses.to_vec(), path: "/api".to_owned(), tls })
}

async fn dial(target: &Target) -> Result<Connection> {
    let options = DialOptions { timeout: DIAL, ..DialOptions::default() };
    jimm_rpc::dial(target, &options).await.map_err(|e| Failure::no_connection(target, &e))
}

/// The addresses to dial of what the command line says.
pub(crate) fn endpoints_of(url: &str) -> Result<Vec<String>> {
    let bad = || Failure::usage(format!("{url:?} is not an address of a broker; give HOST:PORT or wss://HOST:PORT"));
    let (scheme, rest) = url.split_once("://").unwrap_or(("wss", url));
    if !matches!(scheme, "wss" | "https") {
        return Err(bad());
    }
    let host = rest.trim_end_matches('/');
    let host = host.strip_suffix("/api").unwrap_or(host);
    if host.is_empty() || host.contains('/') {
        return Err(bad());
    }
    let has_port = host.rsplit_once(':').is_some_and(|(_, port)| port.parse::<u16>().is_ok());
    Ok(vec![if has_port { host.to_owned() } else { format!("{host}:443") }])
}

/// The CA certificate in a file; empty without one.
pub(crate) fn ca_of(file: Option<&Path>) -> Result<String> {
    let Some(path) = file else { return Ok(String::new()) };
    std::fs::read_to_string(path)
        .map_err(|e| Failure::failed(format!("cannot read the CA certificate {}: {e}", path.display())))
}

/// As Juju's clients do: with a CA only that CA and the name `juju-apiserver`, else the system's roots.
fn tls_of(ca_file: Option<&Path>, known: Option<&KnownController>) -> Result<Tls> {
    let pem = match known.filter(|_| ca_file.is_none()) {
        Some(known) => known.ca_cert.clone(),
        None => ca_of(ca_file)?,
    };
    if !pem.trim().is_empty() {
        return Ok(Tls::Ca { pem, server_name: "juju-apiserver".to_owned() });
    }
    let server_name = known.map(|k| k.public_hostname.clone()).filter(|n| !n.is_empty());
    Ok(Tls::SystemRoots { server_name })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_a_broker() {
        for (url, host) in [
            ("jimm.example.com", "jimm.example.com:443"),
            ("wss://jimm.example.com:17443/api", "jimm.example.com:17443"),
            ("127.0.0.1:1", "127.0.0.1:1"),
            ("https://h/", "h:443"),
        ] {
            assert_eq!(endpoints_of(url).expect(url), [host]);
        }
        for url in ["", "http://h", "ftp://h", "wss://", "h/x"] {
            assert_eq!(endpoints_of(url).expect_err(url).exit_code(), 2, "{url}");
        }
    }
}
