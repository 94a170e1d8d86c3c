//! Plans that people edited into nonsense: everything that is wrong is told at once, and nothing is begun.

use jimm_tests::app::TestApp;
use jimm_tests::broker::ADMIN;
use jimm_tests::planned::{LONG, file, problems, proposed, with_models};
use serde_json::{Value, json};

async fn nothing_was_begun(app: &TestApp) {
    for sql in [
        "SELECT count(*)::text FROM plans",
        "SELECT count(*)::text FROM jobs WHERE kind = 'migrate-model'",
        "SELECT count(*)::text FROM controllers WHERE cordoned_since IS NOT NULL",
    ] {
        assert_eq!(app.db.fetch(sql).await.expect("the database").as_deref(), Some("0"), "{sql}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_that_is_wrong_is_told_at_once() {
    let (app, _) = with_models(&["3.6", "3.6", "4.0"], 3).await;
    let good = proposed(&app, &["plan-drain", "sim1", "--to", "sim2", "--canaries", "0"]).await;
    let models = || good["waves"][0]["models"].as_array().expect("models").clone();
    let name = |n: usize| models()[n]["model"].as_str().expect("a name").to_owned();
    let with = |models: Vec<Value>| {
        let mut plan = good.clone();
        plan["waves"][0]["models"] = json!(models);
        plan
    };
    let changed = |n: usize, member: &str, value: Value| {
        let mut all = models();
        all[n][member] = value;
        with(all)
    };
    let cases = [
        (changed(0, "model", json!("nobody@example.com/nothing")), "is called".to_owned()),
        (changed(0, "uuid", json!("00000000-0000-4000-8000-000000000000")), "model not found: is it gone?".to_owned()),
        (changed(0, "to", json!("nowhere")), "its target, controller \"nowhere\", is not known".to_owned()),
        (changed(0, "to", json!("sim1")), "it is on controller sim1 already".to_owned()),
        (changed(0, "from", json!("sim2")), "it is on controller sim1, and not on sim2 any more".to_owned()),
        (with(vec![models()[0].clone(), models()[0].clone()]), "it is in the plan twice".to_owned()),
        (with(Vec::new()), "the plan has no models".to_owned()),
    ];
    for (plan, expected) in cases {
        let told = problems(&app, &plan).await;
        assert!(told.contains(&expected), "{expected}: {told}");
    }
    // Several at once, each with its model.
    let mut all = models();
    all[0]["to"] = json!("nowhere");
    all[1]["from"] = json!("sim3");
    all[2]["to"] = json!("sim1");
    let told = problems(&app, &with(all)).await;
    assert_eq!(told.lines().count(), 3, "{told}");
    assert!((0..3).all(|n| told.contains(&name(n))), "{told}");

    // A circle: who is to be empty gets a model.
    let mut circle = good.clone();
    circle["sources"] = json!(["sim1", "sim2"]);
    let told = problems(&app, &circle).await;
    assert!(told.contains("controller sim2 is to be empty by this plan, and gets the model by it"), "{told}");

    for (member, value, expected) in [
        ("format", json!(2), "the plan has format 2"),
        ("kind", json!("dance"), "\"dance\" is no kind of plan"),
        ("sources", json!(["sim1", "sim1"]), "is a source of the plan twice"),
        ("sources", json!(["nowhere"]), "controller \"nowhere\", a source of the plan, is not known"),
        ("sources", json!([]), "names no sources"),
        ("limits", json!({"parallel": 0}), "parallel is 0"),
        ("limits", json!({"parallel": -5, "failures": 0, "per-target": 99_999_999}), "failures is 0"),
        ("limits", json!({"paralel": 5}), "unknown field `paralel`"),
        ("limits", json!({"parallel": "many"}), "invalid type"),
        ("waves", json!("none"), "invalid type"),
        ("waves", json!([{"name": "", "models": []}]), "has no name"),
        ("waves", json!([{"name": "w", "models": [{"model": "a/b", "to": "sim2", "too": "sim3"}]}]), "unknown field"),
        ("waves", json!([{"name": "w", "models": [{"model": "a/b"}]}]), "missing field `to`"),
        ("waves", json!([{"name": "w", "models": [{"model": "no-name", "to": "sim2"}]}]), "neither a UUID nor"),
    ] {
        let mut plan = good.clone();
        plan[member] = value;
        let told = problems(&app, &plan).await;
        assert!(told.contains(expected), "{member}: {expected}: {told}");
    }
    // A cordoned target; what somebody moved meanwhile.
    assert_eq!(app.jimmctl(&["cordon", "sim2"]).await.code, 0);
    let told = problems(&app, &good).await;
    assert!(told.contains("controller sim2 is cordoned"), "{told}");
    assert_eq!(app.jimmctl(&["uncordon", "sim2"]).await.code, 0);
    nothing_was_begun(&app).await;
    let uuid = models()[0]["uuid"].as_str().expect("a model").to_owned();
    assert_eq!(app.jimmctl(&["migrate", "sim2", &uuid]).await.code, 0);
    let told = problems(&app, &good).await;
    assert!(told.contains("it is on controller sim2, and not on sim1 any more"), "{told}");
    assert_eq!(told.lines().count(), 1, "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn files_that_are_no_plans_are_refused_with_the_place() {
    let (app, _) = with_models(&["3.6", "3.6"], 1).await;
    let good = proposed(&app, &["plan-drain", "sim1"]).await;
    let write = |name: &str, text: &str| {
        let path = app.dir().join(name);
        std::fs::write(&path, text).expect("a file");
        path.to_string_lossy().into_owned()
    };
    let more: Vec<String> = (0..40).map(|n| format!("b{n}: [*a,*a]\n")).collect();
    let aliases = format!("a: &a [x,x]\n{}", more.concat());
    for (name, text, expected) in [
        ("empty.yaml", String::new(), "is no plan"),
        ("list.yaml", "- a\n- b\n".to_owned(), "is no plan"),
        ("binary.yaml", "\u{0}\u{1}\u{2}".to_owned(), "is no plan"),
        ("open.yaml", "waves: [".to_owned(), "is no plan"),
        ("aliases.yaml", aliases, "is no plan"),
        ("deep.yaml", "[".repeat(100_000), "is no plan"),
        ("typo.yaml", "format: 1\nkind: drain\nsourcs: [sim1]\nwaves: []\n".to_owned(), "unknown field `sourcs`"),
        ("long.yaml", "#".repeat(17 << 20), "is too long for a plan"),
    ] {
        let said = app.jimmctl(&["apply-plan", &write(name, &text)]).await;
        assert!(said.code == 1 && said.err.contains(expected), "{name}: {}", said.err);
        assert!(said.err.len() < 5000, "{name}: the text is short");
    }
    let said = app.jimmctl(&["apply-plan", "/nowhere/plan.yaml"]).await;
    assert!(said.code == 1 && said.err.contains("cannot read"), "{}", said.err);
    let mut wrong = good.clone();
    wrong["waves"][0]["models"][0]["to"] = json!("nowhere");
    for args in [&["apply-plan"][..], &["apply-plan", "--check"]] {
        let said = app.jimmctl(&[args, &[&file(&app, "wrong.json", &wrong)]].concat()).await;
        let told =
            said.code == 1 && said.err.contains("is not known") && said.err.contains("nothing was begun: 1 problems");
        assert!(told, "{}", said.err);
    }
    // Far more than a plan has, and more than a call takes.
    let mut huge = good.clone();
    huge["waves"][0]["models"] = json!(vec![good["waves"][0]["models"][0].clone(); 10_001]);
    let admin = app.connect(ADMIN).await.expect("the admin");
    let told: Result<Value, _> = admin.call("JIMM", 4, "ApplyPlan", &json!({ "plan": huge }), LONG).await;
    assert!(told.expect_err("too much").to_string().contains("more than 10000 entries"));
    let mut many = good.clone();
    many["waves"] = json!(vec![json!({"name": "w", "models": vec![good["waves"][0]["models"][0].clone(); 10]}); 1001]);
    let told: Value = admin.call("JIMM", 4, "ApplyPlan", &json!({ "plan": many }), LONG).await.expect("an answer");
    assert!(told["problems"][0].as_str().is_some_and(|why| why.contains("more than 10000 models")), "{told}");
    nothing_was_begun(&app).await;

    for wrong in [
        &["plan-drain", "nowhere"][..],
        &["plan-drain", "sim1", "--to", "nowhere"],
        &["plan-drain", "sim1", "--canaries", "-1"],
        &["plan-drain", "sim1", "--wave-size", "0"],
        &["plan-drain", "sim1", "--require", "nonsense"],
        &["plan-rebalance", "--moves", "0"],
        &["upgrade-fleet", "--from", "2.9", "--to", "sim2"],
        &["upgrade-fleet", "--from", "3.6", "--to", "3.6"],
        &["upgrade-fleet", "--from", "3.6"],
        &["show-plan", "99"],
        &["show-plan", "seven"],
    ] {
        let said = app.jimmctl(wrong).await;
        assert!(said.code != 0 && !said.err.is_empty(), "{wrong:?}: {}", said.out);
    }
    let alice = app.token("alice@example.com").await.expect("alice");
    for refused in [&["plan-drain", "sim1"][..], &["plans"], &["pause-plan", "1"]] {
        let said = app.jimmctl_as(&alice, refused).await;
        assert!(said.code == 1 && said.err.contains("unauthorized"), "{refused:?}: {}", said.err);
    }
}
