//! What the audit log may keep of the parameters of each method, and of which class its calls are: the list of what is
//! safe. What is not listed is kept as its type and length only. It stands next to the table of methods; relayed methods
//! and HTTP routes have their part here too.
//!
//! A path names members from the outside in; lists on the way are passed through. Only texts, numbers and truth values at
//! the end of a path are kept, never an object with whatever is in it.

use std::collections::HashMap;
use std::sync::LazyLock;

use jimm_store::audit::Class;

use crate::audit::Fields;

/// A facade, methods of it, and the paths that are kept of their parameters.
type Kept = (&'static str, &'static str, &'static str);

/// The broker's own methods. One that is not here, or whose row in the table says `Audit::NoParams`, keeps nothing.
#[rustfmt::skip]
const OWN: &[Kept] = &[
    ("Admin", "LoginWithClientCredentials", "client-id"),
    ("ApplicationOffers", "Offer", "Offers.model-tag Offers.offer-name Offers.application-name Offers.owner-tag"),
    ("ApplicationOffers", "ApplicationOffers DestroyOffers", "offer-urls force"),
    ("ApplicationOffers", "RemoteApplicationInfo", "offer-urls"),
    ("Cloud", "ModelConfigSchema", "provider-type"),
    ("ApplicationOffers", "GetConsumeDetails", "offer-urls.offer-urls user-tag"),
    ("ApplicationOffers", "ListApplicationOffers FindApplicationOffers", "Filters.owner-name Filters.model-name Filters.offer-name Filters.application-name Filters.model-qualifier"),
    ("ApplicationOffers", "ModifyOfferAccess", "changes.user-tag changes.action changes.access changes.offer-url"),
    ("Cloud", "Cloud CloudInfo RemoveClouds", "entities.tag"),
    ("Cloud", "ListCloudInfo", "user-tag all"),
    ("Cloud", "ModifyCloudAccess", "changes.user-tag changes.cloud-tag changes.action changes.access"),
    ("Cloud", "UserCredentials", "user-clouds.user-tag user-clouds.cloud-tag"),
    ("Cloud", "RevokeCredentialsCheckModels", "credentials.tag credentials.force"),
    ("Cloud", "Credential", "entities.tag"),
    ("Cloud", "CredentialContents", "credentials.cloud-name credentials.credential-name include-secrets"),
    ("Controller", "GetControllerAccess ModelStatus ControllerAPIInfoForModels CloudSpec", "entities.tag"),
    ("Controller", "ModifyControllerAccess", "changes.user-tag changes.action changes.access"),
    ("JIMM", "RemoveController", "name force"),
    ("JIMM", "RemoveCloudFromController", "cloud-tag controller-name"),
    ("JIMM", "CrossModelQuery StartCrossModelQuery", "type"),
    ("JIMM", "NextCrossModelQuery StopCrossModelQuery", "query-id"),
    ("JIMM", "ShowController", "name"),
    ("JIMM", "SetControllerDeprecated", "name deprecated"),
    ("JIMM", "ImportModel", "controller model-tag owner"),
    ("JIMM", "MigrateModel CheckMigration", "specs.model-tag specs.target-controller"),
    ("JIMM", "MigrationStatus", "models"),
    ("JIMM", "UpdateMigratedModel", "model-tag target-controller"),
    ("JIMM", "ListMigrationTargets", "model-tag"),
    ("JIMM", "FullModelStatus", "model-tag"),
    ("JIMM", "UpgradeTo", "model-uuids model-tag target-controller-name"),
    ("JIMM", "JobInfo StopBootstrap", "job-id"),
    ("JIMM", "ListEvents", "after limit wait"),
    ("JIMM", "DoctorRepair", "finding"),
    ("JIMM", "ListArchivedModels", "limit cursor"),
    ("JIMM", "BootstrapInfo", "job-id watermark"),
    ("JIMM", "StartBootstrap", "controller-name controller-version cloud.name cloud.region.name"),
    ("JIMM", "StartDestroyController", "controller-name destroy-storage release-storage"),
    ("JIMM", "SaveControllerProfile", "name version juju-version cloud.name"),
    ("JIMM", "GetControllerProfile RemoveControllerProfile", "name"),
    ("JIMM", "ListControllerProfiles", "juju-version"),
    ("JIMM", "ListJobs", "kinds statuses count cursor"),
    ("JIMM", "SupportedJujuVersions", "min-version"),
    ("JIMM", "PrepareModelMigration", "model-tag backing-controller-name"),
    ("JIMM", "IncomingMigrationStatus", "model-tag"),
    ("JIMM", "ModelControllerInfo", "model"),
    ("JIMM", "ListModels", "all controller model"),
    ("JIMM", "ListSessions RevokeSessions", "user-tag session-id all"),
    ("JIMM", "SetSessionPolicy RemoveSessionPolicy", "subject lifetime idle-timeout"),
    ("JIMM", "AddServiceAccount", "client-id"),
    ("JIMM", "CopyServiceAccountCredential", "client-id cloud-name credential-name"),
    ("JIMM", "GrantServiceAccountAccess", "client-id entities"),
    ("JIMM", "ListServiceAccountCredentials", "client-id credentials.cloud-name credentials.credential-name include-secrets"),
    ("JIMM", "FindAuditEvents", "after before user-tag model method offset limit sortTime cursor"),
    ("JIMM", "PurgeLogs", "date"),
    ("JIMM", "GrantAuditLogAccess RevokeAuditLogAccess", "user-tag level"),
    ("JIMM", "AuditCheckpoints", "after-no"),
    ("JIMM", "AuditBatches", "after"),
    ("JIMM", "AddGroup GetGroup RenameGroup RemoveGroup AddRole GetRole RenameRole RemoveRole", "name new-name uuid"),
    ("JIMM", "ListGroups ListRoles", "limit offset"),
    ("JIMM", "AddRelation RemoveRelation CheckRelations", "tuples.object tuples.relation tuples.target-object"),
    ("JIMM", "CheckRelation ListRelationshipTuples", "tuple.object tuple.relation tuple.target-object page-size resolve-uuids"),
    ("JIMM", "ChangeAccess", "add-groups add-roles add.object add.relation add.target-object remove.object remove.relation remove.target-object remove-groups remove-roles"),
    ("MigrationTarget", "Prechecks", "uuid name owner-tag qualifier agent-version controller-agent-version"),
    ("MigrationTarget", "Activate Abort CheckMachines LatestLogTime", "model-tag controller-tag"),
    ("MigrationTarget", "AdoptResources", "model-tag source-controller-version"),
    ("ModelManager", "ModelInfo ModelStatus DumpModelsDB", "entities.tag"),
    ("ModelManager", "DumpModels", "entities.tag simplified"),
    ("ModelManager", "ListModels", "tag"),
    ("ModelManager", "ListModelSummaries", "user-tag all"),
    ("ModelManager", "DestroyModels", "models.model-tag models.destroy-storage models.force models.max-wait models.timeout"),
    ("ModelManager", "ModifyModelAccess", "changes.user-tag changes.action changes.access changes.model-tag"),
    ("ModelManager", "ChangeModelCredential", "model-credentials.model-tag model-credentials.credential-tag"),
    ("ModelManager", "UnsetModelDefaults", "keys.cloud-tag keys.cloud-region keys.keys"),
    ("ModelManager", "ModelDefaultsForClouds", "entities.tag"),
    ("ModelUpgrader", "UpgradeModel", "model-tag target-version agent-stream ignore-agent-versions dry-run"),
    ("ModelUpgrader", "AbortModelUpgrade", "model-tag"),
    ("SecretBackends", "ListSecretBackends", "names reveal"),
    ("SecretBackends", "RemoveSecretBackends", "args.name args.force"),
    ("UserManager", "UserInfo", "entities.tag include-disabled"),
    ("UserManager", "ModelUserInfo RemoveUser EnableUser DisableUser", "entities.tag"),
];

/// Methods that controllers serve.
#[rustfmt::skip]
const RELAYED: &[Kept] = &[
    ("Action", "EnqueueOperation", "actions.receiver actions.name actions.parallel actions.execution-group"),
    ("Action", "Cancel Actions", "entities.tag"),
    ("Action", "Run RunOnAllMachines", "machines applications units timeout parallel"),
    ("Annotations", "Get", "entities.tag"),
    ("Annotations", "Set", "annotations.entity"),
    ("Application", "AddRelation DestroyRelation", "endpoints relation-id force max-wait"),
    ("Application", "AddUnits", "application num-units"),
    ("Application", "ApplicationsInfo UnitsInfo Leader", "entities.tag"),
    ("Application", "Consume", "args.offer-url args.application-alias"),
    ("Application", "Deploy", "applications.application applications.charm-url applications.channel applications.num-units"),
    ("Application", "DeployFromRepository", "Args.CharmName Args.ApplicationName Args.Channel Args.Revision Args.NumUnits"),
    ("Application", "DestroyApplication", "applications.application-tag applications.destroy-storage applications.force"),
    ("Application", "DestroyConsumedApplications", "applications.application-tag applications.force"),
    ("Application", "DestroyUnit", "units.unit-tag units.destroy-storage units.force"),
    ("Application", "Expose Unexpose", "application"),
    ("Application", "Get GetConfig CharmConfig", "application entities.tag"),
    ("Application", "ResolveUnitErrors", "all retry tags.entities.tag"),
    ("Application", "ScaleApplications", "applications.application-tag applications.scale applications.scale-change"),
    ("Application", "SetCharm", "application charm-url channel force"),
    ("Application", "SetRelationsSuspended", "args.relation-id args.suspended"),
    ("Application", "UpdateApplicationBase", "args.tag args.channel args.force"),
    ("Block", "SwitchBlockOn SwitchBlockOff", "type"),
    ("Client", "FullStatus", "include-storage"),
    ("KeyManager", "DeleteKeys ListKeys", "user"),
    ("MachineManager", "AddMachines", "params.base.name params.base.channel params.parent-id params.container-type"),
    ("MachineManager", "DestroyMachineWithParams", "machine-tags force keep max-wait dry-run"),
    ("ModelConfig", "ModelUnset", "keys"),
    ("ModelConfig", "SLALevel SetSLALevel", "level"),
    ("Resources", "ListResources", "entities.tag"),
    ("Secrets", "GrantSecret RevokeSecret", "uri label applications"),
    ("Secrets", "RemoveSecrets", "args.uri args.label args.revisions"),
    ("Secrets", "ListSecrets", "show-secrets filter.uri filter.revision filter.label filter.owner-tag"),
    ("Spaces", "CreateSpaces RenameSpace RemoveSpace", "spaces.space-tag changes.from-space-tag changes.to-space-tag"),
    ("SSHClient", "PublicAddress PrivateAddress AllAddresses PublicKeys", "entities.tag"),
    ("Storage", "AddToUnit", "storages.unit storages.name"),
    ("Storage", "Remove", "storage.tag storage.destroy-attachments storage.destroy-storage storage.force"),
    ("UserManager", "DisableUser EnableUser RemoveUser UserInfo", "entities.tag"),
];

/// Bodies of HTTP requests; the method is the route.
#[rustfmt::skip]
const HTTP: &[Kept] = &[
    ("HTTP", "discharge", "condition"),
    ("HTTP", "POST/rebac/v1/groups PUT/rebac/v1/groups/{id} POST/rebac/v1/roles PUT/rebac/v1/roles/{id}", "name id"),
    ("HTTP", "PATCH/rebac/v1/identities/{id}/groups", "patches.group patches.op"),
    ("HTTP", "PATCH/rebac/v1/identities/{id}/roles PATCH/rebac/v1/groups/{id}/roles", "patches.role patches.op"),
    ("HTTP", "PATCH/rebac/v1/groups/{id}/identities", "patches.identity patches.op"),
    ("HTTP", "PATCH/rebac/v1/identities/{id}/entitlements PATCH/rebac/v1/groups/{id}/entitlements PATCH/rebac/v1/roles/{id}/entitlements", "patches.entitlement.entitlement patches.entitlement.entity_id patches.entitlement.entity_type patches.op"),
];

/// The broker's own methods that change nothing.
const READS: &[(&str, &str)] = &[
    (
        "ApplicationOffers",
        "ApplicationOffers ListApplicationOffers FindApplicationOffers GetConsumeDetails \
         RemoteApplicationInfo",
    ),
    (
        "Cloud",
        "Clouds Cloud CloudInfo ListCloudInfo UserCredentials CheckCredentialsModels Credential CredentialContents \
         ModelConfigSchema",
    ),
    (
        "Controller",
        "AllModels ControllerConfig ControllerVersion GetControllerAccess IdentityProviderURL ModelStatus MongoVersion \
         ControllerAPIInfoForModels CloudSpec DashboardConnectionInfo ListBlockedModels ModelConfig WatchModelSummaries WatchAllModelSummaries WatchAllModels",
    ),
    (
        "JIMM",
        "ListControllers ShowController CheckMigration MigrationStatus ListMigrationTargets FullModelStatus \
         ModelControllerInfo ListModels Version DisableControllerUUIDMasking ListSessions ListSessionPolicies \
         ListServiceAccountCredentials FindAuditEvents AuditCheckpoints AuditBatches SealingStatus GetGroup ListGroups GetRole \
         ListRoles CheckRelation CheckRelations ListRelationshipTuples CrossModelQuery StartCrossModelQuery \
         NextCrossModelQuery StopCrossModelQuery SupportedJujuVersions JobInfo ListJobs \
         BootstrapInfo GetControllerProfile ListControllerProfiles ListEvents Doctor ListArchivedModels",
    ),
    ("ModelConfig", "ModelGet GetModelConstraints Sequences SLALevel GetModelSecretBackend"),
    (
        "ModelManager",
        "ModelInfo ListModels ListModelSummaries ModelStatus DumpModels DumpModelsDB ModelDefaultsForClouds \
         ValidateModelUpgrades",
    ),
    ("ModelSummaryWatcher", "Next Stop"),
    ("AllModelWatcher", "Next Stop"),
    ("Pinger", "Ping Stop"),
    ("SecretBackends", "ListSecretBackends"),
    ("UserManager", "UserInfo ModelUserInfo"),
];

type Table = HashMap<&'static str, HashMap<&'static str, Fields>>;

fn table(parts: &[&[Kept]]) -> Table {
    let mut table = Table::new();
    for (facade, methods, paths) in parts.iter().copied().flatten() {
        for method in methods.split(' ') {
            let fields = table.entry(facade).or_default().entry(method).or_default();
            paths.split(' ').for_each(|path| fields.add(path));
        }
    }
    table
}

/// What may be kept of the parameters of one of the broker's own methods, or of an HTTP route's body.
pub(crate) fn own(facade: &str, method: &str) -> Option<&'static Fields> {
    static TABLE: LazyLock<Table> = LazyLock::new(|| table(&[OWN, HTTP]));
    TABLE.get(facade)?.get(method)
}

/// What may be kept of the parameters of a relayed method.
pub(crate) fn relayed(facade: &str, method: &str) -> Option<&'static Fields> {
    static TABLE: LazyLock<Table> = LazyLock::new(|| table(&[RELAYED]));
    TABLE.get(facade)?.get(method)
}

/// Of which class calls of one of the broker's own methods are; what is not known counts as a change.
pub(crate) fn own_class(facade: &str, method: &str) -> Class {
    static TABLE: LazyLock<HashMap<&str, Vec<&str>>> =
        LazyLock::new(|| READS.iter().map(|(facade, methods)| (*facade, methods.split(' ').collect())).collect());
    match TABLE.get(facade) {
        _ if facade == "Admin" => Class::Login,
        Some(methods) if methods.contains(&method) => Class::Read,
        _ => Class::Change,
    }
}

#[cfg(test)]
mod tests {
    use super::super::registry::{self, Audit};
    use super::*;

    #[test]
    fn what_is_listed_exists_and_may_be_kept() {
        let rows: Vec<_> = registry::rows().collect();
        for (facade, methods, _) in OWN.iter().filter(|row| row.0 != "Admin") {
            for method in methods.split(' ') {
                let row = rows.iter().find(|row| row.facade == *facade && row.method == method);
                let row = row.unwrap_or_else(|| panic!("{facade}.{method} is not served"));
                assert_eq!(row.audit, Audit::Params, "{facade}.{method} keeps nothing, says the table of methods");
            }
        }
        for (facade, methods) in READS {
            for method in methods.split(' ') {
                let watched = method.starts_with("Watch") || facade.ends_with("Watcher");
                let served = rows.iter().any(|row| row.facade == *facade && row.method == method);
                assert!(watched || served, "{facade}.{method} is not served");
            }
        }
    }

    #[test]
    fn nothing_that_names_a_secret_is_listed() {
        let parts = [OWN, RELAYED, HTTP];
        for (facade, methods, paths) in parts.into_iter().flatten() {
            for path in paths.split(' ') {
                let last = path.rsplit('.').next().unwrap_or_default();
                let bad = ["password", "token", "attrs", "config", "content", "credential", "secret", "params"];
                assert!(!bad.contains(&last), "{facade}.{methods}: {path}");
            }
        }
    }
}
