//! `Cloud`, versions 7 and 8: clouds and the credentials for them.
//!
//! Knows no SQL and dials nobody. Methods that carry credentials leave no parameters in the audit log.

use futures_util::FutureExt as _;
use jimm_proto::params::cloud::{
    AddCloudArgs, CloudCredentialArgs, CloudCredentialResult, CloudCredentialResults, CloudInfoResult,
    CloudInfoResults, CloudResult, CloudResults, CloudsResult, CredentialContentResult, CredentialContentResults,
    ListCloudInfoResult, ListCloudInfoResults, ListCloudsRequest, ModelConfigSchemaArgs, ModifyCloudAccessRequest,
    RevokeCredentialArgs, TaggedCredentials, UpdateCloudArgs, UpdateCredentialArgs, UpdateCredentialResults,
    UserClouds,
};
use jimm_proto::params::common::{Entities, ErrorResults, StringsResult, StringsResults};

use serde_json::value::RawValue;

use super::CallContext;
use super::bulk::look_up;
use super::method::{Access, Audit, Empty, Method, method};
use super::model_manager::{each_tag, tags};
use super::view::{entries, entry_error};
use crate::broker::CredentialUpdate;
use crate::error::{Error, Kind, Result};

const FACADE: &str = "Cloud";

pub(crate) const METHODS: &[Method] = &[
    method!(FACADE, [7, 8], "Clouds", Access::User, Audit::Params, clouds),
    method!(FACADE, [7, 8], "Cloud", Access::CloudUse, Audit::Params, cloud),
    method!(FACADE, [7, 8], "CloudInfo", Access::CloudUse, Audit::Params, cloud_info),
    method!(FACADE, [7, 8], "ListCloudInfo", Access::User, Audit::Params, list_cloud_info),
    method!(FACADE, [7, 8], "AddCloud", Access::CloudUse, Audit::NoParams, add_cloud),
    method!(FACADE, [7, 8], "UpdateCloud", Access::Nobody, Audit::NoParams, update_cloud),
    method!(FACADE, [7, 8], "RemoveClouds", Access::CloudAdmin, Audit::Params, remove_clouds),
    method!(FACADE, [7, 8], "ModifyCloudAccess", Access::CloudAdmin, Audit::Params, modify_cloud_access),
    method!(FACADE, [7, 8], "UserCredentials", Access::Own, Audit::Params, user_credentials),
    method!(FACADE, [7, 8], "AddCredentials", Access::Own, Audit::NoParams, add_credentials),
    method!(FACADE, [7, 8], "UpdateCredentialsCheckModels", Access::Own, Audit::NoParams, update_credentials),
    method!(FACADE, [7, 8], "CheckCredentialsModels", Access::Own, Audit::NoParams, check_credentials),
    method!(FACADE, [7, 8], "RevokeCredentialsCheckModels", Access::Own, Audit::Params, revoke_credentials),
    method!(FACADE, [7, 8], "Credential", Access::Own, Audit::Params, credential),
    method!(FACADE, [8], "ModelConfigSchema", Access::User, Audit::Params, model_config_schema),
    method!(FACADE, [7], "InstanceTypes", Access::Nobody, Audit::Params, instance_types),
    method!(FACADE, [7, 8], "CredentialContents", Access::User, Audit::Params, credential_contents),
];

async fn model_config_schema(ctx: &CallContext, args: ModelConfigSchemaArgs) -> Result<Box<RawValue>> {
    ctx.broker.model_config_schema(&args.provider_type).await
}

async fn instance_types(_ctx: &CallContext, _args: Empty) -> Result<Empty> {
    let text = "not supported: ask a model that runs in the cloud, with MachineManager.InstanceTypes";
    Err(Error::new(Kind::NotSupported, text))
}

async fn clouds(ctx: &CallContext, _args: Empty) -> Result<CloudsResult> {
    Ok(CloudsResult { clouds: ctx.broker.visible_clouds(&ctx.requester).await? })
}

async fn cloud(ctx: &CallContext, args: Entities) -> Result<CloudResults> {
    let clouds = ctx.broker.clouds(&ctx.requester, &tags(&args)).await?;
    let result = |cloud| match cloud {
        Ok(cloud) => CloudResult { cloud: Some(cloud), error: None },
        Err(e) => CloudResult { cloud: None, error: Some(entry_error(&e)) },
    };
    Ok(CloudResults { results: clouds.into_iter().map(result).collect() })
}

async fn cloud_info(ctx: &CallContext, args: Entities) -> Result<CloudInfoResults> {
    let infos = ctx.broker.cloud_infos(&ctx.requester, &tags(&args)).await?;
    let result = |info| match info {
        Ok(info) => CloudInfoResult { result: Some(info), error: None },
        Err(e) => CloudInfoResult { result: None, error: Some(entry_error(&e)) },
    };
    Ok(CloudInfoResults { results: infos.into_iter().map(result).collect() })
}

async fn list_cloud_info(ctx: &CallContext, args: ListCloudsRequest) -> Result<ListCloudInfoResults> {
    let infos = ctx.broker.list_cloud_info(&ctx.requester, args.all).await?;
    let results = infos.into_iter().map(|i| ListCloudInfoResult { result: Some(i), error: None }).collect();
    Ok(ListCloudInfoResults { results })
}

async fn add_cloud(ctx: &CallContext, args: AddCloudArgs) -> Result<Empty> {
    ctx.broker.add_cloud(&ctx.requester, args).await?;
    Ok(Empty {})
}

async fn update_cloud(ctx: &CallContext, args: UpdateCloudArgs) -> Result<ErrorResults> {
    Ok(entries(args.clouds.iter().map(|cloud| ctx.broker.update_cloud(&ctx.requester, cloud))))
}

async fn remove_clouds(ctx: &CallContext, args: Entities) -> Result<ErrorResults> {
    let mut results = Vec::with_capacity(args.entities.len());
    for entity in &args.entities {
        results.push(ctx.broker.remove_cloud(&ctx.requester, &entity.tag).await);
    }
    Ok(entries(results))
}

async fn modify_cloud_access(ctx: &CallContext, args: ModifyCloudAccessRequest) -> Result<ErrorResults> {
    let mut results = Vec::with_capacity(args.changes.len());
    for change in args.changes {
        results.push(ctx.broker.modify_cloud_access(&ctx.requester, &change).await);
    }
    Ok(entries(results))
}

async fn user_credentials(ctx: &CallContext, args: UserClouds) -> Result<StringsResults> {
    let look = |(user, cloud)| {
        async move {
            match ctx.broker.user_credentials(&ctx.requester, user, cloud).await {
                Ok(result) => StringsResult { error: None, result },
                Err(e) => StringsResult { error: Some(entry_error(&e)), result: Vec::new() },
            }
        }
        .boxed()
    };
    let asked = args.user_clouds.iter().map(|uc| (uc.user_tag.as_str(), uc.cloud_tag.as_str()));
    Ok(StringsResults { results: look_up(asked.collect(), look).await })
}

/// The older call has room for one error per credential: the models' errors are squeezed into it.
async fn add_credentials(ctx: &CallContext, args: TaggedCredentials) -> Result<ErrorResults> {
    let mut results = Vec::with_capacity(args.credentials.len());
    for credential in args.credentials {
        let outcome = ctx.broker.update_credential(&ctx.requester, credential, CredentialUpdate::Checked).await;
        let refused = outcome.error.map(Error::from_controller).or_else(|| {
            let texts: Vec<_> =
                outcome.models.iter().flat_map(|m| &m.errors).filter_map(|r| r.error.as_ref()).collect();
            texts.first().map(|first| {
                let text = texts.iter().map(|e| e.message.as_str()).collect::<Vec<_>>().join("; ");
                Error::from_controller(jimm_proto::params::common::Error { message: text, ..(*first).clone() })
            })
        });
        results.push(refused.map_or(Ok(()), Err));
    }
    Ok(entries(results))
}

async fn update_credentials(ctx: &CallContext, args: UpdateCredentialArgs) -> Result<UpdateCredentialResults> {
    let how = if args.force { CredentialUpdate::Forced } else { CredentialUpdate::Checked };
    let mut results = Vec::with_capacity(args.credentials.len());
    for credential in args.credentials {
        results.push(ctx.broker.update_credential(&ctx.requester, credential, how).await);
    }
    Ok(UpdateCredentialResults { results })
}

async fn check_credentials(ctx: &CallContext, args: TaggedCredentials) -> Result<UpdateCredentialResults> {
    let mut results = Vec::with_capacity(args.credentials.len());
    for credential in args.credentials {
        results.push(ctx.broker.update_credential(&ctx.requester, credential, CredentialUpdate::CheckOnly).await);
    }
    Ok(UpdateCredentialResults { results })
}

async fn revoke_credentials(ctx: &CallContext, args: RevokeCredentialArgs) -> Result<ErrorResults> {
    let mut results = Vec::with_capacity(args.credentials.len());
    for credential in &args.credentials {
        results.push(ctx.broker.revoke_credential(&ctx.requester, &credential.tag, credential.force).await);
    }
    Ok(entries(results))
}

async fn credential(ctx: &CallContext, args: Entities) -> Result<CloudCredentialResults> {
    let look = |tag| {
        async move {
            match ctx.broker.credential(&ctx.requester, tag).await {
                Ok(credential) => CloudCredentialResult { result: Some(credential), error: None },
                Err(e) => CloudCredentialResult { result: None, error: Some(entry_error(&e)) },
            }
        }
        .boxed()
    };
    Ok(CloudCredentialResults { results: look_up(each_tag(&args), look).await })
}

async fn credential_contents(ctx: &CallContext, args: CloudCredentialArgs) -> Result<CredentialContentResults> {
    let contents = ctx.broker.credential_contents(&ctx.requester, args).await?;
    let results = contents
        .into_iter()
        .map(|content| match content {
            Ok(result) => CredentialContentResult { result: Some(result), error: None },
            Err(e) => CredentialContentResult { result: None, error: Some(entry_error(&e)) },
        })
        .collect();
    Ok(CredentialContentResults { results })
}
