//! Service accounts: whose they are, who may keep their credentials, and who sees what is secret in them.

use jimm_rpc::Connection;
use jimm_tests::app::{AppOptions, TestApp};
use jimm_tests::broker::SERVICE_ID;
use jimm_tests::given;
use serde_json::{Value, json};

use crate::support::{ALICE, BOB, admin, alone, call, jimm};

const CAROL: &str = "carol@example.com";
/// The secret in every uploaded credential.
const SECRET: &str = "demo-password";

async fn code_of(connection: &Connection, method: &str, params: Value) -> String {
    jimm(connection, method, params).await.err().map(|(_, code)| code).unwrap_or_default()
}

fn account(id: &str) -> Value {
    json!({"client-id": id})
}

/// A broker with a cloud, of which Alice has a credential.
async fn with_cloud() -> (TestApp, Connection, String) {
    let app = TestApp::with(AppOptions { sims: vec!["3.6".into()], env: Vec::new() }).await;
    app.attach_all().await;
    let cloud = given::cloud_of(&app.sims[0].plan).await.expect("a cloud");
    let alice = app.connect(ALICE).await.expect("alice");
    given::upload_credential(&alice, &cloud, ALICE).await.expect("a credential");
    (app, alice, cloud)
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_belongs_to_who_adds_it_first_and_to_whom_they_let_in() {
    let app = alone(&[]).await;
    let (alice, bob) = (app.connect(ALICE).await.expect("alice"), app.connect(BOB).await.expect("bob"));
    let (carol, admin) = (app.connect(CAROL).await.expect("carol"), admin(&app).await);
    jimm(&alice, "AddServiceAccount", account("svc-1")).await.expect("hers");
    jimm(&alice, "AddServiceAccount", account("svc-1@serviceaccount")).await.expect("again is no mistake");
    let owned = jimm(&bob, "AddServiceAccount", account("svc-1")).await.expect_err("alice's");
    assert_eq!(owned.0, "service account already owned");
    for id in ["", "svc 1", "svc_1", "svc-1@example.com"] {
        let wrong = jimm(&bob, "AddServiceAccount", account(id)).await.expect_err("no client id");
        assert_eq!(wrong, ("invalid client ID".to_owned(), "bad request".to_owned()), "{id}");
    }

    let grant = |entities: Value| json!({"client-id": "svc-1", "entities": entities});
    assert_eq!(
        code_of(&bob, "GrantServiceAccountAccess", grant(json!([format!("user-{BOB}")]))).await,
        "unauthorized access"
    );
    for entity in
        ["model-x", "user-bob", "user-everyone@external", "controller-jimm", "group-none", "group-devs#admin", "", "x"]
    {
        let wrong = grant(json!([format!("user-{BOB}"), entity]));
        assert!(jimm(&alice, "GrantServiceAccountAccess", wrong).await.is_err(), "{entity}");
    }
    let list = account("svc-1");
    assert_eq!(code_of(&bob, "ListServiceAccountCredentials", list.clone()).await, "unauthorized access", "none of it");
    jimm(&admin, "AddGroup", json!({"name": "devs"})).await.expect("a group");
    let member = json!({"object": format!("user-{CAROL}"), "relation": "member", "target_object": "group-devs"});
    jimm(&admin, "AddRelation", json!({"tuples": [member]})).await.expect("a member");
    jimm(&alice, "GrantServiceAccountAccess", grant(json!([format!("user-{BOB}"), "group-devs"])))
        .await
        .expect("granted");
    for somebody in [&bob, &carol] {
        jimm(somebody, "ListServiceAccountCredentials", list.clone()).await.expect("let in");
        jimm(somebody, "AddServiceAccount", account("svc-1")).await.expect("theirs already");
    }
    assert_eq!(code_of(&admin, "ListServiceAccountCredentials", list).await, "unauthorized access", "not as such");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_in_use_is_not_taken_over() {
    let app = alone(&[]).await;
    let (alice, admin) = (app.connect(ALICE).await.expect("alice"), admin(&app).await);
    app.idp.add_service("svc-7", "seven");
    app.door.with_credentials("svc-7", "seven").await.expect("it logs in");
    for id in ["svc-7", SERVICE_ID] {
        let refused = jimm(&alice, "AddServiceAccount", account(id)).await.expect_err("in use");
        assert!(refused.0.contains("ask an administrator") && refused.1 == "unauthorized access", "{refused:?}");
    }
    jimm(&admin, "AddServiceAccount", account("svc-7")).await.expect("an administrator may");
    let own = app.connect_admin().await.expect("the account itself");
    jimm(&own, "AddServiceAccount", account(SERVICE_ID)).await.expect("itself");
}

#[tokio::test(flavor = "multi_thread")]
async fn credentials_of_an_account_are_kept_and_their_secrets_shown_to_its_administrators_only() {
    let (app, alice, cloud) = with_cloud().await;
    let bob = app.connect(BOB).await.expect("bob");
    jimm(&alice, "AddServiceAccount", account("svc-1")).await.expect("hers");
    let copy = json!({"client-id": "svc-1", "cloud-name": cloud, "credential-name": "default"});
    assert_eq!(code_of(&bob, "CopyServiceAccountCredential", copy.clone()).await, "unauthorized access");
    let copied = jimm(&alice, "CopyServiceAccountCredential", copy.clone()).await.expect("copied");
    assert_eq!(copied, json!({"tag": format!("cloudcred-{cloud}_svc-1@serviceaccount_default")}));
    let missing = json!({"client-id": "svc-1", "cloud-name": cloud, "credential-name": "none"});
    let missing = jimm(&alice, "CopyServiceAccountCredential", missing).await.expect_err("she has none");
    assert_eq!(missing.1, "not found", "{}", missing.0);

    let upload = |owner: &str, name: &str| {
        let attrs = json!({"username": "u", "password": "another-secret"});
        json!({"client-id": "svc-1", "credentials": [{
            "tag": format!("cloudcred-{cloud}_{owner}_{name}"),
            "credential": {"auth-type": "userpass", "attrs": attrs},
        }]})
    };
    let mine = upload("svc-1@serviceaccount", "second");
    assert_eq!(code_of(&bob, "UpdateServiceAccountCredentials", mine.clone()).await, "unauthorized access");
    let stored = jimm(&alice, "UpdateServiceAccountCredentials", mine).await.expect("stored");
    assert_eq!(stored["results"][0].get("error"), None, "{stored}");
    // Administrating one account is no way to anybody else's credentials.
    for owner in [BOB, ALICE, "svc-2@serviceaccount"] {
        let strange = jimm(&alice, "UpdateServiceAccountCredentials", upload(owner, "x")).await.expect("an answer");
        assert_eq!(strange["results"][0]["error"]["code"], "bad request", "{strange}");
    }

    let list = |secrets: bool| json!({"client-id": "svc-1", "include-secrets": secrets});
    let shown = jimm(&alice, "ListServiceAccountCredentials", list(false)).await.expect("listed");
    assert_eq!(shown["results"].as_array().map(Vec::len), Some(2), "{shown}");
    assert!(!shown.to_string().contains(SECRET) && !shown.to_string().contains("another-secret"), "{shown}");
    assert_eq!(code_of(&bob, "ListServiceAccountCredentials", list(true)).await, "unauthorized access");
    let shown = jimm(&alice, "ListServiceAccountCredentials", list(true)).await.expect("listed").to_string();
    assert!(shown.contains(SECRET) && shown.contains("another-secret"), "{shown}");
    // The account uses them as its own.
    app.idp.add_service("svc-1", "one");
    let account = app.door.with_credentials("svc-1", "one").await.expect("it logs in").0;
    let params = json!({"credentials": [], "include-secrets": false});
    let own = call(&account, "Cloud", 7, "CredentialContents", params).await.expect("listed");
    assert_eq!(own["results"].as_array().map(Vec::len), Some(2), "{own}");
    let log = app.broker_log();
    assert!(!log.contains(SECRET) && !log.contains("another-secret"), "a secret is in the log");
    let audit = app.db.fetch("SELECT string_agg(e::text, ' ') FROM audit_entries e").await.expect("the audit");
    let audit = audit.unwrap_or_default();
    assert!(!audit.contains(SECRET) && !audit.contains("another-secret"), "a secret is in the audit");
}

#[tokio::test(flavor = "multi_thread")]
async fn jimmctl_keeps_service_accounts() {
    let (app, _alice, cloud) = with_cloud().await;
    let token = app.token(ALICE).await.expect("a token");
    let store = app.dir().join(".local/share/juju");
    std::fs::create_dir_all(&store).expect("a folder");
    let local = format!(
        "credentials:\n  {cloud}:\n    mine:\n      auth-type: userpass\n      username: u\n      password: local-secret\n"
    );
    std::fs::write(store.join("credentials.yaml"), local).expect("written");
    for (args, code, out, err) in [
        (&["add-service-account", "svc-1"][..], 0, "service account added successfully\n", ""),
        (&["grant-service-account-access", "svc-1", "user-bob@example.com"][..], 0, "access granted\n", ""),
        (&["list-service-account-credentials", "svc-1"][..], 0, "controller-credentials: {}\n", ""),
        (&["update-service-account-credential", "svc-1", &cloud, "default"][..], 0, "svc-1@serviceaccount_default", ""),
        (
            &["update-service-account-credential", "svc-1", &cloud, "mine", "--client"][..],
            0,
            "svc-1@serviceaccount_mine",
            "",
        ),
        (
            &["update-service-account-credential", "svc-1", &cloud, "none", "--client"][..],
            1,
            "",
            "not found in the client store",
        ),
        (&["update-service-account-credential", "svc-1", &cloud, "none"][..], 1, "{}\n", "not found"),
        (&["add-service-account", "svc 1"][..], 1, "", "ERROR invalid client ID (bad request)"),
        (&["add-service-account"][..], 2, "", "client ID not specified"),
        (&["grant-service-account-access", "svc-1"][..], 2, "", "user/group not specified"),
        (&["grant-service-account-access", "svc-1", "bob"][..], 1, "", "invalid entity - not user or group"),
        (&["list-service-account-credentials", "svc-2"][..], 1, "{}\n", "unauthorized"),
        (&["update-service-account-credential", "svc-1"][..], 2, "", "cloud not specified"),
    ] {
        let said = app.jimmctl_as(&token, args).await;
        assert!(said.code == code && said.out.contains(out) && said.err.contains(err), "{args:?}: {said:?}");
    }
    let plain = app.jimmctl_as(&token, &["list-service-account-credentials", "svc-1"]).await;
    assert_eq!(
        plain.out,
        format!(
            "controller-credentials:\n  {cloud}:\n    default:\n      auth-type: userpass\n    mine:\n      auth-type: userpass\n"
        ),
        "attributes of a kind of cloud that nobody knows may be secret"
    );
    let secrets = app.jimmctl_as(&token, &["list-service-account-credentials", "svc-1", "--show-secrets"]).await;
    assert!(secrets.out.contains("password: local-secret"), "{}", secrets.out);
}

#[tokio::test(flavor = "multi_thread")]
async fn jimmctl_logs_in_with_the_secret_of_the_environment() {
    let app = alone(&[]).await;
    app.idp.add_service("ci", "of ci");
    let jimm = |id: &'static str, secret: &'static str| [("JIMM_CLIENT_ID", id), ("JIMM_CLIENT_SECRET", secret)];
    let juju = |id: &'static str, secret: &'static str| [("JUJU_CLIENT_ID", id), ("JUJU_CLIENT_SECRET", secret)];
    let both = [jimm(SERVICE_ID, "svc-admin-secret"), juju("ci", "of ci")].concat();
    let unknown_to_itself = ("JIMM_CLIENT_ID", SERVICE_ID);
    for (identity, code, text) in [
        (jimm(SERVICE_ID, "svc-admin-secret").to_vec(), 0, ""),
        (juju(SERVICE_ID, "svc-admin-secret").to_vec(), 0, ""),
        (both, 0, ""),
        (juju("ci", "of ci").to_vec(), 1, "unauthorized"),
        (jimm(SERVICE_ID, "wrong").to_vec(), 1, "invalid client credentials"),
        (juju("nobody", "of ci").to_vec(), 1, "invalid client credentials"),
        (vec![unknown_to_itself], 1, "the service account \"svc-admin\" has no secret here"),
        (vec![unknown_to_itself, ("JUJU_CLIENT_SECRET", "svc-admin-secret")], 1, "has no secret here"),
    ] {
        let said = app.jimmctl_with(&identity, &["session-policies"]).await;
        assert!(said.code == code && said.err.contains(text), "{identity:?}: {said:?}");
        assert!(!said.err.contains("Please visit") && !said.err.contains("of ci"), "{said:?}");
        let hinted = said.err.contains("\nhint: the service account comes from JIMM_CLIENT_ID");
        assert_eq!(hinted, code == 1 && text != "unauthorized", "{said:?}");
    }
}
