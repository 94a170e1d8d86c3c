//! `jimmctl login`, as somebody does it who has no Juju client.

use std::io::{BufRead as _, BufReader, Read as _};
use std::path::Path;
use std::process::{Command, Stdio};

use jimm_tests::app::{AppOptions, TestApp};
use jimm_tests::process::built;

fn jimmctl(home: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(built("jimmctl"));
    for (name, _) in std::env::vars_os() {
        let inherited = name.to_string_lossy().into_owned();
        if inherited.starts_with("JIMM_") || inherited.starts_with("JUJU_") || inherited.starts_with("XDG_") {
            command.env_remove(name);
        }
    }
    command.env("HOME", home).args(args).stdin(Stdio::null());
    command
}

/// Runs a command that asks for a code, which this person enters; answers the exit code and the rest of what it said.
fn with_code(app: &TestApp, email: &str, mut command: Command) -> (i32, String) {
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().expect("it runs");
    let mut said = BufReader::new(child.stderr.take().expect("piped"));
    let mut line = String::new();
    said.read_line(&mut line).expect("a line");
    let code = line.split_once("enter code ").and_then(|(_, rest)| rest.split(' ').next()).expect(&line).to_owned();
    assert!(app.idp.approve(&code, email), "the provider knows no code {code}");
    let mut rest = String::new();
    said.read_to_string(&mut rest).expect("the rest");
    (child.wait().expect("it ends").code().unwrap_or(-1), rest)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_login_is_remembered_and_the_next_command_asks_for_nothing() {
    let app = TestApp::with(AppOptions::default()).await;
    let home = tempfile::tempdir().expect("a directory");
    let ca = app.plan.tls.ca.display().to_string();
    let address = app.plan.address();
    let login = |name| jimmctl(home.path(), &["login", &address, "-c", name, "--ca-cert", &ca]);

    let (code, said) = with_code(&app, "alice@example.com", login("jimm"));
    assert_eq!((code, said.as_str()), (0, format!("Logged in to jimm ({address}) as alice@example.com.\n").as_str()));
    let next = jimmctl(home.path(), &["models", "-B", "--format", "json"]).output().expect("it runs");
    assert_eq!(String::from_utf8_lossy(&next.stdout), "[]\n", "{}", String::from_utf8_lossy(&next.stderr));

    // Again, as somebody else, without the address.
    let (code, said) = with_code(&app, "bob@example.com", jimmctl(home.path(), &["login"]));
    assert!(code == 0 && said.contains("as bob@example.com"), "{code}: {said}");

    // A client that trusted the system's roots keeps no CA, and who is to trust the broker next may need it.
    let store = home.path().join(".local/share/juju/controllers.yaml");
    let text = std::fs::read_to_string(&store).expect("the store");
    std::fs::write(&store, text.replace("ca-cert:", "no-ca-cert:")).expect("written");
    let models = |more: &[&str]| jimmctl(home.path(), &[&["models", "-B"], more].concat()).output().expect("it runs");
    assert!(!models(&[]).status.success());
    let told = models(&["--ca-cert", &ca]);
    assert!(told.status.success(), "{}", String::from_utf8_lossy(&told.stderr));
    std::fs::write(&store, &text).expect("written");

    // The name of another controller stays that controller's.
    std::fs::write(&store, text.replace(&app.plan.uuid, "00000000-0000-4000-8000-000000000000")).expect("written");
    let (code, said) = with_code(&app, "alice@example.com", login("jimm"));
    assert!(code == 1 && said.contains("choose another name"), "{code}: {said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_login_that_cannot_be_says_why() {
    let home = tempfile::tempdir().expect("a directory");
    for (args, code, text) in [
        (&["login"][..], 1, "jimmctl login HOST:PORT"),
        (&["login", "http://h"][..], 2, "is not an address of a broker"),
        (&["login", "127.0.0.1:1"][..], 1, "cannot connect to the broker at 127.0.0.1:1"),
        (&["login", "h:1", "--ca-cert", "/nowhere"][..], 1, "cannot read the CA certificate /nowhere"),
    ] {
        let output = jimmctl(home.path(), args).output().expect("it runs");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.code() == Some(code) && said.contains(text), "{args:?}: {said}");
    }
    assert!(!home.path().join(".local").exists(), "a failed login leaves nothing behind");
}

#[test]
fn a_controller_on_the_command_line_wins_over_an_address_in_the_environment() {
    let home = tempfile::tempdir().expect("a directory");
    let mut command = jimmctl(home.path(), &["-c", "nosuch", "models"]);
    let output = command.env("JIMM_URL", "127.0.0.1:1").output().expect("it runs");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.contains("controller nosuch not found"), "{said}");
    let output = jimmctl(home.path(), &["models"]).env("JIMM_URL", "127.0.0.1:1").output().expect("it runs");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.contains("cannot connect to the broker at 127.0.0.1:1"), "{said}");
}
