//! Help of the commands about rights.

pub(crate) const AUTH: &str = help!(
    ["jimmctl auth group add platform", "jimmctl auth relation add user-alice@example.com member group-platform"],
    0 => "done",
    1 => "not done; the error says why",
);
pub(crate) const GROUP: &str = help!(
    ["jimmctl auth group list", "jimmctl auth relation add user-alice@example.com member group-platform"],
    0 => "done",
    1 => "not done; the error says why",
);
pub(crate) const ROLE: &str = help!(
    ["jimmctl auth role list", "jimmctl auth relation add group-platform#member assignee role-deployer"],
    0 => "done",
    1 => "not done; the error says why",
);
pub(crate) const RELATION: &str = help!(
    ["jimmctl auth relation list --target model"],
    0 => "done",
    1 => "not done; the error says why",
);
pub(crate) const AUTH_SET: &str = help!(
    ["jimmctl auth group add platform", "jimmctl auth role rename deployer operator", "jimmctl auth group list --format json"],
    0 => "done",
    1 => "not done: no such name, or it is taken, or you are not an administrator",
);
pub(crate) const ADD_GROUP: &str = help!(
    ["jimmctl add-group platform", "jimmctl add-permission user-alice@example.com member group-platform"],
    0 => "the group is made",
    1 => "it is not: the name is taken or breaks the rules, or you are not an administrator",
);
pub(crate) const RENAME_GROUP: &str = help!(
    ["jimmctl rename-group platform infrastructure"],
    0 => "renamed",
    1 => "it is not: no such group, or the new name is taken",
);
pub(crate) const REMOVE_GROUP: &str = help!(
    ["jimmctl remove-group platform", "jimmctl remove-group -y platform"],
    0 => "the group and its relations are removed",
    1 => "nothing is removed: no such group, or the question was not answered with y",
);
pub(crate) const LIST_GROUPS: &str = help!(
    ["jimmctl groups", "jimmctl list-groups --limit 50 --offset 100"],
    0 => "listed; the list may be empty",
    1 => "the broker did not answer, or you are not an administrator",
);
pub(crate) const ADD_ROLE: &str = help!(
    [
        "jimmctl add-role deployer",
        "jimmctl add-permission role-deployer#assignee writer model-alice@example.com/shop",
        "jimmctl add-permission group-platform#member assignee role-deployer",
    ],
    0 => "the role is made",
    1 => "it is not: the name is taken or breaks the rules, or you are not an administrator",
);
pub(crate) const RENAME_ROLE: &str = help!(
    ["jimmctl rename-role deployer operator"],
    0 => "renamed",
    1 => "it is not: no such role, or the new name is taken",
);
pub(crate) const REMOVE_ROLE: &str = help!(
    ["jimmctl remove-role deployer", "jimmctl remove-role -y deployer"],
    0 => "the role and its relations are removed",
    1 => "nothing is removed: no such role, or the question was not answered with y",
);
pub(crate) const LIST_ROLES: &str = help!(
    ["jimmctl roles", "jimmctl list-roles --format json"],
    0 => "listed; the list may be empty",
    1 => "the broker did not answer, or you are not an administrator",
);
pub(crate) const ADD_PERMISSION: &str = help!(
    [
        "jimmctl add-permission user-alice@example.com administrator controller-jimm",
        "jimmctl add-permission group-platform#member writer model-alice@example.com/shop",
        "jimmctl add-permission user-everyone@external can_addmodel cloud-aws",
        "jimmctl auth relation add -f rights.json",
    ],
    0 => "everybody has the rights, given now or before",
    1 => "nothing has changed: a name is not known, the relation makes no sense, or you may not give it",
);
pub(crate) const REMOVE_PERMISSION: &str = help!(
    [
        "jimmctl remove-permission user-alice@example.com member group-platform",
        "jimmctl auth relation remove -f rights.json",
    ],
    0 => "nobody has them by these relations any more; others may still give them",
    1 => "nothing has changed: a name is not known, or you may not take it",
);
pub(crate) const CHECK_PERMISSION: &str = help!(
    [
        "jimmctl check-permission user-alice@example.com reader model-alice@example.com/shop",
        "jimmctl auth relation check --exit-code user-alice@example.com member group-platform",
    ],
    0 => "told; with --exit-code: it is allowed",
    1 => "it could not be told; with --exit-code: or it is not allowed",
);
pub(crate) const LIST_PERMISSIONS: &str = help!(
    [
        "jimmctl permissions --target model-alice@example.com/shop",
        "jimmctl list-permissions --object user-alice@example.com --resolve=false",
        "jimmctl auth relation list --target cloud --relation can_addmodel",
    ],
    0 => "listed to the end; inherited rights are not written down and not listed",
    1 => "the broker did not answer, a name is not known, or you are not an administrator",
);
pub(crate) const CHECK_ACCESS: &str = help!(
    ["jimmctl check-access", "jimmctl check-access --reconcile", "jimmctl check-access --format json"],
    0 => "nothing differs; with --reconcile: nothing differs any more",
    1 => "it could not be told: the broker or OpenFGA did not answer, or you are not an administrator",
    3 => "something differs; it is listed, and nothing has changed",
);
pub(crate) const APPLY: &str = help!(
    [
        "jimmctl export-access -o access.yaml",
        "jimmctl apply -f access.yaml --dry-run",
        "jimmctl apply -f access.yaml --prune --yes",
    ],
    0 => "everything is as the file says; with --dry-run: the differences are shown",
    1 => "nothing has changed: the file is wrong, the differences were not agreed to, or you are not an administrator",
);
pub(crate) const EXPORT_ACCESS: &str = help!(
    ["jimmctl export-access", "jimmctl export-access -o access.yaml"],
    0 => "written",
    1 => "the broker did not answer, or you are not an administrator",
);
