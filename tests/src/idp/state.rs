//! What the provider remembers: logins in progress, codes, tokens, and what it has been told to do wrong.

use std::collections::{HashMap, HashSet};
use std::time::{Duration, Instant};

use rand::Rng as _;

/// Deliberate misbehaviour.
#[derive(Clone, Debug, Default)]
pub struct Faults {
    /// Answer everything with 503.
    pub down: bool,
    /// Answer this many token requests with `slow_down`.
    pub slow_down: u32,
    /// Answer this many token requests with 500.
    pub token_errors: u32,
    /// Leave the id token out.
    pub no_id_token: bool,
    /// Leave the e-mail claim out of the id token.
    pub no_email: bool,
    /// Say that the e-mail address is not verified.
    pub email_unverified: bool,
    /// Issue id tokens to another audience.
    pub wrong_audience: bool,
    /// Issue id tokens that have expired.
    pub expired_tokens: bool,
    /// Put only the subject into id tokens, as the standard has it: the rest is told at the userinfo end point.
    pub lean_id_tokens: bool,
    /// Say at the userinfo end point that it is about somebody else.
    pub userinfo_of_another: bool,
    /// Answer at the userinfo end point with 500.
    pub userinfo_down: bool,
    /// Sign access tokens without groups in them.
    pub no_groups_in_access: bool,
    /// Issue tokens as a provider whose clock is so many seconds off.
    pub clock_off: i64,
    /// Issue id tokens as another issuer.
    pub wrong_issuer: bool,
    /// Refuse a client secret that comes in the header and in the body at once.
    pub strict_client_auth: bool,
}

/// Somebody who said yes.
#[derive(Clone, Debug, Default)]
pub(super) struct Person {
    pub(super) email: String,
    pub(super) groups: Vec<String>,
}

#[derive(Clone, Debug)]
pub(super) enum Verdict {
    Pending,
    Approved(Person),
    Denied,
}

#[derive(Clone, Debug)]
pub(super) struct DeviceLogin {
    pub(super) user_code: String,
    pub(super) client_id: String,
    pub(super) verdict: Verdict,
    pub(super) expires: Instant,
    pub(super) last_poll: Option<Instant>,
}

/// A browser that stands at the login page.
#[derive(Clone, Debug)]
pub(super) struct BrowserLogin {
    pub(super) id: String,
    pub(super) client_id: String,
    pub(super) redirect_uri: String,
    pub(super) state: Option<String>,
    pub(super) nonce: Option<String>,
    pub(super) challenge: Option<String>,
    pub(super) challenge_method: String,
}

/// An authorization code that waits to be redeemed.
#[derive(Clone, Debug)]
pub(super) struct Grant {
    pub(super) login: BrowserLogin,
    pub(super) person: Person,
    pub(super) expires: Instant,
}

#[derive(Default)]
pub(super) struct State {
    pub(super) devices: HashMap<String, DeviceLogin>,
    pub(super) browsers: Vec<BrowserLogin>,
    pub(super) codes: HashMap<String, Grant>,
    pub(super) refresh: HashMap<String, (Person, String)>,
    pub(super) access: HashMap<String, Person>,
    /// Service accounts and their secrets.
    pub(super) services: HashMap<String, String>,
    /// Who the next browser is, when the approval came first.
    pub(super) next_browser: Option<Person>,
    /// People who may log in no more.
    pub(super) disabled: HashSet<String>,
    /// Which devices, by what a person types, asked for their tokens, and when.
    pub(super) polls: Vec<(String, Instant)>,
    pub(super) faults: Faults,
}

impl State {
    pub(super) fn start_device(&mut self, client_id: &str, life: Duration) -> (String, String) {
        let device_code = secret();
        let user_code = user_code();
        let login = DeviceLogin {
            user_code: user_code.clone(),
            client_id: client_id.to_owned(),
            verdict: Verdict::Pending,
            expires: Instant::now() + life,
            last_poll: None,
        };
        self.devices.retain(|_, login| login.expires > Instant::now());
        self.devices.insert(device_code.clone(), login);
        (device_code, user_code)
    }

    /// The device login a person typed the code of.
    pub(super) fn device_by_user_code(&mut self, typed: &str) -> Option<&mut DeviceLogin> {
        let plain = |code: &str| code.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_uppercase();
        let wanted = plain(typed);
        self.devices.values_mut().find(|login| plain(&login.user_code) == wanted)
    }

    /// Takes a waiting browser: this one, or the one that came last.
    pub(super) fn take_browser(&mut self, id: Option<&str>) -> Option<BrowserLogin> {
        let at = match id {
            Some(id) => self.browsers.iter().position(|login| login.id == id || login.state.as_deref() == Some(id))?,
            None => self.browsers.len().checked_sub(1)?,
        };
        Some(self.browsers.remove(at))
    }

    /// Makes a code and the address that carries it back to the client.
    pub(super) fn grant(&mut self, login: BrowserLogin, person: Person) -> String {
        let code = secret();
        let back = back_to(&login, &[("code", &code)]);
        let expires = Instant::now() + Duration::from_secs(120);
        self.codes.insert(code, Grant { login, person, expires });
        back
    }
}

/// The client's redirect address with these answers and its state.
pub(super) fn back_to(login: &BrowserLogin, answers: &[(&str, &str)]) -> String {
    let Ok(mut url) = url::Url::parse(&login.redirect_uri) else { return login.redirect_uri.clone() };
    url.query_pairs_mut().extend_pairs(answers);
    if let Some(state) = &login.state {
        url.query_pairs_mut().append_pair("state", state);
    }
    url.into()
}

/// Something nobody guesses.
pub(super) fn secret() -> String {
    hex::encode(rand::rng().random::<[u8; 24]>())
}

fn user_code() -> String {
    const LETTERS: &[u8] = b"BCDFGHJKLMNPQRSTVWXZ";
    let mut rng = rand::rng();
    let mut four = || (0..4).map(|_| char::from(LETTERS[rng.random_range(0..LETTERS.len())])).collect::<String>();
    format!("{}-{}", four(), four())
}
