//! Where a model lives and what somebody may do there, in one look.

use futures_util::future::{Either, select};
use jimm_authz::User;
use jimm_proto::access::ModelAccess;
use jimm_store::models::{self, Model};
use moka::sync::Cache;
use uuid::Uuid;

use crate::broker::Broker;
use crate::error::Result;

/// Homes that are remembered.
const KEPT: u64 = 50_000;

/// A model, with what somebody may do.
#[derive(Clone, Debug)]
pub struct Home {
    /// The model.
    pub row: Model,
    /// What they may do with it, if anything.
    pub access: Option<ModelAccess>,
    /// Whether they administer the controller that hosts it.
    pub is_admin: bool,
}

/// Where models were seen last: a guess at what to ask next, and never an answer.
#[derive(Clone, Debug)]
pub struct LastHomes(Cache<Uuid, Uuid>);

impl Default for LastHomes {
    fn default() -> Self {
        Self(Cache::new(KEPT))
    }
}

impl Broker {
    /// Looks at a model and at somebody's rights to it and to its home; nothing when there is no such model, or it is
    /// still being made.
    pub async fn home(&self, user: &User, model: Uuid) -> Result<Option<Home>> {
        let found = self.at_home(model, |home| self.model_and_home_access(user, model, home)).await?;
        found.map(|(row, rights)| rights.map(|(access, is_admin)| Home { row, access, is_admin })).transpose()
    }

    /// Looks at a model, and asks something about its home: of the one where it was seen last while the row is still
    /// read, and of the right one when that was wrong. Nothing when there is no such model, or it is still being made.
    pub(crate) async fn at_home<T, F>(&self, model: Uuid, ask: impl Fn(Uuid) -> F) -> Result<Option<(Model, T)>>
    where
        F: Future<Output = T>,
    {
        let row = self.row_of(model);
        let Some(guess) = self.last_homes.0.get(&model) else { return self.ask_at(row.await?, ask).await };
        tokio::pin!(row);
        let asked = ask(guess);
        tokio::pin!(asked);
        let (row, answer) = match select(row, asked).await {
            Either::Left((row, asked)) => (row?, Either::Left(asked)),
            Either::Right((answer, row)) => (row.await?, Either::Right(answer)),
        };
        match row {
            Some(row) if row.controller_uuid == guess => {
                let answer = match answer {
                    Either::Left(asked) => asked.await,
                    Either::Right(answer) => answer,
                };
                Ok(Some((row, answer)))
            }
            row => self.ask_at(row, ask).await,
        }
    }

    async fn ask_at<T, F>(&self, row: Option<Model>, ask: impl Fn(Uuid) -> F) -> Result<Option<(Model, T)>>
    where
        F: Future<Output = T>,
    {
        let Some(row) = row else { return Ok(None) };
        self.last_homes.0.insert(row.uuid, row.controller_uuid);
        let answer = ask(row.controller_uuid).await;
        Ok(Some((row, answer)))
    }

    /// The model of that UUID, unless it is still being made.
    pub(crate) async fn row_of(&self, model: Uuid) -> Result<Option<Model>> {
        let mut conn = self.store.reader().await?;
        let row = models::get(&mut conn, model).await?;
        conn.done();
        Ok(row.filter(|row| row.mode != models::MODE_CREATING))
    }
}
