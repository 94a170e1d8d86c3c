//! `add-service-account`, `grant-service-account-access`, `list-service-account-credentials`,
//! `update-service-account-credential`.

use std::collections::BTreeMap;

use jimm_proto::params::cloud::{
    CloudCredential, CredentialContent, CredentialContentResults, TaggedCredential, UpdateCredentialResult,
    UpdateCredentialResults,
};
use jimm_proto::params::jimm_accounts::{
    AddServiceAccountRequest, CopyServiceAccountCredentialRequest, GrantServiceAccountAccessRequest,
    ListServiceAccountCredentialsRequest, UpdateServiceAccountCredentialsRequest,
};
use serde::Serialize;
use serde::de::IgnoredAny;

use crate::cli::GlobalArgs;
use crate::cli::accounts::{
    AddServiceAccountArgs, GrantServiceAccountArgs, ServiceAccountCredentialsArgs, UpdateServiceAccountArgs,
};
use crate::client_store::ClientStore;
use crate::error::{Failure, Result};
use crate::session::Session;
use crate::settings::Settings;
use crate::table::Table;

/// What the broker calls a client id that has no domain.
const DOMAIN: &str = "@serviceaccount";

/// Credentials by cloud and name, as `juju credentials` shows them.
#[derive(Default, Serialize)]
struct Shown {
    #[serde(rename = "controller-credentials")]
    credentials: BTreeMap<String, BTreeMap<String, ShownCredential>>,
}

#[derive(Serialize)]
struct ShownCredential {
    #[serde(rename = "auth-type")]
    auth_type: String,
    #[serde(flatten)]
    attributes: BTreeMap<String, String>,
}

pub(super) async fn add(global: &GlobalArgs, args: &AddServiceAccountArgs) -> Result<()> {
    let params = AddServiceAccountRequest { client_id: client_id(args.client_id.as_ref())? };
    let _: IgnoredAny = Session::open(global).await?.call("AddServiceAccount", &params).await?;
    println!("service account added successfully");
    Ok(())
}

pub(super) async fn grant(global: &GlobalArgs, args: &GrantServiceAccountArgs) -> Result<()> {
    let client_id = client_id(args.client_id.as_ref())?;
    if args.entities.is_empty() {
        return Err(
            Failure::usage("user/group not specified").with_hint("write users as user-NAME, groups as group-NAME")
        );
    }
    let params = GrantServiceAccountAccessRequest { client_id, entities: args.entities.clone() };
    let _: IgnoredAny = Session::open(global).await?.call("GrantServiceAccountAccess", &params).await?;
    println!("access granted");
    Ok(())
}

pub(super) async fn list(global: &GlobalArgs, args: &ServiceAccountCredentialsArgs) -> Result<()> {
    let params = ListServiceAccountCredentialsRequest {
        client_id: client_id(args.client_id.as_ref())?,
        credentials: Vec::new(),
        include_secrets: args.show_secrets,
    };
    let answer = async { Session::open(global).await?.call("ListServiceAccountCredentials", &params).await }.await;
    let answer: CredentialContentResults = args.output.or_nothing(answer)?;
    let mut shown = Shown::default();
    for result in answer.results {
        if let Some(error) = result.error {
            eprintln!("WARNING a credential cannot be shown: {}", error.message);
        }
        let Some(CredentialContent { name, cloud, auth_type, attrs, .. }) = result.result.map(|it| it.content) else {
            continue;
        };
        let credential = ShownCredential { auth_type, attributes: attrs };
        shown.credentials.entry(cloud).or_default().insert(name, credential);
    }
    args.output.print(&shown, &shown, || table(&shown))
}

pub(super) async fn update(global: &GlobalArgs, args: &UpdateServiceAccountArgs) -> Result<()> {
    let client_id = client_id(args.client_id.as_ref())?;
    let cloud = args.cloud.clone().ok_or_else(|| Failure::usage("cloud not specified"))?;
    let name = args.credential.clone().ok_or_else(|| Failure::usage("credential name not specified"))?;
    let local = if args.client { Some(local_credential(&cloud, &name)?) } else { None };
    let answer = async {
        let session = Session::open(global).await?;
        let Some(credential) = local else {
            let params = CopyServiceAccountCredentialRequest { client_id, cloud_name: cloud, credential_name: name };
            let copied: UpdateCredentialResult = session.call("CopyServiceAccountCredential", &params).await?;
            return Ok(UpdateCredentialResults { results: vec![copied] });
        };
        let account = if client_id.ends_with(DOMAIN) { client_id.clone() } else { format!("{client_id}{DOMAIN}") };
        let tag = format!("cloudcred-{cloud}_{account}_{name}");
        let params = UpdateServiceAccountCredentialsRequest {
            client_id,
            credentials: vec![TaggedCredential { tag, credential }],
            force: args.force,
        };
        session.call("UpdateServiceAccountCredentials", &params).await
    };
    let answer: UpdateCredentialResults = args.output.or_nothing(answer.await)?;
    args.output.print(&answer, &answer, || outcome(&answer))?;
    match answer.results.into_iter().find_map(|result| result.error) {
        Some(error) => Err(jimm_rpc::CallError::Remote(error).into()),
        None => Ok(()),
    }
}

fn client_id(given: Option<&String>) -> Result<String> {
    given.cloned().ok_or_else(|| Failure::usage("client ID not specified"))
}

/// A credential of the Juju client's own store.
fn local_credential(cloud: &str, name: &str) -> Result<CloudCredential> {
    let dir =
        Settings::from_env().juju_data.ok_or_else(|| Failure::failed("no client store: set JUJU_DATA or HOME"))?;
    let mut attrs = ClientStore::new(dir).credential(cloud, name)?;
    let auth_type = attrs.remove("auth-type").unwrap_or_default();
    Ok(CloudCredential { auth_type, attrs, redacted: Vec::new() })
}

fn table(shown: &Shown) -> String {
    if shown.credentials.is_empty() {
        return "No credentials to display.\n".to_owned();
    }
    let mut table = Table::new(&["Cloud", "Credentials"]);
    for (cloud, credentials) in &shown.credentials {
        let names: Vec<&str> = credentials.keys().map(String::as_str).collect();
        table.row([cloud, &names.join(", ")]);
    }
    format!("\nController Credentials:\n{}", table.render())
}

fn outcome(answer: &UpdateCredentialResults) -> String {
    let done = answer.results.iter().filter(|result| result.error.is_none());
    let lines: Vec<String> = done.map(|result| format!("{} updated\n", result.tag)).collect();
    lines.concat()
}
