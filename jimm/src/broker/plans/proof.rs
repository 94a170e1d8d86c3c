//! The end of a plan: each source is asked itself what it still has.

use std::time::Duration;

use jimm_proto::params::jimm_plans::PlanProof;
use jimm_proto::params::model_manager::{ModelSummariesRequest, ModelSummary, ModelSummaryResults};
use jimm_store::plans::Plan;
use jimm_store::{controllers, migrations, models};
use uuid::Uuid;

use crate::broker::Broker;
use crate::broker::remote::MODEL_MANAGER;
use crate::error::Result;

/// How long a source may take to list its models.
const LIST: Duration = Duration::from_secs(60);
/// Sources that remove copies of what has moved are asked again, so often and so long after each other.
const ASKED: (u32, Duration) = (10, Duration::from_secs(1));
/// Models that are named.
const NAMED: usize = 1000;

impl Broker {
    /// What every source of the plan tells.
    pub(super) async fn prove(&self, plan: &Plan) -> Result<Vec<PlanProof>> {
        let mut proofs = Vec::with_capacity(plan.sources.len());
        for (uuid, name) in plan.sources.iter().zip(&plan.source_names) {
            let mut proof = PlanProof::default();
            for _ in 0..ASKED.0 {
                proof = self.prove_one(*uuid, name).await?;
                if proof.error.is_empty() && proof.remains.is_empty() {
                    break;
                }
                tokio::select! {
                    () = self.shutdown.cancelled() => break,
                    () = tokio::time::sleep(ASKED.1) => {}
                }
            }
            proofs.push(proof);
        }
        Ok(proofs)
    }

    async fn prove_one(&self, source: Uuid, name: &str) -> Result<PlanProof> {
        let mut proof = PlanProof { controller: name.to_owned(), ..PlanProof::default() };
        if controllers::get(&mut *self.store.acquire().await?, source).await?.is_none() {
            "it is not among the controllers of the broker any more".clone_into(&mut proof.error);
            return Ok(proof);
        }
        let request = ModelSummariesRequest { user_tag: self.service_user_tag(), all: true };
        let told: Result<ModelSummaryResults> =
            self.ask(source, MODEL_MANAGER, "ListModelSummaries", &request, LIST).await;
        let told = match told {
            Ok(told) => told,
            Err(error) => {
                error.message().clone_into(&mut proof.error);
                return Ok(proof);
            }
        };
        let there: Vec<ModelSummary> = told.results.into_iter().filter_map(|it| it.result).collect();
        let there: Vec<&ModelSummary> = there.iter().filter(|it| !it.is_controller).collect();
        for it in &there {
            let uuid = it.uuid.parse().unwrap_or_default();
            let row = models::get(&mut *self.store.acquire().await?, uuid).await?;
            let called = |row: &models::Model| format!("{}/{} ({uuid})", row.owner, row.name);
            match row {
                Some(row) if row.controller_uuid != source => proof.remains.push(called(&row)),
                Some(row) => proof.models.push(called(&row)),
                // What moved away and is gone since: the copy outlives it.
                None => match migrations::departure(&mut *self.store.acquire().await?, uuid, source).await? {
                    Some(left) => proof.remains.push(format!("{} ({uuid}), which is gone since", left.model_name)),
                    None => proof.models.push(format!("{} ({uuid}), which the broker does not know", it.name)),
                },
            }
        }
        // What the broker sends people to and the controller does not list is there all the same, as far as anyone knows.
        for row in models::of_controller(&mut *self.store.acquire().await?, source).await? {
            if !row.is_controller && !there.iter().any(|it| it.uuid == row.uuid.to_string()) {
                proof.models.push(format!("{}/{} ({}), which it does not list", row.owner, row.name, row.uuid));
            }
        }
        proof.empty = proof.models.is_empty();
        proof.remains.truncate(NAMED);
        proof.models.truncate(NAMED);
        Ok(proof)
    }
}
