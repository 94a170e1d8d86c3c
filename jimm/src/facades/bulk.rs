//! What calls about many things have in common: how many they may be about, and that what is asked twice is looked up once.
//!
//! Knows neither facades nor the broker.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::future::{BoxFuture, join_all};
use jimm_proto::params::common::MAX_ENTRIES;

use crate::error::{Error, Result};

/// Entries that are looked up at a time.
const AT_A_TIME: usize = 8;

/// Refuses parameters with a list or map of more than [`MAX_ENTRIES`], however deep it lies. Takes JSON.
pub(super) fn check(json: &str) -> Result<()> {
    // An entry has a byte at least, and a comma.
    if json.len() <= 2 * MAX_ENTRIES || longest(json) <= MAX_ENTRIES {
        return Ok(());
    }
    Err(Error::bad_request(format!(
        "too much in one call: its parameters have a list of more than {MAX_ENTRIES} entries; ask in several calls"
    )))
}

/// Entries of the longest list or map.
fn longest(json: &str) -> usize {
    let (mut longest, mut open) = (0, Vec::new());
    let (mut in_text, mut escaped) = (false, false);
    for byte in json.bytes() {
        if in_text {
            (in_text, escaped) = (escaped || byte != b'"', !escaped && byte == b'\\');
            continue;
        }
        match byte {
            b'"' => in_text = true,
            b'[' | b'{' => open.push(1),
            b',' => {
                if let Some(entries) = open.last_mut() {
                    *entries += 1;
                }
            }
            b']' | b'}' => longest = longest.max(open.pop().unwrap_or_default()),
            _ => {}
        }
    }
    longest
}

/// Looks up each entry, some side by side, and what comes more than once only once; the answers are in the order of the
/// questions. For what changes nothing.
pub(super) async fn look_up<'a, K, T>(asked: Vec<K>, look: impl Fn(K) -> BoxFuture<'a, T>) -> Vec<T>
where
    K: Copy + Ord,
    T: Clone,
{
    let distinct: Vec<K> = asked.iter().copied().collect::<BTreeSet<K>>().into_iter().collect();
    let mut found = BTreeMap::new();
    for some in distinct.chunks(AT_A_TIME) {
        let answers = join_all(some.iter().map(|entry| look(*entry))).await;
        found.extend(some.iter().copied().zip(answers));
    }
    asked.iter().filter_map(|entry| found.get(entry).cloned()).collect()
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use futures_util::FutureExt as _;

    use super::*;

    #[test]
    fn lists_and_maps_are_counted_wherever_they_lie() {
        for (json, entries) in [
            ("{}", 1),
            ("[]", 1),
            ("[1,2,3]", 3),
            (r#"{"a":[1,2],"b":{"c":1,"d":2,"e":[]}}"#, 3),
            (r#"["a,b,c,d","\",,,,","\\",4]"#, 4),
            (r#"[[1,2,3,4,5],"]",[{}]]"#, 5),
            ("7", 0),
        ] {
            assert_eq!(longest(json), entries, "{json}");
        }
        let list = |entries: usize| format!("{{\"entities\":[{}]}}", vec!["{}"; entries].join(","));
        assert!(check(&list(MAX_ENTRIES)).is_ok());
        let error = check(&list(MAX_ENTRIES + 1)).unwrap_err();
        assert!(error.message().contains("more than 10000 entries; ask in several calls"), "{error}");
        assert_eq!(error.juju_code(), "bad request");
        let many = |json: &str| format!("{}1{}", json.repeat(50_000), "]".repeat(50_000));
        assert!(check(&many("[")).is_ok(), "deep is not long");
    }

    #[tokio::test]
    async fn what_is_asked_twice_is_looked_up_once() {
        let looks = AtomicUsize::new(0);
        let looks = &looks;
        let look = |n: usize| {
            async move {
                looks.fetch_add(1, Ordering::SeqCst);
                n * 10
            }
            .boxed()
        };
        let answers = look_up([3, 1, 3, 2, 1].repeat(10), look).await;
        assert_eq!(answers, [30, 10, 30, 20, 10].repeat(10));
        assert_eq!(looks.load(Ordering::SeqCst), 3);
    }
}
