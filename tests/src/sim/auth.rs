//! Logins: passwords of the controller's own users, agents, and tokens verified by a published key set.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use anyhow::Result as Anyhow;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jsonwebtoken::jwk::{Jwk, JwkSet};
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::Mutex;
use uuid::Uuid;

use super::access::Caller;
use super::controller::Shared;
use super::facade_list;
use super::fault::{Fault, Result, text};

/// The published keys, fetched when first needed and seldom again: an unknown key id is no reason to look.
pub(super) struct KeySet {
    url: Option<String>,
    client: reqwest::Client,
    refresh: Duration,
    kept: Mutex<Option<(Instant, JwkSet)>>,
}

#[derive(Deserialize)]
struct Claims {
    #[serde(default)]
    sub: String,
    #[serde(default)]
    access: BTreeMap<String, String>,
    exp: Option<i64>,
    nbf: Option<i64>,
    iat: Option<i64>,
}

impl KeySet {
    pub(super) fn new(url: Option<String>, ca: Option<String>, refresh: Duration) -> Anyhow<Self> {
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let mut builder =
            reqwest::Client::builder().timeout(Duration::from_secs(30)).redirect(reqwest::redirect::Policy::none());
        if let Some(pem) = ca {
            builder = builder.tls_certs_only([reqwest::Certificate::from_pem(pem.as_bytes())?]);
        }
        Ok(Self { url, client: builder.build()?, refresh, kept: Mutex::default() })
    }

    /// Asks whoever publishes the keys.
    pub(super) fn client(&self) -> &reqwest::Client {
        &self.client
    }

    async fn keys(&self, unreachable: bool) -> Result<JwkSet, String> {
        let Some(url) = &self.url else { return Err("failed to authenticate request: unauthorized".to_owned()) };
        if unreachable {
            return Err(format!("refreshing jwt key: Get {url:?}: dial tcp: connection refused"));
        }
        let mut kept = self.kept.lock().await;
        if let Some((at, set)) = kept.as_ref()
            && at.elapsed() < self.refresh
        {
            return Ok(set.clone());
        }
        let fetched = async { self.client.get(url).send().await?.error_for_status()?.json::<JwkSet>().await };
        let set = fetched.await.map_err(|e| format!("refreshing jwt key: {e}"))?;
        *kept = Some((Instant::now(), set.clone()));
        Ok(set)
    }

    /// Verifies the base64 of a compact token as real controllers do: issuer and audience are not looked at.
    async fn verify(&self, token: &str, now: i64, unreachable: bool) -> Result<Claims, String> {
        let compact = STANDARD.decode(token).map_err(|e| format!("invalid jwt authToken in request: {e}"))?;
        let keys = self.keys(unreachable).await?;
        let header = jsonwebtoken::decode_header(&compact).map_err(|e| e.to_string())?;
        let kid = header
            .kid
            .ok_or("key provider 0 failed: failed to find matching key: no key ID (\"kid\") specified in token")?;
        let jwk = keys
            .find(&kid)
            .ok_or(format!("key provider 0 failed: failed to find key with key ID {kid:?} in key set"))?;
        let algorithm = algorithm_of(jwk).ok_or("the key in the key set has no algorithm")?;
        let mut validation = Validation::new(algorithm);
        validation.required_spec_claims.clear();
        validation.validate_exp = false;
        validation.validate_aud = false;
        let key = DecodingKey::from_jwk(jwk).map_err(|e| e.to_string())?;
        let claims: Claims = jsonwebtoken::decode(&compact, &key, &validation).map_err(|e| e.to_string())?.claims;
        for (name, passed) in [
            ("exp", claims.exp.is_none_or(|exp| exp > now)),
            ("nbf", claims.nbf.is_none_or(|nbf| nbf <= now)),
            ("iat", claims.iat.is_none_or(|iat| iat <= now)),
        ] {
            if !passed {
                return Err(format!("{name:?} not satisfied"));
            }
        }
        if !claims.sub.starts_with("user-") {
            return Err(format!("invalid user tag in authToken: {:?} is not a valid tag", claims.sub));
        }
        Ok(claims)
    }
}

fn algorithm_of(jwk: &Jwk) -> Option<Algorithm> {
    jwk.common.key_algorithm?.to_string().parse().ok()
}

/// Who a token speaks for. Without a claim for the controller it opens nothing.
pub(super) async fn token_caller(shared: &Shared, token: &str) -> Result<Caller> {
    let unreachable = shared.failures.is_on("jwks-unreachable");
    let claims = shared.keys.verify(token, shared.now().0.timestamp(), unreachable).await.map_err(Fault::bad)?;
    for (tag, level) in &claims.access {
        known_level(tag, level)?;
    }
    let controller = format!("controller-{}", shared.uuid);
    if !claims.access.contains_key(&controller) {
        return Err(Fault::denied());
    }
    let user = claims.sub.strip_prefix("user-").unwrap_or_default().to_owned();
    if shared.shape().is_4() && !user.contains('@') {
        let text = format!("ensuring external user {user:?}: cannot ensure local user {user:?} as external");
        return Err(Fault::new(text, "not valid"));
    }
    Ok(Caller::Token { user, access: claims.access })
}

/// A level that its kind of tag does not know makes the whole token worthless.
fn known_level(tag: &str, level: &str) -> Result<()> {
    let (kind, levels): (&str, &[&str]) = match tag.split('-').next().unwrap_or_default() {
        "controller" => ("controller", &["login", "superuser"]),
        "model" => ("model", &["read", "write", "admin"]),
        "cloud" => ("cloud", &["add-model", "admin"]),
        "applicationoffer" => ("offer", &["read", "consume", "admin"]),
        _ => return Err(Fault::bad(format!("{tag:?} is not a valid tag"))),
    };
    if levels.contains(&level) { Ok(()) } else { Err(Fault::bad(format!("{level:?} {kind} access not valid"))) }
}

/// `Admin(3).Login`.
pub(super) async fn login(shared: &Shared, model: Option<Uuid>, params: &Value) -> Result<(Caller, Value)> {
    if let Some(uuid) = model {
        model_is_here(shared, uuid, params)?;
    }
    if shared.failures.is_on("refuse-logins") {
        return Err(wrong());
    }
    let token = text(params, "token");
    let caller = if token.is_empty() {
        password_caller(shared, model, params)?
    } else {
        token_caller(shared, token).await.map_err(|f| if f.0.code.is_empty() { prefixed(&f) } else { f })?
    };
    if let Some(uuid) = model
        && shared.world().models.get(&uuid).is_some_and(|m| m.importing)
        && !matches!(caller, Caller::Agent(_))
    {
        return Err(Fault::bad("migration in progress, model is importing"));
    }
    let result = login_result(shared, model, &caller);
    Ok((caller, result))
}

fn prefixed(fault: &Fault) -> Fault {
    Fault::bad(format!("parsing login access token: {}", fault.0.message))
}

fn model_is_here(shared: &Shared, uuid: Uuid, params: &Value) -> Result<()> {
    let world = shared.world();
    if world.models.contains_key(&uuid) {
        return Ok(());
    }
    let Some(redirect) = world.gone.get(&uuid) else {
        return Err(Fault::new(format!("unknown model: \"{uuid}\""), "model not found"));
    };
    if !text(params, "token").is_empty() && shared.shape() == super::Shape::V36 {
        return Err(wrong());
    }
    let mut fault = Fault::new("redirection to alternative server required", "redirection required");
    let servers: Vec<Value> = redirect.addresses.iter().map(|a| host_port(a)).collect();
    fault.0.info.insert("servers".into(), json!([servers]));
    fault.0.info.insert("ca-cert".into(), json!(redirect.ca_cert));
    fault.0.info.insert("controller-tag".into(), json!(redirect.controller_tag));
    fault.0.info.insert("controller-alias".into(), json!(redirect.controller_alias));
    Err(fault)
}

fn password_caller(shared: &Shared, model: Option<Uuid>, params: &Value) -> Result<Caller> {
    let tag = text(params, "auth-tag");
    if let Some(name) = tag.strip_prefix("user-") {
        let password = text(params, "credentials");
        if name == "jujuanonymous" && password.is_empty() && model.is_some() {
            return Ok(Caller::Anonymous);
        }
        let macaroons = params.get("macaroons").filter(|m| m.as_array().is_some_and(|m| !m.is_empty()));
        return match macaroons.filter(|_| password.is_empty()) {
            Some(macaroons) => macaroon_caller(shared, macaroons),
            None => local_user(shared, name, password),
        };
    }
    let agent = (tag.starts_with("machine-") || tag.starts_with("unit-")) && !text(params, "nonce").is_empty();
    if agent && model.is_some() { Ok(Caller::Agent(tag.to_owned())) } else { Err(wrong()) }
}

fn wrong() -> Fault {
    Fault::new("invalid entity name or password", "unauthorized access")
}

/// A user of the controller's own, by password.
pub(super) fn local_user(shared: &Shared, name: &str, password: &str) -> Result<Caller> {
    let refused = shared.failures.is_on("password-refused");
    let superuser = name == shared.options.user && password == shared.options.password && !refused;
    let known = superuser || shared.world().users.get(name).is_some_and(|kept| kept == password);
    if known { Ok(Caller::Local(name.to_owned())) } else { Err(wrong()) }
}

/// The user to whom one of these macaroons (a list of lists) was handed out.
pub(super) fn macaroon_caller(shared: &Shared, macaroons: &Value) -> Result<Caller> {
    let lists = macaroons.as_array().into_iter().flatten().filter_map(Value::as_array).flatten();
    let world = shared.world();
    let user = lists.into_iter().find_map(|m| world.macaroons.get(text(m, "identifier")));
    user.map(|user| Caller::Local(user.clone())).ok_or_else(wrong)
}

fn login_result(shared: &Shared, model: Option<Uuid>, caller: &Caller) -> Value {
    let model_access = model.map(|uuid| caller.model_access(shared, uuid)).unwrap_or_default();
    let mut result = json!({
        "servers": [[host_port(&shared.address.to_string())]],
        "controller-tag": shared.tag(),
        "user-info": {
            "display-name": caller.name(),
            "identity": format!("user-{}", caller.name()),
            "controller-access": caller.controller_access(shared),
            "model-access": model_access,
        },
        "facades": facade_list::for_login(shared.shape(), model.is_some()),
        "server-version": shared.version,
    });
    if let (Some(uuid), Some(map)) = (model, result.as_object_mut()) {
        map.insert("model-tag".into(), json!(format!("model-{uuid}")));
    }
    result
}

pub(super) fn host_port(address: &str) -> Value {
    let (host, port) = address.rsplit_once(':').unwrap_or((address, "17070"));
    let port: u16 = port.parse().unwrap_or_default();
    json!({"value": host, "type": "ipv4", "scope": "local-cloud", "port": port})
}
