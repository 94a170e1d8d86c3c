//! A controller drained of its models while replicas of the broker are killed: what it costs, and that nothing is lost,
//! doubled, moved twice or left with other rights. `make chaos` repeats it with other seeds; a test does it once, small.
//!
//! What a drain is, how it is planned and followed is the broker's own: here it is asked for as an operator does.

mod fleet;
mod verify;

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};
use serde::Serialize;

use fleet::Fleet;
pub use fleet::Written;
pub use verify::Checked;

/// Generations of source and target.
const SHAPES: [(&str, &str); 3] = [("3.6", "3.6"), ("3.6", "4.0"), ("4.1", "4.1")];
/// How often to look how it goes.
const LOOK: Duration = Duration::from_millis(500);

/// How much, how fast, and what is done to the broker meanwhile.
#[derive(Clone, Debug)]
pub struct Options {
    /// Models on the source.
    pub models: u32,
    /// Moves at a time.
    pub parallel: u32,
    /// How long each phase of a move takes at the controllers.
    pub pace: Duration,
    /// A replica is killed (SIGKILL) each time this has passed; never when there is none.
    pub kill_every: Option<Duration>,
    /// Models that go first; the others wait for them.
    pub canaries: u32,
    /// Decides the generations, who is killed and for how long it stays away.
    pub seed: u64,
    /// How long the drain may take.
    pub deadline: Duration,
}

/// What a drain came to, when all was well.
#[derive(Clone, Debug, Serialize)]
pub struct Outcome {
    /// The seed it began with.
    pub seed: u64,
    /// Generations of source and target.
    pub shapes: (&'static str, &'static str),
    /// Replicas killed.
    pub killed: u32,
    /// What the controllers did and when the broker noted it.
    pub checked: Checked,
    /// From the first request of a move to the last model active at the target, in seconds.
    pub took: f64,
    /// `took` beside the controllers' own time for that many moves, so many at a time.
    pub overhead: f64,
    /// What Postgres wrote, per model.
    pub written: Written,
    /// Resident memory of the replica that began, before and at its most, in KiB; when none is killed.
    pub memory: Option<(u32, u32)>,
}

/// Drains once. Everything is started for it, and stopped.
///
/// # Errors
/// Whatever was not as it has to be, named.
pub async fn run(options: &Options) -> Result<Outcome> {
    let mut rng = StdRng::seed_from_u64(options.seed);
    let shapes = SHAPES[usize::try_from(options.seed)? % SHAPES.len()];
    let mut fleet = Fleet::start(options, shapes).await?;
    let before = fleet.rights().await?;
    let written = fleet.written().await?;
    let memory = fleet.memory()?;
    fleet.plan(options).await?;
    let (killed, most) = follow(&mut fleet, options, &mut rng).await.with_context(|| fleet.explain())?;
    let written = fleet.written().await? - written;
    let checked = verify::all(&fleet, &before).await.with_context(|| fleet.explain())?;
    let alone = checked.controllers_own / f64::from(options.parallel);
    Ok(Outcome {
        seed: options.seed,
        shapes,
        killed,
        took: checked.span,
        overhead: checked.span / alone - 1.0,
        written: written.per(options.models),
        memory: options.kill_every.is_none().then_some((memory, most)),
        checked,
    })
}

/// Waits for the end of the drain, and kills replicas meanwhile; how many, and the most memory that was seen in use.
async fn follow(fleet: &mut Fleet, options: &Options, rng: &mut StdRng) -> Result<(u32, u32)> {
    let (mut killed, mut most) = (0, 0);
    let (began, mut last) = (Instant::now(), Instant::now());
    fleet.apply().await?;
    while !fleet.ended().await? {
        ensure!(began.elapsed() < options.deadline, "the drain has not ended within {:?}", options.deadline);
        if options.kill_every.is_some_and(|every| last.elapsed() > every) {
            fleet.kill(rng.random_range(0..2), Duration::from_millis(rng.random_range(0..8000))).await?;
            (killed, last) = (killed + 1, Instant::now());
        }
        most = most.max(fleet.memory()?);
        tokio::time::sleep(LOOK).await;
    }
    Ok((killed, most))
}
