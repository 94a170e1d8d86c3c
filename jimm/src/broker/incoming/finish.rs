//! What a source asks once its model was sent: whether it is whole, that it be used from now on, that it be forgotten.

use jimm_proto::tags::Tag;
use jimm_store::incoming::{self, Incoming};
use jimm_store::models;
use serde_json::value::{RawValue, to_raw_value};

use super::forms::text;
use super::mapping::UserMapping;
use super::{ANY, CALL, not_prepared};
use crate::broker::migration::{Told, is_active};
use crate::broker::remote::{is_gone, is_refusal};
use crate::broker::{Broker, Requester};
use crate::description::Members;
use crate::error::{Error, Result};

impl Broker {
    /// Passes a question about a model that is coming in, or has come in a moment ago, on to its controller.
    pub async fn ask_about_arrival(&self, method: &'static str, params: &Members) -> Result<Box<RawValue>> {
        let record = self.arrival_named(params).await?;
        if !matches!(record.state.as_str(), incoming::IMPORTING | incoming::ACTIVE) {
            return Err(mode(&record, incoming::IMPORTING));
        }
        let session = self.slot(record.controller_uuid).await?.service().await?;
        let answer = session.call_raw(ANY, method, params, CALL).await;
        self.noted(&record, answer).await
    }

    /// The model is used from now on. Asked again it is still.
    pub async fn activate_arrival(&self, who: &Requester, params: &Members) -> Result<()> {
        let record = self.arrival_named(params).await?;
        match record.state.as_str() {
            incoming::IMPORTING => {}
            incoming::ACTIVE => return Ok(()),
            _ => return Err(mode(&record, incoming::IMPORTING)),
        }
        let answer: Result<Box<RawValue>> = self.ask_target(record.controller_uuid, ANY, "Activate", params).await;
        if let Err(error) = answer {
            // An answer may have been lost the first time.
            let is_there = is_refusal(&error) && self.has_taken_over(&record).await?;
            if !is_there {
                return self.noted(&record, Err(error)).await;
            }
        }
        self.finish_arrival(&record).await?;
        tracing::info!(model.uuid = %record.model_uuid, requester = %who.name, "model has come in");
        self.look_at_models_of(record.controller_uuid).await;
        Ok(())
    }

    /// The model does not come: its controller forgets it, and so do we.
    pub async fn abort_arrival(&self, who: &Requester, params: &Members) -> Result<()> {
        let record = self.arrival_named(params).await?;
        if record.state == incoming::ACTIVE {
            return Err(mode(&record, incoming::IMPORTING));
        }
        if [incoming::IMPORTING, incoming::CLOSED].contains(&record.state.as_str()) {
            let answer: Result<Box<RawValue>> = self.ask_target(record.controller_uuid, ANY, "Abort", params).await;
            match answer {
                Ok(_) => {}
                // It never got that far.
                Err(error) if is_gone(&error) => {}
                Err(error) if is_refusal(&error) && !self.knows(&record).await? => {}
                Err(error) => return self.noted(&record, Err(error)).await,
            }
        }
        self.drop_arrival(&record, incoming::ABORTED, &record.message).await?;
        tracing::info!(model.uuid = %record.model_uuid, requester = %who.name, "migration into the broker was aborted");
        Ok(())
    }

    /// The rows of a model that is here now.
    pub(super) async fn finish_arrival(&self, record: &Incoming) -> Result<()> {
        let users = UserMapping::of(&record.user_mapping)?.named();
        let mut tx = self.store.begin().await?;
        let now = self.clock.now();
        let mut came = false;
        for from in [incoming::IMPORTING, incoming::CLOSED] {
            came |= incoming::set_state(&mut tx, record, (from, incoming::ACTIVE), "", now).await?;
        }
        if !came {
            // It came before, or it was given up a moment ago: then its source must not believe that it is here.
            let row =
                incoming::get(&mut tx, record.model_uuid).await?.ok_or_else(|| not_prepared(record.model_uuid))?;
            return if row.state == incoming::ACTIVE { Ok(()) } else { Err(mode(&row, incoming::IMPORTING)) };
        }
        let modes = (models::MODE_IMPORTING, models::MODE_NONE);
        models::set_mode(&mut tx, record.model_uuid, modes.0, modes.1).await?;
        incoming::keep_users(&mut tx, record.model_uuid, &users).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Takes the rows of a model away that does not come; what was prepared for it is in that state then. What came of a
    /// later attempt stays.
    pub(super) async fn drop_arrival(&self, record: &Incoming, state: &str, why: &str) -> Result<()> {
        let mut tx = self.store.begin().await?;
        let mut dropped = false;
        for from in [incoming::IMPORTING, incoming::CLOSED, incoming::PREPARED] {
            dropped |= incoming::set_state(&mut tx, record, (from, state), why, self.clock.now()).await?;
        }
        let row = models::get(&mut tx, record.model_uuid).await?;
        if let Some(row) = row.filter(|row| dropped && row.mode == models::MODE_IMPORTING) {
            self.forget_model_in(&mut tx, &row).await?;
        }
        tx.commit().await?;
        Ok(())
    }

    /// The controller forgets a model that was not put to use.
    pub(super) async fn forget_at_target(&self, record: &Incoming) -> Result<()> {
        let tag = to_raw_value(&format!("model-{}", record.model_uuid)).map_err(Error::internal)?;
        let params: Members = [("model-tag".to_owned(), tag)].into();
        let answer: Result<Box<RawValue>> = self.ask_target(record.controller_uuid, ANY, "Abort", &params).await;
        match answer {
            Err(error) if !is_gone(&error) => Err(error),
            _ => Ok(()),
        }
    }

    /// Whether the controller has the model in use.
    pub(super) async fn has_taken_over(&self, record: &Incoming) -> Result<bool> {
        let told = self.ask_about_model(record.controller_uuid, record.model_uuid).await?;
        Ok(matches!(told, Told::Has(info) if is_active(&info)))
    }

    async fn knows(&self, record: &Incoming) -> Result<bool> {
        Ok(matches!(self.ask_about_model(record.controller_uuid, record.model_uuid).await?, Told::Has(_)))
    }

    async fn arrival_named(&self, params: &Members) -> Result<Incoming> {
        let model = Tag::model(&text(params, "model-tag")?).map_err(|e| Error::bad_request(e.to_string()))?;
        self.arrival(model).await
    }
}

/// In the words of a target to whom a source comes at the wrong time.
pub(super) fn mode(record: &Incoming, wanted: &str) -> Error {
    Error::bad_request(format!("model migration mode is {:?} instead of {wanted:?}", record.state))
}
