//! Mistakes are told all at once, named, with what was given (never for secrets), what is expected and an example.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use secrecy::ExposeSecret;

use super::variables::{Kind, Status, Unset as Fallback};
use super::*;

fn good() -> BTreeMap<String, String> {
    [
        ("JIMM_UUID", "3217dbc9-8ea9-4381-9e97-01eab0b3f6bb".to_owned()),
        ("JIMM_DNS_NAME", "jimm.example.com".to_owned()),
        ("JIMM_DSN", "postgresql://jimm:hunter2@localhost/jimm".to_owned()),
        ("JIMM_ADMINS", "alice@example.com bob@example.com".to_owned()),
        ("JIMM_SEALING_KEY", STANDARD.encode(crate::clock::random_bytes::<32>())),
        ("JIMM_SESSION_SECRET_KEY", "k".repeat(64)),
        ("JIMM_OAUTH_ISSUER_URL", "https://login.example.com".to_owned()),
        ("JIMM_OAUTH_CLIENT_ID", "jimm".to_owned()),
        ("JIMM_OAUTH_CLIENT_SECRET", "hunter3".to_owned()),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .into()
}

fn with(changes: &[(&str, &str)]) -> Result<Loaded, ConfigErrors> {
    let mut env = good();
    env.extend(changes.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
    load(&Sources { env, file: None })
}

fn mistake(changes: &[(&str, &str)]) -> String {
    let errors = with(changes).expect_err("a mistake");
    assert_eq!(errors.problems.len(), 1, "{errors}");
    errors.to_string()
}

#[test]
fn the_least_configuration_works_and_the_rest_has_sensible_defaults() {
    let loaded = load(&Sources { env: good(), file: None }).unwrap();
    let config = loaded.config;
    assert_eq!(config.listen.port(), 8080);
    assert_eq!(config.session.token_expiry, Duration::from_secs(86_400), "tokens are not born expired");
    assert_eq!(config.limits.max_message_size, 256 << 20);
    assert_eq!(config.jwt.key_publish_ahead, Duration::from_secs(25 * 60));
    assert_eq!(config.admins, ["alice@example.com", "bob@example.com"]);
    assert!(config.tls.is_none() && config.session.secure_cookies);
    assert_eq!(config.public_host_port(), "jimm.example.com:443");
    assert_eq!(config.public_url(), "https://jimm.example.com");
    assert!(loaded.warnings.is_empty(), "{:?}", loaded.warnings);
}

#[test]
fn defaults_in_code_and_in_the_table_are_the_same() {
    let loaded = load(&Sources { env: good(), file: None }).unwrap().config;
    let default = Config::default();
    assert_eq!(format!("{:?}", loaded.limits), format!("{:?}", default.limits));
    assert_eq!(format!("{:?}", loaded.controllers), format!("{:?}", default.controllers));
    assert_eq!(format!("{:?}", loaded.jobs), format!("{:?}", default.jobs));
    assert_eq!(format!("{:?}", loaded.jwt), format!("{:?}", default.jwt));
    assert_eq!(loaded.oauth.scopes, default.oauth.scopes);
    assert_eq!(loaded.oauth.timeout, default.oauth.timeout);
    assert_eq!(loaded.oauth.credentials_cache, default.oauth.credentials_cache);
}

#[test]
fn nothing_set_names_every_required_variable_at_once() {
    let errors = load(&Sources::default()).unwrap_err();
    let text = errors.to_string();
    for variable in variables::all().filter(|variable| variable.default == Fallback::Required) {
        assert!(text.contains(&format!("{} is not set", variable.name)), "{text}");
    }
    assert!(text.contains("JIMM_SEALING_KEY is not set"), "{text}");
    assert!(text.contains("example: JIMM_UUID="), "{text}");
}

#[test]
fn a_missing_uuid_is_an_error() {
    assert!(mistake(&[("JIMM_UUID", "")]).contains("JIMM_UUID is not set, and has no default"));
    assert!(mistake(&[("JIMM_UUID", "jimm")]).contains("JIMM_UUID is \"jimm\": it is not a UUID"));
}

#[test]
fn booleans_are_parsed_not_merely_present() {
    assert!(!with(&[("JIMM_SECURE_SESSION_COOKIES", "false")]).unwrap().config.session.secure_cookies);
    assert!(with(&[("JIMM_LOG_DEV_MODE", "1")]).unwrap().config.log.dev_mode);
    let text = mistake(&[("JIMM_LOG_SQL", "on")]);
    assert!(text.contains("JIMM_LOG_SQL is \"on\": it is neither true nor false"), "{text}");
    assert!(text.contains("example: JIMM_LOG_SQL=true"), "{text}");
}

#[test]
fn every_mistake_is_told_in_one_go() {
    let errors = with(&[
        ("JIMM_JWT_EXPIRY", "5 minutes"),
        ("JIMM_LISTEN_ADDR", "17443"),
        ("JIMM_MAX_CONNECTIONS", "0"),
        ("JIMM_ADMINS", "alice"),
        ("JIMM_LOG_LEVEL", "info,=loud"),
        ("JIMM_OAUTH_AUTH_STYLE", "cookie"),
        ("JIMM_PING_TIMEOUT", "0s"),
        ("OPENFGA_HOST", "openfga.internal"),
        ("OPENFGA_SCHEME", "ftp"),
        ("VAULT_PATH", "kv/../sys"),
    ])
    .unwrap_err();
    assert_eq!(errors.problems.len(), 9, "{errors}");
    let text = errors.to_string();
    assert!(text.contains("OPENFGA_SCHEME is \"ftp\": it is not a known scheme"), "{text}");
    assert!(text.contains("9 mistakes"), "{text}");
}

#[test]
fn secrets_are_never_shown() {
    let errors = with(&[
        ("JIMM_DSN", "mysql://jimm:hunter2@db/jimm"),
        ("JIMM_SESSION_SECRET_KEY", "too-short-secret"),
        ("JIMM_SEALING_KEY", "c2hvcnQtc2VjcmV0"),
        ("JIMM_SEALING_OLD_KEYS", "b2xkLXNlY3JldA=="),
        ("OPENFGA_TOKEN", "openfga-secret"),
    ])
    .unwrap_err();
    let text = format!("{errors} {errors:?}");
    assert!(text.contains("OPENFGA_HOST is not set although OPENFGA_TOKEN is"), "{text}");
    for secret in ["hunter2", "too-short-secret", "c2hvcnQ", "b2xkL", "openfga-secret"] {
        assert!(!text.contains(secret), "{text}");
    }
    assert!(text.contains("JIMM_SEALING_KEY (not shown) has 12 bytes instead of 32"), "{text}");
    let config = load(&Sources { env: good(), file: None }).unwrap().config;
    let shown = format!("{config:?}");
    assert!(!shown.contains("hunter") && !shown.contains("kkkk"), "{shown}");
}

struct Pair {
    _dir: tempfile::TempDir,
    cert: String,
    key: String,
}

fn pair() -> Pair {
    let dir = tempfile::tempdir().unwrap();
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let write = |name: &str, text: String| {
        let path = dir.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let (cert, key) = (write("tls.crt", made.cert.pem()), write("tls.key", made.signing_key.serialize_pem()));
    Pair { _dir: dir, cert, key }
}

#[test]
fn tls_needs_both_files() {
    let Pair { cert, key, _dir } = pair();
    assert!(mistake(&[("JIMM_TLS_CERT_PATH", &cert)]).contains("JIMM_TLS_KEY_PATH is not set although"));
    assert!(mistake(&[("JIMM_TLS_KEY_PATH", &key)]).contains("JIMM_TLS_CERT_PATH is not set although"));
    let both = with(&[("JIMM_TLS_CERT_PATH", &cert), ("JIMM_TLS_KEY_PATH", &key)]).unwrap();
    assert!(both.config.tls.is_some());
    let errors = with(&[("JIMM_TLS_CERT_PATH", "/nowhere/tls.crt"), ("JIMM_TLS_KEY_PATH", &key)]).unwrap_err();
    assert!(errors.to_string().contains("it cannot be read"), "{errors}");
}

#[test]
fn tls_files_must_hold_what_they_should_and_belong_together() {
    let (one, other) = (pair(), pair());
    let text = mistake(&[("JIMM_TLS_CERT_PATH", &one.cert), ("JIMM_TLS_KEY_PATH", &other.key)]);
    assert!(text.contains("is not the key of the first certificate"), "{text}");
    let errors = with(&[("JIMM_TLS_CERT_PATH", &one.key), ("JIMM_TLS_KEY_PATH", &one.cert)]).unwrap_err();
    let text = errors.to_string();
    assert!(text.contains("holds no certificate") && text.contains("holds no private key"), "{text}");
    assert!(mistake(&[("JIMM_OAUTH_CA_CERT_PATH", &one.key)]).contains("holds no certificate"));
    assert!(with(&[("JIMM_OAUTH_CA_CERT_PATH", &one.cert)]).is_ok());
}

#[test]
fn the_sealing_key_comes_from_one_place() {
    let key = crate::clock::random_bytes::<32>();
    let mut file = tempfile::NamedTempFile::new().unwrap();
    writeln!(file, "{}", STANDARD.encode(key)).unwrap();
    let path = file.path().to_str().unwrap();
    let config = with(&[("JIMM_SEALING_KEY", ""), ("JIMM_SEALING_KEY_PATH", path)]).unwrap().config;
    let Sealing::Keys(keys) = config.sealing else { panic!("keys") };
    assert_eq!(keys.current.expose_secret(), &key);
    assert!(mistake(&[("JIMM_SEALING_KEY_PATH", path)]).contains("set one of them"));
    assert!(mistake(&[("JIMM_SEALING_KEY", "")]).contains("nor is JIMM_SEALING_KEY_PATH"));
}

#[test]
fn the_file_gives_what_the_environment_does_not() {
    let mut file = tempfile::Builder::new().suffix(".toml").tempfile().unwrap();
    let text = "max_connections = 7\njwt_expiry = \"1m\"\nlog_dev_mode = true\nadmins = [\"eve@example.com\"]\n\
                [oauth]\nclient_id = \"from-file\"\ntimeout = \"3s\"\n";
    file.write_all(text.as_bytes()).unwrap();
    let mut env = good();
    env.remove("JIMM_ADMINS");
    env.insert("JIMM_CONFIG".into(), file.path().to_str().unwrap().into());
    let config = load(&Sources { env, file: None }).unwrap().config;
    assert_eq!(config.limits.max_connections, 7);
    assert_eq!(config.jwt.expiry, Duration::from_secs(60));
    assert!(config.log.dev_mode);
    assert_eq!(config.admins, ["eve@example.com"]);
    assert_eq!(config.oauth.client_id, "jimm", "the environment wins");
    assert_eq!(config.oauth.timeout, Duration::from_secs(3));
}

#[test]
fn mistakes_in_the_file_name_the_file() {
    let mut file = tempfile::Builder::new().suffix(".toml").tempfile().unwrap();
    file.write_all(b"jwt_expirry = \"1m\"\nping_timeout = \"soon\"\n").unwrap();
    let errors = load(&Sources { env: good(), file: Some(file.path().into()) }).unwrap_err().to_string();
    assert!(errors.contains("did you mean the key of JIMM_JWT_EXPIRY?"), "{errors}");
    assert!(errors.contains("JIMM_PING_TIMEOUT is \"soon\": it"), "{errors}");
    assert!(errors.contains(file.path().to_str().unwrap()), "{errors}");
    let missing = load(&Sources { env: good(), file: Some("/nowhere/config.toml".into()) }).unwrap_err();
    assert!(missing.to_string().contains("/nowhere/config.toml cannot be read"), "{missing}");
}

#[test]
fn unknown_variables_are_warned_about_with_the_nearest_name() {
    let warnings = with(&[("JIMM_LISTEN_ADRESS", ":1"), ("JIMM_IS_LEADER", "true")]).unwrap().warnings;
    let text: Vec<String> = warnings.iter().map(ToString::to_string).collect();
    assert!(text.iter().any(|warning| warning.contains("did you mean JIMM_LISTEN_ADDR?")), "{text:?}");
    assert!(text.iter().any(|warning| warning == "JIMM_IS_LEADER has no effect: every replica is equal"), "{text:?}");
    assert_eq!(nearest("JIMM_ZZZZZZZZZZZZZZZ"), None);
}

#[test]
fn settings_are_judged_together() {
    assert!(mistake(&[("JIMM_LISTEN_ADDR", ":9090")]).contains("the same as JIMM_LISTEN_ADDR"));
    assert!(mistake(&[("JIMM_JWT_KEY_ROTATION", "10m")]).contains("the next key would never be due"));
    let warnings = with(&[("JIMM_JWT_KEY_PUBLISH_AHEAD", "2s")]).unwrap().warnings;
    assert!(warnings.iter().any(|warning| warning.0.contains("below 20m and")), "{warnings:?}");
}

#[test]
fn public_names_in_all_their_forms() {
    for (name, host, host_port, url) in [
        ("jimm.example.com", "jimm.example.com", "jimm.example.com:443", "https://jimm.example.com"),
        ("localhost:17443", "localhost", "localhost:17443", "https://localhost:17443"),
        ("https://jimm.example.com/", "jimm.example.com", "jimm.example.com:443", "https://jimm.example.com"),
    ] {
        let config = with(&[("JIMM_DNS_NAME", name)]).unwrap().config;
        assert_eq!(config.public_host(), host);
        assert_eq!(config.public_host_port(), host_port);
        assert_eq!(config.public_url(), url);
    }
    let config = with(&[("JIMM_PUBLIC_ADDRESS", "10.0.0.1:17443")]).unwrap().config;
    assert_eq!(config.public_host_port(), "10.0.0.1:17443");
}

#[test]
fn every_example_of_the_table_is_accepted() {
    for variable in variables::all().filter(|variable| variable.status == Status::Used) {
        if matches!(variable.kind, Kind::File | Kind::Directory | Kind::Pages) || variable.secret {
            continue;
        }
        let vault = [("VAULT_ADDR", "https://v"), ("VAULT_ROLE_ID", "r"), ("VAULT_ROLE_SECRET_ID", "s")];
        let mut changes = match variable.name {
            "VAULT_ADDR" | "JIMM_SECRET_STORE" => vault.to_vec(),
            "BAKERY_PUBLIC_KEY" => vec![("BAKERY_PRIVATE_KEY", "0KeXEmrmUtXoMwGSlHxNYebasrJsL+QqtcyCwA76g24=")],
            // They need files; `wrapped_keys_are_read_as_they_are` and the tests of events have some.
            "JIMM_SEALING_UNWRAP_COMMAND" | "VAULT_CACERT_BYTES" | "JIMM_WEBHOOK_URLS" => continue,
            _ => Vec::new(),
        };
        changes.push((variable.name, variable.example));
        let loaded = with(&changes);
        assert!(loaded.is_ok(), "{}: {}", variable.name, loaded.unwrap_err());
    }
}

fn file(text: &str) -> (tempfile::NamedTempFile, String) {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(text.as_bytes()).unwrap();
    let path = file.path().display().to_string();
    (file, path)
}

#[test]
fn wrapped_keys_are_read_as_they_are() {
    let (_current, path) = file("wrapped one\n");
    let (_old, old) = file("wrapped two\n\nwrapped three\n");
    let wrapped = [
        ("JIMM_SEALING_KEY", ""),
        ("JIMM_SEALING_KEY_PATH", path.as_str()),
        ("JIMM_SEALING_OLD_KEYS_PATH", old.as_str()),
        ("JIMM_SEALING_UNWRAP_COMMAND", r#"["/bin/cat", "a b"]"#),
    ];
    let Sealing::Wrapped(keys) = with(&wrapped).unwrap().config.sealing else { panic!("wrapped keys") };
    assert_eq!(keys.current.expose_secret(), "wrapped one");
    assert_eq!(
        keys.old.iter().map(|key| key.expose_secret().to_owned()).collect::<Vec<_>>(),
        ["wrapped two", "wrapped three"]
    );
    assert_eq!(keys.unwrap.words, ["/bin/cat", "a b"]);
    let text = mistake(&[("JIMM_SEALING_UNWRAP_COMMAND", "/bin/cat")]);
    assert!(text.contains("JIMM_SEALING_KEY (not shown) is set, and JIMM_SEALING_UNWRAP_COMMAND too"), "{text}");
    assert!(mistake(&[("JIMM_SEALING_WRAP_COMMAND", "[1]")]).contains("JSON list of texts and is none"));
}

#[test]
fn old_keys_come_from_the_environment_and_from_a_file() {
    let key = || STANDARD.encode(crate::clock::random_bytes::<32>());
    let (_file, path) = file(&format!("{}\n{}\n", key(), key()));
    let changes = [("JIMM_SEALING_OLD_KEYS", &*key()), ("JIMM_SEALING_OLD_KEYS_PATH", &path)];
    let Sealing::Keys(keys) = with(&changes).unwrap().config.sealing else { panic!("keys") };
    assert_eq!(keys.old.len(), 3);
}

#[test]
fn vault_takes_the_place_of_the_sealing_key() {
    let vault = [
        ("VAULT_ADDR", "https://vault.example.com:8200/"),
        ("VAULT_PATH", "/kv/jimm/"),
        ("VAULT_ROLE_ID", "role"),
        ("VAULT_ROLE_SECRET_ID", "hunter4"),
    ];
    let mut without_key = vault.to_vec();
    without_key.push(("JIMM_SEALING_KEY", ""));
    let config = with(&without_key).unwrap().config;
    assert!(matches!(config.sealing, Sealing::Unset));
    assert_eq!(config.secret_store, SecretPlace::Vault);
    let settings = config.vault.expect("settings of Vault");
    assert_eq!((settings.address.as_str(), settings.mount.as_str()), ("https://vault.example.com:8200", "kv/jimm"));
    assert!(!format!("{settings:?}").contains("hunter4"));
    let mut back = vault.to_vec();
    back.push(("JIMM_SECRET_STORE", "postgres"));
    let config = with(&back).unwrap().config;
    assert!(config.vault.is_some() && config.secret_store == SecretPlace::Postgres);
    assert!(mistake(&vault[..3]).contains("VAULT_ROLE_SECRET_ID is not set, nor is VAULT_ROLE_SECRET_ID_PATH"));
    assert!(mistake(&[("VAULT_PATH", "../sys")]).contains("is not a path"));
    assert!(mistake(&[("JIMM_SECRET_STORE", "vault")]).contains("VAULT_ADDR is not set"));
}

#[test]
fn a_file_may_name_what_has_no_prefix() {
    let text = "[vault]\naddr = \"https://v:8200\"\nrole_id = \"r\"\nrole_secret_id = \"s\"\nprefix = \"p\"\n";
    let (_file, path) = file(text);
    let config = with(&[("JIMM_CONFIG", &path)]).unwrap().config;
    let vault = config.vault.expect("settings of Vault");
    assert_eq!((vault.address.as_str(), vault.prefix.as_str()), ("https://v:8200", "p"));
}

#[test]
fn the_reference_page_is_up_to_date() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/reference/configuration.md");
    let page = std::fs::read_to_string(path).unwrap_or_default();
    assert!(page == reference::page(), "run `cargo run -p jimm -- config-reference > docs/reference/configuration.md`");
}
