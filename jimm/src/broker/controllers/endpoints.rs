//! From a controller's row to its slot.

use std::sync::Arc;

use jimm_store::controllers::{self, Controller};
use secrecy::ExposeSecret;
use uuid::Uuid;

use crate::broker::Broker;
use crate::controllers::{Admin, Endpoint, Slot};
use crate::error::{Error, Kind, Result};
use crate::secrets;

impl Broker {
    /// The slot of the controller with that UUID.
    pub async fn slot(&self, uuid: Uuid) -> Result<Arc<Slot>> {
        if let Some(slot) = self.controllers.recent(uuid) {
            return Ok(slot);
        }
        let row = controllers::get(&mut *self.store.acquire().await?, uuid).await?;
        self.slot_of(&row.ok_or_else(|| Error::not_found("controller not found"))?).await
    }

    /// The slot of a controller whose row is at hand.
    pub async fn slot_of(&self, row: &Controller) -> Result<Arc<Slot>> {
        match self.endpoint(row).await {
            Ok(endpoint) => Ok(self.controllers.slot(&endpoint)),
            // Tokens do for everything but moves.
            Err(error) if error.kind() == Kind::SecretsUnavailable => {
                tracing::warn!(controller.name = %row.name, %error, "password of the controller's superuser not at hand");
                Ok(self.controllers.slot_without_admin(&place(row, None)))
            }
            Err(error) => Err(error),
        }
    }

    /// Why the password of a controller is not at hand, where that is so.
    pub(in crate::broker) async fn require_password(&self, uuid: Uuid) -> Result<()> {
        // Of its own: opening a password may take a way over the network, during which no connection is held.
        let row = controllers::get(&mut *self.store.acquire().await?, uuid).await?;
        match row {
            Some(row) => self.endpoint(&row).await.map(|_| ()),
            None => Ok(()),
        }
    }

    /// Where the controller is, its password opened.
    pub async fn endpoint(&self, row: &Controller) -> Result<Endpoint> {
        let admin = match &row.admin_sealed {
            Some(sealed) => {
                let opened = self.secrets.open(&password_row(row.uuid), sealed).await?;
                let password = String::from_utf8(opened.expose_secret().to_vec()).map_err(Error::internal)?;
                Some(Admin { username: row.admin_username.clone(), password: password.into() })
            }
            None => None,
        };
        Ok(place(row, admin))
    }
}

fn place(row: &Controller, admin: Option<Admin>) -> Endpoint {
    Endpoint {
        uuid: row.uuid,
        name: row.name.clone(),
        addresses: row.addresses.clone(),
        public_address: row.public_address.clone(),
        ca_certificate: row.ca_certificate.clone(),
        tls_hostname: row.tls_hostname.clone(),
        admin,
    }
}

/// The place that a controller's password belongs to.
pub(in crate::broker) fn password_row(controller: Uuid) -> String {
    secrets::row("controllers", &controller.to_string(), "admin_sealed")
}
