//! What proposals count with: the controllers with what they carry, and what the proposal itself adds. No I/O.

use std::collections::BTreeMap;

use jimm_store::models::Model;
use jimm_store::placement::Host;
use uuid::Uuid;

use crate::broker::placement::score::{Candidate, Judged, Load, Wish, rank};
use crate::broker::placement::{candidate, reason};

/// The controllers by the regions that they serve, as they will be when what was decided has happened.
#[derive(Default)]
pub(super) struct Ground {
    hosts: BTreeMap<(String, String), Vec<Candidate>>,
    loads: BTreeMap<Uuid, Load>,
    owned: BTreeMap<(Uuid, String), u64>,
}

impl Ground {
    /// The controllers that serve a region.
    pub(super) fn add(&mut self, cloud: &str, region: &str, hosts: &[Host]) {
        let candidates: Vec<Candidate> = hosts.iter().map(candidate).collect();
        for it in &candidates {
            self.loads.insert(it.uuid, it.load);
        }
        self.hosts.insert((cloud.to_owned(), region.to_owned()), candidates);
    }

    /// How many models somebody has on a controller.
    pub(super) fn add_owner(&mut self, controller: Uuid, owner: String, models: i64) {
        self.owned.insert((controller, owner), u64::try_from(models).unwrap_or_default());
    }

    /// What a controller carries.
    pub(super) fn load(&self, controller: Uuid) -> Load {
        self.loads.get(&controller).copied().unwrap_or_default()
    }

    /// The controllers that a model may go to, as they are by now.
    fn candidates(&self, model: &Model) -> Vec<Candidate> {
        let served = self.hosts.get(&(model.cloud.clone(), model.region.clone()));
        let now = |it: &Candidate| Candidate {
            load: self.load(it.uuid),
            owned: self.owned.get(&(it.uuid, model.owner.clone())).copied().unwrap_or_default(),
            ..it.clone()
        };
        served.into_iter().flatten().map(now).collect()
    }

    /// The best place for models that are to be together, with why; or why there is none.
    pub(super) fn place(&self, together: &[(&Model, Wish)]) -> Result<(Candidate, String), String> {
        let Some((first, _)) = together.first() else { return Err("there is no model".to_owned()) };
        let all = together.iter().fold(Load::default(), |sum, (_, wish)| sum.plus(wish.brings));
        let candidates = self.candidates(first);
        let wish = |wish: &Wish| Wish { brings: all, ..wish.clone() };
        let mut refused = String::new();
        let mut good: Option<Vec<Uuid>> = None;
        for (model, each) in together {
            let here = self.candidates(model);
            let judged = rank(&here, &wish(each));
            if judged.is_empty() {
                refused = format!("no controller serves {}/{}", model.cloud, model.region);
            }
            let why = |it: &Judged<'_>| format!("{} {}", it.candidate.name, it.excluded.join(" and "));
            if refused.is_empty() && !judged.iter().any(Judged::fits) {
                refused = judged.iter().map(why).collect::<Vec<_>>().join("; ");
            }
            let fitting: Vec<Uuid> = judged.iter().filter(|it| it.fits()).map(|it| it.candidate.uuid).collect();
            good = Some(match good {
                None => fitting,
                Some(good) => good.into_iter().filter(|uuid| fitting.contains(uuid)).collect(),
            });
        }
        let good = good.unwrap_or_default();
        let mut first_wish = Wish { brings: all, ..Wish::default() };
        if let Some((_, wish)) = together.first() {
            first_wish = Wish { brings: all, ..wish.clone() };
        }
        let ranked = rank(&candidates, &first_wish);
        let count = good.len();
        let best = ranked.iter().find(|it| good.contains(&it.candidate.uuid));
        match best {
            Some(best) => Ok((best.candidate.clone(), reason(best, 1, count, &first.cloud))),
            None if refused.is_empty() => Err("no controller will do for all of them".to_owned()),
            None => Err(refused),
        }
    }

    /// The places that are no worse for the model than where it is, by priority.
    pub(super) fn priority(&self, model: &Model, controller: Uuid) -> Option<i32> {
        let served = self.hosts.get(&(model.cloud.clone(), model.region.clone()))?;
        served.iter().find(|it| it.uuid == controller).map(|it| it.priority)
    }

    /// The model will go from one to the other.
    pub(super) fn moved(&mut self, model: &Model, brings: Load, to: Uuid) {
        let from = self.loads.entry(model.controller_uuid).or_default();
        *from = Load {
            models: from.models.saturating_sub(brings.models),
            machines: from.machines.saturating_sub(brings.machines),
            units: from.units.saturating_sub(brings.units),
        };
        let there = self.loads.entry(to).or_default();
        *there = there.plus(brings);
        let left = self.owned.entry((model.controller_uuid, model.owner.clone())).or_default();
        *left = left.saturating_sub(1);
        *self.owned.entry((to, model.owner.clone())).or_default() += 1;
    }
}
