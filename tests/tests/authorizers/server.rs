//! Finding and making store and model on a real server: by name and id, over TLS, with a key, and what is refused.

use std::sync::Arc;

use jimm_authz::{OpenFga, OpenFgaSettings, Result};
use jimm_tests::openfga::{Keeps, OpenFgaServer};
use jimm_tests::pki::Ca;

use crate::world::settings;

async fn open(settings: &OpenFgaSettings) -> Result<OpenFga> {
    OpenFga::open(settings, None, Arc::new(|_, _, _| {})).await
}

#[tokio::test]
async fn store_and_model_are_made_once_and_found_again() {
    let Some(server) = OpenFgaServer::start().await else { return };
    let first = open(&settings(&server)).await.unwrap();
    let again = open(&settings(&server)).await.unwrap();
    assert_eq!((first.store(), first.model()), (again.store(), again.model()));
    let by_id = OpenFgaSettings { store: first.store().into(), ..settings(&server) };
    assert_eq!(open(&by_id).await.unwrap().model(), first.model());
    let by_both = OpenFgaSettings { model: Some(first.model().into()), ..by_id.clone() };
    assert_eq!(open(&by_both).await.unwrap().model(), first.model());
    let other = open(&OpenFgaSettings { store: "another".into(), ..settings(&server) }).await.unwrap();
    assert_ne!(other.store(), first.store());

    let no_model = OpenFgaSettings { model: Some("01ARZ3NDEKTSV4RRFFQ69G5FAV".into()), ..by_id };
    assert!(open(&no_model).await.is_err());
    let no_store = OpenFgaSettings { store: "01ARZ3NDEKTSV4RRFFQ69G5FAV".into(), ..settings(&server) };
    let error = open(&no_store).await.unwrap_err();
    assert_eq!(error.to_string(), "OpenFGA refuses to answer (GetStore)");
    let no_key = OpenFgaSettings { token: Some("wrong".into()), ..settings(&server) };
    let error = open(&no_key).await.unwrap_err();
    assert_eq!(error.to_string(), "OpenFGA refuses to answer (ListStores)");
    assert!(!format!("{error:?}").contains("wrong"), "{error:?}");
}

#[tokio::test]
async fn over_tls_the_certificate_is_verified() {
    let dir = tempfile::tempdir().unwrap();
    let files = Ca::new("ca of OpenFGA").unwrap().write(dir.path()).unwrap();
    let Some(server) = OpenFgaServer::with(Keeps::Nothing, Some(files.clone())).await else { return };
    let good = OpenFgaSettings { tls: true, host: "localhost".into(), ca_cert: Some(files.ca), ..settings(&server) };
    open(&good).await.unwrap();
    let stranger = Ca::new("another ca").unwrap().write(&dir.path().join("other")).unwrap();
    for wrong in [
        OpenFgaSettings { ca_cert: Some(stranger.ca), ..good.clone() },
        OpenFgaSettings { ca_cert: None, ..good.clone() },
        OpenFgaSettings { tls: false, ..good.clone() },
    ] {
        open(&wrong).await.unwrap_err();
    }
}
