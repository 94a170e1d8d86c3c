//! After a login to a model, a line to its home is opened for whoever comes next: it saves time, and never costs a login.

use std::time::{Duration, Instant};

use jimm_tests::process::eventually;
use tokio::time::timeout;
use uuid::Uuid;

use crate::support::{ALICE, DEADLINE, World};

/// Less than a dial may take here.
const AT_ONCE: Duration = Duration::from_secs(10);

/// Logs in, and waits until the home has a spare line.
async fn leave_a_line(world: &World, model: Uuid) {
    world.to_model(model, ALICE).await.close().await;
    eventually("a spare line", DEADLINE, async || (world.home.quiet() > 0).then_some(())).await;
}

#[tokio::test]
async fn who_comes_next_finds_a_line_open() {
    let world = World::new().await;
    let model = world.model().await;
    eventually("a login on a line from before", DEADLINE, async || {
        leave_a_line(&world, model).await;
        let began = Instant::now();
        world.to_model(model, ALICE).await.close().await;
        let arrived = world.home.arrived().pop().expect("the login");
        (arrived.line < began).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_line_that_was_hung_up_meanwhile_costs_no_login() {
    let world = World::new().await;
    let model = world.model().await;
    eventually("a spare line was hung up", DEADLINE, async || {
        leave_a_line(&world, model).await;
        world.home.hang_up();
        timeout(AT_ONCE, world.to_model(model, ALICE)).await.expect("at once").close().await;
        (world.home.hung_up() > 0).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_line_on_which_nothing_comes_is_not_waited_for() {
    let world = World::with(&[("JIMM_CONTROLLER_DIAL_TIMEOUT", "5m")]).await;
    let model = world.model().await;
    eventually("a spare line stood still", DEADLINE, async || {
        leave_a_line(&world, model).await;
        world.home.stand_still();
        timeout(AT_ONCE, world.to_model(model, ALICE)).await.expect("at once").close().await;
        (world.home.in_vain() > 0).then_some(())
    })
    .await;
}
