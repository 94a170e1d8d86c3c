//! Names that are taken for models that were never made.

use serde_json::json;
use uuid::Uuid;

use crate::support::{ALICE, BOB, World};

#[tokio::test]
async fn a_reservation_is_not_settled_by_a_model_that_is_known_as_somebody_elses() {
    let world = World::new().await;
    // For its controller it is alice's, and in the broker it was given to bob.
    let known = world.model(BOB, "theirs", &world.newer).await;
    let insert = format!(
        "INSERT INTO models (uuid, name, owner, controller_uuid, cloud, region, mode, created_at)
         VALUES ('{}', 'm1', '{ALICE}', '{}', 'stub', 'r2', 'creating', now() - interval '10 minutes')",
        Uuid::new_v4(),
        world.newer.uuid
    );
    world.db.execute(&insert).await.unwrap();
    world.newer.answer(
        "ModelManager.ListModelSummaries",
        json!({"results": [{"result": {"name": "m1", "uuid": known, "qualifier": ALICE, "life": "alive"}}]}),
    );
    world.app.services().broker.recover_creations().await.unwrap();
    let left = world.db.fetch("SELECT string_agg(owner || ' ' || uuid, ' ') FROM models").await.unwrap();
    assert_eq!(left, Some(format!("{BOB} {known}")), "the name is free again");
}
