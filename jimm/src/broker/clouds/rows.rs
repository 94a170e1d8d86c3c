//! Clouds as they are told on the wire, as the rows that the broker keeps of them.

use jimm_proto::params::cloud::Cloud;
use jimm_store::clouds::{NewCloud, Region};
use serde_json::json;

/// The region that the broker makes up for a cloud without any, so that models can be placed there.
const VIRTUAL_REGION: &str = "default";

/// The row of a cloud.
pub(in crate::broker) fn cloud_row(name: &str, cloud: &Cloud) -> NewCloud {
    NewCloud {
        name: name.to_owned(),
        kind: cloud.r#type.clone(),
        auth_types: cloud.auth_types.clone(),
        endpoint: cloud.endpoint.clone(),
        identity_endpoint: cloud.identity_endpoint.clone(),
        storage_endpoint: cloud.storage_endpoint.clone(),
        host_cloud_region: cloud.host_cloud_region.clone(),
        ca_certificates: cloud.ca_certificates.clone(),
        skip_tls_verify: cloud.skip_tls_verify,
        config: json!(cloud.config),
    }
}

/// The rows of its regions; a cloud without any gets one all the same, that in which the controller runs when it tells.
pub(in crate::broker) fn region_rows(name: &str, cloud: &Cloud, own_region: Option<&str>) -> Vec<Region> {
    if cloud.regions.is_empty() {
        let own = own_region.filter(|r| !r.is_empty());
        let region = own.unwrap_or(VIRTUAL_REGION).to_owned();
        return vec![Region { cloud: name.to_owned(), name: region, is_virtual: own.is_none(), ..Region::default() }];
    }
    (0..)
        .zip(&cloud.regions)
        .map(|(position, region)| Region {
            cloud: name.to_owned(),
            name: region.name.clone(),
            position,
            endpoint: region.endpoint.clone(),
            identity_endpoint: region.identity_endpoint.clone(),
            storage_endpoint: region.storage_endpoint.clone(),
            config: cloud.region_config.get(&region.name).map_or_else(|| json!({}), |c| json!(c)),
            is_virtual: false,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cloud_without_regions_gets_one() {
        let made = region_rows("mine", &Cloud::default(), None);
        assert_eq!((made[0].name.as_str(), made[0].is_virtual, made[0].cloud.as_str()), ("default", true, "mine"));
        let made = region_rows("mine", &Cloud::default(), Some("here"));
        assert_eq!((made[0].name.as_str(), made[0].is_virtual), ("here", false));
    }
}
