//! Logins that end badly: each with one clear hint, never with a second code, and the next one works.

use std::io::{BufRead as _, BufReader, Read as _};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use jimm_tests::app::TestApp;
use jimm_tests::idp::Faults;
use jimm_tests::process::built;
use serde_json::json;

use crate::support::{ALICE, BOB, DEADLINE, admin, alone, call, refused};

/// `jimmctl` as somebody runs it who has only a client store.
fn jimmctl(home: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(built("jimmctl"));
    for (name, _) in std::env::vars_os() {
        let inherited = name.to_string_lossy().into_owned();
        if inherited.starts_with("JIMM_") || inherited.starts_with("JUJU_") || inherited.starts_with("XDG_") {
            command.env_remove(name);
        }
    }
    command.env("HOME", home).args(args).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
    command
}

/// Runs a command that asks for a code, which is then decided on; answers the exit code and the rest of what it said.
fn decided(mut command: Command, decide: impl FnOnce(&str) -> bool) -> (i32, String) {
    let mut child = command.spawn().expect("it runs");
    let mut said = BufReader::new(child.stderr.take().expect("piped"));
    let mut line = String::new();
    said.read_line(&mut line).expect("a line");
    let code = line.split_once("enter code ").and_then(|(_, rest)| rest.split(' ').next()).expect(&line).to_owned();
    assert!(decide(&code), "the provider knows no code {code}");
    let mut rest = String::new();
    said.read_to_string(&mut rest).expect("the rest");
    (child.wait().expect("it ends").code().unwrap_or(-1), rest)
}

fn at_once(mut command: Command) -> (i32, String) {
    let output = command.output().expect("it runs");
    (output.status.code().unwrap_or(-1), String::from_utf8_lossy(&output.stderr).into_owned())
}

/// One error, one hint, no second code.
fn assert_one_hint((code, said): (i32, String), error: &str, hint: &str) {
    let lines: Vec<&str> = said.lines().collect();
    assert!(code == 1 && lines.len() == 2, "{error}: {code}: {said}");
    assert!(lines[0].starts_with("ERROR ") && lines[0].contains(error), "{error}: {said}");
    assert!(lines[1].starts_with("hint: ") && lines[1].contains(hint), "{error}: {said}");
}

fn log_in(app: &TestApp, home: &Path, user: &str) {
    let (address, ca) = (app.plan.address(), app.plan.tls.ca.display().to_string());
    let login = jimmctl(home, &["login", &address, "-c", "jimm", "--ca-cert", &ca]);
    let (code, said) = decided(login, |code| app.idp.approve(code, user));
    assert_eq!(code, 0, "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_login_that_the_provider_spoils_ends_with_one_hint_and_the_next_one_works() {
    let app = alone(&[]).await;
    let home = tempfile::tempdir().expect("a folder");
    let (address, ca) = (app.plan.address(), app.plan.tls.ca.display().to_string());
    let login = || jimmctl(home.path(), &["login", &address, "-c", "jimm", "--ca-cert", &ca]);
    for (faults, error, hint) in [
        (Faults { email_unverified: true, ..Faults::default() }, "is not verified", "whose address is verified"),
        (Faults { wrong_audience: true, ..Faults::default() }, "its audience is another client", "name another client"),
        (Faults { expired_tokens: true, ..Faults::default() }, "it has expired", "run the command again"),
        (Faults { no_email: true, ..Faults::default() }, "has no claim", "administrator"),
        (Faults { no_id_token: true, ..Faults::default() }, "failed to extract id token", "scope openid"),
    ] {
        app.idp.fail(faults);
        assert_one_hint(decided(login(), |code| app.idp.approve(code, ALICE)), error, hint);
        app.idp.fail(Faults::default());
    }
    assert_one_hint(decided(login(), |code| app.idp.deny(code)), "was refused", "agree in the browser");
    assert_one_hint(decided(login(), |code| app.idp.expire(code)), "code has expired", "run the command again");
    assert!(!home.path().join(".local/share/juju/accounts.yaml").exists(), "nothing is remembered of these");
    log_in(&app, home.path(), ALICE);
    assert_eq!(at_once(jimmctl(home.path(), &["models", "-B"])), (0, String::new()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_that_has_expired_is_begun_again_with_one_code() {
    // Longer than a busy machine takes from the login to the command after it.
    let app = alone(&[("JIMM_ACCESS_TOKEN_EXPIRY_DURATION", "8s")]).await;
    let home = tempfile::tempdir().expect("a folder");
    log_in(&app, home.path(), ALICE);
    let began = Instant::now();
    while at_once(jimmctl(home.path(), &["models", "-B"])).0 == 0 {
        assert!(began.elapsed() < DEADLINE, "it never expires");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    let without = at_once(jimmctl(home.path(), &["models", "-B"]));
    assert_one_hint(without, "JIMM session token expired", "log in with \"jimmctl login\"");
    // Somebody else at the browser is no way to the models of another.
    let other = decided(jimmctl(home.path(), &["models"]), |code| app.idp.approve(code, BOB));
    assert_one_hint(
        other,
        "attempted login as \"bob@example.com\" for user \"alice@example.com\"",
        "log in as alice@example.com",
    );
    let again = decided(jimmctl(home.path(), &["models"]), |code| app.idp.approve(code, ALICE));
    assert_eq!(again, (0, String::new()), "the command goes on after the login");
    assert_eq!(at_once(jimmctl(home.path(), &["models", "-B"])), (0, String::new()), "and it is remembered");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stale_identity_in_the_client_store_is_told_and_mended() {
    let app = alone(&[]).await;
    let home = tempfile::tempdir().expect("a folder");
    log_in(&app, home.path(), ALICE);
    let accounts = home.path().join(".local/share/juju/accounts.yaml");
    let text = std::fs::read_to_string(&accounts).expect("the store");
    std::fs::write(&accounts, text.replace(ALICE, BOB)).expect("written");
    let stale = at_once(jimmctl(home.path(), &["models", "-B"]));
    assert_one_hint(
        stale,
        "attempted login as \"alice@example.com\" for user \"bob@example.com\"",
        "jimmctl login -c jimm",
    );
    let mended = decided(jimmctl(home.path(), &["login", "-c", "jimm"]), |code| app.idp.approve(code, ALICE));
    assert_eq!(mended.0, 0, "{}", mended.1);
    assert_eq!(at_once(jimmctl(home.path(), &["models", "-B"])), (0, String::new()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_disabled_user_is_told_so_and_asked_for_no_code() {
    let app = alone(&[]).await;
    let home = tempfile::tempdir().expect("a folder");
    log_in(&app, home.path(), ALICE);
    let alice = json!({"entities": [{"tag": format!("user-{ALICE}")}]});
    let admin = admin(&app).await;
    call(&admin, "UserManager", 3, "DisableUser", alice.clone()).await.expect("disabled");
    assert_one_hint(at_once(jimmctl(home.path(), &["models"])), "is disabled", "jimmctl enable-user");
    let login = decided(jimmctl(home.path(), &["login"]), |code| app.idp.approve(code, ALICE));
    assert_one_hint(login, "is disabled", "jimmctl enable-user");
    call(&admin, "UserManager", 3, "EnableUser", alice).await.expect("enabled");
    let again = decided(jimmctl(home.path(), &["models"]), |code| app.idp.approve(code, ALICE));
    assert_eq!(again, (0, String::new()));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_old_client_is_refused_and_the_session_that_there_was_lives_on() {
    let app = alone(&[]).await;
    let token = app.token(ALICE).await.expect("a token");
    let connection = app.door.dial("/api").await.expect("a connection");
    let old = json!({"auth-tag": format!("user-{ALICE}"), "credentials": "", "macaroons": null});
    let error = call(&connection, "Admin", 3, "Login", old).await.expect_err("old");
    assert_eq!(error, ("JIMM does not support login from old clients".to_owned(), "not supported".to_owned()));
    let token = json!({"session-token": token});
    call(&connection, "Admin", 4, "LoginWithSessionToken", token).await.expect("on the same connection");
    assert!(
        refused(&app.door, "").await.ends_with("(session token invalid)"),
        "a login with nothing begins the device flow"
    );
}
