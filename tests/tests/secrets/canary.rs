//! Recognisable secrets through every door that takes one, errors included, at the most verbose log; then everything that
//! the broker wrote or said is searched for them. `CANARY_SEED` gives other secrets.

use std::collections::BTreeSet;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jimm::facades::registry::{Audit, rows};
use jimm_rpc::CallError;
use jimm_tests::app::{AppOptions, TestApp};
use jimm_tests::broker::{SERVICE_ID, SERVICE_SECRET};
use jimm_tests::openbao::OpenBao;
use jimm_tests::{given, process};
use rand::Rng as _;
use serde_json::{Value, json};
use sqlx::PgPool;

use crate::canaries::{Canaries, loaded, secret_fields};
use crate::support::{DEADLINE, openbao, upload};

#[tokio::test(flavor = "multi_thread")]
async fn no_secret_is_found_with_secrets_in_postgres() {
    run(None).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_secret_is_found_with_secrets_in_vault() {
    let Some(bao) = openbao().await else { return };
    run(Some(&bao)).await;
}

async fn run(bao: Option<&OpenBao>) {
    let mut canaries = Canaries::new();
    let session_key = format!("{}{}", canaries.new_one("JIMM_SESSION_SECRET_KEY"), "k".repeat(64));
    let sealing = rand::rng().random::<[u8; 32]>();
    let mut env = vec![
        ("JIMM_LOG_LEVEL".to_owned(), "trace".to_owned()),
        ("JIMM_LOG_SQL".to_owned(), "true".to_owned()),
        ("JIMM_SESSION_SECRET_KEY".to_owned(), session_key),
        ("JIMM_SEALING_KEY".to_owned(), STANDARD.encode(sealing)),
    ];
    canaries.other("the sealing key", STANDARD.encode(sealing));
    canaries.other("the sealing key's bytes", hex::encode(sealing));
    if let Some(bao) = bao {
        env.extend(bao.settings());
        canaries.other("Vault's secret id", &bao.secret_id);
    }
    let mut app = TestApp::with(AppOptions { sims: vec!["3.6".into()], env }).await;
    canaries.other("the provider's client secret", &app.idp.options().client_secret);
    canaries.other("a service account's secret", SERVICE_SECRET);
    canaries.other("the controller's password", &app.sims[0].plan.password);
    // Again, with a password in the database's URL, which Postgres does not ask for here.
    let secret = canaries.new_one("JIMM_DSN");
    app.stop_broker().await;
    let dsn = app.plan.dsn.replacen("postgres@", &format!("postgres:{secret}@"), 1);
    assert_ne!(dsn, app.plan.dsn, "the URL takes a password");
    app.start_replica(&[("JIMM_DSN", dsn)]).await.expect("a broker");

    let model = world(&app, &mut canaries).await;
    before_the_login(&app, &mut canaries).await;
    every_method(&app, &mut canaries).await;
    relayed(&app, &mut canaries, &model).await;
    over_http(&app, &mut canaries, &model).await;
    through_jimmctl(&app, &mut canaries).await;
    if let Some(bao) = bao {
        bao.seal().await.expect("sealed");
        let cloud = given::cloud_of(&app.sims[0].plan).await.expect("a cloud");
        let secret = canaries.new_one("a credential that Vault does not take");
        let error = upload(&app, &cloud, "late", &secret).await.expect("refused");
        canaries.told.push(("a refusal".to_owned(), error));
        bao.unseal().await.expect("unsealed");
    }
    let found = everything(&mut app, &canaries).await;
    assert!(found.is_empty(), "{} places:\n{}", found.len(), Vec::from_iter(found).join("\n\n"));
}

/// A controller with a model, and a credential.
async fn world(app: &TestApp, canaries: &mut Canaries) -> String {
    app.attach_all().await;
    let sim = &app.sims[0].plan;
    let cloud = given::cloud_of(sim).await.expect("a cloud");
    let secret = canaries.new_one("a cloud credential");
    assert_eq!(upload(app, &cloud, "default", &secret).await, None);
    let model = given::make_model(sim, &cloud, "here").await.expect("a model");
    let owner = format!("{SERVICE_ID}@serviceaccount");
    let said = app.jimmctl(&["import-model", "sim1", &model, "--owner", &owner]).await;
    assert_eq!(said.code, 0, "{}", said.err);
    model
}

async fn before_the_login(app: &TestApp, canaries: &mut Canaries) {
    let fields = secret_fields();
    for method in [
        "LoginWithSessionToken",
        "LoginWithClientCredentials",
        "LoginWithSessionCookie",
        "GetDeviceSessionToken",
        "LoginDevice",
        "Login",
    ] {
        for params in loaded(canaries, &format!("Admin.{method}"), &fields) {
            // Waiting for a person is none of our business.
            if method == "GetDeviceSessionToken" && params.is_object() {
                continue;
            }
            let connection = app.door.dial("/api").await.expect("a connection");
            for version in [3, 4] {
                canaries.call(&connection, "Admin", version, method, &params).await;
            }
            connection.close();
        }
    }
    let secret = canaries.new_one("a client secret");
    let connection = app.door.dial("/api").await.expect("a connection");
    let params = json!({"client-id": SERVICE_ID, "client-secret": secret});
    canaries.call(&connection, "Admin", 4, "LoginWithClientCredentials", &params).await;
    let body = canaries.new_one("a session token");
    for token in [body.clone(), STANDARD.encode(&body), format!("{}.{}.x", URL_SAFE_NO_PAD.encode("{}"), body)] {
        canaries.call(&connection, "Admin", 4, "LoginWithSessionToken", &json!({"session-token": token})).await;
    }
    let token = app.token("alice@example.com").await.expect("a session");
    canaries.other("a session token that is good", &token[token.len() - 40..]);
}

/// Every method of the registry, as an administrator: a new one is tried without being told of.
async fn every_method(app: &TestApp, canaries: &mut Canaries) {
    let fields = secret_fields();
    let cloud = given::cloud_of(&app.sims[0].plan).await.expect("a cloud");
    let admin = app.connect_admin().await.expect("a login");
    let mut guarded = BTreeSet::new();
    for row in rows() {
        let name = format!("{}.{}", row.facade, row.method);
        if row.audit != Audit::Params {
            guarded.insert(name.clone());
        }
        for params in loaded(canaries, &name, &fields) {
            canaries.call(&admin, row.facade, row.versions[0], row.method, &params).await;
        }
    }
    // And those that carry secrets, with parameters that they take.
    let well_formed = |secret: &str| {
        let credential = json!({"auth-type": "userpass", "attrs": {"username": "u", "password": secret}});
        let tagged = |name: &str| json!({"tag": format!("cloudcred-{cloud}_svc-admin@serviceaccount_{name}"), "credential": credential});
        let bulk = json!({"credentials": [tagged("c1"), tagged("c 2")], "force": false});
        vec![
            ("Cloud.UpdateCredentialsCheckModels", bulk.clone()),
            ("Cloud.AddCredentials", bulk.clone()),
            ("Cloud.CheckCredentialsModels", bulk),
            (
                "JIMM.AddController",
                json!({"name": "new", "uuid": "11111111-1111-4111-8111-111111111111", "username": "admin", "password": secret,
                    "api-addresses": ["127.0.0.1:9"], "public-address": ""}),
            ),
            ("JIMM.UpdateServiceAccountCredentials", json!({"client-id": SERVICE_ID, "credentials": [tagged("c3")]})),
            (
                "Cloud.AddCloud",
                json!({"name": "new-cloud", "cloud": {"type": "kubernetes", "auth-types": ["userpass"], "config": {"token": secret}},
                    "force": true}),
            ),
            ("UserManager.AddUser", json!({"users": [{"username": "bob", "password": secret}]})),
            ("UserManager.SetPassword", json!({"changes": [{"tag": "user-bob", "password": secret}]})),
            (
                "Controller.InitiateMigration",
                json!({"specs": [{"model-tag": "model-11111111-1111-4111-8111-111111111111", "target-info": {"controller-tag": "controller-x",
                    "addrs": [], "ca-cert": "", "auth-tag": "user-admin", "password": secret, "macaroons": secret, "token": secret}}]}),
            ),
            (
                "ModelManager.CreateModel",
                json!({"name": "new", "owner-tag": "user-svc-admin@serviceaccount", "cloud-tag": "cloud-none", "config": {"token": secret}}),
            ),
            (
                "SecretBackends.AddSecretBackends",
                json!({"args": [{"name": "v", "backend-type": "vault", "config": {"token": secret}}]}),
            ),
        ]
    };
    let secret = canaries.new_one("parameters that are taken");
    for (name, params) in well_formed(&secret) {
        let (facade, method) = name.split_once('.').expect("Facade.Method");
        guarded.remove(name);
        for row in rows().filter(|row| row.facade == facade && row.method == method) {
            for version in row.versions {
                canaries.call(&admin, facade, *version, method, &params).await;
            }
        }
    }
    eprintln!("methods whose parameters are not audited, tried with fields of every name: {guarded:?}");
}

/// Calls on a model, which go to its controller: the broker reads no parameters there, and writes none down.
async fn relayed(app: &TestApp, canaries: &mut Canaries, model: &str) {
    let path = format!("/model/{model}/api");
    let connection = app.door.dial(&path).await.expect("a connection");
    let login = json!({"client-id": SERVICE_ID, "client-secret": SERVICE_SECRET});
    canaries.call(&connection, "Admin", 4, "LoginWithClientCredentials", &login).await;
    let secret = canaries.new_one("a relayed call");
    for (facade, version, method, params) in [
        ("Application", 19, "SetConfigs", json!({"args": [{"application": "a", "config": {"password": secret}}]})),
        ("Secrets", 2, "CreateSecrets", json!({"args": [{"content": {"data": {"password": secret}}}]})),
        ("ModelConfig", 3, "ModelSet", json!({"config": {"http-proxy": format!("http://u:{secret}@proxy")}})),
        ("Client", 8, "FullStatus", json!({"patterns": [secret]})),
        ("Nobody", 1, "Nothing", json!(secret)),
    ] {
        let answer: Result<Value, CallError> = connection.call(facade, version, method, &params, DEADLINE).await;
        // What the controller says is its own.
        drop(answer);
    }
    let token = canaries.new_one("a login at a model");
    let connection = app.door.dial(&path).await.expect("a connection");
    canaries.call(&connection, "Admin", 4, "LoginWithSessionToken", &json!({"session-token": token})).await;
}

async fn over_http(app: &TestApp, canaries: &mut Canaries, model: &str) {
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let root = reqwest::Certificate::from_pem(app.door.ca.as_bytes()).expect("a CA");
    let client = reqwest::Client::builder().tls_certs_only([root]).redirect(reqwest::redirect::Policy::none());
    let client = client.timeout(std::time::Duration::from_secs(3)).build().expect("a client");
    let base = format!("https://{}", app.door.address);
    let paths = [
        "/auth/login",
        "/auth/callback",
        "/auth/whoami",
        "/auth/logout",
        "/oauth/token",
        "/rebac/v1/groups",
        "/rebac/v1/identities",
        "/.well-known/jwks.json",
        "/debug/info",
        "/nowhere",
        "/metrics",
        "/api",
    ];
    let of_model = ["charms", "tools", "log", "api", "applications/a/resources/b", "backups", "migrate/x"];
    let paths = paths.map(str::to_owned).into_iter().chain(of_model.map(|rest| format!("/model/{model}/{rest}")));
    for path in paths {
        let secret = canaries.new_one(&path);
        let url = format!("{base}{path}?code={secret}&state={secret}&token={secret}&password={secret}");
        let form = format!(
            "grant_type=urn:ietf:params:oauth:grant-type:token-exchange&subject_token={secret}.{secret}.{secret}\
             &subject_token_type=urn:ietf:params:oauth:token-type:jwt&client_secret={secret}"
        );
        for authorization in [
            format!("Basic {}", STANDARD.encode(format!("u:{secret}"))),
            format!("Basic {}", STANDARD.encode(format!("{SERVICE_ID}:{SERVICE_SECRET}"))),
            format!("Bearer {secret}"),
        ] {
            for body in [None, Some(form.clone()), Some(json!({"password": secret, "name": [secret]}).to_string())] {
                let mut request = match body {
                    Some(body) => client.post(&url).body(body),
                    None => client.get(&url),
                };
                request = request
                    .header("Authorization", &authorization)
                    .header(
                        "Cookie",
                        format!("jimm-browser-session={secret}; jimm-oauth-state={secret}; other={secret}"),
                    )
                    .header("Macaroons", &secret)
                    .header("Content-Type", "application/x-www-form-urlencoded");
                let Ok(answer) = request.send().await else { continue };
                let told = format!("{:?} {}", answer.headers().clone(), answer.text().await.unwrap_or_default());
                // A controller's answers are its own, and a page that is not found may repeat its address without the query.
                canaries.told.push((format!("the answer to {path}"), told));
            }
        }
    }
}

async fn through_jimmctl(app: &TestApp, canaries: &mut Canaries) {
    let secret = canaries.new_one("a controller's file");
    let wrong = format!("name: x\nuuid: [{secret}\npassword: {secret}\n");
    let good = format!(
        "name: x\nuuid: 11111111-1111-4111-8111-111111111111\napi-addresses: [\"127.0.0.1:9\"]\nusername: admin\npassword: {secret}\n"
    );
    let typed = format!("name: x\nuuid: y\napi-addresses: {secret}\nusername: admin\npassword: [{secret}]\n");
    for file in [wrong, good, typed] {
        let said = app.jimmctl_told(&["add-controller", "-"], &file).await;
        assert_ne!(said.code, 0, "{}", said.out);
        canaries.told.push(("jimmctl add-controller".to_owned(), said.out + &said.err));
    }
    let token = canaries.new_one("JIMM_SESSION_TOKEN");
    let client = canaries.new_one("JIMM_CLIENT_SECRET");
    let id = canaries.new_one("JIMM_ID_TOKEN");
    for identity in [
        vec![("JIMM_SESSION_TOKEN", token.as_str())],
        vec![("JIMM_CLIENT_ID", SERVICE_ID), ("JIMM_CLIENT_SECRET", client.as_str())],
        vec![("JIMM_ID_TOKEN", id.as_str())],
    ] {
        let said = app.jimmctl_with(&identity, &["controllers", "-B"]).await;
        assert_ne!(said.code, 0, "{}", said.out);
        canaries.told.push(("jimmctl controllers".to_owned(), said.out + &said.err));
    }
    for args in [&["list-audit-events", "--all"][..], &["rotate-sealing-key"], &["controllers"], &["sessions", "--all"]]
    {
        let said = app.jimmctl(args).await;
        canaries.told.push((format!("jimmctl {}", args.join(" ")), said.out + &said.err));
    }
}

/// The database, the log, the metrics and what clients were told.
async fn everything(app: &mut TestApp, canaries: &Canaries) -> BTreeSet<String> {
    let (mut found, pattern) = (BTreeSet::new(), canaries.pattern());
    let port = app.plan.metrics_port;
    let metrics = tokio::task::spawn_blocking(move || process::http_get(port, "/metrics")).await.expect("a task");
    let (_, metrics) = metrics.expect("metrics");
    assert!(metrics.contains("jimm_"), "{metrics}");
    canaries.search(&pattern, "the metrics", &metrics, &mut found);
    // What is still on its way to the database and the log gets there.
    app.stop_broker().await;
    let log = app.broker_log();
    assert!(log.contains("\"level\":\"TRACE\"") || log.contains("TRACE"), "the log is as verbose as can be");
    for line in log.lines() {
        canaries.search(&pattern, "the log", line, &mut found);
    }
    let pool = PgPool::connect(&app.db.url).await.expect("the database");
    let tables: Vec<String> = sqlx::query_scalar(
        "SELECT quote_ident(table_schema) || '.' || quote_ident(table_name) FROM information_schema.tables
         WHERE table_schema NOT IN ('pg_catalog', 'information_schema')",
    )
    .fetch_all(&pool)
    .await
    .expect("tables");
    assert!(tables.len() > 15, "{tables:?}");
    let mut audited = 0;
    // The view of the audit log shows what its batches hold as bytes.
    for table in tables.into_iter().filter(|table| table != "public.audit_batches") {
        let query = format!("SELECT t::text FROM {table} AS t");
        let rows: Vec<Option<String>> =
            sqlx::query_scalar(sqlx::AssertSqlSafe(query)).fetch_all(&pool).await.expect("rows");
        audited += if table.contains("audit_entries") { rows.len() } else { 0 };
        for row in rows.into_iter().flatten() {
            canaries.search(&pattern, &table, &row, &mut found);
        }
    }
    assert!(audited > 100, "the audit log was written: {audited}");
    for (place, text) in &canaries.told {
        canaries.search(&pattern, place, text, &mut found);
    }
    found
}
