//! Browsers: the way to the identity provider and back, the session in a cookie, and whose pages may use it.

use http::header::{COOKIE, LOCATION, ORIGIN, SET_COOKIE};
use http::{HeaderValue, Method, StatusCode};
use jimm_rpc::{DialOptions, Target, Tls};
use jimm_tests::idp::Idp;
use serde_json::{Value, json};

use crate::support::{ADMIN, ALICE, DEADLINE, World};

pub(crate) const DASHBOARD: &str = "https://dashboard.example.com";
pub(crate) const WITH_BROWSERS: &[(&str, &str)] =
    &[("JIMM_DASHBOARD_FINAL_REDIRECT_URL", "https://dashboard.example.com/"), ("CORS_ALLOWED_ORIGINS", DASHBOARD)];

/// A browser that follows nothing by itself.
pub(crate) struct Browser {
    http: reqwest::Client,
}

impl Browser {
    pub(crate) fn new() -> Self {
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let http = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().expect("a client");
        Self { http }
    }

    pub(crate) async fn get(&self, url: &str, cookie: &str) -> reqwest::Response {
        self.http.get(url).header(COOKIE, cookie).send().await.expect("an answer")
    }

    pub(crate) fn request(&self, method: Method, url: &str) -> reqwest::RequestBuilder {
        self.http.request(method, url)
    }

    /// Begins a login, and lets the person agree at the provider: the cookie of the login, and what comes back with.
    async fn to_provider_and_back(&self, world: &World, person: &str) -> (String, String) {
        let begun = self.get(&world.http("/auth/login"), "").await;
        assert_eq!(begun.status(), StatusCode::TEMPORARY_REDIRECT);
        let cookie = cookie_of(&begun);
        approve(&world.idp, self, person).await;
        let provider = location(&begun);
        let back = location(&self.get(&provider, "").await);
        let query = back.strip_prefix("https://jimm.example.com/auth/callback?").expect(&back);
        (cookie, query.to_owned())
    }

    /// Logs in: the cookie of the session.
    pub(crate) async fn log_in(&self, world: &World, person: &str) -> String {
        let (cookie, target) = self.logged_in(world, person).await;
        assert_eq!(target, "https://dashboard.example.com/");
        cookie
    }

    /// Logs in: where the browser is sent then.
    pub(crate) async fn log_in_to(&self, world: &World, person: &str) -> String {
        self.logged_in(world, person).await.1
    }

    async fn logged_in(&self, world: &World, person: &str) -> (String, String) {
        let (cookie, query) = self.to_provider_and_back(world, person).await;
        let done = self.get(&world.http(&format!("/auth/callback?{query}")), &cookie).await;
        assert_eq!(done.status(), StatusCode::PERMANENT_REDIRECT);
        (cookie_of(&done), location(&done))
    }

    async fn whoami(&self, world: &World, cookie: &str) -> (StatusCode, String) {
        let answer = self.get(&world.http("/auth/whoami"), cookie).await;
        (answer.status(), answer.text().await.expect("a text"))
    }
}

/// The next browser at the provider is this person's, who agrees.
async fn approve(idp: &Idp, browser: &Browser, person: &str) {
    let url = format!("{}?email={person}", idp.approve_url());
    assert!(browser.http.post(url).send().await.expect("an answer").status().is_success());
}

fn location(response: &reqwest::Response) -> String {
    response.headers()[LOCATION].to_str().expect("text").to_owned()
}

/// The first cookie that is set, as it is sent again.
fn cookie_of(response: &reqwest::Response) -> String {
    let set = response.headers()[SET_COOKIE].to_str().expect("text");
    set.split(';').next().expect("a pair").to_owned()
}

#[tokio::test]
async fn a_browser_logs_in_uses_its_session_and_logs_out() {
    let world = World::with(WITH_BROWSERS).await;
    let browser = Browser::new();
    assert_eq!(browser.whoami(&world, "").await.0, StatusCode::FORBIDDEN);

    let begun = browser.get(&world.http("/auth/login"), "").await;
    let set = begun.headers()[SET_COOKIE].to_str().expect("text").to_owned();
    for part in
        ["jimm-oauth-state=", "; Path=/auth/callback;", "; Max-Age=900;", "; HttpOnly;", "; SameSite=Lax", "; Secure"]
    {
        assert!(set.contains(part), "{part} is not in {set}");
    }
    let url = location(&begun);
    for part in [
        "code_challenge=",
        "code_challenge_method=S256",
        "nonce=",
        "state=",
        "redirect_uri=https%3A%2F%2Fjimm.example.com%2Fauth%2Fcallback",
    ] {
        assert!(url.contains(part), "{part} is not in {url}");
    }

    let cookie = browser.log_in(&world, ALICE).await;
    assert!(!cookie.contains("alice"), "what is in it is sealed");
    let answer = browser.get(&world.http("/auth/whoami"), &cookie).await;
    let renewed = answer.headers()[SET_COOKIE].to_str().expect("text").to_owned();
    for part in ["jimm-browser-session=", "; Path=/;", "; HttpOnly;", "; SameSite=None", "; Secure"] {
        assert!(renewed.contains(part), "{part} is not in {renewed}");
    }
    let told: Value = answer.json().await.expect("JSON");
    assert_eq!(told["email"], ALICE);
    assert!(told["display-name"].is_string(), "{told}");

    // The websockets take it.
    let headers = || vec![(COOKIE, HeaderValue::from_str(&cookie).expect("a header"))];
    let mut api = world.open("/api", headers()).await;
    let login = api.ok("Admin(4).LoginWithSessionCookie", json!(null)).await;
    assert_eq!(login["user-info"]["identity"], format!("user-{ALICE}"));
    let model = world.model().await;
    let mut on_model = world.open(&format!("/model/{model}/api"), headers()).await;
    on_model.ok("Admin(4).LoginWithSessionCookie", json!({})).await;
    on_model.ok("Client(8).FullStatus", json!({})).await;
    let mut without = world.open("/api", Vec::new()).await;
    let error = without.error("Admin(4).LoginWithSessionCookie", json!({})).await;
    assert!(error.contains("missing cookie identity"), "{error}");

    let out = browser.get(&world.http("/auth/logout"), &cookie).await;
    assert_eq!(out.status(), StatusCode::OK);
    assert!(out.headers()[SET_COOKIE].to_str().expect("text").contains("Max-Age=0"));
    assert_eq!(browser.whoami(&world, &cookie).await.0, StatusCode::FORBIDDEN, "a cookie that was kept is dead");
    assert_eq!(browser.whoami(&world, &cookie_of(&answer_again(&renewed))).await.0, StatusCode::FORBIDDEN);
    tokio::time::timeout(DEADLINE, async { (api.closed().await, on_model.closed().await) }).await.expect("both end");
    assert_eq!(browser.get(&world.http("/auth/logout"), &cookie).await.status(), StatusCode::FORBIDDEN);
}

/// A response that sets this cookie.
fn answer_again(set: &str) -> reqwest::Response {
    http::Response::builder().header(SET_COOKIE, set).body("").expect("a response").into()
}

#[tokio::test]
async fn a_return_that_is_not_ours_logs_nobody_in() {
    let world = World::with(WITH_BROWSERS).await;
    let browser = Browser::new();
    let callback = async |query: &str, cookie: &str| {
        let answer = browser.get(&world.http(&format!("/auth/callback?{query}")), cookie).await;
        assert!(
            !answer
                .headers()
                .get_all(SET_COOKIE)
                .iter()
                .any(|set| { set.to_str().is_ok_and(|set| set.starts_with("jimm-browser-session=")) })
        );
        (answer.status(), answer.text().await.expect("a text"))
    };
    let refused = |answer: (StatusCode, String), told: &str| {
        assert!(answer.0 == StatusCode::FORBIDDEN && answer.1.contains(told), "{answer:?}");
    };
    let (cookie, query) = browser.to_provider_and_back(&world, ALICE).await;
    let (of_another, _) = browser.to_provider_and_back(&world, ALICE).await;
    let code = query.split('&').find(|part| part.starts_with("code=")).expect("a code").to_owned();
    let state = query.split('&').find(|part| part.starts_with("state=")).expect("a state").to_owned();

    refused(callback(&query, "").await, "no state cookie present");
    refused(callback(&query, &format!("{cookie}x")).await, "no state cookie present");
    refused(callback(&query, &of_another).await, "state does not match");
    refused(callback(&code, &cookie).await, "state does not match");
    refused(callback(&state, &cookie).await, "no authorisation code present");
    refused(callback(&format!("{state}&error=access_denied"), &cookie).await, "access_denied");
    refused(callback(&format!("{state}&code=made-up"), &cookie).await, "identity provider refuses");
    // A session's cookie is no login's, and a login's is no session's.
    let session = browser.log_in(&world, ALICE).await;
    let as_login = session.replace("jimm-browser-session", "jimm-oauth-state");
    refused(callback(&query, &as_login).await, "no state cookie present");
    let as_session = cookie.replace("jimm-oauth-state", "jimm-browser-session");
    assert_eq!(browser.whoami(&world, &as_session).await.0, StatusCode::FORBIDDEN);
    assert_eq!(browser.whoami(&world, &session.replace("session=", "session=A")).await.0, StatusCode::FORBIDDEN);
    // The code is good once.
    let done = browser.get(&world.http(&format!("/auth/callback?{query}")), &cookie).await;
    assert_eq!(done.status(), StatusCode::PERMANENT_REDIRECT);
    refused(callback(&query, &cookie).await, "identity provider refuses");
}

#[tokio::test]
async fn pages_of_other_origins_get_nothing() {
    let world = World::with(WITH_BROWSERS).await;
    let browser = Browser::new();
    let cookie = browser.log_in(&world, ADMIN).await;
    let from = |origin: &'static str, method: Method, path: &str| {
        browser.request(method, &world.http(path)).header(ORIGIN, origin).header(COOKIE, &cookie)
    };
    for (path, method) in [("/rebac/v1/groups", "POST"), ("/rebac/v1/groups/x", "PATCH"), ("/auth/whoami", "GET")] {
        let ask = from(DASHBOARD, Method::OPTIONS, path)
            .header("access-control-request-method", method)
            .header("access-control-request-headers", "content-type");
        let answer = ask.send().await.expect("an answer");
        assert_eq!(answer.status(), StatusCode::NO_CONTENT, "{path}");
        let header = |name: &str| answer.headers()[name].to_str().expect("text").to_owned();
        assert_eq!(header("access-control-allow-origin"), DASHBOARD);
        assert_eq!(header("access-control-allow-credentials"), "true");
        assert!(header("access-control-allow-methods").contains(method), "{path}");
        assert!(header("access-control-allow-headers").contains("content-type"));
    }
    let asked = from(DASHBOARD, Method::GET, "/rebac/v1/groups").send().await.expect("an answer");
    assert_eq!(
        (asked.status(), asked.headers()["access-control-allow-origin"].to_str().expect("text")),
        (StatusCode::OK, DASHBOARD)
    );

    let evil = "https://evil.example.com";
    let model = world.model().await;
    for (method, path) in [
        (Method::GET, "/auth/whoami"),
        (Method::POST, "/rebac/v1/groups"),
        (Method::OPTIONS, "/rebac/v1/groups"),
        (Method::GET, &format!("/model/{model}/charms")),
        (Method::POST, "/migrate/charms"),
    ] {
        let answer = from(evil, method, path).body("{\"name\": \"evil\"}").send().await.expect("an answer");
        assert_eq!(answer.status(), StatusCode::FORBIDDEN, "{path}");
        assert!(!answer.headers().contains_key("access-control-allow-origin"));
        assert!(answer.text().await.expect("a text").contains("CORS_ALLOWED_ORIGINS"), "{path}: what to do is told");
    }
    for path in ["/api", &format!("/model/{model}/api"), &format!("/model/{model}/log"), "/migrate/logtransfer"] {
        let dial = async |origin: &'static str| {
            let target =
                Target { addresses: vec![world.app.address().to_string()], path: path.to_owned(), tls: Tls::Plain };
            let headers = vec![(ORIGIN, HeaderValue::from_static(origin))];
            jimm_rpc::dial_socket(&target, &DialOptions { headers, ..DialOptions::default() }).await.map(|_| ())
        };
        dial(DASHBOARD).await.expect("an allowed page");
        let error = dial(evil).await.expect_err("a foreign page").to_string();
        assert!(error.contains("403"), "{path}: {error}");
    }
}

#[tokio::test]
async fn without_a_dashboard_there_is_no_login_for_browsers() {
    let world = World::new().await;
    let answer = Browser::new().get(&world.http("/auth/login"), "").await;
    assert_eq!(answer.status(), StatusCode::NOT_FOUND);
    assert!(answer.text().await.expect("a text").contains("JIMM_DASHBOARD_FINAL_REDIRECT_URL"));
}
