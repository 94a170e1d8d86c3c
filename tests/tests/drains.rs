//! A controller drained by a plan, through two replicas that are killed meanwhile. `make chaos` does it larger, and again
//! and again.

use std::time::Duration;

use jimm_tests::drain::{self, Options};

#[tokio::test]
async fn every_model_comes_along_once_whoever_is_killed() {
    let options = Options {
        models: 60,
        parallel: 12,
        pace: Duration::from_millis(150),
        kill_every: Some(Duration::from_secs(4)),
        canaries: 2,
        seed: 7,
        deadline: Duration::from_secs(240),
    };
    let outcome = Box::pin(drain::run(&options)).await.unwrap_or_else(|error| panic!("{error:#}"));
    assert!(outcome.killed > 0, "nobody was killed: {outcome:?}");
}
