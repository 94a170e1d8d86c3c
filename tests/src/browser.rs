//! A person's browser: it logs in by redirects, and keeps a cookie.

use anyhow::{Context, Result, ensure};
use reqwest::header::{COOKIE, LOCATION, SET_COOKIE};
use reqwest::redirect::Policy;
use reqwest::{Client, Response, StatusCode};

use crate::app::TestApp;

/// A client that trusts the broker, and follows no redirect by itself.
pub fn client(app: &TestApp) -> Result<Client> {
    trusting(&app.door.ca)
}

/// The same of any broker, by the certificate of its authority.
pub fn trusting(ca: &str) -> Result<Client> {
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let root = reqwest::Certificate::from_pem(ca.as_bytes())?;
    Ok(Client::builder().tls_certs_only([root]).redirect(Policy::none()).build()?)
}

/// Logs in: the cookie of the session, as it is sent back.
pub async fn session(app: &TestApp, client: &Client, email: &str) -> Result<String> {
    session_at(&app.door.address, &app.idp.approve_url(), client, email).await
}

/// The same at any broker, whose provider lets people agree at this URL.
pub async fn session_at(address: &str, approve_url: &str, client: &Client, email: &str) -> Result<String> {
    let begun = client.get(format!("https://{address}/auth/login")).send().await?;
    let agreed = client.post(format!("{approve_url}?email={email}")).send().await?;
    ensure!(agreed.status().is_success(), "the provider does not know {email}");
    let at_provider = client.get(header(&begun, &LOCATION)?).send().await?;
    let back = client.get(header(&at_provider, &LOCATION)?).header(COOKIE, cookie(&begun)?).send().await?;
    ensure!(back.status() == StatusCode::PERMANENT_REDIRECT, "{email} is not let in: {}", back.status());
    cookie(&back)
}

/// Who the broker says is logged in with this cookie: the status and the text.
pub async fn whoami(app: &TestApp, client: &Client, cookie: &str) -> Result<(StatusCode, String)> {
    let url = format!("https://{}/auth/whoami", app.door.address);
    let answer = client.get(url).header(COOKIE, cookie).send().await?;
    Ok((answer.status(), answer.text().await?))
}

fn header(answer: &Response, name: &reqwest::header::HeaderName) -> Result<String> {
    let value = answer.headers().get(name).with_context(|| format!("{} has no {name}", answer.url()))?;
    Ok(value.to_str()?.to_owned())
}

fn cookie(answer: &Response) -> Result<String> {
    let cookie = header(answer, &SET_COOKIE)?;
    Ok(cookie.split(';').next().unwrap_or_default().to_owned())
}
