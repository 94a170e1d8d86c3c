//! Which controller gets a new model: among those that serve the region and are neither deprecated nor unreachable, the
//! one with the highest priority there, then the one with the fewest models, hosted or being made.

use std::fmt::Write as _;

use jimm_store::clouds;
use jimm_store::controllers::{self, Candidate};
use uuid::Uuid;

use super::Broker;
use crate::error::{Error, Result};

/// A place for a model, and why it was chosen.
#[derive(Debug, Eq, PartialEq)]
pub(super) struct Place {
    pub(super) controller: Uuid,
    pub(super) region: String,
    pub(super) region_is_virtual: bool,
    pub(super) reason: String,
}

impl Broker {
    /// The places for a model in the region, best first: the others are for when the best turns out not to answer.
    /// Without a region the cloud's first one that somebody serves is taken; `named` leaves one controller only.
    pub(super) async fn places(&self, cloud: &str, region: &str, named: Option<&str>) -> Result<Vec<Place>> {
        let mut conn = self.store.acquire().await?;
        let mut regions = clouds::regions(&mut conn, cloud).await?;
        if !region.is_empty() {
            regions.retain(|r| r.name == region);
            if regions.is_empty() {
                return Err(Error::not_found(format!("cloud region \"{region}\" not found in cloud \"{cloud}\"")));
            }
        }
        let candidates = controllers::candidates(&mut conn, cloud, region).await?;
        for region in &regions {
            let here: Vec<_> = candidates.iter().filter(|c| c.region == region.name && suits(c, named)).collect();
            if !here.is_empty() {
                let count = here.len();
                let place = |(n, c): (usize, &Candidate)| Place {
                    controller: c.uuid,
                    region: c.region.clone(),
                    region_is_virtual: region.is_virtual,
                    reason: format!(
                        "{} is number {} of {count} for {cloud}/{}: priority {}, {} models",
                        c.name,
                        n + 1,
                        c.region,
                        c.priority,
                        c.models
                    ),
                };
                return Ok(here.into_iter().enumerate().map(place).collect());
            }
        }
        Err(Error::bad_request(nowhere(cloud, region, &candidates, named)))
    }
}

fn suits(candidate: &Candidate, named: Option<&str>) -> bool {
    !candidate.deprecated && candidate.unavailable_since.is_none() && named.is_none_or(|name| candidate.name == name)
}

/// Why no controller will do, each by name.
fn nowhere(cloud: &str, region: &str, candidates: &[Candidate], named: Option<&str>) -> String {
    let mut text = format!("unsupported cloud region {cloud}/{region} - confirm access to the cloud/controller");
    for candidate in candidates {
        let why = if named.is_some_and(|name| name != candidate.name) {
            continue;
        } else if candidate.deprecated {
            "is deprecated"
        } else {
            "cannot be reached"
        };
        let _ = write!(text, "; {} {why}", candidate.name);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn candidate(name: &str, deprecated: bool, reachable: bool) -> Candidate {
        Candidate {
            uuid: Uuid::nil(),
            name: name.into(),
            agent_version: String::new(),
            region: "r1".into(),
            priority: 10,
            deprecated,
            unavailable_since: (!reachable).then(chrono::DateTime::default),
            models: 0,
        }
    }

    #[test]
    fn deprecated_and_unreachable_controllers_get_no_models() {
        assert!(suits(&candidate("a", false, true), None));
        assert!(!suits(&candidate("a", true, true), None));
        assert!(!suits(&candidate("a", false, false), None));
        assert!(!suits(&candidate("a", false, true), Some("b")));
    }

    #[test]
    fn the_refusal_names_each_controller_and_its_reason() {
        let all = [candidate("old", true, true), candidate("far", false, false)];
        let text = nowhere("aws", "r1", &all, None);
        assert!(text.starts_with("unsupported cloud region aws/r1 - confirm access to the cloud/controller"));
        assert!(text.ends_with("; old is deprecated; far cannot be reached"), "{text}");
    }
}
