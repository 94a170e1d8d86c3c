//! A broker with two controllers, a model with an offer on each, and everybody. What is only read lives on the first;
//! what would be changed on the second, which has died, so that nothing is changed.

use std::time::Duration;

use jimm_rpc::Connection;
use jimm_store::tuples::{self, TupleRow};
use jimm_store::{PoolOptions, Store};
use jimm_tests::app::{AppOptions, Sim, TestApp};
use jimm_tests::given;
use serde_json::{Value, json};

use crate::roles::{ROLES, Role};

pub(crate) const OWNER: &str = "owner@example.com";
pub(crate) const DEADLINE: Duration = Duration::from_secs(60);

/// A controller's model and its offer.
pub(crate) struct Shop {
    pub(crate) controller: String,
    pub(crate) model: String,
    pub(crate) offer: String,
    pub(crate) offer_url: String,
}

/// What there is, by name.
pub(crate) struct Names {
    pub(crate) cloud: String,
    pub(crate) region: String,
    /// A service account.
    pub(crate) account: String,
    /// On a controller that answers.
    pub(crate) alive: Shop,
    /// On one that does not.
    pub(crate) dead: Shop,
}

pub(crate) struct World {
    pub(crate) app: TestApp,
    pub(crate) names: Names,
    store: Store,
}

impl Names {
    /// Names like these, of things that are not there.
    pub(crate) fn of_nothing(&self) -> Self {
        let shop = |shop: &Shop| Shop {
            controller: shop.controller.replace("sim", "nil"),
            model: uuid::Uuid::new_v4().to_string(),
            offer: uuid::Uuid::new_v4().to_string(),
            offer_url: shop.offer_url.replace("sim", "nil"),
        };
        let cloud = "x".repeat(self.cloud.len());
        let account = self.account.replace("svc", "nil");
        Self { cloud, region: self.region.clone(), account, alive: shop(&self.alive), dead: shop(&self.dead) }
    }

    /// A text that speaks of these, as if it spoke of the others.
    pub(crate) fn as_of(&self, others: &Self, text: &str) -> String {
        let mut text = text.replace(&self.cloud, &others.cloud).replace(&self.account, &others.account);
        for (ours, theirs) in [(&self.alive, &others.alive), (&self.dead, &others.dead)] {
            text = text.replace(&ours.model, &theirs.model).replace(&ours.controller, &theirs.controller);
        }
        text
    }
}

impl World {
    pub(crate) async fn new() -> Self {
        let app = TestApp::with(AppOptions { sims: vec!["3.6".into(), "3.6".into()], env: Vec::new() }).await;
        app.attach_all().await;
        let cloud = given::cloud_of(&app.sims[0].plan).await.expect("a cloud");
        let owner = app.connect(OWNER).await.expect("the owner");
        given::upload_credential(&owner, &cloud, OWNER).await.expect("a credential");
        let alive = shop(&app, &owner, &app.sims[0], &cloud).await;
        let dead = shop(&app, &owner, &app.sims[1], &cloud).await;
        let told: Value =
            owner.call("ModelManager", 9, "ModelInfo", &entity("model", &alive.model), DEADLINE).await.expect("told");
        let region = told["results"][0]["result"]["cloud-region"].as_str().unwrap_or_default().to_owned();
        let store = Store::connect(&app.db.url, &PoolOptions::default()).await.expect("the database");
        let world = Self { app, names: Names { cloud, region, account: "svc-1".to_owned(), alive, dead }, store };
        world.cast().await;
        world.app.sims[1].kill();
        world
    }

    /// Everybody has the right of their role and no other.
    async fn cast(&self) {
        let mut tx = self.store.begin().await.expect("a transaction");
        // What everyone has is no role's.
        for (relation, kind, id) in [
            ("can_addmodel", "cloud", &self.names.cloud),
            ("reader", "applicationoffer", &self.names.alive.offer),
            ("reader", "applicationoffer", &self.names.dead.offer),
        ] {
            assert!(tuples::delete(&mut tx, &tuple("*", relation, kind, id)).await.expect("it answers"), "{relation}");
        }
        for role in ROLES {
            let Some((relation, kind)) = role.relation() else { continue };
            jimm_store::identities::ensure(&mut tx, &role.user()).await.expect("an identity");
            for id in self.ids(kind) {
                let kind = if kind == "broker" { "controller" } else { kind };
                assert!(tuples::insert(&mut tx, &tuple(&role.user(), relation, kind, &id)).await.expect("it answers"));
            }
        }
        tx.commit().await.expect("committed");
    }

    fn ids(&self, kind: &str) -> Vec<String> {
        let (sims, names) = (&self.app.sims, &self.names);
        match kind {
            "broker" => vec![self.app.plan.uuid.clone()],
            "controller" => sims.iter().map(|sim| sim.plan.uuid.clone()).collect(),
            "serviceaccount" => vec![format!("{}@serviceaccount", names.account)],
            "cloud" => vec![names.cloud.clone()],
            "model" => vec![names.alive.model.clone(), names.dead.model.clone()],
            "applicationoffer" => vec![names.alive.offer.clone(), names.dead.offer.clone()],
            other => panic!("no things of kind {other}"),
        }
    }

    /// A session token, unless they are strangers.
    pub(crate) async fn token(&self, role: Role) -> Option<String> {
        if role == Role::Stranger {
            return None;
        }
        Some(self.app.token(&role.user()).await.expect("a token"))
    }

    /// How many rows there are of what must not change.
    pub(crate) async fn rows(&self) -> Vec<(&'static str, i64)> {
        let pool = sqlx::PgPool::connect(&self.app.db.url).await.expect("the database");
        let mut rows = Vec::new();
        for table in [
            "clouds",
            "controllers",
            "credentials",
            "models",
            "offers",
            "relation_tuples",
            "jobs",
            "identity_sets",
            "cloud_defaults",
        ] {
            let count = sqlx::query_scalar(sqlx::AssertSqlSafe(format!("SELECT count(*) FROM {table}")));
            rows.push((table, count.fetch_one(&pool).await.expect("a count")));
        }
        rows
    }
}

fn tuple(user: &str, relation: &str, kind: &str, id: &str) -> TupleRow {
    TupleRow {
        subject_kind: "user".to_owned(),
        subject_id: user.to_owned(),
        subject_relation: String::new(),
        relation: relation.to_owned(),
        object_kind: kind.to_owned(),
        object_id: id.to_owned(),
    }
}

pub(crate) fn entity(kind: &str, id: &str) -> Value {
    json!({"entities": [{"tag": format!("{kind}-{id}")}]})
}

async fn shop(app: &TestApp, owner: &Connection, sim: &Sim, cloud: &str) -> Shop {
    let controller = sim.plan.name.clone();
    let name = format!("shop-{controller}");
    let model = given::make_model(&sim.plan, cloud, &name).await.expect("a model");
    let said = app.jimmctl(&["import-model", &controller, &model, "--owner", OWNER]).await;
    assert_eq!(said.code, 0, "{}", said.err);
    let there = app.connect_model(&model, OWNER).await.expect("the model");
    let deploy = json!({"applications": [{"application": "db", "charm-url": "ch:db-1", "num-units": 0}]});
    let answer: Value = there.call("Application", 19, "Deploy", &deploy, DEADLINE).await.expect("it answers");
    assert_eq!(answer["results"][0].get("error"), None, "{answer}");
    let offers = json!({"Offers": [{"model-tag": format!("model-{model}"), "offer-name": "db", "application-name": "db",
        "application-description": "", "endpoints": {"db": "db"}, "owner-tag": ""}]});
    let answer: Value = owner.call("ApplicationOffers", 4, "Offer", &offers, DEADLINE).await.expect("it answers");
    assert_eq!(answer["results"][0].get("error"), None, "{answer}");
    let offer_url = format!("{OWNER}/{name}.db");
    let urls = json!({"offer-urls": [offer_url]});
    let told: Value =
        owner.call("ApplicationOffers", 4, "ApplicationOffers", &urls, DEADLINE).await.expect("it answers");
    let offer = told["results"][0]["result"]["offer-uuid"].as_str().unwrap_or_else(|| panic!("{told}")).to_owned();
    Shop { controller, model, offer, offer_url }
}
