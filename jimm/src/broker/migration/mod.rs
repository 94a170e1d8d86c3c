//! Moving a model from one controller of the broker to another: checks, start, following to the end.
//!
//! Each move is a job that any replica may take up at any line. The model's record and rights move in one transaction,
//! and only when the target shows the model alive; whatever else happens, the model stays where it was.

mod aftercare;
mod agents;
mod check;
mod control;
mod credential;
mod ends;
mod facts;
mod follow;
mod history;
mod initiate;
mod lookup;
mod offers;
mod outlook;
mod phase;
mod readiness;
mod relations;
mod report;
mod source;
mod start;
mod state;
mod stuck;
mod update;
mod way;

pub use aftercare::run_aftercare;
pub use control::Stopped;
pub(crate) use facts::{Told, is_active, start_of};
pub use start::MoveOrder;
pub use state::{KIND, moves_from_or_to};
pub use way::Estimate;

use std::sync::Arc;

use crate::broker::Broker;
use crate::broker::work::{Outcome, Work};

/// Goes on with a move from the step that it had come to.
pub async fn run(broker: &Arc<Broker>, work: &Work) -> Outcome {
    match state::Move::resume(broker, work) {
        Ok(this) => this.run().await,
        Err(error) => Outcome::Again(error),
    }
}
