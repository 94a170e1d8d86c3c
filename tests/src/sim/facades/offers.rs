//! `ApplicationOffers`.

use serde_json::{Value, json};
use uuid::Uuid;

use super::super::cross_model;
use super::super::fault::{Fault, Result, items, results, text};
use super::super::world::{Model, Offer};
use super::{Call, model_manager, model_uuid};

pub(super) fn call(call: &Call<'_>) -> Result<Value> {
    match call.method {
        "Offer" => Ok(results(items(call.params, "Offers"), |args| offer(call, args))),
        "ListApplicationOffers" | "FindApplicationOffers" => {
            let found = query(call);
            // As measured with 4.1; an empty list of Go is no list.
            let none = found.is_empty() && call.shared.shape().is_4();
            Ok(json!({"results": if none { Value::Null } else { json!(found) }}))
        }
        "ApplicationOffers" => Ok(results(items(call.params, "offer-urls"), |url| {
            let (model, name) = locate(call, url.as_str().unwrap_or_default())?;
            Ok(json!({"result": details(call, &model, &name)}))
        })),
        "GetConsumeDetails" => {
            let urls = call.params.get("offer-urls").cloned().unwrap_or_default();
            if !text(call.params, "user-tag").is_empty() {
                call.caller.need_superuser(call.shared)?;
            }
            let user = match text(call.params, "user-tag").trim_start_matches("user-") {
                "" => call.caller.name(),
                user => user,
            };
            let bakery = urls["bakery-version"].as_u64().unwrap_or_default();
            Ok(results(items(&urls, "offer-urls"), |url| {
                consume_details(call, url.as_str().unwrap_or_default(), user, bakery)
            }))
        }
        "DestroyOffers" => Ok(results(items(call.params, "offer-urls"), |url| {
            let (model, name) = locate(call, url.as_str().unwrap_or_default())?;
            call.caller.need_model(call.shared, model.uuid, "admin")?;
            model_manager::edit(call.shared, model.uuid, |m| drop(m.offers.remove(&name)));
            Ok(json!({}))
        })),
        "ModifyOfferAccess" => Ok(results(items(call.params, "changes"), |change| {
            let (model, name) = locate(call, text(change, "offer-url"))?;
            let user = text(change, "user-tag").trim_start_matches("user-").to_owned();
            let access = text(change, "access").to_owned();
            model_manager::edit(call.shared, model.uuid, |m| {
                if let Some(offer) = m.offers.get_mut(&name) {
                    offer.users.insert(user, access);
                }
            });
            Ok(json!({}))
        })),
        "RemoteApplicationInfo" => Ok(json!({"results": []})),
        _ => Err(call.unknown()),
    }
}

fn offer(call: &Call<'_>, args: &Value) -> Result<Value> {
    let uuid = model_uuid(text(args, "model-tag"))?;
    call.caller.need_model(call.shared, uuid, "admin")?;
    let application = text(args, "application-name").to_owned();
    let name = match text(args, "offer-name") {
        "" => application.clone(),
        name => name.to_owned(),
    };
    let endpoints = args["endpoints"].as_object().cloned().unwrap_or_default();
    let endpoints = endpoints.into_iter().map(|(k, v)| (k, v.as_str().unwrap_or_default().to_owned())).collect();
    call.shared.change(|world| {
        let model = world.models.get_mut(&uuid).ok_or_else(|| Fault::new("model not found", "model not found"))?;
        if !model.applications.contains_key(&application) {
            return Err(Fault::not_found(format!(
                "getting offered application {application}: application {application:?} not found"
            )));
        }
        let offer = Offer {
            uuid: Uuid::new_v4(),
            application,
            description: text(args, "application-description").to_owned(),
            endpoints,
            ..Offer::default()
        };
        model.offers.entry(name).or_insert(offer);
        Ok(json!({}))
    })
}

/// `[owner/]model.offer`.
fn locate(call: &Call<'_>, url: &str) -> Result<(Model, String)> {
    let missing = || Fault::not_found(format!("application offer {url:?} not found"));
    let (owner, rest) = url.rsplit_once('/').unwrap_or((call.caller.name(), url));
    let (model, offer) = rest.split_once('.').ok_or_else(missing)?;
    let found = call.shared.world().model_named(owner, model).cloned().ok_or_else(missing)?;
    if found.offers.contains_key(offer) { Ok((found, offer.to_owned())) } else { Err(missing()) }
}

fn query(call: &Call<'_>) -> Vec<Value> {
    let filters = items(call.params, "Filters");
    let models: Vec<Model> = call.shared.world().models.values().filter(|m| !m.offers.is_empty()).cloned().collect();
    let mut found = Vec::new();
    for model in &models {
        for (name, offer) in &model.offers {
            let wanted = filters.iter().any(|f| {
                let owner = if text(f, "model-qualifier").is_empty() {
                    text(f, "owner-name")
                } else {
                    text(f, "model-qualifier")
                };
                (owner.is_empty() || owner == model.owner)
                    && (text(f, "model-name").is_empty() || text(f, "model-name") == model.name)
                    && (text(f, "offer-name").is_empty() || text(f, "offer-name") == name)
            });
            if wanted && call.caller.may_use_offer(call.shared, model.uuid, offer.uuid, "read") {
                found.push(details(call, model, name));
            }
        }
    }
    found
}

fn details(call: &Call<'_>, model: &Model, name: &str) -> Value {
    let offer = model.offers.get(name).cloned().unwrap_or_default();
    let endpoints: Vec<Value> =
        offer.endpoints.values().map(|e| json!({"name": e, "role": "provider", "interface": e, "limit": 0})).collect();
    let users: Vec<Value> =
        offer.users.iter().map(|(u, a)| json!({"user": u, "display-name": "", "access": a})).collect();
    let charm = model.applications.get(&offer.application).map(|a| a.charm_url.clone()).unwrap_or_default();
    json!({
        "source-model-tag": format!("model-{}", model.uuid), "offer-uuid": offer.uuid, "offer-url": format!("{}/{}.{name}", model.owner, model.name),
        "offer-name": name, "application-description": offer.description, "endpoints": endpoints, "users": users,
        "application-name": offer.application, "charm-url": charm,
        "connections": cross_model::connections(call.shared, &offer),
    })
}

fn consume_details(call: &Call<'_>, url: &str, user: &str, bakery: u64) -> Result<Value> {
    let (model, name) = locate(call, url)?;
    let offer = model.offers.get(&name).cloned().unwrap_or_default();
    if !call.caller.may_use_offer(call.shared, model.uuid, offer.uuid, "consume") {
        return Err(Fault::denied());
    }
    let mut told = details(call, &model, &name);
    if let Some(map) = told.as_object_mut() {
        for admin_only in ["application-name", "charm-url", "connections"] {
            map.remove(admin_only);
        }
    }
    Ok(json!({
        "offer": told,
        "macaroon": cross_model::consume_macaroon(call.shared, user, model.uuid, offer.uuid, bakery)?,
        "external-controller": {
            "controller-tag": call.shared.tag(), "controller-alias": "", "addrs": [call.shared.address.to_string()], "ca-cert": call.shared.ca_pem,
        },
    }))
}
