//! The ranking as operators see it, with the parts of each score and every reason against a controller.

use jimm_proto::params::jimm_placement::{ExplainPlacementRequest, PlacementExplained, PlacementHost, PlacementPoints};
use jimm_proto::version::AgentVersion;
use jimm_store::models::Model;
use jimm_store::{clouds, controllers, placement};

use super::gather::candidate;
use super::score::{Candidate, Judged, Load, Score, Wish, rank};
use crate::broker::{Broker, Requester};
use crate::error::{Error, Result};

impl Broker {
    /// Where a model would go: a new one in a cloud, or one that is there and moves. Nothing is moved or reserved.
    pub async fn explain_placement(
        &self,
        who: &Requester,
        request: &ExplainPlacementRequest,
    ) -> Result<PlacementExplained> {
        if !request.model.is_empty() {
            let model = self.find_model(&request.model).await?;
            let wish = Wish { requires: request.requires.clone(), ..self.wish_of(&model).await? };
            return self.explained(&model.cloud, &model.region, &model.owner, Some(&model), wish).await;
        }
        let cloud = if request.cloud.is_empty() { self.only_cloud(who).await? } else { request.cloud.clone() };
        let owner = if request.owner.is_empty() { who.name.as_str() } else { request.owner.as_str() };
        let mut conn = self.store.acquire().await?;
        let regions = clouds::regions(&mut conn, &cloud).await?;
        if regions.is_empty() {
            return Err(Error::not_found(format!("cloud {cloud:?} not found")));
        }
        if !request.region.is_empty() && !regions.iter().any(|region| region.name == request.region) {
            let text = format!("cloud region {:?} not found in cloud {cloud:?}", request.region);
            return Err(Error::not_found(text));
        }
        let hosts = placement::hosts(&mut conn, &cloud, &request.region, owner).await?;
        drop(conn);
        let wish = Wish {
            tolerated: self.tolerated(who, owner, &hosts).await?,
            requires: request.requires.clone(),
            brings: Load { models: 1, ..Load::default() },
            ..Wish::default()
        };
        // The first region that somebody serves is the one that a model without a region gets.
        let served = |name: &str| hosts.iter().any(|host| host.region == name);
        let region = regions.iter().find(|region| served(&region.name)).map(|region| region.name.clone());
        self.explained(&cloud, &region.unwrap_or_default(), owner, None, wish).await
    }

    /// What a model needs where it goes.
    pub(in crate::broker) async fn wish_of(&self, model: &Model) -> Result<Wish> {
        let source = controllers::get(&mut *self.store.acquire().await?, model.controller_uuid).await?;
        let source = source.and_then(|row| row.agent_version.parse().ok());
        let count = |n: i64| u64::try_from(n).unwrap_or_default();
        let (machines, units) = (count(model.machines), count(model.units));
        Ok(Wish {
            except: Some(model.controller_uuid),
            least: least(model.agent_version.parse().ok(), source),
            brings: Load { models: 1, machines, units },
            ..Wish::default()
        })
    }

    async fn explained(
        &self,
        cloud: &str,
        region: &str,
        owner: &str,
        model: Option<&Model>,
        wish: Wish,
    ) -> Result<PlacementExplained> {
        let hosts = placement::hosts(&mut *self.store.acquire().await?, cloud, region, owner).await?;
        let all: Vec<Candidate> = hosts.iter().map(candidate).collect();
        let judged = rank(&all, &wish);
        Ok(PlacementExplained {
            cloud: cloud.to_owned(),
            region: region.to_owned(),
            owner: owner.to_owned(),
            model: model.map(|it| format!("{}/{}", it.owner, it.name)).unwrap_or_default(),
            controllers: (1..).zip(&judged).map(|(place, it)| shown(place, it)).collect(),
        })
    }
}

/// What the target of a move must run: nothing older than the model's agents, and no older series than the source.
pub(in crate::broker) fn least(model: Option<AgentVersion>, source: Option<AgentVersion>) -> Option<AgentVersion> {
    match (model, source) {
        (Some(model), Some(source)) if model.series() < source.series() => {
            Some(AgentVersion::new(source.major, source.minor, 0))
        }
        (Some(model), _) => Some(model),
        (None, Some(source)) => Some(AgentVersion::new(source.major, source.minor, 0)),
        (None, None) => None,
    }
}

fn shown(place: i64, it: &Judged<'_>) -> PlacementHost {
    let count = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
    let of = it.candidate;
    PlacementHost {
        place: if it.fits() { place } else { 0 },
        name: of.name.clone(),
        agent_version: of.version.as_ref().map(ToString::to_string).unwrap_or_default(),
        region: of.region.clone(),
        priority: i64::from(of.priority),
        models: count(of.load.models),
        machines: count(of.load.machines),
        units: count(of.load.units),
        owned: count(of.owned),
        response_ms: count(of.response),
        points: PlacementPoints {
            total: Score::points(it.score.total()),
            models: Score::points(it.score.models),
            machines: Score::points(it.score.machines),
            units: Score::points(it.score.units),
            response: Score::points(it.score.response),
            spread: Score::points(it.score.spread),
        },
        excluded: it.excluded.clone(),
    }
}
