//! `UserManager`, version 3: who there is. Users come from the identity provider, so nothing here makes one; the broker
//! may refuse one.

use futures_util::FutureExt as _;
use jimm_proto::params::common::{Entities, ErrorResult, ErrorResults};
use jimm_proto::params::user_manager::{
    AddUserResults, AddUsers, EntityPasswords, ModelUserInfoResult, ModelUserInfoResults, UserInfoRequest,
    UserInfoResult, UserInfoResults,
};

use super::CallContext;
use super::bulk::look_up;
use super::method::{Access, Audit, Method, method};
use super::model_manager::each_tag;
use super::view::entry_error;
use crate::error::{Error, Result};

const FACADE: &str = "UserManager";

pub(crate) const METHODS: &[Method] = &[
    method!(FACADE, [3], "UserInfo", Access::Own, Audit::Params, user_info),
    method!(FACADE, [3], "ModelUserInfo", Access::ModelRead, Audit::Params, model_user_info),
    method!(FACADE, [3], "AddUser", Access::Nobody, Audit::NoParams, add_user),
    method!(FACADE, [3], "ResetPassword", Access::Nobody, Audit::NoParams, reset_password),
    method!(FACADE, [3], "SetPassword", Access::Nobody, Audit::NoParams, set_password),
    method!(FACADE, [3], "RemoveUser", Access::Nobody, Audit::Params, remove_user),
    method!(FACADE, [3], "EnableUser", Access::Admin, Audit::Params, enable_user),
    method!(FACADE, [3], "DisableUser", Access::Admin, Audit::Params, disable_user),
];

async fn user_info(ctx: &CallContext, args: UserInfoRequest) -> Result<UserInfoResults> {
    if args.entities.is_empty() {
        let users = ctx.broker.known_users(&ctx.requester, args.include_disabled).await?;
        let results = users.into_iter().map(|user| UserInfoResult { result: Some(user), error: None }).collect();
        return Ok(UserInfoResults { results });
    }
    let tags: Vec<String> = args.entities.into_iter().map(|entity| entity.tag).collect();
    let users = ctx.broker.user_infos(&ctx.requester, &tags).await?;
    let result = |user| match user {
        Ok(user) => UserInfoResult { result: Some(user), error: None },
        Err(e) => UserInfoResult { result: None, error: Some(entry_error(&e)) },
    };
    Ok(UserInfoResults { results: users.into_iter().map(result).collect() })
}

async fn model_user_info(ctx: &CallContext, args: Entities) -> Result<ModelUserInfoResults> {
    let look = |tag| {
        async move {
            match ctx.broker.model_users(&ctx.requester, tag).await {
                Ok(users) => users.into_iter().map(|u| ModelUserInfoResult { result: Some(u), error: None }).collect(),
                Err(e) => vec![ModelUserInfoResult { result: None, error: Some(entry_error(&e)) }],
            }
        }
        .boxed()
    };
    let results = look_up(each_tag(&args), look).await;
    Ok(ModelUserInfoResults { results: results.into_iter().flatten().collect() })
}

async fn add_user(_ctx: &CallContext, _args: AddUsers) -> Result<AddUserResults> {
    Err(Error::unauthorized())
}

async fn reset_password(_ctx: &CallContext, _args: Entities) -> Result<AddUserResults> {
    Err(Error::unauthorized())
}

async fn set_password(_ctx: &CallContext, _args: EntityPasswords) -> Result<ErrorResults> {
    Err(Error::unauthorized())
}

async fn remove_user(_ctx: &CallContext, _args: Entities) -> Result<ErrorResults> {
    Err(Error::unauthorized())
}

async fn enable_user(ctx: &CallContext, args: Entities) -> Result<ErrorResults> {
    Ok(set_enabled(ctx, &args, true).await)
}

async fn disable_user(ctx: &CallContext, args: Entities) -> Result<ErrorResults> {
    Ok(set_enabled(ctx, &args, false).await)
}

async fn set_enabled(ctx: &CallContext, args: &Entities, enabled: bool) -> ErrorResults {
    let mut results = Vec::with_capacity(args.entities.len());
    for entity in &args.entities {
        let done = ctx.broker.set_user_enabled(&ctx.requester, &entity.tag, enabled).await;
        results.push(ErrorResult { error: done.err().as_ref().map(entry_error) });
    }
    ErrorResults { results }
}
