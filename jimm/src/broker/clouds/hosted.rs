//! Kubernetes clouds that users bring, hosted on a region of a cloud that a controller serves.

use jimm_authz::{Object, Relation, Subject};
use jimm_proto::params::cloud::{AddCloudArgs, CloudResults};
use jimm_proto::params::common::{Entities, Entity};
use jimm_store::clouds::{self, Cloud as Row, Priority};
use serde_json::Value;
use uuid::Uuid;

use super::rows::{cloud_row, region_rows};
use crate::broker::placement::Sought;
use crate::broker::remote::{CALL_DEADLINE, CLOUD};
use crate::broker::{Broker, Requester};
use crate::error::{Error, Kind, Result};

/// Names that stand for public clouds and are nobody's to take.
pub(in crate::broker) const RESERVED: &[&str] = &[
    "aks",
    "aws",
    "aws-china",
    "aws-gov",
    "azure",
    "azure-china",
    "cloudsigma",
    "ecs",
    "eks",
    "google",
    "joyent",
    "localhost",
    "oracle",
    "oracle-classic",
    "oracle-compute",
    "rackspace",
];

impl Broker {
    /// Adds a Kubernetes cloud to the controller that best serves the region it runs in; its user administers it.
    pub async fn add_cloud(&self, who: &Requester, args: AddCloudArgs) -> Result<()> {
        check(&args)?;
        let (host, region) = self.host_of(&args.cloud.host_cloud_region).await?;
        if self.cloud_access(who, &host.name).await?.is_none() {
            return Err(unknown_place(&args.cloud.host_cloud_region));
        }
        if !host.host_cloud_region.is_empty() {
            let text = format!("cloud already hosted \"{}\"", host.name);
            return Err(Error::new(Kind::BadRequest, text).with_code("incompatible clouds"));
        }
        if self.cloud_row(&args.name).await.is_ok() {
            return Err(taken(&args.name));
        }
        let places = self.places(&Sought { cloud: &host.name, region: &region, named: None, owner: None }).await?;
        let controller = places.first().ok_or_else(|| Error::not_found("no controller serves the region"))?.controller;
        self.cloud_on_controller(controller, &args).await?;
        self.record_cloud(who, controller, &args).await?;
        tracing::info!(cloud = %args.name, controller.uuid = %controller, requester = %who.name, "cloud added");
        Ok(())
    }

    /// Adds the cloud there; a cloud of that name and type that is there already is the one.
    pub(in crate::broker) async fn cloud_on_controller(&self, controller: Uuid, args: &AddCloudArgs) -> Result<()> {
        let added: Result<Value> = self.ask(controller, CLOUD, "AddCloud", args, CALL_DEADLINE).await;
        match added {
            Ok(_) => return Ok(()),
            Err(e) if e.kind() != Kind::AlreadyExists => return Err(e),
            Err(_) => {}
        }
        let params = Entities { entities: vec![Entity { tag: format!("cloud-{}", args.name) }] };
        let answer: CloudResults = self.ask(controller, CLOUD, "Cloud", &params, CALL_DEADLINE).await?;
        let there = answer.results.into_iter().next().and_then(|r| r.cloud).unwrap_or_default();
        if there.endpoint == args.cloud.endpoint { Ok(()) } else { Err(taken(&args.name)) }
    }

    /// Row, regions, priorities and rights in one transaction.
    async fn record_cloud(&self, who: &Requester, controller: Uuid, args: &AddCloudArgs) -> Result<()> {
        let mut tx = self.store.begin().await?;
        if !clouds::ensure(&mut tx, &cloud_row(&args.name, &args.cloud)).await? {
            return Err(taken(&args.name));
        }
        for region in region_rows(&args.name, &args.cloud, None) {
            clouds::put_region(&mut tx, &region).await?;
            let served =
                Priority { controller_uuid: controller, cloud: args.name.clone(), region: region.name, priority: 1 };
            clouds::put_priority(&mut tx, &served).await?;
        }
        let object = Object::cloud(&args.name);
        let host = Subject::object(Object::controller(controller));
        self.add_tuple(&mut tx, host, Relation::Controller, &object).await?;
        self.add_tuple(&mut tx, Subject::user(who.name.as_str()), Relation::Administrator, &object).await?;
        tx.commit().await?;
        Ok(())
    }

    /// The cloud and region behind `cloud/region`, where the first part is a type or a name; a cloud's name alone will
    /// do when it has one region.
    pub(in crate::broker) async fn host_of(&self, host: &str) -> Result<(Row, String)> {
        let (cloud, region) = host.split_once('/').unwrap_or((host, ""));
        let mut conn = self.store.acquire().await?;
        let rows = clouds::list(&mut conn).await?;
        let regions = clouds::all_regions(&mut conn).await?;
        let has = |row: &&Row| {
            let mut own = regions.iter().filter(|r| r.cloud == row.name);
            if region.is_empty() { own.clone().count() == 1 } else { own.any(|r| r.name == region) }
        };
        let named = |row: &&Row| row.name == cloud;
        let typed = |row: &&Row| row.kind == cloud && !region.is_empty() && row.host_cloud_region.is_empty();
        let row = rows.iter().find(|r| named(r) && has(r)).or_else(|| rows.iter().find(|r| typed(r) && has(r)));
        let row = row.ok_or_else(|| unknown_place(host))?;
        let first = regions.iter().find(|r| r.cloud == row.name).map(|r| r.name.clone()).unwrap_or_default();
        Ok((row.clone(), if region.is_empty() { first } else { region.to_owned() }))
    }
}

/// So too for who may not use it: a cloud that one does not see is not there.
pub(in crate::broker) fn unknown_place(place: &str) -> Error {
    Error::not_found(format!("unable to find cloud/region \"{place}\" among the clouds that you may use"))
}

fn check(args: &AddCloudArgs) -> Result<()> {
    if RESERVED.contains(&args.name.as_str()) {
        return Err(taken(&args.name));
    }
    if args.cloud.r#type != "kubernetes" {
        let text = format!("unsupported cloud type \"{}\"", args.cloud.r#type);
        return Err(Error::new(Kind::BadRequest, text).with_code("incompatible clouds"));
    }
    if args.cloud.host_cloud_region.is_empty() {
        return Err(Error::new(Kind::BadRequest, "cloud host region not specified").with_code("cloud region required"));
    }
    args.name
        .parse::<jimm_proto::names::CloudName>()
        .map_err(|_| Error::bad_request(format!("\"{}\" is not a valid cloud name", args.name)))?;
    Ok(())
}

pub(in crate::broker) fn taken(name: &str) -> Error {
    Error::new(Kind::AlreadyExists, format!("cloud \"{name}\" already exists"))
}

#[cfg(test)]
mod tests {
    use jimm_proto::params::cloud::Cloud;

    use super::*;

    fn args(name: &str, kind: &str, host: &str) -> AddCloudArgs {
        let cloud = Cloud { r#type: kind.into(), host_cloud_region: host.into(), ..Cloud::default() };
        AddCloudArgs { name: name.into(), cloud, force: false }
    }

    #[test]
    fn checks_come_in_the_documented_order() {
        let code = |args| check(&args).expect_err("refused").juju_code().to_owned();
        assert_eq!(code(args("aws", "ec2", "")), "already exists");
        assert_eq!(code(args("mine", "ec2", "")), "incompatible clouds");
        assert_eq!(code(args("mine", "kubernetes", "")), "cloud region required");
        check(&args("mine", "kubernetes", "aws/r1")).expect("fine");
    }
}
