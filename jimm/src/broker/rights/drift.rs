//! Whether rights are as they should be: none on things that are gone, and in OpenFGA, where it decides, the same ones.

use jimm_authz::Tuple;
use jimm_proto::params::jimm_rights::CheckAccessResponse;
use jimm_store::orphans;
use jimm_store::tuples::{self, TupleRow};

use crate::broker::{Broker, Requester};
use crate::error::Result;
use crate::mirror::Drift;
use crate::tuple_rows::from_row;

/// Orphans that are removed at a time, and listed at most.
const BATCH: i64 = 1000;

impl Broker {
    /// What is not as it should be, put right when that is wanted. Callers are administrators; that was checked before.
    pub async fn check_access(&self, who: &Requester, reconcile: bool) -> Result<CheckAccessResponse> {
        // What is gone here should be gone there before both are compared.
        let (orphans, orphan_count) = self.sweep_orphans(reconcile).await?;
        let mut answer = CheckAccessResponse { orphan_count, reconciled: reconcile, ..CheckAccessResponse::default() };
        let mut drift = Drift::default();
        if let Some(mirror) = &self.mirror {
            drift = mirror.compare(reconcile).await?;
            let server = mirror.server()?;
            "openfga".clone_into(&mut answer.authorizer);
            server.store().clone_into(&mut answer.store);
            server.model().clone_into(&mut answer.model);
        } else {
            "built-in".clone_into(&mut answer.authorizer);
        }
        let mut conn = self.store.acquire().await?;
        answer.tuples = tuples::count(&mut conn).await?.unsigned_abs();
        answer.mirrored = drift.there;
        (answer.missing_count, answer.extra_count) = (drift.missing_count, drift.extra_count);
        answer.missing = self.write_tuples(&mut conn, &drift.missing, false).await?.0;
        answer.extra = self.write_tuples(&mut conn, &drift.extra, false).await?.0;
        answer.foreign = drift.foreign;
        answer.orphans = self.write_tuples(&mut conn, &orphans, false).await?.0;
        if reconcile {
            let CheckAccessResponse { missing_count: missing, extra_count: extra, .. } = answer;
            tracing::info!(requester = %who.name, missing, extra, orphans = orphan_count, "access reconciled");
        }
        Ok(answer)
    }

    /// The duty: puts right what is not as it should be, and tells of it.
    pub(crate) async fn reconcile_access(&self) -> Result<()> {
        let (_, orphans) = self.sweep_orphans(true).await?;
        let drift = match &self.mirror {
            Some(mirror) => mirror.compare(true).await?,
            None => Drift::default(),
        };
        let (missing, extra) = (drift.missing_count, drift.extra_count);
        if missing + extra > 0 {
            tracing::warn!(missing, extra, "OpenFGA had other rights than the broker: put right");
        }
        if orphans > 0 {
            tracing::info!(orphans, "rights on things that are gone removed");
        }
        Ok(())
    }

    /// Rights on things that are gone: some of them, and how many there are; removed when that is wanted.
    async fn sweep_orphans(&self, remove: bool) -> Result<(Vec<Tuple>, u64)> {
        let own = self.settings.uuid;
        if !remove {
            let mut conn = self.store.acquire().await?;
            let rows = orphans::list(&mut conn, own, BATCH).await?;
            let count = orphans::count(&mut conn, own).await?.unsigned_abs();
            return Ok((rows.into_iter().filter_map(from_row).collect(), count));
        }
        let (mut shown, mut count) = (Vec::new(), 0);
        loop {
            let mut tx = self.store.begin().await?;
            orphans::lock(&mut tx).await?;
            let rows: Vec<TupleRow> = orphans::list(&mut tx, own, BATCH).await?;
            for row in &rows {
                tuples::delete(&mut tx, row).await?;
            }
            tx.commit().await?;
            count += rows.len() as u64;
            if rows.is_empty() {
                return Ok((shown, count));
            }
            if shown.is_empty() {
                shown = rows.into_iter().filter_map(from_row).collect();
            }
        }
    }
}
