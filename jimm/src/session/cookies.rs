//! The two cookies of a browser: one that lasts while it logs in elsewhere, and its session. What is in them is sealed.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::{HeaderMap, HeaderValue, header};
use secrecy::{ExposeSecret, SecretSlice, SecretString};

use crate::config::Config;
use crate::secrets::Sealer;

/// A cookie: its name, where it is sent, and with whose requests.
pub(crate) struct Cookie {
    name: &'static str,
    path: &'static str,
    same_site: &'static str,
}

/// What has to be remembered while the browser is at the identity provider.
pub(crate) const LOGIN: Cookie = Cookie { name: "jimm-oauth-state", path: "/auth/callback", same_site: "Lax" };

/// The session. Sent with requests of the dashboard's pages too, which are of another origin: see `origins`.
pub(crate) const SESSION: Cookie = Cookie { name: "jimm-browser-session", path: "/", same_site: "None" };

/// Larger cookies than this are not looked at; browsers send none.
const LONGEST: usize = 4096;

impl Cookie {
    /// `Set-Cookie` with this content, kept that long.
    pub(crate) fn set(&self, secrets: &Sealer, settings: &Config, content: &[u8], life: Duration) -> HeaderValue {
        let sealed = URL_SAFE_NO_PAD.encode(secrets.seal(&self.place(), content));
        self.header(settings, &sealed, life)
    }

    /// `Set-Cookie` that makes the browser forget it.
    pub(crate) fn clear(&self, settings: &Config) -> HeaderValue {
        self.header(settings, "", Duration::ZERO)
    }

    /// What the browser brought back, if it is ours.
    pub(crate) fn read(&self, secrets: &Sealer, headers: &HeaderMap) -> Option<SecretSlice<u8>> {
        let value = self.find(headers)?;
        self.open(secrets, &value)
    }

    /// The cookie as it was sent.
    pub(crate) fn find(&self, headers: &HeaderMap) -> Option<SecretString> {
        let values = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
        let mut pairs = values.flat_map(|value| value.split(';')).filter_map(|pair| pair.trim().split_once('='));
        let (_, value) = pairs.find(|(name, value)| *name == self.name && value.len() <= LONGEST)?;
        Some(value.to_owned().into())
    }

    /// What is in a cookie that was sent.
    pub(crate) fn open(&self, secrets: &Sealer, value: &SecretString) -> Option<SecretSlice<u8>> {
        let sealed = URL_SAFE_NO_PAD.decode(value.expose_secret()).ok()?;
        secrets.open(&self.place(), &sealed).ok()
    }

    fn place(&self) -> String {
        format!("cookie/{}", self.name)
    }

    fn header(&self, settings: &Config, value: &str, life: Duration) -> HeaderValue {
        let Self { name, path, same_site } = self;
        // Browsers take `SameSite=None` only with `Secure`.
        let (secure, same_site) = match (settings.session.secure_cookies, *same_site) {
            (true, same_site) => ("; Secure", same_site),
            (false, _) => ("", "Lax"),
        };
        let text =
            format!("{name}={value}; Path={path}; Max-Age={}; HttpOnly; SameSite={same_site}{secure}", life.as_secs());
        let mut header = HeaderValue::try_from(text).expect("base64 and our own words");
        header.set_sensitive(true);
        header
    }
}
