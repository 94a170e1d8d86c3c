//! Every command that scripts and people know from the reference, under its old name and its new one: it is there, or it is
//! said here why not.

use std::collections::BTreeSet;
use std::os::unix::fs::symlink;
use std::process::{Command, Output};

use jimm_tests::app::{AppOptions, TestApp};
use jimm_tests::broker::ADMIN;
use jimm_tests::{given, process};
use serde_json::Value;

/// Both columns of the reference's table, and what its `jaas` plugin had besides.
const KNOWN: &[&str] = &[
    "add-controller",
    "register-controller",
    "controller-info",
    "controllers",
    "list-controllers",
    "remove-controller",
    "unregister-controller",
    "set-controller-deprecated",
    "add-cloud-to-controller",
    "add-cloud",
    "remove-cloud-from-controller",
    "remove-cloud",
    "import-model",
    "register-model",
    "import-cloud-credentials",
    "migrate",
    "migrate-internal",
    "update-migrated-model",
    "list-migration-targets",
    "show-model",
    "add-model",
    "model-status",
    "query-models",
    "list-audit-events",
    "audit-events",
    "purge-audit-logs",
    "grant-audit-log-access",
    "grant-audit-log",
    "revoke-audit-log-access",
    "revoke-audit-log",
    "auth group add",
    "auth group rename",
    "auth group remove",
    "auth group list",
    "add-group",
    "rename-group",
    "remove-group",
    "list-groups",
    "add-role",
    "rename-role",
    "remove-role",
    "list-roles",
    "auth relation add",
    "auth relation remove",
    "auth relation check",
    "auth relation list",
    "add-permissions",
    "remove-permissions",
    "check-permissions",
    "list-permissions",
    "add-service-account",
    "grant-service-account-access",
    "list-service-account-credentials",
    "update-service-account-credential",
    "prepare-migration",
    "bootstrap",
    "bootstrap-status",
    "job-status",
    "bootstrap-stop",
    "destroy-controller",
    "upgrade-to",
    "list-jobs",
];

/// Those that are not there, and why.
const NOT_HERE: &[(&str, &str)] = &[];

fn run(program: &str, args: &[&str], env: &[(&str, &str)]) -> Output {
    let mut command = Command::new(program);
    command
        .args(args)
        .env_remove("JIMM_URL")
        .env_remove("JUJU_CONTROLLER")
        .env_remove("JUJU_DATA")
        .envs(env.iter().copied());
    command.output().expect("it runs")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn every_command_of_the_reference_is_here_or_excused() {
    let jimmctl = process::built("jimmctl");
    let excused: BTreeSet<&str> = NOT_HERE.iter().map(|(name, _)| *name).collect();
    for name in KNOWN {
        let mut words: Vec<&str> = name.split(' ').collect();
        words.push("--help");
        let output = run(&jimmctl.display().to_string(), &words, &[]);
        let here = output.status.code() == Some(0);
        assert_eq!(here, !excused.contains(name), "{name}: {}", text(&output.stderr));
        assert!(!here || text(&output.stdout).contains("Usage: "), "{name}");
    }
    assert!(excused.iter().all(|name| KNOWN.contains(name)), "what is excused is known");
}

#[test]
fn as_a_plugin_it_goes_by_the_name_that_is_typed() {
    let dir = tempfile::tempdir().expect("a folder");
    let plugin = dir.path().join("juju-jaas");
    symlink(process::built("jimmctl"), &plugin).expect("a link");
    let plugin = plugin.display().to_string();
    let output = run(&plugin, &["--description"], &[]);
    assert_eq!((output.status.code(), text(&output.stdout).lines().count()), (Some(0), 1));
    let help = text(&run(&plugin, &["--help"], &[]).stdout);
    assert!(help.contains("juju jaas controllers") && !help.contains("jimmctl"), "{help}");
    let help = text(&run(&plugin, &["migrate", "--help"], &[]).stdout);
    assert!(help.contains("Usage: juju jaas migrate [OPTIONS] CONTROLLER MODEL..."), "{help}");
    assert!(text(&run(&plugin, &["--help"], &[]).stdout).contains("Usage: juju jaas [OPTIONS] <COMMAND>"));
    let output = run(&plugin, &["nosuch"], &[]);
    let told = text(&output.stderr);
    assert!(output.status.code() == Some(2) && told.contains("Usage: juju jaas"), "{told}");
    let home = dir.path().display().to_string();
    let output = run(&plugin, &["models"], &[("HOME", home.as_str())]);
    let told = text(&output.stderr);
    assert!(output.status.code() == Some(1) && told.contains("\"juju jaas login HOST:PORT\""), "{told}");
    assert!(!told.contains("jimmctl"), "{told}");
    // What Juju's client makes of its own -c.
    let output = run(&plugin, &["models"], &[("HOME", home.as_str()), ("JUJU_CONTROLLER", "mine")]);
    assert!(text(&output.stderr).contains("controller mine not found"), "{}", text(&output.stderr));
    let output = run(&process::built("jimmctl").display().to_string(), &["--description"], &[]);
    assert_eq!(output.status.code(), Some(2), "it is a plugin's");
}

const METAL: &str = "clouds:\n  metal:\n    type: maas\n    auth-types: [oauth1]\n    endpoint: http://metal/MAAS\n    regions: {zone-1: {}}\n";

#[tokio::test(flavor = "multi_thread")]
async fn clouds_models_and_credentials_come_by_command() {
    let app = TestApp::with(AppOptions { sims: vec!["3.6".into(), "3.6".into()], env: Vec::new() }).await;
    app.attach_all().await;
    let ok = async |args: &[&str]| {
        let said = app.jimmctl(args).await;
        assert_eq!(said.code, 0, "{args:?}: {}", said.err);
        said
    };
    let refused = async |args: &[&str], told: &str| {
        let said = app.jimmctl(args).await;
        assert!(said.code != 0 && said.err.contains(told), "{args:?}: {}", said.err);
    };
    // A cloud on the second controller, and on the first as well.
    let file = app.dir().join("metal.yaml");
    std::fs::write(&file, METAL).expect("a file");
    let file = file.display().to_string();
    refused(&["add-cloud-to-controller", "sim2", "metal", "--cloud", &file], "incompatible clouds").await;
    ok(&["add-cloud-to-controller", "sim2", "metal", "--cloud", &file, "--force"]).await;
    refused(&["add-cloud", "nowhere", "metal", "--cloud", &file], "controller not found").await;
    refused(&["add-cloud", "sim1", "other", "--cloud", &file], "defines no cloud").await;
    refused(&["add-cloud", "sim1", "metal"], "could not find existing cloud, please provide a cloud file").await;
    refused(&["add-cloud", "sim1"], "missing arguments").await;
    refused(&["remove-cloud", "sim1", "metal"], "cloud not hosted by controller").await;

    // Credentials from elsewhere, for two people; one of them is none.
    let kept = format!(
        r#"{{"_id": "metal/{ADMIN}/main", "type": "oauth1", "attributes": {{"maas-oauth": "a:b:c"}}}}
           {{"_id": "metal/bob/main", "type": "oauth1", "attributes": {{"maas-oauth": "d:e:f"}}}}
           {{"_id": "metal/main", "type": "oauth1"}} {{"_id": "nowhere/bob/main", "type": "oauth1"}}"#
    );
    let said = app.jimmctl_told(&["import-cloud-credentials", "-"], &kept).await;
    assert!(said.code == 1 && said.err.contains("2 credentials imported"), "{}", said.err);
    assert!(said.err.contains("\"metal/main\" is not CLOUD/OWNER/NAME"), "{}", said.err);
    assert!(said.err.contains("cloud \"nowhere\" not found") && !said.err.contains("a:b:c"), "{}", said.err);
    let stored = app.db.fetch("SELECT string_agg(owner, ' ' ORDER BY owner) FROM credentials").await;
    assert_eq!(stored.expect("the database"), Some(format!("{ADMIN} bob@external")));
    refused(&["import-cloud-credentials"], "filename not specified").await;

    // A model on the controller of one's choice.
    let said = ok(&["add-model", "shop", "metal/zone-1", "--owner", ADMIN, "--credential", "main"]).await;
    assert_eq!(said.err.trim(), format!("Added 'shop' model on metal/zone-1 for user '{ADMIN}'"));
    let cloud = given::cloud_of(&app.sims[0].plan).await.expect("a cloud");
    let admin = app.connect(ADMIN).await.expect("the admin");
    given::upload_credential(&admin, &cloud, ADMIN).await.expect("a credential");
    for (name, host) in [("left", "sim1"), ("right", "sim2")] {
        ok(&["add-model", name, &cloud, "--owner", ADMIN, "--target-controller", host, "--config", "a=b"]).await;
    }
    let listed: Value = serde_json::from_str(&ok(&["models", "--format", "json"]).await.out).expect("JSON");
    let mut homes: Vec<(&str, &str)> = listed
        .as_array()
        .expect("a list")
        .iter()
        .map(|row| (row["name"].as_str().unwrap_or_default(), row["controller-name"].as_str().unwrap_or_default()))
        .collect();
    homes.sort_unstable();
    assert_eq!(homes, [("left", "sim1"), ("right", "sim2"), ("shop", "sim2")]);
    refused(&["add-model"], "model name is required").await;
    refused(&["add-model", "x", &cloud, "--owner", ADMIN, "--target-controller", "nowhere"], "nowhere").await;

    // It goes from one controller only, and from the broker with the last.
    ok(&["add-cloud", "sim1", "metal", "--cloud", &file, "--force"]).await;
    ok(&["remove-cloud-from-controller", "sim1", "metal"]).await;
    let left = app.db.fetch("SELECT count(*)::text FROM cloud_region_priorities WHERE cloud = 'metal'").await;
    assert_eq!(left.expect("the database").as_deref(), Some("1"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_controller_of_the_client_store_is_registered_in_one_step() {
    let app = TestApp::with(AppOptions { sims: vec!["3.6".into()], env: Vec::new() }).await;
    let plan = &app.sims[0].plan;
    let ca = plan.door().expect("it runs").ca.trim_end().replace('\n', "\n      ");
    let store = app.dir().join(".local/share/juju");
    std::fs::create_dir_all(&store).expect("a folder");
    let controllers = format!(
        "controllers:\n  sim1:\n    uuid: {}\n    api-endpoints: ['{}']\n    ca-cert: |\n      {ca}\n",
        plan.uuid,
        plan.address()
    );
    let accounts = format!("controllers:\n  sim1: {{user: {}, password: {}}}\n", plan.user, plan.password);
    std::fs::write(store.join("controllers.yaml"), controllers).expect("a file");
    std::fs::write(store.join("accounts.yaml"), accounts).expect("a file");
    let said = app.jimmctl(&["register-controller", "sim1"]).await;
    assert!(said.code == 2 && said.err.contains("provide either a public address or use --local"), "{}", said.err);
    let said = app.jimmctl(&["register-controller"]).await;
    assert!(said.code == 2 && said.err.contains("controller name not specified"), "{}", said.err);
    let said = app.jimmctl(&["register-controller", "sim1", "--local", "--dry-run"]).await;
    assert!(said.code == 0 && said.out.contains(&format!("uuid: {}", plan.uuid)), "{}", said.err);
    assert_eq!(app.jimmctl(&["list-controllers"]).await.out, "[]\n", "nothing is attached yet");
    let said = app.jimmctl(&["register-controller", "sim1", "--local"]).await;
    assert!(said.code == 0 && said.out.starts_with("name: sim1\n"), "{}", said.err);
    let said = app.jimmctl(&["unregister-controller", "sim1", "--force"]).await;
    assert_eq!(said.code, 0, "{}", said.err);
}
