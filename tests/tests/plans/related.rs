//! Models that are related across models go together.

use jimm_rpc::Connection;
use jimm_tests::broker::ADMIN;
use jimm_tests::planned::{LONG, begun, proposed, until, with_models};
use serde_json::{Value, json};

async fn call(connection: &Connection, facade: &str, version: u32, method: &str, params: Value) -> Value {
    let answer: Value = connection.call(facade, version, method, &params, LONG).await.expect(method);
    assert_eq!(answer["results"][0]["error"], Value::Null, "{method}: {answer}");
    answer
}

#[tokio::test(flavor = "multi_thread")]
async fn a_consumer_goes_where_the_offering_model_goes_and_neither_is_the_canary() {
    let (app, uuids) = with_models(&["3.6", "3.6", "3.6"], 3).await;
    let admin = app.connect(ADMIN).await.expect("the admin");
    for (uuid, application) in [(&uuids[0], "pg"), (&uuids[1], "site")] {
        let model = app.connect_model(uuid, ADMIN).await.expect("the model");
        let deploy = json!({"application": application, "charm-url": "local:x-0", "num-units": 1});
        call(&model, "Application", 19, "Deploy", json!({"applications": [deploy]})).await;
    }
    let offer = json!({"model-tag": format!("model-{}", uuids[0]), "offer-name": "db", "application-name": "pg",
        "application-description": "a database", "endpoints": {"db": "db"}, "owner-tag": ""});
    call(&admin, "ApplicationOffers", 5, "Offer", json!({"Offers": [offer]})).await;
    let url = format!("{ADMIN}/m0.db");
    let params = json!({"offer-urls": {"offer-urls": [format!("jaas:{url}")], "bakery-version": 3}});
    let told = call(&admin, "ApplicationOffers", 5, "GetConsumeDetails", params).await["results"][0].clone();
    let mut arg = told["offer"].clone();
    arg["macaroon"] = told["macaroon"].clone();
    arg["external-controller"] = told["external-controller"].clone();
    arg["application-alias"] = json!("db");
    let web = app.connect_model(&uuids[1], ADMIN).await.expect("the model");
    call(&web, "Application", 19, "Consume", json!({"args": [arg]})).await;
    let params = json!({"endpoints": ["site:db", "db:db"]});
    let _: Value = web.call("Application", 19, "AddRelation", &params, LONG).await.expect("a relation");

    let plan = proposed(&app, &["plan-drain", "sim1", "--canaries", "1"]).await;
    let uuid = |wave: usize, n: usize| plan["waves"][wave]["models"][n]["uuid"].as_str().unwrap_or_default().to_owned();
    assert_eq!(uuid(0, 0), uuids[2], "the one that is related to nobody is tried first: {plan}");
    let mut together = vec![uuid(1, 0), uuid(1, 1)];
    together.sort();
    let mut expected = uuids[..2].to_vec();
    expected.sort();
    assert_eq!(together, expected, "{plan}");
    let (first, second) = (&plan["waves"][1]["models"][0], &plan["waves"][1]["models"][1]);
    assert_eq!(first["to"], second["to"], "{plan}");
    assert_ne!(first["to"], plan["waves"][0]["models"][0]["to"], "the third is spread from them: {plan}");
    assert!(first["why"].as_str().is_some_and(|why| why.ends_with("2 related models together")), "{plan}");
    let id = begun(&app, &plan).await;
    let told = until(&app, id, "done").await;
    assert_eq!(told["status"]["models"], json!({"done": 3}), "{told}");
}
