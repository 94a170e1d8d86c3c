//! What the help of each command adds to its options: an example, and what its exit codes mean.
//!
//! The reference page takes it apart again at the two headings.

/// Above the examples.
pub(crate) const EXAMPLES: &str = "Examples:";
/// Above the exit codes.
pub(crate) const EXIT_CODES: &str = "Exit codes:";

macro_rules! help {
    ([$($example:literal),+ $(,)?], $($code:literal => $meaning:literal),+ $(,)?) => {
        concat!(
            "Examples:", $("\n  ", $example,)+ "\n\nExit codes:", $("\n  ", $code, "  ", $meaning,)+
            "\n  2  the command line makes no sense"
        )
    };
}

pub(crate) mod accounts;
pub(crate) mod add_model;
pub(crate) mod adopt;
pub(crate) mod audit;
pub(crate) mod bootstrap;
pub(crate) mod clouds;
pub(crate) mod doctor;
pub(crate) mod events;
pub(crate) mod incoming;
pub(crate) mod jobs;
pub(crate) mod migrations;
pub(crate) mod placement;
pub(crate) mod plans;
pub(crate) mod query;
pub(crate) mod rights;

pub(crate) const ALL: &str = help!(
    ["jimmctl controllers", "jimmctl -c jimm models", "jimmctl --url jimm.example.com:443 version --format json"],
    0 => "done",
    1 => "not done; the error says why, and on a line that begins with \"hint:\" what to do",
);
pub(crate) const LOGIN: &str = help!(
    ["jimmctl login jimm.example.com:443 -c jimm", "jimmctl login jimm.example.com:443 -c jimm --ca-cert ca.pem", "jimmctl login"],
    0 => "logged in; the broker is the current controller of the client store",
    1 => "not logged in: the broker does not answer, nobody agreed in the browser, or the name belongs to another controller",
);
pub(crate) const CONTROLLER_INFO: &str = help!(
    ["jimmctl controller-info prod prod.yaml --local", "jimmctl controller-info prod - prod.example.com:17070"],
    0 => "the file is written",
    1 => "the client store does not know the controller or its password, or the file cannot be written",
);
pub(crate) const ADD_CONTROLLER: &str = help!(
    ["jimmctl add-controller prod.yaml", "jimmctl controller-info prod - --local | jimmctl add-controller -"],
    0 => "the controller is attached",
    1 => "it is not: the file is not complete, the name or UUID is taken, or the controller does not answer as described",
);
pub(crate) const REGISTER_CONTROLLER: &str = help!(
    [
        "jimmctl register-controller prod --local",
        "jimmctl register-controller prod --public-address prod.example.com:17070",
        "jimmctl register-controller prod --local --dry-run > prod.yaml",
    ],
    0 => "the controller is attached, or described (--dry-run)",
    1 => "it is not: the client store does not know it or its password, the name or UUID is taken, or it does not answer as described",
);
pub(crate) const LIST_CONTROLLERS: &str = help!(
    ["jimmctl controllers", "jimmctl list-controllers --format json"],
    0 => "listed; a controller that does not answer is listed as unavailable",
    1 => "the broker did not answer or refused",
);
pub(crate) const SHOW_CONTROLLER: &str = help!(
    ["jimmctl show-controller prod"],
    0 => "shown",
    1 => "there is no controller of that name, or you are not an administrator",
);
pub(crate) const REMOVE_CONTROLLER: &str = help!(
    ["jimmctl remove-controller prod", "jimmctl remove-controller prod --force"],
    0 => "the controller is detached",
    1 => "it is not: without --force when it still answers or hosts models",
);
pub(crate) const SET_CONTROLLER_DEPRECATED: &str = help!(
    ["jimmctl set-controller-deprecated prod", "jimmctl set-controller-deprecated prod --false"],
    0 => "the mark is set, or with --false taken away",
    1 => "there is no controller of that name, or you are not an administrator",
);
pub(crate) const IMPORT_MODEL: &str = help!(
    ["jimmctl import-model prod 2af9538e-8532-4b90-a58e-7b39c60aa423 --owner alice@example.com"],
    0 => "the model is adopted; warnings are on standard error",
    1 => "it is not, and nothing has changed",
);
pub(crate) const MIGRATE: &str = help!(
    [
        "jimmctl migrate --dry-run other alice@example.com/shop",
        "jimmctl migrate other alice@example.com/shop 2af9538e-8532-4b90-a58e-7b39c60aa423",
        "jimmctl migrate --no-wait other alice@example.com/shop",
    ],
    0 => "every model was moved; can be moved (--dry-run); is being moved (--no-wait)",
    1 => "one was not or cannot, and is where it was; or watching ended early",
);
pub(crate) const UPDATE_MIGRATED_MODEL: &str = help!(
    ["jimmctl update-migrated-model other 2af9538e-8532-4b90-a58e-7b39c60aa423"],
    0 => "the broker sends users of the model to that controller from now on",
    1 => "the model is not on that controller, or the broker does not know it; nothing has changed",
);
pub(crate) const LIST_MIGRATION_TARGETS: &str = help!(
    ["jimmctl list-migration-targets alice@example.com/shop"],
    0 => "listed; the list may be empty",
    1 => "there is no such model, or you are not an administrator",
);
pub(crate) const MODELS: &str = help!(
    ["jimmctl models", "jimmctl models --on prod --all", "jimmctl models --format json"],
    0 => "listed; models of a controller that does not answer as last seen, with a warning on standard error",
    1 => "the broker did not answer or refused",
);
pub(crate) const SHOW_MODEL: &str = help!(
    ["jimmctl show-model alice@example.com/shop"],
    0 => "shown",
    1 => "there is no such model that you may read",
);
pub(crate) const MODEL_STATUS: &str = help!(
    ["jimmctl model-status alice@example.com/shop --format json"],
    0 => "shown",
    1 => "there is no such model, its controller does not answer, or you are not an administrator",
);
pub(crate) const ROTATE_SEALING_KEY: &str = help!(
    ["jimmctl rotate-sealing-key", "jimmctl rotate-sealing-key --status", "jimmctl rotate-sealing-key --no-wait"],
    0 => "every stored secret is sealed with what --status shows as current; the rotation is in work (--no-wait)",
    1 => "some are not, and are as they were: the reason is told; or you are not an administrator",
);
pub(crate) const VERSION: &str = help!(
    ["jimmctl version", "jimmctl version --client"],
    0 => "shown",
    1 => "the broker did not answer or refused the login",
);
pub(crate) const COMPLETION: &str = help!(
    ["jimmctl completion bash > ~/.local/share/bash-completion/completions/jimmctl"],
    0 => "written",
    1 => "standard output could not be written",
);
pub(crate) const MAN: &str = help!(
    ["jimmctl man ~/.local/share/man/man1"],
    0 => "written",
    1 => "the folder could not be written",
);
