//! What the last list of a controller told of each model, as a hash: what did not change since is neither read nor written
//! again. Whose row changed otherwise, as Postgres tells, is read anew. It knows nothing of who is asked, and when.

use std::collections::{BTreeSet, HashMap};
use std::hash::{BuildHasher as _, RandomState};
use std::time::{Duration, Instant};

use jimm_proto::params::model_manager::ModelSummaryResult;
use jimm_store::models::Refresh;
use serde_json::value::RawValue;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::TryRecvError;
use uuid::Uuid;

use super::events::News;
use crate::broker::models::visible::refresh_of;
use crate::error::{Error, Kind, Result};

/// How long to go without reading everything, in case that news of a change got lost.
const WHOLE: Duration = Duration::from_secs(60);

/// The models of one controller.
#[derive(Debug)]
pub(super) struct Known {
    /// The models of the last list, by the hash of what it told of each.
    models: HashMap<u64, Uuid>,
    hasher: RandomState,
    changes: Receiver<News>,
    /// When nothing was known.
    since: Instant,
}

/// What a list tells.
#[derive(Debug, Default)]
pub(super) struct Told {
    /// The models in it.
    pub(super) listed: Vec<Uuid>,
    /// Those of which it told otherwise before, or nothing that we know, by UUID.
    pub(super) news: Vec<(Uuid, Refresh)>,
}

impl Known {
    /// Nothing is known yet. `changes` are those of the rows of models, from now on.
    pub(super) fn new(changes: Receiver<News>) -> Self {
        Self { models: HashMap::new(), hasher: RandomState::new(), changes, since: Instant::now() }
    }

    /// Looks through a list: `ModelSummaryResult`s of Juju as they came. What is news is taken for known from now on, so
    /// who fails to write it must not go on with this. Fails when the controller gave something else.
    pub(super) fn look_through(&mut self, list: &[Box<RawValue>]) -> Result<Told> {
        self.forget_what_changed();
        let mut told = Told::default();
        let mut models = HashMap::with_capacity(list.len());
        for model in list {
            let hash = self.hasher.hash_one(model.get());
            let uuid = match self.models.get(&hash) {
                Some(uuid) => *uuid,
                None => match read(model)? {
                    Some((uuid, news)) => {
                        told.news.push((uuid, news));
                        uuid
                    }
                    None => continue,
                },
            };
            models.insert(hash, uuid);
            told.listed.push(uuid);
        }
        self.models = models;
        told.news.sort_by_key(|(uuid, _)| *uuid);
        Ok(told)
    }

    fn forget_what_changed(&mut self) {
        let mut changed = BTreeSet::new();
        loop {
            match self.changes.try_recv() {
                Ok(News::Models(models)) => changed.extend(models.iter().copied()),
                Ok(News::Anything) | Err(TryRecvError::Lagged(_)) => self.forget_all(),
                Err(TryRecvError::Empty | TryRecvError::Closed) => break,
            }
        }
        self.models.retain(|_, uuid| !changed.contains(uuid));
        if self.since.elapsed() > WHOLE {
            self.forget_all();
        }
    }

    fn forget_all(&mut self) {
        self.models.clear();
        self.since = Instant::now();
    }
}

/// What a list tells of one model; nothing where it tells of an error or of no model.
fn read(told: &RawValue) -> Result<Option<(Uuid, Refresh)>> {
    let told: ModelSummaryResult = serde_json::from_str(told.get()).map_err(|error| {
        let text = "the controller gave a list of models that the broker cannot read";
        Error::new(Kind::Controller, text).with_source(error)
    })?;
    Ok(told.result.and_then(|summary| Some((summary.uuid.parse().ok()?, refresh_of(&summary)))))
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use tokio::sync::broadcast;

    use super::*;

    fn list(models: &[(Uuid, &str)]) -> Vec<Box<RawValue>> {
        let one = |(uuid, status): &(Uuid, &str)| json!({"result": {"uuid": uuid, "status": {"status": status}}});
        models.iter().map(|it| serde_json::value::to_raw_value(&one(it)).unwrap()).collect()
    }

    fn news(told: &Told) -> Vec<(Uuid, &str)> {
        told.news.iter().map(|(uuid, news)| (*uuid, news.status.as_str())).collect()
    }

    #[test]
    fn only_what_is_new_is_told_and_whose_row_changed_is_told_again() {
        let changes = broadcast::Sender::new(4);
        let mut known = Known::new(changes.subscribe());
        let [one, two] = [Uuid::from_u128(1), Uuid::from_u128(2)];
        let both = list(&[(two, "idle"), (one, "idle")]);
        let told = known.look_through(&both).unwrap();
        assert_eq!((news(&told), &told.listed), (vec![(one, "idle"), (two, "idle")], &vec![two, one]));
        let told = known.look_through(&both).unwrap();
        assert_eq!((news(&told), &told.listed), (vec![], &vec![two, one]));

        let told = known.look_through(&list(&[(one, "idle"), (two, "busy")])).unwrap();
        assert_eq!(news(&told), [(two, "busy")]);
        let told = known.look_through(&both).unwrap();
        assert_eq!(news(&told), [(two, "idle")], "as it was before is news too");

        changes.send(News::Models([one].into())).unwrap();
        assert_eq!(news(&known.look_through(&both).unwrap()), [(one, "idle")]);
        changes.send(News::Anything).unwrap();
        assert_eq!(news(&known.look_through(&both).unwrap()).len(), 2);
        for _ in 0..5 {
            changes.send(News::Models([].into())).unwrap();
        }
        assert_eq!(news(&known.look_through(&both).unwrap()).len(), 2, "who is behind reads everything");
        known.since = Instant::now().checked_sub(2 * WHOLE).unwrap();
        assert_eq!(news(&known.look_through(&both).unwrap()).len(), 2, "and everybody now and then");
        assert!(news(&known.look_through(&both).unwrap()).is_empty());
    }

    #[test]
    fn what_is_gone_is_not_remembered_and_what_is_no_model_fails_or_is_left_out() {
        let changes = broadcast::Sender::new(4);
        let mut known = Known::new(changes.subscribe());
        let one = list(&[(Uuid::from_u128(1), "idle")]);
        known.look_through(&one).unwrap();
        known.look_through(&[]).unwrap();
        assert_eq!(known.look_through(&one).unwrap().news.len(), 1);
        let raw = |text: &str| RawValue::from_string(text.to_owned()).unwrap();
        let odd = [raw(r#"{"error": {"message": "no"}}"#), raw(r#"{"result": {"uuid": "x"}}"#)];
        let told = known.look_through(&odd).unwrap();
        assert!(told.listed.is_empty() && told.news.is_empty());
        assert_eq!(known.look_through(&[raw("7")]).unwrap_err().kind(), Kind::Controller);
    }
}
