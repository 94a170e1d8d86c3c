//! The table of variables: the one place that names them.

/// What a value has to look like.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Kind {
    /// Any text.
    Text,
    /// `true` or `false`.
    Bool,
    /// `24h`, `15m`, `10s`, also added up: `1h30m`.
    Duration,
    /// A number of seconds, or a duration.
    Seconds,
    /// A whole number between two others.
    Number(u64, u64),
    /// A number of bytes: `256MiB`.
    Size,
    /// Where to listen: `:17443` or `127.0.0.1:17443`.
    Listen,
    /// `host:port`.
    HostPort,
    /// A URL with `http` or `https`.
    Url,
    /// `postgresql://…`.
    Dsn,
    /// A UUID.
    Uuid,
    /// A name or `name:port`.
    DnsName,
    /// Words separated by spaces or commas.
    Words,
    /// User names with a domain, separated by spaces or commas.
    Users,
    /// A file that can be read.
    File,
    /// A directory that can be written to.
    Directory,
    /// The path of a directory with the pages of a web site.
    Pages,
    /// 32 bytes in base64.
    Key,
    /// Several of them, separated by spaces or commas.
    Keys,
    /// A program and its arguments.
    Command,
    /// Certificates in PEM.
    Pem,
    /// Lifetimes of sessions, by whose they are.
    Lifetimes,
    /// One of these words.
    Choice(&'static [&'static str]),
}

/// What holds when a variable is not set.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Unset {
    /// The broker does not start.
    Required,
    /// Nothing: the feature is off, or another variable decides.
    None,
    /// This value.
    Is(&'static str),
}

/// What the broker makes of a variable.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Status {
    /// Used.
    Used,
    /// Known from JIMM and without effect here, for this reason: a warning.
    Ignored(&'static str),
}

/// One variable.
#[derive(Clone, Copy, Debug)]
pub struct Variable {
    /// Its name in the environment.
    pub name: &'static str,
    /// What a value has to look like.
    pub kind: Kind,
    /// What holds when it is not set.
    pub default: Unset,
    /// Whether its value must never be shown.
    pub secret: bool,
    /// What the broker makes of it.
    pub status: Status,
    /// What it means.
    pub about: &'static str,
    /// A value that works.
    pub example: &'static str,
}

impl Variable {
    const fn secret(mut self) -> Self {
        self.secret = true;
        self
    }
}

const fn used(name: &'static str, kind: Kind, default: Unset, example: &'static str, about: &'static str) -> Variable {
    Variable { name, kind, default, secret: false, status: Status::Used, about, example }
}

const fn without_effect(name: &'static str, status: Status) -> Variable {
    Variable { name, kind: Kind::Text, default: Unset::None, secret: true, status, about: "", example: "" }
}

const fn ignored(name: &'static str, why: &'static str) -> Variable {
    without_effect(name, Status::Ignored(why))
}

const OWN_KEYS: &str = "the broker makes, seals, publishes and rotates its own signing keys";
const NO_SSH: &str = "this version has no SSH jump host";

/// Variables of one concern, with the heading of the reference page.
pub type Section = (&'static str, &'static [Variable]);

use Kind::{
    Bool, Choice, Command, Directory, DnsName, Dsn, Duration, File, HostPort, Key, Keys, Lifetimes, Listen, Number,
    Pages, Pem, Seconds, Size, Text, Url, Users, Uuid, Words,
};
use Unset::{Is, None, Required};

/// Every variable, by section.
#[rustfmt::skip]
pub const SECTIONS: &[Section] = &[
    ("The broker itself", &[
        used("JIMM_CONFIG", File, None, "/etc/jimm/config.toml", "A TOML file with settings. The environment wins over the file. Keys are the variables' names in lower case without `JIMM_`; tables join with `_` (`[oauth] issuer_url` is `JIMM_OAUTH_ISSUER_URL`)."),
        used("JIMM_UUID", Uuid, Required, "3217dbc9-8ea9-4381-9e97-01eab0b3f6bb", "The broker's controller UUID. The same for every replica and for ever: clients remember it. Make one with `uuidgen`."),
        used("JIMM_DNS_NAME", DnsName, Required, "jimm.example.com", "The broker's public name, with a port if it is not 443: issuer of tokens, `public-dns-name` of logins, base of the key set's URL."),
        used("JIMM_PUBLIC_ADDRESS", HostPort, None, "jimm.example.com:443", "`host:port` that clients are told to connect to. Unset: the name above, with port 443 if it has none."),
        used("JIMM_ADMINS", Users, None, "alice@example.com bob@example.com", "Names of the broker's administrators."),
        used("JIMM_LISTEN_ADDR", Listen, Is(":8080"), ":17443", "Where clients and controllers are served."),
        used("JIMM_INTERNAL_LISTEN_ADDR", Listen, Is(":9090"), "127.0.0.1:9090", "Where metrics are served; keep it away from the public."),
        used("JIMM_TLS_CERT_PATH", File, None, "/etc/jimm/tls.crt", "Certificate chain (PEM) of the main listener. Set together with `JIMM_TLS_KEY_PATH`; neither means plain HTTP behind an ingress."),
        used("JIMM_TLS_KEY_PATH", File, None, "/etc/jimm/tls.key", "Its private key (PEM)."),
    ]),
    ("Database and secrets at rest", &[
        used("JIMM_DSN", Dsn, Required, "postgresql://jimm:password@db.example.com/jimm", "The Postgres database.").secret(),
        used("JIMM_DB_MAX_CONNECTIONS", Number(2, 1000), Is("20"), "50", "Database connections per replica."),
        used("JIMM_DB_ACQUIRE_TIMEOUT", Duration, Is("5s"), "5s", "How long a request waits for one of them."),
        used("JIMM_SEALING_KEY", Key, None, "output of `jimmsrv new-sealing-key`", "Key that seals secrets in the database. This, `JIMM_SEALING_KEY_PATH` or Vault is required. Without it the stored passwords and keys are lost: see [secrets](../guides/secrets.md).").secret(),
        used("BAKERY_PRIVATE_KEY", Key, None, "32 bytes in base64", "The discharger's private key of a JIMM whose place the broker takes: it is sealed into the database when there is none there yet, so that controllers which know it need no restart. Without it the broker makes a pair of its own.").secret(),
        used("BAKERY_PUBLIC_KEY", Text, None, "RCPr7amc1nsLBR/rklC6U1qf0eM40SgGJwEiZbmn3gQ=", "Its public half; the broker only sees whether they belong together."),
        used("JIMM_SEALING_KEY_PATH", File, None, "/etc/jimm/sealing.key", "A file that holds that key."),
        used("JIMM_SEALING_OLD_KEYS", Keys, None, "former keys, separated by spaces", "Former keys, and those to come, to open what they sealed.").secret(),
        used("JIMM_SEALING_OLD_KEYS_PATH", File, None, "/etc/jimm/sealing.old", "A file that holds such keys, one a line."),
        used("JIMM_SEALING_UNWRAP_COMMAND", Command, None, "[\"/usr/local/bin/kms\", \"decrypt\"]", "A program with its arguments that unwraps sealing keys: it reads what a key file's line holds on its standard input and writes the key, 32 bytes or those in base64. With it both key files hold wrapped keys, and keys in the environment are not taken. No shell is involved; a JSON list, or words separated by spaces."),
        used("JIMM_SEALING_WRAP_COMMAND", Command, None, "[\"/usr/local/bin/kms\", \"encrypt\"]", "Its counterpart, which reads a key in base64 and writes one line. Only `jimmsrv new-sealing-key` runs it."),
        used("JIMM_SEALING_COMMAND_TIMEOUT", Duration, Is("10s"), "10s", "Deadline of one run of either."),
        used("JIMM_SECRET_STORE", Choice(&["postgres", "vault"]), None, "vault", "Where new secrets are put; those that lie elsewhere open all the same, and `jimmctl rotate-sealing-key` moves them. Unset: Vault when `VAULT_ADDR` is set, else sealed in Postgres."),
    ]),
    ("Vault or OpenBao", &[
        used("VAULT_ADDR", Url, None, "https://vault.example.com:8200", "The server's address. With it secrets lie there: see [secrets](../guides/secrets.md)."),
        used("VAULT_NAMESPACE", Text, None, "platform", "The namespace at the server, if it has any."),
        used("VAULT_PATH", Text, Is("jimm-kv"), "jimm-kv", "Where its key-value engine of version 2 is mounted."),
        used("JIMM_VAULT_PREFIX", Text, Is("jimm"), "jimm", "The folder below, in which each installation of the broker has one of its own."),
        used("JIMM_VAULT_APPROLE_PATH", Text, Is("approle"), "approle", "Where its AppRole logins are mounted."),
        used("VAULT_ROLE_ID", Text, None, "db02de05-fa39-4855-059b-67221c5c2f63", "The broker's role id."),
        used("VAULT_ROLE_SECRET_ID", Text, None, "the role's", "The role's secret id.").secret(),
        used("VAULT_ROLE_SECRET_ID_PATH", File, None, "/etc/jimm/vault.secret-id", "A file that holds the secret id. It is read at every login, so that it can be replaced."),
        used("VAULT_CACERT", File, None, "/etc/jimm/vault-ca.pem", "An extra root certificate (PEM) to trust at the server."),
        used("VAULT_CACERT_BYTES", Pem, None, "its text", "The same as text."),
        used("JIMM_VAULT_TIMEOUT", Duration, Is("5s"), "5s", "Deadline of one request to the server."),
        used("JIMM_VAULT_CACHE", Duration, Is("10m"), "0s", "How long a secret that was fetched is kept in memory after it was last used. Controllers are looked after while the server is away as long as their passwords are kept. `0s` keeps none."),
    ]),
    ("Rights", &[
        used("OPENFGA_HOST", Text, None, "openfga.internal", "An [OpenFGA](../guides/openfga.md) server that decides who may do what. Unset: the broker decides by itself, from the same relations in its database."),
        used("OPENFGA_SCHEME", Choice(&["http", "https"]), Is("http"), "https", "Whether the server is spoken to over TLS; its certificate is verified."),
        used("OPENFGA_PORT", Number(1, 65_535), Is("8081"), "8081", "The server's port for gRPC; not the one for HTTP, which is usually 8080."),
        used("OPENFGA_STORE", Text, None, "jimm", "The store: its id, or its name; one of that name is made when there is none. Unset: the name is `jimm-` and the broker's UUID."),
        used("OPENFGA_AUTH_MODEL", Text, None, "01J9ZT3N0C5V2K7Q8XW4B6D1EF", "The id of the authorization model, if it must be a certain one; it has to mean the same as this release's. Unset: the broker finds or writes its own."),
        used("OPENFGA_TOKEN", Text, None, "the server's", "The server's pre-shared key.").secret(),
        used("OPENFGA_CA_CERT_PATH", File, None, "/etc/jimm/openfga-ca.pem", "An extra root certificate (PEM) to trust at the server."),
    ]),
    ("Log", &[
        used("JIMM_LOG_LEVEL", Text, Is("info"), "info,jimm::relay=debug", "Level, or filter by target."),
        used("JIMM_LOG_DEV_MODE", Bool, Is("false"), "true", "Lines for people instead of JSON."),
        used("JIMM_LOG_SQL", Bool, Is("false"), "true", "Log SQL statements, never their arguments."),
    ]),
    ("Audit log", &[
        used("JIMM_AUDIT_LOG_RETENTION_PERIOD_IN_DAYS", Number(0, 36_500), Is("0"), "365", "After how many days entries of the audit log are forgotten; 0 keeps them for ever. What the next three say of their class wins."),
        used("JIMM_AUDIT_RETENTION_LOGINS", Number(0, 36_500), None, "365", "The same for logins, logouts and exchanges of tokens, failed ones too."),
        used("JIMM_AUDIT_RETENTION_CHANGES", Number(0, 36_500), None, "730", "The same for requests that change something, or may."),
        used("JIMM_AUDIT_RETENTION_READS", Number(0, 36_500), None, "30", "The same for requests that change nothing."),
        used("JIMM_AUDIT_READS", Bool, Is("true"), "false", "Whether requests that change nothing are noted. They are most of the log."),
        used("JIMM_AUDIT_OVERFLOW", Choice(&["drop", "block"]), Is("drop"), "block", "What to do when entries come faster than they can be written, or the database is away and there is no room left: drop some, and say how many in the log itself; or let requests wait, and refuse them after 30 s."),
        used("JIMM_AUDIT_SPILL_PATH", Directory, None, "/var/lib/jimm/audit", "A directory where the audit log waits while the database is away, across restarts too; one for each replica. Without it some 16 MiB wait in memory."),
        used("JIMM_AUDIT_SPILL_SIZE", Size, Is("1GiB"), "10GiB", "How much may wait there."),
        used("JIMM_AUDIT_EXPORT_FILE", Text, None, "/var/log/jimm/audit.jsonl", "A file to which the audit log is copied, a line of JSON for each entry; `-` is standard output. See [The audit log](../guides/audit.md)."),
        used("JIMM_AUDIT_EXPORT_SYSLOG", HostPort, None, "logs.example.com:6514", "A syslog server (RFC 5424) to which it is copied, over TLS (RFC 5425)."),
        used("JIMM_AUDIT_EXPORT_HTTP_URL", Url, None, "https://collector.example.com/jimm", "Where it is sent by `POST`, as lines of JSON."),
        used("JIMM_AUDIT_EXPORT_HTTP_TOKEN_PATH", File, None, "/etc/jimm/collector.token", "A file with a bearer token for that."),
        used("JIMM_AUDIT_EXPORT_OTLP_URL", Url, None, "https://otel.example.com:4318/v1/logs", "An OpenTelemetry collector to which it is sent as log records (OTLP, JSON)."),
        used("JIMM_AUDIT_EXPORT_OTLP_TOKEN_PATH", File, None, "/etc/jimm/otel.token", "A file with a bearer token for that."),
        used("JIMM_AUDIT_EXPORT_CA_PATH", File, None, "/etc/jimm/logs-ca.pem", "An extra root certificate (PEM) to trust at all of these."),
    ]),
    ("Identity provider", &[
        used("JIMM_OAUTH_ISSUER_URL", Url, Required, "https://login.example.com/realms/jimm", "The OpenID Connect issuer; everything else is found by discovery."),
        used("JIMM_OAUTH_CLIENT_ID", Text, Required, "jimm", "The broker's client id there. The client needs the device flow, and client credentials for service accounts."),
        used("JIMM_OAUTH_CLIENT_SECRET", Text, None, "the provider's", "The broker's client secret there; unset for a public client.").secret(),
        used("JIMM_OAUTH_SCOPES", Words, Is("openid profile email"), "openid profile email", "Scopes asked for; `openid` is a must."),
        used("JIMM_OAUTH_AUTH_STYLE", Choice(&["auto", "header", "body"]), Is("auto"), "body", "How client id and secret are sent: as the provider announces, as `Authorization: Basic`, or as form parameters."),
        used("JIMM_OAUTH_CA_CERT_PATH", File, None, "/etc/jimm/idp-ca.pem", "An extra root certificate (PEM) to trust at the issuer."),
        used("JIMM_OAUTH_IDENTITY_CLAIM", Text, Is("email"), "email", "The claim that names the identity: of the id token, or else of the userinfo end point."),
        used("JIMM_OAUTH_REQUIRE_VERIFIED_EMAIL", Bool, Is("true"), "true", "Refuse an identity whose `email_verified` is false."),
        used("JIMM_OAUTH_GROUPS_CLAIM", Text, None, "groups", "The claim that lists groups (at most 20 are accepted): of the id token, or else of the access token, or else of the userinfo end point."),
        used("JIMM_OAUTH_TIMEOUT", Duration, Is("10s"), "10s", "Deadline of one request to the provider."),
        used("JIMM_OAUTH_CREDENTIALS_CACHE", Duration, Is("5m"), "0s", "How long verified client credentials are believed without asking again, never longer than the provider's token lives. `0s` asks every time."),
        used("JIMM_TRUSTED_TOKENS_PATH", File, None, "/etc/jimm/trusted-tokens.toml", "A TOML file that says whose tokens are exchanged for sessions of service accounts: see [CI without a secret](../guides/ci.md)."),
    ]),
    ("Sessions", &[
        used("JIMM_SESSION_SECRET_KEY", Text, Required, "output of `openssl rand -hex 48`", "Key of session tokens, at least 64 characters. Changing it logs everybody out.").secret(),
        used("JIMM_ACCESS_TOKEN_EXPIRY_DURATION", Duration, Is("24h"), "6h", "How long a session token lives."),
        used("JIMM_SESSION_IDLE_TIMEOUT", Duration, Is("0s"), "2h", "How long a session token may lie unused; an open connection uses it. `0s`: for as long as it lives."),
        used("JIMM_SESSION_LIFETIMES", Lifetimes, None, "group-ops=8h/30m user-ci@serviceaccount=1h serviceaccounts=12h", "Who has other lifetimes, unless `jimmctl set-session-policy` says otherwise: `WHO=LIFE` or `WHO=LIFE/IDLE`, where WHO is `group-NAME` (of the identity provider or of the broker), `user-NAME` or `serviceaccounts`. A user's own rule wins; of several others the shortest. Service accounts that log in with a secret have no session token: a rule that names them ends their connections."),
        used("JIMM_SESSION_REFRESH_INTERVAL", Duration, Is("5m"), "1m", "How often the identity provider is asked whether it still vouches for a browser's user, when it gave a refresh token (mostly for the scope `offline_access`). When it refuses, the session ends. `0s` never asks."),
        used("JIMM_SESSION_COOKIE_MAX_AGE", Seconds, Is("86400"), "86400", "How long a browser keeps its cookie after it was last used, never longer than the session lives."),
        used("JIMM_SECURE_SESSION_COOKIES", Bool, Is("true"), "true", "Whether cookies are only sent over TLS."),
        used("JIMM_DASHBOARD_FINAL_REDIRECT_URL", Url, None, "https://dashboard.example.com/", "Where a browser is sent after its login. Without it and `JIMM_DASHBOARD_DIR` there is no login for browsers. The identity provider has to know `https://<JIMM_DNS_NAME>/auth/callback` as a redirect address."),
        used("JIMM_DASHBOARD_DIR", Pages, None, "/usr/share/juju-dashboard", "Directory of a built Juju dashboard (its `index.html` and what belongs to it), which the broker then serves itself, at `https://<JIMM_DNS_NAME>/`. Its `config.js` is written by the broker. Browsers go there after their login, unless `JIMM_DASHBOARD_FINAL_REDIRECT_URL` says otherwise."),
        used("CORS_ALLOWED_ORIGINS", Words, Is(""), "https://dashboard.example.com", "Origins whose pages may ask with a browser's session, besides the broker's own: `scheme://host[:port]`, separated by spaces."),
    ]),
    ("Tokens for controllers", &[
        used("JIMM_JWT_EXPIRY", Duration, Is("5m"), "5m", "How long a token lives. Controllers look at it only when a connection begins."),
        used("JIMM_JWT_KEY_ROTATION", Duration, Is("90d"), "90d", "How long a key signs before the next one takes over."),
        used("JIMM_JWT_KEY_PUBLISH_AHEAD", Duration, Is("25m"), "25m", "How long a key is published before it signs. Controllers fetch the key set at most every 15 minutes, so less than 20 minutes breaks logins at each rotation."),
        used("JIMM_JWT_KEY_RELOAD", Duration, Is("1m"), "1m", "How often a replica looks for keys made by others and for rotations that are due."),
        used("JIMM_JWKS_CACHE_MAX_AGE", Seconds, Is("300"), "300", "`max-age` of the published key set; the longer, the longer a key has to be published ahead."),
    ]),
    ("Client connections", &[
        used("JIMM_MAX_MESSAGE_SIZE", Size, Is("256MiB"), "256MiB", "Largest message in either direction."),
        used("JIMM_MAX_CONNECTIONS", Number(1, 1_000_000), Is("10000"), "10000", "Open connections per replica."),
        used("JIMM_MAX_IN_FLIGHT", Number(1, 10_000), Is("64"), "64", "Requests of one connection in work at a time."),
        used("JIMM_PING_TIMEOUT", Duration, Is("90s"), "90s", "A connection without a ping for this long is closed."),
        used("JIMM_LOGIN_TIMEOUT", Duration, Is("2m"), "2m", "A connection that has not logged in for this long is closed; a pending device flow counts as logging in."),
        used("JIMM_REQUEST_TIMEOUT", Duration, Is("1m"), "1m", "Deadline of one request."),
        used("JIMM_DRAIN_TIMEOUT", Duration, Is("10s"), "10s", "How long a graceful stop waits for requests in work."),
    ]),
    ("Controllers and jobs", &[
        used("JIMM_CONTROLLER_DIAL_TIMEOUT", Duration, Is("4s"), "4s", "Deadline of dialling a controller and logging in."),
        used("JIMM_CONTROLLER_CALL_TIMEOUT", Duration, Is("1m"), "1m", "Deadline of one call to a controller."),
        used("JIMM_CONTROLLER_MAX_CALLS", Number(1, 10_000), Is("64"), "64", "Calls in flight to one controller, per replica."),
        used("JIMM_CONTROLLER_BREAKER_FAILURES", Number(1, 1000), Is("3"), "3", "Failures in a row after which a controller is not called for a while."),
        used("JIMM_CONTROLLER_BREAKER_RESET", Duration, Is("10s"), "10s", "That while."),
        used("JIMM_CONTROLLER_POLL_INTERVAL", Duration, Is("30s"), "30s", "How often a controller's health, version and addresses are looked at."),
        used("JIMM_MODEL_POLL_INTERVAL", Duration, Is("1m"), "1m", "How often models' status and life are looked at."),
        used("JIMM_MIGRATION_POLL_INTERVAL", Duration, Is("1s"), "1s", "How often a move in progress is looked at."),
        used("JIMM_MIGRATION_STUCK_AFTER", Duration, Is("10m"), "10m", "A move that gets no further for so long is said to be stuck, with a reason and what to do."),
        used("JIMM_MIGRATIONS_AT_ONCE", Number(1, 10_000), Is("100"), "100", "Moves that one replica follows at a time; the others wait."),
        used("JIMM_CROSS_MODEL_QUERY_TIMEOUT", Duration, Is("1m"), "1m", "Deadline of a query over many models; what has come by then is answered, and an error for each of the other models."),
        used("JIMM_CROSS_MODEL_QUERY_MODEL_TIMEOUT", Duration, Is("15s"), "15s", "Deadline of one model in a query: to log in to it at its controller and to get its status."),
        used("JIMM_CROSS_MODEL_QUERY_PROGRAM_TIMEOUT", Duration, Is("2s"), "2s", "How long the jq program of a query may take for one model."),
        used("JIMM_CROSS_MODEL_QUERY_PER_CONTROLLER", Number(1, 1000), Is("16"), "16", "Models of one controller that a query asks about at a time."),
        used("JIMM_JOB_WORKERS", Number(1, 1000), Is("8"), "8", "Background jobs in work at a time, per replica."),
        used("JIMM_JOB_LEASE", Duration, Is("10s"), "10s", "How long a replica may be silent before another takes over its job."),
        used("JIMM_JOB_POLL_INTERVAL", Duration, Is("2s"), "2s", "How often to look for jobs when no notification comes."),
        used("JIMM_JOBS_RETENTION_DAYS", Number(0, 36_500), Is("90"), "365", "After how many days jobs that have ended are forgotten with their logs; 0 keeps them for ever. What is known of moves stays, without the lines of their logs."),
    ]),
    ("Events", &[
        used("JIMM_EVENTS_RETENTION_DAYS", Number(1, 3650), Is("30"), "90", "After how many days [events](events.md) are forgotten."),
        used("JIMM_WEBHOOK_URLS", Words, Is(""), "https://hooks.example.com/jimm", "Where events are sent by `POST`, at most ten, separated by spaces. Certificates are verified."),
        used("JIMM_WEBHOOK_SECRET_PATH", File, None, "/etc/jimm/webhook.secret", "A file with the secret that they are signed with, at least 16 characters."),
        used("JIMM_WEBHOOK_EVENTS", Words, Is(""), "migration. controller.unreachable", "How the codes begin of the events that are sent, separated by spaces. Unset: all."),
        used("JIMM_WEBHOOK_CA_PATH", File, None, "/etc/jimm/hooks-ca.pem", "An extra root certificate (PEM) to trust at hooks."),
    ]),
    ("Making controllers", &[
        used("JIMM_JUJU_BINARY", Words, Is("juju"), "/opt/juju/3.6/juju /opt/juju/4.0/juju", "The `juju` client with which the broker makes and destroys controllers, or several of different versions, separated by spaces: see [Making controllers](../guides/bootstrap.md). A name without a slash is looked for in `PATH`. The broker does not fetch one."),
        used("JIMM_BOOTSTRAP_DIR", Directory, None, "/var/lib/jimm/juju", "A directory in which each run of the client gets a folder of its own, with the secrets that it needs, and which is removed afterwards. Unset: the system's directory for temporary files, which a client from a snap cannot read."),
        used("JIMM_BOOTSTRAP_TIMEOUT", Duration, Is("1h"), "1h", "How long a run of the client may take."),
        used("JIMM_BOOTSTRAP_LOGIN_TOKEN_REFRESH_URL", Url, None, "https://jimm.example.com/.well-known/jwks.json", "Where new controllers fetch the broker's keys. Unset: the broker's key set at `JIMM_DNS_NAME`."),
    ]),
    ("Known from JIMM, without effect", &[
        ignored("JIMM_IS_LEADER", "every replica is equal"),
        ignored("INSECURE_SECRET_STORAGE", "secrets are always sealed, or in Vault"),
        ignored("JIMM_MACAROON_EXPIRY_DURATION", "discharges of offers' caveats are good for 15 minutes"),
        ignored("JIMM_JWKS", OWN_KEYS),
        ignored("JIMM_JWKS_PATH", OWN_KEYS),
        ignored("JIMM_JWKS_PRIVATE_KEY", OWN_KEYS),
        ignored("JIMM_JWKS_PRIVATE_KEY_PATH", OWN_KEYS),
        ignored("JIMM_SSH_PORT", NO_SSH),
        ignored("JIMM_SSH_HOST_KEY", NO_SSH),
        ignored("JIMM_SSH_MAX_CONCURRENT_CONNECTIONS", NO_SSH),
    ]),
];

/// Every variable.
pub fn all() -> impl Iterator<Item = &'static Variable> {
    SECTIONS.iter().flat_map(|(_, variables)| variables.iter())
}

/// The variable of that name.
pub fn find(name: &str) -> Option<&'static Variable> {
    all().find(|variable| variable.name == name)
}
