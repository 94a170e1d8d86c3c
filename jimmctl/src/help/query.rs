//! Help of queries over many models.

pub(crate) const QUERY_MODELS: &str = help!(
    [
        "jimmctl query-models .model.name",
        "jimmctl query-models '.applications | to_entries[] | select(.value[\"charm-name\"] == \"postgresql\") | .key'",
        "jimmctl query-models --stream '[.machines[] | select(.[\"juju-status\"].current == \"down\")] | length'",
    ],
    0 => "answered; what went wrong with a model is told beside the answers of the others",
    1 => "the program makes no sense, or the broker did not answer",
);
