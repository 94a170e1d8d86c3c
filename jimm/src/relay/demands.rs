//! `access required`: what a controller misses in a token, and whether the requester has it.

use std::collections::BTreeMap;

use jimm_authz::{Object, Relation};
use jimm_proto::envelope::Response;
use jimm_proto::tags::Tag;
use serde::Deserialize;

use crate::broker::{Broker, Requester};
use crate::error::{Error, Kind, Result};

const CODE: &str = "access required";

/// Tags with the level that is missing.
pub(super) type Demands = BTreeMap<String, String>;

#[derive(Deserialize)]
struct Bulk {
    #[serde(default)]
    results: Option<Vec<BulkResult>>,
}

#[derive(Deserialize)]
struct BulkResult {
    #[serde(default)]
    error: Option<BulkError>,
}

#[derive(Deserialize)]
struct BulkError {
    #[serde(default)]
    code: Option<String>,
    #[serde(default)]
    info: Option<Demands>,
}

/// Whether a response may ask for something; nearly none does.
pub(super) fn may_be_in(text: &str) -> bool {
    text.contains(CODE)
}

/// What a response asks for that [may](may_be_in).
pub(super) fn of(response: &Response<'_>) -> Demands {
    if response.error_code == CODE {
        return response.error_info.and_then(|info| serde_json::from_str(info.get()).ok()).unwrap_or_default();
    }
    let bulk: Option<Bulk> = response.response.and_then(|body| serde_json::from_str(body.get()).ok());
    let results = bulk.and_then(|bulk| bulk.results).unwrap_or_default();
    let errors = results.into_iter().filter_map(|result| result.error);
    errors.filter(|error| error.code.as_deref() == Some(CODE)).filter_map(|error| error.info).flatten().collect()
}

/// Whether the requester has all of it.
pub(super) async fn are_met(broker: &Broker, who: &Requester, demands: &Demands) -> Result<bool> {
    for (tag, level) in demands {
        let Some((relation, object)) = right(tag, level) else { return Ok(false) };
        if !broker.authz.check(&who.user(), relation, &object).await?.allowed {
            return Ok(false);
        }
    }
    Ok(true)
}

/// What somebody is told who has not got it: Juju's words, and what is missing.
pub(super) fn refusal(demands: &Demands) -> Error {
    let missing: Vec<String> = demands.iter().map(|(tag, level)| format!("{level:?} access to {tag}")).collect();
    let text = format!("permission denied: this needs {}; ask an administrator of it", missing.join(" and "));
    Error::new(Kind::Unauthorized, text)
}

/// Whether claims have all of it.
pub(super) fn are_in(claims: &BTreeMap<String, String>, demands: &Demands) -> bool {
    demands.iter().all(|(tag, level)| claims.get(tag).is_some_and(|has| rank(has) >= rank(level)))
}

/// Claims with the demands added; of two levels for one thing the higher counts.
pub(super) fn merged(claims: &BTreeMap<String, String>, demands: &Demands) -> BTreeMap<String, String> {
    let mut merged = claims.clone();
    for (tag, level) in demands {
        let has = merged.entry(tag.clone()).or_default();
        if rank(has) < rank(level) {
            has.clone_from(level);
        }
    }
    merged
}

/// Levels of one kind of thing, in their order.
fn rank(level: &str) -> u8 {
    match level {
        "" => 0,
        "read" | "login" | "add-model" => 1,
        "write" | "consume" => 2,
        _ => 3,
    }
}

/// What the demand means in our relations, if anything.
fn right(tag: &str, level: &str) -> Option<(Relation, Object)> {
    match (tag.parse().ok()?, level) {
        (Tag::Model(uuid), "read") => Some((Relation::Reader, Object::model(uuid))),
        (Tag::Model(uuid), "write") => Some((Relation::Writer, Object::model(uuid))),
        (Tag::Model(uuid), "admin") => Some((Relation::Administrator, Object::model(uuid))),
        (Tag::Controller(uuid), "superuser") => Some((Relation::Administrator, Object::controller(uuid))),
        (Tag::Cloud(name), "add-model") => Some((Relation::CanAddModel, Object::cloud(name))),
        (Tag::Cloud(name), "admin") => Some((Relation::Administrator, Object::cloud(name))),
        (Tag::ApplicationOffer(uuid), "read") => Some((Relation::Reader, Object::offer(uuid))),
        (Tag::ApplicationOffer(uuid), "consume") => Some((Relation::Consumer, Object::offer(uuid))),
        (Tag::ApplicationOffer(uuid), "admin") => Some((Relation::Administrator, Object::offer(uuid))),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use jimm_proto::envelope::Frame;

    use super::*;

    fn demands(text: &str) -> Demands {
        match Frame::parse(text).unwrap() {
            Frame::Response(response) if may_be_in(text) => of(&response),
            Frame::Response(_) => Demands::new(),
            Frame::Request(_) => panic!("a request"),
        }
    }

    const MODEL: &str = "model-8f5b9a4a-6b0c-4d8c-8a6e-0d1f2a3b4c5d";

    #[test]
    fn demands_are_found_in_both_places() {
        let text = format!(
            r#"{{"request-id":2,"error":"access permissions required: map[{MODEL}:read]","error-code":"access required","error-info":{{"{MODEL}":"read"}},"response":{{}}}}"#
        );
        assert_eq!(demands(&text), Demands::from([(MODEL.into(), "read".into())]));
        let text = format!(
            r#"{{"request-id":2,"response":{{"results":[{{}},{{"error":{{"message":"m","code":"access required","info":{{"{MODEL}":"admin"}}}}}},{{"error":{{"message":"m","code":"not found","info":{{"x":"y"}}}}}}]}}}}"#
        );
        assert_eq!(demands(&text), Demands::from([(MODEL.into(), "admin".into())]));
    }

    #[test]
    fn text_that_only_speaks_of_it_is_no_demand() {
        assert!(demands(r#"{"request-id":2,"response":{"results":["access required"]}}"#).is_empty());
        assert!(demands(r#"{"request-id":2,"response":{"message":"access required"}}"#).is_empty());
        assert!(demands(r#"{"request-id":2,"error":"access required","error-code":"not found"}"#).is_empty());
    }

    #[test]
    fn claims_only_grow() {
        let claims = BTreeMap::from([(MODEL.to_owned(), "admin".to_owned())]);
        let demands = Demands::from([(MODEL.into(), "write".into()), ("cloud-aws".into(), "add-model".into())]);
        assert!(!are_in(&claims, &demands));
        let merged = merged(&claims, &demands);
        assert_eq!(merged[MODEL], "admin");
        assert!(are_in(&merged, &demands));
    }

    #[test]
    fn words_become_relations() {
        assert_eq!(right(MODEL, "write").unwrap().0, Relation::Writer);
        assert_eq!(right("cloud-aws", "add-model").unwrap().0, Relation::CanAddModel);
        assert!(right(MODEL, "own").is_none());
        assert!(right("user-alice", "admin").is_none());
    }
}
