//! Which controller is the best for a model, and why not the others: candidates in, a ranking out. No I/O, no clock, no
//! chance: the same question has the same answer on every replica.
//!
//! The priority in the region decides before everything else, as it does in the reference. Among equals each candidate
//! has points for what is free on it, which depend on nothing but that candidate: who comes first of two does not change
//! when a third comes or goes.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};

use jimm_proto::version::AgentVersion;
use uuid::Uuid;

/// Labels and taints: names with values.
pub(crate) type Marks = BTreeMap<String, String>;

/// The label by which controllers are one place for models that are to be apart.
pub(crate) const SPREAD: &str = "spread";
/// The labels that say how much a controller takes, as numbers.
pub(crate) const MOST: [&str; 3] = ["max-models", "max-machines", "max-units"];

/// Points are counted in millionths, so that they can be compared exactly.
const POINT: u64 = 1_000_000;
/// What each part is worth at most, in points, and how much of what is counted halves it.
const MODELS: (u64, u64) = (40, 50);
const MACHINES: (u64, u64) = (15, 200);
const UNITS: (u64, u64) = (15, 500);
const RESPONSE: (u64, u64) = (15, 1000);
const SPREADING: (u64, u64) = (15, 1);
/// Controllers that list their models within this time, in milliseconds, are equally quick.
const QUICK: u64 = 250;

/// How much there is of something that fills a controller.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct Load {
    /// Models.
    pub(crate) models: u64,
    /// Machines in them.
    pub(crate) machines: u64,
    /// Units in them.
    pub(crate) units: u64,
}

impl Load {
    fn parts(self) -> [u64; 3] {
        [self.models, self.machines, self.units]
    }

    /// Both together.
    #[must_use]
    pub(crate) fn plus(self, other: Self) -> Self {
        Self {
            models: self.models.saturating_add(other.models),
            machines: self.machines.saturating_add(other.machines),
            units: self.units.saturating_add(other.units),
        }
    }
}

/// A controller that serves the region.
#[derive(Clone, Debug, Default)]
pub(crate) struct Candidate {
    /// The controller.
    pub(crate) uuid: Uuid,
    /// Its name.
    pub(crate) name: String,
    /// The region it would serve the model in.
    pub(crate) region: String,
    /// What it runs, where that is known.
    pub(crate) version: Option<AgentVersion>,
    /// Its priority in the region.
    pub(crate) priority: i32,
    /// Gets no new models.
    pub(crate) deprecated: bool,
    /// Answers.
    pub(crate) reachable: bool,
    /// Gets no models at all, and why.
    pub(crate) cordoned: Option<String>,
    /// What operators say of it.
    pub(crate) labels: Marks,
    /// What keeps models away from it.
    pub(crate) taints: Marks,
    /// What it carries.
    pub(crate) load: Load,
    /// How many models of the owner it has.
    pub(crate) owned: u64,
    /// How long it took to list its models, in milliseconds.
    pub(crate) response: u64,
}

impl Candidate {
    /// The place it stands for when models are to be apart.
    fn spread(&self) -> (bool, &str) {
        self.labels.get(SPREAD).map_or((false, self.name.as_str()), |place| (true, place))
    }
}

/// What is asked for.
#[derive(Clone, Debug, Default)]
pub(crate) struct Wish {
    /// Nowhere but there.
    pub(crate) only: Option<BTreeSet<String>>,
    /// Not there: where it comes from.
    pub(crate) except: Option<Uuid>,
    /// Nothing older than this.
    pub(crate) least: Option<AgentVersion>,
    /// Controllers whose taints do not matter.
    pub(crate) tolerated: BTreeSet<Uuid>,
    /// Taints that do not matter, wherever they are; with an empty value, whatever their value.
    pub(crate) tolerates: Marks,
    /// Labels that the controller must have.
    pub(crate) requires: Marks,
    /// What comes with the model.
    pub(crate) brings: Load,
}

/// The points of a candidate, in millionths.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct Score {
    /// For few models.
    pub(crate) models: u64,
    /// For few machines.
    pub(crate) machines: u64,
    /// For few units.
    pub(crate) units: u64,
    /// For a quick answer.
    pub(crate) response: u64,
    /// For few models of the same owner in the same place.
    pub(crate) spread: u64,
}

impl Score {
    /// All of them.
    pub(crate) fn total(&self) -> u64 {
        self.models + self.machines + self.units + self.response + self.spread
    }

    /// Millionths as points, for people.
    #[expect(clippy::cast_precision_loss, reason = "at most a hundred million, shown with two digits")]
    pub(crate) fn points(millionths: u64) -> f64 {
        (millionths / 10_000) as f64 / 100.0
    }
}

/// A candidate and what is thought of it.
#[derive(Clone, Debug)]
pub(crate) struct Judged<'a> {
    /// The candidate.
    pub(crate) candidate: &'a Candidate,
    /// Why not; nothing for one that will do.
    pub(crate) excluded: Vec<String>,
    /// Its points.
    pub(crate) score: Score,
}

impl Judged<'_> {
    /// Whether the model may go there.
    pub(crate) fn fits(&self) -> bool {
        self.excluded.is_empty()
    }
}

/// All candidates: those that will do, the best first, then the others by name.
pub(crate) fn rank<'a>(candidates: &'a [Candidate], wish: &Wish) -> Vec<Judged<'a>> {
    let mut places = BTreeMap::new();
    for candidate in candidates {
        *places.entry(candidate.spread()).or_insert(0_u64) += candidate.owned;
    }
    let judge = |candidate: &'a Candidate| Judged {
        candidate,
        excluded: why_not(candidate, wish),
        score: score(candidate, places.get(&candidate.spread()).copied().unwrap_or_default()),
    };
    let mut judged: Vec<Judged<'a>> = candidates.iter().map(judge).collect();
    judged.sort_by(before);
    judged
}

fn before(a: &Judged<'_>, b: &Judged<'_>) -> Ordering {
    let name = |it: &Judged<'_>| (it.candidate.name.clone(), it.candidate.uuid);
    let by_worth = || {
        let worth = |it: &Judged<'_>| (it.candidate.priority, it.score.total());
        worth(b).cmp(&worth(a)).then(a.candidate.load.models.cmp(&b.candidate.load.models))
    };
    let worth = if a.fits() && b.fits() { by_worth() } else { b.fits().cmp(&a.fits()) };
    worth.then_with(|| name(a).cmp(&name(b)))
}

/// Every reason why the model may not go there.
fn why_not(it: &Candidate, wish: &Wish) -> Vec<String> {
    let mut reasons = Vec::new();
    if wish.except == Some(it.uuid) {
        reasons.push("has the model already".to_owned());
    }
    if wish.only.as_ref().is_some_and(|only| !only.contains(&it.name)) {
        reasons.push("was not asked for".to_owned());
    }
    if it.deprecated {
        reasons.push("is deprecated".to_owned());
    }
    if let Some(why) = &it.cordoned {
        reasons.push(if why.is_empty() { "is cordoned".to_owned() } else { format!("is cordoned ({why})") });
    }
    if !it.reachable {
        reasons.push("cannot be reached".to_owned());
    }
    match (&wish.least, &it.version) {
        (Some(least), Some(version)) if version < least => {
            reasons.push(format!("runs Juju {version}, which is older than {least}"));
        }
        (Some(least), None) => {
            reasons.push(format!("runs a Juju that is not known, and nothing older than {least} will do"));
        }
        _ => {}
    }
    for (name, value) in &wish.requires {
        if it.labels.get(name) != Some(value) {
            reasons.push(format!("lacks the label {name}={value}"));
        }
    }
    if !wish.tolerated.contains(&it.uuid) {
        let minds = |(name, value): &(&String, &String)| {
            wish.tolerates.get(*name).is_none_or(|it| !it.is_empty() && it != *value)
        };
        let text = |(name, value): (&String, &String)| format!("has the taint {name}={value}");
        reasons.extend(it.taints.iter().filter(minds).map(text));
    }
    let after = it.load.plus(wish.brings).parts();
    for ((name, there), after) in MOST.iter().zip(it.load.parts()).zip(after) {
        let most = it.labels.get(*name).and_then(|most| most.parse::<u64>().ok());
        if let Some(most) = most.filter(|most| after > *most) {
            let what = name.trim_start_matches("max-");
            reasons.push(format!("is full: {there} of {most} {what}"));
        }
    }
    reasons
}

fn score(it: &Candidate, owned: u64) -> Score {
    let part = |(worth, half): (u64, u64), n: u64| {
        let n = n.min(u64::MAX >> 1);
        u64::try_from(u128::from(worth * POINT) * u128::from(half) / u128::from(half + n)).unwrap_or_default()
    };
    Score {
        models: part(MODELS, it.load.models),
        machines: part(MACHINES, it.load.machines),
        units: part(UNITS, it.load.units),
        response: part(RESPONSE, it.response.saturating_sub(QUICK)),
        spread: part(SPREADING, owned),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn candidate(name: &str) -> Candidate {
        Candidate { name: name.into(), uuid: Uuid::new_v4(), reachable: true, priority: 10, ..Candidate::default() }
    }

    fn marks(of: &[(&str, &str)]) -> Marks {
        of.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    fn names<'a>(judged: &[Judged<'a>]) -> Vec<&'a str> {
        judged.iter().filter(|it| it.fits()).map(|it| it.candidate.name.as_str()).collect()
    }

    #[test]
    fn each_reason_is_told() {
        let least: AgentVersion = "4.0.0".parse().expect("a version");
        let all = [
            Candidate { deprecated: true, ..candidate("a") },
            Candidate { reachable: false, ..candidate("b") },
            Candidate { cordoned: Some("drained".into()), ..candidate("c") },
            Candidate { version: "3.6.11".parse().ok(), ..candidate("d") },
            Candidate { taints: marks(&[("dedicated", "red")]), ..candidate("e") },
            Candidate {
                labels: marks(&[("max-models", "3")]),
                load: Load { models: 3, ..Load::default() },
                ..candidate("f")
            },
        ];
        let versions = |it: &Candidate| it.version.clone().or_else(|| "4.1.0".parse().ok());
        let all: Vec<Candidate> = all.iter().map(|it| Candidate { version: versions(it), ..it.clone() }).collect();
        let wish = Wish { least: Some(least), brings: Load { models: 1, ..Load::default() }, ..Wish::default() };
        let judged = rank(&all, &wish);
        let told: Vec<String> = judged.iter().map(|it| it.excluded.join("; ")).collect();
        assert_eq!(
            told,
            [
                "is deprecated",
                "cannot be reached",
                "is cordoned (drained)",
                "runs Juju 3.6.11, which is older than 4.0.0",
                "has the taint dedicated=red",
                "is full: 3 of 3 models"
            ]
        );
    }

    #[test]
    fn taints_are_no_matter_to_those_who_tolerate_them() {
        let red = Candidate { taints: marks(&[("dedicated", "red")]), ..candidate("red") };
        let all = [red.clone()];
        let fits = |wish: &Wish| rank(&all, wish).iter().all(Judged::fits);
        assert!(!fits(&Wish::default()));
        assert!(fits(&Wish { tolerated: [red.uuid].into(), ..Wish::default() }));
        assert!(fits(&Wish { tolerates: marks(&[("dedicated", "red")]), ..Wish::default() }));
        assert!(fits(&Wish { tolerates: marks(&[("dedicated", "")]), ..Wish::default() }));
        assert!(!fits(&Wish { tolerates: marks(&[("dedicated", "blue")]), ..Wish::default() }));
    }

    #[test]
    fn priority_decides_then_what_is_free_then_the_name() {
        let far = Candidate { priority: 1, ..candidate("a-far") };
        let busy = Candidate { load: Load { models: 1, ..Load::default() }, ..candidate("b-busy") };
        let all = [far, busy, candidate("d"), candidate("c")];
        assert_eq!(names(&rank(&all, &Wish::default())), ["c", "d", "b-busy", "a-far"]);
    }

    #[test]
    fn models_of_an_owner_are_spread_over_places() {
        let zone =
            |name: &str, place: &str, owned| Candidate { labels: marks(&[(SPREAD, place)]), owned, ..candidate(name) };
        let all = [zone("a", "zone-1", 0), zone("b", "zone-1", 2), zone("c", "zone-2", 1)];
        assert_eq!(names(&rank(&all, &Wish::default())), ["c", "a", "b"]);
    }

    fn any_candidate() -> impl Strategy<Value = Candidate> {
        let flags = (any::<bool>(), any::<bool>(), any::<bool>(), any::<bool>());
        (flags, -2..3_i32, any::<[u64; 4]>(), 0..2000_u64, "[a-d]", 0..4_u8).prop_map(
            |((deprecated, reachable, cordoned, tainted), priority, load, response, name, shift)| {
                let small = |n: u64| n >> (16 * u32::from(shift));
                Candidate {
                    uuid: Uuid::from_u64_pair(load[0], load[1]),
                    name,
                    priority,
                    deprecated,
                    reachable,
                    cordoned: cordoned.then(String::new),
                    taints: if tainted { marks(&[("t", "v")]) } else { Marks::new() },
                    load: Load { models: small(load[0]), machines: small(load[1]), units: small(load[2]) },
                    owned: load[3] % 5,
                    response,
                    ..Candidate::default()
                }
            },
        )
    }

    proptest! {
        #[test]
        fn nobody_is_lost_and_the_excluded_come_last(all in prop::collection::vec(any_candidate(), 0..12)) {
            let judged = rank(&all, &Wish::default());
            prop_assert_eq!(judged.len(), all.len());
            let fitting = judged.iter().take_while(|it| it.fits()).count();
            prop_assert!(judged[fitting..].iter().all(|it| !it.fits()));
            for it in &judged {
                let good = it.candidate.reachable && !it.candidate.deprecated && it.candidate.cordoned.is_none()
                    && it.candidate.taints.is_empty();
                prop_assert_eq!(good, it.fits());
                prop_assert!(it.score.total() <= 100 * POINT);
            }
            prop_assert!(judged[..fitting].windows(2).all(|two| two[0].candidate.priority >= two[1].candidate.priority));
        }

        #[test]
        fn the_order_of_the_question_does_not_matter(all in prop::collection::vec(any_candidate(), 0..12)) {
            let mut turned = all.clone();
            turned.reverse();
            let uuids = |judged: Vec<Judged<'_>>| judged.iter().map(|it| it.candidate.uuid).collect::<Vec<_>>();
            prop_assert_eq!(uuids(rank(&all, &Wish::default())), uuids(rank(&turned, &Wish::default())));
        }

        #[test]
        fn more_load_is_never_better(it in any_candidate(), more in 0..1000_u64) {
            let fuller = Candidate { load: it.load.plus(Load { models: more, machines: more, units: more }), ..it.clone() };
            prop_assert!(score(&fuller, 0).total() <= score(&it, 0).total());
            prop_assert!(score(&it, more).total() <= score(&it, 0).total());
        }

        #[test]
        fn a_third_does_not_turn_two_around(a in any_candidate(), b in any_candidate(), c in any_candidate()) {
            // Places are by name here: a third in the place of one of them does matter, and is meant to.
            let (a, b) = (Candidate { name: "x".into(), ..a }, Candidate { name: "y".into(), ..b });
            let first = |all: &[Candidate]| {
                let judged = rank(all, &Wish::default());
                judged.iter().find(|it| it.candidate.name != "z").map(|it| it.candidate.name.clone())
            };
            let c = Candidate { name: "z".into(), ..c };
            prop_assert_eq!(first(&[a.clone(), b.clone()]), first(&[a, b, c]));
        }
    }
}
