//! The storage of a model as `juju status --storage --format json` writes it.

use jimm_proto::params::model_manager::EntityStatus;
use jimm_proto::params::status::{FilesystemDetails, FullStatus, StorageDetails, VolumeDetails};
use serde_json::Value;

use super::fields::{Fields, id, moment};

/// Storage, filesystems and volumes by their ids.
pub(super) fn shown(status: &FullStatus) -> Value {
    let by_id = |items: Vec<(String, Value)>| Value::Object(items.into_iter().collect());
    let storage = status.storage.iter().map(|it| (name(&it.storage_tag), storage(it)));
    let filesystems = status.filesystems.iter().map(|it| (path(&it.filesystem_tag), filesystem(it)));
    let volumes = status.volumes.iter().map(|it| (path(&it.volume_tag), volume(it)));
    Fields::new()
        .some("storage", by_id(storage.collect()))
        .some("filesystems", by_id(filesystems.collect()))
        .some("volumes", by_id(volumes.collect()))
        .done()
}

/// `storage-data-0` and `unit-db-0` name `data/0` and `db/0`.
fn name(tag: &str) -> String {
    id(tag).rsplit_once('-').map_or_else(|| id(tag).to_owned(), |(name, number)| format!("{name}/{number}"))
}

/// `filesystem-0-1` names `0/1`.
fn path(tag: &str) -> String {
    id(tag).replace('-', "/")
}

fn state(status: &EntityStatus) -> Value {
    Fields::new()
        .some("current", status.status.as_str())
        .some("message", status.info.as_str())
        .some("since", moment(status.since))
        .done()
}

fn kind(kind: i64) -> &'static str {
    match kind {
        1 => "block",
        2 => "filesystem",
        _ => "unknown",
    }
}

fn storage(storage: &StorageDetails) -> Value {
    let attachments = storage.attachments.iter().map(|(unit, attachment)| {
        let shown = Fields::new()
            .some("machine", id(&attachment.machine_tag))
            .some("location", attachment.location.as_str())
            .some("life", attachment.life.as_str());
        (name(unit), shown.done())
    });
    let units = Value::Object(attachments.collect());
    Fields::new()
        .put("kind", kind(storage.kind))
        .some("life", storage.life.as_str())
        .put("status", state(&storage.status))
        .put("persistent", storage.persistent)
        .some("attachments", Fields::new().some("units", units).done())
        .done()
}

/// The units that a volume or filesystem serves, through its storage.
fn units(storage: Option<&StorageDetails>) -> Value {
    storage.map(|it| self::storage(it)["attachments"]["units"].clone()).unwrap_or_default()
}

fn filesystem(filesystem: &FilesystemDetails) -> Value {
    let attachments = |of: &std::collections::BTreeMap<String, _>| {
        let shown = |it: &jimm_proto::params::status::FilesystemAttachmentDetails| {
            Fields::new()
                .put("mount-point", it.mount_point.as_str())
                .put("read-only", it.read_only)
                .some("life", it.life.as_str())
                .done()
        };
        Value::Object(of.iter().map(|(tag, it)| (path(tag), shown(it))).collect())
    };
    let where_at = Fields::new()
        .some("machines", attachments(&filesystem.machine_attachments))
        .some("containers", attachments(&filesystem.unit_attachments))
        .some("units", units(filesystem.storage.as_ref()));
    Fields::new()
        .some("provider-id", filesystem.info.filesystem_id.as_str())
        .some("volume", path(&filesystem.volume_tag))
        .some("storage", filesystem.storage.as_ref().map(|it| name(&it.storage_tag)))
        .some("attachments", where_at.done())
        .some("pool", filesystem.info.pool.as_str())
        .put("size", filesystem.info.size)
        .some("life", filesystem.life.as_str())
        .some("status", state(&filesystem.status))
        .done()
}

fn volume(volume: &VolumeDetails) -> Value {
    let attachments = |of: &std::collections::BTreeMap<String, _>| {
        let shown = |it: &jimm_proto::params::status::VolumeAttachmentDetails| {
            Fields::new()
                .some("device", it.device_name.as_str())
                .some("device-link", it.device_link.as_str())
                .some("bus-address", it.bus_address.as_str())
                .put("read-only", it.read_only)
                .some("life", it.life.as_str())
                .done()
        };
        Value::Object(of.iter().map(|(tag, it)| (path(tag), shown(it))).collect())
    };
    let where_at = Fields::new()
        .some("machines", attachments(&volume.machine_attachments))
        .some("containers", attachments(&volume.unit_attachments))
        .some("units", units(volume.storage.as_ref()));
    Fields::new()
        .some("provider-id", volume.info.volume_id.as_str())
        .some("storage", volume.storage.as_ref().map(|it| name(&it.storage_tag)))
        .some("attachments", where_at.done())
        .some("pool", volume.info.pool.as_str())
        .some("hardware-id", volume.info.hardware_id.as_str())
        .some("wwn", volume.info.wwn.as_str())
        .put("size", volume.info.size)
        .put("persistent", volume.info.persistent)
        .some("life", volume.life.as_str())
        .some("status", state(&volume.status))
        .done()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn storage_is_named_by_what_it_belongs_to() {
        let status: FullStatus = serde_json::from_value(json!({
            "storage": [{"storage-tag": "storage-pg-data-0", "kind": 2, "status": {"status": "attached"},
                         "attachments": {"unit-pg-0": {"machine-tag": "machine-0", "location": "/srv"}}}],
            "filesystems": [{"filesystem-tag": "filesystem-0-1", "info": {"size": 1024},
                             "machine-attachments": {"machine-0": {"mount-point": "/srv"}}}]
        }))
        .unwrap();
        let shown = shown(&status);
        assert_eq!(shown["storage"]["pg-data/0"]["kind"], "filesystem");
        assert_eq!(shown["storage"]["pg-data/0"]["attachments"]["units"]["pg/0"]["machine"], "0");
        assert_eq!(shown["filesystems"]["0/1"]["attachments"]["machines"]["0"]["mount-point"], "/srv");
        assert_eq!(shown.get("volumes"), None);
    }
}
