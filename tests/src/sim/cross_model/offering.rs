//! The offering controller: `GetConsumeDetails`' macaroon, and `CrossModelRelations` of controllers that nobody knows.

use chrono::TimeDelta;
use jimm_bakery::{
    BakeryMacaroon, Condition, Declared, KeyPair, LATEST, Macaroon, Namespace, ThirdParty, check, read_json,
};
use serde_json::{Value, json};
use uuid::Uuid;

use super::super::controller::Shared;
use super::super::facades::{Call, model_uuid};
use super::super::fault::{Fault, Result, items, text};
use super::super::world::{Connection, Model, Offer};
use super::{DISCHARGE, OFFER, SOURCE_MODEL, USERNAME};

/// How long a macaroon of an offer lives.
const LIFE: TimeDelta = TimeDelta::minutes(3);
const NAMESPACE: &str = "github.com/juju/juju: std:";

/// The macaroon for somebody who consumes an offer, in the form that this version of the bakery has. Who tells none gets
/// the oldest form.
pub(in super::super) fn consume_macaroon(
    shared: &Shared,
    user: &str,
    model: Uuid,
    offer: Uuid,
    bakery: u64,
) -> Result<Value> {
    let version = if bakery < 2 { 1 } else { 2 };
    let mut made = BakeryMacaroon::new(&root_key(shared), new_id().as_bytes(), "sim", version, Namespace::standard());
    let mut conditions = vec![
        Condition::TimeBefore(shared.now().0 + LIFE),
        Condition::declared(SOURCE_MODEL, model.to_string()),
        Condition::declared(USERNAME, user),
    ];
    if shared.options.login_token_refresh_url.is_none() {
        conditions.push(Condition::declared(OFFER, offer.to_string()));
    }
    conditions.iter().try_for_each(|condition| made.add_condition(condition))?;
    Ok(made.to_json()?)
}

/// Who uses an offer, as its administrators are shown.
pub(in super::super) fn connections(shared: &Shared, offer: &Offer) -> Vec<Value> {
    let shown = |it: &Connection| {
        json!({"source-model-tag": it.model, "relation-id": it.relation, "username": it.user, "endpoint": it.endpoint,
               "status": {"status": "joined", "info": "", "data": {}, "since": shared.now()}, "ingress-subnets": []})
    };
    offer.connections.iter().map(shown).collect()
}

/// `CrossModelRelations.RegisterRemoteRelations`.
pub(in super::super) async fn register(call: &Call<'_>) -> Result<Value> {
    let model = call.model()?;
    let mut entries = Vec::new();
    for relation in items(call.params, "relations") {
        entries.push(match register_one(call.shared, model, relation).await {
            Ok(()) => json!({"result": {"token": text(relation, "relation-token")}}),
            Err(fault) => fault.entry(),
        });
    }
    Ok(json!({"results": entries}))
}

async fn register_one(shared: &Shared, model: Uuid, relation: &Value) -> Result<()> {
    let offer = text(relation, "offer-uuid");
    model_uuid(text(relation, "source-model-tag"))?;
    let macaroons: Vec<Macaroon> =
        items(relation, "macaroons").into_iter().map(read_json).collect::<Result<_, jimm_bakery::Error>>()?;
    let (root, discharges) = macaroons.split_first().ok_or_else(Fault::denied)?;
    let declared = match declared(shared, root, discharges) {
        Ok(declared) if declared.get(OFFER).is_some_and(|it| it == offer) => declared,
        _ => return Err(discharge_required(shared, model, offer, &user_of(root)?).await?),
    };
    if declared.get(SOURCE_MODEL).is_none_or(|it| *it != model.to_string()) {
        return Err(Fault::denied());
    }
    let user = declared.get(USERNAME).cloned().unwrap_or_default();
    shared.change(|world| record(world.models.get_mut(&model), offer, &user, relation))
}

/// Notes the consumer, once for each of its models.
pub(super) fn record(model: Option<&mut Model>, offer: &str, user: &str, relation: &Value) -> Result<()> {
    let offers = model.map(|model| model.offers.values_mut());
    let offer = offers.into_iter().flatten().find(|it| it.uuid.to_string() == offer);
    let offer = offer.ok_or_else(|| Fault::not_found("offer not found"))?;
    let tag = text(relation, "source-model-tag").to_owned();
    let endpoint = text(relation, "local-endpoint-name").to_owned();
    offer.connections.retain(|it| it.model != tag || it.endpoint != endpoint);
    let number = offer.connections.len();
    offer.connections.push(Connection { model: tag, user: user.to_owned(), endpoint, relation: number });
    Ok(())
}

fn declared(shared: &Shared, root: &Macaroon, discharges: &[Macaroon]) -> Result<Declared, jimm_bakery::Error> {
    let namespace: Namespace = NAMESPACE.parse()?;
    check(&root.verify(&root_key(shared), discharges)?, &namespace, shared.now().0)
}

/// For whom a macaroon says that it was made. Nothing is verified, and it need not be: the discharge is for this user.
fn user_of(root: &Macaroon) -> Result<String> {
    let told = root.caveats().iter().filter_map(|it| std::str::from_utf8(&it.id).ok());
    let mut users = told.filter_map(|it| it.strip_prefix("declared username "));
    users.next().map(str::to_owned).ok_or_else(Fault::denied)
}

/// A macaroon that counts once the broker has said that the user may consume the offer.
async fn discharge_required(shared: &Shared, model: Uuid, offer: &str, user: &str) -> Result<Fault> {
    let url = shared.options.login_token_refresh_url.as_deref().unwrap_or_default();
    let base = url.strip_suffix("/.well-known/jwks.json").ok_or_else(|| Fault::bad("no discharger is configured"))?;
    let location = format!("{base}/macaroons");
    let told = async {
        let answer = shared.keys.client().get(format!("{location}/discharge/info")).send().await?;
        answer.error_for_status()?.json::<Value>().await
    };
    let told = told.await.map_err(|e| Fault::bad(format!("cannot get the key of {location}: {e}")))?;
    let key = text(&told, "PublicKey").parse()?;
    let party = ThirdParty { location, key, version: LATEST };
    let namespace = NAMESPACE.parse()?;
    let mut made = BakeryMacaroon::new(&root_key(shared), new_id().as_bytes(), "sim", LATEST, namespace);
    for condition in [
        Condition::TimeBefore(shared.now().0 + LIFE),
        Condition::declared(SOURCE_MODEL, model.to_string()),
        Condition::declared(USERNAME, user),
    ] {
        made.add_condition(&condition)?;
    }
    made.add_third_party(&format!("is-consumer user-{user} {offer}"), &party, &KeyPair::random());
    let mut fault = Fault::new(DISCHARGE, DISCHARGE);
    fault.0.info.insert("bakery-macaroon".into(), made.to_json()?);
    fault.0.info.insert("macaroon-path".into(), json!("/"));
    Ok(fault)
}

/// One for all offers, kept with the rest.
fn root_key(shared: &Shared) -> Vec<u8> {
    let known = shared.world().bakery_root.clone();
    if !known.is_empty() {
        return known.into_bytes();
    }
    let new = new_id();
    shared.change(|world| {
        if world.bakery_root.is_empty() {
            world.bakery_root = new;
        }
        world.bakery_root.clone().into_bytes()
    })
}

fn new_id() -> String {
    hex::encode(rand::random::<[u8; 24]>())
}
