//! The one reply that is edited: a controller's login result, so that the client sees the broker in its place.

use std::collections::BTreeMap;

use jimm_proto::params::admin::FacadeVersions;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::config::Config;
use crate::error::{Error, Kind, Result};
use crate::facades::method::encode;
use crate::session::servers;

/// The highest version of a facade that works through a broker: from HighAvailability 3 on, clients ask it about the
/// controllers themselves.
const CAPPED: (&str, i64) = ("HighAvailability", 2);

/// The login result as the client gets it. Members we do not know pass as they are.
pub(super) fn edited(settings: &Config, reply: &RawValue) -> Result<Box<RawValue>> {
    let unread = |error: serde_json::Error| {
        Error::new(Kind::Controller, "the controller's login result is not understood").with_source(error)
    };
    let mut members: BTreeMap<String, Box<RawValue>> = serde_json::from_str(reply.get()).map_err(unread)?;
    if let Some(facades) = members.get("facades") {
        let mut facades: Vec<FacadeVersions> = serde_json::from_str(facades.get()).map_err(unread)?;
        for facade in facades.iter_mut().filter(|facade| facade.name == CAPPED.0) {
            facade.versions.retain(|version| *version <= CAPPED.1);
        }
        set(&mut members, "facades", &facades)?;
    }
    set(&mut members, "controller-tag", &format!("controller-{}", settings.uuid))?;
    set(&mut members, "servers", &servers(settings))?;
    set(&mut members, "public-dns-name", &settings.public_host())?;
    encode(&members)
}

/// Whether a controller asks for macaroons in place of taking the token: it does not know our keys.
pub(super) fn wants_discharge(reply: &RawValue) -> bool {
    let members: BTreeMap<String, &RawValue> = serde_json::from_str(reply.get()).unwrap_or_default();
    ["discharge-required", "bakery-discharge-required"]
        .iter()
        .any(|name| members.get(*name).is_some_and(|value| value.get() != "null"))
}

/// The controller and the model that the reply speaks of, where it names them.
#[derive(Default, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
pub(super) struct Named {
    pub(super) controller_tag: String,
    pub(super) model_tag: Option<String>,
}

/// Whom the client would be talking to.
pub(super) fn named(reply: &RawValue) -> Named {
    serde_json::from_str(reply.get()).unwrap_or_default()
}

fn set<T: Serialize + ?Sized>(members: &mut BTreeMap<String, Box<RawValue>>, name: &str, value: &T) -> Result<()> {
    members.insert(name.to_owned(), serde_json::value::to_raw_value(value).map_err(Error::internal)?);
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn the_client_sees_the_broker_and_nothing_else_changes() {
        let settings = Config { dns_name: "jimm.example.com".into(), ..Config::default() };
        let reply = json!({
            "controller-tag": "controller-11111111-1111-4111-8111-111111111111",
            "model-tag": "model-22222222-2222-4222-8222-222222222222",
            "servers": [[{"value": "10.0.0.1", "type": "ipv4", "scope": "local-cloud", "port": 17070}]],
            "facades": [{"name": "HighAvailability", "versions": [2, 3]}, {"name": "ModelUpgrader", "versions": [1]}],
            "server-version": "4.0.8",
            "new-in-5": {"n": 9_007_199_254_740_993_u64},
        });
        let raw = serde_json::value::to_raw_value(&reply).unwrap();
        let edited: Value = serde_json::from_str(edited(&settings, &raw).unwrap().get()).unwrap();
        assert_eq!(edited["controller-tag"], json!(format!("controller-{}", settings.uuid)));
        assert_eq!(edited["model-tag"], reply["model-tag"]);
        assert_eq!(edited["servers"][0][0]["value"], "jimm.example.com");
        assert_eq!(edited["servers"][0][0]["port"], 443);
        assert_eq!(edited["facades"][0]["versions"], json!([2]));
        assert_eq!(edited["facades"][1]["versions"], json!([1]));
        assert_eq!(edited["new-in-5"], reply["new-in-5"]);
        assert!(!wants_discharge(&raw));
    }
}
