//! Defaults for the configuration of new models: per user, cloud and region, never sent to a controller but as part of
//! a new model's configuration.

use std::collections::BTreeMap;

use jimm_proto::params::model_manager::{ModelDefaultValues, ModelDefaults, ModelUnsetKeys, RegionDefaults};
use jimm_store::cloud_defaults::{self, CloudDefaults};
use jimm_store::clouds;
use serde_json::Value;

use crate::broker::identity::users::parse_cloud_tag;
use crate::broker::remote::copy;
use crate::broker::{Broker, Requester};
use crate::error::{Error, Result};

/// Defaults by key.
type Shown = BTreeMap<String, ModelDefaults>;

impl Broker {
    /// Sets defaults of the caller's.
    pub async fn set_model_defaults(&self, who: &Requester, values: ModelDefaultValues) -> Result<()> {
        let cloud = self.defaults_place(who, &values.cloud_tag, &values.cloud_region).await?;
        if values.config.contains_key("agent-version") {
            return Err(Error::bad_request("agent-version cannot have a default value"));
        }
        let defaults = Value::Object(values.config.into_iter().collect());
        let mut tx = self.store.begin().await?;
        cloud_defaults::set(&mut tx, who.name.as_str(), &cloud, &values.cloud_region, &defaults).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Forgets defaults of the caller's.
    pub async fn unset_model_defaults(&self, who: &Requester, keys: ModelUnsetKeys) -> Result<()> {
        let cloud = self.defaults_place(who, &keys.cloud_tag, &keys.cloud_region).await?;
        let mut conn = self.store.acquire().await?;
        cloud_defaults::unset(&mut conn, who.name.as_str(), &cloud, &keys.cloud_region, &keys.keys).await?;
        Ok(())
    }

    /// The caller's defaults for clouds and their regions. An empty tag means the only cloud the caller sees.
    pub async fn model_defaults(&self, who: &Requester, cloud_tags: &[String]) -> Result<Vec<Result<Shown>>> {
        let only = if cloud_tags.iter().any(String::is_empty) { Some(self.only_cloud(who).await) } else { None };
        let parse = |tag: &String| match &only {
            Some(Ok(only)) if tag.is_empty() => Ok(only.clone()),
            Some(Err(e)) if tag.is_empty() => Err(copy(e)),
            _ => parse_cloud_tag(tag),
        };
        let clouds: Vec<Result<String>> = cloud_tags.iter().map(parse).collect();
        let levels = self.cloud_accesses(who, clouds.iter().flatten()).await?;
        let usable: Vec<String> = levels.into_keys().collect();
        let mut conn = self.store.acquire().await?;
        let mut rows: BTreeMap<String, Vec<CloudDefaults>> =
            clouds::get_many(&mut conn, &usable).await?.into_iter().map(|cloud| (cloud.name, Vec::new())).collect();
        for row in cloud_defaults::of_clouds(&mut conn, who.name.as_str(), &usable).await? {
            rows.entry(row.cloud.clone()).or_default().push(row);
        }
        let shown: BTreeMap<String, Shown> = rows.into_iter().map(|(cloud, rows)| (cloud, by_key(rows))).collect();
        let of = |cloud: String| {
            shown.get(&cloud).cloned().ok_or_else(|| Error::not_found(format!("cloud \"{cloud}\" not found")))
        };
        Ok(clouds.into_iter().map(|cloud| cloud.and_then(of)).collect())
    }

    /// The configuration of a new model: the owner's defaults for the cloud, for the region, then what was given.
    pub(crate) async fn configured(
        &self,
        owner: &str,
        cloud: &str,
        region: &str,
        given: BTreeMap<String, Value>,
    ) -> Result<BTreeMap<String, Value>> {
        let mut conn = self.store.acquire().await?;
        let defaults = cloud_defaults::of_cloud(&mut conn, owner, cloud).await?;
        Ok(overlay(&defaults, region, given))
    }

    /// The cloud's name, when the caller may use it and the region is there. An empty tag means the only cloud the caller sees.
    async fn defaults_place(&self, who: &Requester, cloud_tag: &str, region: &str) -> Result<String> {
        let cloud = if cloud_tag.is_empty() { self.only_cloud(who).await? } else { parse_cloud_tag(cloud_tag)? };
        self.cloud_row(&cloud).await?;
        if self.cloud_access(who, &cloud).await?.is_none() {
            return Err(Error::not_found(format!("cloud \"{cloud}\" not found")));
        }
        let mut conn = self.store.acquire().await?;
        if !region.is_empty() && clouds::region(&mut conn, &cloud, region).await?.is_none() {
            return Err(Error::not_found("region not found"));
        }
        Ok(cloud)
    }
}

fn by_key(rows: Vec<CloudDefaults>) -> Shown {
    let mut defaults = Shown::new();
    for row in rows {
        let Value::Object(values) = row.defaults else { continue };
        for (key, value) in values {
            let entry = defaults.entry(key).or_default();
            if row.region.is_empty() {
                entry.default = Some(value);
            } else {
                entry.regions.push(RegionDefaults { region_name: row.region.clone(), value });
            }
        }
    }
    defaults
}

fn overlay(defaults: &[CloudDefaults], region: &str, given: BTreeMap<String, Value>) -> BTreeMap<String, Value> {
    let mut config = BTreeMap::new();
    for place in ["", region] {
        for row in defaults.iter().filter(|row| row.region == place) {
            if let Value::Object(values) = &row.defaults {
                config.extend(values.iter().map(|(k, v)| (k.clone(), v.clone())));
            }
        }
    }
    config.extend(given);
    config
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn row(region: &str, defaults: Value) -> CloudDefaults {
        CloudDefaults { identity: "a@b.c".into(), cloud: "aws".into(), region: region.into(), defaults }
    }

    #[test]
    fn the_nearer_default_wins_and_the_given_value_over_all() {
        let rows =
            [row("", json!({"a": 1, "b": 1, "c": 1})), row("r1", json!({"b": 2, "c": 2})), row("r2", json!({"a": 9}))];
        let given = BTreeMap::from([("c".to_owned(), json!(3))]);
        let config = overlay(&rows, "r1", given);
        assert_eq!(json!(config), json!({"a": 1, "b": 2, "c": 3}));
    }

    #[test]
    fn defaults_are_shown_by_key() {
        let shown = by_key(vec![row("", json!({"a": 1})), row("r1", json!({"a": 2}))]);
        assert_eq!(json!(shown), json!({"a": {"default": 1, "regions": [{"region-name": "r1", "value": 2}]}}));
    }
}
