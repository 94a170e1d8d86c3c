//! All slots, one a controller, made when first asked for.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use jimm_proto::names::UserName;
use tokio_util::task::TaskTracker;
use uuid::Uuid;

use super::endpoint::Endpoint;
use super::parts::Parts;
use super::slot::Slot;
use crate::authn::ControllerTokens;
use crate::config::ControllerSettings;
use crate::error::{Error, Result};

/// For this long a slot is given out without another look at the controller's row.
const RECENT: Duration = Duration::from_secs(1);

/// The controllers behind the broker.
pub struct Controllers {
    parts: Parts,
    /// With the time when the row was last seen.
    slots: Mutex<HashMap<Uuid, (Arc<Slot>, Instant)>>,
}

impl std::fmt::Debug for Controllers {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Controllers").field("slots", &self.lock().len()).finish_non_exhaustive()
    }
}

impl Controllers {
    /// No controllers yet. Dials run on `tasks`.
    pub fn new(
        broker: Uuid,
        tokens: Arc<ControllerTokens>,
        settings: ControllerSettings,
        max_message: usize,
        tasks: TaskTracker,
    ) -> Result<Self> {
        let service = format!("jaas-{broker}@external").parse().map_err(Error::internal)?;
        Ok(Self { parts: Parts { tokens, settings, tasks, service, max_message }, slots: Mutex::default() })
    }

    /// The slot of a controller. When its addresses or its superuser changed, a new one takes over; what runs on the
    /// old one ends by itself.
    pub fn slot(&self, endpoint: &Endpoint) -> Arc<Slot> {
        let mut slots = self.lock();
        if let Some((slot, seen)) = slots.get_mut(&endpoint.uuid)
            && slot.endpoint().same_place(endpoint)
        {
            *seen = Instant::now();
            slot.sweep();
            return slot.clone();
        }
        let slot = Arc::new(Slot::new(endpoint.clone(), self.parts.clone()));
        slots.insert(endpoint.uuid, (slot.clone(), Instant::now()));
        slot
    }

    /// The slot of a controller whose superuser is not known at the moment: the one that there is, if nothing else
    /// changed, for it may still know.
    pub fn slot_without_admin(&self, endpoint: &Endpoint) -> Arc<Slot> {
        let known = self.lock().get(&endpoint.uuid).map(|(slot, _)| slot.endpoint().admin.clone());
        self.slot(&Endpoint { admin: known.flatten(), ..endpoint.clone() })
    }

    /// The slot of a controller whose row was seen a moment ago.
    pub fn recent(&self, uuid: Uuid) -> Option<Arc<Slot>> {
        self.lock().get(&uuid).filter(|(_, seen)| seen.elapsed() < RECENT).map(|(slot, _)| slot.clone())
    }

    /// A slot that is not kept: for a controller that is not attached yet.
    pub fn detached(&self, endpoint: &Endpoint) -> Arc<Slot> {
        Arc::new(Slot::new(endpoint.clone(), self.parts.clone()))
    }

    /// Forgets a controller and closes the connection to it.
    pub fn forget(&self, uuid: Uuid) {
        self.lock().remove(&uuid);
    }

    /// The broker's own identity at controllers.
    pub fn service(&self) -> &UserName {
        &self.parts.service
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<Uuid, (Arc<Slot>, Instant)>> {
        self.slots.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
