//! Everything that one can have rights to.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use jimm_store::resources::Resource;
use serde::Serialize;

use super::answers::{Answer, Asked, Given};
use crate::session::Services;

/// A thing as the API shows it.
#[derive(Debug, Serialize)]
pub(super) struct Shown {
    id: String,
    name: String,
    #[serde(rename = "type")]
    kind: String,
    entity: Entity,
    #[serde(skip_serializing_if = "Option::is_none")]
    parent: Option<Box<Shown>>,
}

#[derive(Debug, Serialize)]
struct Entity {
    id: String,
    #[serde(rename = "type")]
    kind: String,
}

fn shown(row: Resource) -> Shown {
    let one = |kind: String, id: String, name: String, parent: Option<Box<Shown>>| Shown {
        entity: Entity { id: id.clone(), kind: kind.clone() },
        id,
        name,
        kind,
        parent,
    };
    let parent =
        (!row.parent_kind.is_empty()).then(|| Box::new(one(row.parent_kind, row.parent_id, row.parent_name, None)));
    one(row.kind, row.id, row.name, parent)
}

/// A page of them, of a kind, or whose name begins so.
pub(super) async fn list(State(services): State<Arc<Services>>, asked: Asked) -> Given<Json<Answer<Shown>>> {
    let beginning = if asked.entity_name.is_empty() { &asked.filter } else { &asked.entity_name };
    let page = services.broker.resources_page(&asked.entity_type, beginning, asked.offset(), asked.size).await?;
    Ok(Json(Answer::page("List of resources", &asked, page, shown)))
}
