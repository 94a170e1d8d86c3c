//! The settings as typed values, for everybody else to read. Nothing here knows where they came from.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use jimm_authz::OpenFgaSettings;
use jimm_bakery::KeyPair;
use secrecy::SecretString;
use uuid::Uuid;

use super::audit::AuditSettings;
use super::bootstrap::BootstrapSettings;
use super::certificates::TlsFiles;
use super::events::EventSettings;
use super::jobs::JobSettings;
use super::lifetimes::LifetimeRule;
use super::queries::QuerySettings;
use super::secrets::{Sealing, SealingKeys, SecretPlace, VaultSettings};
use super::trust::TrustRule;

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3600);

/// Everything the broker can be told.
#[derive(Debug)]
pub struct Config {
    /// The broker's own controller UUID, the same in every replica and for ever.
    pub uuid: Uuid,
    /// The broker's public name as configured: `jimm.example.com`, `host:port` or a URL.
    pub dns_name: String,
    /// `host:port` that clients are told to connect to; derived from the name when it is not given.
    pub public_address: Option<String>,
    /// The main listener.
    pub listen: SocketAddr,
    /// The listener for metrics.
    pub internal_listen: SocketAddr,
    /// Certificate and key, or none to speak plain HTTP behind an ingress.
    pub tls: Option<TlsFiles>,
    /// Names of the broker's administrators.
    pub admins: Vec<String>,
    /// Postgres.
    pub database: DatabaseSettings,
    /// What the log says and how.
    pub log: LogSettings,
    /// OpenFGA, when it is to decide who may do what.
    pub openfga: Option<OpenFgaSettings>,
    /// The keys that seal secrets at rest.
    pub sealing: Sealing,
    /// The key pair of the discharger whose place the broker takes.
    pub discharger: Option<Arc<KeyPair>>,
    /// Where new secrets are put.
    pub secret_store: SecretPlace,
    /// A server of Vault's kind, where there is one.
    pub vault: Option<VaultSettings>,
    /// Session tokens and cookies.
    pub session: SessionSettings,
    /// Logins of browsers.
    pub browser: BrowserSettings,
    /// The identity provider.
    pub oauth: OauthSettings,
    /// Whose tokens are exchanged for sessions of service accounts.
    pub trust: Vec<TrustRule>,
    /// The audit log.
    pub audit: AuditSettings,
    /// Tokens for controllers and the keys that sign them.
    pub jwt: JwtSettings,
    /// Sizes, counts and deadlines of client connections.
    pub limits: Limits,
    /// How controllers are called and watched.
    pub controllers: ControllerSettings,
    /// How far queries over many models may go.
    pub queries: QuerySettings,
    /// Background jobs.
    pub jobs: JobSettings,
    /// How the broker makes and destroys controllers.
    pub bootstrap: BootstrapSettings,
    /// How long events are kept, and who is told of them.
    pub events: EventSettings,
}

/// How to reach Postgres.
#[derive(Debug)]
pub struct DatabaseSettings {
    /// `postgresql://…`, with the password inside.
    pub dsn: SecretString,
    /// Connections per replica.
    pub max_connections: u32,
    /// How long to wait for one of them.
    pub acquire_timeout: Duration,
}

/// What the log says and how.
#[derive(Clone, Debug)]
pub struct LogSettings {
    /// A level (`info`) or a filter (`info,jimm::relay=debug`).
    pub level: String,
    /// Lines for people instead of JSON.
    pub dev_mode: bool,
    /// Log SQL statements (never their arguments).
    pub sql: bool,
}

/// Session tokens and cookies.
#[derive(Debug)]
pub struct SessionSettings {
    /// Key of the session tokens' signature.
    pub secret_key: SecretString,
    /// How long a session token lives.
    pub token_expiry: Duration,
    /// How long one may lie unused; zero for as long as it lives.
    pub idle_timeout: Duration,
    /// Who has other lifetimes.
    pub lifetimes: Vec<LifetimeRule>,
    /// How often the identity provider is asked whether it still vouches for a browser's user; zero for never.
    pub refresh_interval: Duration,
    /// How long a browser's cookie lives.
    pub cookie_max_age: Duration,
    /// Whether cookies carry `Secure`.
    pub secure_cookies: bool,
}

/// Logins of browsers.
#[derive(Clone, Debug, Default)]
pub struct BrowserSettings {
    /// Where a browser is sent after its login; without it there is none.
    pub final_redirect: Option<String>,
    /// The directory of a dashboard that is served here.
    pub dashboard: Option<PathBuf>,
    /// Origins (`scheme://host[:port]`) whose pages may ask with a browser's session, besides the broker's own.
    pub allowed_origins: Vec<String>,
}

/// How client id and secret go to the identity provider's token end point.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum AuthStyle {
    /// What the provider's discovery document says, header preferred.
    Auto,
    /// `Authorization: Basic`.
    Header,
    /// Form parameters.
    Body,
}

/// The identity provider and what we believe of its answers.
#[derive(Clone, Debug)]
pub struct OauthSettings {
    /// The issuer, where discovery begins.
    pub issuer_url: String,
    /// Our id there.
    pub client_id: String,
    /// Our secret there; empty for a public client.
    pub client_secret: SecretString,
    /// Scopes asked for.
    pub scopes: Vec<String>,
    /// How id and secret are sent.
    pub auth_style: AuthStyle,
    /// An extra root certificate (PEM) for the issuer.
    pub ca_cert: Option<PathBuf>,
    /// The claim of the id token that names the identity.
    pub identity_claim: String,
    /// Refuse an identity whose `email_verified` is false.
    pub require_verified_email: bool,
    /// The claim that lists groups, if any.
    pub groups_claim: Option<String>,
    /// Deadline of one request to the provider.
    pub timeout: Duration,
    /// How long verified client credentials are believed; zero asks the provider every time.
    pub credentials_cache: Duration,
}

/// Tokens for controllers and the keys that sign them.
#[derive(Clone, Debug)]
pub struct JwtSettings {
    /// How long a token lives.
    pub expiry: Duration,
    /// How long a key signs.
    pub key_rotation: Duration,
    /// How long a key is published before it signs.
    pub key_publish_ahead: Duration,
    /// How often replicas look for keys of others and for rotations that are due.
    pub key_reload: Duration,
    /// `max-age` of the published key set.
    pub jwks_max_age: Duration,
}

/// Sizes, counts and deadlines of client connections.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Largest message, in bytes, in either direction.
    pub max_message_size: usize,
    /// Open connections per replica.
    pub max_connections: usize,
    /// Requests of one connection that are in work at a time.
    pub max_in_flight: usize,
    /// A connection without a ping for this long is closed.
    pub ping_timeout: Duration,
    /// A connection that has not logged in for this long is closed (a pending device flow counts as logging in).
    pub login_timeout: Duration,
    /// Deadline of one request.
    pub request_timeout: Duration,
    /// How long a graceful stop waits.
    pub drain_timeout: Duration,
}

/// How controllers are called and watched.
#[derive(Clone, Debug)]
pub struct ControllerSettings {
    /// Deadline of dialling and logging in.
    pub dial_timeout: Duration,
    /// Deadline of one call.
    pub call_timeout: Duration,
    /// Calls in flight to one controller, per replica.
    pub max_calls: usize,
    /// Failures in a row after which a controller is not called for a while.
    pub breaker_failures: u32,
    /// That while.
    pub breaker_reset: Duration,
    /// How often a controller's health, version and addresses are looked at.
    pub poll_interval: Duration,
    /// How often models' status and life are looked at.
    pub model_poll_interval: Duration,
    /// How often a move in progress is looked at.
    pub migration_poll_interval: Duration,
    /// A move that gets no further for so long is stuck.
    pub migration_stuck_after: Duration,
}

impl Config {
    /// The public name without scheme, port and path.
    pub fn public_host(&self) -> &str {
        let authority = self.public_authority();
        match authority.rsplit_once(':') {
            Some((host, port)) if port.bytes().all(|b| b.is_ascii_digit()) => host,
            _ => authority,
        }
    }

    /// `host:port` that clients connect to.
    pub fn public_host_port(&self) -> String {
        if let Some(address) = &self.public_address {
            return address.clone();
        }
        let authority = self.public_authority();
        if authority == self.public_host() { format!("{authority}:443") } else { authority.to_owned() }
    }

    /// The broker's URL as controllers and browsers see it, without a slash at the end.
    pub fn public_url(&self) -> String {
        format!("https://{}", self.public_authority())
    }

    /// Where controllers fetch the keys of their login tokens: what they are bootstrapped with.
    pub fn keys_url(&self) -> String {
        format!("{}/.well-known/jwks.json", self.public_url())
    }

    /// Where controllers that the broker makes fetch those keys.
    pub fn bootstrap_keys_url(&self) -> String {
        self.bootstrap.keys_url.clone().unwrap_or_else(|| self.keys_url())
    }

    fn public_authority(&self) -> &str {
        let name = self.dns_name.as_str();
        let name = name.split_once("://").map_or(name, |(_, rest)| rest);
        name.split('/').next().unwrap_or(name)
    }
}

impl Default for Config {
    /// Settings for tests: loopback, free ports, keys that nobody else has.
    fn default() -> Self {
        let session_key = hex::encode(crate::clock::random_bytes::<48>());
        Self {
            uuid: Uuid::new_v4(),
            dns_name: "localhost".into(),
            public_address: None,
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            internal_listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            tls: None,
            admins: Vec::new(),
            database: DatabaseSettings {
                dsn: "postgresql:///jimm".into(),
                max_connections: 20,
                acquire_timeout: Duration::from_secs(5),
            },
            log: LogSettings { level: "info".into(), dev_mode: false, sql: false },
            discharger: None,
            sealing: Sealing::Keys(SealingKeys::random()),
            secret_store: SecretPlace::Postgres,
            vault: None,
            session: SessionSettings {
                secret_key: session_key.into(),
                token_expiry: 24 * HOUR,
                idle_timeout: Duration::ZERO,
                lifetimes: Vec::new(),
                refresh_interval: 5 * MINUTE,
                cookie_max_age: 24 * HOUR,
                secure_cookies: true,
            },
            browser: BrowserSettings::default(),
            openfga: None,
            audit: AuditSettings::default(),
            oauth: OauthSettings::default(),
            trust: Vec::new(),
            jwt: JwtSettings::default(),
            limits: Limits::default(),
            controllers: ControllerSettings::default(),
            queries: QuerySettings::default(),
            jobs: JobSettings::default(),
            bootstrap: BootstrapSettings::default(),
            events: EventSettings::default(),
        }
    }
}

impl Default for OauthSettings {
    fn default() -> Self {
        Self {
            issuer_url: "https://localhost".into(),
            client_id: "jimm".into(),
            client_secret: SecretString::default(),
            scopes: vec!["openid".into(), "profile".into(), "email".into()],
            auth_style: AuthStyle::Auto,
            ca_cert: None,
            identity_claim: "email".into(),
            require_verified_email: true,
            groups_claim: None,
            timeout: Duration::from_secs(10),
            credentials_cache: 5 * MINUTE,
        }
    }
}

impl Default for JwtSettings {
    fn default() -> Self {
        Self {
            expiry: 5 * MINUTE,
            key_rotation: 90 * 24 * HOUR,
            key_publish_ahead: 25 * MINUTE,
            key_reload: MINUTE,
            jwks_max_age: 5 * MINUTE,
        }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_message_size: 256 << 20,
            max_connections: 10_000,
            max_in_flight: 64,
            ping_timeout: Duration::from_secs(90),
            login_timeout: 2 * MINUTE,
            request_timeout: MINUTE,
            drain_timeout: Duration::from_secs(10),
        }
    }
}

impl Default for ControllerSettings {
    fn default() -> Self {
        Self {
            dial_timeout: Duration::from_secs(4),
            call_timeout: MINUTE,
            max_calls: 64,
            breaker_failures: 3,
            breaker_reset: Duration::from_secs(10),
            poll_interval: Duration::from_secs(30),
            model_poll_interval: MINUTE,
            migration_poll_interval: Duration::from_secs(1),
            migration_stuck_after: 10 * MINUTE,
        }
    }
}
