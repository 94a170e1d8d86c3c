//! Reads the variables into [`Config`], collecting every mistake instead of stopping at the first.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::Duration;

use figment::Figment;
use figment::providers::{Format, Toml};
use figment::value::{Dict, Num, Value};
use secrecy::SecretString;

use super::jobs::JobSettings;
use super::problems::{ConfigErrors, Problem, Warning, nearest};
use super::settings::{
    AuthStyle, BrowserSettings, Config, ControllerSettings, DatabaseSettings, JwtSettings, Limits, LogSettings,
    OauthSettings, SessionSettings, TlsFiles,
};
use super::values;
use super::variables::{self, Kind, Status, Unset as Fallback, Variable};
use super::{cross_checks, lifetimes, trust};

mod bootstrap;
mod events;
mod openfga;
mod queries;

/// Where values come from.
#[derive(Debug, Default)]
pub struct Sources {
    /// The environment.
    pub env: BTreeMap<String, String>,
    /// A TOML file, in place of the one that `JIMM_CONFIG` names.
    pub file: Option<PathBuf>,
}

impl Sources {
    /// The environment of this process.
    pub fn of_process(file: Option<PathBuf>) -> Self {
        let env = std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.to_string_lossy().into_owned())))
            .collect();
        Self { env, file }
    }
}

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

struct Given {
    value: String,
    file: Option<String>,
}

#[derive(Default)]
pub(super) struct Reader {
    given: BTreeMap<String, Given>,
    seen: BTreeSet<&'static str>,
    pub(super) problems: Vec<Problem>,
    pub(super) warnings: Vec<Warning>,
}

impl Reader {
    pub(super) fn take_environment(&mut self, env: &BTreeMap<String, String>) {
        for (name, value) in env.iter().filter(|(_, value)| !value.is_empty()) {
            if variables::find(name).is_some() {
                self.given.insert(name.clone(), Given { value: value.clone(), file: None });
            } else if name.starts_with("JIMM_") {
                let guess = nearest(name).map(|near| format!("; did you mean {near}?")).unwrap_or_default();
                self.warnings.push(Warning(format!("{name} is not a variable of the broker{guess}")));
            }
        }
    }

    pub(super) fn take_file(&mut self, path: &Path) {
        let shown = path.display().to_string();
        let text = match std::fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) => return self.problems.push(Problem::bare(&shown, format!("cannot be read: {error}"))),
        };
        let dict: Dict = match Figment::from(Toml::string(&text)).extract() {
            Ok(dict) => dict,
            Err(error) => return self.problems.push(Problem::bare(&shown, format!("is not TOML: {error}"))),
        };
        let mut entries = Vec::new();
        flatten("JIMM", &dict, &mut entries);
        for (mut name, value) in entries {
            // Names of others, such as VAULT_ADDR, are written without our prefix in the environment.
            if let (None, Some(bare)) = (variables::find(&name), name.strip_prefix("JIMM_").and_then(variables::find)) {
                bare.name.clone_into(&mut name);
            }
            if variables::find(&name).is_none() {
                let guess = nearest(&name).map(|near| format!("; did you mean the key of {near}?")).unwrap_or_default();
                let what = format!("is not a variable of the broker{guess}");
                self.problems.push(Problem { file: Some(shown.clone()), ..Problem::bare(&name, what) });
            } else if !value.is_empty() {
                self.given.entry(name).or_insert_with(|| Given { value, file: Some(shown.clone()) });
            }
        }
    }

    /// Variables of the reference that we do not use.
    fn judge_foreign(&mut self) {
        for variable in variables::all().filter(|variable| self.given.contains_key(variable.name)) {
            if let Status::Ignored(why) = variable.status {
                self.warnings.push(Warning(format!("{} has no effect: {why}", variable.name)));
            }
        }
    }

    pub(super) fn is_given(&self, name: &str) -> bool {
        self.given.contains_key(name)
    }

    fn all_read(&self) -> bool {
        variables::all().all(|variable| variable.status != Status::Used || self.seen.contains(variable.name))
    }

    /// The value of a variable, parsed; a mistake is noted and counts as nothing.
    pub(super) fn optional<T>(
        &mut self,
        name: &'static str,
        parse: impl FnOnce(&Variable, &str) -> Result<T, String>,
    ) -> Option<T> {
        let variable = variables::find(name).expect("the table has every variable that is read");
        self.seen.insert(variable.name);
        let given = self.given.get(name);
        let text = match (given, variable.default) {
            (Some(given), _) => given.value.trim(),
            (None, Fallback::Is(text)) => text,
            (None, Fallback::None) => return None,
            (None, Fallback::Required) => {
                self.problems.push(Problem::new(name, "is not set, and has no default"));
                return None;
            }
        };
        match parse(variable, text) {
            Ok(value) => Some(value),
            Err(wrong) => {
                let what =
                    if variable.secret { format!("(not shown) {wrong}") } else { format!("is {text:?}: it {wrong}") };
                let file = given.and_then(|given| given.file.clone());
                self.problems.push(Problem { file, ..Problem::new(name, what) });
                None
            }
        }
    }

    pub(super) fn value<T: Default>(&mut self, name: &'static str, parse: impl FnOnce(&str) -> Result<T, String>) -> T {
        self.optional(name, |_, text| parse(text)).unwrap_or_default()
    }

    pub(super) fn text(&mut self, name: &'static str) -> String {
        self.value(name, |text| Ok(text.to_owned()))
    }

    pub(super) fn secret(&mut self, name: &'static str) -> SecretString {
        self.text(name).into()
    }

    pub(super) fn flag(&mut self, name: &'static str) -> bool {
        self.value(name, values::boolean)
    }

    pub(super) fn duration(&mut self, name: &'static str) -> Duration {
        self.value(name, values::duration)
    }

    /// A duration that would stop the broker if it were zero.
    pub(super) fn period(&mut self, name: &'static str) -> Duration {
        self.value(name, |text| match values::duration(text)? {
            Duration::ZERO => Err("is zero".into()),
            duration => Ok(duration),
        })
    }

    pub(super) fn number<T: TryFrom<u64> + Default>(&mut self, name: &'static str) -> T {
        let number = self.optional(name, |variable, text| match variable.kind {
            Kind::Number(min, max) => values::number(text, min, max),
            _ => Err("is not declared as a number".into()),
        });
        number.and_then(|number| T::try_from(number).ok()).unwrap_or_default()
    }

    pub(super) fn path(&mut self, name: &'static str) -> Option<PathBuf> {
        self.optional(name, |_, text| match std::fs::File::open(text) {
            Ok(_) => Ok(PathBuf::from(text)),
            Err(error) => Err(format!("cannot be read: {error}")),
        })
    }

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

/// Tables join with `_`, lists become words.
fn flatten(prefix: &str, dict: &Dict, into: &mut Vec<(String, String)>) {
    for (key, value) in dict {
        let name = format!("{prefix}_{}", key.to_uppercase().replace('-', "_"));
        match value {
            Value::Dict(_, inner) => flatten(&name, inner, into),
            Value::Array(_, items) => into.push((name, list(&items.iter().map(plain).collect::<Vec<_>>()))),
            value => into.push((name, plain(value))),
        }
    }
}

/// Words; texts with spaces inside stay what they are as a JSON list.
fn list(items: &[String]) -> String {
    let spaced = items.iter().any(|item| item.contains(char::is_whitespace));
    if spaced { serde_json::json!(items).to_string() } else { items.join(" ") }
}

fn plain(value: &Value) -> String {
    match value {
        Value::String(_, text) => text.clone(),
        Value::Char(_, letter) => letter.to_string(),
        Value::Bool(_, flag) => flag.to_string(),
        Value::Num(_, number) => match (number.to_i128(), number.to_u128(), number) {
            (Some(number), ..) => number.to_string(),
            (_, Some(number), _) => number.to_string(),
            (_, _, Num::F32(number)) => number.to_string(),
            (.., number) => number.to_f64().unwrap_or_default().to_string(),
        },
        Value::Empty(..) | Value::Dict(..) | Value::Array(..) => String::new(),
    }
}
