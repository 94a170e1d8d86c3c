//! A model's status as `juju status --format json` writes it, from what `Client.FullStatus` answers.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use jimm_proto::params::application_offers::RemoteEndpoint;
use jimm_proto::params::common::Error;
use jimm_proto::params::status::{
    ApplicationOfferStatus, ApplicationStatus, Base, BranchStatus, DetailedStatus, FullStatus, MachineStatus,
    ModelStatusInfo, NetworkInterface, RelationStatus, RemoteApplicationStatus, UnitStatus,
};
use serde_json::{Value, json};

use super::fields::{Fields, id, map, moment};
use super::storage;

/// The job of a machine that runs the controller.
const MANAGES: &str = "JobManageModel";

/// The status, for a model on the controller of that name.
pub(super) fn shown(status: &FullStatus, controller: &str) -> Value {
    let now = status.controller_timestamp.map(|at| time(at.0)).unwrap_or_default();
    let branches: Branches<'_> = status
        .branches
        .iter()
        .flat_map(|(name, branch)| units_of(branch).map(move |unit| (unit, name.as_str())))
        .collect();
    let applications = status.applications.iter();
    let applications =
        applications.map(|(name, app)| (name.clone(), application(name, app, &status.relations, &branches)));
    Fields::new()
        .put("model", model(&status.model, controller))
        .put("machines", map(&status.machines, machine))
        .put("applications", Value::Object(applications.collect()))
        .some("application-endpoints", map(&status.remote_applications, remote))
        .some("offers", map(&status.offers, offer))
        .put("storage", storage::shown(status))
        .some("controller", Fields::new().some("timestamp", now).done())
        .some("branches", map(&status.branches, branch))
        .done()
}

/// A time of the day.
fn time(at: DateTime<Utc>) -> String {
    at.format("%H:%M:%SZ").to_string()
}

/// The branch that each unit follows, where it is not the one of all.
type Branches<'a> = BTreeMap<&'a str, &'a str>;

fn units_of(branch: &BranchStatus) -> impl Iterator<Item = &str> {
    branch.assigned_units.values().flatten().map(String::as_str)
}

/// What stands for a thing whose status could not be had.
fn failed(error: &Error) -> Value {
    json!({"status-error": error.message})
}

fn model(model: &ModelStatusInfo, controller: &str) -> Value {
    let meter = model.meter_status.clone().unwrap_or_default();
    Fields::new()
        .put("name", model.name.as_str())
        .put("type", model.r#type.as_str())
        .put("controller", controller)
        .put("cloud", id(&model.cloud_tag))
        .some("region", model.region.as_str())
        .put("version", model.version.as_str())
        .some("upgrade-available", model.available_version.as_str())
        .put("model-status", state(&model.model_status))
        .some("meter-status", Fields::new().some("color", meter.color).some("message", meter.message).done())
        .some("sla", model.sla.clone().unwrap_or_default())
        .done()
}

/// What an application or a unit is at: their lives are told elsewhere.
fn work(status: &DetailedStatus) -> Value {
    state(&DetailedStatus { life: String::new(), ..status.clone() })
}

/// What something is at, and since when.
fn state(status: &DetailedStatus) -> Value {
    if let Some(error) = &status.err {
        return failed(error);
    }
    Fields::new()
        .some("current", status.status.as_str())
        .some("message", status.info.as_str())
        .some("since", moment(status.since))
        .some("version", status.version.as_str())
        .some("life", status.life.as_str())
        .done()
}

fn base(base: &Base) -> Value {
    if base.name.is_empty() {
        return Value::Null;
    }
    let channel = base.channel.strip_suffix("/stable").unwrap_or(&base.channel);
    json!({"name": base.name, "channel": channel})
}

fn machine(machine: &MachineStatus) -> Value {
    if let Some(error) = &machine.agent_status.err {
        return failed(error);
    }
    let manages = machine.jobs.iter().any(|job| job == MANAGES);
    let member = match (machine.has_vote, machine.wants_vote) {
        _ if !manages => "",
        (true, true) => "has-vote",
        (true, false) => "removing-vote",
        (false, true) => "adding-vote",
        (false, false) => "no-vote",
    };
    let profiles = map(
        &machine.lxd_profiles,
        |profile| json!({"config": profile.config, "description": profile.description, "devices": profile.devices}),
    );
    Fields::new()
        .put("juju-status", state(&machine.agent_status))
        .some("hostname", machine.hostname.as_str())
        .some("dns-name", machine.dns_name.as_str())
        .some("ip-addresses", machine.ip_addresses.as_slice())
        .put("instance-id", machine.instance_id.as_str())
        .some("display-name", machine.display_name.as_str())
        .put("machine-status", state(&machine.instance_status))
        .put("modification-status", state(&machine.modification_status))
        .some("base", base(&machine.base))
        .some("network-interfaces", map(&machine.network_interfaces, interface))
        .some("containers", map(&machine.containers, self::machine))
        .some("constraints", machine.constraints.as_str())
        .some("hardware", machine.hardware.as_str())
        .some("controller-member-status", member)
        .some("ha-primary", manages && machine.primary_controller_machine)
        .some("lxd-profiles", profiles)
        .done()
}

fn interface(interface: &NetworkInterface) -> Value {
    Fields::new()
        .put("ip-addresses", interface.ip_addresses.as_slice())
        .put("mac-address", interface.mac_address.as_str())
        .some("gateway", interface.gateway.as_str())
        .some("dns-nameservers", interface.dns_nameservers.as_slice())
        .some("space", interface.space.as_str())
        .put("is-up", interface.is_up)
        .done()
}

/// A charm's URL, taken apart.
struct Charm<'a> {
    shown: &'a str,
    origin: &'static str,
    name: &'a str,
    revision: Option<i64>,
}

impl<'a> Charm<'a> {
    fn of(url: &'a str) -> Self {
        let (schema, rest) = url.split_once(':').unwrap_or(("", url));
        let last = rest.rsplit('/').next().unwrap_or(rest);
        let (name, revision) = match last.rsplit_once('-').map(|(name, number)| (name, number.parse())) {
            Some((name, Ok(number))) => (name, Some(number)),
            _ => (last, None),
        };
        match schema {
            "ch" => Self { shown: name, origin: "charmhub", name, revision },
            "local" => Self { shown: url, origin: "local", name, revision },
            _ => Self { shown: url, origin: "unknown", name, revision },
        }
    }
}

fn application(name: &str, app: &ApplicationStatus, relations: &[RelationStatus], branches: &Branches<'_>) -> Value {
    if let Some(error) = &app.err {
        return failed(error);
    }
    let charm = Charm::of(&app.charm);
    let related = app.relations.iter().map(|(endpoint, others)| {
        let related = others.iter().map(|other| relation(name, endpoint, other, relations));
        (endpoint.clone(), Value::Array(related.collect()))
    });
    Fields::new()
        .put("charm", charm.shown)
        .some("base", base(&app.base))
        .put("charm-origin", charm.origin)
        .put("charm-name", charm.name)
        .put("charm-rev", charm.revision.unwrap_or(app.charm_rev))
        .some("charm-channel", app.charm_channel.as_str())
        .some("charm-version", app.charm_version.as_str())
        .some("charm-profile", app.charm_profile.as_str())
        .some("can-upgrade-to", app.can_upgrade_to.as_str())
        .some("scale", app.int)
        .some("provider-id", app.provider_id.as_str())
        .some("address", app.public_address.as_str())
        .put("exposed", app.exposed)
        .some("life", app.life.as_str())
        .put("application-status", work(&app.status))
        .some("relations", Value::Object(related.collect()))
        .some("subordinate-to", app.subordinate_to.as_slice())
        .some("units", units(&app.units, branches))
        .some("version", app.workload_version.as_str())
        .some("endpoint-bindings", json!(app.endpoint_bindings))
        .done()
}

/// To whom an endpoint of an application leads, and over what.
fn relation(name: &str, endpoint: &str, other: &str, relations: &[RelationStatus]) -> Value {
    let fits = |relation: &&RelationStatus| {
        relation.endpoints.iter().any(|end| end.application == name && end.name == endpoint)
            && (name == other || relation.endpoints.iter().any(|end| end.application == other))
    };
    let (interface, scope) =
        relations.iter().find(fits).map_or(("", ""), |relation| (&relation.interface, &relation.scope));
    json!({"related-application": other, "interface": interface, "scope": scope})
}

fn units(units: &BTreeMap<String, UnitStatus>, branches: &Branches<'_>) -> Value {
    let shown = |(name, of): (&String, &UnitStatus)| (name.clone(), unit(name, of, branches));
    Value::Object(units.iter().map(shown).collect())
}

fn unit(name: &str, unit: &UnitStatus, branches: &Branches<'_>) -> Value {
    if let Some(error) = &unit.agent_status.err {
        return failed(error);
    }
    Fields::new()
        .put("workload-status", work(&unit.workload_status))
        .put("juju-status", work(&unit.agent_status))
        .some("leader", unit.leader)
        .some("upgrading-from", unit.charm.as_str())
        .some("machine", unit.machine.as_str())
        .some("open-ports", unit.opened_ports.as_slice())
        .some("public-address", unit.public_address.as_str())
        .some("address", unit.address.as_str())
        .some("provider-id", unit.provider_id.as_str())
        .some("subordinates", units(&unit.subordinates, branches))
        .some("branch", branches.get(name).copied())
        .done()
}

fn endpoints<'a>(endpoints: impl Iterator<Item = (&'a String, &'a RemoteEndpoint)>) -> Value {
    let shown = |end: &RemoteEndpoint| json!({"interface": end.interface, "role": end.role});
    Value::Object(endpoints.map(|(name, end)| (name.clone(), shown(end))).collect())
}

fn remote(remote: &RemoteApplicationStatus) -> Value {
    if let Some(error) = &remote.err {
        return failed(error);
    }
    let relations: BTreeMap<_, _> = remote.relations.iter().collect();
    Fields::new()
        .put("url", remote.offer_url.as_str())
        .some("endpoints", endpoints(remote.endpoints.iter().map(|end| (&end.name, end))))
        .some("life", remote.life.as_str())
        .put("application-status", work(&remote.status))
        .some("relations", json!(relations))
        .done()
}

fn offer(offer: &ApplicationOfferStatus) -> Value {
    if let Some(error) = &offer.err {
        return failed(error);
    }
    Fields::new()
        .put("application", offer.application_name.as_str())
        .some("charm", offer.charm.as_str())
        .some("total-connected-count", offer.total_connected_count)
        .some("active-connected-count", offer.active_connected_count)
        .put("endpoints", endpoints(offer.endpoints.iter()))
        .done()
}

fn branch(branch: &BranchStatus) -> Value {
    let created = DateTime::from_timestamp(branch.created, 0).unwrap_or_default();
    Fields::new().put("created", time(created)).some("created-by", branch.created_by.as_str()).done()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn charms_are_told_by_their_urls() {
        for (url, shown, origin, name, revision) in [
            ("ch:amd64/jammy/postgresql-k8s-42", "postgresql-k8s", "charmhub", "postgresql-k8s", Some(42)),
            ("ch:amd64/ubuntu", "ubuntu", "charmhub", "ubuntu", None),
            ("local:jammy/tiny-bash-0", "local:jammy/tiny-bash-0", "local", "tiny-bash", Some(0)),
            ("", "", "unknown", "", None),
        ] {
            let charm = Charm::of(url);
            assert_eq!((charm.shown, charm.origin, charm.name, charm.revision), (shown, origin, name, revision));
        }
    }

    /// Recorded: what `juju` 3.6.11 printed for this answer of a controller.
    #[test]
    fn a_status_is_shown_as_jujus_client_shows_it() {
        let status: FullStatus = serde_json::from_str(include_str!("vectors/full-status.json")).unwrap();
        let printed: Value = serde_json::from_str(include_str!("vectors/juju-status.json")).unwrap();
        let shown = shown(&status, "sim");
        for (name, part) in printed.as_object().unwrap() {
            assert_eq!(&shown[name], part, "{name}");
        }
        assert_eq!(shown, printed);
    }

    #[test]
    fn what_is_empty_is_left_out_and_failures_stand_for_the_thing() {
        let status: FullStatus = serde_json::from_value(json!({
            "model": {"name": "m", "type": "iaas", "cloud-tag": "cloud-x", "version": "3.6.1",
                      "model-status": {"status": "available", "since": "2026-11-21T10:11:12.5Z"}},
            "applications": {"db": {"charm": "ch:amd64/db-3", "relations": {"peers": ["db"]}},
                             "bad": {"err": {"message": "gone"}}},
            "relations": [{"interface": "db-peers", "scope": "global",
                           "endpoints": [{"application": "db", "name": "peers", "role": "peer"}]}],
            "controller-timestamp": "2026-11-21T10:11:13Z"
        }))
        .unwrap();
        assert_eq!(
            shown(&status, "prod"),
            json!({
                "model": {"name": "m", "type": "iaas", "controller": "prod", "cloud": "x", "version": "3.6.1",
                          "model-status": {"current": "available", "since": "21 Nov 2026 10:11:12Z"}},
                "machines": {},
                "applications": {
                    "db": {"charm": "db", "charm-origin": "charmhub", "charm-name": "db", "charm-rev": 3, "exposed": false,
                           "application-status": {},
                           "relations": {"peers": [{"related-application": "db", "interface": "db-peers", "scope": "global"}]}},
                    "bad": {"status-error": "gone"}},
                "storage": {},
                "controller": {"timestamp": "10:11:13Z"}
            })
        );
    }
}
