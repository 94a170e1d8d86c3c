//! Parameters as unmodified clients of 3.6 and 4.0 send them (`requests.txt`, recorded) pass through our structs without
//! loss: no field is misspelt, of the wrong type or unknown.

use jimm_proto::envelope::Frame;
use jimm_proto::params::{
    admin, application_offers, cloud, common, controller, model_config, model_manager, model_upgrader, secret_backends,
    status, user_manager,
};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

fn through<T: DeserializeOwned + Serialize>(text: &str) -> serde_json::Result<Value> {
    serde_json::to_value(serde_json::from_str::<T>(text)?)
}

fn through_struct(method: &str, text: &str) -> serde_json::Result<Value> {
    match method {
        "Admin.Login" => through::<admin::LoginRequest>(text),
        "ApplicationOffers.ApplicationOffers" => through::<application_offers::OfferURLs>(text),
        "ApplicationOffers.DestroyOffers" => through::<application_offers::DestroyApplicationOffers>(text),
        "ApplicationOffers.FindApplicationOffers" | "ApplicationOffers.ListApplicationOffers" => {
            through::<application_offers::OfferFilters>(text)
        }
        "ApplicationOffers.GetConsumeDetails" => through::<application_offers::ConsumeOfferDetailsArg>(text),
        "ApplicationOffers.ModifyOfferAccess" => through::<application_offers::ModifyOfferAccessRequest>(text),
        "ApplicationOffers.Offer" => through::<application_offers::AddApplicationOffers>(text),
        "Client.FullStatus" => through::<status::StatusParams>(text),
        "Cloud.AddCloud" => through::<cloud::AddCloudArgs>(text),
        "Cloud.CredentialContents" => through::<cloud::CloudCredentialArgs>(text),
        "Cloud.ModifyCloudAccess" => through::<cloud::ModifyCloudAccessRequest>(text),
        "Cloud.RevokeCredentialsCheckModels" => through::<cloud::RevokeCredentialArgs>(text),
        "Cloud.UpdateCredentialsCheckModels" => through::<cloud::UpdateCredentialArgs>(text),
        "Cloud.UpdateCloud" => through::<cloud::UpdateCloudArgs>(text),
        "Cloud.UserCredentials" => through::<cloud::UserClouds>(text),
        "Controller.ConfigSet" => through::<controller::ControllerConfigSet>(text),
        "Controller.ModifyControllerAccess" => through::<controller::ModifyControllerAccessRequest>(text),
        "ModelConfig.ModelSet" => through::<model_config::ModelSet>(text),
        "ModelConfig.ModelUnset" => through::<model_config::ModelUnset>(text),
        "ModelConfig.SetModelConstraints" => through::<model_config::SetConstraints>(text),
        "ModelManager.ChangeModelCredential" => through::<model_manager::ChangeModelCredentialsParams>(text),
        "ModelManager.CreateModel" => through::<model_manager::ModelCreateArgs>(text),
        "ModelManager.DestroyModels" => through::<model_manager::DestroyModelsParams>(text),
        "ModelManager.ListModelSummaries" => through::<model_manager::ModelSummariesRequest>(text),
        "ModelManager.ListModels" => through::<common::Entity>(text),
        "ModelManager.ModifyModelAccess" => through::<model_manager::ModifyModelAccessRequest>(text),
        "ModelManager.SetModelDefaults" => through::<model_manager::SetModelDefaults>(text),
        "ModelUpgrader.UpgradeModel" => through::<model_upgrader::UpgradeModelParams>(text),
        "SecretBackends.AddSecretBackends" => through::<secret_backends::AddSecretBackendArgs>(text),
        "SecretBackends.ListSecretBackends" => through::<secret_backends::ListSecretBackendsArgs>(text),
        "UserManager.AddUser" => through::<user_manager::AddUsers>(text),
        "UserManager.UserInfo" => through::<user_manager::UserInfoRequest>(text),
        "Cloud.Cloud"
        | "Cloud.CloudInfo"
        | "ModelManager.ModelDefaultsForClouds"
        | "ModelManager.ModelInfo"
        | "ModelManager.ModelStatus"
        | "UserManager.ModelUserInfo" => through::<common::Entities>(text),
        other => panic!("no struct for {other}: add it here"),
    }
}

/// Absent, `null` and empty mean the same on this wire.
fn without_empty(value: Value) -> Value {
    let filled = |v: &Value| match v {
        Value::Null | Value::Bool(false) => false,
        Value::Number(n) => n.as_i64() != Some(0),
        Value::String(s) => !s.is_empty(),
        Value::Array(a) => !a.is_empty(),
        Value::Object(o) => !o.is_empty(),
        Value::Bool(true) => true,
    };
    match value {
        Value::Object(members) => {
            members.into_iter().map(|(k, v)| (k, without_empty(v))).filter(|(_, v)| filled(v)).collect()
        }
        Value::Array(items) => items.into_iter().map(without_empty).collect(),
        other => other,
    }
}

#[test]
fn recorded_requests_pass_without_loss() {
    let mut seen = 0;
    for line in include_str!("requests.txt").lines() {
        let (call, params) = line.split_once(' ').expect("a call and its parameters");
        let (facade, method) = call.split_once('.').expect("a facade and a method");
        let facade = facade.split_once('(').expect("a version").0;
        let ours = through_struct(&format!("{facade}.{method}"), params).unwrap_or_else(|e| panic!("{line}: {e}"));
        let theirs = serde_json::from_str(params).expect("recorded JSON");
        assert_eq!(without_empty(ours), without_empty(theirs), "{line}");
        seen += 1;
    }
    assert!(seen > 70, "{seen} requests");
}

/// python-libjuju sends `null` for scalars too, Go for arrays and maps: every member may be `null`.
#[test]
fn every_member_may_be_null_or_absent() {
    for line in include_str!("requests.txt").lines() {
        let (call, params) = line.split_once(' ').expect("a call and its parameters");
        let method =
            format!("{}.{}", call.split('(').next().unwrap_or_default(), call.split('.').nth(1).unwrap_or_default());
        through_struct(&method, "{}").unwrap_or_else(|e| panic!("{method} without parameters: {e}"));
        let Ok(Value::Object(mut members)) = serde_json::from_str::<Value>(params) else { panic!("{line}") };
        for value in members.values_mut() {
            let kept = value.take();
            if let Value::Array(mut items) = kept {
                for member in items.iter_mut().filter_map(Value::as_object_mut).flat_map(|item| item.values_mut()) {
                    *member = Value::Null;
                }
                *value = Value::Array(items);
            }
        }
        let nulls = Value::Object(members).to_string();
        through_struct(&method, &nulls).unwrap_or_else(|e| panic!("{method} {nulls}: {e}"));
    }
}

/// Whole frames of python-libjuju and jujulib (`frames.txt`), byte by byte as they were sent: the first writes over several
/// lines and calls a watcher's number `Id`, the second leaves parameters out.
#[test]
fn recorded_frames_are_read() {
    let (mut seen, mut read) = (0, 0);
    for line in include_str!("frames.txt").lines() {
        let (client, text) = line.split_once(' ').expect("a client and its frame");
        let frame: String = serde_json::from_str(text).expect("a text");
        let Frame::Request(request) = Frame::parse(&frame).unwrap_or_else(|e| panic!("{line}: {e}")) else {
            panic!("no request: {line}")
        };
        let raw: Value = serde_json::from_str(&frame).expect("JSON");
        assert_eq!(raw["version"].as_u64(), Some(request.version.into()), "{line}");
        let watcher = raw.get("Id").or_else(|| raw.get("id")).and_then(Value::as_str).unwrap_or_default();
        assert_eq!(request.id, watcher, "{line}");
        seen += 1;
        let method = format!("{}.{}", request.facade, request.method);
        let passed_on = matches!(&*request.facade, "AllWatcher" | "Application" | "Client" | "Pinger");
        let Some(params) = request.params.filter(|params| !passed_on && params.get().trim() != "{}") else { continue };
        let ours = through_struct(&method, params.get()).unwrap_or_else(|e| panic!("{client}: {line}: {e}"));
        let theirs = serde_json::from_str(params.get()).expect("recorded JSON");
        assert_eq!(without_empty(ours), without_empty(theirs), "{line}");
        read += 1;
    }
    assert!(seen > 50 && read > 25, "{seen} frames, {read} read");
}

#[test]
fn answers_never_hold_an_empty_error() {
    let results = common::ErrorResults { results: vec![common::ErrorResult::default()] };
    assert_eq!(serde_json::to_string(&results).expect("written"), r#"{"results":[{}]}"#);
    let info = model_manager::ModelInfoResult::default();
    assert_eq!(serde_json::to_value(&info).expect("written").get("error"), None);
}
