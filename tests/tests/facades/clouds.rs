//! Clouds and credentials.

use serde_json::{Value, json};

use crate::support::{ADMIN, ALICE, BOB, World};

#[tokio::test]
async fn clouds_are_those_one_may_add_models_to() {
    let world = World::new().await;
    world.db.execute("INSERT INTO clouds (name, type) VALUES ('hidden', 'ec2')").await.unwrap();
    let (alice, admin) = (world.login(ALICE).await, world.login(ADMIN).await);
    let clouds = alice.ok("Cloud(7).Clouds", json!({})).await;
    let expected = json!({"cloud-stub": {"type": "openstack", "auth-types": ["userpass"], "regions": [{"name": "r1"}, {"name": "r2"}]}});
    assert_eq!(clouds["clouds"], expected);
    let of = |name: &str| json!({"entities": [{"tag": format!("cloud-{name}")}]});
    assert_eq!(alice.ok("Cloud(7).Cloud", of("stub")).await["results"][0]["cloud"], expected["cloud-stub"]);
    assert_eq!(alice.entry_error("Cloud(7).Cloud", of("hidden")).await, "unauthorized (unauthorized access)");
    assert_eq!(alice.entry_error("Cloud(7).CloudInfo", of("nosuch")).await, "unauthorized (unauthorized access)");
    let users = |answer: Value| answer["results"][0]["result"]["users"].clone();
    let everyone = json!({"user": "everyone@external", "display-name": "everyone", "access": "add-model"});
    assert_eq!(users(alice.ok("Cloud(7).CloudInfo", of("stub")).await), json!([everyone]));
    let administrator = json!({"user": ADMIN, "display-name": "admin", "access": "admin"});
    assert_eq!(users(admin.ok("Cloud(7).CloudInfo", of("stub")).await), json!([administrator, everyone]));
    let list = alice.ok("Cloud(7).ListCloudInfo", json!({"user-tag": format!("user-{ALICE}")})).await;
    assert_eq!(list["results"][0]["result"]["user-access"], "add-model");
    assert!(alice.call("Cloud(7).ListCloudInfo", json!({"user-tag": "", "all": true})).await.is_err());
    let update = json!({"clouds": [{"name": "stub", "cloud": {"type": "openstack"}}]});
    assert_eq!(admin.entry_error("Cloud(7).UpdateCloud", update).await, "permission denied (forbidden)");
}

#[tokio::test]
async fn kubernetes_clouds_are_hosted_by_the_controller_of_their_region() {
    let world = World::new().await;
    let (alice, bob) = (world.login(ALICE).await, world.login(BOB).await);
    let add = |name: &str, kind: &str, host: &str| json!({"name": name, "cloud": {"type": kind, "host-cloud-region": host, "endpoint": "https://k8s", "auth-types": ["certificate"]}});
    let what = "Cloud(7).AddCloud";
    let code = |r: Result<Value, (String, String)>| r.unwrap_err().1;
    assert_eq!(code(alice.call(what, add("aws", "kubernetes", "stub/r2")).await), "already exists");
    assert_eq!(code(alice.call(what, add("mine", "maas", "stub/r2")).await), "incompatible clouds");
    assert_eq!(code(alice.call(what, add("mine", "kubernetes", "")).await), "cloud region required");
    assert_eq!(code(alice.call(what, add("mine", "kubernetes", "stub/r9")).await), "not found");
    world.newer.on("Cloud.AddCloud", |_| Err(("no".into(), "incompatible clouds".into())));
    assert_eq!(code(alice.call(what, add("mine", "kubernetes", "openstack/r2")).await), "incompatible clouds");
    world.newer.answer("Cloud.AddCloud", json!({}));
    alice.ok(what, add("mine", "kubernetes", "openstack/r2")).await;
    assert_eq!(world.newer.calls("Cloud.AddCloud")[1].params["name"], "mine");
    let expected = [format!("controller:{} controller", world.newer.uuid), format!("user:{ALICE} administrator")];
    assert_eq!(world.tuples_on("cloud", "mine").await, expected);
    assert!(bob.ok("Cloud(7).Clouds", json!({})).await["clouds"].get("cloud-mine").is_none());
    assert!(alice.ok("Cloud(7).Clouds", json!({})).await["clouds"].get("cloud-mine").is_some());

    let remove = json!({"entities": [{"tag": "cloud-mine"}]});
    assert_eq!(bob.entry_error("Cloud(7).RemoveClouds", remove.clone()).await, "unauthorized (unauthorized access)");
    world.newer.answer("Cloud.RemoveClouds", json!({"results": [{}]}));
    assert_eq!(alice.entry_error("Cloud(7).RemoveClouds", remove).await, "");
    assert_eq!(world.tuples_on("cloud", "mine").await, [""; 0]);
}

#[tokio::test]
async fn credentials_are_shown_without_their_secrets() {
    let world = World::new().await;
    let (alice, bob, admin) = (world.login(ALICE).await, world.login(BOB).await, world.login(ADMIN).await);
    world.credential(&alice, ALICE).await;
    let uuid = world.model(ALICE, "m1", &world.older).await;
    let tag = format!("cloudcred-stub_{ALICE}_default");
    let mine = |user: &str| json!({"user-clouds": [{"user-tag": format!("user-{user}"), "cloud-tag": "cloud-stub"}]});
    let tags = alice.ok("Cloud(7).UserCredentials", mine(ALICE)).await;
    assert_eq!(tags["results"][0]["result"], json!([tag]));
    assert_eq!(bob.entry_error("Cloud(7).UserCredentials", mine(ALICE)).await, "unauthorized (unauthorized access)");

    let named = json!({"entities": [{"tag": tag}]});
    let shown = json!({"auth-type": "userpass", "attrs": {"username": "u"}, "redacted": ["password"]});
    assert_eq!(alice.ok("Cloud(7).Credential", named.clone()).await["results"][0]["result"], shown);
    assert_eq!(admin.ok("Cloud(7).Credential", named.clone()).await["results"][0]["result"], shown);
    assert_eq!(bob.entry_error("Cloud(7).Credential", named).await, "unauthorized (unauthorized access)");

    let contents = alice.ok("Cloud(7).CredentialContents", json!({"include-secrets": false})).await;
    let expected = json!({
        "content": {"name": "default", "cloud": "stub", "auth-type": "userpass", "valid": true, "attrs": {"username": "u"}},
        "models": [{"model": "m1", "access": "admin"}],
    });
    assert_eq!(contents["results"], json!([{"result": expected}]));
    let one = json!({"include-secrets": true, "credentials": [{"cloud-name": "stub", "credential-name": "default"}]});
    let contents = alice.ok("Cloud(7).CredentialContents", one.clone()).await;
    assert_eq!(contents["results"][0]["result"]["content"]["attrs"]["password"], "hunter2");
    assert!(admin.entry_error("Cloud(7).CredentialContents", one).await.contains("not found"), "only one's own");
    let leaked = "SELECT count(*)::text FROM credentials WHERE position('hunter2'::bytea in sealed) > 0";
    assert_eq!(world.db.fetch(leaked).await.unwrap().as_deref(), Some("0"));
    assert!(uuid.get_version_num() == 4);
}

#[tokio::test]
async fn a_new_content_is_checked_on_the_models_that_use_it() {
    let world = World::new().await;
    let alice = world.login(ALICE).await;
    world.credential(&alice, ALICE).await;
    let uuid = world.model(ALICE, "m1", &world.older).await;
    let upload = |password: &str, force: bool| {
        let credential = json!({"auth-type": "userpass", "attrs": {"username": "u", "password": password}});
        json!({"credentials": [{"tag": format!("cloudcred-stub_{ALICE}_default"), "credential": credential}], "force": force})
    };
    let what = "Cloud(7).UpdateCredentialsCheckModels";
    let refusal = json!({"results": [{"tag": "x", "models": [{"uuid": uuid, "name": "m1", "errors": [{"error": {"message": "no", "code": ""}}]}]}]});
    world.older.answer("Cloud.CheckCredentialsModels", refusal);
    world.older.answer("Cloud.UpdateCredentialsCheckModels", json!({"results": [{"tag": "x"}]}));
    let answer = alice.ok(what, upload("wrong", false)).await;
    assert_eq!(answer["results"][0]["models"][0]["errors"][0]["error"]["message"], "no");
    assert!(answer["results"][0]["error"]["message"].as_str().unwrap().contains("--force"));
    assert!(world.older.calls("Cloud.UpdateCredentialsCheckModels").is_empty(), "nothing stored, nothing pushed");
    assert_eq!(alice.entry_error(what, upload("forced", true)).await, "");
    let pushed = world.older.calls("Cloud.UpdateCredentialsCheckModels");
    assert_eq!(pushed[0].params["credentials"][0]["credential"]["attrs"]["password"], "forced");
    assert!(world.newer.calls("Cloud.UpdateCredentialsCheckModels").is_empty(), "only where it is used");
}

#[tokio::test]
async fn a_credential_is_revoked_by_its_owner_and_with_force_when_used() {
    let world = World::new().await;
    let (alice, admin) = (world.login(ALICE).await, world.login(ADMIN).await);
    world.credential(&alice, ALICE).await;
    world.model(ALICE, "m1", &world.older).await;
    let revoke =
        |force: bool| json!({"credentials": [{"tag": format!("cloudcred-stub_{ALICE}_default"), "force": force}]});
    let what = "Cloud(7).RevokeCredentialsCheckModels";
    for host in [&world.older, &world.newer] {
        host.answer("Cloud.RevokeCredentialsCheckModels", json!({"results": [{}]}));
    }
    assert_eq!(admin.entry_error(what, revoke(true)).await, "unauthorized (unauthorized access)");
    assert_eq!(alice.entry_error(what, revoke(false)).await, "cloud credential still used by 1 model(s) (bad request)");
    assert_eq!(alice.entry_error(what, revoke(true)).await, "");
    assert_eq!(world.newer.calls("Cloud.RevokeCredentialsCheckModels").len(), 1);
    assert_eq!(alice.entry_error(what, revoke(false)).await, "", "one that is not there is no error");
}
