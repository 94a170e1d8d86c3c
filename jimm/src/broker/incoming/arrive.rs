//! `Prechecks` and `Import`: what a source asks before it sends the model, and the model itself.

use jimm_authz::{Object, Relation, Subject};
use jimm_store::incoming::{self, Incoming};
use jimm_store::{models, offers};
use serde::de::IgnoredAny;
use uuid::Uuid;

use super::finish::mode;
use super::forms::{Form, name_owner, named_owner, text};
use super::plan::{Plan, offer_exists};
use super::{ENVELOPE, FACADE, QUALIFIED, facade, not_prepared};
use crate::broker::remote::is_refusal;
use crate::broker::{Broker, Requester};
use crate::description::{Facts, Members};
use crate::error::{Error, Kind, Result};

impl Broker {
    /// Whether a model may come in, asked of the broker and of its new controller.
    pub async fn precheck_arrival(&self, called: u32, params: Members) -> Result<()> {
        if called >= ENVELOPE {
            let form = Form::read(called, params, "payload").await?.ok_or_else(|| nothing_sent("payload"))?;
            let facts = form.facts();
            let record = self.arrival_of(&facts).await?;
            let checked = self.precheck_form(called, &record, form, &facts).await;
            return self.noted(&record, checked).await;
        }
        let told = Facts {
            uuid: text(&params, "uuid")?,
            name: text(&params, "name")?,
            owner: named_owner(&params)?,
            ..Facts::default()
        };
        let record = self.arrival_of(&told).await?;
        let checked = self.precheck_description(called, &record, params, &told).await;
        self.noted(&record, checked).await
    }

    async fn precheck_form(&self, called: u32, record: &Incoming, form: Form, facts: &Facts) -> Result<()> {
        let plan = self.plan_arrival(record, facts).await?;
        self.target_version(record.controller_uuid, called).await?;
        let params = form.rewritten(plan.new).await?;
        self.ask_target::<_, IgnoredAny>(record.controller_uuid, facade(called), "Prechecks", &params).await?;
        Ok(())
    }

    async fn precheck_description(&self, called: u32, record: &Incoming, params: Members, told: &Facts) -> Result<()> {
        let mut sent = params;
        let owner = match Form::read(called, sent.clone(), "model-description").await? {
            Some(form) => {
                let facts = form.facts();
                if (&facts.uuid, &facts.name) != (&told.uuid, &told.name) {
                    return Err(Error::bad_request("the description is of another model"));
                }
                let plan = self.plan_arrival(record, &facts).await?;
                sent = form.rewritten(plan.new).await?;
                plan.model.owner
            }
            None => Self::new_owner(record, &told.owner)?.into(),
        };
        let version = self.target_version(record.controller_uuid, called).await?;
        if version < QUALIFIED || called >= QUALIFIED || sent.contains_key("owner-tag") {
            name_owner(&mut sent, version, &owner)?;
        }
        self.ask_target::<_, IgnoredAny>(record.controller_uuid, facade(called), "Prechecks", &sent).await?;
        Ok(())
    }

    /// The model itself: its rows here first, then its new controller. Both go again when the controller refuses.
    pub async fn import_arrival(&self, who: &Requester, called: u32, params: Members) -> Result<()> {
        let name = if called >= ENVELOPE { "payload" } else { "bytes" };
        let form = Form::read(called, params, name).await?.ok_or_else(|| nothing_sent(name))?;
        let facts = form.facts();
        let record = self.arrival_of(&facts).await?;
        let imported = self.import_form(called, &record, form, &facts).await;
        self.noted(&record, imported).await?;
        tracing::info!(model.uuid = %record.model_uuid, model.name = %facts.name, requester = %who.name, "model taken in, not in use yet");
        Ok(())
    }

    async fn import_form(&self, called: u32, record: &Incoming, form: Form, facts: &Facts) -> Result<()> {
        let plan = self.plan_arrival(record, facts).await?;
        self.target_version(record.controller_uuid, called).await?;
        let params = form.rewritten(plan.new.clone()).await?;
        let is_new = self.write_arrival(record, &plan).await?;
        let sent = async {
            self.introduce(record.controller_uuid, &plan).await?;
            self.require_wanted(record).await?;
            self.ask_target::<_, IgnoredAny>(record.controller_uuid, facade(called), "Import", &params).await
        };
        match sent.await {
            Ok(_) => match self.require_wanted(record).await {
                Err(error) if is_refusal(&error) => {
                    self.forget_at_target(record).await?;
                    Err(error)
                }
                wanted => wanted,
            },
            Err(error) => {
                // Without an answer the controller may have it: then the source's abort finds it.
                if is_new && is_refusal(&error) {
                    self.drop_arrival(record, incoming::PREPARED, error.message()).await?;
                }
                Err(error)
            }
        }
    }

    /// Refuses to go on with an import that was given up meanwhile: the source may have lost the connection on which it is
    /// in work, and have come back by another.
    async fn require_wanted(&self, record: &Incoming) -> Result<()> {
        let row = incoming::get(&mut *self.store.acquire().await?, record.model_uuid).await?;
        let row = row.ok_or_else(|| not_prepared(record.model_uuid))?;
        require_same(&row, record)?;
        let is_given_up = [incoming::PREPARED, incoming::ABORTED].contains(&row.state.as_str());
        if is_given_up { Err(mode(&row, incoming::IMPORTING)) } else { Ok(()) }
    }

    /// The new controller gets to know the owner and the credential, if it does not yet.
    async fn introduce(&self, controller: Uuid, plan: &Plan) -> Result<()> {
        let Some(credential) = &plan.credential else { return Ok(()) };
        let claims = [(format!("controller-{controller}"), "login".to_owned())].into();
        self.connect_as(&credential.owner, controller, claims).await?.close();
        self.push_credential(controller, credential).await
    }

    /// Record, offers and rights in one transaction. `false` when they were there: the source repeats itself.
    async fn write_arrival(&self, record: &Incoming, plan: &Plan) -> Result<bool> {
        let (mut tx, model) = (self.store.begin().await?, &plan.model);
        let now = self.clock.now();
        let row = incoming::get_for_update(&mut tx, model.uuid).await?.ok_or_else(|| not_prepared(model.uuid))?;
        require_same(&row, record)?;
        if row.state == incoming::IMPORTING {
            return Ok(false);
        }
        let steps = (incoming::PREPARED, incoming::IMPORTING);
        if !incoming::set_state(&mut tx, record, steps, "", now).await? {
            let text = format!("model migration mode is {:?} instead of \"prepared\": prepare it anew", row.state);
            return Err(Error::bad_request(text));
        }
        models::insert(&mut tx, model).await.map_err(|e| match e.conflict() {
            Some(_) => Error::new(Kind::AlreadyExists, format!("model {}/{} already exists", model.owner, model.name)),
            None => e.into(),
        })?;
        self.add_model_tuples(&mut tx, model.uuid, model.controller_uuid, &model.owner).await?;
        let object = Object::model(model.uuid);
        for (user, relation) in &plan.users {
            // Models have no relation for consuming, and everybody reads offers only.
            if !matches!(relation, Relation::Consumer) && user != crate::description::EVERYONE {
                self.ensure_identity(&mut tx, user).await?;
                self.add_tuple(&mut tx, Subject::user(user), *relation, &object).await?;
            }
        }
        for (offer, users) in &plan.offers {
            offers::insert(&mut tx, offer).await.map_err(|e| match e.conflict() {
                Some(_) => offer_exists(&offer.url),
                None => e.into(),
            })?;
            let object = Object::offer(offer.uuid);
            self.add_tuple(&mut tx, Subject::object(Object::model(model.uuid)), Relation::Model, &object).await?;
            self.add_tuple(&mut tx, Subject::user(&model.owner), Relation::Administrator, &object).await?;
            for (user, relation) in users.iter().filter(|(_, relation)| !matches!(relation, Relation::Writer)) {
                self.ensure_identity(&mut tx, user).await?;
                self.add_tuple(&mut tx, Subject::user(user), *relation, &object).await?;
            }
        }
        tx.commit().await?;
        Ok(true)
    }

    /// What was prepared for the model that a source speaks of.
    async fn arrival_of(&self, facts: &Facts) -> Result<Incoming> {
        let model: Uuid = facts
            .uuid
            .parse()
            .map_err(|_| Error::bad_request(format!("{:?} is not a valid model UUID", facts.uuid)))?;
        self.arrival(model).await
    }

    /// Keeps for who follows what a source was refused for.
    pub(super) async fn noted<T>(&self, record: &Incoming, outcome: Result<T>) -> Result<T> {
        if let Err(error) = &outcome {
            let kept = async {
                incoming::set_message(&mut *self.store.acquire().await?, record, error.message())
                    .await
                    .map_err(Error::from)
            };
            if let Err(e) = kept.await {
                tracing::debug!(model.uuid = %record.model_uuid, error = %e, "refusal could not be noted");
            }
        }
        outcome
    }
}

/// Refuses what a source says on behalf of an attempt that there is another one for by now.
fn require_same(now: &Incoming, record: &Incoming) -> Result<()> {
    if now.prepared_at == record.prepared_at {
        return Ok(());
    }
    Err(Error::bad_request("the migration was prepared anew meanwhile: begin it again"))
}

fn nothing_sent(name: &str) -> Error {
    Error::bad_request(format!("{FACADE}: {name} is empty: the source sent no model"))
}
