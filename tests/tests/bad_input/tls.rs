//! Certificates that do not fit: of the broker for a client, of a controller for the broker.

use jimm_rpc::{JUJU_SERVER_NAME, Target, Tls};
use jimm_tests::app::{AppOptions, TestApp};
use jimm_tests::pki::Ca;
use std::time::Duration;

use crate::support::{broker, rows, told_of};

#[tokio::test]
async fn a_client_with_another_ca_is_told_and_the_log_says_it_once() {
    let app = broker(&[]).await;
    let other = Ca::new("another CA").expect("a CA").pem();
    let tls = Tls::Ca { pem: other.clone(), server_name: JUJU_SERVER_NAME.to_owned() };
    let target = Target { addresses: vec![app.plan.address()], path: "/api".to_owned(), tls };
    let Err(error) = jimm_rpc::connect_stream(&target, Duration::from_secs(10)).await else { panic!("it is trusted") };
    assert!(error.certificate && error.to_string().contains("UnknownIssuer"), "{error}");
    let said = told(&app, 1).await;
    assert!(said[0].contains("UnknownCA"), "{said:?}");

    let file = app.dir().join("other.pem");
    std::fs::write(&file, other).expect("a file");
    let said = app.jimmctl(&["--ca-cert", &file.display().to_string(), "list-controllers"]).await;
    assert_eq!((said.code, said.out.as_str()), (1, "{}\n"));
    assert!(said.err.contains("UnknownIssuer") && said.err.contains("hint: check that it runs"), "{}", said.err);
    told(&app, 2).await;
}

/// The handshakes that failed.
async fn told(app: &TestApp, count: usize) -> Vec<String> {
    let lines = || async {
        let lines = app.log_lines().into_iter().filter(|line| line["message"] == "TLS handshake failed");
        let errors: Vec<String> = lines.map(|line| line["error"].to_string()).collect();
        (errors.len() >= count).then_some(errors)
    };
    let lines = jimm_tests::process::eventually("a line", Duration::from_secs(30), lines).await;
    assert_eq!(lines.len(), count, "{lines:?}");
    lines
}

#[tokio::test]
async fn a_controller_whose_certificate_is_not_of_the_given_ca_is_not_attached() {
    let app = TestApp::with(AppOptions { sims: vec!["3.6".into()], env: Vec::new() }).await;
    let before = rows(&app).await;
    let good = app.sims[0].plan.attach_file().expect("a file");
    let ca = std::fs::read_to_string(app.sims[0].plan.ca()).expect("its CA");
    let indented = |pem: &str| pem.trim_end().replace('\n', "\n  ");
    let other = Ca::new("another CA").expect("a CA").pem();
    let key = "-----BEGIN PRIVATE KEY-----\n  bm9uc2Vuc2U=\n  -----END PRIVATE KEY-----";
    for (what, file, text) in [
        ("another CA", good.replace(&indented(&ca), &indented(&other)), "UnknownIssuer"),
        ("no CA", good.replace(&indented(&ca), " "), "UnknownIssuer"),
        ("no PEM", good.replace(&indented(&ca), "nonsense"), "holds no certificate"),
        ("half of it", good.replace(&indented(&ca), &indented(&ca)[..200]), "the CA certificate"),
        ("a key", good.replace(&indented(&ca), key), "holds no certificate"),
        (
            "another name",
            good.replace("tls-hostname: juju-apiserver", "tls-hostname: example.com"),
            "not valid for name",
        ),
        ("no name", good.replace("tls-hostname: juju-apiserver", "tls-hostname: \"a b\""), "no server name"),
    ] {
        assert_ne!(file, good, "{what}");
        let path = app.dir().join("attach.yaml");
        std::fs::write(&path, &file).expect("a file");
        let said = app.jimmctl(&["add-controller", &path.display().to_string()]).await;
        assert_eq!((said.code, said.out.as_str()), (1, "{}\n"), "{what}: {}", said.err);
        assert!(said.err.contains("failed to dial the controller") && said.err.contains(text), "{what}: {}", said.err);
        assert!(said.err.contains("check its ca-certificate and tls-hostname"), "{what}: {}", said.err);
        assert!(said.err.contains("(connection failed)"), "{what}: {}", said.err);
        assert!(!said.err.contains(&app.sims[0].plan.password), "{what}");
    }
    assert_eq!(rows(&app).await, before, "nothing is half attached");
    assert_eq!(told_of(&app, "JIMM(4).AddController", 7).await, 7, "one line each");
    assert!(!app.broker_log().contains(&app.sims[0].plan.password));
    app.attach_all().await;
}
