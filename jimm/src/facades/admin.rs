//! `Admin`: the words of logging in. It is spoken before a connection knows who is there, so it is not in the table of
//! methods; `session::login` acts on what is read here.

use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::method::{decode, encode};
use crate::authn::DeviceLogin;
use crate::error::{Error, Kind, Result};
use crate::user_names;

/// The methods, all of them for before the login.
pub(crate) const METHODS: &[&str] = &[
    "LoginDevice",
    "GetDeviceSessionToken",
    "LoginWithSessionToken",
    "LoginWithClientCredentials",
    "LoginWithSessionCookie",
    "Login",
    "RedirectInfo",
];

/// A call of `Admin`.
#[derive(Debug)]
pub(crate) enum AdminCall {
    /// Begin a device flow.
    LoginDevice,
    /// Wait for the end of the device flow.
    GetDeviceSessionToken,
    /// Log in with a session token, which may be empty.
    LoginWithSessionToken(SecretString),
    /// Log in as a service account.
    LoginWithClientCredentials {
        /// The account's name.
        client_id: String,
        /// Its secret.
        client_secret: SecretString,
    },
    /// Log in with a browser's cookie.
    LoginWithSessionCookie,
    /// Log in with a tag, as agents do, and with nothing that is known here.
    Login {
        /// Who says to be there.
        auth_tag: String,
    },
    /// Log in with a name and a password, as libraries do that know nothing else: a service account with its secret, a
    /// person with a session token.
    LoginWithPassword {
        /// The user's name; service accounts may leave out their domain, which some libraries take in no name.
        user: String,
        /// The secret or the token.
        password: SecretString,
    },
}

#[derive(Deserialize)]
struct SessionTokenParams {
    #[serde(rename = "session-token", default)]
    session_token: Option<SecretString>,
}

#[derive(Deserialize)]
struct ClientCredentialsParams {
    #[serde(rename = "client-id", default)]
    client_id: Option<String>,
    #[serde(rename = "client-secret", default)]
    client_secret: Option<SecretString>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct LoginParams {
    #[serde(default)]
    auth_tag: Option<String>,
    #[serde(default)]
    credentials: Option<SecretString>,
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct LoginDeviceAnswer<'a> {
    verification_uri: &'a str,
    user_code: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct SessionTokenAnswer<'a> {
    session_token: &'a str,
}

impl AdminCall {
    /// Reads a call, of whichever version.
    pub(crate) fn read(version: u32, method: &str, params: &RawValue) -> Result<Self> {
        match method {
            "LoginDevice" => Ok(Self::LoginDevice),
            "GetDeviceSessionToken" => Ok(Self::GetDeviceSessionToken),
            "LoginWithSessionToken" => {
                let params: SessionTokenParams = decode(params)?;
                Ok(Self::LoginWithSessionToken(params.session_token.unwrap_or_default()))
            }
            "LoginWithClientCredentials" => {
                let params: ClientCredentialsParams = decode(params)?;
                Ok(Self::LoginWithClientCredentials {
                    client_id: params.client_id.unwrap_or_default(),
                    client_secret: params.client_secret.unwrap_or_default(),
                })
            }
            "LoginWithSessionCookie" => Ok(Self::LoginWithSessionCookie),
            "Login" => Ok(Self::with_password(decode(params)?)),
            "RedirectInfo" => Err(Error::new(Kind::NotSupported, "not redirected")),
            method => Err(Error::new(
                Kind::NotImplemented,
                format!("no such request - method Admin({version}).{method} is not implemented"),
            )),
        }
    }

    /// Whose name it is, is for the session to find out.
    fn with_password(params: LoginParams) -> Self {
        let tag = params.auth_tag.unwrap_or_default();
        let user = tag.strip_prefix("user-").filter(|user| !user.is_empty());
        let password = params.credentials.filter(|password| !password.expose_secret().is_empty());
        match (user, password) {
            (Some(user), Some(password)) => Self::LoginWithPassword { user: user.to_owned(), password },
            _ => Self::Login { auth_tag: tag },
        }
    }

    /// The label for metrics and logs.
    pub(crate) fn label(&self) -> &'static str {
        match self {
            Self::LoginDevice | Self::GetDeviceSessionToken => "device",
            Self::LoginWithSessionCookie => "session-cookie",
            Self::LoginWithSessionToken(_) => "session-token",
            Self::LoginWithClientCredentials { .. } => "client-credentials",
            Self::Login { .. } => "password",
            Self::LoginWithPassword { user, .. } => password_label(user),
        }
    }
}

/// What a name's password is: a person's session token, or a service account's secret.
pub(crate) fn password_label(user: &str) -> &'static str {
    if user_names::is_person(user) { "session-token" } else { "client-credentials" }
}

/// What everybody is told who comes with a password.
pub(crate) fn no_passwords() -> Error {
    Error::new(Kind::NotSupported, "JIMM does not support login from old clients")
}

/// The answer to `LoginDevice`.
pub(crate) fn device_answer(login: &DeviceLogin) -> Result<Box<RawValue>> {
    encode(&LoginDeviceAnswer { verification_uri: &login.verification_uri, user_code: &login.user_code })
}

/// The answer to `GetDeviceSessionToken`.
pub(crate) fn session_token_answer(session_token: &str) -> Result<Box<RawValue>> {
    encode(&SessionTokenAnswer { session_token })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(method: &str, params: &str) -> Result<AdminCall> {
        AdminCall::read(4, method, &RawValue::from_string(params.to_owned()).unwrap())
    }

    #[test]
    fn what_is_listed_is_there() {
        for method in METHODS {
            let code = read(method, "{}").map_or_else(|e| e.juju_code().to_owned(), |_| String::new());
            assert_ne!(code, "not implemented", "{method}");
        }
    }

    #[test]
    fn old_logins_get_the_documented_refusal() {
        let call = read("Login", r#"{"auth-tag":"user-admin","credentials":""}"#).unwrap();
        assert!(matches!(call, AdminCall::Login { auth_tag } if auth_tag == "user-admin"));
        let refusal = no_passwords().to_wire();
        assert_eq!(refusal.message, "JIMM does not support login from old clients");
        assert_eq!(refusal.code, "not supported");
        for params in [
            "{}",
            "null",
            r#"{"auth-tag":"machine-0","credentials":"pw"}"#,
            r#"{"auth-tag":"user-","credentials":"x"}"#,
        ] {
            assert!(matches!(read("Login", params), Ok(AdminCall::Login { .. })), "{params}");
        }
        assert_eq!(read("Logout", "{}").unwrap_err().juju_code(), "not implemented");
    }

    #[test]
    fn a_name_and_a_password_are_a_login() {
        for (user, label) in [
            ("alice@example.com", "session-token"),
            ("svc@serviceaccount", "client-credentials"),
            ("svc", "client-credentials"),
        ] {
            let call = read("Login", &format!(r#"{{"auth-tag":"user-{user}","credentials":"s3cret"}}"#)).unwrap();
            assert_eq!(call.label(), label);
            assert!(!format!("{call:?}").contains("s3cret"));
        }
    }

    #[test]
    fn a_token_may_be_missing_and_is_never_shown() {
        assert!(matches!(read("LoginWithSessionToken", "null"), Ok(AdminCall::LoginWithSessionToken(_))));
        let call = read("LoginWithSessionToken", r#"{"session-token":"s3cret"}"#).unwrap();
        assert!(!format!("{call:?}").contains("s3cret"));
        let call = read("LoginWithClientCredentials", r#"{"client-id":"id","client-secret":"s3cret"}"#).unwrap();
        assert!(!format!("{call:?}").contains("s3cret"));
    }
}
