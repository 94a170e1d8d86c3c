//! What is told of plans to those who follow events.

use jimm_store::PgConnection;
use jimm_store::events::{self, Code, Subject};
use serde_json::Value;

use crate::error::Result;

/// Notes an event of a plan, in the transaction of what it tells of.
pub(super) async fn tell(conn: &mut PgConnection, code: &Code, plan: i64, data: &Value) -> Result<()> {
    events::note(conn, code, Subject::named(&plan.to_string()), data).await?;
    Ok(())
}
