//! What people see on a terminal while models move: a living picture, and afterwards only what stays.

use std::time::Duration;

use jimm_tests::app::TestApp;
use jimm_tests::planned::{file, proposed, with_models};
use jimm_tests::process;

const LONG: Duration = Duration::from_secs(120);

/// Waits until the broker has answered that so many times more: who asks again has shown the answer before.
async fn answered(app: &TestApp, method: &str, times: usize) {
    let told = format!("JIMM(4).{method}\"");
    let count = || app.broker_log().matches(&told).count();
    let before = count();
    process::eventually(method, LONG, || async { (count() >= before + times).then_some(()) }).await;
}

/// Waits until so many models of the plan are done, and two move, and whoever watches has shown it.
async fn two_move(app: &TestApp, done: usize) {
    let states = "SELECT count(*) FILTER (WHERE state = 'done') || ' ' || count(*) FILTER (WHERE state = 'moving')
                  FROM plan_models";
    process::eventually("two move", LONG, || async {
        let told = app.db.fetch(states).await.ok()??;
        (told == format!("{done} 2")).then_some(())
    })
    .await;
    answered(app, "ShowPlan", 3).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_drain_is_a_bar_and_a_line_for_each_model_under_way() {
    let (app, _) = with_models(&["3.6", "3.6"], 4).await;
    let plan = proposed(&app, &["plan-drain", "sim1", "--canaries", "0", "--parallel", "2"]).await;
    let path = file(&app, "drain.json", &plan);
    // Both pairs stand still until they were seen.
    let source = &app.sims[0].plan;
    source.turn("hold/VALIDATION").expect("holds");
    let args = ["apply-plan", path.as_str()];
    let (shown, ()) = tokio::join!(app.jimmctl_on_terminal(&args, LONG), async {
        two_move(&app, 0).await;
        source.turn("hold/QUIESCE").expect("holds");
        two_move(&app, 2).await;
        source.turn("release").expect("releases");
    });
    assert_eq!(shown.code, 0, "{:#?}", shown.pictures.last());
    let picture = |what: &[&str]| {
        let has = |line: &str| what.iter().all(|word| line.contains(word));
        shown.pictures.iter().any(|picture| picture.lines().any(has))
    };
    assert!(picture(&["░ 0/4", "running", "wave 1"]), "the bar at the beginning: {:#?}", shown.pictures);
    assert!(picture(&["█", "/4", "a minute, about", "left"]), "how long it takes: {:#?}", shown.pictures);
    let under_way = |picture: &&String| {
        let lines = picture.lines().skip_while(|line| !line.contains("/4 ")).skip(1);
        lines.filter(|line| line.contains("(sim1 to sim2)")).count() == 2
    };
    assert!(shown.pictures.iter().any(|it| under_way(&it)), "two lines below the bar: {:#?}", shown.pictures);
    let last = shown.pictures.last().expect("a picture");
    assert!(last.contains("controller sim1 is empty: it was asked"), "{last}");
    assert_eq!(last.matches(": done (sim1 to sim2)").count(), 4, "what is told stays: {last}");
    assert!(!last.contains('█') && !last.contains('░'), "the bar goes: {last}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_move_is_a_living_line() {
    let (app, _) = with_models(&["3.6", "3.6"], 1).await;
    let plan = proposed(&app, &["plan-drain", "sim1"]).await;
    let model = plan["waves"][0]["models"][0]["model"].as_str().expect("a name").to_owned();
    let source = &app.sims[0].plan;
    source.turn("hold/VALIDATION").expect("holds");
    let args = ["migrate", "sim2", model.as_str()];
    let (shown, ()) = tokio::join!(app.jimmctl_on_terminal(&args, LONG), async {
        answered(&app, "MigrationStatus", 3).await;
        source.turn("release").expect("releases");
    });
    assert_eq!(shown.code, 0, "{:#?}", shown.pictures.last());
    let living = |picture: &&String| {
        let line = picture.lines().last().unwrap_or_default();
        "⠁⠂⠄⡀⢀⠠⠐⠈".chars().any(|turn| line.starts_with(turn)) && line.contains(&model)
    };
    assert!(shown.pictures.iter().any(|it| living(&it)), "{:#?}", shown.pictures);
    let last = shown.pictures.last().expect("a picture");
    assert!(!living(&last), "{last}");
    assert!(last.contains(&format!("{model}: done")), "{last}");
}
