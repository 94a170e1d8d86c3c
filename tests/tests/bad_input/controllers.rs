//! Controllers that lie, send garbage, or nothing: whoever asked is told which controller it was and what to do, and no
//! record changes because of it.

use std::time::{Duration, Instant};

use jimm_tests::app::TestApp;
use jimm_tests::broker::ADMIN;
use jimm_tests::process::eventually;
use serde_json::{Value, json};

use crate::liar::{Asked, Liar, PASSWORD, Say, login, model_info};
use crate::support::{broker, rows, told_of};
use crate::wire::{Heard, Ws};

const QUICK: &[(&str, &str)] = &[
    ("JIMM_CONTROLLER_DIAL_TIMEOUT", "2s"),
    ("JIMM_CONTROLLER_CALL_TIMEOUT", "2s"),
    ("JIMM_REQUEST_TIMEOUT", "2s"),
    ("JIMM_MAX_MESSAGE_SIZE", "1MiB"),
    ("JIMM_CONTROLLER_BREAKER_FAILURES", "1000"),
];
const OTHER: &str = "11111111-1111-4111-8111-111111111111";

/// Answers that no controller should give, to whatever is asked.
fn garbage() -> Vec<(&'static str, Say)> {
    let half = crate::wire::frame(true, 1, b"{\"request-id\":1,\"response\":{}}");
    vec![
        ("nothing", Say::Nothing),
        ("an end", Say::HangUp),
        ("no JSON", Say::Text("nonsense".into())),
        ("half of JSON", Say::Text("{\"request-id\":1,\"response\":{\"a\":".into())),
        ("binary", Say::Binary(vec![0; 100])),
        ("more than the limit", Say::Text("x".repeat(2 << 20))),
        ("no frame", Say::Bytes(vec![0xff; 64])),
        ("no UTF-8", Say::Bytes(vec![0x81, 2, 0xff, 0xfe])),
        ("masked", Say::Bytes(half.clone())),
        ("half a frame", Say::Bytes(vec![0x81, 0x7e, 0x10, 0x00, b'{'])),
        ("a list", Say::Answer(json!([]))),
        ("a number", Say::Answer(json!(7))),
        ("other types", Say::Answer(json!({"results": "x", "clouds": 7, "facades": {}, "controller-tag": []}))),
    ]
}

async fn attach(app: &TestApp, file: &str) -> (i32, String) {
    let path = app.dir().join("liar.yaml");
    std::fs::write(&path, file).expect("a file");
    let said = app.jimmctl(&["add-controller", &path.display().to_string()]).await;
    (said.code, said.err)
}

/// A broker with the liar attached while it was honest, and the credential of its cloud.
async fn attached() -> (TestApp, Liar) {
    let (app, liar) = (broker(QUICK).await, Liar::start().await);
    let (code, err) = attach(&app, &liar.attach_file()).await;
    assert_eq!(code, 0, "{err}");
    let admin = app.connect(ADMIN).await.expect("the administrator");
    jimm_tests::given::upload_credential(&admin, "stub", ADMIN).await.expect("a credential");
    (app, liar)
}

async fn adopt(app: &TestApp, liar: &Liar) -> (i32, String) {
    let said = app.jimmctl(&["import-model", "liar", &liar.model, "--owner", ADMIN]).await;
    (said.code, said.err)
}

#[tokio::test]
async fn a_controller_that_lies_is_not_attached() {
    let (app, liar) = (broker(QUICK).await, Liar::start().await);
    let before = rows(&app).await;
    let with = |method: &'static str, change: fn(&mut Value)| {
        let uuid = liar.uuid.clone();
        move |asked: &Asked| {
            let mut answer = match asked.method.as_str() {
                "Login" => login(&uuid, &asked.path),
                _ => json!({}),
            };
            change(&mut answer);
            (asked.method == method).then_some(Say::Answer(answer))
        }
    };
    let mut refused = 0;
    let mut expect = async |what: &str, text: &str| {
        let (code, err) = attach(&app, &liar.attach_file()).await;
        refused += 1;
        assert!(code == 1 && err.starts_with("ERROR ") && err.contains(text), "{what}: {err}");
        assert!(!err.contains("internal error") && !err.contains(PASSWORD) && err.len() < 2500, "{what}: {err}");
    };
    for method in ["Login", "ListModelSummaries", "Clouds"] {
        for (what, say) in garbage() {
            // A call that is not answered is waited for, and pings are.
            if matches!(what, "nothing" | "half a frame") && method != "Login" {
                continue;
            }
            liar.say(method, say);
            expect(&format!("{method}: {what}"), "").await;
        }
        liar.say(method, Say::Error("not now", "upgrade in progress"));
        expect(method, "not now").await;
    }
    liar.lie(with("Login", |it| it["controller-tag"] = json!(format!("controller-{OTHER}"))));
    expect("another UUID", OTHER).await;
    expect("another UUID", "check its addresses (connection failed)").await;
    liar.lie(with("Login", |it| it["controller-tag"] = json!("")));
    expect("no UUID", "check its addresses (connection failed)").await;
    liar.lie(with("Login", |it| it["facades"] = json!([])));
    expect("no facades", "does not serve facade ModelManager").await;
    liar.lie(with("ListModelSummaries", |it| *it = json!({"results": []})));
    expect("no model of its own", "is the user a superuser?").await;
    for name in ["cloud-", "cloud-a b", "cloud-a\u{0}b", "cloud-<script>", "cloud-'; DROP TABLE models; --"] {
        liar.say("Clouds", Say::Answer(json!({"clouds": {name: {"type": "openstack", "regions": [{"name": "r1"}]}}})));
        expect(name, "breaks the rules").await;
    }
    let regions = json!({"clouds": {"cloud-stub": {"type": "a\u{0}b", "regions": [{"name": "r\u{0}1"}]}}});
    liar.say("Clouds", Say::Answer(regions));
    expect("a NUL", "NUL").await;
    assert_eq!(rows(&app).await, before, "nothing is half attached");
    assert_eq!(told_of(&app, "JIMM(4).AddController", refused).await, refused, "one line each");
    assert!(app.log_lines().iter().all(|line| line["level"] != "ERROR"), "not our fault");
    assert!(!app.broker_log().contains(PASSWORD));
    liar.honest();
    assert_eq!(attach(&app, &liar.attach_file()).await, (0, String::new()));
}

/// A controller that was honest and is another now: it is not talked to, least of all about its password, and nothing that
/// the broker knows of it is lost.
#[tokio::test]
async fn a_controller_that_changes_its_uuid_is_not_believed() {
    let (app, liar) = attached().await;
    assert_eq!(adopt(&app, &liar).await.0, 0);
    let token = app.token(ADMIN).await.expect("a token");
    let path = format!("/model/{}/api", liar.model);
    let mut open = Ws::logged_in(&app, &path, &token).await;
    let before = rows(&app).await;

    liar.lie(|asked| (asked.method == "Login").then(|| Say::Answer(login(OTHER, &asked.path))));
    liar.hang_up();
    assert!(matches!(open.end().await, Heard::Closed(1001, _)));
    liar.heard();
    eventually("the broker notices", Duration::from_secs(30), || async {
        let said = app.jimmctl(&["list-controllers", "--format", "json"]).await;
        said.out.contains("unavailable").then_some(())
    })
    .await;
    let mut ws = Ws::open(&app, &path, "").await;
    let error = ws.error("Admin(4).LoginWithSessionToken", &json!({"session-token": token})).await;
    assert!(error.contains("controller liar cannot be reached") && error.contains("check its addresses"), "{error}");
    let mut api = Ws::logged_in(&app, "/api", &token).await;
    let tag = json!({"entities": [{"tag": format!("model-{}", liar.model)}]});
    let info = api.call("ModelManager(9).ModelInfo", &tag).await;
    let text = info["response"]["results"][0]["error"]["message"].as_str().unwrap_or_default().to_owned();
    assert!(text.contains("controller liar"), "{info}");
    let models = api.call("ModelManager(9).ListModels", &json!({})).await;
    assert_eq!(models["response"]["user-models"].as_array().map(Vec::len), Some(1), "{models}");
    assert!(liar.heard().iter().all(|text| !text.contains(PASSWORD)), "the password went to a stranger");
    let lines = app.log_lines();
    let told = lines.iter().filter(|line| line["message"] == "controller does not answer").count();
    assert_eq!(told, 1, "told once, however often it is tried");
    assert_eq!(rows(&app).await, before);

    liar.honest();
    eventually("all is well again", Duration::from_secs(30), || async {
        let mut ws = Ws::open(&app, &path, "").await;
        let answer = ws.call("Admin(4).LoginWithSessionToken", &json!({"session-token": token})).await;
        answer.get("error").is_none().then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_model_that_a_controller_lies_about_is_not_adopted() {
    let (app, liar) = attached().await;
    let before = rows(&app).await;
    for method in ["ModelInfo", "ListApplicationOffers"] {
        for (what, say) in garbage() {
            if what == "nothing" {
                continue;
            }
            liar.say(method, say);
            let (code, err) = adopt(&app, &liar).await;
            assert!(code == 1 && err.contains("controller"), "{method}, {what}: {err}");
        }
    }
    let lies: [(&str, Value, &str); 12] = [
        ("uuid", json!(OTHER), "told of"),
        ("uuid", json!(""), "told of"),
        ("uuid", json!(liar.model.to_uppercase()), "told of"),
        ("name", json!(""), "breaks the rules"),
        ("name", json!("Not A Name"), "breaks the rules"),
        ("name", json!("x".repeat(100_000)), "breaks the rules"),
        ("name", json!("a\u{0}b"), "breaks the rules"),
        ("owner-tag", json!("user-a b"), "owner without a valid name"),
        ("is-controller", json!(true), "controller's own model"),
        ("life", json!("dead"), "cannot be adopted"),
        ("cloud-tag", json!("cloud-a\u{0}b"), ""),
        ("cloud-region", json!("nowhere"), "cloud region not found"),
    ];
    for (member, value, text) in lies {
        let mut info = model_info(&liar.model);
        info[member] = value.clone();
        liar.say("ModelInfo", Say::Answer(json!({"results": [{"result": info}]})));
        let (code, err) = adopt(&app, &liar).await;
        assert!(code == 1 && err.contains(text) && err.len() < 2500, "{member}: {value:.50}: {err}");
        assert!(!err.contains("internal error"), "{member}: {err}");
    }
    for member in ["uuid", "name", "owner-tag", "life", "cloud-tag"] {
        let mut info = model_info(&liar.model);
        info.as_object_mut().expect("an object").remove(member);
        liar.say("ModelInfo", Say::Answer(json!({"results": [{"result": info}]})));
        assert_eq!(adopt(&app, &liar).await.0, 1, "without {member}");
    }
    for results in [json!([]), json!([{}]), json!([{"error": {"message": "no", "code": "not found"}}]), json!([null])] {
        liar.say("ModelInfo", Say::Answer(json!({"results": results})));
        assert_eq!(adopt(&app, &liar).await.0, 1, "{results}");
    }
    let offer = |uuid: &str, name: &str| json!({"offer-uuid": uuid, "offer-name": name, "application-name": "a"});
    for offers in [
        json!([offer("", "o")]),
        json!([offer("x", "o")]),
        json!([offer(OTHER, "o"), offer(OTHER, "p")]),
        json!([offer(OTHER, "a/b")]),
        json!([offer(OTHER, "o\u{0}")]),
    ] {
        liar.say("ListApplicationOffers", Say::Answer(json!({"results": offers})));
        let (code, err) = adopt(&app, &liar).await;
        assert!(code == 1 && !err.contains("internal error"), "{offers}: {err}");
    }
    assert_eq!(rows(&app).await, before, "nothing is half adopted");
    assert!(app.log_lines().iter().all(|line| line["level"] != "ERROR"), "not our fault");
    liar.honest();
    assert_eq!(adopt(&app, &liar).await.0, 0);
}

#[tokio::test]
async fn new_models_are_what_was_asked_for_or_none() {
    let (app, liar) = attached().await;
    assert_eq!(adopt(&app, &liar).await.0, 0);
    let token = app.token(ADMIN).await.expect("a token");
    let mut api = Ws::logged_in(&app, "/api", &token).await;
    let mut taken = model_info(&liar.model);
    taken["name"] = json!("m1");
    let mut nameless = model_info("no UUID");
    nameless["name"] = json!("m2");
    for (name, say) in [
        ("m1", Say::Answer(taken)),
        ("m2", Say::Answer(nameless)),
        ("m3", Say::Answer(json!({"uuid": 7}))),
        ("m4", Say::Answer(json!([]))),
        ("m5", Say::Text("nonsense".into())),
        ("m6", Say::HangUp),
        ("m7", Say::Error("no such thing", "")),
    ] {
        liar.say("CreateModel", say);
        let params = json!({"name": name, "owner-tag": format!("user-{ADMIN}"), "cloud-tag": "cloud-stub", "region": "r1",
            "credential": format!("cloudcred-stub_{ADMIN}_default"), "config": {}});
        let answer = api.call("ModelManager(9).CreateModel", &params).await;
        let error = answer["error"].as_str().unwrap_or_default();
        assert!(!error.is_empty() && !error.contains("internal error"), "{name}: {answer}");
    }
    let models = api.call("ModelManager(9).ListModels", &json!({})).await;
    assert_eq!(models["response"]["user-models"].as_array().map(Vec::len), Some(1), "{models}");
    assert!(app.log_lines().iter().all(|line| line["level"] != "ERROR"), "not our fault");
}

/// What comes down a model connection is the client's to judge, unless it cannot be passed on at all.
#[tokio::test]
async fn a_client_is_told_when_its_controller_breaks_the_connection() {
    let (app, liar) = attached().await;
    assert_eq!(adopt(&app, &liar).await.0, 0);
    let token = app.token(ADMIN).await.expect("a token");
    let path = format!("/model/{}/api", liar.model);
    for (what, say) in garbage() {
        liar.say("FullStatus", say);
        let mut ws = Ws::logged_in(&app, &path, &token).await;
        ws.ask("Client(8).FullStatus", &json!({})).await;
        match what {
            "no JSON" | "half of JSON" => assert!(matches!(ws.hear().await, Heard::Text(_)), "{what}"),
            "a list" | "a number" | "other types" => assert!(ws.answer().await.get("error").is_none(), "{what}"),
            "nothing" | "half a frame" => {
                // Others overtake it.
                let mut other = Ws::logged_in(&app, &path, &token).await;
                assert_eq!(other.call("Pinger(1).Ping", &json!({})).await["response"], json!({}), "{what}");
            }
            _ => {
                let answer = ws.answer().await;
                let error = answer["error"].as_str().unwrap_or_default();
                assert!(error.contains("controller liar"), "{what}: {answer}");
                assert!(error.contains("try again") || error.contains("ask its operator"), "{what}: {answer}");
                assert!(
                    matches!(ws.end().await, Heard::Closed(1001, why) if why.contains("controller liar")),
                    "{what}"
                );
            }
        }
    }
    // And one that breaks it in the login.
    for (what, say) in garbage() {
        liar.lie(move |asked| (asked.method == "Login" && asked.path.starts_with("/model")).then(|| say.clone()));
        let mut ws = Ws::open(&app, &path, "").await;
        let error = ws.error("Admin(4).LoginWithSessionToken", &json!({"session-token": token})).await;
        assert!(error.contains("controller") && !error.contains("internal error"), "{what}: {error}");
    }
    for result in [
        json!({"controller-tag": format!("controller-{}", liar.uuid), "model-tag": format!("model-{OTHER}")}),
        json!({"controller-tag": format!("controller-{OTHER}"), "model-tag": format!("model-{}", liar.model)}),
        json!({"discharge-required": {}}),
        json!({"redirect": 1}),
    ] {
        liar.say("Login", Say::Answer(result.clone()));
        let mut ws = Ws::open(&app, &path, "").await;
        let error = ws.error("Admin(4).LoginWithSessionToken", &json!({"session-token": token})).await;
        assert!(error.contains("controller liar"), "{result}: {error}");
    }
    liar.honest();
    let mut ws = Ws::logged_in(&app, &path, &token).await;
    assert_eq!(ws.call("Client(8).FullStatus", &json!({})).await["response"]["model"]["name"], "truth");
    assert!(app.log_lines().iter().all(|line| line["level"] != "ERROR"), "not our fault");
}

#[tokio::test]
async fn answers_to_the_broker_itself_are_looked_at() {
    let (app, liar) = attached().await;
    assert_eq!(adopt(&app, &liar).await.0, 0);
    let token = app.token(ADMIN).await.expect("a token");
    let before = rows(&app).await;
    let mut api = Ws::logged_in(&app, "/api", &token).await;
    let tag = json!({"entities": [{"tag": format!("model-{}", liar.model)}]});
    let mut of_another = model_info(OTHER);
    of_another["name"] = json!("stolen");
    let mut lies = garbage();
    lies.push(("another model", Say::Answer(json!({"results": [{"result": of_another}]}))));
    lies.push(("no results", Say::Answer(json!({"results": []}))));
    lies.push(("wrong types", Say::Answer(json!({"results": [{"result": {"uuid": liar.model, "life": 7}}]}))));
    for (what, say) in lies {
        liar.say("ModelInfo", say);
        let began = Instant::now();
        let answer = api.call("ModelManager(9).ModelInfo", &tag).await;
        // Who takes longest is waited for by the request's deadline.
        let whole = answer["error"].as_str().unwrap_or_default();
        let error = answer["response"]["results"][0]["error"]["message"].as_str().unwrap_or(whole);
        assert!(error.contains("controller") || error.contains("took too long"), "{what}: {answer}");
        assert!(began.elapsed() < Duration::from_secs(15), "{what} takes {:?}", began.elapsed());
    }
    assert_eq!(rows(&app).await, before);
    liar.honest();
    let answer = api.call("ModelManager(9).ModelInfo", &tag).await;
    assert_eq!(answer["response"]["results"][0]["result"]["name"], "truth", "{answer}");
}
