//! `JIMM` version 4, the part about accounts: sessions and service accounts.

use jimm_proto::params::cloud::{
    CredentialContentResult, CredentialContentResults, UpdateCredentialResult, UpdateCredentialResults,
};
use jimm_proto::params::jimm_accounts::{
    AddServiceAccountRequest, CopyServiceAccountCredentialRequest, GrantServiceAccountAccessRequest,
    ListServiceAccountCredentialsRequest, ListSessionPoliciesResponse, ListSessionsRequest, ListSessionsResponse,
    RemoveSessionPolicyRequest, RevokeSessionsRequest, RevokeSessionsResponse, SetSessionPolicyRequest,
    UpdateServiceAccountCredentialsRequest,
};

use super::CallContext;
use super::method::{Access, Audit, Empty, Method, method};
use super::view::entry_error;
use crate::error::Result;

const JIMM: &str = "JIMM";

/// The methods of this part.
pub(crate) const METHODS: &[Method] = &[
    method!(JIMM, [4], "ListSessions", Access::Own, Audit::Params, list_sessions),
    method!(JIMM, [4], "RevokeSessions", Access::Own, Audit::Params, revoke_sessions),
    method!(JIMM, [4], "ListSessionPolicies", Access::Admin, Audit::Params, list_policies),
    method!(JIMM, [4], "SetSessionPolicy", Access::Admin, Audit::Params, set_policy),
    method!(JIMM, [4], "RemoveSessionPolicy", Access::Admin, Audit::Params, remove_policy),
    method!(JIMM, [4], "AddServiceAccount", Access::User, Audit::Params, add_account),
    method!(JIMM, [4], "CopyServiceAccountCredential", Access::AccountAdmin, Audit::Params, copy_credential),
    method!(JIMM, [4], "GrantServiceAccountAccess", Access::AccountAdmin, Audit::Params, grant_access),
    method!(JIMM, [4], "ListServiceAccountCredentials", Access::AccountAdmin, Audit::Params, list_credentials),
    method!(JIMM, [4], "UpdateServiceAccountCredentials", Access::AccountAdmin, Audit::NoParams, update_credentials),
];

async fn list_sessions(ctx: &CallContext, args: ListSessionsRequest) -> Result<ListSessionsResponse> {
    Ok(ListSessionsResponse { sessions: ctx.broker.list_sessions(&ctx.requester, &args.user_tag, args.all).await? })
}

async fn revoke_sessions(ctx: &CallContext, args: RevokeSessionsRequest) -> Result<RevokeSessionsResponse> {
    Ok(RevokeSessionsResponse { revoked_count: ctx.broker.revoke_sessions(&ctx.requester, &args).await? })
}

async fn list_policies(ctx: &CallContext, _args: Empty) -> Result<ListSessionPoliciesResponse> {
    Ok(ListSessionPoliciesResponse { policies: ctx.broker.list_session_policies(&ctx.requester).await? })
}

async fn set_policy(ctx: &CallContext, args: SetSessionPolicyRequest) -> Result<Empty> {
    ctx.broker.set_session_policy(&ctx.requester, &args).await?;
    Ok(Empty {})
}

async fn remove_policy(ctx: &CallContext, args: RemoveSessionPolicyRequest) -> Result<Empty> {
    ctx.broker.remove_session_policy(&ctx.requester, &args.subject).await?;
    Ok(Empty {})
}

async fn add_account(ctx: &CallContext, args: AddServiceAccountRequest) -> Result<Empty> {
    ctx.broker.add_service_account(&ctx.requester, &args.client_id).await?;
    Ok(Empty {})
}

async fn copy_credential(
    ctx: &CallContext,
    args: CopyServiceAccountCredentialRequest,
) -> Result<UpdateCredentialResult> {
    ctx.broker.copy_service_account_credential(&ctx.requester, &args).await
}

async fn grant_access(ctx: &CallContext, args: GrantServiceAccountAccessRequest) -> Result<Empty> {
    ctx.broker.grant_service_account_access(&ctx.requester, &args).await?;
    Ok(Empty {})
}

async fn list_credentials(
    ctx: &CallContext,
    args: ListServiceAccountCredentialsRequest,
) -> Result<CredentialContentResults> {
    let contents = ctx.broker.service_account_credentials(&ctx.requester, args).await?;
    let result = |content| match content {
        Ok(result) => CredentialContentResult { result: Some(result), error: None },
        Err(e) => CredentialContentResult { result: None, error: Some(entry_error(&e)) },
    };
    Ok(CredentialContentResults { results: contents.into_iter().map(result).collect() })
}

async fn update_credentials(
    ctx: &CallContext,
    args: UpdateServiceAccountCredentialsRequest,
) -> Result<UpdateCredentialResults> {
    let uploads = args.credentials;
    let results =
        ctx.broker.update_service_account_credentials(&ctx.requester, &args.client_id, uploads, args.force).await?;
    Ok(UpdateCredentialResults { results })
}
