//! `jimmctl rotate-sealing-key`: everything is sealed anew while it is used, by whichever replica, as often as one likes.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jimm_store::sealed::Column;
use jimm_tests::app::{AppOptions, TestApp};
use jimm_tests::process::{self, eventually};
use jimm_tests::{broker, given};
use rand::Rng as _;
use serde_json::Value;

use crate::support::{DEADLINE, password, upload};

fn new_key() -> String {
    STANDARD.encode(rand::rng().random::<[u8; 32]>())
}

async fn rotate(app: &TestApp) -> Value {
    let said = app.jimmctl(&["rotate-sealing-key", "--format", "json"]).await;
    assert_eq!(said.code, 0, "{} {}", said.out, said.err);
    serde_json::from_str(&said.out).expect("JSON")
}

/// The counts of the last rotation: sealed anew, as they should be before, changed meanwhile, lost.
fn counts(status: &Value) -> [i64; 4] {
    ["rewrapped", "already-current", "changed-meanwhile", "lost"]
        .map(|name| status["rotation"][name].as_i64().expect("a count"))
}

#[tokio::test(flavor = "multi_thread")]
async fn every_secret_is_sealed_anew_and_a_second_time_nothing_is() {
    let (old, new) = (new_key(), new_key());
    let env = vec![("JIMM_SEALING_KEY".to_owned(), old.clone())];
    let app = TestApp::with(AppOptions { sims: vec!["3.6".into()], env }).await;
    app.attach_all().await;
    let cloud = given::cloud_of(&app.sims[0].plan).await.expect("a cloud");
    for number in 0..120 {
        assert_eq!(upload(&app, &cloud, &format!("c{number}"), &format!("password-{number}")).await, None);
    }
    assert_eq!(counts(&rotate(&app).await), [0, 123, 0, 0], "with one key there is nothing to do");

    app.stop_broker().await;
    let both = [("JIMM_SEALING_KEY", new.clone()), ("JIMM_SEALING_OLD_KEYS", old)];
    app.start_replica(&both).await.expect("a broker");
    assert_eq!(password(&app, &cloud, "c7").await.as_deref(), Ok("password-7"), "before the rotation");
    let status = rotate(&app).await;
    assert_eq!(counts(&status), [123, 0, 0, 0]);
    assert_eq!(status["secrets"].as_array().map(Vec::len), Some(1), "{status}");
    assert_eq!(status["secrets"][0]["sealed-with"], status["current"], "{status}");
    assert_eq!(counts(&rotate(&app).await), [0, 123, 0, 0]);

    app.stop_broker().await;
    app.start_replica(&[("JIMM_SEALING_KEY", new)]).await.expect("a broker without the old key");
    assert_eq!(password(&app, &cloud, "c7").await.as_deref(), Ok("password-7"));
    let table = app.jimmctl(&["rotate-sealing-key", "--status", "--format", "tabular"]).await;
    assert!(table.out.contains("123 were, 0 changed meanwhile, 0 lost"), "{}", table.out);
    assert!(!app.broker_log().contains("password-7"));
}

#[tokio::test(flavor = "multi_thread")]
async fn it_goes_on_where_a_killed_replica_left_it_and_beside_uploads() {
    let (old, new) = (new_key(), new_key());
    let env = vec![("JIMM_SEALING_KEY".to_owned(), old.clone()), ("JIMM_JOB_LEASE".to_owned(), "3s".to_owned())];
    let app = TestApp::with(AppOptions { sims: vec!["3.6".into()], env }).await;
    app.attach_all().await;
    let cloud = given::cloud_of(&app.sims[0].plan).await.expect("a cloud");
    // Rows as uploads would have made them; these do not open, and that is told.
    let many = format!(
        "INSERT INTO credentials (cloud, owner, name, auth_type, sealed)
         SELECT '{cloud}', 'svc-admin@serviceaccount', 'lost' || n, 'userpass', '\\x0102030405060708090a'
         FROM generate_series(1, 3) n"
    );
    for number in 0..60 {
        assert_eq!(upload(&app, &cloud, &format!("c{number}"), &format!("password-{number}")).await, None);
    }
    app.db.execute(&many).await.expect("rows");
    app.kill_broker();
    let both = [("JIMM_SEALING_KEY", new), ("JIMM_SEALING_OLD_KEYS", old)];
    app.start_replica(&both).await.expect("a broker");
    let second = process::free_port();
    let other = [
        both[0].clone(),
        both[1].clone(),
        ("JIMM_LISTEN_ADDR", format!("127.0.0.1:{second}")),
        ("JIMM_INTERNAL_LISTEN_ADDR", format!("127.0.0.1:{}", process::free_port())),
    ];
    app.start_replica(&other).await.expect("a second replica");
    let begun = app.jimmctl(&["rotate-sealing-key", "--no-wait", "--format", "json"]).await;
    assert_eq!(begun.code, 0, "{}", begun.err);
    for number in 0..10 {
        assert_eq!(upload(&app, &cloud, &format!("c{number}"), "changed").await, None);
    }
    app.kill_broker();
    app.start_replica(&both).await.expect("a broker again");
    let status = eventually("the rotation has ended", DEADLINE, async || {
        let said = app.jimmctl(&["rotate-sealing-key", "--status", "--format", "json"]).await;
        let status: Value = serde_json::from_str(&said.out).ok()?;
        (status["rotation"]["state"] == "failed").then_some(status)
    })
    .await;
    let [rewrapped, current, changed, lost] = counts(&status);
    assert_eq!((lost, rewrapped + current + changed), (3, 63), "{status}");
    let error = status["rotation"]["error"].as_str().expect("an error");
    assert!(error.contains("3 secrets do not open and are as they were (credentials"), "{error}");
    for number in 0..60 {
        let expected = if number < 10 { "changed".to_owned() } else { format!("password-{number}") };
        assert_eq!(password(&app, &cloud, &format!("c{number}")).await, Ok(expected), "c{number}");
    }
    app.db.execute("DELETE FROM credentials WHERE name LIKE 'lost%'").await.expect("removed");
    assert_eq!(counts(&rotate(&app).await)[3], 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replica_of_another_configuration_leaves_it_alone() {
    let (old, new) = (new_key(), new_key());
    let env = vec![("JIMM_SEALING_KEY".to_owned(), old.clone())];
    let app = TestApp::with(AppOptions { sims: Vec::new(), env }).await;
    let begun = app.jimmctl(&["rotate-sealing-key", "--format", "json"]).await;
    assert_eq!(begun.code, 0, "{}", begun.err);
    // As if a replica that has the new key already had asked.
    let target = "UPDATE jobs SET state = 'pending', finished_at = NULL, run_at = now(), step = '',
                  data = '{\"to\": \"key 0011233344556677\"}' WHERE kind = 'rotate-sealing-key'";
    app.db.execute(target).await.expect("a job");
    let told = "this replica seals with key ";
    eventually("the job is left", DEADLINE, async || app.broker_log().contains(told).then_some(())).await;
    let refused = app.jimmctl(&["rotate-sealing-key"]).await;
    assert!(
        refused.code == 1 && refused.err.contains("a rotation to key 0011233344556677 is in work"),
        "{}",
        refused.err
    );
    drop(new);
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_come_through_a_command_that_is_told_nothing_else() {
    // Wraps by swapping letters; notes how it was run.
    let app = TestApp::with(AppOptions::default()).await;
    let dir = app.dir();
    let program = dir.join("kms");
    let script =
        format!("#!/bin/sh\n(echo \"$@\"; env) >> {}/seen\nexec tr A-Za-z0-4 N-ZA-Mn-za-m0-4\n", dir.display());
    std::fs::write(&program, script).expect("written");
    assert!(std::process::Command::new("chmod").arg("700").arg(&program).status().expect("chmod").success());
    let words = serde_json::json!([program, "--key", "a b"]).to_string();
    let make = || {
        let env = [("JIMM_SEALING_WRAP_COMMAND", &words), ("JIMM_SEALING_UNWRAP_COMMAND", &words)];
        let mut command = broker::command(&env.map(|(name, value)| (name.to_owned(), value.clone())).into());
        let output = command.arg("new-sealing-key").output().expect("jimmsrv");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).expect("text")
    };
    let (first, second) = (make(), make());
    let (current, former) = (dir.join("current"), dir.join("former"));
    let settings = |old: bool| {
        let mut settings = vec![
            ("JIMM_SEALING_KEY", String::new()),
            ("JIMM_SEALING_KEY_PATH", current.display().to_string()),
            ("JIMM_SEALING_UNWRAP_COMMAND", words.clone()),
            ("JIMM_SECRET_STORE", "postgres".to_owned()),
        ];
        if old {
            settings.push(("JIMM_SEALING_OLD_KEYS_PATH", former.display().to_string()));
        }
        settings
    };
    app.stop_broker().await;
    // Nothing that the first broker sealed opens with a key that is new.
    for table in ["signing_keys", "audit_keys"] {
        app.db.execute(&format!("DELETE FROM {table}")).await.expect("no keys");
    }
    std::fs::write(&current, &first).expect("written");
    app.start_replica(&settings(false)).await.expect("a broker");
    app.stop_broker().await;
    std::fs::write(&current, &second).expect("written");
    std::fs::write(&former, &first).expect("written");
    app.start_replica(&settings(true)).await.expect("a broker with both");
    assert_eq!(counts(&rotate(&app).await), [2, 0, 0, 0], "the signing key, and that of the audit log");
    app.stop_broker().await;
    app.start_replica(&settings(false)).await.expect("a broker with the second");

    let seen = std::fs::read_to_string(dir.join("seen")).expect("seen");
    assert!(seen.contains("--key a b\n"), "{seen}");
    let plain = |wrapped: &str| {
        let turn = |c: char, a: u8| char::from((c as u8 - a + 13) % 26 + a);
        let back = |c: char| match c {
            'A'..='Z' => turn(c, b'A'),
            'a'..='z' => turn(c, b'a'),
            c => c,
        };
        wrapped.trim().chars().map(back).collect::<String>()
    };
    for secret in [plain(&first), plain(&second), app.plan.dsn.clone()] {
        assert!(!seen.contains(&secret) && !app.broker_log().contains(&secret), "{secret}");
    }
    app.stop_broker().await;
    std::fs::write(&program, "#!/bin/sh\nexit 7\n").expect("written");
    let error = format!("{:#}", app.start_replica(&settings(false)).await.expect_err("no broker"));
    assert!(error.contains("the sealing key of JIMM_SEALING_KEY_PATH is not unwrapped"), "{error}");
    assert!(error.contains("kms ended with exit status: 7"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_column_that_holds_secrets_is_known() {
    let app = TestApp::with(AppOptions::default()).await;
    let query =
        "SELECT string_agg(table_name || '.' || column_name, ' ' ORDER BY table_name) FROM information_schema.columns
                 WHERE table_schema = 'public' AND column_name LIKE '%sealed%'";
    let found = app.db.fetch(query).await.expect("columns").expect("some");
    let mut known: Vec<String> =
        Column::ALL.iter().map(|column| format!("{}.{}", column.table(), column.name())).collect();
    known.sort();
    assert_eq!(found, known.join(" "), "a new column is missing in jimm/store/src/sealed.rs");
}
