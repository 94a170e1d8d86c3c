//! `UserManager`.

use serde_json::{Value, json};

use super::super::fault::{Fault, Result, results};
use super::{Call, model_uuid};

pub(super) fn call(call: &Call<'_>) -> Result<Value> {
    let shared = call.shared;
    match call.method {
        "UserInfo" => {
            let asked = call.tags();
            let known = || {
                let world = shared.world();
                let mut names: Vec<String> = world.models.values().flat_map(|m| m.users.keys().cloned()).collect();
                names.push(shared.options.user.clone());
                names.sort();
                names.dedup();
                names
            };
            let names = if asked.is_empty() {
                known()
            } else {
                asked.iter().map(|t| t.trim_start_matches("user-").to_owned()).collect()
            };
            Ok(results(names, |name| {
                if !known().contains(&name) {
                    return Err(Fault::new(format!("user {name:?} not found"), "user not found"));
                }
                let access = if name == shared.options.user { "superuser" } else { "login" };
                Ok(
                    json!({"result": {"username": name, "display-name": name, "access": access, "created-by": "admin", "date-created": shared.now(), "disabled": false}}),
                )
            }))
        }
        "ModelUserInfo" => {
            let mut entries = Vec::new();
            for tag in call.tags() {
                let uuid = model_uuid(&tag)?;
                let users = shared.world().models.get(&uuid).map(|m| m.users.clone()).unwrap_or_default();
                for (user, access) in users {
                    entries.push(json!({"result": {"model-tag": tag, "user": user, "display-name": user, "last-connection": null, "access": access}}));
                }
            }
            Ok(json!({"results": entries}))
        }
        _ => Err(call.unknown()),
    }
}
