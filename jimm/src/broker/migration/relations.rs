//! Relations across models after a move: what the consuming side keeps of where the offering side is, compared with where it
//! is, and put right where the controllers let a broker do so.
//!
//! A consuming controller keeps the address and CA of the offering one and tells them for a model it knows of
//! (`Controller.ControllerAPIInfoForModels`). Consuming an offer again, under the same name, makes it keep the new ones. What
//! else is wrong a SAAS's own status tells. All of it may be done again: what is right is left alone.

use std::time::Duration;

use jimm_authz::{Object, Relation};
use jimm_proto::params::application_offers::OfferConnection;
use jimm_proto::params::common::{Entities, Entity, ErrorResults};
use jimm_proto::params::controller::ControllerAPIInfoResults;
use jimm_proto::params::jimm_migrations::MigrationRelation;
use jimm_proto::params::status::FullStatus;
use jimm_proto::tags::Tag;
use jimm_store::aftercare::Claim;
use jimm_store::controllers;
use jimm_store::events::Code;
use jimm_store::models::{self, Model};
use jimm_store::offers::{self, Offer};
use serde_json::{Value, json};
use uuid::Uuid;

use super::aftercare::Verdict;
use super::facts::ASK;
use super::offers::CLIENT;
use crate::broker::Broker;
use crate::broker::offers::life::{full_url, url_there};
use crate::broker::remote::{CONTROLLER, only_error};
use crate::controllers::{Facade, Session};
use crate::error::{Error, Kind, Result};

const APPLICATION: Facade = ("Application", &[16, 17, 18, 19, 20, 21, 22]);
/// How long all of it may take after a move.
const DEADLINE: Duration = Duration::from_secs(120);
const OK: &str = "ok";
const REPAIRED: &str = "repaired";
const BROKEN: &str = "broken";
const UNKNOWN: &str = "unknown";
/// A controller did not answer: it is asked again.
const UNANSWERED: &str = "unanswered";
/// What came of it for a model that is no more.
const GONE: &str = "gone";

/// An offer that a model consumes.
struct Saas<'a> {
    offer: &'a Offer,
    /// Where the offering model is.
    home: Uuid,
    offering: Uuid,
    consumer: &'a Model,
    /// Who consumed it, where that is known.
    user: String,
}

impl Broker {
    /// Looks at every relation of a model that has moved with models elsewhere.
    pub(super) async fn look_at_relations(&self, claim: &Claim) -> Verdict {
        let mut found = match tokio::time::timeout(DEADLINE, self.relations_of(claim.model)).await {
            Ok(Ok(found)) => found,
            Ok(Err(e)) if e.kind() == Kind::ModelNotFound => {
                return Verdict::done(GONE, "the broker no longer has the model");
            }
            Ok(Err(e)) => return Verdict::again(format!("relations could not be looked at: {}", e.message())),
            Err(_) => {
                return Verdict::again("relations could not be looked at: the controllers did not answer in time");
            }
        };
        keep_repaired(&mut found, &claim.relations);
        for relation in found.iter().filter(|relation| relation.state != OK) {
            tracing::warn!(migration.id = claim.migration, model.uuid = %claim.model, offer = relation.offer, consumer = relation.consumer, state = relation.state, message = relation.message, "relation across models after a move");
        }
        verdict_on(&found)
    }

    async fn relations_of(&self, model: Uuid) -> Result<Vec<MigrationRelation>> {
        let (model, rows) = {
            let mut conn = self.store.acquire().await?;
            let row = models::get(&mut conn, model).await?.ok_or_else(Error::model_not_found)?;
            let rows = offers::of_model(&mut conn, model).await?;
            (row, rows)
        };
        let mut found = Vec::new();
        let told = if rows.is_empty() {
            Vec::new()
        } else {
            self.ask_offers(model.controller_uuid, rows.iter().map(url_there).collect()).await?
        };
        for (row, told) in rows.iter().zip(told) {
            match told {
                Ok(told) => {
                    for connection in &told.connections {
                        found.push(self.consumer_after(&model, row, connection).await);
                    }
                }
                Err(e) => found.push(MigrationRelation {
                    kind: "offer".to_owned(),
                    offer: row.url.clone(),
                    state: of_failure(&e, BROKEN).to_owned(),
                    message: format!("the controller does not tell of the offer: {}", e.message()),
                    ..MigrationRelation::default()
                }),
            }
        }
        self.consumed_after(&model, &mut found).await?;
        Ok(found)
    }

    /// A consumer of an offer of the model that has moved.
    async fn consumer_after(&self, offering: &Model, offer: &Offer, connection: &OfferConnection) -> MigrationRelation {
        let mut relation = MigrationRelation {
            kind: "offer".to_owned(),
            offer: offer.url.clone(),
            consumer: connection.source_model_tag.clone(),
            state: UNKNOWN.to_owned(),
            ..MigrationRelation::default()
        };
        let consumer = async {
            let Ok(uuid) = Tag::model(&connection.source_model_tag) else { return Ok(None) };
            models::get(&mut *self.store.acquire().await?, uuid).await
        };
        let consumer = match consumer.await {
            Ok(consumer) => consumer,
            Err(e) => return unanswered(relation, &Error::from(e)),
        };
        let Some(consumer) = consumer else {
            "the broker does not know the consuming model: when its relation does not go on, its owner consumes the offer again"
                .clone_into(&mut relation.message);
            return relation;
        };
        relation.consumer = format!("{}/{}", consumer.owner, consumer.name);
        let names = self.session_and_status(&consumer).await.map(|(session, status)| {
            let name = saas_of(&status, &consumer.owner, &offer.url);
            (session, name)
        });
        match names {
            Ok((session, Some((name, trouble)))) => {
                let user = connection.username.clone();
                let saas =
                    Saas { offer, home: offering.controller_uuid, offering: offering.uuid, consumer: &consumer, user };
                self.settle_saas(&session, &saas, &name, trouble, &mut relation).await;
                session.connection().close();
            }
            Ok((session, None)) => {
                session.connection().close();
                "the consuming model's status does not show the offer".clone_into(&mut relation.message);
            }
            Err(e) => return unanswered(relation, &e),
        }
        relation
    }

    /// What the model that has moved consumes itself.
    async fn consumed_after(&self, model: &Model, found: &mut Vec<MigrationRelation>) -> Result<()> {
        let (session, status) = self.session_and_status(model).await?;
        for (name, remote) in &status.remote_applications {
            let url = full_url(&model.owner, &remote.offer_url).unwrap_or_else(|_| remote.offer_url.clone());
            let mut relation = MigrationRelation {
                kind: "saas".to_owned(),
                offer: url.clone(),
                consumer: format!("{}/{} {name}", model.owner, model.name),
                state: UNKNOWN.to_owned(),
                ..MigrationRelation::default()
            };
            let offer = offers::get_by_url(&mut *self.store.acquire().await?, &url).await?;
            let home = match &offer {
                Some(offer) => models::get(&mut *self.store.acquire().await?, offer.model_uuid).await?,
                None => None,
            };
            if let (Some(offer), Some(home)) = (&offer, home) {
                let saas = Saas {
                    offer,
                    home: home.controller_uuid,
                    offering: home.uuid,
                    consumer: model,
                    user: self.who_consumes(offer, &home, model).await,
                };
                self.settle_saas(&session, &saas, name, trouble_of(&remote.status), &mut relation).await;
            } else {
                "the broker does not know the offer".clone_into(&mut relation.message);
            }
            found.push(relation);
        }
        session.connection().close();
        Ok(())
    }

    /// Who consumes the offer for that model, by the offering controller's word; else the model's owner.
    async fn who_consumes(&self, offer: &Offer, home: &Model, consumer: &Model) -> String {
        let told = self.ask_offers(home.controller_uuid, vec![url_there(offer)]).await;
        let connections = told.ok().and_then(|told| told.into_iter().next()?.ok()).map(|told| told.connections);
        let tag = format!("model-{}", consumer.uuid);
        let of_model = connections.into_iter().flatten().find(|it| it.source_model_tag == tag);
        of_model.map_or_else(|| consumer.owner.clone(), |it| it.username)
    }

    /// Compares what the consuming side keeps, and has it consume the offer again when that is out of date or in trouble.
    async fn settle_saas(
        &self,
        session: &Session,
        saas: &Saas<'_>,
        name: &str,
        trouble: Option<String>,
        relation: &mut MigrationRelation,
    ) {
        let wrong = match (trouble, self.record_of(saas).await) {
            (Some(trouble), _) => trouble,
            (None, Ok(None)) => return OK.clone_into(&mut relation.state),
            (None, Ok(Some(wrong))) => wrong,
            (None, Err(e)) => {
                // Nothing is in trouble that anybody can see.
                of_failure(&e, OK).clone_into(&mut relation.state);
                relation.message = format!("the address that the consumer keeps could not be read: {}", e.message());
                return;
            }
        };
        let again = self.consume_again(session, saas, name).await;
        if let Err(e) = &again
            && e.kind().could_retry()
        {
            UNANSWERED.clone_into(&mut relation.state);
            relation.message = format!("{wrong}; the offer could not be consumed again: {}", e.message());
            return;
        }
        let left = match &again {
            Ok(()) => self.record_of(saas).await.ok().flatten(),
            Err(e) => Some(e.message().to_owned()),
        };
        if let Some(left) = left {
            BROKEN.clone_into(&mut relation.state);
            relation.message = format!("{wrong}; consuming the offer again did not help: {left}");
            let consumer = format!("{}/{}", saas.consumer.owner, saas.consumer.name);
            relation.commands = vec![
                format!("juju remove-saas -m {consumer} {name}"),
                format!("juju consume -m {consumer} {} {name}", saas.offer.url),
            ];
        } else {
            REPAIRED.clone_into(&mut relation.state);
            relation.message = format!("{wrong}; the offer was consumed again");
        }
    }

    /// What is wrong with the address that the consuming controller keeps for the offering model.
    async fn record_of(&self, saas: &Saas<'_>) -> Result<Option<String>> {
        if saas.home == saas.consumer.controller_uuid {
            return Ok(None);
        }
        let entities = Entities { entities: vec![Entity { tag: format!("model-{}", saas.offering) }] };
        let told: ControllerAPIInfoResults =
            self.ask(saas.consumer.controller_uuid, CONTROLLER, "ControllerAPIInfoForModels", &entities, ASK).await?;
        let told = told.results.into_iter().next().unwrap_or_default();
        if let Some(error) = told.error {
            return Ok(Some(format!("its controller does not know where the offer is: {}", error.message)));
        }
        let home = controllers::get(&mut *self.store.acquire().await?, saas.home).await?;
        let home = home.ok_or_else(|| Error::not_found("controller not found"))?;
        let known = home.addresses.iter().chain([&home.public_address]);
        if known.into_iter().any(|address| told.addresses.contains(address)) {
            return Ok(None);
        }
        let keeps = told.addresses.join(", ");
        Ok(Some(format!("its controller keeps {keeps} for the offer, which is on controller {} now", home.name)))
    }

    /// Has the model consume the offer again, under its name and for the same user, if they still may.
    async fn consume_again(&self, session: &Session, saas: &Saas<'_>, name: &str) -> Result<()> {
        let may = self.user_has(&saas.user, Relation::Consumer, &Object::offer(saas.offer.uuid)).await?;
        if !may {
            return Err(Error::bad_request(format!("{} may not consume the offer any more", saas.user)));
        }
        let told = self.consume_details_for(saas.offer, &saas.user).await?;
        let mut arg = serde_json::to_value(&told.offer).map_err(Error::internal)?;
        let more = json!({"macaroon": told.macaroon, "external-controller": told.external_controller, "application-alias": name});
        if let (Value::Object(arg), Value::Object(more)) = (&mut arg, more) {
            arg.extend(more);
        }
        let answer: ErrorResults = session.call(APPLICATION, "Consume", &json!({"args": [arg]}), ASK).await?;
        only_error(answer)
    }

    async fn session_and_status(&self, model: &Model) -> Result<(Session, FullStatus)> {
        let session = self.slot(model.controller_uuid).await?.connect_model_as_service(model.uuid).await?;
        let status = session.call(CLIENT, "FullStatus", &json!({"patterns": null}), ASK).await?;
        Ok((session, status))
    }
}

/// What the model calls the offer, and what is wrong with it.
fn saas_of(status: &FullStatus, owner: &str, url: &str) -> Option<(String, Option<String>)> {
    let same = |told: &str| full_url(owner, told).is_ok_and(|full| full == url);
    let found = status.remote_applications.iter().find(|(_, remote)| same(&remote.offer_url));
    found.map(|(name, remote)| (name.clone(), trouble_of(&remote.status)))
}

fn trouble_of(status: &jimm_proto::params::status::DetailedStatus) -> Option<String> {
    ["error", "terminated", "blocked"]
        .contains(&status.status.as_str())
        .then(|| format!("its status is {} ({})", status.status, status.info))
}

/// The state of a relation of which something could not be found out.
fn of_failure(error: &Error, otherwise: &'static str) -> &'static str {
    if error.kind().could_retry() { UNANSWERED } else { otherwise }
}

fn unanswered(mut relation: MigrationRelation, error: &Error) -> MigrationRelation {
    UNANSWERED.clone_into(&mut relation.state);
    error.message().clone_into(&mut relation.message);
    relation
}

/// What an earlier try repaired is right now, and said to be repaired.
fn keep_repaired(found: &mut [MigrationRelation], earlier: &Value) {
    for before in earlier.as_array().into_iter().flatten().filter(|it| it["state"] == REPAIRED) {
        let same = |it: &&mut MigrationRelation| {
            it.state == OK && before["offer"] == it.offer.as_str() && before["consumer"] == it.consumer.as_str()
        };
        if let Some(now) = found.iter_mut().find(same) {
            REPAIRED.clone_into(&mut now.state);
            before["message"].as_str().unwrap_or_default().clone_into(&mut now.message);
        }
    }
}

/// All of them together: the worst that was found.
fn verdict_on(found: &[MigrationRelation]) -> Verdict {
    let count = |state: &str| found.iter().filter(|it| it.state == state).count();
    let states = [UNANSWERED, BROKEN, UNKNOWN, REPAIRED, OK];
    let told: Vec<String> =
        states.iter().filter(|it| count(it) > 0).map(|state| format!("{} {state}", count(state))).collect();
    let message = if told.is_empty() { "there are none".to_owned() } else { told.join(", ") };
    let worst = states.into_iter().find(|state| count(state) > 0).unwrap_or(OK);
    let verdict = match worst {
        UNANSWERED => Verdict::again(format!("{message}: asked again")),
        worst => Verdict::done(worst, message),
    };
    let event = (count(BROKEN) > 0 && worst != UNANSWERED).then_some(Code::MIGRATION_RELATIONS_BROKEN);
    Verdict { relations: serde_json::to_value(found).ok(), event, ..verdict }
}
