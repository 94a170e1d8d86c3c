//! Which facades each shape lists, in which versions, on which kind of connection.

use serde_json::{Value, json};

use super::controller::Shape;

type List = &'static [(&'static str, &'static [u32])];

const CONTROLLER_36: List = &[
    ("AllModelWatcher", &[4]),
    ("ApplicationOffers", &[4, 5]),
    ("Bundle", &[6]),
    ("Cloud", &[7]),
    ("Controller", &[11, 12]),
    ("CrossController", &[1]),
    ("MigrationTarget", &[1, 2, 3, 4, 5, 6]),
    ("ModelConfig", &[3]),
    ("ModelManager", &[9, 10]),
    ("ModelSummaryWatcher", &[1]),
    ("ModelUpgrader", &[1]),
    ("NotifyWatcher", &[1]),
    ("Pinger", &[1]),
    ("SecretBackends", &[1]),
    ("UserManager", &[3]),
];
const CONTROLLER_40: List = &[
    ("ApplicationOffers", &[5, 6]),
    ("Bundle", &[8]),
    ("Cloud", &[7]),
    ("Controller", &[12, 13, 14]),
    ("CrossController", &[1]),
    ("MigrationTarget", &[4, 5, 6, 7]),
    ("ModelConfig", &[3, 4]),
    ("ModelManager", &[10, 11]),
    ("ModelSummaryWatcher", &[1]),
    ("NotifyWatcher", &[1]),
    ("Pinger", &[1]),
    ("SecretBackends", &[1]),
    ("UserManager", &[3]),
];
const CONTROLLER_41: List = &[
    ("ApplicationOffers", &[5, 6]),
    ("Bundle", &[8]),
    ("Cloud", &[7, 8]),
    ("Controller", &[12, 13, 14]),
    ("CrossController", &[1]),
    ("MigrationTarget", &[4, 5, 6, 7, 8]),
    ("ModelConfig", &[3, 4]),
    ("ModelManager", &[10, 11]),
    ("ModelSummaryWatcher", &[1]),
    ("ModelUpgrader", &[2]),
    ("NotifyWatcher", &[1]),
    ("Pinger", &[1]),
    ("SecretBackends", &[1]),
    ("UserManager", &[3]),
];
const MODEL_36: List = &[
    ("Action", &[7]),
    ("AllWatcher", &[3]),
    ("Annotations", &[2]),
    ("Application", &[15, 16, 17, 18, 19, 20, 21, 22]),
    ("Block", &[2]),
    ("Charms", &[5, 6, 7]),
    ("Client", &[6, 7, 8]),
    ("CrossModelRelations", &[2, 3]),
    ("HighAvailability", &[2]),
    ("KeyManager", &[1]),
    ("MachineManager", &[9, 10]),
    ("ModelConfig", &[3]),
    ("Pinger", &[1]),
    ("Resources", &[3]),
    ("SSHClient", &[4, 5]),
    ("Secrets", &[1, 2]),
    ("Spaces", &[6]),
    ("Storage", &[6, 7]),
    ("Subnets", &[5]),
];
const MODEL_4: List = &[
    ("Action", &[7]),
    ("Annotations", &[2]),
    ("Application", &[19, 20, 21, 22]),
    ("Block", &[2]),
    ("Charms", &[7]),
    ("Client", &[8]),
    ("CrossModelRelations", &[3]),
    ("HighAvailability", &[2, 3]),
    ("KeyManager", &[1]),
    ("MachineManager", &[11]),
    ("ModelConfig", &[3, 4]),
    ("ModelUpgrader", &[2]),
    ("Pinger", &[1]),
    ("Resources", &[3]),
    ("SSHClient", &[4, 5]),
    ("Secrets", &[1, 2]),
    ("Spaces", &[6]),
    ("Storage", &[6, 7]),
    ("Subnets", &[5]),
];

fn list(shape: Shape, on_model: bool) -> List {
    match (shape, on_model) {
        (Shape::V36, false) => CONTROLLER_36,
        (Shape::V40, false) => CONTROLLER_40,
        (Shape::V41, false) => CONTROLLER_41,
        (Shape::V36, true) => MODEL_36,
        (_, true) => MODEL_4,
    }
}

/// As the login tells it.
pub(super) fn for_login(shape: Shape, on_model: bool) -> Value {
    list(shape, on_model).iter().map(|(name, versions)| json!({"name": name, "versions": versions})).collect()
}

/// Why a facade cannot be called, with the texts of the generation; `None` when it can.
pub(super) fn refusal(shape: Shape, on_model: bool, facade: &str, version: u32) -> Option<(String, &'static str)> {
    if let Some((_, versions)) = list(shape, on_model).iter().find(|(name, _)| *name == facade) {
        if versions.contains(&version) {
            return None;
        }
        let text = if shape.is_4() {
            format!("unknown version {version} for facade type {facade:?}")
        } else {
            format!("unknown version ({version}) of interface {facade:?}")
        };
        return Some((text, "not implemented"));
    }
    if list(shape, !on_model).iter().any(|(name, _)| *name == facade) {
        let kind = if on_model { "model" } else { "controller" };
        return Some((format!("facade {facade:?} not supported for {kind} API connection"), "not supported"));
    }
    let text = if shape.is_4() {
        format!("unknown facade type {facade:?}")
    } else {
        format!("unknown object type {facade:?}")
    };
    Some((text, "not implemented"))
}
