//! Which controller gets a new model: among those that serve the region and can be reached, the one with the highest
//! priority there, then the one with the fewest models.

use jimm_store::{clouds, controllers};
use uuid::Uuid;

use super::{Broker, Requester};
use crate::error::{Error, Result};

/// A place for a model, and why it was chosen.
pub(super) struct Place {
    pub(super) controller: Uuid,
    pub(super) region: String,
    pub(super) region_is_virtual: bool,
    pub(super) reason: String,
}

impl Broker {
    /// Chooses a controller for a model in the region, or in the first region that any can serve.
    pub(super) async fn place_model(
        &self,
        _who: &Requester,
        cloud: &str,
        region: &str,
        named: Option<&str>,
    ) -> Result<Place> {
        let mut conn = self.store.acquire().await?;
        if !region.is_empty() && clouds::region(&mut conn, cloud, region).await?.is_none() {
            return Err(Error::not_found(format!("cloud region \"{region}\" not found in cloud \"{cloud}\"")));
        }
        let all = controllers::candidates(&mut conn, cloud, region).await?;
        let open = |c: &&controllers::Candidate| !c.deprecated && c.unavailable_since.is_none();
        let wanted = |c: &&controllers::Candidate| named.is_none_or(|name| c.name == name);
        let Some(best) = all.iter().find(|c| open(c) && wanted(c)) else {
            let text = format!("unsupported cloud region {cloud}/{region} - confirm access to the cloud/controller");
            return Err(Error::bad_request(text));
        };
        let region = clouds::region(&mut conn, cloud, &best.region).await?;
        Ok(Place {
            controller: best.uuid,
            region: best.region.clone(),
            region_is_virtual: region.is_some_and(|r| r.is_virtual),
            reason: format!("{}: priority {}, {} models", best.name, best.priority, best.models),
        })
    }
}
