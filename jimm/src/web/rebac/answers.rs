//! The forms of the API: answers with their pages, refusals, what is asked for in the query, and patches.

use axum::Json;
use axum::body::Bytes;
use axum::extract::FromRequestParts;
use axum::response::{IntoResponse, Response};
use http::request::Parts;
use http::{HeaderMap, StatusCode};
use jimm_proto::complaint::without_value;
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use super::bad;
use crate::broker::{Page, Stretch};
use crate::error::{Error, Kind, Result};

/// Entries of a page that nobody asked a length for, and at most.
const SIZE: (i64, i64) = (50, 200);

/// A list.
#[derive(Debug, Serialize)]
pub(super) struct Answer<T> {
    #[serde(rename = "_links")]
    links: Links,
    #[serde(rename = "_meta")]
    meta: Meta,
    data: Vec<T>,
    message: &'static str,
    status: u16,
}

#[derive(Debug, Default, Serialize)]
struct Links {
    next: Link,
}

#[derive(Debug, Default, Serialize)]
struct Link {
    href: String,
}

#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct Meta {
    #[serde(skip_serializing_if = "Option::is_none")]
    page: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    page_token: Option<String>,
    size: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    total: Option<i64>,
}

#[derive(Serialize)]
struct Refusal<'a> {
    #[serde(rename = "_links")]
    links: Links,
    #[serde(rename = "_meta")]
    meta: Meta,
    message: &'a str,
    status: u16,
}

impl<T> Answer<T> {
    fn new(message: &'static str, data: Vec<T>, meta: Meta, href: String) -> Self {
        Self { links: Links { next: Link { href } }, meta, data, message, status: StatusCode::OK.as_u16() }
    }

    /// A list without pages.
    pub(super) fn whole(message: &'static str, data: Vec<T>) -> Self {
        let meta = Meta { page: Some(0), size: data.len(), total: i64::try_from(data.len()).ok(), page_token: None };
        Self::new(message, data, meta, String::new())
    }

    /// A page by its number.
    pub(super) fn page<S>(message: &'static str, asked: &Asked, page: Page<S>, shown: impl Fn(S) -> T) -> Self {
        let data: Vec<T> = page.items.into_iter().map(shown).collect();
        let seen = asked.offset().saturating_add(i64::try_from(data.len()).unwrap_or(i64::MAX));
        let more = !data.is_empty() && seen < page.total;
        let href = if more { asked.href("page", &(asked.page + 1).to_string()) } else { String::new() };
        let meta = Meta { page: Some(asked.page), size: data.len(), total: Some(page.total), page_token: None };
        Self::new(message, data, meta, href)
    }

    /// A page by its token.
    pub(super) fn stretch<S>(message: &'static str, asked: &Asked, found: Stretch<S>, shown: impl Fn(S) -> T) -> Self {
        let data: Vec<T> = found.items.into_iter().map(shown).collect();
        let href = if found.next.is_empty() { String::new() } else { asked.href("nextToken", &found.next) };
        let meta = Meta { page: None, size: data.len(), total: None, page_token: Some(found.next) };
        Self::new(message, data, meta, href)
    }
}

/// A refusal in the API's form.
pub(super) fn refusal(status: StatusCode, message: &str) -> Response {
    let refusal = Refusal { links: Links::default(), meta: Meta::default(), message, status: status.as_u16() };
    (status, Json(refusal)).into_response()
}

/// The refusal for an error.
pub(super) fn failure(error: &Error) -> Response {
    let status = match error.kind() {
        Kind::BadRequest | Kind::NotSupported | Kind::QuotaLimitExceeded => StatusCode::BAD_REQUEST,
        Kind::NotFound | Kind::ModelNotFound => StatusCode::NOT_FOUND,
        Kind::AlreadyExists | Kind::Conflict => StatusCode::CONFLICT,
        Kind::Unauthorized | Kind::SessionTokenInvalid => StatusCode::FORBIDDEN,
        Kind::NotImplemented => StatusCode::NOT_IMPLEMENTED,
        _ => StatusCode::INTERNAL_SERVER_ERROR,
    };
    if status == StatusCode::INTERNAL_SERVER_ERROR {
        tracing::error!(error = %error, "rebac request failed");
    }
    refusal(status, error.message())
}

/// What a handler gives.
pub(super) type Given<T> = Result<T, Failed>;

/// An error on its way to the client.
#[derive(Debug)]
pub(super) struct Failed(Error);

impl From<Error> for Failed {
    fn from(error: Error) -> Self {
        Self(error)
    }
}

impl IntoResponse for Failed {
    fn into_response(self) -> Response {
        failure(&self.0)
    }
}

/// What the query asks for.
#[derive(Debug)]
pub(super) struct Asked {
    path: String,
    pub(super) size: i64,
    page: i64,
    /// Where the page begins, for lists with tokens.
    pub(super) token: String,
    /// A part, or the beginning, of names.
    pub(super) filter: String,
    pub(super) entity_type: String,
    pub(super) entity_name: String,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Query {
    size: Option<String>,
    page: Option<String>,
    next_token: String,
    filter: String,
    entity_type: String,
    entity_name: String,
}

impl Asked {
    pub(super) fn offset(&self) -> i64 {
        self.page.saturating_mul(self.size)
    }

    pub(super) fn limit(&self) -> usize {
        usize::try_from(self.size).unwrap_or(1)
    }

    fn href(&self, name: &str, value: &str) -> String {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        query.append_pair(name, value).append_pair("size", &self.size.to_string());
        let rest = [("filter", &self.filter), ("entityType", &self.entity_type), ("entityName", &self.entity_name)];
        for (name, value) in rest.into_iter().filter(|(_, value)| !value.is_empty()) {
            query.append_pair(name, value);
        }
        format!("{}?{}", self.path, query.finish())
    }

    fn read(path: &str, query: &str, headers: &HeaderMap) -> Result<Self> {
        let asked: Query = serde_urlencoded::from_str(query)
            .map_err(|e| bad(format!("cannot read the query: {}", without_value(&e.to_string()))))?;
        let number = |name: &str, text: Option<&str>, otherwise: i64| match text {
            None | Some("") => Ok(otherwise),
            Some(text) => text
                .parse::<i64>()
                .ok()
                .filter(|n| (0..=i64::from(i32::MAX)).contains(n))
                .ok_or_else(|| bad(format!("{name} is not a number from 0 to {}", i32::MAX))),
        };
        let size = match number("size", asked.size.as_deref(), 0)? {
            0 => SIZE.0,
            size => size.min(SIZE.1),
        };
        let in_header = headers.get("next-page-token").and_then(|value| value.to_str().ok()).unwrap_or_default();
        let token = if asked.next_token.is_empty() { in_header.to_owned() } else { asked.next_token };
        for text in [&asked.filter, &asked.entity_type, &asked.entity_name] {
            if text.contains('\0') {
                return Err(bad("the query has a NUL in it"));
            }
        }
        Ok(Self {
            path: path.to_owned(),
            size,
            page: number("page", asked.page.as_deref(), 0)?,
            token,
            filter: asked.filter,
            entity_type: asked.entity_type,
            entity_name: asked.entity_name,
        })
    }
}

impl<S: Sync> FromRequestParts<S> for Asked {
    type Rejection = Failed;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Failed> {
        Ok(Self::read(parts.uri.path(), parts.uri.query().unwrap_or_default(), &parts.headers)?)
    }
}

/// A patch: do this, or undo it.
#[derive(Debug, Deserialize)]
pub(super) struct Patch<T> {
    op: Op,
    #[serde(flatten)]
    pub(super) what: T,
}

#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "lowercase")]
enum Op {
    Add,
    Remove,
}

impl<T> Patch<T> {
    pub(super) fn is_addition(&self) -> bool {
        self.op == Op::Add
    }
}

#[derive(Deserialize)]
struct Patches<T> {
    patches: Vec<Patch<T>>,
}

/// The patches of a body; one at least.
pub(super) fn patches<T: DeserializeOwned>(body: &Bytes) -> Result<Vec<Patch<T>>> {
    let Patches { patches } = body_of(body)?;
    if patches.is_empty() {
        return Err(bad("there are no patches in the body"));
    }
    Ok(patches)
}

/// A body, read as JSON whatever it is called.
pub(super) fn body_of<T: DeserializeOwned>(body: &Bytes) -> Result<T> {
    serde_json::from_slice(body).map_err(|e| bad(format!("cannot read the body: {}", without_value(&e.to_string()))))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(query: &str) -> Result<Asked> {
        Asked::read("/rebac/v1/groups", query, &HeaderMap::new())
    }

    #[test]
    fn the_query_has_its_bounds() {
        let asked = read("size=2&page=3&filter=a%20b").expect("good");
        assert_eq!((asked.size, asked.offset(), asked.limit()), (2, 6, 2));
        assert_eq!(asked.href("page", "4"), "/rebac/v1/groups?page=4&size=2&filter=a+b");
        assert_eq!((read("").expect("good").size, read("size=100000").expect("good").size), SIZE);
        for wrong in ["size=-1", "size=x", "page=-1", "page=99999999999999999999", "filter=%00"] {
            assert_eq!(read(wrong).expect_err(wrong).kind(), Kind::BadRequest);
        }
    }

    #[test]
    fn pages_tell_where_the_next_one_is() {
        let asked = read("size=2").expect("good");
        let page = |items: Vec<i32>, total| Answer::page("x", &asked, Page { items, total }, |n| n);
        assert_eq!(page(vec![1, 2], 3).links.next.href, "/rebac/v1/groups?page=1&size=2");
        assert_eq!(page(vec![1, 2], 2).links.next.href, "");
    }
}
