//! What people see on a terminal while models move: a living picture, and afterwards only what stays.

use std::time::Duration;

use jimm_tests::planned::{file, proposed, with_models};

const LONG: Duration = Duration::from_secs(120);

#[tokio::test(flavor = "multi_thread")]
async fn a_drain_is_a_bar_and_a_line_for_each_model_under_way() {
    let (app, _) = with_models(&["3.6", "3.6"], 4).await;
    let plan = proposed(&app, &["plan-drain", "sim1", "--canaries", "0", "--parallel", "2"]).await;
    let path = file(&app, "drain.json", &plan);
    let shown = app.jimmctl_on_terminal(&["apply-plan", &path], LONG).await;
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
    let shown = app.jimmctl_on_terminal(&["migrate", "sim2", &model], LONG).await;
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
