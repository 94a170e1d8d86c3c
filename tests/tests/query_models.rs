//! `query-models`: a program of a user's over the status of every model of theirs, and programs that mean harm.

use std::time::{Duration, Instant};

use jimm_tests::app::{AppOptions, TestApp};
use jimm_tests::broker::ADMIN;
use jimm_tests::{given, process};
use serde_json::{Value, json};

const ALICE: &str = "alice@example.com";
const LONG: Duration = Duration::from_secs(60);
/// How long a program may take for one model here.
const PATIENCE: (&str, &str) = ("JIMM_CROSS_MODEL_QUERY_PROGRAM_TIMEOUT", "4s");

/// A broker with two controllers and a model on each: alice's and the administrator's.
async fn with_models(env: &[(&str, &str)]) -> (TestApp, [String; 2]) {
    let env = env.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let app = TestApp::with(AppOptions { sims: vec!["3.6".into(), "4.0".into()], env }).await;
    app.attach_all().await;
    let mut uuids = Vec::new();
    for (sim, owner, name) in [(&app.sims[0].plan, ALICE, "shop"), (&app.sims[1].plan, ADMIN, "bank")] {
        let cloud = given::cloud_of(sim).await.expect("a cloud");
        let user = app.connect(owner).await.expect("the owner");
        given::upload_credential(&user, &cloud, owner).await.expect("a credential");
        let uuid = given::make_model(sim, &cloud, name).await.expect("a model");
        let said = app.jimmctl(&["import-model", &sim.name, &uuid, "--owner", owner]).await;
        assert_eq!(said.code, 0, "{}", said.err);
        uuids.push(uuid);
    }
    (app, uuids.try_into().expect("two"))
}

async fn query(app: &TestApp, program: &str) -> Value {
    let said = app.jimmctl(&["query-models", program]).await;
    assert_eq!(said.code, 0, "{program}: {}", said.err);
    serde_json::from_str(&said.out).expect("JSON, unless told otherwise")
}

#[tokio::test(flavor = "multi_thread")]
async fn every_model_that_one_may_read_answers() {
    let (app, [shop, bank]) = with_models(&[]).await;
    let answer = query(&app, ".model.name").await;
    assert_eq!(answer, json!({"results": {&shop: ["shop"], &bank: ["bank"]}, "errors": {}}));
    let answer = query(&app, "[.model.controller, (.machines | length), .controller.timestamp != null], 1").await;
    assert_eq!(answer["results"][&shop], json!([["sim1", 0, true], 1]));
    assert_eq!(answer["results"][&bank], json!([["sim2", 0, true], 1]));
    // What a program says of one model is that model's error; what came before it counts.
    let answer = query(&app, r#".model.type, if .model.name == "bank" then error("closed") else empty end"#).await;
    assert_eq!(answer["results"], json!({&shop: ["iaas"], &bank: ["iaas"]}));
    assert_eq!(answer["errors"], json!({&bank: ["jq error: closed"]}));

    let alice = app.token(ALICE).await.expect("the device flow");
    let said = app.jimmctl_as(&alice, &["query-models", ".model.name", "--format", "yaml"]).await;
    assert_eq!(said.out, format!("results:\n  {shop}:\n  - shop\nerrors: {{}}\n"), "{}", said.err);
    let said = app.jimmctl(&["query-models", ".model", "--format", "tabular"]).await;
    assert!(said.out.starts_with("Model ") && said.out.contains("\"name\":\"shop\""), "{}", said.out);

    let said = app.jimmctl(&["query-models", "--stream", ".model.name"]).await;
    let mut lines: Vec<Value> = said.out.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    lines.sort_by_key(|line| line["model"].as_str().map(str::to_owned));
    assert_eq!(lines.len(), 2, "{}{}", said.out, said.err);
    assert_eq!(lines[0], json!({"model-uuid": bank, "model": format!("{ADMIN}/bank"), "results": ["bank"]}));

    for (program, text) in [
        (".model |", "failed to parse jq query"),
        ("nosuch(1)", "failed to parse jq query: undefined filter nosuch"),
        ("input", "failed to parse jq query: undefined filter input"),
        ("include \"x\"; .", "failed to parse jq query"),
        ("$__prog_args", "failed to parse jq query"),
    ] {
        let said = app.jimmctl(&["query-models", program]).await;
        assert!(said.code == 1 && said.err.contains(text) && said.out == "{}\n", "{program}: {}", said.err);
    }
    let said = app.jimmctl(&["query-models"]).await;
    assert!(said.code == 2 && said.err.contains("no query specified"), "{}", said.err);
    let admin = app.connect(ADMIN).await.expect("the admin");
    for (kind, text) in [("jimmsql", "not implemented"), ("sql", "unable to query models: invalid query type")] {
        let params = json!({"type": kind, "query": "."});
        let asked: Result<Value, _> = admin.call("JIMM", 4, "CrossModelQuery", &params, LONG).await;
        assert!(asked.expect_err("refused").to_string().contains(text), "{kind}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_model_that_cannot_be_asked_costs_itself_only() {
    let (app, [shop, bank]) = with_models(&[("JIMM_CROSS_MODEL_QUERY_MODEL_TIMEOUT", "4s")]).await;
    app.sims[1].plan.turn("fail/freeze/on").expect("a switch");
    let begun = Instant::now();
    let answer = query(&app, ".model.name").await;
    assert_eq!(answer["results"], json!({&shop: ["shop"]}));
    assert!(answer["errors"][&bank][0].as_str().is_some_and(|text| text.contains("sim2")), "{answer}");
    assert!(begun.elapsed() < Duration::from_secs(20), "{:?}", begun.elapsed());
    app.sims[1].kill();
    let answer = query(&app, ".model.name").await;
    assert_eq!(answer["results"], json!({&shop: ["shop"]}));
    assert!(answer["errors"][&bank][0].as_str().is_some_and(|text| text.contains("sim2")), "{answer}");
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_come_when_they_come_and_the_rest_is_told_at_the_deadline() {
    let (app, [shop, bank]) = with_models(&[("JIMM_CROSS_MODEL_QUERY_TIMEOUT", "8s")]).await;
    let admin = app.connect(ADMIN).await.expect("the admin");
    app.sims[1].plan.turn("fail/freeze/on").expect("a switch");
    let names = json!({"type": "jq", "query": ".model.name"});
    let begun = Instant::now();
    let started: Value = admin.call("JIMM", 4, "StartCrossModelQuery", &names, LONG).await.expect("starts");
    assert_eq!(started["models"], 2);
    let id = json!({"query-id": started["query-id"]});
    let next = async || -> Value { admin.call("JIMM", 4, "NextCrossModelQuery", &id, LONG).await.expect("a page") };
    let first = next().await;
    assert_eq!(first["answers"][0]["model-uuid"], shop, "{first}");
    assert_eq!((first["answers"].as_array().map(Vec::len), &first["done"]), (Some(1), &Value::Bool(false)));
    let second = next().await;
    assert_eq!(second["answers"][0]["model-uuid"], bank, "{second}");
    assert!(second["answers"][0]["errors"][0].as_str().is_some_and(|text| !text.is_empty()), "{second}");
    assert_eq!(next().await, json!({"answers": [], "done": true}));
    assert!(begun.elapsed() < Duration::from_secs(20), "{:?}", begun.elapsed());
    let over: Result<Value, _> = admin.call("JIMM", 4, "NextCrossModelQuery", &id, LONG).await;
    assert!(over.expect_err("it is over").to_string().contains("no such query"));
}

/// Ended by whichever bound it comes to first on this machine.
const BOUNDED: &str = "jq error: it takes ";
/// Programs and what is told of them, or the answer where they do no harm.
const HOSTILE: &[(&str, &str)] = &[
    ("[range(1e12)]", BOUNDED),
    ("def f: f; f", "it takes longer than 4s for this model"),
    ("def f: 1 + f; f", "it takes more than 256 MiB of memory, or recurses too deep"),
    ("def f: f, f; f", BOUNDED),
    ("last(repeat(.))", "it takes longer than"),
    ("reduce range(1e12) as $i (0; . + 1)", "it takes longer than"),
    ("\"x\" * 1e10 | length", "jq error"),
    ("[limit(1e9; repeat(\"aaaaaaaa\"))] | add | length", BOUNDED),
    ("reduce range(1e6) as $i ([]; [.]) | tojson", BOUNDED),
    ("(\"[\" * 10000000) | fromjson", "recurses too deep"),
    ("\"a\" * 10000000", "more than 10000 outputs or"),
    ("range(1e12)", "more than 10000 outputs or"),
    ("[range(1e6)] | combinations", "jq error"),
    ("env | length", "[0]"),
    ("$ENV | length", "[0]"),
    ("env.PATH, $ENV.JIMM_DSN", "[null,null]"),
    ("halt", "{\"results\":{},\"errors\":{}}"),
    ("halt_error", "{\"results\":{},\"errors\":{}}"),
    ("stderr | debug | input_filename?", "undefined"),
    ("1e1000", "[1e1000]"),
    ("[infinite]", "an output is not JSON"),
];

#[tokio::test(flavor = "multi_thread")]
async fn hostile_programs_end_in_time_and_harm_nobody() {
    let (app, [shop, _]) = with_models(&[PATIENCE]).await;
    let alice = app.token(ALICE).await.expect("the device flow");
    let before = resident(&app);
    for (program, told) in HOSTILE {
        let begun = Instant::now();
        let said = app.jimmctl_as(&alice, &["query-models", program]).await;
        let took = begun.elapsed();
        let text = if said.code == 0 { said.out.clone() } else { said.err.clone() };
        assert!(text.contains(told), "{program}: {text}");
        assert!(took < Duration::from_secs(20), "{program} took {took:?}");
        assert!(text.len() < 100_000, "{program} has an answer of {} bytes", text.len());
    }
    let long = format!(".{}", " ".repeat(70_000));
    let said = app.jimmctl_as(&alice, &["query-models", &long]).await;
    assert!(said.code == 1 && said.err.contains("longer than 65536 bytes"), "{}", said.err);
    let deep = format!("{}1{}", "(".repeat(30_000), ")".repeat(30_000));
    let said = app.jimmctl_as(&alice, &["query-models", &deep]).await;
    assert!(said.code <= 1, "{}", said.err);

    // The broker is as it was, and nothing that it started is left.
    assert_eq!(query(&app, ".model.name").await["results"][&shop], json!(["shop"]));
    process::eventually("no worker is left", LONG, || async { workers(&app).is_empty().then_some(()) }).await;
    let grown = resident(&app).saturating_sub(before);
    assert!(grown < 64 << 10, "the broker grew by {grown} KiB");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_query_ends_with_its_connection_and_a_user_runs_few() {
    let (app, _) = with_models(&[("JIMM_CROSS_MODEL_QUERY_PROGRAM_TIMEOUT", "50s")]).await;
    let alice = app.connect(ALICE).await.expect("alice");
    let endless = json!({"type": "jq", "query": "def f: f; f"});
    let mut ids = Vec::new();
    for _ in 0..2 {
        let started: Value = alice.call("JIMM", 4, "StartCrossModelQuery", &endless, LONG).await.expect("starts");
        assert_eq!(started["models"], 1);
        ids.push(started["query-id"].clone());
    }
    let third: Result<Value, _> = alice.call("JIMM", 4, "CrossModelQuery", &endless, LONG).await;
    let refused = third.expect_err("too many").to_string();
    assert!(refused.contains("2 of your queries run already"), "{refused}");
    let id = json!({"query-id": ids[0]});
    let _: Value = alice.call("JIMM", 4, "StopCrossModelQuery", &id, LONG).await.expect("stops");
    let gone: Result<Value, _> = alice.call("JIMM", 4, "NextCrossModelQuery", &id, LONG).await;
    assert!(gone.expect_err("it is gone").to_string().contains("no such query"));
    assert!(!workers(&app).is_empty(), "the other one runs");
    alice.close();
    process::eventually("no worker is left", LONG, || async { workers(&app).is_empty().then_some(()) }).await;
}

/// The processes that the broker runs programs in.
fn workers(app: &TestApp) -> Vec<u32> {
    let parent = app.broker_pid().to_string();
    let processes = std::fs::read_dir("/proc").expect("/proc").flatten();
    let ours = processes.filter_map(|entry| {
        let pid = entry.file_name().to_str()?.parse().ok()?;
        let stat = std::fs::read_to_string(entry.path().join("stat")).ok()?;
        let fields: Vec<&str> = stat.rsplit_once(") ")?.1.split(' ').collect();
        (fields[1] == parent && fields[0] != "Z").then_some(pid)
    });
    ours.collect()
}

/// Memory of the broker in KiB.
fn resident(app: &TestApp) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", app.broker_pid())).expect("it runs");
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).expect("a line");
    line.split_whitespace().nth(1).and_then(|n| n.parse().ok()).expect("a number")
}
