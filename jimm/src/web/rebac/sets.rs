//! Groups and roles: what they are called, who is in them, and what they give.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::{Extension, Json};
use http::StatusCode;
use jimm_proto::params::jimm_rights::IdentitySet;
use serde::Deserialize;
use uuid::Uuid;

use super::answers::{Answer, Asked, Given, body_of, patches};
use super::bad;
use super::entitlements::{self, Entitled, Entitlement};
use super::shapes::{HasRole, Shown, ShownIdentity, identity, in_set, shown};
use crate::broker::{Holder, Requester, SetKind};
use crate::error::{Error, Result};
use crate::session::Services;

type Asking = State<Arc<Services>>;

#[derive(Deserialize)]
struct Named {
    name: String,
}

/// A patch of members: an identity's name.
#[derive(Debug, Deserialize)]
pub(super) struct HasMember {
    identity: String,
}

pub(super) async fn groups(services: Asking, asked: Asked) -> Given<Json<Answer<Shown>>> {
    list(services, asked, SetKind::Group, "List of groups").await
}

pub(super) async fn roles(services: Asking, asked: Asked) -> Given<Json<Answer<Shown>>> {
    list(services, asked, SetKind::Role, "List of roles").await
}

async fn list(
    State(services): Asking,
    asked: Asked,
    kind: SetKind,
    message: &'static str,
) -> Given<Json<Answer<Shown>>> {
    let page = services.broker.sets_page(kind, &asked.filter, asked.offset(), asked.size).await?;
    Ok(Json(Answer::page(message, &asked, page, shown)))
}

pub(super) async fn add_group(
    services: Asking,
    who: Extension<Requester>,
    body: Bytes,
) -> Given<(StatusCode, Json<Shown>)> {
    add(services, who, &body, SetKind::Group).await
}

pub(super) async fn add_role(
    services: Asking,
    who: Extension<Requester>,
    body: Bytes,
) -> Given<(StatusCode, Json<Shown>)> {
    add(services, who, &body, SetKind::Role).await
}

async fn add(
    State(services): Asking,
    Extension(who): Extension<Requester>,
    body: &Bytes,
    kind: SetKind,
) -> Given<(StatusCode, Json<Shown>)> {
    let Named { name } = body_of(body)?;
    Ok((StatusCode::CREATED, Json(shown(services.broker.add_set(&who, kind, &name).await?))))
}

pub(super) async fn group(services: Asking, id: Path<String>) -> Given<Json<Shown>> {
    get(services, id, SetKind::Group).await
}

pub(super) async fn role(services: Asking, id: Path<String>) -> Given<Json<Shown>> {
    get(services, id, SetKind::Role).await
}

async fn get(State(services): Asking, Path(id): Path<String>, kind: SetKind) -> Given<Json<Shown>> {
    Ok(Json(shown(services.broker.set_by_id(kind, &id).await?)))
}

pub(super) async fn rename_group(
    services: Asking,
    who: Extension<Requester>,
    id: Path<String>,
    body: Bytes,
) -> Given<Json<Shown>> {
    rename(services, who, id, &body, SetKind::Group).await
}

pub(super) async fn rename_role(
    services: Asking,
    who: Extension<Requester>,
    id: Path<String>,
    body: Bytes,
) -> Given<Json<Shown>> {
    rename(services, who, id, &body, SetKind::Role).await
}

async fn rename(
    State(services): Asking,
    Extension(who): Extension<Requester>,
    Path(id): Path<String>,
    body: &Bytes,
    kind: SetKind,
) -> Given<Json<Shown>> {
    let Named { name } = body_of(body)?;
    let set = services.broker.set_by_id(kind, &id).await?;
    if set.name != name {
        services.broker.rename_set(&who, kind, &set.name, &name).await?;
    }
    Ok(Json(shown(IdentitySet { name, ..set })))
}

pub(super) async fn remove_group(services: Asking, who: Extension<Requester>, id: Path<String>) -> Given<()> {
    remove(services, who, id, SetKind::Group).await
}

pub(super) async fn remove_role(services: Asking, who: Extension<Requester>, id: Path<String>) -> Given<()> {
    remove(services, who, id, SetKind::Role).await
}

async fn remove(
    State(services): Asking,
    Extension(who): Extension<Requester>,
    Path(id): Path<String>,
    kind: SetKind,
) -> Given<()> {
    let set = services.broker.set_by_id(kind, &id).await?;
    Ok(services.broker.remove_set(&who, kind, &set.name).await?)
}

pub(super) async fn members(
    State(services): Asking,
    Path(id): Path<String>,
    asked: Asked,
) -> Given<Json<Answer<ShownIdentity>>> {
    let group = uuid_of(&services, SetKind::Group, &id).await?;
    let found = services.broker.members_of(group, &asked.token, asked.limit()).await?;
    Ok(Json(Answer::stretch("List of identities", &asked, found, identity)))
}

pub(super) async fn patch_members(
    State(services): Asking,
    Extension(who): Extension<Requester>,
    Path(id): Path<String>,
    body: Bytes,
) -> Given<()> {
    let group = uuid_of(&services, SetKind::Group, &id).await?.to_string();
    let patches = patches::<HasMember>(&body)?.into_iter();
    let tuples = patches.map(|patch| {
        (patch.is_addition(), in_set(&Holder::Identity(patch.what.identity.clone()), SetKind::Group, &group))
    });
    Ok(services.broker.patch_relations(&who, tuples.collect()).await?)
}

pub(super) async fn roles_of_group(
    State(services): Asking,
    Path(id): Path<String>,
    asked: Asked,
) -> Given<Json<Answer<Shown>>> {
    let holder = Holder::Group(uuid_of(&services, SetKind::Group, &id).await?);
    let found = services.broker.sets_of(&holder, SetKind::Role, &asked.token, asked.limit()).await?;
    Ok(Json(Answer::stretch("List of roles", &asked, found, shown)))
}

pub(super) async fn patch_roles_of_group(
    State(services): Asking,
    Extension(who): Extension<Requester>,
    Path(id): Path<String>,
    body: Bytes,
) -> Given<()> {
    let holder = Holder::Group(uuid_of(&services, SetKind::Group, &id).await?);
    let patches = patches::<HasRole>(&body)?.into_iter();
    let tuples = patches.map(|patch| (patch.is_addition(), in_set(&holder, SetKind::Role, &patch.what.role)));
    Ok(services.broker.patch_relations(&who, tuples.collect()).await?)
}

pub(super) async fn rights_of_group(
    State(services): Asking,
    Path(id): Path<String>,
    asked: Asked,
) -> Given<Json<Answer<Entitlement>>> {
    let holder = Holder::Group(uuid_of(&services, SetKind::Group, &id).await?);
    entitlements::of(&services, &holder, &asked).await
}

pub(super) async fn rights_of_role(
    State(services): Asking,
    Path(id): Path<String>,
    asked: Asked,
) -> Given<Json<Answer<Entitlement>>> {
    let holder = Holder::Role(uuid_of(&services, SetKind::Role, &id).await?);
    entitlements::of(&services, &holder, &asked).await
}

pub(super) async fn patch_rights_of_group(
    State(services): Asking,
    Extension(who): Extension<Requester>,
    Path(id): Path<String>,
    body: Bytes,
) -> Given<()> {
    let holder = Holder::Group(uuid_of(&services, SetKind::Group, &id).await?);
    Ok(entitlements::patch(&services, &who, &holder, patches::<Entitled>(&body)?).await?)
}

pub(super) async fn patch_rights_of_role(
    State(services): Asking,
    Extension(who): Extension<Requester>,
    Path(id): Path<String>,
    body: Bytes,
) -> Given<()> {
    let holder = Holder::Role(uuid_of(&services, SetKind::Role, &id).await?);
    Ok(entitlements::patch(&services, &who, &holder, patches::<Entitled>(&body)?).await?)
}

/// The UUID of one that exists.
async fn uuid_of(services: &Services, kind: SetKind, id: &str) -> Result<Uuid, Error> {
    let set = services.broker.set_by_id(kind, id).await?;
    set.uuid.parse().map_err(|_| bad(format!("{id} is not a UUID")))
}
