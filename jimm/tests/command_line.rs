//! The server's command line, as a process: data on stdout, the rest on stderr, exit codes 0 and 2.

use std::process::{Command, Output};

fn jimmsrv(args: &[&str], env: &[(&str, &str)]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_jimmsrv"))
        .args(args)
        .env_clear()
        .envs(env.iter().copied())
        .output()
        .expect("the server's binary")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("text")
}

const GOOD: &[(&str, &str)] = &[
    ("JIMM_UUID", "3217dbc9-8ea9-4381-9e97-01eab0b3f6bb"),
    ("JIMM_DNS_NAME", "jimm.example.com"),
    ("JIMM_DSN", "postgresql://jimm:hunter2@localhost/jimm"),
    ("JIMM_ADMINS", "alice@example.com"),
    ("JIMM_SEALING_KEY", "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="),
    ("JIMM_SESSION_SECRET_KEY", "0123456789012345678901234567890123456789012345678901234567890123"),
    ("JIMM_OAUTH_ISSUER_URL", "https://login.example.com"),
    ("JIMM_OAUTH_CLIENT_ID", "jimm"),
];

#[test]
fn check_config_is_content_with_a_good_configuration() {
    let output = jimmsrv(&["check-config"], GOOD);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    assert_eq!(text(&output.stdout), "the configuration is good\n");
    assert_eq!(text(&output.stderr), "");
}

#[test]
fn check_config_explains_every_mistake_and_shows_no_secret() {
    let mut env = GOOD.to_vec();
    env.retain(|(name, _)| *name != "JIMM_UUID");
    env.extend([
        ("JIMM_DSN", "mysql://jimm:hunter2@localhost/jimm"),
        ("JIMM_LOG_SQL", "on"),
        ("JIMM_OAUTH_ISUER_URL", "https://login.example.com"),
    ]);
    let output = jimmsrv(&["check-config"], &env);
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(text(&output.stdout), "");
    let expected = "\
warning: JIMM_OAUTH_ISUER_URL is not a variable of the broker; did you mean JIMM_OAUTH_ISSUER_URL?
error: 3 mistakes in the configuration:
  JIMM_UUID is not set, and has no default
    expected a UUID; example: JIMM_UUID=3217dbc9-8ea9-4381-9e97-01eab0b3f6bb
  JIMM_DSN (not shown) does not begin with postgresql://
    expected a Postgres URL: postgresql://user:password@host/database; example: JIMM_DSN=postgresql://jimm:password@db.example.com/jimm
  JIMM_LOG_SQL is \"on\": it is neither true nor false
    expected true or false (also 1, 0, yes, no); example: JIMM_LOG_SQL=true
";
    assert_eq!(text(&output.stderr), expected);
}

#[test]
fn check_config_reads_the_file_it_is_told() {
    let file = tempfile::Builder::new().suffix(".toml").tempfile().unwrap();
    std::fs::write(file.path(), "ping_timeout = \"soon\"\n").unwrap();
    let output = jimmsrv(&["check-config", "--file", file.path().to_str().unwrap()], GOOD);
    assert_eq!(output.status.code(), Some(2));
    let told = text(&output.stderr);
    assert!(told.contains("JIMM_PING_TIMEOUT is \"soon\": it") && told.contains(".toml)"), "{told}");
}

#[test]
fn serve_refuses_a_bad_configuration_the_same_way() {
    for args in [&["serve"][..], &[]] {
        let output = jimmsrv(args, &[]);
        assert_eq!(output.status.code(), Some(2));
        assert!(text(&output.stderr).contains("JIMM_UUID is not set"), "{}", text(&output.stderr));
    }
}

#[test]
fn version_and_reference_go_to_stdout() {
    assert_eq!(text(&jimmsrv(&["version"], &[]).stdout), concat!(env!("CARGO_PKG_VERSION"), "\n"));
    assert!(text(&jimmsrv(&["config-reference"], &[]).stdout).starts_with("# Configuration\n"));
    assert_eq!(jimmsrv(&["no-such-command"], &[]).status.code(), Some(2));
}
