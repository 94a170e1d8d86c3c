//! Telling OpenFGA what is in the outbox: in order, one replica at a time, each change once or more.

use std::collections::HashMap;
use std::time::Duration;

use jimm_authz::{Error, OpenFga, Tuple, WRITES_AT_ONCE, is_mirrored};
use jimm_store::mirror::{self, Change};
use jimm_store::{leases, tuples::TupleRow};

use super::{LOOK, Mirror, Result, cause};
use crate::tuple_rows::from_row;

/// The lease of who delivers.
const LEASE: &str = "tell-openfga";
/// Changes of one turn: two writes at most, which take two seconds at most each.
const TURN: i64 = 200;
/// How long a turn may take; so long others wait for a replica that dies in the middle of one.
const LENGTH: Duration = Duration::from_secs(6);
/// How long nobody delivers after a write that failed: one that was given up here may still be under way, and must not
/// come after a newer one. The server gives it up by itself at the same time.
const UNCERTAIN: Duration = Duration::from_secs(1);

impl Mirror {
    /// Tells changes until all up to this one have been told, by whomever, or the broker stops.
    pub(super) async fn deliver_up_to(&self, server: &OpenFga, newest: i64) -> Result<()> {
        let _turn = self.turn.lock().await;
        while !self.shutdown.is_cancelled() {
            {
                let mut conn = self.store.acquire().await.map_err(Error::read)?;
                if mirror::is_told(&mut conn, newest).await.map_err(Error::read)? {
                    return Ok(());
                }
            }
            if self.deliver_some(server).await? {
                self.delivered.notify_waiters();
            } else {
                tokio::time::sleep(LOOK).await;
            }
        }
        Ok(())
    }

    /// One turn; `false` when it is another's.
    async fn deliver_some(&self, server: &OpenFga) -> Result<bool> {
        let owner = self.turn_name();
        let mut conn = self.store.acquire().await.map_err(Error::read)?;
        if leases::acquire(&mut conn, LEASE, &owner, LENGTH).await.map_err(Error::read)?.is_none() {
            return Ok(false);
        }
        let changes = mirror::oldest(&mut conn, TURN).await.map_err(Error::read)?;
        drop(conn);
        let written = write(server, &changes).await;
        let mut conn = self.store.acquire().await.map_err(Error::read)?;
        if let Err(error) = written {
            leases::acquire(&mut conn, LEASE, &owner, UNCERTAIN).await.map_err(Error::read)?;
            return Err(error);
        }
        let ids: Vec<i64> = changes.iter().map(|change| change.id).collect();
        mirror::forget(&mut conn, &ids).await.map_err(Error::read)?;
        leases::release(&mut conn, LEASE, &owner).await.map_err(Error::read)?;
        Ok(true)
    }
}

async fn write(server: &OpenFga, changes: &[Change]) -> Result<()> {
    for chunk in net(changes).chunks(WRITES_AT_ONCE) {
        let pick = |wanted: bool| -> Vec<Tuple> {
            chunk.iter().filter(|(_, inserted)| *inserted == wanted).map(|(tuple, _)| tuple.clone()).collect()
        };
        match server.write(&pick(true), &pick(false)).await {
            Err(Error::OpenFgaRefused { .. }) => one_by_one(server, chunk).await?,
            written => written?,
        }
    }
    Ok(())
}

/// Finds what it was that was refused. A right that the server will not take, though it is otherwise well, nobody has; it
/// must not stand in the way of all others. One that is taken away has to go.
async fn one_by_one(server: &OpenFga, changes: &[(Tuple, bool)]) -> Result<()> {
    for (tuple, inserted) in changes {
        let one = std::slice::from_ref(tuple);
        let written = if *inserted { server.write(one, &[]).await } else { server.write(&[], one).await };
        match written {
            Err(error @ Error::OpenFgaRefused { .. }) if *inserted => {
                server.ping().await?;
                tracing::error!(%tuple, cause = %cause(&error), "OpenFGA does not take this right: nobody has it");
            }
            written => written?,
        }
    }
    Ok(())
}

/// What is left of changes when of those of one tuple the last counts, and what OpenFGA is not told is left out.
fn net(changes: &[Change]) -> Vec<(Tuple, bool)> {
    let last: HashMap<&TupleRow, bool> = changes.iter().map(|change| (&change.tuple, change.inserted)).collect();
    let tuple =
        |(row, inserted): (&TupleRow, bool)| from_row(row.clone()).filter(is_mirrored).map(|tuple| (tuple, inserted));
    last.into_iter().filter_map(tuple).collect()
}

#[cfg(test)]
mod tests {
    use jimm_authz::{Object, Relation, Subject};

    use super::*;
    use crate::tuple_rows::to_row;

    #[test]
    fn of_changes_of_one_tuple_the_last_counts() {
        let tuple = |name: &str| Tuple::new(Subject::user(name), Relation::Reader, Object::model("m"));
        let change = |id, inserted, name| Change { id, inserted, tuple: to_row(&tuple(name)) };
        let mut left = net(&[
            change(1, true, "a"),
            change(2, true, "b"),
            change(3, false, "a"),
            change(4, false, "b"),
            change(5, true, "b"),
            change(6, true, &"x".repeat(600)),
        ]);
        left.sort();
        assert_eq!(left, [(tuple("a"), false), (tuple("b"), true)]);
    }
}
