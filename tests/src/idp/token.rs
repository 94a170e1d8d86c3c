//! The token end point: who asks, for which grant, and the tokens they get.

use std::collections::HashMap;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use axum::http::{HeaderMap, StatusCode, header};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::server::Shared;
use super::state::{Person, Verdict, secret};

const DEVICE_GRANT: &str = "urn:ietf:params:oauth:grant-type:device_code";
const TOKEN_LIFE: u64 = 3600;

/// An OAuth error: the code, and a status.
pub(super) struct Refusal(pub(super) StatusCode, pub(super) &'static str);

type Form = HashMap<String, String>;

/// The client's id and secret, from the header or from the body.
pub(super) fn client(headers: &HeaderMap, form: &Form) -> Option<(String, String)> {
    let basic = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    if let Some(encoded) = basic.and_then(|value| value.strip_prefix("Basic ")) {
        let decoded = String::from_utf8(STANDARD.decode(encoded.trim()).ok()?).ok()?;
        let (id, secret) = decoded.split_once(':')?;
        let plain = |text: &str| {
            let pair = format!("v={text}");
            url::form_urlencoded::parse(pair.as_bytes()).next().map(|(_, value)| value.into_owned())
        };
        return Some((plain(id)?, plain(secret)?));
    }
    Some((form.get("client_id")?.clone(), form.get("client_secret").cloned().unwrap_or_default()))
}

/// Answers a token request.
pub(super) fn answer(shared: &Shared, headers: &HeaderMap, form: &Form) -> Result<Value, Refusal> {
    {
        let mut state = shared.state();
        if state.faults.token_errors > 0 {
            state.faults.token_errors -= 1;
            return Err(Refusal(StatusCode::INTERNAL_SERVER_ERROR, "server_error"));
        }
        if state.faults.slow_down > 0 {
            state.faults.slow_down -= 1;
            return Err(Refusal(StatusCode::BAD_REQUEST, "slow_down"));
        }
        if state.faults.strict_client_auth
            && headers.contains_key(header::AUTHORIZATION)
            && form.contains_key("client_secret")
        {
            return Err(Refusal(StatusCode::BAD_REQUEST, "invalid_request"));
        }
    }
    let invalid_client = || Refusal(StatusCode::UNAUTHORIZED, "invalid_client");
    let (id, secret) = client(headers, form).ok_or_else(invalid_client)?;
    let grant = form.get("grant_type").map(String::as_str).unwrap_or_default();
    if grant == "client_credentials" {
        let known = shared.state().services.get(&id).is_some_and(|known| *known == secret);
        let person = Person { email: id.clone(), groups: Vec::new() };
        return if known { tokens(shared, &id, &person, None, false) } else { Err(invalid_client()) };
    }
    if !shared.knows_client(&id, &secret) {
        return Err(invalid_client());
    }
    let invalid_grant = || Refusal(StatusCode::BAD_REQUEST, "invalid_grant");
    match grant {
        DEVICE_GRANT => {
            let person = poll(shared, &id, form.get("device_code").ok_or_else(invalid_grant)?)?;
            tokens(shared, &id, &person, None, true)
        }
        "authorization_code" => {
            let code = form.get("code").ok_or_else(invalid_grant)?;
            let granted = shared.state().codes.remove(code).ok_or_else(invalid_grant)?;
            let login = &granted.login;
            let same = login.client_id == id && form.get("redirect_uri") == Some(&login.redirect_uri);
            if !same
                || granted.expires < Instant::now()
                || !proves(form, login.challenge.as_deref(), &login.challenge_method)
            {
                return Err(invalid_grant());
            }
            tokens(shared, &id, &granted.person, login.nonce.as_deref(), true)
        }
        "refresh_token" => {
            let token = form.get("refresh_token").ok_or_else(invalid_grant)?;
            let (person, owner) = shared.state().refresh.remove(token).ok_or_else(invalid_grant)?;
            if owner != id || shared.state().disabled.contains(&person.email) {
                return Err(invalid_grant());
            }
            tokens(shared, &id, &person, None, true)
        }
        _ => Err(Refusal(StatusCode::BAD_REQUEST, "unsupported_grant_type")),
    }
}

fn poll(shared: &Shared, client_id: &str, device_code: &str) -> Result<Person, Refusal> {
    let bad = |code| Refusal(StatusCode::BAD_REQUEST, code);
    let mut state = shared.state();
    let now = Instant::now();
    if let Some(login) = state.devices.get(device_code) {
        let code = login.user_code.clone();
        state.polls.push((code, now));
    }
    let login = state.devices.get_mut(device_code).filter(|login| login.client_id == client_id);
    let login = login.ok_or(bad("invalid_grant"))?;
    if login.expires <= now {
        state.devices.remove(device_code);
        return Err(bad("expired_token"));
    }
    // Half the interval is grace: clients count from their answer, we from our request.
    let too_fast = login.last_poll.is_some_and(|last| now - last < shared.interval() / 2);
    login.last_poll = Some(now);
    match login.verdict.clone() {
        Verdict::Pending if too_fast => Err(bad("slow_down")),
        Verdict::Pending => Err(bad("authorization_pending")),
        Verdict::Denied => {
            state.devices.remove(device_code);
            Err(bad("access_denied"))
        }
        Verdict::Approved(person) => {
            state.devices.remove(device_code);
            Ok(person)
        }
    }
}

/// Whether the verifier fits the challenge (RFC 7636).
fn proves(form: &Form, challenge: Option<&str>, method: &str) -> bool {
    let verifier = form.get("code_verifier").map(String::as_str);
    match (challenge, verifier) {
        (None, _) => true,
        (Some(challenge), Some(verifier)) if method == "S256" => {
            URL_SAFE_NO_PAD.encode(Sha256::digest(verifier.as_bytes())) == challenge
        }
        (Some(challenge), Some(verifier)) => challenge == verifier,
        (Some(_), None) => false,
    }
}

/// What a person is called for ever.
pub(super) fn subject(email: &str) -> String {
    hex::encode(&Sha256::digest(email.as_bytes())[..12])
}

fn tokens(
    shared: &Shared,
    client_id: &str,
    person: &Person,
    nonce: Option<&str>,
    human: bool,
) -> Result<Value, Refusal> {
    let broken = |_| Refusal(StatusCode::INTERNAL_SERVER_ERROR, "server_error");
    let mut state = shared.state();
    let faults = state.faults.clone();
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO).as_secs();
    let now = now.saturating_add_signed(faults.clock_off);
    let expires = if faults.expired_tokens { now - TOKEN_LIFE } else { now + TOKEN_LIFE };
    let subject = subject(&person.email);
    let mut access = json!({
        "iss": shared.issuer(), "sub": subject, "aud": client_id, "azp": client_id, "jti": secret(),
        "iat": now, "exp": now + TOKEN_LIFE, "scope": "openid profile email",
    });
    if !person.groups.is_empty() && !faults.no_groups_in_access {
        access["groups"] = json!(person.groups);
    }
    let access_token = shared.sign(&access).map_err(broken)?;
    state.access.insert(access_token.clone(), person.clone());
    let mut answer = json!({
        "access_token": access_token, "token_type": "Bearer", "expires_in": TOKEN_LIFE, "scope": "openid profile email",
    });
    if !human {
        return Ok(answer);
    }
    let refresh = secret();
    state.refresh.insert(refresh.clone(), (person.clone(), client_id.to_owned()));
    answer["refresh_token"] = json!(refresh);
    let name = person.email.split('@').next().unwrap_or_default();
    let audience = if faults.wrong_audience { "somebody-else" } else { client_id };
    let mut id = json!({
        "iss": shared.issuer(), "sub": subject, "aud": audience, "iat": now, "exp": expires, "auth_time": now,
        "name": name, "preferred_username": name, "email": person.email, "email_verified": !faults.email_unverified,
        "upn": format!("{name}@corp.example.com"),
    });
    if let Some(nonce) = nonce {
        id["nonce"] = json!(nonce);
    }
    if !person.groups.is_empty() {
        id["groups"] = json!(person.groups);
    }
    if faults.wrong_issuer {
        id["iss"] = json!("https://somebody-else.example.com");
    }
    if let (true, Some(claims)) = (faults.no_email, id.as_object_mut()) {
        claims.remove("email");
    }
    if let (true, Some(claims)) = (faults.lean_id_tokens, id.as_object_mut()) {
        for name in ["name", "preferred_username", "email", "email_verified", "groups"] {
            claims.remove(name);
        }
    }
    if !faults.no_id_token {
        answer["id_token"] = json!(shared.sign(&id).map_err(broken)?);
    }
    Ok(answer)
}
