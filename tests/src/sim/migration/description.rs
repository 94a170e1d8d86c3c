//! A model as a YAML document: in the shape of Juju's descriptions, and in that of the rows of version 8, both with what
//! trips readers who write a document anew: numbers that are texts, texts that look like numbers, folded lines.

use std::fmt::Write as _;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_norway::Value;

use super::super::fault::{Fault, Result};
use super::super::world::Model;
use super::payload::Payload;

/// What is in every document and must arrive as it left.
pub const ODD: &str = "annotations:
  octal: 0123
  text-octal: \"0123\"
  big: 9007199254740993
  float: 1e3
  yes: yes
  'on': \"off\"
  when: 2015-10-09T12:34:56Z
  empty:
  binary: !!binary aGVsbG8=
  folded: this line is so long that whoever wrote it has
    broken it in two
  literal: |
    one
      two # not a comment
  uml\u{e4}ut: \"\\u00e4 \u{1f980}\"
  owner: nobody
  users: [{name: admin}]
";

/// Whose the model's credential is, and its name.
pub(super) fn credential(model: &Model) -> (String, String) {
    let mut parts = model.credential.trim_start_matches("cloudcred-").splitn(3, '_').skip(1).map(str::to_owned);
    (parts.next().unwrap_or_default(), parts.next().unwrap_or_default())
}

/// The description.
pub(super) fn write(payload: &Payload) -> String {
    let model = &payload.model;
    let mut out = format!(
        "version: 9\nagent-version: {version}\ntype: {kind}\nowner: {owner}\nconfig:\n  agent-version: {version}\n  name: {name}\n  uuid: {uuid}\n",
        version = model.agent_version,
        kind = model.kind,
        owner = model.owner,
        name = model.name,
        uuid = model.uuid,
    );
    out.push_str(ODD);
    out.push_str("users:\n  version: 1\n  users:");
    out.push_str(if model.users.is_empty() { " []\n" } else { "\n" });
    for (user, access) in &model.users {
        let _ = write!(
            out,
            "  - name: {user}\n    created-by: admin\n    date-created: 2026-01-01T00:00:00Z\n    access: {access}\n"
        );
    }
    write_applications(&mut out, model);
    let _ = write!(out, "cloud: {}\ncloud-region: {}\n", model.cloud, model.region);
    let (owner, name) = credential(model);
    if !name.is_empty() {
        let _ = write!(
            out,
            "cloud-credential:\n  version: 1\n  owner: {owner}\n  cloud: {}\n  name: {name}\n",
            model.cloud
        );
        let held = payload.credential.clone().unwrap_or_default();
        let _ = write!(
            out,
            "  auth-type: {}\n  attributes:\n    sort: \"0\"\n",
            held["auth-type"].as_str().unwrap_or("empty")
        );
        for (key, value) in held["attrs"].as_object().into_iter().flatten() {
            let _ = writeln!(out, "    {key}: {value}");
        }
    }
    out + &own(payload)
}

fn write_applications(out: &mut String, model: &Model) {
    let mut names: Vec<&String> =
        model.applications.keys().chain(model.offers.values().map(|o| &o.application)).collect();
    names.sort();
    names.dedup();
    out.push_str("applications:\n  version: 13\n  applications:");
    out.push_str(if names.is_empty() { " []\n" } else { "\n" });
    for name in names {
        let _ = write!(out, "  - name: {name}\n    type: iaas\n    charm-modified-version: 0\n");
        let offers: Vec<_> = model.offers.iter().filter(|(_, offer)| offer.application == *name).collect();
        if !offers.is_empty() {
            out.push_str("    offers:\n      version: 2\n      offers:\n");
        }
        for (offer, told) in offers {
            let _ = write!(
                out,
                "      - offer-uuid: {}\n        offer-name: {offer}\n        endpoints:\n          db: db\n        acl:\n",
                told.uuid
            );
            for (user, access) in &told.users {
                let _ = writeln!(out, "          {user}: {access}");
            }
            let _ = writeln!(out, "        application-name: {name}\n        application-description: 'offers: db'");
        }
    }
}

/// The rows.
pub(super) fn write_rows(payload: &Payload) -> String {
    let model = &payload.model;
    let (owner, name) = credential(model);
    let mut out = format!(
        "model:\n- uuid: {uuid}\n  name: {model_name}\n  qualifier: {qualifier}\n  credential_owner: {owner}\n  credential_name: {name}\noffer:",
        uuid = model.uuid,
        model_name = model.name,
        qualifier = model.owner,
    );
    out.push_str(if model.offers.is_empty() { " []\n" } else { "\n" });
    for (name, offer) in &model.offers {
        let _ = write!(out, "- uuid: {}\n  name: {name}\n", offer.uuid);
    }
    out.push_str(ODD);
    out + &own(payload)
}

fn own(payload: &Payload) -> String {
    format!("sim: {}\n", STANDARD.encode(serde_json::to_vec(payload).unwrap_or_default()))
}

/// The model of a description.
pub(super) fn read(document: &str) -> Result<Payload> {
    let (mut payload, root) = parse(document)?;
    let model = &mut payload.model;
    model.owner = text(&root["owner"]);
    model.users.clear();
    for user in root["users"]["users"].as_sequence().into_iter().flatten() {
        model.users.insert(text(&user["name"]), text(&user["access"]));
    }
    model.users.insert(model.owner.clone(), "admin".to_owned());
    let used = &root["cloud-credential"];
    if used.is_mapping() {
        model.credential =
            format!("cloudcred-{}_{}_{}", text(&used["cloud"]), text(&used["owner"]), text(&used["name"]));
    }
    for application in root["applications"]["applications"].as_sequence().into_iter().flatten() {
        for offer in application["offers"]["offers"].as_sequence().into_iter().flatten() {
            let acl = offer["acl"].as_mapping().cloned().unwrap_or_default();
            let users = acl.iter().map(|(user, access)| (text(user), text(access))).collect();
            if let Some(known) = model.offers.get_mut(&text(&offer["offer-name"])) {
                known.users = users;
            }
        }
    }
    Ok(payload)
}

/// The model of the rows.
pub(super) fn read_rows(document: &str) -> Result<Payload> {
    let (mut payload, root) = parse(document)?;
    payload.model.owner = text(&root["model"][0]["qualifier"]);
    Ok(payload)
}

fn parse(document: &str) -> Result<(Payload, Value)> {
    let root: Value = serde_norway::from_str(document).map_err(|e| Fault::bad(format!("bad description: {e}")))?;
    let bytes = STANDARD.decode(text(&root["sim"])).map_err(|e| Fault::bad(e.to_string()))?;
    Ok((serde_json::from_slice(&bytes).map_err(|e| Fault::bad(e.to_string()))?, root))
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}
