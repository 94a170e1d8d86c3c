//! The harness itself: a database of one's own, a provider that approves without a browser.

use jimm_tests::postgres::TestDb;

#[tokio::test]
async fn a_test_gets_a_database_of_its_own() {
    let one = TestDb::create().await;
    let two = TestDb::create().await;
    assert_ne!(one.url, two.url);
    one.execute("CREATE TABLE only_here (id int)").await.expect("a fresh database takes tables");
    two.execute("CREATE TABLE only_here (id int)").await.expect("and is nobody else's");
    let version = one.fetch("SHOW server_version").await.expect("it answers");
    assert!(version.is_some());
}

mod idp {
    //! The provider as a client of it sees it.

    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    use jimm_tests::idp::{Faults, Idp, IdpOptions};
    use jsonwebtoken::jwk::JwkSet;
    use jsonwebtoken::{Algorithm, DecodingKey, Validation};
    use serde_json::Value;
    use sha2::{Digest, Sha256};

    const DEVICE: &str = "urn:ietf:params:oauth:grant-type:device_code";

    fn http() -> reqwest::Client {
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().expect("a client")
    }

    async fn post(idp: &Idp, path: &str, form: &[(&str, &str)]) -> (u16, Value) {
        let options = idp.options();
        let url = format!("{}{path}", idp.issuer());
        let request = http().post(url).basic_auth(&options.client_id, Some(&options.client_secret)).form(form);
        let answer = request.send().await.expect("an answer");
        (answer.status().as_u16(), answer.json().await.expect("json"))
    }

    async fn verified(idp: &Idp, token: &str) -> Option<Value> {
        let set: JwkSet = http().get(format!("{}/jwks", idp.issuer())).send().await.ok()?.json().await.ok()?;
        let kid = jsonwebtoken::decode_header(token).ok()?.kid?;
        let key = DecodingKey::from_jwk(set.find(&kid)?).ok()?;
        let mut validation = Validation::new(Algorithm::ES256);
        validation.set_audience(&[&idp.options().client_id]);
        validation.set_issuer(&[idp.issuer()]);
        jsonwebtoken::decode::<Value>(token, &key, &validation).ok().map(|data| data.claims)
    }

    #[tokio::test]
    async fn a_device_waits_until_somebody_decides() {
        let idp = Idp::start(IdpOptions { interval: 0, ..IdpOptions::default() }).await.expect("starts");
        let (_, begun) = post(&idp, "/device_authorization", &[("scope", "openid email")]).await;
        let code = begun["device_code"].as_str().expect("a code").to_owned();
        let ask = [("grant_type", DEVICE), ("device_code", code.as_str())];
        assert_eq!(post(&idp, "/token", &ask).await.1["error"], "authorization_pending");
        idp.fail(Faults { slow_down: 1, ..Faults::default() });
        assert_eq!(post(&idp, "/token", &ask).await.1["error"], "slow_down");

        let approve = format!(
            "{}?user_code={}&email=eve@example.com",
            idp.approve_url(),
            begun["user_code"].as_str().expect("shown")
        );
        assert_eq!(http().get(approve).send().await.expect("an answer").status(), 200);
        let (status, tokens) = post(&idp, "/token", &ask).await;
        assert_eq!(status, 200);
        let claims = verified(&idp, tokens["id_token"].as_str().expect("an id token")).await.expect("verifies");
        assert_eq!(claims["email"], "eve@example.com");
        assert_eq!(post(&idp, "/token", &ask).await.1["error"], "invalid_grant", "a code is good once");

        let (_, begun) = post(&idp, "/device_authorization", &[]).await;
        assert!(idp.deny(begun["user_code"].as_str().expect("shown")));
        let ask = [("grant_type", DEVICE), ("device_code", begun["device_code"].as_str().expect("a code"))];
        assert_eq!(post(&idp, "/token", &ask).await.1["error"], "access_denied");
    }

    #[tokio::test]
    async fn a_browser_login_is_approved_headless_and_proves_its_code() {
        let idp = Idp::start(IdpOptions::default()).await.expect("starts");
        let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(b"verifier"));
        let login = format!(
            "{}/authorize?response_type=code&client_id=jimm-device&redirect_uri=https://there.example/back&state=S&nonce=N\
             &code_challenge={challenge}&code_challenge_method=S256",
            idp.issuer()
        );
        assert_eq!(http().get(&login).send().await.expect("a page").status(), 200);
        let approve =
            http().post(idp.approve_url()).form(&[("email", "bob@example.com")]).send().await.expect("an answer");
        let back = approve.headers()["location"].to_str().expect("text").to_owned();
        let back = url::Url::parse(&back).expect("a url");
        let answers: std::collections::HashMap<_, _> = back.query_pairs().into_owned().collect();
        assert_eq!(answers["state"], "S");
        let redeem = |verifier| {
            [
                ("grant_type", "authorization_code"),
                ("redirect_uri", "https://there.example/back"),
                ("code_verifier", verifier),
                ("code", ""),
            ]
        };
        let mut form = redeem("verifier");
        form[3].1 = &answers["code"];
        let (_, tokens) = post(&idp, "/token", &form).await;
        let claims = verified(&idp, tokens["id_token"].as_str().expect("an id token")).await.expect("verifies");
        assert_eq!((&claims["email"], &claims["nonce"]), (&"bob@example.com".into(), &"N".into()));
    }

    #[tokio::test]
    async fn keys_rotate_and_old_tokens_die_with_dropped_keys() {
        let idp = Idp::start(IdpOptions::default()).await.expect("starts");
        let form =
            [("grant_type", "client_credentials"), ("client_id", "svc-admin"), ("client_secret", "svc-admin-secret")];
        let url = format!("{}/token", idp.issuer());
        let tokens: Value = http().post(url).form(&form).send().await.expect("an answer").json().await.expect("json");
        let token = tokens["access_token"].as_str().expect("a token");
        let id_only_for_people = tokens.get("id_token");
        assert!(id_only_for_people.is_none());
        assert!(jsonwebtoken::decode_header(token).expect("a jwt").kid.is_some());
        let before: JwkSet =
            http().get(format!("{}/jwks", idp.issuer())).send().await.expect("keys").json().await.expect("json");
        idp.rotate_keys(true).expect("rotates");
        idp.rotate_keys(false).expect("rotates");
        let after: JwkSet =
            http().get(format!("{}/jwks", idp.issuer())).send().await.expect("keys").json().await.expect("json");
        assert_eq!((before.keys.len(), after.keys.len()), (1, 1));
        assert_ne!(before.keys[0].common.key_id, after.keys[0].common.key_id);
    }
}
