//! What was left behind, in words: what is true of it, and what to do. Knows nothing of how it is found.

use std::collections::BTreeMap;

use jimm_proto::params::jimm_doctor::Finding;
use jimm_proto::params::model_manager::ModelSummary;
use jimm_store::controllers::Controller;
use jimm_store::doctor::LastMove;
use jimm_store::migrations::Migration;
use jimm_store::models::Model;
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

pub(in crate::broker) const MOVED: &str = "moved-elsewhere";
const LEFT: &str = "left-on-source";
pub(in crate::broker) const HALF: &str = "half-imported";
const BOTH: &str = "on-both-sides";
pub(in crate::broker) const MISSING: &str = "record-without-model";
const UNKNOWN: &str = "model-without-record";
const BEHIND: &str = "agents-behind";
const RESTORED: &str = "controller-restored";
pub(in crate::broker) const STRANDED: &str = "move-without-job";
pub(super) const OWNERLESS: &str = "job-without-owner";

/// A finding, with what a repair has to know.
pub(in crate::broker) struct Found {
    pub(in crate::broker) finding: Finding,
    pub(in crate::broker) model: Option<Model>,
    pub(in crate::broker) host: Uuid,
}

pub(super) fn called(record: &Model) -> String {
    format!("model {}/{}", record.owner, record.name)
}

fn id_of(parts: &[&str]) -> String {
    let digest = Sha256::digest(parts.join("\n").as_bytes());
    hex::encode(&digest[..5])
}

pub(super) fn about(kind: &str, host: &Controller, record: &Model, what: String) -> Found {
    let finding = Finding {
        id: id_of(&[kind, &host.uuid.to_string(), &record.uuid.to_string()]),
        kind: kind.to_owned(),
        controller: host.name.clone(),
        model: format!("{}/{}", record.owner, record.name),
        model_uuid: record.uuid.to_string(),
        what,
        ..Finding::default()
    };
    Found { finding, model: Some(record.clone()), host: host.uuid }
}

pub(super) fn of_nobody(kind: &str, key: &str, what: String, repair: &str) -> Found {
    let finding = Finding {
        id: id_of(&[kind, key]),
        kind: kind.to_owned(),
        what,
        repair: repair.to_owned(),
        ..Finding::default()
    };
    Found { finding, model: None, host: Uuid::nil() }
}

/// The model is not where the record says, and is in use elsewhere.
pub(super) fn moved(record: &Model, home: &Controller, host: &Controller) -> Found {
    let what = format!(
        "{} is on controller {} and no longer on {}, which the record names: it was moved without the broker",
        called(record),
        host.name,
        home.name
    );
    let mut found = about(MOVED, host, record, what);
    found.finding.repair = format!("jimmctl update-migrated-model {} {}", host.name, record.uuid);
    found.finding.repairable = true;
    found
}

/// No controller has the model.
pub(super) fn missing(record: &Model, home: &Controller, is_partial: bool) -> Found {
    let others = if is_partial { "no other controller that was looked at" } else { "no other controller" };
    let what = format!(
        "controller {} says that it does not have {}, and {others} lists it: it was destroyed or moved away without the broker, \
         or the controller was restored from a backup of before",
        home.name,
        called(record)
    );
    let mut found = about(MISSING, home, record, what);
    found.finding.repair = format!(
        "if the model is gone for good: jimmctl doctor --repair {} archives its record and removes its rights",
        found.finding.id
    );
    found.finding.repairable = !is_partial;
    if is_partial {
        "bring back the controllers that were not looked at, and look again".clone_into(&mut found.finding.repair);
    }
    found
}

/// The model is where the record says, and on another controller too.
pub(super) fn second(
    record: &Model,
    home: &Controller,
    host: &Controller,
    there: &ModelSummary,
    last: Option<&LastMove>,
) -> Found {
    let came_from = last.is_some_and(|last| last.is_done && last.source == host.uuid && last.target == home.uuid);
    let went_to = last.is_some_and(|last| !last.is_done && last.target == host.uuid);
    if came_from {
        let said = last.filter(|last| !last.leftover.is_empty());
        let said = said.map(|last| format!(" (after the move: {})", last.leftover)).unwrap_or_default();
        let what = format!(
            "{} was moved from controller {} to {}, and {} still has what is left of it, or has it again from a backup{said}; the \
             broker sends nobody there",
            called(record),
            host.name,
            home.name,
            host.name
        );
        let mut found = about(LEFT, host, record, what);
        found.finding.repair = format!(
            "leave it: its machines are those of the model on {}, and destroying it on {} would destroy them. It goes with \
             controller {} itself (take that away with \"juju kill-controller\" only after its machines are known to be its own)",
            home.name, host.name, host.name
        );
        return found;
    }
    if went_to || there.status.status == "busy" {
        let why = last.filter(|_| went_to).map(|last| format!(" ({})", last.reason)).unwrap_or_default();
        let what = format!(
            "{} is on controller {}, and {} has half of it from a move that came to nothing{why}",
            called(record),
            home.name,
            host.name
        );
        let mut found = about(HALF, host, record, what);
        found.finding.repair = format!(
            "jimmctl doctor --repair {}: controller {} is told to give the import up, which it does only while the model is not in \
             use there",
            found.finding.id, host.name
        );
        found.finding.repairable = true;
        return found;
    }
    let what = format!(
        "{} is on controller {}, which the record names, and in use on {} too; which of them its agents follow only they know",
        called(record),
        home.name,
        host.name
    );
    let mut found = about(BOTH, host, record, what);
    found.finding.repair = format!(
        "look on both with \"juju status\" which one has agents that answer; if it is {0}: jimmctl update-migrated-model {0} {1}. \
         Destroy neither: they share their machines",
        host.name, record.uuid
    );
    found
}

/// Agents of a model that was moved do not report to where it is.
pub(super) fn behind(record: &Model, home: &Controller, source: Option<&Controller>, missed: &str) -> Found {
    let from = source.map_or_else(|| "outside".to_owned(), |source| format!("controller {}", source.name));
    let what = format!("{} was moved from {from} to controller {}: {missed}", called(record), home.name);
    let mut found = about(BEHIND, home, record, what);
    "on each of their machines, or through \"juju exec --machine\": the script rejoin.sh of the guide on moving models; for agents that \
     went down since for reasons of their own, see to their machines"
        .clone_into(&mut found.finding.repair);
    found
}

/// A controller has a model that the broker has no record of.
pub(super) fn unknown(host: &Controller, uuid: Uuid, it: &ModelSummary) -> Found {
    let owner = it.owner_tag.as_deref().map(|tag| tag.trim_start_matches("user-")).or(it.qualifier.as_deref());
    let name = format!("{}/{}", owner.unwrap_or("?"), it.name);
    let what = format!("controller {} has a model {name} that the broker has no record of", host.name);
    let finding = Finding {
        id: id_of(&[UNKNOWN, &host.uuid.to_string(), &uuid.to_string()]),
        kind: UNKNOWN.to_owned(),
        controller: host.name.clone(),
        model: name,
        model_uuid: uuid.to_string(),
        what,
        repair: format!("jimmctl import-model {} {uuid} --owner USER@DOMAIN", host.name),
        repairable: false,
    };
    Found { finding, model: None, host: host.uuid }
}

/// A controller that has again what went and lacks what came has gone back in time.
pub(super) fn restored(hosts: &BTreeMap<Uuid, Controller>, found: &mut Vec<Found>) {
    let count = |found: &[Found], kind: &str, host: &Controller| {
        found.iter().filter(|it| it.finding.kind == kind && it.host == host.uuid).count()
    };
    for host in hosts.values() {
        let (again, lacking) = (count(found, LEFT, host), count(found, MISSING, host));
        if again == 0 || lacking == 0 {
            continue;
        }
        let what = format!(
            "controller {} has {again} models that were moved away from it and lacks {lacking} that should be there: it looks \
             restored from an old backup",
            host.name
        );
        let repair = format!(
            "before anything else: jimmctl cordon {0}; then restore it from a newer backup, or go through its findings one by one",
            host.name
        );
        let mut one = of_nobody(RESTORED, &host.uuid.to_string(), what, &repair);
        one.finding.controller.clone_from(&host.name);
        // First things first.
        found.insert(0, one);
    }
}

/// The copy of a model that moved away and has no record any more.
pub(super) fn outlived(stranger: Found, left: &Migration) -> Found {
    let Found { mut finding, model, host } = stranger;
    finding.id = id_of(&[LEFT, &host.to_string(), &finding.model_uuid]);
    LEFT.clone_into(&mut finding.kind);
    finding.model.clone_from(&left.model_name);
    finding.what = format!(
        "{} was moved from controller {} to {} with migration {} and has left the broker since; {} still has its copy",
        left.model_name, left.source_name, left.target_name, left.id, left.source_name
    );
    "leave it, and do not import it: if the model was destroyed its machines went with it, if it was not, destroying the copy would \
     destroy them"
        .clone_into(&mut finding.repair);
    Found { finding, model, host }
}
