//! `JIMM` version 4, the part about rights: groups, roles and relations.

use jimm_proto::params::jimm_rights::{
    ChangeAccessRequest, CheckAccessRequest, CheckAccessResponse, CheckRelationRequest, CheckRelationResponse,
    CheckRelationsResponse, GetSetRequest, IdentitySet, ListRelationshipTuplesRequest, ListRelationshipTuplesResponse,
    ListSetsRequest, ListSetsResponse, RelationsRequest, RenameSetRequest, SetNameRequest,
};

use super::CallContext;
use super::method::{Access, Audit, Empty, Method, method};
use crate::broker::SetKind::{Group, Role};
use crate::error::Result;

const JIMM: &str = "JIMM";

/// The methods of this part.
pub(crate) const METHODS: &[Method] = &[
    method!(JIMM, [4], "AddGroup", Access::Admin, Audit::Params, add_group),
    method!(JIMM, [4], "GetGroup", Access::Admin, Audit::Params, get_group),
    method!(JIMM, [4], "RenameGroup", Access::Admin, Audit::Params, rename_group),
    method!(JIMM, [4], "RemoveGroup", Access::Admin, Audit::Params, remove_group),
    method!(JIMM, [4], "ListGroups", Access::Admin, Audit::Params, list_groups),
    method!(JIMM, [4], "AddRole", Access::Admin, Audit::Params, add_role),
    method!(JIMM, [4], "GetRole", Access::Admin, Audit::Params, get_role),
    method!(JIMM, [4], "RenameRole", Access::Admin, Audit::Params, rename_role),
    method!(JIMM, [4], "RemoveRole", Access::Admin, Audit::Params, remove_role),
    method!(JIMM, [4], "ListRoles", Access::Admin, Audit::Params, list_roles),
    method!(JIMM, [4], "AddRelation", Access::ThingAdmin, Audit::Params, add_relation),
    method!(JIMM, [4], "RemoveRelation", Access::ThingAdmin, Audit::Params, remove_relation),
    method!(JIMM, [4], "CheckRelation", Access::Own, Audit::Params, check_relation),
    method!(JIMM, [4], "CheckRelations", Access::Own, Audit::Params, check_relations),
    method!(JIMM, [4], "ListRelationshipTuples", Access::Admin, Audit::Params, list_tuples),
    method!(JIMM, [4], "ChangeAccess", Access::Admin, Audit::Params, change_access),
    method!(JIMM, [4], "CheckAccess", Access::Admin, Audit::Params, check_access),
];

async fn add_group(ctx: &CallContext, args: SetNameRequest) -> Result<IdentitySet> {
    ctx.broker.add_set(&ctx.requester, Group, &args.name).await
}

async fn get_group(ctx: &CallContext, args: GetSetRequest) -> Result<IdentitySet> {
    ctx.broker.get_set(Group, &args).await
}

async fn rename_group(ctx: &CallContext, args: RenameSetRequest) -> Result<Empty> {
    ctx.broker.rename_set(&ctx.requester, Group, &args.name, &args.new_name).await.map(|()| Empty {})
}

async fn remove_group(ctx: &CallContext, args: SetNameRequest) -> Result<Empty> {
    ctx.broker.remove_set(&ctx.requester, Group, &args.name).await.map(|()| Empty {})
}

async fn list_groups(ctx: &CallContext, args: ListSetsRequest) -> Result<ListSetsResponse> {
    Ok(ListSetsResponse { sets: ctx.broker.list_sets(Group, args.limit, args.offset).await? })
}

async fn add_role(ctx: &CallContext, args: SetNameRequest) -> Result<IdentitySet> {
    ctx.broker.add_set(&ctx.requester, Role, &args.name).await
}

async fn get_role(ctx: &CallContext, args: GetSetRequest) -> Result<IdentitySet> {
    ctx.broker.get_set(Role, &args).await
}

async fn rename_role(ctx: &CallContext, args: RenameSetRequest) -> Result<Empty> {
    ctx.broker.rename_set(&ctx.requester, Role, &args.name, &args.new_name).await.map(|()| Empty {})
}

async fn remove_role(ctx: &CallContext, args: SetNameRequest) -> Result<Empty> {
    ctx.broker.remove_set(&ctx.requester, Role, &args.name).await.map(|()| Empty {})
}

async fn list_roles(ctx: &CallContext, args: ListSetsRequest) -> Result<ListSetsResponse> {
    Ok(ListSetsResponse { sets: ctx.broker.list_sets(Role, args.limit, args.offset).await? })
}

async fn add_relation(ctx: &CallContext, args: RelationsRequest) -> Result<Empty> {
    ctx.broker.add_relations(&ctx.requester, &args.tuples).await.map(|()| Empty {})
}

async fn remove_relation(ctx: &CallContext, args: RelationsRequest) -> Result<Empty> {
    ctx.broker.remove_relations(&ctx.requester, &args.tuples).await.map(|()| Empty {})
}

async fn check_relation(ctx: &CallContext, args: CheckRelationRequest) -> Result<CheckRelationResponse> {
    let allowed = ctx.broker.check_relation(&ctx.requester, &args.tuple).await?;
    Ok(CheckRelationResponse { allowed, error: String::new() })
}

async fn check_relations(ctx: &CallContext, args: RelationsRequest) -> Result<CheckRelationsResponse> {
    Ok(CheckRelationsResponse { results: ctx.broker.check_relations(&ctx.requester, &args.tuples).await? })
}

async fn list_tuples(ctx: &CallContext, args: ListRelationshipTuplesRequest) -> Result<ListRelationshipTuplesResponse> {
    ctx.broker.list_relations(&args).await
}

async fn change_access(ctx: &CallContext, args: ChangeAccessRequest) -> Result<Empty> {
    ctx.broker.change_access(&ctx.requester, &args).await.map(|()| Empty {})
}

async fn check_access(ctx: &CallContext, args: CheckAccessRequest) -> Result<CheckAccessResponse> {
    ctx.broker.check_access(&ctx.requester, args.reconcile).await
}
