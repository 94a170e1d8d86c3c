//! `Controller.InitiateMigration`: everything that is looked at before the source says yes.

use std::time::Duration;

use jimm_proto::params::admin::{LoginRequest, LoginResult};
use jimm_rpc::{Connection, DialOptions, Target, Tls};
use serde_json::{Value, json};
use uuid::Uuid;

use super::super::controller::{Shape, Shared};
use super::super::facades::{Call, model_uuid};
use super::super::fault::{Fault, Result, items, text};
use super::super::world::{Migration, Model};
use super::{payload, run};

/// Juju gives a target this long before it gives up.
const DIAL: Duration = Duration::from_secs(60);
const CALL: Duration = Duration::from_secs(30);
/// What a target says that is no broker.
const OLD_CLIENTS: &str =
    "this version of Juju does not support login from old clients (not supported) (not supported)";

/// `Controller.InitiateMigration`.
pub(in super::super) async fn initiate(call: &Call<'_>) -> Result<Value> {
    call.caller.need_superuser(call.shared)?;
    let dry_run = call.params["dry-run"].as_bool().unwrap_or_default() && call.shared.shape() == Shape::V41;
    let mut entries = Vec::new();
    for spec in items(call.params, "specs") {
        let tag = text(spec, "model-tag");
        let started = match model_uuid(tag) {
            Ok(uuid) => start(call, uuid, &spec["target-info"], dry_run).await,
            Err(fault) => Err(fault),
        };
        entries.push(match started {
            Ok(id) => json!({"model-tag": tag, "migration-id": id}),
            Err(fault) => json!({"model-tag": tag, "error": fault.0, "migration-id": ""}),
        });
    }
    Ok(json!({"results": entries}))
}

async fn start(call: &Call<'_>, uuid: Uuid, target: &Value, dry_run: bool) -> Result<String> {
    let shared = call.shared;
    if shared.shape() == Shape::V40 {
        return Err(Fault::new("migration is not implemented", "not implemented"));
    }
    let model = shared
        .world()
        .models
        .get(&uuid)
        .cloned()
        .ok_or_else(|| Fault::not_found(format!("model \"{uuid}\" not found")))?;
    refuse(shared, &model)?;
    let mut kept = target.clone();
    if ["password", "macaroons", "token"].iter().all(|secret| text(target, secret).is_empty()) {
        return Err(Fault::bad("connect to target controller: interaction required but not possible"));
    }
    let (connection, login) = connect(target)
        .await
        .map_err(|f| Fault::new(format!("connect to target controller: {}", f.0.message), &f.0.code))?;
    if shared.shape() == Shape::V41 {
        // A 4.1 source trades the password at once, and looks at the rest only afterwards.
        let version = jimm_rpc::best_version(&login, "MigrationTarget", &[8]);
        let version = version.ok_or_else(|| Fault::bad("target controller is too old to support password-authenticated migration; upgrade the target controller to Juju 4.1 or later"))?;
        if !text(target, "password").is_empty() {
            let made = ask(&connection, version, "CreateMigrationMacaroon", &json!({})).await?;
            kept = without_password(target, &made["macaroon"]);
        }
    } else {
        if login.controller_tag != text(target, "controller-tag") {
            return Err(Fault::bad(format!(
                "unexpected target controller UUID (got {}, expected {})",
                login.controller_tag,
                text(target, "controller-tag")
            )));
        }
        compare_users(&connection, &model, target).await?;
        let version = target_version(&login)?;
        ask(&connection, version, "Prechecks", &payload::precheck(shared, &model, version))
            .await
            .map_err(|f| Fault::bad(format!("target prechecks failed: {}", f.0.message)))?;
    }
    connection.close();
    if dry_run {
        return Ok(String::new());
    }
    let attempt = shared.change(|world| {
        let model =
            world.models.get_mut(&uuid).ok_or_else(|| Fault::not_found(format!("model \"{uuid}\" not found")))?;
        refuse(shared, model)?;
        model.attempts += 1;
        let now = shared.now();
        model.migration =
            Some(Migration { status: "starting".into(), start: now, end: None, phase: "QUIESCE".into(), target: kept });
        let attempt = model.attempts - 1;
        world.started.entry(uuid).or_default().push(now);
        Ok::<_, Fault>(attempt)
    })?;
    run::spawn(shared, uuid);
    Ok(format!("{uuid}:{attempt}"))
}

/// What a 4.1 source keeps of its target: a macaroon instead of the password.
fn without_password(target: &Value, macaroon: &Value) -> Value {
    let mut kept = target.clone();
    if let Some(map) = kept.as_object_mut() {
        map.remove("password");
        map.insert("macaroons".into(), json!(json!([[macaroon]]).to_string()));
    }
    kept
}

fn refuse(shared: &Shared, model: &Model) -> Result<()> {
    let uuid = model.uuid;
    if model.is_controller {
        return Err(Fault::bad("controllers can't be migrated"));
    }
    if model.migration.as_ref().is_some_and(Migration::runs) {
        return Err(Fault::bad(if shared.shape() == Shape::V41 {
            format!("model \"{uuid}\" already has an active migration: model already has an active migration")
        } else {
            "failed to create migration: already in progress".to_owned()
        }));
    }
    if model.life != "alive" {
        return Err(Fault::bad(format!("source prechecks failed: model is {}", model.life)));
    }
    if shared.failures.is_on("prechecks-error") {
        return Err(Fault::bad("source prechecks failed: machine 0 agent not functioning at this time (down)"));
    }
    Ok(())
}

/// A user of the model that the target does not know is a reason to refuse, unless the caller says not to look.
async fn compare_users(connection: &Connection, model: &Model, target: &Value) -> Result<()> {
    if target["skip-user-checks"].as_bool().unwrap_or_default() {
        return Ok(());
    }
    let _: Value = connection
        .call("Controller", 12, "IdentityProviderURL", &json!({}), CALL)
        .await
        .map_err(|e| Fault::bad(e.to_string()))?;
    let params = json!({"entities": null, "include-disabled": true});
    let known: Value =
        connection.call("UserManager", 3, "UserInfo", &params, CALL).await.map_err(|e| Fault::bad(e.to_string()))?;
    let names: Vec<&str> = items(&known, "results").into_iter().map(|r| text(&r["result"], "username")).collect();
    let missing: Vec<&str> = model.users.keys().map(String::as_str).filter(|u| !names.contains(u)).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let text =
        "cannot initiate migration as the users granted access to the model do not exist on the destination controller";
    Err(Fault::bad(format!("{text}: {}", missing.join(", "))))
}

/// A new connection to the target, as each step of a real source makes one.
pub(super) async fn connect(target: &Value) -> Result<(Connection, LoginResult)> {
    let addresses: Vec<String> = items(target, "addrs").iter().filter_map(|a| a.as_str().map(str::to_owned)).collect();
    let tls = Tls::for_controller(text(target, "ca-cert"), "");
    let options = DialOptions { timeout: DIAL, ..DialOptions::default() };
    let dialled = jimm_rpc::dial(&Target { addresses, path: "/api".to_owned(), tls }, &options).await;
    let connection = dialled.map_err(|e| {
        Fault::bad(if e.certificate {
            "unable to connect to API: tls: failed to verify certificate: x509: certificate signed by unknown authority"
                .to_owned()
        } else {
            format!("unable to connect to API: {e}")
        })
    })?;
    if !text(target, "token").is_empty() {
        let params = json!({"session-token": text(target, "token")});
        let login: Result<LoginResult, _> = connection.call("Admin", 4, "LoginWithSessionToken", &params, DIAL).await;
        return match login {
            Ok(login) => Ok((connection, login)),
            Err(e) if e.code() == "not supported" => Err(Fault::new(OLD_CLIENTS, "not supported")),
            Err(e) => Err(Fault::new(e.to_string(), e.code())),
        };
    }
    let request = LoginRequest {
        auth_tag: text(target, "auth-tag").to_owned(),
        credentials: text(target, "password").to_owned(),
        macaroons: serde_json::from_str(text(target, "macaroons")).unwrap_or_default(),
        client_version: "3.6.11".to_owned(),
        ..LoginRequest::default()
    };
    let login = jimm_rpc::login(&connection, &request, DIAL).await.map_err(|e| Fault::new(e.to_string(), e.code()))?;
    Ok((connection, login))
}

/// The version of `MigrationTarget` that both sides speak.
pub(super) fn target_version(login: &LoginResult) -> Result<u32> {
    jimm_rpc::best_version(login, "MigrationTarget", &[4, 5, 6])
        .ok_or_else(|| Fault::bad("controller API version is too old"))
}

pub(super) async fn ask(connection: &Connection, version: u32, method: &str, params: &Value) -> Result<Value> {
    connection.call("MigrationTarget", version, method, params, CALL).await.map_err(|e| match e {
        jimm_rpc::CallError::Remote(error) => Fault(error),
        other => Fault::bad(other.to_string()),
    })
}
