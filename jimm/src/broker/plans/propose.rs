//! Proposals: drains, rebalancing, upgrades of a fleet. Each is a plan for people to look at and edit; nothing is begun.

use std::collections::{BTreeMap, BTreeSet};

use jimm_proto::params::jimm_plans::{
    FORMAT, Plan, PlanDrainRequest, PlanLeft, PlanLimits, PlanRebalanceRequest, PlanStep, PlanUpgradeRequest,
    PlanWishes,
};
use jimm_proto::version::AgentVersion;
use jimm_store::controllers::{self, Controller};
use jimm_store::models::{self, Model};
use jimm_store::{placement, plan_models};
use uuid::Uuid;

use super::ground::Ground;
use super::waves::{Placed, forecast, waves};
use crate::broker::Broker;
use crate::broker::placement::least;
use crate::broker::placement::score::{Load, Wish};
use crate::error::{Error, Result};

/// Models of one plan.
pub(super) const LARGEST: usize = 10_000;
/// Canaries, and models of a wave, when nothing is said.
const CANARIES: i64 = 1;
const WAVE: i64 = 50;
/// Models that a rebalancing moves when nothing is said, and those it looks at on each controller for one.
const MOVES: i64 = 20;
const LOOKED_AT: usize = 50;

/// What a proposal is made of.
struct Draft {
    kind: &'static str,
    sources: Vec<Controller>,
    models: Vec<Model>,
    placed: Vec<Placed>,
    left: Vec<PlanLeft>,
}

impl Broker {
    /// Where the models of a controller would go, so that it is empty.
    pub async fn plan_drain(&self, request: &PlanDrainRequest) -> Result<Plan> {
        let source = self.controller_named(&request.controller).await?;
        self.drain("drain", vec![source], &request.wishes, None).await
    }

    /// The same for every controller of a version, into newer ones; the agents of the models are upgraded there.
    pub async fn plan_upgrade(&self, request: &PlanUpgradeRequest) -> Result<Plan> {
        let all = controllers::list(&mut *self.store.acquire().await?).await?;
        let sources: Vec<Controller> = all.iter().filter(|it| is_called(it, &request.from)).cloned().collect();
        if sources.is_empty() {
            return Err(Error::not_found(format!("no controller runs {:?}", request.from)));
        }
        let oldest = |it: &Controller| it.agent_version.parse::<AgentVersion>().unwrap_or_default();
        let newest = sources.iter().map(oldest).max().unwrap_or_default();
        let newer = |it: &&Controller| {
            is_called(it, &request.to) && oldest(it) > newest && !sources.iter().any(|source| source.uuid == it.uuid)
        };
        let targets: Vec<String> = all.iter().filter(newer).map(|it| it.name.clone()).collect();
        if targets.is_empty() {
            let text = format!("no controller is called or runs {:?} and is newer than {newest}", request.to);
            return Err(Error::bad_request(text));
        }
        self.drain("upgrade", sources, &request.wishes, Some(targets)).await
    }

    async fn drain(
        &self,
        kind: &'static str,
        sources: Vec<Controller>,
        wishes: &PlanWishes,
        targets: Option<Vec<String>>,
    ) -> Result<Plan> {
        let wishes = PlanWishes { to: targets.unwrap_or_else(|| wishes.to.clone()), ..wishes.clone() };
        self.check_wishes(&wishes).await?;
        let mut hosted = Vec::new();
        for source in &sources {
            hosted.extend(models::of_controller(&mut *self.store.acquire().await?, source.uuid).await?);
        }
        let mut draft = draft(kind, sources, hosted, &wishes)?;
        let mut ground = self.ground(&draft.models).await?;
        let groups = self.related(&draft.models).await?;
        place_all(&mut draft, &mut ground, &groups, &wishes);
        self.written(draft, &wishes).await
    }

    /// Which models would go from full controllers to less full ones; by itself the broker moves none.
    pub async fn plan_rebalance(&self, request: &PlanRebalanceRequest) -> Result<Plan> {
        let wishes = &request.wishes;
        self.check_wishes(wishes).await?;
        let moves = request.moves.unwrap_or(MOVES);
        if !(1..=1000).contains(&moves) {
            return Err(Error::bad_request("between 1 and 1000 models may move to rebalance"));
        }
        let all = controllers::list(&mut *self.store.acquire().await?).await?;
        let mut hosted = Vec::new();
        for host in &all {
            hosted.extend(models::of_controller(&mut *self.store.acquire().await?, host.uuid).await?);
        }
        let mut draft = draft("rebalance", all, hosted, wishes)?;
        draft.left.clear();
        let mut ground = self.ground(&draft.models).await?;
        let groups = self.related(&draft.models).await?;
        let sources: BTreeMap<Uuid, Controller> = draft.sources.iter().map(|it| (it.uuid, it.clone())).collect();
        let mut sizes = BTreeMap::<usize, usize>::new();
        for group in groups.values() {
            *sizes.entry(*group).or_default() += 1;
        }
        // Related models stay together where they are.
        let alone = |model: &&Model| groups.get(&model.uuid).is_none_or(|group| sizes.get(group) == Some(&1));
        let mut movable: Vec<&Model> = draft.models.iter().filter(alone).collect();
        movable.sort_by_key(|model| (model.machines + model.units, name_of(model)));
        for _ in 0..moves {
            let Some((model, target, why)) = best_move(&ground, &movable, &sources, wishes) else { break };
            ground.moved(model, brings(model), target);
            movable.retain(|it| it.uuid != model.uuid);
            let to = sources.get(&target).map(|it| it.name.clone()).unwrap_or_default();
            let group = groups.get(&model.uuid).copied().unwrap_or_default();
            draft.placed.push(placed_there(model, &sources, &to, &why, group));
        }
        draft.sources.clear();
        self.written(draft, wishes).await
    }

    async fn check_wishes(&self, wishes: &PlanWishes) -> Result<()> {
        for name in &wishes.to {
            let unknown = |_| Error::not_found(format!("controller {name:?}, named as a target, not found"));
            self.controller_named(name).await.map_err(unknown)?;
        }
        let counts = [("canaries", wishes.canaries, 0), ("models of a wave", wishes.wave_size, 1)];
        for (what, count, least) in counts {
            if count.is_some_and(|count| !(least..=10_000).contains(&count)) {
                return Err(Error::bad_request(format!("the number of {what} is between {least} and 10000")));
            }
        }
        Ok(())
    }

    async fn ground(&self, models: &[Model]) -> Result<Ground> {
        let regions: BTreeSet<(&str, &str)> = models.iter().map(|it| (it.cloud.as_str(), it.region.as_str())).collect();
        let mut ground = Ground::default();
        let mut conn = self.store.acquire().await?;
        for (cloud, region) in regions {
            ground.add(cloud, region, &placement::hosts(&mut conn, cloud, region, "").await?);
        }
        for (controller, owner, models) in placement::owners(&mut conn).await? {
            ground.add_owner(controller, owner, models);
        }
        Ok(ground)
    }

    async fn written(&self, draft: Draft, wishes: &PlanWishes) -> Result<Plan> {
        let limits = wishes.limits.clone().unwrap_or_default();
        let count = |given: Option<i64>, default: i64| usize::try_from(given.unwrap_or(default)).unwrap_or_default();
        let waves = waves(draft.placed.clone(), count(wishes.canaries, CANARIES), count(wishes.wave_size, WAVE));
        let known = plan_models::durations(&mut *self.store.acquire().await?).await?;
        let forecast = forecast(&draft.placed, &waves, &limits, known);
        let sources = draft.sources.iter().map(|it| it.name.clone()).collect();
        let kind = draft.kind.to_owned();
        Ok(Plan { format: FORMAT, kind, sources, limits, forecast: Some(forecast), waves, left: draft.left })
    }
}

/// The models that may move at all; the others with the reason.
fn draft(kind: &'static str, sources: Vec<Controller>, hosted: Vec<Model>, wishes: &PlanWishes) -> Result<Draft> {
    let mut draft = Draft { kind, sources, models: Vec::new(), placed: Vec::new(), left: Vec::new() };
    let wanted = |it: &Model| {
        let name = name_of(it);
        !it.is_controller
            && (wishes.patterns.is_empty() || wishes.patterns.iter().any(|pattern| matches(pattern, &name)))
    };
    for model in hosted.into_iter().filter(wanted) {
        let version = |it: &&Controller| it.uuid == model.controller_uuid && cannot_leave(&it.agent_version);
        let stuck = draft.sources.iter().find(version);
        let why = match (model.mode.as_str(), model.life.as_str(), stuck) {
            (models::MODE_NONE, "alive", None) => {
                draft.models.push(model);
                continue;
            }
            (models::MODE_NONE, "alive", Some(host)) => {
                format!("controller {} runs Juju {}, which cannot move models out", host.name, host.agent_version)
            }
            (models::MODE_NONE, life, _) => format!("it is {life}"),
            (mode, _, _) => format!("something is going on with it already: {mode}"),
        };
        draft.left.push(PlanLeft { model: name_of(&model), uuid: model.uuid.to_string(), why });
    }
    if draft.models.len() > LARGEST {
        let text =
            format!("{} models are more than a plan has, {LARGEST}: choose some with --match", draft.models.len());
        return Err(Error::bad_request(text));
    }
    Ok(draft)
}

/// Each group of related models together, the largest first; where that cannot be, each alone.
fn place_all(draft: &mut Draft, ground: &mut Ground, groups: &BTreeMap<Uuid, usize>, wishes: &PlanWishes) {
    let sources: BTreeMap<Uuid, Controller> = draft.sources.iter().map(|it| (it.uuid, it.clone())).collect();
    let mut sets = BTreeMap::<usize, Vec<&Model>>::new();
    for model in &draft.models {
        sets.entry(groups.get(&model.uuid).copied().unwrap_or(usize::MAX)).or_default().push(model);
    }
    let mut sets: Vec<(usize, Vec<&Model>)> = sets.into_iter().collect();
    let weight = |set: &[&Model]| set.iter().map(|it| 1 + it.machines + it.units).sum::<i64>();
    sets.sort_by_key(|(group, set)| (std::cmp::Reverse(weight(set)), *group));
    let (mut placed, mut left) = (Vec::new(), Vec::new());
    for (group, set) in sets {
        let wished: Vec<(&Model, Wish)> = set.iter().map(|it| (*it, wish(it, &sources, wishes))).collect();
        if let Ok((target, why)) = ground.place(&wished) {
            let why = if set.len() > 1 { format!("{why}; {} related models together", set.len()) } else { why };
            for (model, wish) in &wished {
                ground.moved(model, wish.brings, target.uuid);
                placed.push(placed_there(model, &sources, &target.name, &why, group));
            }
            continue;
        }
        for (model, wish) in wished {
            match ground.place(&[(model, wish.clone())]) {
                Ok((target, why)) => {
                    let apart = if set.len() > 1 { "; apart from related models: no place for all" } else { "" };
                    ground.moved(model, wish.brings, target.uuid);
                    placed.push(placed_there(model, &sources, &target.name, &format!("{why}{apart}"), group));
                }
                Err(why) => left.push(PlanLeft { model: name_of(model), uuid: model.uuid.to_string(), why }),
            }
        }
    }
    draft.placed.extend(placed);
    draft.left.extend(left);
}

/// The one move that evens things out most simply: from the fullest controller that has a model for a less full one.
fn best_move<'a>(
    ground: &Ground,
    movable: &[&'a Model],
    sources: &BTreeMap<Uuid, Controller>,
    wishes: &PlanWishes,
) -> Option<(&'a Model, Uuid, String)> {
    let mut full: Vec<(u64, Uuid)> = sources.keys().map(|uuid| (ground.load(*uuid).models, *uuid)).collect();
    full.sort_unstable_by(|a, b| b.cmp(a));
    for (models, from) in full {
        for model in movable.iter().filter(|it| it.controller_uuid == from).take(LOOKED_AT) {
            let Ok((target, why)) = ground.place(&[(*model, wish(model, sources, wishes))]) else { continue };
            let better = ground.load(target.uuid).models + 2 <= models;
            let no_farther = ground.priority(model, from).is_none_or(|priority| target.priority >= priority);
            if better && no_farther {
                let there = ground.load(target.uuid).models;
                return Some((*model, target.uuid, format!("{models} models here, {there} there; {why}")));
            }
        }
    }
    None
}

fn wish(model: &Model, sources: &BTreeMap<Uuid, Controller>, wishes: &PlanWishes) -> Wish {
    let source = sources.get(&model.controller_uuid).and_then(|it| it.agent_version.parse().ok());
    Wish {
        only: (!wishes.to.is_empty()).then(|| wishes.to.iter().cloned().collect()),
        except: Some(model.controller_uuid),
        least: least(model.agent_version.parse().ok(), source),
        tolerates: wishes.tolerates.clone(),
        requires: wishes.requires.clone(),
        brings: brings(model),
        ..Wish::default()
    }
}

fn brings(model: &Model) -> Load {
    let count = |n: i64| u64::try_from(n).unwrap_or_default();
    Load { models: 1, machines: count(model.machines), units: count(model.units) }
}

fn placed_there(model: &Model, sources: &BTreeMap<Uuid, Controller>, to: &str, why: &str, group: usize) -> Placed {
    let from = sources.get(&model.controller_uuid).map(|it| it.name.clone()).unwrap_or_default();
    let step =
        PlanStep { model: name_of(model), uuid: model.uuid.to_string(), from, to: to.to_owned(), why: why.to_owned() };
    Placed { step, machines: model.machines, units: model.units, group }
}

pub(super) fn name_of(model: &Model) -> String {
    format!("{}/{}", model.owner, model.name)
}

/// Measured: 4.0 and 4.1-beta1 answer "migration is not implemented".
pub(super) fn cannot_leave(version: &str) -> bool {
    let parsed: AgentVersion = version.parse().unwrap_or_default();
    parsed.series() == (4, 0) || version.starts_with("4.1-beta1")
}

/// Whether a controller is meant by its name, its version, or the series of that.
fn is_called(it: &Controller, word: &str) -> bool {
    let series = it.agent_version.parse::<AgentVersion>().map(|it| format!("{}.{}", it.major, it.minor));
    it.name == word || it.agent_version == word || series.is_ok_and(|series| series == word)
}

/// Whether a pattern with `*` and `?` is the whole text.
fn matches(pattern: &str, text: &str) -> bool {
    let (pattern, text): (Vec<char>, Vec<char>) = (pattern.chars().collect(), text.chars().collect());
    let (mut at, mut star) = ((0, 0), None);
    while at.1 < text.len() {
        match pattern.get(at.0) {
            Some('*') => {
                star = Some((at.0, at.1));
                at.0 += 1;
            }
            Some(c) if *c == '?' || *c == text[at.1] => at = (at.0 + 1, at.1 + 1),
            _ => match star {
                Some((place, from)) => {
                    star = Some((place, from + 1));
                    at = (place + 1, from + 1);
                }
                None => return false,
            },
        }
    }
    pattern[at.0..].iter().all(|c| *c == '*')
}

/// What limits may be.
pub(super) fn check_limits(limits: &PlanLimits) -> Vec<String> {
    let all = [
        ("parallel", limits.parallel, 1000),
        ("per-source", limits.per_source, 1000),
        ("per-target", limits.per_target, 1000),
        ("failures", limits.failures, 10_000),
        ("patience", limits.patience, 86_400),
    ];
    let wrong = all.into_iter().filter(|(_, value, most)| !(1..=*most).contains(value));
    wrong.map(|(name, value, most)| format!("limits: {name} is {value}, and is between 1 and {most}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_match_whole_names() {
        for (pattern, text, matched) in [
            ("*", "", true),
            ("alice*/shop", "alice@example.com/shop", true),
            ("*/test-*", "bob@x/test-1", true),
            ("*/test-?", "bob@x/test-12", false),
            ("*a*b*", "xaxxbx", true),
            ("*a*b", "xaxxbx", false),
            ("", "x", false),
            ("shop", "alice@example.com/shop", false),
        ] {
            assert_eq!(matches(pattern, text), matched, "{pattern} {text}");
        }
    }
}
