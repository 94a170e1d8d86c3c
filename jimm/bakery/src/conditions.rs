//! Conditions that everybody knows: `declared`, `time-before`, `error`, and `need-declared` around a third party's.

use std::collections::BTreeMap;

use chrono::{DateTime, SecondsFormat, Utc};

use crate::error::{Error, Result, shown};
use crate::namespace::{Namespace, STD};

const DECLARED: &str = "declared";
const TIME_BEFORE: &str = "time-before";
const NEED_DECLARED: &str = "need-declared";

/// A condition of a first-party caveat.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Condition {
    /// That a name has a value.
    Declared(String, String),
    /// That it is not that late yet.
    TimeBefore(DateTime<Utc>),
}

impl Condition {
    /// A name has a value.
    pub fn declared(name: impl Into<String>, value: impl Into<String>) -> Self {
        Self::Declared(name.into(), value.into())
    }

    /// As it is written, without the prefix of a namespace.
    pub(crate) fn text(&self) -> String {
        match self {
            Self::Declared(name, value) => format!("{DECLARED} {name} {value}"),
            Self::TimeBefore(time) => {
                format!("{TIME_BEFORE} {}", time.to_rfc3339_opts(SecondsFormat::AutoSi, true))
            }
        }
    }
}

/// What the caveats of a macaroon and its discharges declare.
pub type Declared = BTreeMap<String, String>;

/// Checks conditions that [`crate::Macaroon::verify`] answered; what it does not know it refuses. Answers with what they
/// declare.
pub fn check(conditions: &[&[u8]], namespace: &Namespace, now: DateTime<Utc>) -> Result<Declared> {
    let mut declared = Declared::new();
    for condition in conditions {
        let text = String::from_utf8_lossy(condition);
        let unknown = || Error::NotRecognized(shown(&text));
        let bare = namespace.strip(STD, &text).ok_or_else(unknown)?;
        let (name, arg) = bare.split_once(' ').unwrap_or((bare, ""));
        match name {
            TIME_BEFORE => {
                let time = DateTime::parse_from_rfc3339(arg)
                    .map_err(|_| Error::condition(&text, "it has no time that is known"))?;
                if now >= time {
                    return Err(Error::condition(&text, "macaroon has expired"));
                }
            }
            DECLARED => {
                let (name, value) = arg
                    .split_once(' ')
                    .filter(|(name, _)| !name.is_empty())
                    .ok_or_else(|| Error::condition(&text, "it declares nothing"))?;
                let former = declared.insert(name.to_owned(), value.to_owned());
                if former.is_some_and(|former| former != value) {
                    return Err(Error::condition(&text, "something else is declared as well"));
                }
            }
            "error" => return Err(Error::condition(&text, "it never is")),
            _ => return Err(unknown()),
        }
    }
    Ok(declared)
}

/// The names that a discharge has to declare, and the condition proper.
pub(crate) fn unwrapped(condition: &str) -> Result<(Vec<String>, &str)> {
    let Some(rest) = condition.strip_prefix(NEED_DECLARED).and_then(|rest| rest.strip_prefix(' ')) else {
        return Ok((Vec::new(), condition));
    };
    let wrong = || Error::Form("a need-declared caveat has to be: need-declared NAME,NAME CONDITION");
    let (names, rest) = rest.split_once(' ').ok_or_else(wrong)?;
    let names: Vec<String> = names.split(',').map(str::to_owned).collect();
    if names.iter().any(String::is_empty) {
        return Err(wrong());
    }
    Ok((names, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().expect("a time")
    }

    fn checked(conditions: &[&str]) -> Result<Declared> {
        let conditions: Vec<&[u8]> = conditions.iter().map(|it| it.as_bytes()).collect();
        check(&conditions, &Namespace::standard(), at("2026-01-02T03:04:05Z"))
    }

    #[test]
    fn conditions_are_checked_and_unknown_ones_refused() {
        let declared = checked(&["time-before 2026-01-02T03:04:06Z", "declared offer-uuid x y"]).expect("met");
        assert_eq!(declared, Declared::from([("offer-uuid".to_owned(), "x y".to_owned())]));
        for (condition, why) in [
            ("time-before 2026-01-02T03:04:05Z", "expired"),
            ("time-before soon", "no time"),
            ("declared", "declares nothing"),
            ("declared  x", "declares nothing"),
            ("error never", "never is"),
            ("is-consumer x y", "not recognized"),
            ("", "not recognized"),
        ] {
            let error = checked(&[condition]).expect_err(condition).to_string();
            assert!(error.contains(why), "{condition}: {error}");
        }
        assert!(checked(&["declared a b", "declared a c"]).is_err());
        assert!(checked(&["declared a b", "declared a b"]).is_ok());
        let other = "std:s".parse().expect("a namespace");
        assert!(check(&[b"declared a b"], &other, at("2026-01-02T03:04:05Z")).is_err());
    }

    #[test]
    fn times_are_written_as_they_are_read() {
        let condition = Condition::TimeBefore(at("2026-01-02T03:04:06.5Z"));
        assert_eq!(condition.text(), "time-before 2026-01-02T03:04:06.500Z");
        assert!(checked(&[condition.text().as_str()]).is_ok());
    }

    #[test]
    fn needed_declarations_are_taken_off() {
        let none: (Vec<String>, _) = (Vec::new(), "is-consumer x y");
        assert_eq!(unwrapped("is-consumer x y"), Ok(none));
        let two = vec!["a".to_owned(), "b".to_owned()];
        assert_eq!(unwrapped("need-declared a,b is-consumer x y"), Ok((two, "is-consumer x y")));
        for condition in ["need-declared ", "need-declared a", "need-declared a,,b c", "need-declared  x"] {
            assert!(unwrapped(condition).is_err(), "{condition}");
        }
    }
}
