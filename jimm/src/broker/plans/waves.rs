//! From models with their places to waves: canaries first, the smallest and least related; related ones together. No I/O.

use std::collections::BTreeMap;

use jimm_proto::params::jimm_plans::{PlanForecast, PlanLimits, PlanStep, PlanWave};

/// A model that has a place.
#[derive(Clone, Debug, Default)]
pub(super) struct Placed {
    /// What the plan says of it.
    pub(super) step: PlanStep,
    /// How big it is: machines and units.
    pub(super) machines: i64,
    pub(super) units: i64,
    /// Models with the same number are related.
    pub(super) group: usize,
}

impl Placed {
    fn size(&self) -> i64 {
        self.machines + self.units
    }
}

/// The waves: so many canaries alone, then so many models each. Related models are in one wave, which may be longer.
pub(super) fn waves(mut placed: Vec<Placed>, canaries: usize, size: usize) -> Vec<PlanWave> {
    let mut groups = BTreeMap::<usize, Vec<Placed>>::new();
    placed.sort_by(|a, b| (a.size(), &a.step.model).cmp(&(b.size(), &b.step.model)));
    for it in placed {
        groups.entry(it.group).or_default().push(it);
    }
    let mut groups: Vec<Vec<Placed>> = groups.into_values().collect();
    let weight = |group: &Vec<Placed>| (group.len(), group.iter().map(Placed::size).sum::<i64>());
    groups.sort_by(|a, b| {
        let name = |group: &Vec<Placed>| group.first().map(|it| it.step.model.clone());
        weight(a).cmp(&weight(b)).then_with(|| name(a).cmp(&name(b)))
    });
    let mut waves: Vec<PlanWave> = Vec::new();
    let mut left = canaries;
    let mut rest = groups.into_iter().peekable();
    let mut tried: Vec<PlanStep> = Vec::new();
    while let Some(group) = rest.next_if(|group| group.len() <= left) {
        left -= group.len();
        tried.extend(group.into_iter().map(|it| it.step));
    }
    if !tried.is_empty() {
        waves.push(PlanWave { name: "canaries".to_owned(), models: tried });
    }
    let mut wave: Vec<PlanStep> = Vec::new();
    let mut number = 1;
    let mut close = |wave: &mut Vec<PlanStep>| {
        if !wave.is_empty() {
            waves.push(PlanWave { name: format!("wave {number}"), models: std::mem::take(wave) });
            number += 1;
        }
    };
    for group in rest {
        if !wave.is_empty() && wave.len() + group.len() > size {
            close(&mut wave);
        }
        wave.extend(group.into_iter().map(|it| it.step));
    }
    close(&mut wave);
    waves
}

/// What may be expected of the waves, from how long earlier moves took: the middle and the slowest tenth, in
/// milliseconds, and how many moves that is known from.
pub(super) fn forecast(
    placed: &[Placed],
    waves: &[PlanWave],
    limits: &PlanLimits,
    known: Option<(i64, i64, i64)>,
) -> PlanForecast {
    let models = i64::try_from(placed.len()).unwrap_or(i64::MAX);
    let (machines, units) = (placed.iter().map(|it| it.machines).sum(), placed.iter().map(|it| it.units).sum());
    let mut forecast = PlanForecast { models, machines, units, ..PlanForecast::default() };
    let what = format!("{models} models in {} waves", waves.len());
    let Some((middle, slow, moves)) = known else {
        forecast.text = format!("{what}; how long that takes is not known: no move has gone well yet");
        return forecast;
    };
    let turns: i64 = waves.iter().map(|wave| turns(wave, limits)).sum();
    let seconds = |each: i64| turns.saturating_mul(each).saturating_add(999) / 1000;
    forecast.known_moves = moves;
    forecast.seconds = Some(seconds(middle));
    forecast.seconds_at_worst = Some(seconds(slow));
    forecast.text = format!(
        "{what}; about {} by the last {moves} moves, {} if each takes as long as the slowest tenth of them",
        shown(seconds(middle)),
        shown(seconds(slow))
    );
    forecast
}

/// How often as many models as may move at a time do so in the wave.
fn turns(wave: &PlanWave, limits: &PlanLimits) -> i64 {
    let most = |of: fn(&PlanStep) -> &str| {
        let mut counts = BTreeMap::<&str, i64>::new();
        for step in &wave.models {
            *counts.entry(of(step)).or_default() += 1;
        }
        counts.into_values().max().unwrap_or_default()
    };
    let all = i64::try_from(wave.models.len()).unwrap_or(i64::MAX);
    let turns = |models: i64, limit: i64| models.saturating_add(limit.max(1) - 1) / limit.max(1);
    let of_source = turns(most(|step| &step.from), limits.per_source);
    turns(all, limits.parallel).max(of_source).max(turns(most(|step| &step.to), limits.per_target))
}

fn shown(seconds: i64) -> String {
    match seconds {
        ..120 => format!("{seconds} s"),
        120..7200 => format!("{} min", seconds / 60),
        _ => format!("{} h {} min", seconds / 3600, seconds % 3600 / 60),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn placed(model: usize, size: i64, group: usize) -> Placed {
        let step = PlanStep { model: format!("m{model:03}"), from: "a".into(), to: "b".into(), ..PlanStep::default() };
        Placed { step, machines: size, units: 0, group }
    }

    fn names(wave: &PlanWave) -> Vec<&str> {
        wave.models.iter().map(|step| step.model.as_str()).collect()
    }

    #[test]
    fn canaries_are_the_smallest_and_least_related() {
        let all = vec![placed(0, 9, 0), placed(1, 1, 1), placed(2, 1, 1), placed(3, 5, 2), placed(4, 2, 3)];
        let waves = waves(all, 2, 2);
        let told: Vec<(&str, Vec<&str>)> = waves.iter().map(|wave| (wave.name.as_str(), names(wave))).collect();
        assert_eq!(
            told,
            [("canaries", vec!["m004", "m003"]), ("wave 1", vec!["m000"]), ("wave 2", vec!["m001", "m002"])]
        );
    }

    #[test]
    fn a_forecast_needs_a_history() {
        let all: Vec<Placed> = (0..25).map(|n| placed(n, 1, n)).collect();
        let waves = waves(all.clone(), 1, 100);
        let limits = PlanLimits { parallel: 10, per_source: 20, per_target: 5, ..PlanLimits::default() };
        let unknown = forecast(&all, &waves, &limits, None);
        assert!(unknown.seconds.is_none() && unknown.text.contains("is not known"), "{}", unknown.text);
        let known = forecast(&all, &waves, &limits, Some((2000, 60_000, 7)));
        // One turn of the canary, five of the rest: five at a time reach the target.
        assert_eq!((known.seconds, known.seconds_at_worst), (Some(12), Some(360)), "{}", known.text);
        assert!(known.text.contains("about 12 s by the last 7 moves, 6 min if"), "{}", known.text);
    }

    proptest! {
        #[test]
        fn every_model_is_in_one_wave_and_related_ones_are_together(
            sizes in prop::collection::vec((0..50_i64, 0..20_usize), 0..60), canaries in 0..5_usize, size in 1..10_usize,
        ) {
            let all: Vec<Placed> = sizes.iter().enumerate().map(|(n, (size, group))| placed(n, *size, *group)).collect();
            let groups: BTreeMap<String, usize> = all.iter().map(|it| (it.step.model.clone(), it.group)).collect();
            let waves = waves(all.clone(), canaries, size);
            let mut seen: Vec<&str> = waves.iter().flat_map(names).collect();
            seen.sort_unstable();
            let mut expected: Vec<&str> = all.iter().map(|it| it.step.model.as_str()).collect();
            expected.sort_unstable();
            prop_assert_eq!(seen, expected);
            let mut home = BTreeMap::new();
            for (n, wave) in waves.iter().enumerate() {
                prop_assert!(!wave.models.is_empty());
                let here: Vec<usize> = names(wave).iter().map(|name| groups[*name]).collect();
                let kinds: std::collections::BTreeSet<usize> = here.iter().copied().collect();
                prop_assert!(wave.models.len() <= size.max(canaries) || kinds.len() == 1 || wave.name == "canaries");
                for group in here {
                    prop_assert_eq!(*home.entry(group).or_insert(n), n);
                }
            }
        }
    }
}
