//! Every method of the registry, asked by somebody with no rights at all.

use jimm::facades::registry::{Access, rows};
use serde_json::json;

use crate::support::{ADMIN, BOB, World};

#[tokio::test]
async fn what_needs_an_administrator_is_refused_to_everybody_else() {
    let world = World::new().await;
    let (mut bob, _) = world.login("/api", BOB).await;
    let mut refused = 0;
    for row in rows().filter(|row| matches!(row.access, Access::Admin | Access::AuditViewer)) {
        for version in row.versions {
            let what = format!("{}({version}).{}", row.facade, row.method);
            assert_eq!(bob.error(&what, json!({})).await, "unauthorized (unauthorized access)", "{what}");
            refused += 1;
        }
    }
    assert!(refused > 5, "the registry says which methods are for administrators");
}

#[tokio::test]
async fn rights_that_are_taken_away_end_with_the_next_call() {
    let world = World::new().await;
    let (mut admin, _) = world.login("/api", ADMIN).await;
    admin.ok("JIMM(4).ListControllers", json!({})).await;
    world.revoke(ADMIN, "administrator", "controller", crate::support::BROKER).await;
    let row = rows().find(|row| row.access == Access::Admin).expect("there is one");
    let what = format!("{}({}).{}", row.facade, row.versions[0], row.method);
    assert_eq!(admin.error(&what, json!({})).await, "unauthorized (unauthorized access)");
}

#[tokio::test]
async fn nothing_of_the_registry_is_served_before_login() {
    let world = World::new().await;
    let mut nobody = world.open("/api", Vec::new()).await;
    for row in rows().filter(|row| row.facade != "Pinger") {
        let what = format!("{}({}).{}", row.facade, row.versions[0], row.method);
        let error = nobody.error(&what, json!({})).await;
        assert!(error.ends_with("(not implemented)"), "{what}: {error}");
    }
}

#[tokio::test]
async fn no_method_hangs_or_breaks_the_connection_whatever_it_is_given() {
    let world = World::with(&[("JIMM_CONTROLLER_DIAL_TIMEOUT", "2s")]).await;
    let (mut bob, _) = world.login("/api", BOB).await;
    for row in rows().filter(|row| row.method != "Next") {
        for params in
            [json!({}), json!(null), json!([1]), json!("x"), json!({"args": null, "entities": [{"tag": "nonsense"}]})]
        {
            let what = format!("{}({}).{}", row.facade, row.versions[row.versions.len() - 1], row.method);
            if let Err((message, code)) = bob.call(&what, params.clone()).await {
                assert!(!message.contains("internal error"), "{what} {params}: {message} ({code})");
            }
        }
    }
}
