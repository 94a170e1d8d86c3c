//! From what the tables and the rights say to candidates, and from their ranking to places.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use jimm_authz::{Object, Relation, User};
use jimm_store::clouds;
use jimm_store::placement::{self, Host};
use serde_json::Value;
use uuid::Uuid;

use super::score::{Candidate, Judged, Load, Marks, Score, Wish, rank};
use crate::broker::{Broker, Requester};
use crate::error::{Error, Result};

/// A place for a model, and why it was chosen.
#[derive(Debug, Eq, PartialEq)]
pub(in crate::broker) struct Place {
    pub(in crate::broker) controller: Uuid,
    pub(in crate::broker) region: String,
    pub(in crate::broker) region_is_virtual: bool,
    pub(in crate::broker) reason: String,
}

/// What a place is sought for.
pub(in crate::broker) struct Sought<'a> {
    /// The cloud.
    pub(in crate::broker) cloud: &'a str,
    /// The region; empty for the cloud's first one that somebody serves.
    pub(in crate::broker) region: &'a str,
    /// The one controller that will do.
    pub(in crate::broker) named: Option<&'a str>,
    /// Who asks, and who will own it; nobody for what is no model.
    pub(in crate::broker) owner: Option<(&'a Requester, &'a str)>,
}

impl Broker {
    /// The places for a model in the region, best first: the others are for when the best turns out not to answer.
    pub(in crate::broker) async fn places(&self, sought: &Sought<'_>) -> Result<Vec<Place>> {
        let (cloud, region) = (sought.cloud, sought.region);
        let mut conn = self.store.acquire().await?;
        let mut regions = clouds::regions(&mut conn, cloud).await?;
        if !region.is_empty() {
            regions.retain(|r| r.name == region);
            if regions.is_empty() {
                return Err(Error::not_found(format!("cloud region \"{region}\" not found in cloud \"{cloud}\"")));
            }
        }
        let owner = sought.owner.map(|(_, owner)| owner).unwrap_or_default();
        let mut hosts = placement::hosts(&mut conn, cloud, region, owner).await?;
        drop(conn);
        if let Some(named) = sought.named {
            hosts.retain(|host| host.name == named);
        }
        let wish = self.wish(sought, &hosts).await?;
        for region in &regions {
            let here: Vec<Candidate> = hosts.iter().filter(|host| host.region == region.name).map(candidate).collect();
            let ranked = rank(&here, &wish);
            let count = ranked.iter().filter(|it| it.fits()).count();
            if count > 0 {
                let place = |(n, it): (usize, &Judged<'_>)| Place {
                    controller: it.candidate.uuid,
                    region: it.candidate.region.clone(),
                    region_is_virtual: region.is_virtual,
                    reason: reason(it, n + 1, count, cloud),
                };
                return Ok(ranked.iter().filter(|it| it.fits()).enumerate().map(place).collect());
            }
        }
        let all: Vec<Candidate> = hosts.iter().map(candidate).collect();
        Err(Error::bad_request(nowhere(cloud, region, &rank(&all, &wish))))
    }

    async fn wish(&self, sought: &Sought<'_>, hosts: &[Host]) -> Result<Wish> {
        let mut wish = Wish { brings: Load { models: 1, ..Load::default() }, ..Wish::default() };
        // Who may name a controller was asked already whether he may use it.
        let named = |host: &&Host| sought.named == Some(host.name.as_str());
        wish.tolerated = hosts.iter().filter(named).map(|host| host.uuid).collect();
        if let Some((who, owner)) = sought.owner {
            wish.tolerated.extend(self.tolerated(who, owner, hosts).await?);
        }
        Ok(wish)
    }

    /// The controllers whose taints do not keep the owner's models away: those on which the owner was let make models.
    /// Administrators of the broker may do so everywhere, which does not mean that theirs are meant for every controller.
    pub(super) async fn tolerated(&self, who: &Requester, owner: &str, hosts: &[Host]) -> Result<BTreeSet<Uuid>> {
        let tainted: BTreeSet<Uuid> =
            hosts.iter().filter(|it| !marks_of(&it.taints).is_empty()).map(|it| it.uuid).collect();
        let mut tolerated = BTreeSet::new();
        if tainted.is_empty() {
            return Ok(tolerated);
        }
        let groups = if owner == who.name.as_str() { who.groups.clone() } else { Vec::new() };
        if self.administers(&User { name: owner.to_owned(), groups }).await? {
            return Ok(tolerated);
        }
        for uuid in tainted {
            if self.holds(who, owner, Relation::CanAddModel, &Object::controller(uuid)).await? {
                tolerated.insert(uuid);
            }
        }
        Ok(tolerated)
    }
}

/// A row as the ranking sees it.
pub(in crate::broker) fn candidate(host: &Host) -> Candidate {
    let count = |n: i64| u64::try_from(n).unwrap_or_default();
    Candidate {
        uuid: host.uuid,
        name: host.name.clone(),
        region: host.region.clone(),
        version: host.agent_version.parse().ok(),
        priority: host.priority,
        deprecated: host.deprecated,
        reachable: host.unavailable_since.is_none(),
        cordoned: host.cordoned_since.map(|_| host.cordon_reason.clone()),
        labels: marks_of(&host.labels),
        taints: marks_of(&host.taints),
        load: Load { models: count(host.models), machines: count(host.machines), units: count(host.units) },
        owned: count(host.owned),
        response: count(host.took),
    }
}

/// Labels or taints as they are stored.
pub(in crate::broker) fn marks_of(stored: &Value) -> Marks {
    let pairs = stored.as_object().into_iter().flatten();
    pairs.filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned()))).collect()
}

pub(in crate::broker) fn reason(it: &Judged<'_>, place: usize, of: usize, cloud: &str) -> String {
    format!(
        "{} is number {place} of {of} for {cloud}/{}: priority {}, {:.2} points, {} models",
        it.candidate.name,
        it.candidate.region,
        it.candidate.priority,
        Score::points(it.score.total()),
        it.candidate.load.models
    )
}

/// Why no controller will do, each by name.
fn nowhere(cloud: &str, region: &str, judged: &[Judged<'_>]) -> String {
    let mut text = format!("unsupported cloud region {cloud}/{region} - confirm access to the cloud/controller");
    for it in judged {
        let _ = write!(text, "; {} {}", it.candidate.name, it.excluded.join(" and "));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_refusal_names_each_controller_and_its_reasons() {
        let it = |name: &str, deprecated, reachable| Candidate {
            name: name.into(),
            deprecated,
            reachable,
            ..Candidate::default()
        };
        let all = [it("old", true, true), it("far", true, false)];
        let text = nowhere("aws", "r1", &rank(&all, &Wish::default()));
        assert!(text.starts_with("unsupported cloud region aws/r1 - confirm access to the cloud/controller"));
        assert!(text.ends_with("; far is deprecated and cannot be reached; old is deprecated"), "{text}");
    }
}
