//! Clouds of any kind that operators put on a controller of their choice, and take from it again.

use jimm_authz::{Object, Relation, Subject};
use jimm_proto::params::cloud::AddCloudArgs;
use jimm_proto::params::common::{Entities, Entity, ErrorResults};
use jimm_proto::params::jimm_clouds::{AddCloudToControllerRequest, RemoveCloudFromControllerRequest};
use jimm_store::StoreError;
use jimm_store::clouds::{self, Priority};
use jimm_store::controllers::{self, Controller};

use super::hosted::{RESERVED, taken, unknown_place};
use super::rows::{cloud_row, region_rows};
use crate::broker::identity::users::parse_cloud_tag;
use crate::broker::remote::{CALL_DEADLINE, CLOUD, is_gone, only_error};
use crate::broker::{Broker, Requester};
use crate::error::{Error, Kind, Result};

impl Broker {
    /// Adds a cloud to a controller that the caller administers. One that other controllers serve already is served by
    /// this one too from now on.
    pub async fn add_cloud_to_controller(&self, who: &Requester, request: AddCloudToControllerRequest) -> Result<()> {
        let host = self.administered_controller(who, &request.controller_name).await?;
        let args = AddCloudArgs { cloud: request.cloud, name: request.name, force: request.force };
        if RESERVED.contains(&args.name.as_str()) {
            return Err(taken(&args.name));
        }
        args.name
            .parse::<jimm_proto::names::CloudName>()
            .map_err(|_| Error::bad_request(format!("\"{}\" is not a valid cloud name", args.name)))?;
        if !args.cloud.host_cloud_region.is_empty() {
            self.check_host(who, &host, &args.cloud.host_cloud_region).await?;
        }
        if let Ok(there) = self.cloud_row(&args.name).await
            && (there.kind != args.cloud.r#type || there.endpoint != args.cloud.endpoint)
        {
            return Err(taken(&args.name));
        }
        self.cloud_on_controller(host.uuid, &args).await?;
        self.record_placed(who, &host, &args).await?;
        tracing::info!(cloud = %args.name, controller.uuid = %host.uuid, requester = %who.name, "cloud added to a controller");
        Ok(())
    }

    /// The controller of that name, when the caller administers it.
    async fn administered_controller(&self, who: &Requester, name: &str) -> Result<Controller> {
        let row = controllers::get_by_name(&mut *self.store.acquire().await?, name).await?;
        let Some(row) = row else {
            // Who does not administer the broker is not told which controllers there are.
            self.require_admin(who).await?;
            return Err(Error::not_found("controller not found"));
        };
        self.require(who, Relation::Administrator, &Object::controller(row.uuid)).await?;
        Ok(row)
    }

    /// The region that the cloud runs in is one that the caller may use, of a cloud that this controller serves.
    async fn check_host(&self, who: &Requester, controller: &Controller, place: &str) -> Result<()> {
        let (host, region) = self.host_of(place).await?;
        if self.cloud_access(who, &host.name).await?.is_none() {
            return Err(unknown_place(place));
        }
        if !host.host_cloud_region.is_empty() {
            let text = format!("cloud already hosted \"{}\"", host.name);
            return Err(Error::new(Kind::BadRequest, text).with_code("incompatible clouds"));
        }
        let serving = clouds::priorities(&mut *self.store.acquire().await?, &host.name).await?;
        let serves = serving.iter().any(|p| p.controller_uuid == controller.uuid && p.region == region);
        if serves { Ok(()) } else { Err(Error::not_found("controller not found")) }
    }

    /// Row, regions, priorities and rights in one transaction. Who brings a cloud that nobody had administers it.
    async fn record_placed(&self, who: &Requester, host: &Controller, args: &AddCloudArgs) -> Result<()> {
        let mut tx = self.store.begin().await?;
        let object = Object::cloud(&args.name);
        if clouds::ensure(&mut tx, &cloud_row(&args.name, &args.cloud)).await? {
            self.add_tuple(&mut tx, Subject::user(who.name.as_str()), Relation::Administrator, &object).await?;
        }
        for region in region_rows(&args.name, &args.cloud, None) {
            if clouds::region(&mut tx, &args.name, &region.name).await?.is_none() {
                clouds::put_region(&mut tx, &region).await?;
            }
            let served =
                Priority { controller_uuid: host.uuid, cloud: args.name.clone(), region: region.name, priority: 1 };
            clouds::put_priority(&mut tx, &served).await?;
        }
        let controller = Subject::object(Object::controller(host.uuid));
        self.add_tuple(&mut tx, controller, Relation::Controller, &object).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Takes a cloud from one of the controllers that serve it, which refuses while it is in use there. With the last of
    /// them it goes from the broker too.
    pub async fn remove_cloud_from_controller(
        &self,
        who: &Requester,
        request: &RemoveCloudFromControllerRequest,
    ) -> Result<()> {
        let name = parse_cloud_tag(&request.cloud_tag)?;
        let object = Object::cloud(&name);
        self.require(who, Relation::Administrator, &object).await?;
        self.cloud_row(&name).await?;
        let (host, serving) = {
            let mut conn = self.store.acquire().await?;
            let host = controllers::get_by_name(&mut conn, &request.controller_name).await?;
            (host, clouds::priorities(&mut conn, &name).await?)
        };
        let host = host.filter(|host| serving.iter().any(|p| p.controller_uuid == host.uuid));
        let host = host.ok_or_else(|| Error::not_found("cloud not hosted by controller"))?;
        let params = Entities { entities: vec![Entity { tag: request.cloud_tag.clone() }] };
        let answer: Result<ErrorResults> = self.ask(host.uuid, CLOUD, "RemoveClouds", &params, CALL_DEADLINE).await;
        match answer.and_then(only_error) {
            Ok(()) => {}
            Err(e) if is_gone(&e) => {}
            Err(e) => return Err(e),
        }
        let mut tx = self.store.begin().await?;
        clouds::delete_priorities(&mut tx, host.uuid, &name).await?;
        if clouds::priorities(&mut tx, &name).await?.is_empty() {
            clouds::delete(&mut tx, &name).await.map_err(|e| match e {
                StoreError::Reference { .. } => {
                    Error::bad_request(format!("cloud \"{name}\" is used by a controller or a model"))
                }
                e => e.into(),
            })?;
            self.remove_tuples_on(&mut tx, &object).await?;
        } else {
            let controller = Subject::object(Object::controller(host.uuid));
            self.remove_tuple(&mut tx, controller, Relation::Controller, &object).await?;
        }
        tx.commit().await?;
        tracing::info!(cloud = %name, controller.uuid = %host.uuid, requester = %who.name, "cloud taken from a controller");
        Ok(())
    }
}
