//! Application offers.

use serde_json::{Value, json};
use uuid::Uuid;

use crate::scripted::Scripted;
use crate::support::{ALICE, BOB, Client, World};

const URL: &str = "alice@example.com/m1.off";

/// The controller, which knows the model as its own admin's, offers `off`.
fn offers(host: &Scripted, model: Uuid, offer: Uuid) {
    let info = json!({"results": [{"result": {"name": "m1", "uuid": model, "owner-tag": "user-admin"}}]});
    host.answer("ModelManager.ModelInfo", info);
    host.answer("ApplicationOffers.Offer", json!({"results": [{}]}));
    host.answer("ApplicationOffers.ApplicationOffers", json!({"results": [{"result": {
        "source-model-tag": format!("model-{model}"), "offer-uuid": offer, "offer-url": "admin/m1.off",
        "offer-name": "off", "application-name": "db", "application-description": "a database", "charm-url": "ch:db",
        "endpoints": [{"name": "db", "role": "provider", "interface": "pgsql", "limit": 0}],
        "users": [{"user": "admin", "access": "admin"}],
        "connections": [{"source-model-tag": "x", "relation-id": 1, "username": BOB, "endpoint": "db", "status": {}, "ingress-subnets": []}],
    }}]}));
}

async fn offer(client: &Client, model: Uuid) -> String {
    let offer = json!({"model-tag": format!("model-{model}"), "offer-name": "off", "application-name": "db",
        "application-description": "", "endpoints": {"db": "db"}, "owner-tag": ""});
    client.entry_error("ApplicationOffers(5).Offer", json!({"Offers": [offer]})).await
}

#[tokio::test]
async fn an_offer_is_made_found_consumed_and_destroyed() {
    let world = World::new().await;
    let model = world.model(ALICE, "m1", &world.older).await;
    let uuid = Uuid::new_v4();
    offers(&world.older, model, uuid);
    let (alice, bob) = (world.login(ALICE).await, world.login(BOB).await);
    assert_eq!(offer(&bob, model).await, "unauthorized (unauthorized access)");
    assert_eq!(offer(&alice, model).await, "");
    let taken = format!("offer {URL} already exists, please use a different name (already exists)");
    assert_eq!(offer(&alice, model).await, taken);
    let made = world.older.calls("ApplicationOffers.Offer");
    assert_eq!((made.len(), made[0].user.as_str()), (1, "user-alice@example.com"));
    let expected = [format!("model:{model} model"), "user:* reader".to_owned(), format!("user:{ALICE} administrator")];
    assert_eq!(world.tuples_on("applicationoffer", &uuid.to_string()).await, expected);

    // Everybody finds it; only its administrators see who uses it.
    for (version, filter) in
        [(4, json!({})), (5, json!({"owner-name": ALICE})), (6, json!({"model-qualifier": ALICE, "model-name": "m1"}))]
    {
        let found =
            bob.ok(&format!("ApplicationOffers({version}).FindApplicationOffers"), json!({"Filters": [filter]})).await;
        assert_eq!(found["results"][0]["offer-url"], URL, "{version}");
        assert!(found["results"][0].get("connections").is_none());
    }
    let none = json!({"Filters": [{"offer-name": "other"}]});
    assert_eq!(bob.ok("ApplicationOffers(5).FindApplicationOffers", none).await["results"], json!([]));
    // `juju offers off` asks like this.
    let listed = json!({"Filters": [{"model-name": "m1", "model-qualifier": ALICE, "offer-name": "^off$"}]});
    let list = alice.ok("ApplicationOffers(6).ListApplicationOffers", listed.clone()).await;
    assert_eq!(list["results"][0]["connections"][0]["username"], BOB);
    assert!(bob.call("ApplicationOffers(6).ListApplicationOffers", listed).await.is_err());
    let shown = bob.ok("ApplicationOffers(5).ApplicationOffers", json!({"offer-urls": [format!("jimm:{URL}")]})).await;
    assert_eq!(
        shown["results"][0]["result"]["users"],
        json!([{"user": "everyone@external", "display-name": "", "access": "read"}])
    );
    let asked = world.older.calls("ApplicationOffers.ApplicationOffers");
    assert!(asked.iter().all(|c| c.params["offer-urls"] == json!(["admin/m1.off"])), "in the controller's own words");

    consumed_by_whom_it_is_granted(&world, &alice, &bob).await;

    world.older.answer("ApplicationOffers.DestroyOffers", json!({"results": [{}]}));
    let destroy = json!({"offer-urls": [URL], "force": true});
    let what = "ApplicationOffers(5).DestroyOffers";
    assert_eq!(bob.entry_error(what, destroy.clone()).await, "unauthorized (unauthorized access)");
    assert_eq!(alice.entry_error(what, destroy).await, "");
    assert_eq!(world.tuples_on("applicationoffer", &uuid.to_string()).await, [""; 0]);
    let gone = bob.entry_error("ApplicationOffers(5).ApplicationOffers", json!({"offer-urls": [URL]})).await;
    assert!(gone.ends_with("(not found)"), "{gone}");
}

async fn consumed_by_whom_it_is_granted(world: &World, alice: &Client, bob: &Client) {
    let consume = json!({"offer-urls": {"offer-urls": [URL], "bakery-version": 3}});
    let what = "ApplicationOffers(5).GetConsumeDetails";
    assert_eq!(bob.entry_error(what, consume.clone()).await, "unauthorized (unauthorized access)");
    let change = |action: &str, access: &str| json!({"changes": [{"user-tag": format!("user-{BOB}"), "action": action, "access": access, "offer-url": URL}]});
    assert_eq!(alice.entry_error("ApplicationOffers(5).ModifyOfferAccess", change("grant", "consume")).await, "");
    world.older.answer("ApplicationOffers.GetConsumeDetails", json!({"results": [{
        "offer": {"source-model-tag": "model-x", "offer-uuid": "u", "offer-url": "admin/m1.off", "offer-name": "off", "application-description": ""},
        "macaroon": {"i": "x"},
        "external-controller": {"controller-tag": "controller-x", "controller-alias": "", "addrs": ["10.0.0.1:17070"], "ca-cert": "own"},
    }]}));
    let details: Value = bob.ok(what, consume).await["results"][0].clone();
    assert_eq!(details["offer"]["offer-url"], URL);
    assert_eq!(details["macaroon"], json!({"i": "x"}));
    let external = json!({"controller-tag": format!("controller-{}", world.older.uuid), "controller-alias": "older",
        "addrs": ["10.0.0.1:17070"], "ca-cert": "own"});
    assert_eq!(details["external-controller"], external, "never the broker's");
    let asked = &world.older.calls("ApplicationOffers.GetConsumeDetails")[0];
    assert_eq!(asked.params["user-tag"], format!("user-{BOB}"));
    let controller = format!("controller-{}", world.older.uuid);
    assert_eq!(asked.access[controller], "superuser");
    let refused = alice.entry_error("ApplicationOffers(5).ModifyOfferAccess", change("revoke", "read")).await;
    assert!(refused.starts_with("unable to completely revoke given access"), "{refused}");
    assert_eq!(alice.entry_error("ApplicationOffers(5).ModifyOfferAccess", change("revoke", "consume")).await, "");
}
