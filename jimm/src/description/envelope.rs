//! The envelope of `MigrationTarget` 8: JSON with the users, the credential and the rights beside a YAML document of the
//! model's rows. Members that are not known are kept as they came.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::json;
use serde_json::value::{RawValue, to_raw_value};

use super::document::{Edit, Node, Unreadable, Want, edited, read};
use super::facts::{Credential, EVERYONE, Facts, NewOwner, Offer};

/// What is read of the rows.
static WANTED: Want = Want::Fields(&[("model", Want::List(&ROW)), ("offer", Want::List(&OFFER))]);
static ROW: Want =
    Want::Fields(&[("qualifier", Want::Text), ("credential_owner", Want::Text), ("credential_name", Want::Text)]);
static OFFER: Want = Want::Fields(&[("uuid", Want::Text), ("name", Want::Text)]);

/// The members of a JSON object, each as it came.
pub type Members = BTreeMap<String, Box<RawValue>>;

/// What is read of `model-info`.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct ModelInfo {
    uuid: String,
    name: String,
    qualifier: String,
    #[serde(default)]
    r#type: String,
    #[serde(default)]
    cloud: String,
    #[serde(default)]
    cloud_region: String,
    #[serde(default)]
    credential_name: String,
    #[serde(default)]
    credential_owner: String,
}

/// One of `permissions`.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Permission {
    object_type: String,
    grant_on: String,
    subject_name: String,
    access: String,
}

/// An envelope.
pub struct Envelope {
    members: Members,
    rows: String,
    root: Node,
    info: ModelInfo,
    permissions: Vec<Permission>,
}

impl Envelope {
    /// Reads one.
    pub fn read(members: Members) -> Result<Self, Unreadable> {
        let info: ModelInfo = member(&members, "model-info")?;
        let permissions: Option<Vec<Permission>> =
            if members.contains_key("permissions") { member(&members, "permissions")? } else { None };
        let payload: String = member(&members, "payload")?;
        let bytes = STANDARD.decode(payload).map_err(|_| Unreadable("payload is not base64".to_owned()))?;
        let rows = String::from_utf8(bytes).map_err(|_| Unreadable("payload is not UTF-8".to_owned()))?;
        let root = read(&rows, &WANTED)?;
        Ok(Self { members, rows, root, info, permissions: permissions.unwrap_or_default() })
    }

    /// What it tells.
    pub fn facts(&self) -> Facts {
        let info = &self.info;
        let on = |kind: &str, id: &str| -> Vec<(String, String)> {
            let of = self.permissions.iter().filter(|p| p.object_type == kind && p.grant_on == id);
            of.map(|p| (p.subject_name.clone(), p.access.clone())).collect()
        };
        let offer = |row: &Node| {
            let uuid = row.field("uuid").text().to_owned();
            Offer { users: on("offer", &uuid), uuid, name: row.field("name").text().to_owned(), ..Offer::default() }
        };
        Facts {
            uuid: info.uuid.clone(),
            name: info.name.clone(),
            owner: info.qualifier.clone(),
            kind: info.r#type.clone(),
            cloud: info.cloud.clone(),
            region: info.cloud_region.clone(),
            credential: (!info.credential_name.is_empty()).then(|| Credential {
                cloud: info.cloud.clone(),
                owner: info.credential_owner.clone(),
                name: info.credential_name.clone(),
            }),
            users: on("model", &info.uuid),
            offers: self.root.field("offer").entries().iter().map(offer).collect(),
        }
    }

    /// The same envelope with another owner.
    pub fn rewritten(&self, new: &NewOwner) -> Result<Members, Unreadable> {
        let mut edits = Vec::new();
        for row in self.root.field("model").entries() {
            for (name, value) in [("qualifier", &new.owner), ("credential_owner", &new.credential_owner)] {
                if let Some(place) = row.field(name).place() {
                    edits.push(Edit::put(place, value)?);
                }
            }
        }
        let rows = edited(&self.rows, &edits)?;
        let mut members = self.members.clone();
        set(&mut members, "payload", &STANDARD.encode(rows))?;
        let mut info: Members = member(&members, "model-info")?;
        set(&mut info, "qualifier", &new.owner)?;
        if info.contains_key("credential-owner") {
            set(&mut info, "credential-owner", &new.credential_owner)?;
        }
        set(&mut members, "model-info", &info)?;
        if let Ok(Some(mut credential)) = member::<Option<Members>>(&members, "model-credential") {
            set(&mut credential, "owner", &new.credential_owner)?;
            set(&mut credential, "auth-type", &new.auth_type)?;
            set(&mut credential, "attributes", &new.attributes)?;
            set(&mut members, "model-credential", &credential)?;
        }
        set(&mut members, "users", &json!([{"name": new.owner, "external": true}]))?;
        set(&mut members, "permissions", &self.permissions_of(new))?;
        // Keys are those of users, whom the target does not know.
        if members.contains_key("authorized-keys") {
            set(&mut members, "authorized-keys", &json!([]))?;
        }
        Ok(members)
    }

    fn permissions_of(&self, new: &NewOwner) -> Vec<serde_json::Value> {
        let grant = |kind: &str, on: &str, user: &str, access: &str| json!({"object-type": kind, "grant-on": on, "subject-name": user, "access": access});
        let mut grants = vec![grant("model", &self.info.uuid, &new.owner, "admin")];
        for offer in self.root.field("offer").entries() {
            grants.push(grant("offer", offer.field("uuid").text(), &new.owner, "admin"));
        }
        let everyones = self.permissions.iter().filter(|p| p.subject_name == EVERYONE && p.object_type == "offer");
        grants.extend(everyones.map(|p| grant("offer", &p.grant_on, EVERYONE, &p.access)));
        grants
    }
}

impl std::fmt::Debug for Envelope {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Envelope").field("uuid", &self.info.uuid).finish_non_exhaustive()
    }
}

/// A member of an object.
fn member<T: DeserializeOwned>(members: &Members, name: &str) -> Result<T, Unreadable> {
    let raw = members.get(name).ok_or_else(|| Unreadable(format!("{name} is missing")))?;
    serde_json::from_str(raw.get()).map_err(|_| Unreadable(format!("{name} is not what Juju writes there")))
}

fn set<T: serde::Serialize>(members: &mut Members, name: &str, value: &T) -> Result<(), Unreadable> {
    let raw = to_raw_value(value).map_err(|e| Unreadable(e.to_string()))?;
    members.insert(name.to_owned(), raw);
    Ok(())
}
