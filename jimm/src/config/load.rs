//! Makes a [`Config`] of the variables that were read, collecting every mistake instead of stopping at the first.

use std::path::Path;

use super::certificates::TlsFiles;
use super::jobs::JobSettings;
use super::problems::{ConfigErrors, Problem, Warning};
use super::reader::{Reader, Sources};
use super::settings::{
    AuthStyle, BrowserSettings, Config, ControllerSettings, DatabaseSettings, JwtSettings, Limits, LogSettings,
    OauthSettings, SessionSettings,
};
use super::values;
use super::variables::Variable;
use super::{cross_checks, lifetimes, trust};

mod bootstrap;
mod events;
mod openfga;
mod queries;

/// A configuration without mistakes.
#[derive(Debug)]
pub struct Loaded {
    /// The settings.
    pub config: Config,
    /// What works but is probably not meant.
    pub warnings: Vec<Warning>,
}

/// Reads and checks everything.
pub fn load(sources: &Sources) -> Result<Loaded, ConfigErrors> {
    let mut reader = Reader::default();
    reader.take_environment(&sources.env);
    let file = sources.file.clone().or_else(|| reader.path("JIMM_CONFIG"));
    reader.seen.insert("JIMM_CONFIG");
    if let Some(file) = file {
        reader.take_file(&file);
    }
    reader.judge_foreign();
    let config = reader.config();
    if reader.problems.is_empty() {
        cross_checks::check(&config, &mut reader.problems, &mut reader.warnings);
    }
    debug_assert!(reader.all_read(), "a variable of the table is never read");
    if reader.problems.is_empty() {
        Ok(Loaded { config, warnings: reader.warnings })
    } else {
        Err(ConfigErrors { problems: reader.problems, warnings: reader.warnings })
    }
}

impl Reader {
    fn config(&mut self) -> Config {
        let unspecified = std::net::SocketAddr::from(([0, 0, 0, 0], 0));
        Config {
            uuid: self.value("JIMM_UUID", |text| text.parse().map_err(|_| "is not a UUID".into())),
            dns_name: self.value("JIMM_DNS_NAME", values::dns_name),
            public_address: self.optional("JIMM_PUBLIC_ADDRESS", |_, text| values::host_port(text)),
            admins: self.value("JIMM_ADMINS", values::users),
            listen: self.optional("JIMM_LISTEN_ADDR", |_, text| values::listen(text)).unwrap_or(unspecified),
            internal_listen: self
                .optional("JIMM_INTERNAL_LISTEN_ADDR", |_, text| values::listen(text))
                .unwrap_or(unspecified),
            tls: self.tls(),
            database: DatabaseSettings {
                dsn: self.value("JIMM_DSN", values::dsn).into(),
                max_connections: self.number("JIMM_DB_MAX_CONNECTIONS"),
                acquire_timeout: self.period("JIMM_DB_ACQUIRE_TIMEOUT"),
            },
            secret_store: self.secret_place(),
            openfga: self.openfga(),
            sealing: self.sealing(),
            discharger: self.discharger(),
            vault: self.vault(),
            log: LogSettings {
                level: self.value("JIMM_LOG_LEVEL", values::log_level),
                dev_mode: self.flag("JIMM_LOG_DEV_MODE"),
                sql: self.flag("JIMM_LOG_SQL"),
            },
            oauth: self.oauth(),
            trust: self.value("JIMM_TRUSTED_TOKENS_PATH", |path| trust::rules(Path::new(path))),
            session: self.session(),
            browser: self.browser(),
            audit: self.audit(),
            jwt: JwtSettings {
                expiry: self.period("JIMM_JWT_EXPIRY"),
                key_rotation: self.period("JIMM_JWT_KEY_ROTATION"),
                key_publish_ahead: self.duration("JIMM_JWT_KEY_PUBLISH_AHEAD"),
                key_reload: self.period("JIMM_JWT_KEY_RELOAD"),
                jwks_max_age: self.value("JIMM_JWKS_CACHE_MAX_AGE", values::seconds),
            },
            limits: Limits {
                max_message_size: self.value("JIMM_MAX_MESSAGE_SIZE", values::size),
                max_connections: self.number("JIMM_MAX_CONNECTIONS"),
                max_in_flight: self.number("JIMM_MAX_IN_FLIGHT"),
                ping_timeout: self.period("JIMM_PING_TIMEOUT"),
                login_timeout: self.period("JIMM_LOGIN_TIMEOUT"),
                request_timeout: self.period("JIMM_REQUEST_TIMEOUT"),
                drain_timeout: self.duration("JIMM_DRAIN_TIMEOUT"),
            },
            controllers: self.controllers(),
            queries: self.queries(),
            jobs: JobSettings {
                workers: self.number("JIMM_JOB_WORKERS"),
                migrations: self.number("JIMM_MIGRATIONS_AT_ONCE"),
                lease: self.period("JIMM_JOB_LEASE"),
                poll_interval: self.period("JIMM_JOB_POLL_INTERVAL"),
                retention_days: self.number("JIMM_JOBS_RETENTION_DAYS"),
            },
            bootstrap: self.bootstrap(),
            events: self.events(),
        }
    }

    fn controllers(&mut self) -> ControllerSettings {
        ControllerSettings {
            dial_timeout: self.period("JIMM_CONTROLLER_DIAL_TIMEOUT"),
            call_timeout: self.period("JIMM_CONTROLLER_CALL_TIMEOUT"),
            max_calls: self.number("JIMM_CONTROLLER_MAX_CALLS"),
            breaker_failures: self.number("JIMM_CONTROLLER_BREAKER_FAILURES"),
            breaker_reset: self.period("JIMM_CONTROLLER_BREAKER_RESET"),
            poll_interval: self.period("JIMM_CONTROLLER_POLL_INTERVAL"),
            model_poll_interval: self.period("JIMM_MODEL_POLL_INTERVAL"),
            migration_poll_interval: self.period("JIMM_MIGRATION_POLL_INTERVAL"),
            migration_stuck_after: self.period("JIMM_MIGRATION_STUCK_AFTER"),
        }
    }

    fn tls(&mut self) -> Option<TlsFiles> {
        let (cert, key) = (self.path("JIMM_TLS_CERT_PATH"), self.path("JIMM_TLS_KEY_PATH"));
        match (self.is_given("JIMM_TLS_CERT_PATH"), self.is_given("JIMM_TLS_KEY_PATH")) {
            (true, false) => self.problems.push(Problem::new(
                "JIMM_TLS_KEY_PATH",
                "is not set although JIMM_TLS_CERT_PATH is: set both, or neither for plain HTTP behind an ingress",
            )),
            (false, true) => self.problems.push(Problem::new(
                "JIMM_TLS_CERT_PATH",
                "is not set although JIMM_TLS_KEY_PATH is: set both, or neither for plain HTTP behind an ingress",
            )),
            _ => {}
        }
        Some(TlsFiles { cert: cert?, key: key? })
    }

    fn session(&mut self) -> SessionSettings {
        SessionSettings {
            secret_key: self
                .value("JIMM_SESSION_SECRET_KEY", |text| match text.chars().count() {
                    64.. => Ok(text.to_owned()),
                    count => Err(format!("has {count} characters, at least 64 are needed")),
                })
                .into(),
            token_expiry: self.period("JIMM_ACCESS_TOKEN_EXPIRY_DURATION"),
            idle_timeout: self.duration("JIMM_SESSION_IDLE_TIMEOUT"),
            lifetimes: self.value("JIMM_SESSION_LIFETIMES", lifetimes::rules),
            refresh_interval: self.duration("JIMM_SESSION_REFRESH_INTERVAL"),
            cookie_max_age: self.value("JIMM_SESSION_COOKIE_MAX_AGE", values::seconds),
            secure_cookies: self.flag("JIMM_SECURE_SESSION_COOKIES"),
        }
    }

    fn browser(&mut self) -> BrowserSettings {
        BrowserSettings {
            final_redirect: self.optional("JIMM_DASHBOARD_FINAL_REDIRECT_URL", |_, text| values::web_url(text)),
            dashboard: self.optional("JIMM_DASHBOARD_DIR", |_, text| values::pages(text)),
            allowed_origins: self.value("CORS_ALLOWED_ORIGINS", |text| {
                values::words(text).iter().map(|origin| values::origin(origin)).collect()
            }),
        }
    }

    fn oauth(&mut self) -> OauthSettings {
        OauthSettings {
            issuer_url: self.value("JIMM_OAUTH_ISSUER_URL", values::web_url),
            client_id: self.text("JIMM_OAUTH_CLIENT_ID"),
            client_secret: self.secret("JIMM_OAUTH_CLIENT_SECRET"),
            scopes: self.value("JIMM_OAUTH_SCOPES", |text| {
                let scopes = values::words(text);
                if scopes.iter().any(|scope| scope == "openid") { Ok(scopes) } else { Err("lacks openid".into()) }
            }),
            auth_style: self.optional("JIMM_OAUTH_AUTH_STYLE", auth_style).unwrap_or(AuthStyle::Auto),
            ca_cert: self.path("JIMM_OAUTH_CA_CERT_PATH"),
            identity_claim: self.text("JIMM_OAUTH_IDENTITY_CLAIM"),
            require_verified_email: self.flag("JIMM_OAUTH_REQUIRE_VERIFIED_EMAIL"),
            groups_claim: self.optional("JIMM_OAUTH_GROUPS_CLAIM", |_, text| Ok(text.to_owned())),
            timeout: self.period("JIMM_OAUTH_TIMEOUT"),
            credentials_cache: self.duration("JIMM_OAUTH_CREDENTIALS_CACHE"),
        }
    }
}

fn auth_style(_: &Variable, text: &str) -> Result<AuthStyle, String> {
    match text {
        "auto" => Ok(AuthStyle::Auto),
        "header" => Ok(AuthStyle::Header),
        "body" => Ok(AuthStyle::Body),
        _ => Err("is not a known style".into()),
    }
}
