//! Files and arguments of `jimmctl` that are half written or something else: exit code, one clear error, nothing done.

use std::path::Path;
use std::process::{Command, Stdio};

use jimm_tests::app::{AppOptions, Said, TestApp};
use jimm_tests::process::built;

use crate::support::{broker, rows};

fn is_clear(said: &Said, what: &str) {
    assert!(said.code == 1 || said.code == 2, "{what}: exit code {}: {}", said.code, said.err);
    assert!(said.err.starts_with("ERROR ") || said.err.starts_with("error: "), "{what}: {}", said.err);
    assert!(!said.err.contains("panicked") && !said.err.contains("internal error"), "{what}: {}", said.err);
    assert!(said.err.len() < 3000, "{what}: {} bytes", said.err.len());
}

#[tokio::test]
async fn a_half_written_file_attaches_nothing() {
    let app = TestApp::with(AppOptions { sims: vec!["3.6".into()], env: Vec::new() }).await;
    let plan = app.sims[0].plan.clone();
    let before = rows(&app).await;
    let whole = plan.attach_file().expect("a file");
    let path = app.dir().join("attach.yaml");
    let end = whole.find("-----END").expect("a certificate");
    let attach = async |text: &[u8], what: &str| {
        std::fs::write(&path, text).expect("a file");
        let said = app.jimmctl(&["add-controller", &path.display().to_string()]).await;
        is_clear(&said, what);
        assert!(!said.err.contains(&plan.password), "{what}: {}", said.err);
        said.err
    };
    // Written up to there, and no further.
    for length in (0..end).step_by(end / 40) {
        attach(&whole.as_bytes()[..length], &format!("{length} bytes")).await;
    }
    let without = |key: &str| whole.lines().filter(|line| !line.starts_with(key)).collect::<Vec<_>>().join("\n");
    for (key, text) in [
        ("name:", "it has no name"),
        ("uuid:", "it has no uuid"),
        ("username:", "it has no username"),
        ("password:", "it has no password"),
    ] {
        let err = attach(without(key).as_bytes(), key).await;
        assert!(err.contains(text) && err.contains("hint: \"jimmctl controller-info\" writes such a file"), "{err}");
    }
    let with = |key: &str, value: &str| {
        let line = |line: &str| if line.starts_with(key) { format!("{key} {value}") } else { line.to_owned() };
        whole.lines().map(line).collect::<Vec<_>>().join("\n")
    };
    for (what, text, expected) in [
        ("a number", "7", "invalid type"),
        ("a list", "[a, b]", "invalid type"),
        ("broken YAML", "name: [", "as YAML"),
        ("two documents", "name: a\n---\nname: b\n", "as YAML"),
        ("tabs", "name:\n\t- x", "as YAML"),
        ("the same key twice", "name: a\nname: b\n", "duplicate field"),
        ("nothing but nulls", "name: ~\nuuid: ~\npassword: ~\n", "not complete"),
        ("laughs", "a: &a [x,x]\nb: &b [*a,*a]\nc: &c [*b,*b]\nname: *c\n", "as YAML"),
        ("a secret list", &with("password:", "{s3cret-word: 1}"), "password: invalid type: map, expected a string"),
        ("one address", &with("- ", "").replace("api-addresses:", "api-addresses: s3cret-host"), "as YAML"),
        ("another UUID", &with("uuid:", "11111111-1111-4111-8111-111111111111"), "check its addresses"),
        ("no UUID", &with("uuid:", "nonsense"), "is not the UUID of a controller"),
        ("our UUID", &with("uuid:", &app.plan.uuid), "the UUID of the broker itself"),
        ("our name", &with("name:", "jimm"), "cannot add a controller with name"),
        ("a name with blanks", &with("name:", "a b"), "is not a valid controller name"),
        ("a long name", &with("name:", &"x".repeat(100_000)), "is not a valid controller name"),
        ("a wrong password", &with("password:", "wrong-s3cret"), "invalid entity name or password"),
        ("a wrong user", &with("username:", "nobody"), "invalid entity name or password"),
        ("no port", &whole.replace(&format!("- {}", plan.address()), "- 127.0.0.1"), "host:port"),
        ("a closed port", &whole.replace(&format!("- {}", plan.address()), "- 127.0.0.1:1"), "refused"),
        ("a wrong host", &whole.replace(&format!("- {}", plan.address()), "- no.invalid:17070"), "dial no.invalid"),
    ] {
        let err = attach(text.as_bytes(), what).await;
        assert!(err.contains(expected) && !err.contains("s3cret"), "{what}: {err}");
    }
    attach(b"\xff\xfe\0\0\x01binary", "binary").await;
    attach(&vec![b'#'; 2 << 20], "two megabytes").await;
    assert_eq!(rows(&app).await, before, "nothing is half attached");
    for path in [app.dir().join("nowhere"), app.dir().to_owned(), "/dev/zero".into(), "/proc/self/mem".into()] {
        let said = app.jimmctl(&["add-controller", &path.display().to_string()]).await;
        is_clear(&said, &path.display().to_string());
        assert!(said.err.contains(&path.display().to_string()), "{}", said.err);
    }
    assert_eq!(rows(&app).await, before, "nothing is half attached");
    assert!(!app.broker_log().contains(&plan.password) && !app.broker_log().contains("s3cret"));
    app.attach_all().await;
}

#[tokio::test]
async fn arguments_that_make_no_sense_are_told() {
    let app = broker(&[]).await;
    let uuid = "11111111-1111-4111-8111-111111111111";
    let long = "x".repeat(60_000);
    let dir = app.dir().display().to_string();
    let many: &[&[&str]] = &[
        &["import-model"],
        &["import-model", "c"],
        &["import-model", "c", "nonsense"],
        &["import-model", "nowhere", uuid],
        &["import-model", "a\nb", uuid, "--owner", "alice@example.com"],
        &["import-model", "nowhere", uuid, "--owner", "'; DROP TABLE models; --"],
        &["import-model", &long, uuid],
        &["show-controller", "nowhere"],
        &["show-controller", ""],
        &["show-controller", &long],
        &["remove-controller", "nowhere", "--force"],
        &["set-controller-deprecated", "ä"],
        &["migrate", "nowhere", uuid],
        &["migrate", "nowhere", "a/b/c/d"],
        &["migrate", "nowhere", "alice@example.com/💥"],
        &["update-migrated-model", "nowhere", uuid],
        &["list-migration-targets", "nonsense"],
        &["show-model", uuid],
        &["model-status", "x"],
        &["--url", "http://localhost:1", "list-controllers"],
        &["--url", "nonsense:port", "list-controllers"],
        &["--url", "127.0.0.1:1", "list-controllers"],
        &["--url", "", "list-controllers"],
        &["--ca-cert", &dir, "list-controllers"],
        &["--ca-cert", "/dev/null", "list-controllers"],
        &["--timeout", "-1", "list-controllers"],
        &["list-controllers", "--format", "xml"],
        &["nonsense"],
        &["\u{1b}[31m"],
    ];
    for args in many {
        let said = app.jimmctl(args).await;
        is_clear(&said, &format!("{args:.60?}"));
    }
    assert!(app.log_lines().iter().all(|line| line["level"] != "ERROR"));
}

/// The folder that Juju's clients share may hold anything.
#[test]
fn a_broken_client_store_is_named() {
    let home = tempfile::tempdir().expect("a folder");
    let run = |controllers: &[u8], accounts: &[u8]| {
        std::fs::write(home.path().join("controllers.yaml"), controllers).expect("a file");
        std::fs::write(home.path().join("accounts.yaml"), accounts).expect("a file");
        jimmctl(home.path())
    };
    for (what, controllers, accounts) in [
        ("empty", "", ""),
        ("broken", "controllers: [", ""),
        ("a list", "- a\n- b\n", "7"),
        ("no current one", "controllers: {a: {uuid: u}}\n", ""),
        ("one that is not there", "controllers: {}\ncurrent-controller: a\n", ""),
        ("no addresses", "controllers: {a: {uuid: u}}\ncurrent-controller: a\n", ""),
        ("addresses of other types", "controllers: {a: {api-endpoints: 7}}\ncurrent-controller: a\n", ""),
        ("a wrong address", "controllers: {a: {api-endpoints: [x]}}\ncurrent-controller: a\n", ""),
        ("a broken CA", "controllers: {a: {api-endpoints: ['h:1'], ca-cert: x}}\ncurrent-controller: a\n", ""),
        ("broken accounts", "controllers: {a: {api-endpoints: ['h:1']}}\ncurrent-controller: a\n", "controllers: ["),
    ] {
        is_clear(&run(controllers.as_bytes(), accounts.as_bytes()), what);
    }
    is_clear(&run(b"\xff\xfe", b""), "binary");
}

fn jimmctl(store: &Path) -> Said {
    let mut command = Command::new(built("jimmctl"));
    for name in ["JIMM_CLIENT_ID", "JIMM_CLIENT_SECRET", "JIMM_SESSION_TOKEN", "JIMM_CA", "JIMM_URL"] {
        command.env_remove(name);
    }
    let output =
        command.args(["list-controllers"]).env("JUJU_DATA", store).stdin(Stdio::null()).output().expect("it runs");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    Said { out: text(&output.stdout), err: text(&output.stderr), code: output.status.code().unwrap_or(-1) }
}
