//! The product with its secrets in Vault: nothing of them in Postgres, and nothing lost when the server is away.

use jimm_tests::app::{AppOptions, TestApp};
use jimm_tests::given;
use jimm_tests::openbao::OpenBao;
use jimm_tests::process::eventually;

use crate::support::{DEADLINE, openbao, password, upload};

async fn product(bao: &OpenBao, more: &[(&str, &str)]) -> TestApp {
    let mut env = bao.settings();
    env.extend(more.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
    TestApp::with(AppOptions { sims: vec!["3.6".into()], env }).await
}

async fn count(app: &TestApp, query: &str) -> i64 {
    let text = app.db.fetch(&format!("SELECT ({query})::text")).await.expect("a count");
    text.and_then(|text| text.parse().ok()).expect("a number")
}

const HELD: &str = "SELECT count(*) FROM (SELECT admin_sealed AS held FROM controllers
    UNION ALL SELECT sealed FROM credentials UNION ALL SELECT sealed FROM signing_keys UNION ALL SELECT sealed FROM audit_keys) AS every
    WHERE substring(held FROM 1 FOR 1) = ";

#[tokio::test(flavor = "multi_thread")]
async fn secrets_lie_there_and_only_there() {
    let Some(bao) = openbao().await else { return };
    let app = product(&bao, &[]).await;
    app.attach_all().await;
    let cloud = given::cloud_of(&app.sims[0].plan).await.expect("a cloud");
    assert_eq!(upload(&app, &cloud, "one", "first-password").await, None);
    assert_eq!(upload(&app, &cloud, "one", "second-password").await, None);
    assert_eq!(password(&app, &cloud, "one").await.as_deref(), Ok("second-password"));
    assert_eq!(count(&app, &format!(r"{HELD} '\x02'")).await, 4, "a controller, a credential, two signing keys");
    assert_eq!(count(&app, &format!(r"{HELD} '\x01'")).await, 0);
    assert_eq!(bao.secrets().await.len(), 5, "the first password is a stray now");

    app.stop_broker().await;
    app.start_broker().await.expect("a broker");
    assert_eq!(password(&app, &cloud, "one").await.as_deref(), Ok("second-password"));

    let said = app.jimmctl(&["remove-controller", "sim1", "--force"]).await;
    assert_eq!(said.code, 0, "{}", said.err);
    assert_eq!(bao.secrets().await.len(), 4, "its password went with the controller");
}

#[tokio::test(flavor = "multi_thread")]
async fn while_it_is_sealed_nothing_is_lost_and_controllers_are_looked_after() {
    let Some(bao) = openbao().await else { return };
    // Nothing is kept in memory: the hardest case.
    let app = product(&bao, &[("JIMM_VAULT_CACHE", "0s")]).await;
    app.attach_all().await;
    let sim = &app.sims[0].plan;
    let cloud = given::cloud_of(sim).await.expect("a cloud");
    assert_eq!(upload(&app, &cloud, "one", "first-password").await, None);
    let secrets = bao.secrets().await.len();
    bao.seal().await.expect("sealed");

    let told = upload(&app, &cloud, "one", "second-password").await.expect("refused");
    assert!(told.contains("(Vault) is sealed: somebody who holds its keys has to unseal it"), "{told}");
    assert!(upload(&app, &cloud, "two", "third-password").await.is_some());
    assert!(password(&app, &cloud, "one").await.unwrap_err().contains("is sealed"));
    assert_eq!(count(&app, "SELECT count(*) FROM credentials").await, 1, "no row without its secret");
    // The controller is asked as before, by token.
    let model = given::make_model(sim, &cloud, "here").await.expect("a model");
    let said = app.jimmctl(&["import-model", "sim1", &model, "--owner", "admin@example.com"]).await;
    assert!(!said.err.contains("Vault"), "{}", said.err);
    eventually("the controller was polled without its password", DEADLINE, async || {
        app.broker_log().contains("password of the controller's superuser not at hand").then_some(())
    })
    .await;
    let listed = app.jimmctl(&["controllers", "--format", "json"]).await;
    assert!(listed.out.contains(r#""status":"available""#), "{}", listed.out);

    bao.unseal().await.expect("unsealed");
    assert_eq!(bao.secrets().await.len(), secrets, "nothing was half written");
    assert_eq!(password(&app, &cloud, "one").await.as_deref(), Ok("first-password"));
    assert_eq!(upload(&app, &cloud, "one", "second-password").await, None);
    assert_eq!(password(&app, &cloud, "one").await.as_deref(), Ok("second-password"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broker_that_cannot_open_its_keys_says_why_it_does_not_start() {
    let Some(bao) = openbao().await else { return };
    let app = product(&bao, &[]).await;
    app.stop_broker().await;
    bao.seal().await.expect("sealed");
    let error = format!("{:#}", app.start_broker().await.expect_err("no broker"));
    assert!(error.contains("(Vault) is sealed: somebody who holds its keys has to unseal it: Vault at"), "{error}");
    app.kill_broker();
    bao.unseal().await.expect("unsealed");
    app.start_broker().await.expect("a broker");
}

#[tokio::test(flavor = "multi_thread")]
async fn secrets_move_from_postgres_to_vault_and_back_while_they_are_used() {
    let Some(bao) = openbao().await else { return };
    let app = TestApp::with(AppOptions { sims: vec!["3.6".into()], env: Vec::new() }).await;
    app.attach_all().await;
    let cloud = given::cloud_of(&app.sims[0].plan).await.expect("a cloud");
    assert_eq!(upload(&app, &cloud, "one", "first-password").await, None);
    let mut vault: Vec<(String, String)> = bao.settings();
    vault.retain(|(name, _)| name != "JIMM_SEALING_KEY");
    for (place, from, to) in [("vault", r"'\x01'", r"'\x02'"), ("postgres", r"'\x02'", r"'\x01'")] {
        app.stop_broker().await;
        let mut settings: Vec<(&str, String)> =
            vault.iter().map(|(name, value)| (name.as_str(), value.clone())).collect();
        settings.push(("JIMM_SECRET_STORE", place.to_owned()));
        app.start_replica(&settings).await.expect("a broker");
        assert_eq!(count(&app, &format!("{HELD} {from}")).await, 4);
        let said = app.jimmctl(&["rotate-sealing-key", "--format", "json"]).await;
        assert_eq!(said.code, 0, "{}", said.err);
        assert!(said.out.contains(r#""rewrapped":4"#) && said.out.contains(r#""lost":0"#), "{}", said.out);
        assert_eq!(count(&app, &format!("{HELD} {from}")).await, 0);
        assert_eq!(count(&app, &format!("{HELD} {to}")).await, 4);
        assert_eq!(password(&app, &cloud, "one").await.as_deref(), Ok("first-password"));
    }
}
