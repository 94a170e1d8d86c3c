//! Identities, and what they are in and may do.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::{Extension, Json};
use jimm_proto::params::jimm_rights::IdentitySet;
use serde::Deserialize;

use super::answers::{Answer, Asked, Given, patches};
use super::entitlements::{self, Entitled, Entitlement};
use super::shapes::{HasRole, Shown, ShownIdentity, identity, in_set, shown};
use crate::broker::{Holder, Requester, SetKind};
use crate::error::Result;
use crate::session::Services;

/// A patch of memberships: the group's, or role's, UUID.
#[derive(Debug, Deserialize)]
pub(super) struct InGroup {
    group: String,
}

pub(super) async fn list(State(services): State<Arc<Services>>, asked: Asked) -> Given<Json<Answer<ShownIdentity>>> {
    let page = services.broker.identities_page(&asked.filter, asked.offset(), asked.size).await?;
    Ok(Json(Answer::page("List of identities", &asked, page, identity)))
}

pub(super) async fn get(State(services): State<Arc<Services>>, Path(id): Path<String>) -> Given<Json<ShownIdentity>> {
    Ok(Json(identity(services.broker.identity(&id).await?)))
}

pub(super) async fn groups(
    services: State<Arc<Services>>,
    id: Path<String>,
    asked: Asked,
) -> Given<Json<Answer<Shown>>> {
    sets(services, id, asked, SetKind::Group, "List of groups").await
}

pub(super) async fn roles(
    services: State<Arc<Services>>,
    id: Path<String>,
    asked: Asked,
) -> Given<Json<Answer<Shown>>> {
    sets(services, id, asked, SetKind::Role, "List of roles").await
}

async fn sets(
    State(services): State<Arc<Services>>,
    Path(id): Path<String>,
    asked: Asked,
    kind: SetKind,
    message: &'static str,
) -> Given<Json<Answer<Shown>>> {
    let holder = holder(&services, &id).await?;
    let found = services.broker.sets_of(&holder, kind, &asked.token, asked.limit()).await?;
    Ok(Json(Answer::stretch(message, &asked, found, |set: IdentitySet| shown(set))))
}

pub(super) async fn entitlements(
    State(services): State<Arc<Services>>,
    Path(id): Path<String>,
    asked: Asked,
) -> Given<Json<Answer<Entitlement>>> {
    let holder = holder(&services, &id).await?;
    entitlements::of(&services, &holder, &asked).await
}

pub(super) async fn patch_groups(
    State(services): State<Arc<Services>>,
    Extension(who): Extension<Requester>,
    Path(id): Path<String>,
    body: Bytes,
) -> Given<()> {
    let holder = holder(&services, &id).await?;
    let patches = patches::<InGroup>(&body)?.into_iter();
    let tuples = patches.map(|patch| (patch.is_addition(), in_set(&holder, SetKind::Group, &patch.what.group)));
    Ok(services.broker.patch_relations(&who, tuples.collect()).await?)
}

pub(super) async fn patch_roles(
    State(services): State<Arc<Services>>,
    Extension(who): Extension<Requester>,
    Path(id): Path<String>,
    body: Bytes,
) -> Given<()> {
    let holder = holder(&services, &id).await?;
    let patches = patches::<HasRole>(&body)?.into_iter();
    let tuples = patches.map(|patch| (patch.is_addition(), in_set(&holder, SetKind::Role, &patch.what.role)));
    Ok(services.broker.patch_relations(&who, tuples.collect()).await?)
}

pub(super) async fn patch_entitlements(
    State(services): State<Arc<Services>>,
    Extension(who): Extension<Requester>,
    Path(id): Path<String>,
    body: Bytes,
) -> Given<()> {
    let holder = holder(&services, &id).await?;
    Ok(entitlements::patch(&services, &who, &holder, patches::<Entitled>(&body)?).await?)
}

async fn holder(services: &Services, id: &str) -> Result<Holder> {
    Ok(Holder::Identity(services.broker.identity(id).await?.name))
}
