//! `model-status MODEL`: the model's full status in its controller's words.

use jimm_proto::params::jimm::FullModelStatusRequest;
use serde_json::value::RawValue;
use serde_norway::Value;
use uuid::Uuid;

use crate::cli::{GlobalArgs, ModelArgs};
use crate::error::{Failure, Result};
use crate::go_yaml;
use crate::session::Session;

/// Members whose keys are names of things, which the reference's YAML leaves as they are.
const NAMED: &[&str] = &[
    "machines",
    "applications",
    "remote-applications",
    "offers",
    "units",
    "subordinates",
    "containers",
    "branches",
    "endpoint-bindings",
    "exposed-endpoints",
    "network-interfaces",
    "lxd-profiles",
    "meter-statuses",
    "endpoints",
    "data",
    "config",
    "devices",
    "machine-attachments",
    "unit-attachments",
    "attachments",
];

pub(super) async fn run(global: &GlobalArgs, args: &ModelArgs) -> Result<()> {
    let model = args.model.as_deref().ok_or_else(|| Failure::usage("missing model uuid"))?;
    let model_tag = match Uuid::try_parse(model) {
        Ok(uuid) => format!("model-{uuid}"),
        Err(_) => model.to_owned(),
    };
    let params = FullModelStatusRequest { model_tag, patterns: Vec::new() };
    let answer = async { Session::open(global).await?.call("FullModelStatus", &params).await }.await;
    let status: Box<RawValue> = args.output.or_nothing(answer)?;
    let value: Value = serde_json::from_str(status.get())?;
    let yaml = go_names(value, false);
    args.output.print(&status, &yaml, || go_yaml::to_string(&yaml))
}

/// Go's YAML names of the wire's: without hyphens.
fn go_names(value: Value, keys_are_names: bool) -> Value {
    match value {
        Value::Mapping(map) => Value::Mapping(
            map.into_iter()
                .map(|(key, inner)| {
                    let name = key.as_str().unwrap_or_default().to_owned();
                    // `relations` is a list at the top and a map of names below an application.
                    let inner_named = NAMED.contains(&name.as_str()) || name == "relations" && inner.is_mapping();
                    let key = if keys_are_names { name } else { name.replace('-', "") };
                    (Value::String(key), go_names(inner, !keys_are_names && inner_named))
                })
                .collect(),
        ),
        Value::Sequence(items) => Value::Sequence(items.into_iter().map(|item| go_names(item, false)).collect()),
        scalar => scalar,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_things_keep_their_hyphens() {
        let status: Value = serde_json::from_str(
            r#"{"model":{"cloud-tag":"cloud-x"},"applications":{"my-app":{"charm-rev":1,"units":{"my-app/0":{"agent-status":{}}}}}}"#,
        )
        .expect("JSON");
        let text = go_yaml::to_string(&go_names(status, false));
        assert_eq!(
            text,
            "model:\n  cloudtag: cloud-x\napplications:\n  my-app:\n    charmrev: 1\n    units:\n      my-app/0:\n        agentstatus: {}\n"
        );
    }
}
