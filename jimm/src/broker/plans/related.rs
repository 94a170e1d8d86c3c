//! Which models are related across models: by the offers of one and the consumers that the controllers tell of.

use std::collections::BTreeMap;

use jimm_proto::params::application_offers::ApplicationOfferAdminDetailsV5;
use jimm_proto::tags::Tag;
use jimm_store::models::Model;
use jimm_store::offers::{self, Offer};
use uuid::Uuid;

use crate::broker::Broker;
use crate::broker::offers::life::url_there;
use crate::error::Result;

/// Offers that a controller is asked about at a time.
const AT_ONCE: usize = 500;

impl Broker {
    /// The models with a number each; those that are related to each other, however many are between, have the same.
    pub(super) async fn related(&self, models: &[Model]) -> Result<BTreeMap<Uuid, usize>> {
        let mut groups = Groups::new(models.iter().map(|model| model.uuid));
        let uuids: Vec<Uuid> = models.iter().map(|model| model.uuid).collect();
        let offers = offers::of_models(&mut *self.store.acquire().await?, &uuids).await?;
        let homes: BTreeMap<Uuid, Uuid> = models.iter().map(|it| (it.uuid, it.controller_uuid)).collect();
        let mut by_home = BTreeMap::<Uuid, Vec<Offer>>::new();
        for offer in offers {
            if let Some(home) = homes.get(&offer.model_uuid) {
                by_home.entry(*home).or_default().push(offer);
            }
        }
        for (home, offers) in by_home {
            for some in offers.chunks(AT_ONCE) {
                for (offer, told) in some.iter().zip(self.told_of(home, some).await) {
                    for connection in told.connections {
                        if let Ok(consumer) = Tag::model(&connection.source_model_tag) {
                            groups.join(offer.model_uuid, consumer);
                        }
                    }
                }
            }
        }
        Ok(groups.numbers())
    }

    /// The offers as their controller tells of them now, or told last.
    async fn told_of(&self, home: Uuid, some: &[Offer]) -> Vec<ApplicationOfferAdminDetailsV5> {
        let told = self.ask_offers(home, some.iter().map(url_there).collect()).await;
        let mut told = told.unwrap_or_default().into_iter();
        let last = |offer: &Offer| serde_json::from_value(offer.details.clone()).unwrap_or_default();
        some.iter().map(|offer| told.next().and_then(Result::ok).unwrap_or_else(|| last(offer))).collect()
    }
}

/// Sets of models, joined one by one.
struct Groups {
    parents: BTreeMap<Uuid, Uuid>,
}

impl Groups {
    fn new(models: impl Iterator<Item = Uuid>) -> Self {
        Self { parents: models.map(|uuid| (uuid, uuid)).collect() }
    }

    fn root(&self, of: Uuid) -> Option<Uuid> {
        let mut at = of;
        loop {
            match self.parents.get(&at) {
                Some(parent) if *parent == at => return Some(at),
                Some(parent) => at = *parent,
                None => return None,
            }
        }
    }

    /// Models that are not of ours are joined with nobody.
    fn join(&mut self, a: Uuid, b: Uuid) {
        if let (Some(a), Some(b)) = (self.root(a), self.root(b)) {
            self.parents.insert(a.max(b), a.min(b));
        }
    }

    fn numbers(&self) -> BTreeMap<Uuid, usize> {
        let mut numbers = BTreeMap::new();
        let mut of_root = BTreeMap::new();
        for uuid in self.parents.keys() {
            if let Some(root) = self.root(*uuid) {
                let next = of_root.len();
                numbers.insert(*uuid, *of_root.entry(root).or_insert(next));
            }
        }
        numbers
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_joined_over_others_is_one_group() {
        let model = |n: u64| Uuid::from_u64_pair(0, n);
        let mut groups = Groups::new((1..7).map(model));
        for (a, b) in [(1, 4), (5, 4), (2, 3), (3, 2), (6, 99), (4, 1)] {
            groups.join(model(a), model(b));
        }
        let numbers = groups.numbers();
        let of = |n: u64| numbers[&model(n)];
        assert!(of(1) == of(4) && of(4) == of(5) && of(2) == of(3));
        assert!(of(1) != of(2) && of(6) != of(1) && of(6) != of(2) && numbers.len() == 6);
    }
}
