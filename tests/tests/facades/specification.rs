//! What is advertised on the controller connection against what clients of both generations call there: a method that
//! goes missing fails here, and so does one that nobody wrote down.

use std::collections::{BTreeMap, BTreeSet};

use jimm::facades::registry::rows;
use serde_json::json;

use crate::support::{ADMIN, World};

/// Facade, versions, methods: Juju 3.6.11 and 4.0.8 as their clients call it on the controller connection, 4.1 as far as
/// the dashboard does, and the broker's own.
const SPECIFIED: &[(&str, &[u32], &str)] = &[
    (
        "ApplicationOffers",
        &[4, 5, 6],
        "ApplicationOffers DestroyOffers FindApplicationOffers GetConsumeDetails ListApplicationOffers ModifyOfferAccess \
         Offer RemoteApplicationInfo",
    ),
    (
        "Cloud",
        &[7, 8],
        "AddCloud AddCredentials CheckCredentialsModels Cloud CloudInfo Clouds Credential CredentialContents ListCloudInfo \
         ModifyCloudAccess RemoveClouds RevokeCredentialsCheckModels UpdateCloud UpdateCredentialsCheckModels \
         UserCredentials",
    ),
    ("Cloud", &[7], "InstanceTypes"),
    ("Cloud", &[8], "ModelConfigSchema"),
    (
        "Controller",
        &[11, 12, 13, 14],
        "AllModels CloudSpec ConfigSet ControllerAPIInfoForModels ControllerConfig ControllerVersion \
         DashboardConnectionInfo DestroyController GetControllerAccess HostedModelConfigs IdentityProviderURL \
         InitiateMigration ListBlockedModels ModelStatus ModifyControllerAccess MongoVersion RemoveBlocks WatchAllModels \
         WatchAllModelSummaries WatchModelSummaries",
    ),
    ("Controller", &[11], "ModelConfig"),
    ("HighAvailability", &[2], "EnableHA"),
    ("ModelConfig", &[3, 4], "GetModelConstraints ModelGet ModelSet ModelUnset Sequences SetModelConstraints"),
    ("ModelConfig", &[3], "SLALevel SetSLALevel"),
    ("ModelConfig", &[4], "GetModelSecretBackend SetModelSecretBackend"),
    (
        "ModelManager",
        &[9, 10, 11],
        "ChangeModelCredential CreateModel DestroyModels DumpModels DumpModelsDB ListModelSummaries ListModels \
         ModelDefaultsForClouds ModelInfo ModelStatus ModifyModelAccess SetModelDefaults UnsetModelDefaults \
         ValidateModelUpgrades",
    ),
    ("ModelSummaryWatcher", &[1], "Next Stop"),
    ("ModelUpgrader", &[1, 2], "AbortModelUpgrade UpgradeModel"),
    ("Pinger", &[1], "Ping"),
    ("SecretBackends", &[1], "AddSecretBackends ListSecretBackends RemoveSecretBackends UpdateSecretBackends"),
    ("UserManager", &[3], "AddUser DisableUser EnableUser ModelUserInfo RemoveUser ResetPassword SetPassword UserInfo"),
];
/// Facades that have tables of their own elsewhere: the broker's, and what agents and other controllers call.
const ELSEWHERE: &[&str] = &["JIMM", "MigrationTarget"];
/// More than is specified, and why.
const MORE: &[(&str, &str, &str)] = &[("Pinger", "Stop", "Juju serves it, and no client calls it")];

#[test]
fn every_method_that_clients_call_is_served_in_every_version() {
    let mut specified = BTreeSet::new();
    for (facade, versions, methods) in SPECIFIED {
        for version in *versions {
            specified.extend(methods.split_whitespace().map(|method| (*facade, *version, method)));
        }
    }
    let served: BTreeSet<(&str, u32, &str)> = rows()
        .filter(|row| !ELSEWHERE.contains(&row.facade))
        .flat_map(|row| row.versions.iter().map(|version| (row.facade, *version, row.method)))
        .collect();
    let missing: Vec<_> = specified.difference(&served).collect();
    assert!(missing.is_empty(), "specified and not served: {missing:?}");
    let known = |row: &&(&str, u32, &str)| !MORE.iter().any(|(facade, method, _)| (row.0, row.2) == (*facade, *method));
    let more: Vec<_> = served.difference(&specified).filter(known).collect();
    assert!(more.is_empty(), "served and not specified: {more:?}");
}

#[tokio::test]
async fn the_login_advertises_what_is_specified() {
    let world = World::new().await;
    let mut specified = BTreeMap::<&str, BTreeSet<u32>>::new();
    for (facade, versions, _) in SPECIFIED {
        specified.entry(facade).or_default().extend(*versions);
    }
    let told = world.facades_of_login(ADMIN).await;
    for (facade, versions) in &specified {
        let advertised = told.iter().find(|it| it["name"] == *facade).map(|it| it["versions"].clone());
        assert_eq!(advertised, Some(json!(versions)), "{facade}");
    }
    let strangers: Vec<_> = told
        .iter()
        .filter_map(|it| it["name"].as_str())
        .filter(|name| !specified.contains_key(name) && !ELSEWHERE.contains(name))
        .collect();
    assert!(strangers.is_empty(), "{strangers:?}");
}

/// What a broker has not is refused with what to do instead, whoever asks.
#[tokio::test]
async fn what_a_broker_has_not_is_refused_with_a_way_out() {
    let world = World::new().await;
    let admin = world.login(ADMIN).await;
    for (what, text) in [
        ("Controller(12).DestroyController", "not supported: a broker is taken down where it runs"),
        ("Controller(14).HostedModelConfigs", "not supported: only who destroys a controller asks this"),
        ("Controller(12).RemoveBlocks", "not supported: unblock each model on its own connection"),
        ("Controller(12).WatchAllModels", "not supported: watch summaries with WatchModelSummaries"),
        ("Controller(12).MongoVersion", "not supported: a broker keeps nothing in MongoDB"),
        ("HighAvailability(2).EnableHA", "not supported: start more replicas of the broker"),
        ("ModelConfig(4).ModelSet", "not supported: the broker has no model of its own"),
        ("ModelConfig(4).SetModelSecretBackend", "not supported: the broker has no model of its own"),
        ("Cloud(7).InstanceTypes", "not supported: ask a model that runs in the cloud"),
        ("Cloud(8).ModelConfigSchema", "not supported: none of the controllers tells the schema"),
    ] {
        let (message, code) = admin.call(what, json!({})).await.expect_err(what);
        assert!(message.starts_with(text) && code == "not supported", "{what}: {message} ({code})");
    }
    let dashboard = admin.ok("Controller(14).DashboardConnectionInfo", json!({})).await;
    assert_eq!(dashboard["error"]["code"], "not supported");
    assert!(dashboard["error"]["message"].as_str().is_some_and(|it| it.contains("JIMM_DASHBOARD_DIR")), "{dashboard}");
}

#[tokio::test]
async fn what_a_controller_decides_is_asked_of_the_right_one() {
    let world = World::new().await;
    let model = world.model(ADMIN, "m1", &world.newer).await;
    let admin = world.login(ADMIN).await;
    let bob = world.login("bob@example.com").await;
    let tag = format!("model-{model}");
    let entities = json!({"entities": [{"tag": tag}]});
    let spec = json!({"type": "openstack", "name": "stub", "credential": {"auth-type": "userpass", "attrs": {"password": "s3cret"}}});
    world.newer.answer("Controller.CloudSpec", json!({"results": [{"result": spec}]}));
    let told = admin.ok("Controller(14).CloudSpec", entities.clone()).await;
    assert_eq!(told["results"][0]["result"], spec, "the owner of the credential sees it");
    world.db.execute("UPDATE models SET credential_owner = 'bob@example.com'").await.unwrap();
    let told = admin.ok("Controller(14).CloudSpec", entities.clone()).await;
    assert_eq!(told["results"][0]["result"], json!({"type": "openstack", "name": "stub"}), "nobody else does");
    assert_eq!(bob.entry_error("Controller(14).CloudSpec", entities).await, "unauthorized (unauthorized access)");

    let validate = json!({"model": [{"model-tag": tag}], "force": true});
    world.newer.on("ModelUpgrader.UpgradeModel", |args| {
        assert_eq!((&args["dry-run"], &args["ignore-agent-versions"]), (&json!(true), &json!(true)));
        Ok(json!({"chosen-version": "", "error": {"message": "unit web/0 is lost", "code": ""}}))
    });
    let told = admin.ok("ModelManager(10).ValidateModelUpgrades", validate.clone()).await;
    assert_eq!(told["results"][0]["error"]["message"], "unit web/0 is lost");
    assert_eq!(
        bob.entry_error("ModelManager(10).ValidateModelUpgrades", validate).await,
        "unauthorized (unauthorized access)"
    );

    let blocked =
        json!({"models": [{"name": "there", "model-uuid": model, "qualifier": "admin", "blocks": ["BlockDestroy"]}]});
    world.newer.answer("Controller.ListBlockedModels", blocked);
    let told = admin.ok("Controller(12).ListBlockedModels", json!({})).await;
    assert_eq!(told["models"][0]["owner-tag"], format!("user-{ADMIN}"));
    assert_eq!((&told["models"][0]["name"], &told["models"][0]["blocks"]), (&json!("m1"), &json!(["BlockDestroy"])));
    let upgraded = json!({"model-tag": tag, "target-version": "0.0.0"});
    world.newer.answer("ModelUpgrader.UpgradeModel", json!({"chosen-version": "4.0.9"}));
    for version in [1, 2] {
        let told = admin.ok(&format!("ModelUpgrader({version}).UpgradeModel"), upgraded.clone()).await;
        assert_eq!(told["chosen-version"], "4.0.9");
    }
}
