//! Help of the commands about clouds on controllers and the credentials for clouds.

pub(crate) const ADD: &str = help!(
    [
        "jimmctl add-cloud-to-controller prod metal --cloud metal.yaml",
        "jimmctl add-cloud-to-controller prod k8s --force",
    ],
    0 => "models can be added to the cloud, and that controller hosts them",
    1 => "it is not added: the definition makes no sense, the name is taken, or the controller refuses it",
);
pub(crate) const REMOVE: &str = help!(
    ["jimmctl remove-cloud-from-controller prod metal"],
    0 => "that controller serves the cloud no longer; when none does, the cloud is gone",
    1 => "the controller does not serve it, or something there still uses it",
);
pub(crate) const IMPORT_CREDENTIALS: &str = help!(
    ["jimmctl import-cloud-credentials credentials.json"],
    0 => "all are stored",
    1 => "those that are not are named on standard error, the others are stored",
);
