//! Plain HTTP: charms up and down, and what a migration sends besides the model.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::{Bytes, BytesMut};
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use hyper::header::{AUTHORIZATION, CONTENT_TYPE};
use hyper::{Method, Request, Response, StatusCode};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::access::Caller;
use super::controller::Shared;
use super::fault::{Fault, Result};
use super::server::{Answer, plain};
use super::{auth, migration};

/// Largest body that is taken.
const LARGEST: usize = 1 << 30;
/// Largest archive of a charm that is kept; of larger ones only the name is.
const KEPT: usize = 64 << 20;
/// What stands before macaroons where other callers have `Basic` or `Bearer`.
const MACAROONS: &str = "Macaroons ";

pub(super) fn authorization(request: &Request<Incoming>) -> Option<String> {
    let value = |name: &str| Some(request.headers().get(name)?.to_str().ok()?.to_owned());
    value(AUTHORIZATION.as_str()).or_else(|| Some(format!("{MACAROONS}{}", value("Macaroons")?)))
}

/// Who a header speaks for: a token, macaroons, or a tag with its password.
pub(super) async fn caller(shared: &Shared, header: &str) -> Result<Caller> {
    if let Some(token) = header.strip_prefix("Bearer ") {
        return auth::token_caller(shared, token)
            .await
            .map_err(|f| if f.0.code.is_empty() { Fault::bad(format!("parsing jwt: {}", f.0.message)) } else { f });
    }
    if let Some(encoded) = header.strip_prefix(MACAROONS) {
        let slices: Option<Value> = STANDARD.decode(encoded).ok().and_then(|json| serde_json::from_slice(&json).ok());
        return auth::macaroon_caller(shared, &json!([slices]));
    }
    let basic =
        header.strip_prefix("Basic ").and_then(|b| STANDARD.decode(b).ok()).and_then(|b| String::from_utf8(b).ok());
    let (tag, password) =
        basic.as_deref().and_then(|b| b.split_once(':')).ok_or_else(|| Fault::bad("authorization header format"))?;
    let Some(user) = tag.strip_prefix("user-") else { return Err(Fault::bad(format!("{tag:?} is not a valid tag"))) };
    auth::local_user(shared, user, password)
}

pub(super) async fn serve(shared: &Shared, model: Option<Uuid>, path: &str, request: Request<Incoming>) -> Answer {
    let who = match authorization(&request) {
        Some(header) => caller(shared, &header).await,
        None => Err(Fault::new("no credentials provided", "no credentials provided")),
    };
    let who = match who {
        Ok(who) => who,
        Err(fault) => return plain(StatusCode::UNAUTHORIZED, &format!("authentication failed: {}\n", fault.0.message)),
    };
    let charm = path.strip_prefix("/charms/").map(str::to_owned);
    match (request.method().clone(), model, charm, path) {
        (Method::PUT, Some(uuid), Some(name), _) => put_charm(shared, uuid, &who, &name, request).await,
        (Method::GET, Some(_), Some(name), _) => get_charm(shared, &name),
        // 4.x has only the other form.
        (Method::POST, Some(uuid), None, "/charms") if !shared.shape().is_4() => {
            post_charm(shared, uuid, &who, request).await
        }
        (_, None, _, path) if path.starts_with("/migrate/") => match who.need_superuser(shared) {
            Ok(()) => migration::take_binary(shared, path, request).await,
            Err(_) => plain(StatusCode::FORBIDDEN, "authorization failed: permission denied\n"),
        },
        _ => plain(StatusCode::NOT_FOUND, "404 page not found\n"),
    }
}

/// The whole body of a request.
pub(super) async fn body_of(request: Request<Incoming>) -> Result<Bytes, Answer> {
    match Limited::new(request.into_body(), LARGEST).collect().await {
        Ok(body) => Ok(body.to_bytes()),
        Err(e) => {
            Err(json_answer(StatusCode::BAD_REQUEST, &json!({"error": e.to_string(), "error-code": "bad request"})))
        }
    }
}

/// The hash of a body, read as it comes, and the body if it can be kept.
async fn archive_of(request: Request<Incoming>) -> Result<(String, Bytes), Answer> {
    let (mut body, mut digest, mut kept) = (request.into_body(), Sha256::new(), BytesMut::new());
    while let Some(frame) = body.frame().await {
        let data = match frame {
            Ok(frame) => frame.into_data().unwrap_or_default(),
            // It was cut off: nobody is there to be told, and nothing is kept.
            Err(e) => {
                let refusal = json!({"error": e.to_string(), "error-code": "bad request"});
                return Err(json_answer(StatusCode::BAD_REQUEST, &refusal));
            }
        };
        digest.update(&data);
        if kept.len() + data.len() <= KEPT {
            kept.extend_from_slice(&data);
        }
    }
    Ok((hex::encode(digest.finalize()), kept.freeze()))
}

async fn put_charm(shared: &Shared, model: Uuid, who: &Caller, name: &str, request: Request<Incoming>) -> Answer {
    if who.need_model(shared, model, "write").is_err() {
        return plain(StatusCode::FORBIDDEN, "authorization failed: permission denied\n");
    }
    let wanted = request.headers().get("Juju-Curl").and_then(|v| v.to_str().ok()).unwrap_or_default().to_owned();
    let (hash, body) = match archive_of(request).await {
        Ok(archive) => archive,
        Err(answer) => return answer,
    };
    if !name.ends_with(&format!("-{}", &hash[..7])) {
        return json_answer(
            StatusCode::BAD_REQUEST,
            &json!({"error": "charm hash mismatch", "error-code": "bad request"}),
        );
    }
    let base = wanted
        .strip_prefix("local:")
        .unwrap_or(&wanted)
        .trim_end_matches(|c: char| c.is_ascii_digit())
        .trim_end_matches('-')
        .to_owned();
    with_curl(&keep(shared, &base, name, body))
}

/// The upload of clients before the one that names a hash: `?series=…`, the charm's name is in the archive.
async fn post_charm(shared: &Shared, model: Uuid, who: &Caller, request: Request<Incoming>) -> Answer {
    if who.need_model(shared, model, "write").is_err() {
        return plain(StatusCode::FORBIDDEN, "authorization failed: permission denied\n");
    }
    let body = match body_of(request).await {
        Ok(body) => body,
        Err(answer) => return answer,
    };
    let Some(base) = name_in(&body) else {
        let refusal =
            json!({"error": "cannot open charm archive: zip: not a valid zip file", "error-code": "bad request"});
        return json_answer(StatusCode::BAD_REQUEST, &refusal);
    };
    let name = format!("{base}-{}", &hex::encode(Sha256::digest(&body))[..7]);
    with_curl(&keep(shared, &base, &name, body))
}

/// The name that the metadata of an archive tells, if they are only stored in it.
fn name_in(archive: &[u8]) -> Option<String> {
    let text = archive.starts_with(b"PK").then(|| String::from_utf8_lossy(archive))?;
    let (_, name) = text.split_once("metadata.yamlname: ").or_else(|| text.split_once("\nname: "))?;
    Some(name.lines().next()?.trim().to_owned())
}

/// Keeps an archive as the newest revision of a local charm: its URL.
fn keep(shared: &Shared, base: &str, name: &str, body: Bytes) -> String {
    shared.change(|world| {
        let revision = world.charm_urls.get(base).map_or(0, |newest| newest + 1);
        let url = format!("local:{base}-{revision}");
        world.keep_charm(&url, name, body, shared.options.dir.as_deref());
        url
    })
}

pub(super) fn with_curl(url: &str) -> Answer {
    let mut answer = json_answer(StatusCode::OK, &json!({"charm-url": url}));
    if let Ok(value) = url.parse() {
        answer.headers_mut().insert("Juju-Curl", value);
    }
    answer
}

fn get_charm(shared: &Shared, name: &str) -> Answer {
    match shared.world().charms.get(name) {
        Some(body) => Response::new(Full::new(body.clone())),
        None => json_answer(
            StatusCode::NOT_FOUND,
            &json!({"error": format!("charm {name:?} not found"), "error-code": "not found"}),
        ),
    }
}

pub(super) fn json_answer(status: StatusCode, body: &Value) -> Answer {
    let mut answer = plain(status, &body.to_string());
    answer.headers_mut().insert(CONTENT_TYPE, hyper::header::HeaderValue::from_static("application/json"));
    answer
}
