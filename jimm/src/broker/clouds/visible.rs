//! Clouds as the broker's users see them: those they may add models to, whatever controllers serve them.

use std::collections::{BTreeMap, BTreeSet};

use jimm_authz::{Object, ObjectKind, Relation};
use jimm_proto::access::CloudAccess;
use jimm_proto::params::cloud::{AddCloudArgs, Cloud, CloudInfo, CloudRegion, CloudUserInfo, ListCloudInfo};
use jimm_proto::params::common::{Entities, Entity, ErrorResults};
use jimm_store::clouds::{self, Cloud as Row, Region};
use jimm_store::{StoreError, controllers};
use serde_json::Value;
use uuid::Uuid;

use crate::broker::identity::users::{display_name, parse_cloud_tag};
use crate::broker::remote::{CALL_DEADLINE, CLOUD, is_gone, only_error};
use crate::broker::rights::access::EVERYONE;
use crate::broker::{Broker, Requester};
use crate::error::{Error, Kind, Result};

impl Broker {
    /// The cloud of that name.
    pub(crate) async fn cloud_row(&self, name: &str) -> Result<Row> {
        let mut conn = self.store.acquire().await?;
        let row = clouds::get(&mut conn, name).await?;
        row.ok_or_else(|| Error::not_found(format!("cloud \"{name}\" not found")))
    }

    /// The clouds the caller may use, and how.
    pub(crate) async fn cloud_levels(&self, who: &Requester) -> Result<BTreeMap<String, CloudAccess>> {
        let mut levels = BTreeMap::new();
        for name in self.objects_with(who, Relation::CanAddModel, ObjectKind::Cloud).await? {
            levels.insert(name, CloudAccess::AddModel);
        }
        for name in self.objects_with(who, Relation::Administrator, ObjectKind::Cloud).await? {
            levels.insert(name, CloudAccess::Admin);
        }
        Ok(levels)
    }

    /// The clouds the caller may add models to, by tag.
    pub async fn visible_clouds(&self, who: &Requester) -> Result<BTreeMap<String, Cloud>> {
        let levels = self.cloud_levels(who).await?;
        let mut conn = self.store.acquire().await?;
        if controllers::list(&mut conn).await?.is_empty() {
            return Err(Error::not_found("no controllers registered"));
        }
        let mut regions = regions_by_cloud(clouds::all_regions(&mut conn).await?);
        let rows = clouds::list(&mut conn).await?;
        let visible = rows.into_iter().filter(|row| levels.contains_key(&row.name)).map(|row| {
            let regions = regions.remove(&row.name).unwrap_or_default();
            (format!("cloud-{}", row.name), cloud(row, regions))
        });
        Ok(visible.collect())
    }

    /// Clouds by their tags, with the caller's level on each; those without any are not spoken of.
    async fn seen_clouds(
        &self,
        who: &Requester,
        tags: &[String],
    ) -> Result<Vec<Result<(Row, Vec<Region>, CloudAccess)>>> {
        let names: Vec<Result<String>> = tags.iter().map(|tag| parse_cloud_tag(tag)).collect();
        let levels = self.cloud_accesses(who, names.iter().flatten()).await?;
        // An administrator may know that there is no such cloud.
        let told = names.iter().flatten().all(|name| levels.contains_key(name)) || self.is_admin(who).await?;
        let usable: Vec<String> = levels.keys().cloned().collect();
        let mut conn = self.store.acquire().await?;
        let rows = clouds::get_many(&mut conn, &usable).await?.into_iter().map(|row| (row.name.clone(), row));
        let rows: BTreeMap<String, Row> = rows.collect();
        let regions = regions_by_cloud(clouds::regions_of(&mut conn, &usable).await?);
        let see = |name: String| match (levels.get(&name), rows.get(&name)) {
            (Some(level), Some(row)) => Ok((row.clone(), regions.get(&name).cloned().unwrap_or_default(), *level)),
            (None, _) if !told => Err(Error::unauthorized()),
            _ => Err(Error::not_found(format!("cloud \"{name}\" not found"))),
        };
        Ok(names.into_iter().map(|name| name.and_then(see)).collect())
    }

    /// Clouds by their tags.
    pub async fn clouds(&self, who: &Requester, tags: &[String]) -> Result<Vec<Result<Cloud>>> {
        let seen = self.seen_clouds(who, tags).await?;
        Ok(seen.into_iter().map(|seen| seen.map(|(row, regions, _)| cloud(row, regions))).collect())
    }

    /// Clouds with their users: all for their administrators, oneself for the others.
    pub async fn cloud_infos(&self, who: &Requester, tags: &[String]) -> Result<Vec<Result<CloudInfo>>> {
        let seen = self.seen_clouds(who, tags).await?;
        let mut users: BTreeMap<String, Vec<CloudUserInfo>> = BTreeMap::new();
        for (row, _, level) in seen.iter().flatten() {
            if !users.contains_key(&row.name) {
                users.insert(row.name.clone(), self.cloud_users(who, &row.name, *level).await?);
            }
        }
        let info = |(row, regions, _): (Row, Vec<Region>, CloudAccess)| {
            let users = users.get(&row.name).cloned().unwrap_or_default();
            let seen = cloud(row, regions);
            CloudInfo {
                r#type: seen.r#type,
                auth_types: seen.auth_types,
                endpoint: seen.endpoint,
                identity_endpoint: seen.identity_endpoint,
                storage_endpoint: seen.storage_endpoint,
                regions: seen.regions,
                users,
            }
        };
        Ok(seen.into_iter().map(|seen| seen.map(info)).collect())
    }

    async fn cloud_users(&self, who: &Requester, name: &str, level: CloudAccess) -> Result<Vec<CloudUserInfo>> {
        let relations = [Relation::Administrator, Relation::CanAddModel];
        let mut users = self.users_by_relation(&relations, &Object::cloud(name)).await?;
        if level != CloudAccess::Admin {
            users.retain(|user, _| user == who.name.as_str() || user == EVERYONE);
        }
        let users = users.into_iter().map(|(user, relation)| CloudUserInfo {
            display_name: display_name(&user),
            user,
            access: if relation == Relation::Administrator { "admin" } else { "add-model" }.to_owned(),
        });
        Ok(users.collect())
    }

    /// The clouds the caller may use, with the level; all of them for administrators who ask.
    pub async fn list_cloud_info(&self, who: &Requester, all: bool) -> Result<Vec<ListCloudInfo>> {
        if all {
            self.require_admin(who).await?;
        }
        let levels = self.cloud_levels(who).await?;
        let mut conn = self.store.acquire().await?;
        let mut regions = regions_by_cloud(clouds::all_regions(&mut conn).await?);
        let rows = clouds::list(&mut conn).await?;
        let infos = rows.into_iter().filter(|row| all || levels.contains_key(&row.name)).map(|row| {
            let access = levels.get(&row.name).map(ToString::to_string).unwrap_or_default();
            let regions = regions.remove(&row.name).unwrap_or_default();
            let seen = cloud(row, regions);
            ListCloudInfo {
                r#type: seen.r#type,
                auth_types: seen.auth_types,
                endpoint: seen.endpoint,
                identity_endpoint: seen.identity_endpoint,
                storage_endpoint: seen.storage_endpoint,
                regions: seen.regions,
                user_access: access,
            }
        });
        Ok(infos.collect())
    }

    /// A cloud's definition belongs to its controllers.
    pub fn update_cloud(&self, who: &Requester, args: &AddCloudArgs) -> Result<()> {
        tracing::debug!(cloud = %args.name, requester = %who.name, "refused to change a cloud");
        Err(Error::new(Kind::Unauthorized, "permission denied").with_code("forbidden"))
    }

    /// Removes a cloud from the controllers that serve it (which refuse while it is in use), then from the broker with
    /// every right on it.
    pub async fn remove_cloud(&self, who: &Requester, tag: &str) -> Result<()> {
        let name = parse_cloud_tag(tag)?;
        self.require(who, Relation::Administrator, &Object::cloud(&name)).await?;
        self.cloud_row(&name).await?;
        let serving: BTreeSet<Uuid> = {
            let mut conn = self.store.acquire().await?;
            clouds::priorities(&mut conn, &name).await?.into_iter().map(|p| p.controller_uuid).collect()
        };
        let params = Entities { entities: vec![Entity { tag: tag.to_owned() }] };
        for controller in serving {
            let answer: Result<ErrorResults> =
                self.ask(controller, CLOUD, "RemoveClouds", &params, CALL_DEADLINE).await;
            match answer.and_then(only_error) {
                Ok(()) => {}
                Err(e) if is_gone(&e) => {}
                Err(e) => return Err(e),
            }
        }
        let mut tx = self.store.begin().await?;
        match clouds::delete(&mut tx, &name).await {
            Ok(_) => {}
            Err(StoreError::Reference { .. }) => {
                return Err(Error::bad_request(format!("cloud \"{name}\" is used by a controller or a model")));
            }
            Err(e) => return Err(e.into()),
        }
        self.remove_tuples_on(&mut tx, &Object::cloud(&name)).await?;
        tx.commit().await?;
        tracing::info!(cloud = %name, requester = %who.name, "cloud removed");
        Ok(())
    }
}

fn regions_by_cloud(regions: Vec<Region>) -> BTreeMap<String, Vec<Region>> {
    let mut by_cloud: BTreeMap<String, Vec<Region>> = BTreeMap::new();
    for region in regions {
        by_cloud.entry(region.cloud.clone()).or_default().push(region);
    }
    by_cloud
}

/// A cloud in Juju's words.
pub(in crate::broker) fn cloud(row: Row, regions: Vec<Region>) -> Cloud {
    let object = |value: Value| match value {
        Value::Object(map) => map.into_iter().collect(),
        _ => BTreeMap::new(),
    };
    Cloud {
        r#type: row.kind,
        host_cloud_region: row.host_cloud_region,
        auth_types: row.auth_types,
        endpoint: row.endpoint,
        identity_endpoint: row.identity_endpoint,
        storage_endpoint: row.storage_endpoint,
        ca_certificates: row.ca_certificates,
        skip_tls_verify: row.skip_tls_verify,
        config: object(row.config),
        regions: regions
            .into_iter()
            .map(|r| CloudRegion {
                name: r.name,
                endpoint: r.endpoint,
                identity_endpoint: r.identity_endpoint,
                storage_endpoint: r.storage_endpoint,
            })
            .collect(),
        region_config: BTreeMap::new(),
        is_controller_cloud: false,
    }
}
