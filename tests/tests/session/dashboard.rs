//! The dashboard that the broker serves itself: files, start page, configuration, and nothing outside of its directory.

use http::header::{ACCEPT, CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ORIGIN};
use http::{Method, StatusCode};
use serde_json::json;
use tempfile::TempDir;

use crate::browser::Browser;
use crate::support::World;

const START: &str = "<!doctype html><title>Juju Dashboard</title><script src=\"/config.js\"></script>";
const PAGE: &str = "text/html,application/xhtml+xml,*/*;q=0.8";

/// A directory beside which lies what nobody may have.
fn dashboard() -> TempDir {
    let dir = tempfile::tempdir().expect("a directory");
    let write = |name: &str, text: &str| {
        let path = dir.path().join(name);
        std::fs::create_dir_all(path.parent().expect("a parent")).expect("a directory");
        std::fs::write(path, text).expect("a file");
    };
    write("secret.txt", "outside");
    write("built/index.html", START);
    write("built/assets/index-5f3c.js", "console.log(1)");
    write("built/config.js", "var jujuDashboardConfig = { stale: true };");
    write("built/.env", "hidden");
    dir
}

async fn world(dir: &TempDir) -> World {
    let built = dir.path().join("built").display().to_string();
    World::with(&[("JIMM_DASHBOARD_DIR", built.as_str())]).await
}

#[tokio::test]
async fn a_browser_that_enters_anywhere_gets_the_start_page() {
    let dir = dashboard();
    let world = world(&dir).await;
    let browser = Browser::new();
    for path in ["/", "/models", "/models/alice@example.com/prod", "/controllers", "/logs?page=2"] {
        let asked = browser.request(Method::GET, &world.http(path)).header(ACCEPT, PAGE).send().await;
        let answer = asked.expect("an answer");
        assert_eq!(answer.status(), StatusCode::OK, "{path}");
        assert_eq!(answer.headers()[CACHE_CONTROL], "no-cache", "{path}");
        assert_eq!(answer.headers()[CONTENT_TYPE], "text/html", "{path}");
        assert!(answer.headers()[CONTENT_SECURITY_POLICY].to_str().expect("text").contains("frame-ancestors 'none'"));
        assert_eq!(answer.text().await.expect("a text"), START, "{path}");
    }
    let asked = browser.request(Method::GET, &world.http("/assets/index-5f3c.js")).send().await;
    let answer = asked.expect("an answer");
    assert_eq!(
        (answer.status(), answer.headers()[CONTENT_TYPE].to_str().ok()),
        (StatusCode::OK, Some("text/javascript"))
    );
    assert_eq!(answer.text().await.expect("a text"), "console.log(1)");
}

#[tokio::test]
async fn its_configuration_is_the_brokers_and_leads_to_it() {
    let dir = dashboard();
    let world = world(&dir).await;
    let browser = Browser::new();
    let config = browser.get(&world.http("/config.js"), "").await.text().await.expect("a text");
    assert!(config.starts_with("var jujuDashboardConfig = {") && !config.contains("stale"), "{config}");
    assert!(config.contains("controllerAPIEndpoint: \"/api\"") && config.contains("isJuju: false"), "{config}");

    // The endpoint is a websocket for pages of the broker's own origin, and for nobody else's.
    let origin = |origin: &'static str| vec![(ORIGIN, http::HeaderValue::from_static(origin))];
    let mut api = world.open("/api", origin("https://jimm.example.com")).await;
    api.ok("Pinger(1).Ping", json!({})).await;
    // Browsers go to the start page after the login.
    assert_eq!(browser.log_in_to(&world, "alice@example.com").await, "https://jimm.example.com/");
}

#[tokio::test]
async fn nothing_else_is_given_away() {
    let dir = dashboard();
    let world = world(&dir).await;
    let browser = Browser::new();
    let accepts = [PAGE, "*/*"];
    for (path, accept) in [
        ("/.env", accepts[0]),
        ("/%2eenv", accepts[0]),
        ("/assets/nothing.js", accepts[1]),
        ("/assets", accepts[1]),
        ("/..%2fsecret.txt", accepts[1]),
        ("/assets/%2e%2e/%2e%2e/secret.txt", accepts[1]),
        ("/auth/nothing", accepts[0]),
        ("/rebac/v2", accepts[0]),
        ("/model/8f5b9a4a-6b0c-4d8c-8a6e-0d1f2a3b4c5d/nothing", accepts[0]),
        ("/model-x/charms", accepts[0]),
    ] {
        let asked = browser.request(Method::GET, &world.http(path)).header(ACCEPT, accept).send().await;
        let answer = asked.expect("an answer");
        assert_eq!(answer.status(), StatusCode::NOT_FOUND, "{path}");
        let text = answer.text().await.expect("a text");
        assert!(!text.contains("outside") && !text.contains("hidden") && !text.contains("Dashboard"), "{path}: {text}");
    }
    let posted = browser.request(Method::POST, &world.http("/models")).header(ACCEPT, PAGE).send().await;
    assert_eq!(posted.expect("an answer").status(), StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn without_a_directory_there_is_none() {
    let world = World::new().await;
    let browser = Browser::new();
    let answer = browser.get(&world.http("/config.js"), "").await;
    assert_eq!(answer.status(), StatusCode::NOT_FOUND);
    assert!(answer.text().await.expect("a text").contains("JIMM_DASHBOARD_DIR"));
    let asked = browser.request(Method::GET, &world.http("/models")).header(ACCEPT, PAGE).send().await;
    assert_eq!(asked.expect("an answer").status(), StatusCode::NOT_FOUND);
}
