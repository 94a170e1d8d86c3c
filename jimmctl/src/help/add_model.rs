//! Help of the command that makes models.

pub(crate) const ADD_MODEL: &str = help!(
    [
        "jimmctl add-model shop aws/eu-west-1",
        "jimmctl add-model shop aws --target-controller prod --owner alice@example.com --config logging-config=INFO",
    ],
    0 => "the model is there, and the current one of the client store unless --no-switch is given",
    1 => "it is not: the name is taken, no controller will do, or you have no credential for the cloud",
);
