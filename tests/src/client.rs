//! Clients of the broker and of controllers: logging in as people, service accounts and superusers do.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use jimm_proto::params::admin::{LoginRequest, LoginResult};
use jimm_rpc::{Connection, DialOptions, JUJU_SERVER_NAME, Target, Tls};
use serde::Deserialize;
use serde_json::json;

const DEADLINE: Duration = Duration::from_secs(30);

/// Where to connect, and whom to trust.
#[derive(Clone, Debug)]
pub struct Door {
    /// `host:port`.
    pub address: String,
    /// The CA's certificate.
    pub ca: String,
}

impl Door {
    /// An open connection to a path, not logged in.
    pub async fn dial(&self, path: &str) -> Result<Connection> {
        let tls = Tls::Ca { pem: self.ca.clone(), server_name: JUJU_SERVER_NAME.to_owned() };
        let target = Target { addresses: vec![self.address.clone()], path: path.to_owned(), tls };
        jimm_rpc::dial(&target, &DialOptions::default())
            .await
            .with_context(|| format!("{} does not answer", self.address))
    }

    /// A connection to `/api`, logged in with a session token.
    pub async fn with_token(&self, token: &str) -> Result<(Connection, LoginResult)> {
        self.with_token_at("/api", token).await
    }

    /// A connection to a model, logged in with a session token.
    pub async fn to_model(&self, uuid: &str, token: &str) -> Result<(Connection, LoginResult)> {
        self.with_token_at(&format!("/model/{uuid}/api"), token).await
    }

    async fn with_token_at(&self, path: &str, token: &str) -> Result<(Connection, LoginResult)> {
        let connection = self.dial(path).await?;
        let params = json!({"session-token": token});
        let login = connection.call("Admin", 4, "LoginWithSessionToken", &params, DEADLINE).await?;
        Ok((connection, login))
    }

    /// A connection to `/api`, logged in as a service account.
    pub async fn with_credentials(&self, id: &str, secret: &str) -> Result<(Connection, LoginResult)> {
        let connection = self.dial("/api").await?;
        let params = json!({"client-id": id, "client-secret": secret});
        let login = connection.call("Admin", 4, "LoginWithClientCredentials", &params, DEADLINE).await?;
        Ok((connection, login))
    }

    /// A connection to a plain controller, logged in as one of its local users.
    pub async fn with_password(&self, path: &str, user: &str, password: &str) -> Result<(Connection, LoginResult)> {
        let connection = self.dial(path).await?;
        let request = LoginRequest {
            auth_tag: format!("user-{user}"),
            credentials: password.to_owned(),
            client_version: "3.6.11".to_owned(),
            ..LoginRequest::default()
        };
        let login = jimm_rpc::login(&connection, &request, DEADLINE).await?;
        Ok((connection, login))
    }

    /// Goes through the device flow; `approve` is given the code that a person would type.
    pub async fn device_login<F, Fut>(&self, approve: F) -> Result<String>
    where
        F: FnOnce(String) -> Fut,
        Fut: Future<Output = Result<()>>,
    {
        #[derive(Deserialize)]
        #[serde(rename_all = "kebab-case")]
        struct Device {
            user_code: String,
        }
        #[derive(Deserialize)]
        #[serde(rename_all = "kebab-case")]
        struct Token {
            session_token: String,
        }
        let connection = self.dial("/api").await?;
        let device: Device = connection.call("Admin", 4, "LoginDevice", &json!({}), DEADLINE).await?;
        approve(device.user_code).await?;
        let token: Token = connection.call("Admin", 4, "GetDeviceSessionToken", &json!({}), DEADLINE).await?;
        connection.close();
        Ok(token.session_token)
    }
}

/// Tells the simulated provider, over HTTP, that this person approves.
pub async fn approve(approve_url: &str, user_code: &str, email: &str) -> Result<()> {
    let mut url = url::Url::parse(approve_url)?;
    url.query_pairs_mut().append_pair("user_code", user_code).append_pair("email", email);
    let port = url.port().context("the provider's URL has a port")?;
    let path = format!("{}?{}", url.path(), url.query().unwrap_or_default());
    let answer = tokio::task::spawn_blocking(move || crate::process::http_get(port, &path)).await?;
    let (status, body) = answer.context("the identity provider does not answer")?;
    ensure!(status == 200, "the identity provider refuses: {}", body.trim());
    Ok(())
}
