//! Help of the commands about models that come in.

pub(crate) const PREPARE: &str = help!(
    ["jimmctl prepare-migration 2af9538e-8532-4b90-a58e-7b39c60aa423 --backing-controller prod --user-mapping users.yaml"],
    0 => "the broker takes the model for a day; printed is a token, good for three hours, that its source has to use",
    1 => "it does not: the model is here or on its way, the file names no users, or you are not an administrator",
);
pub(crate) const MIGRATE_IN: &str = help!(
    [
        "jimmctl migrate-in shop --from old --draft-mapping > users.yaml",
        "jimmctl migrate-in shop --from old --backing-controller prod --user-mapping users.yaml",
        "jimmctl migrate-in shop --from old --backing-controller prod --user-mapping users.yaml --detach",
    ],
    0 => "the model has come in, or has begun to (--detach)",
    1 => "it has not, and is where it was; or watching ended early",
);
