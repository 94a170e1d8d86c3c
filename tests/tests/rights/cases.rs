//! What is sent to each method, so that who has the right gets past the question and nothing is changed all the same.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::world::{Names, OWNER, entity};

/// One way to try a method.
pub(crate) struct Case {
    /// The method's name as in the table: `Facade.Method`, and for a second way `Facade.Method of another`.
    pub(crate) name: &'static str,
    /// What is sent.
    pub(crate) params: Value,
    /// What only who has the right sees in the answer: the thing, or an error of what comes after the question. Without
    /// it, every answer that is no error is one for who has the right.
    pub(crate) shows: String,
}

/// Every way to try every method, as that user. A method that changes something is given what makes it fail after the
/// question for the right: names that are not there, things that are there already, the dead controller.
#[expect(clippy::too_many_lines, reason = "a list")]
pub(crate) fn cases(world: &Names, me: &str) -> Vec<Case> {
    let (alive, dead) = (&world.alive, &world.dead);
    let user = format!("user-{me}");
    let owner = format!("user-{OWNER}");
    let cloud = format!("cloud-{}", world.cloud);
    let model = format!("model-{}", alive.model);
    let dead_model = format!("model-{}", dead.model);
    let gone = format!("controller {}", dead.controller);
    let filters =
        |shop: &str| json!({"Filters": [{"owner-name": OWNER, "model-qualifier": OWNER, "model-name": shop}]});
    let shop = format!("shop-{}", alive.controller);
    let credential = |cloud: &str, owner: &str| format!("cloudcred-{cloud}_{owner}_default");
    let upload = |cloud: &str, owner: &str| {
        let secret = json!({"auth-type": "userpass", "attrs": {"username": "u", "password": "p"}});
        json!({"credentials": [{"tag": credential(cloud, owner), "credential": secret}], "force": false})
    };
    let create = |owner: &str, name: &str| json!({"name": name, "owner-tag": format!("user-{owner}"), "qualifier": owner, "cloud-tag": cloud, "region": world.region});
    let relation = |object: &str| json!({"object": object, "relation": "reader", "target_object": model});
    let reader = "user-model-r@example.com";
    let no_cloud = "cloud \\\"nowhere\\\" not found";
    let no_migration = "no migration of model";
    // In both forms.
    let incoming = json!({
        "uuid": alive.model, "name": "shop", "owner-tag": owner, "bytes": STANDARD.encode(format!("config:\n  uuid: {}\n", alive.model)),
        "model-info": {"uuid": alive.model, "name": "shop", "qualifier": OWNER}, "payload": STANDARD.encode("model: []\n"),
    });
    let of = |name: &'static str, params: Value, shows: &str| Case { name, params, shows: shows.to_owned() };
    vec![
        // === ApplicationOffers
        of(
            "ApplicationOffers.Offer",
            json!({"Offers": [{"model-tag": model, "offer-name": "new", "application-name": "nothing",
            "application-description": "", "endpoints": {}}]}),
            "application \\\"nothing\\\" not found",
        ),
        of("ApplicationOffers.ApplicationOffers", json!({"offer-urls": [alive.offer_url]}), &alive.offer),
        of("ApplicationOffers.ListApplicationOffers", filters(&shop), &alive.offer),
        of("ApplicationOffers.FindApplicationOffers", filters(&shop), &alive.offer),
        of(
            "ApplicationOffers.GetConsumeDetails",
            json!({"offer-urls": {"offer-urls": [alive.offer_url], "bakery-version": 3}}),
            "macaroon",
        ),
        of(
            "ApplicationOffers.GetConsumeDetails for another",
            json!({"offer-urls": {"offer-urls": [alive.offer_url], "bakery-version": 3},
            "user-tag": owner}),
            "macaroon",
        ),
        of("ApplicationOffers.RemoteApplicationInfo", json!({"offer-urls": [alive.offer_url]}), &alive.model),
        of("ApplicationOffers.DestroyOffers", json!({"offer-urls": [dead.offer_url]}), &gone),
        of(
            "ApplicationOffers.ModifyOfferAccess",
            json!({"changes": [{"user-tag": "user-offer-r@example.com", "action": "grant",
            "access": "read", "offer-url": alive.offer_url}]}),
            "",
        ),
        // === Cloud
        of("Cloud.Clouds", json!({}), &cloud),
        of("Cloud.Cloud", entity("cloud", &world.cloud), "auth-types"),
        of("Cloud.CloudInfo", entity("cloud", &world.cloud), "auth-types"),
        of("Cloud.ListCloudInfo", json!({"user-tag": user, "all": false}), "auth-types"),
        of("Cloud.ListCloudInfo of all", json!({"user-tag": user, "all": true}), "auth-types"),
        of(
            "Cloud.AddCloud",
            json!({"name": world.cloud, "cloud": {"type": "kubernetes", "auth-types": ["userpass"],
            "host-cloud-region": format!("{}/{}", world.cloud, world.region)}}),
            "already exists",
        ),
        of("Cloud.UpdateCloud", json!({"clouds": [{"name": world.cloud, "cloud": {"type": "kubernetes"}}]}), ""),
        of("Cloud.RemoveClouds", entity("cloud", &world.cloud), &gone),
        of(
            "Cloud.ModifyCloudAccess",
            json!({"changes": [{"user-tag": "user-cloud-u@example.com", "action": "grant",
            "access": "add-model", "cloud-tag": cloud}]}),
            "",
        ),
        of("Cloud.UserCredentials", json!({"user-clouds": [{"user-tag": user, "cloud-tag": cloud}]}), ""),
        of(
            "Cloud.UserCredentials of another",
            json!({"user-clouds": [{"user-tag": owner, "cloud-tag": cloud}]}),
            "cloudcred",
        ),
        of("Cloud.AddCredentials", upload("nowhere", me), no_cloud),
        of("Cloud.AddCredentials of another", upload("nowhere", OWNER), no_cloud),
        of("Cloud.UpdateCredentialsCheckModels", upload("nowhere", me), no_cloud),
        of("Cloud.UpdateCredentialsCheckModels of another", upload("nowhere", OWNER), no_cloud),
        of("Cloud.CheckCredentialsModels", upload("nowhere", me), no_cloud),
        of("Cloud.CheckCredentialsModels of another", upload("nowhere", OWNER), no_cloud),
        of("Cloud.RevokeCredentialsCheckModels", json!({"credentials": [{"tag": credential(&world.cloud, me)}]}), ""),
        of(
            "Cloud.RevokeCredentialsCheckModels of another",
            json!({"credentials": [{"tag": credential(&world.cloud, OWNER)}]}),
            "",
        ),
        of("Cloud.Credential", json!({"entities": [{"tag": credential(&world.cloud, me)}]}), "cloud credential"),
        of("Cloud.Credential of another", json!({"entities": [{"tag": credential(&world.cloud, OWNER)}]}), "userpass"),
        of("Cloud.ModelConfigSchema", json!({"provider-type": "lxd"}), "not supported"),
        of("Cloud.InstanceTypes", json!({}), ""),
        of("Cloud.CredentialContents", json!({"credentials": [], "include-secrets": false}), ""),
        // === Controller
        of("Controller.AllModels", json!({}), &alive.model),
        of("Controller.ConfigSet", json!({"config": {"audit-log-max-size": "1M"}}), ""),
        of("Controller.ControllerConfig", json!({}), ""),
        of("Controller.ControllerVersion", json!({}), ""),
        of("Controller.GetControllerAccess", json!({"entities": [{"tag": user}]}), "\"access\""),
        of("Controller.GetControllerAccess of another", json!({"entities": [{"tag": owner}]}), "\"access\""),
        of(
            "Controller.ModifyControllerAccess",
            json!({"changes": [{"user-tag": "user-broker@example.com", "action": "grant",
            "access": "superuser"}]}),
            "",
        ),
        of("Controller.IdentityProviderURL", json!({}), ""),
        of(
            "Controller.InitiateMigration",
            json!({"specs": [{"model-tag": dead_model, "target-info": {
            "controller-tag": "controller-11111111-1111-4111-8111-111111111111", "addrs": ["127.0.0.1:1"], "ca-cert": "x",
            "auth-tag": "user-admin", "password": "p"}}], "dry-run": true}),
            &gone,
        ),
        of("Controller.ModelStatus", entity("model", &alive.model), "\"alive\""),
        of("Controller.MongoVersion", json!({}), ""),
        of("Controller.ControllerAPIInfoForModels", entity("model", &alive.model), "CERTIFICATE"),
        of("Controller.CloudSpec", entity("model", &alive.model), "\"type\""),
        of("Controller.DashboardConnectionInfo", json!({}), ""),
        of("Controller.DestroyController", json!({}), ""),
        of("Controller.HostedModelConfigs", json!({}), ""),
        of("Controller.ListBlockedModels", json!({}), ""),
        of("Controller.ModelConfig", json!({}), ""),
        of("Controller.RemoveBlocks", json!({}), ""),
        of("Controller.WatchAllModels", json!({}), ""),
        of("Controller.WatchModelSummaries", json!({}), "watcher-id"),
        of("Controller.WatchAllModelSummaries", json!({}), "watcher-id"),
        // === HighAvailability
        of("HighAvailability.EnableHA", json!({"specs": [{"num-controllers": 3}]}), ""),
        // === JIMM
        of(
            "JIMM.AddController",
            json!({"name": "new", "uuid": "none", "username": "u", "password": "p", "api-addresses": ["127.0.0.1:1"]}),
            "is not the UUID of a controller",
        ),
        of("JIMM.RemoveController", json!({"name": "nowhere"}), "not found"),
        of("JIMM.ListControllers", json!({}), &alive.controller),
        of("JIMM.ShowController", json!({"name": alive.controller}), "\"uuid\""),
        of("JIMM.SetControllerDeprecated", json!({"name": "nowhere", "deprecated": true}), "not found"),
        of("JIMM.SetControllerLabels", json!({"name": "nowhere", "labels": {"a": "b"}}), "not found"),
        of("JIMM.CordonController", json!({"name": "nowhere", "cordoned": true}), "not found"),
        of("JIMM.ExplainPlacement", json!({"model": alive.model}), "\"points\""),
        of("JIMM.PlanDrain", json!({"controller": "nowhere"}), "not found"),
        of("JIMM.PlanRebalance", json!({}), "\"rebalance\""),
        of("JIMM.PlanUpgrade", json!({"from": "1.0", "to": "2.0"}), "no controller runs"),
        of("JIMM.ApplyPlan", json!({"plan": {"format": 1, "kind": "drain", "waves": []}}), "names no sources"),
        of("JIMM.ListPlans", json!({}), "\"plans\""),
        of("JIMM.ShowPlan", json!({"plan": 99}), "plan 99 not found"),
        of("JIMM.ChangePlan", json!({"plan": 99, "change": "pause"}), "plan 99 not found"),
        of("JIMM.ImportModel", json!({"controller": "nowhere", "model-tag": model}), "not found"),
        of(
            "JIMM.MigrateModel",
            json!({"specs": [{"model-tag": model, "target-controller": alive.controller}]}),
            "already",
        ),
        of(
            "JIMM.CheckMigration",
            json!({"specs": [{"model-tag": model, "target-controller": alive.controller}]}),
            "source-controller",
        ),
        of("JIMM.MigrationStatus", json!({"models": [alive.model]}), "was never moved"),
        of("JIMM.ListMigrations", json!({}), "\"migrations\""),
        of("JIMM.ShowMigration", json!({"migration": alive.model}), "was never moved"),
        of("JIMM.AbortMigration", json!({"migration": alive.model}), "was never moved"),
        of("JIMM.RetryMigration", json!({"migration": alive.model}), "was never moved"),
        of("JIMM.UpdateMigratedModel", json!({"model-tag": model, "target-controller": "nowhere"}), "not found"),
        of("JIMM.ListMigrationTargets", json!({"model-tag": model}), &dead.controller),
        of("JIMM.FullModelStatus", json!({"ModelTag": model}), "\"applications\""),
        of(
            "JIMM.PrepareModelMigration",
            json!({"model-tag": model, "backing-controller-name": alive.controller, "user-mapping": {}}),
            "already in progress",
        ),
        of("JIMM.IncomingMigrationStatus", json!({"model-tag": model}), no_migration),
        of("JIMM.ModelControllerInfo", json!({"model": alive.model}), &alive.controller),
        of("JIMM.ListModels", json!({}), &alive.model),
        of("JIMM.ListModels of all", json!({"all": true}), &alive.model),
        of("JIMM.CrossModelQuery", json!({"type": "jq", "query": ".model.name"}), &alive.model),
        of("JIMM.StartCrossModelQuery", json!({"type": "jq", "query": "("}), "failed to parse"),
        of("JIMM.SupportedJujuVersions", json!({}), "\"version\""),
        of(
            "JIMM.UpgradeTo",
            json!({"model-uuids": [alive.model], "target-controller-name": "nowhere"}),
            "controller not found",
        ),
        of("JIMM.JobInfo", json!({"job-id": "none"}), "invalid job ID"),
        of("JIMM.ListJobs", json!({}), ""),
        of("JIMM.Doctor", json!({}), "\"not-looked-at\""),
        of("JIMM.DoctorRepair", json!({"finding": "none"}), "not found"),
        of("JIMM.ListArchivedModels", json!({}), ""),
        of("JIMM.ListEvents", json!({"after": 0, "limit": 1000}), &alive.controller),
        of("JIMM.StartBootstrap", json!({"controller-name": "new", "cloud": {"name": "microk8s"}}), "is the machine"),
        of("JIMM.BootstrapInfo", json!({"job-id": "none"}), "invalid job ID"),
        of("JIMM.StopBootstrap", json!({"job-id": "none"}), "invalid job ID"),
        of("JIMM.StartDestroyController", json!({"controller-name": "nowhere"}), "not found"),
        of("JIMM.SaveControllerProfile", json!({"name": "d#"}), "is no name"),
        of("JIMM.GetControllerProfile", json!({"name": "nowhere"}), "not found"),
        of("JIMM.ListControllerProfiles", json!({}), ""),
        of("JIMM.RemoveControllerProfile", json!({"name": "nowhere"}), "not found"),
        of("JIMM.NextCrossModelQuery", json!({"query-id": "none"}), "no such query"),
        of("JIMM.StopCrossModelQuery", json!({"query-id": "none"}), "no such query"),
        of(
            "JIMM.AddCloudToController",
            json!({"name": "aws", "cloud": {"type": "ec2"}, "controller-name": alive.controller}),
            "already exists",
        ),
        of(
            "JIMM.RemoveCloudFromController",
            json!({"cloud-tag": cloud, "controller-name": "nowhere"}),
            "cloud not hosted by controller",
        ),
        of(
            "JIMM.AddModelToController",
            json!({"name": "new", "qualifier": me, "cloud-tag": cloud, "credential": "", "controller-name": alive.controller}),
            "cloud credentials not found",
        ),
        of("JIMM.Version", json!({}), ""),
        of("JIMM.RotateSealingKey", json!({"to": "nonsense"}), "nonsense"),
        of("JIMM.SealingStatus", json!({}), ""),
        of("JIMM.DisableControllerUUIDMasking", json!({}), ""),
        of("JIMM.AddGroup", json!({"name": "d#"}), "invalid"),
        of("JIMM.GetGroup", json!({"name": "nowhere"}), "not found"),
        of("JIMM.RenameGroup", json!({"name": "nowhere", "new-name": "other"}), "not found"),
        of("JIMM.RemoveGroup", json!({"name": "nowhere"}), "not found"),
        of("JIMM.ListGroups", json!({}), ""),
        of("JIMM.AddRole", json!({"name": "d#"}), "invalid"),
        of("JIMM.GetRole", json!({"name": "nowhere"}), "not found"),
        of("JIMM.RenameRole", json!({"name": "nowhere", "new-name": "other"}), "not found"),
        of("JIMM.RemoveRole", json!({"name": "nowhere"}), "not found"),
        of("JIMM.ListRoles", json!({}), ""),
        of("JIMM.AddRelation", json!({"tuples": [relation(reader)]}), ""),
        of("JIMM.RemoveRelation", json!({"tuples": [relation("user-gone@example.com")]}), ""),
        of("JIMM.CheckRelation", json!({"tuple": relation(&user)}), ""),
        of("JIMM.CheckRelation of another", json!({"tuple": relation(reader)}), ""),
        of("JIMM.CheckRelations", json!({"tuples": [relation(&user)]}), ""),
        of("JIMM.CheckRelations of another", json!({"tuples": [relation(reader)]}), ""),
        of("JIMM.ChangeAccess", json!({"add-groups": ["d#"]}), "invalid"),
        of("JIMM.CheckAccess", json!({}), ""),
        of("JIMM.ListRelationshipTuples", json!({}), ""),
        of("JIMM.FindAuditEvents", json!({"limit": 1}), ""),
        of("JIMM.AuditCheckpoints", json!({}), ""),
        of("JIMM.AuditBatches", json!({"after": "2999-01-01/read/00000000-0000-0000-0000-000000000000/0/0"}), ""),
        of("JIMM.PurgeLogs", json!({"date": "2000-01-01T00:00:00Z"}), ""),
        of("JIMM.GrantAuditLogAccess", json!({"user-tag": "nonsense"}), "nonsense"),
        of("JIMM.RevokeAuditLogAccess", json!({"user-tag": "nonsense"}), "nonsense"),
        of("JIMM.ListSessions", json!({}), me),
        of("JIMM.ListSessions of another", json!({"user-tag": owner}), OWNER),
        of("JIMM.ListSessions of all", json!({"all": true}), OWNER),
        of("JIMM.RevokeSessions", json!({"session-id": "11111111-1111-4111-8111-111111111111"}), "not found"),
        of("JIMM.RevokeSessions of another", json!({"user-tag": "user-gone@example.com"}), "not found"),
        of("JIMM.ListSessionPolicies", json!({}), "default"),
        of("JIMM.SetSessionPolicy", json!({"subject": "nonsense", "lifetime": 60}), "nonsense"),
        of("JIMM.RemoveSessionPolicy", json!({"subject": "group-nowhere"}), "not found"),
        of("JIMM.AddServiceAccount", json!({"client-id": "no id"}), "invalid client ID"),
        of(
            "JIMM.CopyServiceAccountCredential",
            json!({"client-id": world.account, "cloud-name": world.cloud, "credential-name": "none"}),
            "cloud credential",
        ),
        of(
            "JIMM.GrantServiceAccountAccess",
            json!({"client-id": world.account, "entities": ["model-x"]}),
            "invalid entity",
        ),
        of("JIMM.ListServiceAccountCredentials", json!({"client-id": world.account, "include-secrets": true}), ""),
        of("JIMM.UpdateServiceAccountCredentials", json!({"client-id": world.account, "credentials": []}), ""),
        // === ModelConfig
        of("ModelConfig.ModelGet", json!({}), ""),
        // === ModelConfig of the broker
        of("ModelConfig.ModelSet", json!({}), ""),
        of("ModelConfig.ModelUnset", json!({}), ""),
        of("ModelConfig.GetModelConstraints", json!({}), ""),
        of("ModelConfig.SetModelConstraints", json!({}), ""),
        of("ModelConfig.Sequences", json!({}), ""),
        of("ModelConfig.SLALevel", json!({}), ""),
        of("ModelConfig.SetSLALevel", json!({}), ""),
        of("ModelConfig.GetModelSecretBackend", json!({}), ""),
        of("ModelConfig.SetModelSecretBackend", json!({}), ""),
        // === ModelManager
        of("ModelManager.CreateModel", create(me, "new"), "cloud credentials not found"),
        of("ModelManager.CreateModel for another", create(OWNER, &shop), "already exists"),
        of("ModelManager.ModelInfo", entity("model", &alive.model), "cloud-tag"),
        of("ModelManager.ListModels", json!({"tag": user}), &alive.model),
        of("ModelManager.ListModelSummaries", json!({"user-tag": user, "all": true}), &alive.model),
        of("ModelManager.ModelStatus", entity("model", &alive.model), "\"alive\""),
        of("ModelManager.DestroyModels", json!({"models": [{"model-tag": dead_model}]}), &gone),
        of(
            "ModelManager.ModifyModelAccess",
            json!({"changes": [{"user-tag": reader, "action": "grant", "access": "read",
            "model-tag": model}]}),
            "",
        ),
        of(
            "ModelManager.ChangeModelCredential",
            json!({"model-credentials": [{"model-tag": model,
            "credential-tag": credential("nowhere", me)}]}),
            "cloud mismatch",
        ),
        of(
            "ModelManager.ChangeModelCredential to another's",
            json!({"model-credentials": [{"model-tag": model,
            "credential-tag": credential("nowhere", OWNER)}]}),
            "cloud mismatch",
        ),
        of("ModelManager.DumpModels", entity("model", &dead.model), &gone),
        of("ModelManager.DumpModelsDB", entity("model", &dead.model), &gone),
        of(
            "ModelManager.SetModelDefaults",
            json!({"config": [{"cloud-tag": cloud, "config": {"agent-version": "1"}}]}),
            "cannot have a default value",
        ),
        of("ModelManager.UnsetModelDefaults", json!({"keys": [{"cloud-tag": cloud, "keys": []}]}), ""),
        of("ModelManager.ModelDefaultsForClouds", entity("cloud", &world.cloud), ""),
        of("ModelManager.ValidateModelUpgrades", json!({"model": [{"model-tag": dead_model}], "force": false}), &gone),
        // === ModelSummaryWatcher
        of("ModelSummaryWatcher.Next", json!({}), "unknown watcher id"),
        of("ModelSummaryWatcher.Stop", json!({}), "unknown watcher id"),
        // === MigrationTarget
        of("MigrationTarget.Prechecks", incoming.clone(), no_migration),
        of("MigrationTarget.Import", incoming, no_migration),
        of("MigrationTarget.Activate", json!({"model-tag": model}), no_migration),
        of("MigrationTarget.Abort", json!({"model-tag": model}), no_migration),
        of("MigrationTarget.AdoptResources", json!({"model-tag": model}), no_migration),
        of("MigrationTarget.CheckMachines", json!({"model-tag": model}), no_migration),
        of("MigrationTarget.LatestLogTime", json!({"model-tag": model}), no_migration),
        of("MigrationTarget.CACert", json!({}), ""),
        // === ModelUpgrader
        of("ModelUpgrader.UpgradeModel", json!({"model-tag": dead_model, "target-version": "3.6.99"}), &gone),
        of("ModelUpgrader.AbortModelUpgrade", json!({"model-tag": dead_model}), &gone),
        // === Pinger
        of("Pinger.Ping", json!({}), ""),
        of("Pinger.Stop", json!({}), ""),
        // === SecretBackends
        of("SecretBackends.ListSecretBackends", json!({}), ""),
        of("SecretBackends.AddSecretBackends", json!({"args": []}), ""),
        of("SecretBackends.UpdateSecretBackends", json!({"args": []}), ""),
        of("SecretBackends.RemoveSecretBackends", json!({"args": []}), ""),
        // === UserManager
        of("UserManager.UserInfo", json!({"entities": [{"tag": user}], "include-disabled": true}), "\"access\""),
        of(
            "UserManager.UserInfo of another",
            json!({"entities": [{"tag": owner}], "include-disabled": true}),
            "\"access\"",
        ),
        of("UserManager.UserInfo of all", json!({"entities": [], "include-disabled": true}), OWNER),
        of("UserManager.ModelUserInfo", entity("model", &alive.model), "\"access\""),
        of("UserManager.AddUser", json!({"users": [{"username": "new", "password": "p"}]}), ""),
        of("UserManager.ResetPassword", json!({"entities": [{"tag": owner}]}), ""),
        of("UserManager.SetPassword", json!({"changes": [{"tag": owner, "password": "p"}]}), ""),
        of("UserManager.RemoveUser", json!({"entities": [{"tag": owner}]}), ""),
        of("UserManager.EnableUser", json!({"entities": [{"tag": owner}]}), ""),
        of("UserManager.DisableUser", json!({"entities": [{"tag": "user-gone@example.com"}]}), "not found"),
    ]
}
