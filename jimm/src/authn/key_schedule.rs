//! When a signing key is made, signs and leaves the published set. Pure: times in, decisions out.
//!
//! Controllers fetch the key set rarely and never because of an unknown key, so a key is published well before it
//! signs. It stays published until the last token it signed has expired.

use std::time::Duration;

use chrono::{DateTime, Utc};

use crate::clock::delta;
use crate::config::JwtSettings;

/// What the replicas' clocks may differ by.
const SKEW: Duration = Duration::from_secs(60);

/// What the schedule knows of a key.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct KeyTimes {
    pub(super) kid: String,
    pub(super) active_from: DateTime<Utc>,
    pub(super) retires_at: Option<DateTime<Utc>>,
}

/// What has to be done to the keys now.
#[derive(Debug, Default, Eq, PartialEq)]
pub(super) struct Plan {
    /// Make a key that signs from then on.
    pub(super) create: Option<DateTime<Utc>>,
    /// Take these keys out of the published set then.
    pub(super) retire: Vec<(String, DateTime<Utc>)>,
}

impl Plan {
    pub(super) fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// Of keys given by the time they sign from, the place of the one that signs at `now`.
pub(super) fn current(active_from: impl Iterator<Item = DateTime<Utc>>, now: DateTime<Utc>) -> Option<usize> {
    active_from.enumerate().filter(|(_, from)| *from <= now).max_by_key(|(_, from)| *from).map(|(place, _)| place)
}

pub(super) fn plan(keys: &[KeyTimes], now: DateTime<Utc>, settings: &JwtSettings) -> Plan {
    let Some(current) = current(keys.iter().map(|key| key.active_from), now).map(|place| &keys[place]) else {
        // Nothing signs: a key has to, at once, published ahead or not.
        return Plan { create: Some(now), retire: Vec::new() };
    };
    let next_pending = keys.iter().any(|key| key.active_from > now);
    let successor_from = current.active_from + delta(settings.key_rotation);
    let ahead = delta(settings.key_publish_ahead);
    let create = (!next_pending && now >= successor_from - ahead).then(|| successor_from.max(now + ahead));
    let last_token = delta(settings.expiry) + delta(settings.key_reload) * 2 + delta(SKEW);
    let retire = keys
        .iter()
        .filter(|key| key.active_from < current.active_from && key.retires_at.is_none())
        .map(|key| (key.kid.clone(), current.active_from + last_token))
        .collect();
    Plan { create, retire }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings() -> JwtSettings {
        JwtSettings {
            expiry: Duration::from_secs(300),
            key_rotation: Duration::from_secs(86_400),
            key_publish_ahead: Duration::from_secs(1500),
            key_reload: Duration::from_secs(60),
            jwks_max_age: Duration::from_secs(60),
        }
    }

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_780_000_000 + seconds, 0).unwrap()
    }

    fn key(kid: &str, from: i64, retires: Option<i64>) -> KeyTimes {
        KeyTimes { kid: kid.into(), active_from: at(from), retires_at: retires.map(at) }
    }

    #[test]
    fn the_first_key_signs_at_once() {
        assert_eq!(plan(&[], at(0), &settings()), Plan { create: Some(at(0)), retire: vec![] });
    }

    #[test]
    fn nothing_is_due_while_a_key_is_young() {
        assert!(plan(&[key("a", 0, None)], at(86_400 - 1501), &settings()).is_empty());
    }

    #[test]
    fn the_next_key_is_published_ahead_and_signs_when_the_former_is_old() {
        let plan_ = plan(&[key("a", 0, None)], at(86_400 - 1500), &settings());
        assert_eq!(plan_, Plan { create: Some(at(86_400)), retire: vec![] });
        let waiting = [key("a", 0, None), key("b", 86_400, None)];
        assert!(plan(&waiting, at(86_399), &settings()).is_empty(), "one successor is enough");
    }

    #[test]
    fn a_broker_that_was_down_for_long_still_publishes_ahead() {
        let plan = plan(&[key("a", 0, None)], at(1_000_000), &settings());
        assert_eq!(plan.create, Some(at(1_000_000 + 1500)));
    }

    #[test]
    fn a_former_key_stays_published_until_its_tokens_have_expired() {
        let keys = [key("a", 0, None), key("b", 86_400, None)];
        let plan_ = plan(&keys, at(86_400), &settings());
        assert_eq!(plan_.create, None);
        assert_eq!(plan_.retire, [("a".to_owned(), at(86_400 + 300 + 120 + 60))]);
        let settled = [key("a", 0, Some(86_880)), key("b", 86_400, None)];
        assert!(plan(&settled, at(86_500), &settings()).is_empty());
    }

    #[test]
    fn the_youngest_active_key_signs() {
        let from = [at(10), at(20), at(30)];
        assert_eq!(current(from.into_iter(), at(9)), None);
        assert_eq!(current(from.into_iter(), at(10)), Some(0));
        assert_eq!(current(from.into_iter(), at(29)), Some(1));
        assert_eq!(current(from.into_iter(), at(99)), Some(2));
    }

    /// A year of rotations, two replicas that reload at different times, and a controller that fetches the key set as
    /// seldom as real ones do: every token verifies at every moment of its life.
    #[test]
    fn no_token_ever_meets_a_key_set_without_its_key() {
        let settings = settings();
        let mut database: Vec<KeyTimes> = Vec::new();
        let mut replicas: [Vec<KeyTimes>; 2] = [Vec::new(), Vec::new()];
        let (mut known, mut fetched) = (Vec::<String>::new(), i64::MIN / 2);
        let mut tokens: Vec<(String, i64)> = Vec::new();
        let mut used = std::collections::BTreeSet::new();
        for second in (0..10 * 86_400).step_by(20) {
            let now = at(second);
            for (which, replica) in replicas.iter_mut().enumerate() {
                if (second / 20) % 3 != i64::try_from(which).unwrap() {
                    continue;
                }
                let due = plan(&database, now, &settings);
                database.extend(due.create.map(|from| KeyTimes {
                    kid: format!("k{second}"),
                    active_from: from,
                    retires_at: None,
                }));
                for (kid, when) in due.retire {
                    database.iter_mut().filter(|key| key.kid == kid).for_each(|key| key.retires_at = Some(when));
                }
                database.retain(|key| key.retires_at.is_none_or(|at| at > now));
                *replica = database.clone();
            }
            // A controller refreshes every 15 minutes plus the set's max-age.
            if second - fetched > 900 + 60 {
                (known, fetched) = (database.iter().map(|key| key.kid.clone()).collect(), second);
            }
            for replica in replicas.iter().filter(|replica| !replica.is_empty()) {
                let signer = current(replica.iter().map(|key| key.active_from), now).expect("somebody signs");
                tokens.push((replica[signer].kid.clone(), second + 300));
                used.insert(replica[signer].kid.clone());
            }
            tokens.retain(|(_, expires)| *expires > second);
            for (kid, _) in &tokens {
                assert!(known.contains(kid), "at {second} s the controller does not know {kid}");
            }
            assert!(database.len() <= 2, "at {second} s: {database:?}");
        }
        assert_eq!(used.len(), 10, "one key a day: {used:?}");
    }
}
