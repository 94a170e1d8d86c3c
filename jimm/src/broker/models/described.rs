//! What the broker's own rows say in an answer about a model, remembered until it changes: who asks about models asks often.
//!
//! None of it is what a refresh changes. How it is read, and what is shown to whom, is the business of `info`.

use std::collections::BTreeMap;
use std::sync::Arc;

use jimm_store::Changes;
use jimm_store::models::Model as Row;
use uuid::Uuid;

use super::visible::{credential_tag, user_tag};
use crate::broker::memory::Memory;

/// Models that are remembered at most, some 5 MiB of them.
const MODELS: usize = 10_000;
/// Names that are remembered at most, each with the one to show, some 10 MiB of them.
const NAMES: usize = 50_000;

/// A model's place and names.
#[derive(Debug)]
pub(super) struct Described {
    pub(super) uuid: Uuid,
    pub(super) name: String,
    pub(super) owner_tag: String,
    pub(super) controller_uuid: Uuid,
    /// Empty where the model uses none.
    pub(super) credential_tag: String,
}

impl From<&Row> for Described {
    fn from(row: &Row) -> Self {
        Self {
            uuid: row.uuid,
            name: row.name.clone(),
            owner_tag: user_tag(&row.owner),
            controller_uuid: row.controller_uuid,
            credential_tag: credential_tag(row),
        }
    }
}

/// What was read of models, and of what people are called.
pub struct Descriptions {
    pub(super) models: Memory<Uuid, Arc<Described>>,
    /// By all who were looked up at once.
    pub(super) names: Memory<Vec<String>, Arc<BTreeMap<String, String>>>,
}

impl Descriptions {
    /// Remembers nothing yet.
    pub fn new(changes: &Changes) -> Self {
        Self { models: Memory::new(changes.clone(), MODELS), names: Memory::new(changes.clone(), NAMES) }
    }
}
