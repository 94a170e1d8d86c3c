//! Offers of a model on one controller, consumed by a model on another: through the broker, with the broker as the one who
//! says who may, and after either of them has moved.

use std::time::Duration;

use jimm_rpc::{CallError, Connection};
use jimm_tests::app::{AppOptions, Said, TestApp};
use jimm_tests::broker::ADMIN;
use jimm_tests::{given, process};
use serde_json::{Value, json};

const BOB: &str = "bob@example.com";
const DEADLINE: Duration = Duration::from_secs(30);
const LONG: Duration = Duration::from_secs(90);
const URL: &str = "admin@example.com/shop.db";

/// The administrator's model `shop` on the first controller offers `db`; Bob has a model `web` on the second.
struct World {
    app: TestApp,
    admin: Connection,
    bob: Connection,
    shop: String,
    web: String,
}

async fn call(connection: &Connection, what: &str, params: Value) -> Value {
    let (facade, rest) = what.split_once('(').expect("Facade(version).Method");
    let (version, method) = rest.split_once(").").expect("Facade(version).Method");
    let version = version.parse().expect("a version");
    let answer: Result<Value, CallError> = connection.call(facade, version, method, &params, DEADLINE).await;
    answer.unwrap_or_else(|error| panic!("{what}: {error}"))
}

impl World {
    async fn new(shapes: &[&str]) -> Self {
        let sims = shapes.iter().map(|shape| (*shape).to_owned()).collect();
        let app = TestApp::with(AppOptions { sims, env: Vec::new() }).await;
        app.attach_all().await;
        let (admin, bob) = (app.connect(ADMIN).await.expect("the admin"), app.connect(BOB).await.expect("Bob"));
        let cloud = given::cloud_of(&app.sims[0].plan).await.expect("a cloud");
        given::upload_credential(&admin, &cloud, ADMIN).await.expect("a credential");
        given::upload_credential(&bob, &cloud, BOB).await.expect("a credential");
        let shop = given::make_model(&app.sims[0].plan, &cloud, "shop").await.expect("a model");
        let web = given::make_model(&app.sims[1].plan, &cloud, "web").await.expect("a model");
        for (sim, uuid, owner) in [("sim1", &shop, ADMIN), ("sim2", &web, BOB)] {
            let said = app.jimmctl(&["import-model", sim, uuid, "--owner", owner]).await;
            assert_eq!(said.code, 0, "{}", said.err);
        }
        let this = Self { app, admin, bob, shop, web };
        for (uuid, user, application) in [(&this.shop, ADMIN, "pg"), (&this.web, BOB, "site")] {
            let model = this.app.connect_model(uuid, user).await.expect("the model");
            let deploy = json!({"application": application, "charm-url": "local:x-0", "num-units": 1});
            call(&model, "Application(20).Deploy", json!({"applications": [deploy]})).await;
        }
        let offer = json!({"model-tag": format!("model-{}", this.shop), "offer-name": "db", "application-name": "pg",
            "application-description": "a database", "endpoints": {"db": "db"}, "owner-tag": ""});
        let made = call(&this.admin, "ApplicationOffers(5).Offer", json!({"Offers": [offer]})).await;
        assert_eq!(made["results"][0]["error"], Value::Null, "{made}");
        this
    }

    async fn access(&self, action: &str) {
        let change =
            json!({"user-tag": format!("user-{BOB}"), "action": action, "access": "consume", "offer-url": URL});
        let answer = call(&self.admin, "ApplicationOffers(5).ModifyOfferAccess", json!({"changes": [change]})).await;
        assert_eq!(answer["results"][0]["error"], Value::Null, "{answer}");
    }

    async fn consume_details(&self) -> Value {
        let params = json!({"offer-urls": {"offer-urls": [format!("jaas:{URL}")], "bakery-version": 3}});
        call(&self.bob, "ApplicationOffers(5).GetConsumeDetails", params).await["results"][0].clone()
    }

    /// As `juju consume`: what the broker tells goes to the model as it is.
    async fn consume(&self) {
        let told = self.consume_details().await;
        let mut arg = told["offer"].clone();
        arg["macaroon"] = told["macaroon"].clone();
        arg["external-controller"] = told["external-controller"].clone();
        arg["application-alias"] = json!("db");
        let model = self.app.connect_model(&self.web, BOB).await.expect("the model");
        let answer = call(&model, "Application(20).Consume", json!({"args": [arg]})).await;
        assert_eq!(answer["results"][0]["error"], Value::Null, "{answer}");
    }

    /// As `juju integrate`: what becomes of the relation, as the status has it.
    async fn integrate(&self) -> (String, String) {
        let model = self.app.connect_model(&self.web, BOB).await.expect("the model");
        call(&model, "Application(20).AddRelation", json!({"endpoints": ["site:db", "db:db"]})).await;
        let status = call(&model, "Client(8).FullStatus", json!({"patterns": null})).await;
        let status = &status["remote-applications"]["db"]["status"];
        let text = |key: &str| status[key].as_str().unwrap_or_default().to_owned();
        (text("status"), text("info"))
    }

    async fn details(&self) -> Value {
        let params = json!({"offer-urls": [URL], "bakery-version": 3});
        let answer = call(&self.admin, "ApplicationOffers(5).ApplicationOffers", params).await;
        assert_eq!(answer["results"][0]["error"], Value::Null, "{answer}");
        answer["results"][0]["result"].clone()
    }

    async fn migrate(&self, uuid: &str, target: &str) {
        let said = self.app.jimmctl(&["migrate", target, uuid]).await;
        assert_eq!(said.code, 0, "{}\n{}", said.out, said.err);
        process::eventually("the move comes to an end", LONG, || async {
            let busy = self.app.db.fetch("SELECT count(*)::text FROM models WHERE mode <> ''").await.ok()??;
            // And its source has let go of it: it may come back there.
            let owed = "SELECT count(*)::text FROM migration_aftercare WHERE kind = 'source' AND state = 'owed'";
            let owed = self.app.db.fetch(owed).await.ok()??;
            (busy == "0" && owed == "0").then_some(())
        })
        .await;
    }

    /// What was found of the relation across models after the newest move of the model.
    async fn relation_after(&self, uuid: &str) -> Value {
        let shown = self.cared_for(uuid, |care| care["state"] == "done").await;
        shown["relations"].get(0).cloned().unwrap_or_else(|| panic!("no relation: {shown}"))
    }

    /// The newest move of the model, when what was owed to relations after it is as wanted.
    async fn cared_for(&self, uuid: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        process::eventually("the relations were looked at", LONG, || async {
            let said = self.app.jimmctl(&["show-migration", uuid, "--format", "json"]).await;
            let shown: Value = serde_json::from_str(&said.out).ok()?;
            let care = shown["aftercare"].as_array()?.iter().find(|care| care["kind"] == "relations")?;
            wanted(care).then(|| shown.clone())
        })
        .await
    }

    /// Begins to move the model, and does that once it is on its way.
    async fn migrate_and(&self, uuid: &str, target: &str, meanwhile: impl Fn()) {
        let source = &self.app.sims[0].plan;
        source.turn("hold/IMPORT").expect("holds");
        let said = self.app.jimmctl(&["migrate", target, uuid, "--no-wait"]).await;
        assert_eq!(said.code, 0, "{}\n{}", said.out, said.err);
        self.until_it_says("SELECT phase FROM migrations ORDER BY id DESC LIMIT 1", "import").await;
        meanwhile();
        source.turn("release").expect("releases");
    }

    async fn until_it_says(&self, sql: &str, wanted: &str) {
        process::eventually(sql, LONG, || async {
            (self.app.db.fetch(sql).await.ok()??.as_str() == wanted).then_some(())
        })
        .await;
    }

    async fn until_told(&self, code: &str) {
        self.until_it_says(&format!("SELECT (count(*) > 0)::text FROM events WHERE code = '{code}'"), "true").await;
    }

    async fn dry_run(&self, uuid: &str, target: &str) -> Said {
        self.app.jimmctl(&["migrate", target, uuid, "--dry-run"]).await
    }

    fn tag(&self, sim: usize) -> String {
        format!("controller-{}", self.app.sims[sim].plan.uuid)
    }
}

fn active() -> (String, String) {
    ("active".to_owned(), String::new())
}

#[tokio::test]
async fn a_relation_across_controllers_needs_consume_and_gets_it_from_the_broker() {
    let world = World::new(&["3.6", "4.0"]).await;
    let refused = world.consume_details().await;
    assert_eq!(refused["error"]["code"], "unauthorized access", "{refused}");
    world.access("grant").await;

    let told = world.consume_details().await;
    let external = &told["external-controller"];
    assert_eq!(external["controller-tag"], world.tag(0), "the real controller's, never the broker's: {told}");
    assert_eq!(external["addrs"], json!([world.app.sims[0].plan.address()]));
    assert!(
        external["ca-cert"].as_str().is_some_and(|ca| ca.contains("BEGIN CERTIFICATE") && *ca != world.app.door.ca)
    );
    let conditions: Vec<&str> =
        told["macaroon"]["c"].as_array().expect("caveats").iter().filter_map(|it| it["i"].as_str()).collect();
    assert!(conditions.contains(&format!("declared username {BOB}").as_str()), "{conditions:?}");
    assert!(!conditions.iter().any(|it| it.contains("offer-uuid")), "that is for the broker to declare");

    world.consume().await;
    assert_eq!(world.integrate().await, active());
    let connections = world.details().await["connections"].clone();
    assert_eq!(connections[0]["source-model-tag"], format!("model-{}", world.web), "{connections}");
    assert_eq!(connections[0]["username"], BOB);

    world.access("revoke").await;
    let (status, why) = world.integrate().await;
    assert_eq!((status.as_str(), why.as_str()), ("error", "cannot discharge: permission denied"));
    world.access("grant").await;
    assert_eq!(world.integrate().await, active());
}

#[tokio::test]
async fn offers_and_consumers_are_found_after_moves_and_named_before() {
    let world = World::new(&["3.6", "3.6", "3.6"]).await;
    world.access("grant").await;
    world.consume().await;
    assert_eq!(world.integrate().await, active());

    let report = world.dry_run(&world.shop, "sim3").await;
    assert_eq!(report.code, 0, "{}\n{}", report.out, report.err);
    for text in [
        URL,
        &format!("relation 0 of {BOB}"),
        &format!("model {BOB}/web on controller sim2"),
        "is sent on to the new one",
    ] {
        assert!(report.out.contains(text), "{text} is not in\n{}", report.out);
    }
    let report = world.dry_run(&world.web, "sim1").await;
    assert!(report.out.contains(&format!("db consumes {URL} on controller sim1")), "{}", report.out);

    // The offering model moves: everything points at its new home, and the consumer's controller is sent on.
    world.migrate(&world.shop, "sim3").await;
    let told = world.consume_details().await;
    assert_eq!(told["offer"]["offer-url"], URL, "{told}");
    assert_eq!(told["external-controller"]["controller-tag"], world.tag(2));
    assert_eq!(told["external-controller"]["addrs"], json!([world.app.sims[2].plan.address()]));
    assert_eq!(world.integrate().await, active());
    let found = call(&world.bob, "ApplicationOffers(5).FindApplicationOffers", json!({"Filters": [{}]})).await;
    assert_eq!(found["results"][0]["offer-url"], URL, "{found}");
    let connections = world.details().await["connections"].clone();
    assert_eq!(connections.as_array().map(Vec::len), Some(1), "{connections}");

    // What the consumer's controller keeps was looked at, and put right.
    let found = world.relation_after(&world.shop).await;
    assert_eq!((&found["state"], &found["consumer"]), (&json!("repaired"), &json!(format!("{BOB}/web"))), "{found}");
    assert!(found["message"].as_str().is_some_and(|it| it.contains("which is on controller sim3 now")), "{found}");

    // The consumer moves next to it, and away from it again.
    world.migrate(&world.web, "sim3").await;
    world.consume().await;
    assert_eq!(world.integrate().await, active());
    let report = world.dry_run(&world.web, "sim2").await;
    assert!(report.out.contains(&format!("db consumes {URL}, on the same controller now")), "{}", report.out);
    world.migrate(&world.web, "sim2").await;
    assert_eq!(world.integrate().await, active());

    // What is destroyed is gone where it is now.
    let destroy = json!({"offer-urls": [URL], "force": true});
    let answer = call(&world.admin, "ApplicationOffers(5).DestroyOffers", destroy).await;
    assert_eq!(answer["results"][0]["error"], Value::Null, "{answer}");
    assert_eq!(world.consume_details().await["error"]["code"], "not found");
    let (status, why) = world.integrate().await;
    assert_eq!(status, "error", "{why}");
}

#[tokio::test]
async fn a_relation_that_cannot_be_put_right_is_told_with_what_to_run() {
    let world = World::new(&["3.6", "3.6", "3.6"]).await;
    world.access("grant").await;
    world.consume().await;
    assert_eq!(world.integrate().await, active());
    // He may not consume it any more, so nobody does so in his name.
    world.access("revoke").await;
    world.migrate(&world.shop, "sim3").await;
    let found = world.relation_after(&world.shop).await;
    assert_eq!(found["state"], "broken", "{found}");
    assert!(found["message"].as_str().is_some_and(|it| it.contains("may not consume the offer any more")), "{found}");
    let commands = json!([format!("juju remove-saas -m {BOB}/web db"), format!("juju consume -m {BOB}/web {URL} db")]);
    assert_eq!(found["commands"], commands, "{found}");
    let said = world.app.jimmctl(&["show-migration", &world.shop, "--format", "tabular"]).await;
    assert!(said.out.contains(&format!("run: juju remove-saas -m {BOB}/web db")), "{}", said.out);
}

#[tokio::test]
async fn what_a_broker_left_undone_when_it_died_after_the_switch_the_next_one_does() {
    let world = World::new(&["3.6", "3.6", "3.6"]).await;
    world.access("grant").await;
    world.consume().await;
    assert_eq!(world.integrate().await, active());
    // While the consumer's controller stands still nobody comes to the end of looking.
    let consumers = world.app.sims[1].pid();
    let stop = || assert!(process::signal(consumers, "STOP"));
    world.migrate_and(&world.shop, "sim3", stop).await;
    world.until_it_says("SELECT state FROM migrations ORDER BY id DESC LIMIT 1", "done").await;
    world.app.kill_broker();
    let left = "SELECT care.state || ' ' || m.relations FROM migration_aftercare care JOIN migrations m ON m.id = care.migration_id \
                WHERE kind = 'relations'";
    assert_eq!(world.app.db.fetch(left).await.expect("the database").as_deref(), Some("owed []"));
    assert!(process::signal(consumers, "CONT"));
    world.app.start_broker().await.expect("the next one");
    let found = world.relation_after(&world.shop).await;
    assert_eq!(found["state"], "repaired", "{found}");
    assert_eq!(world.integrate().await, active());
}

#[tokio::test]
async fn a_controller_that_does_not_answer_after_a_move_is_asked_again_but_not_for_ever() {
    let world = World::new(&["3.6", "3.6", "3.6"]).await;
    world.access("grant").await;
    world.consume().await;
    assert_eq!(world.integrate().await, active());
    world.migrate_and(&world.shop, "sim3", || world.app.sims[1].kill()).await;
    let shown = world.cared_for(&world.shop, |care| care["tries"] == 1 && care["message"] != Value::Null).await;
    assert_eq!((&shown["state"], &shown["relations"][0]["state"]), (&json!("done"), &json!("unanswered")), "{shown}");
    let care = shown["aftercare"].as_array().and_then(|all| all.iter().find(|it| it["kind"] == "relations"));
    let care = care.unwrap_or_else(|| panic!("{shown}"));
    assert!(care["state"] == "owed" && care["next"].is_string(), "{care}");

    // The last try.
    let again = |tries: i32| {
        format!("UPDATE migration_aftercare SET tries = {tries}, state = 'owed', due = now() WHERE kind = 'relations'")
    };
    world.app.db.execute(&again(5)).await.expect("the database");
    world.cared_for(&world.shop, |care| care["state"] == "given-up" && care["tries"] == 6).await;
    world.until_told("migration.aftercare-given-up").await;
    let said = world.app.jimmctl(&["show-migration", &world.shop, "--format", "tabular"]).await;
    assert!(said.out.contains("given-up"), "{}", said.out);

    // It was only away.
    world.until_told("controller.unreachable").await;
    world.app.sims[1].restart().expect("it is back");
    world.until_told("controller.reachable").await;
    world.app.db.execute(&again(1)).await.expect("the database");
    assert_eq!(world.relation_after(&world.shop).await["state"], "repaired");
    assert_eq!(world.integrate().await, active());
}
