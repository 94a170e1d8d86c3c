//! `UserManager`.

use serde_json::{Value, json};

use super::super::fault::{Fault, Result, items, results, text};
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
                names.extend(world.users.keys().cloned());
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
        "AddUser" => {
            call.caller.need_superuser(shared)?;
            Ok(results(items(call.params, "users"), |user| {
                let (name, password) = (text(user, "username").to_owned(), text(user, "password").to_owned());
                let tag = format!("user-{name}");
                shared.change(|world| {
                    if world.users.contains_key(&name) || name == shared.options.user {
                        return Err(Fault::new(format!("username {name:?} already exists"), "already exists"));
                    }
                    world.users.insert(name, password);
                    Ok(json!({"tag": tag}))
                })
            }))
        }
        "RemoveUser" => {
            call.caller.need_superuser(shared)?;
            Ok(results(call.tags(), |tag| {
                let name = tag.trim_start_matches("user-").to_owned();
                let removed = shared.change(|world| world.users.remove(&name));
                let missing = || Fault::new(format!("user {name:?} not found"), "user not found");
                removed.map(|_| json!({})).ok_or_else(missing)
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
