//! Time as Go's `encoding/json` writes it: RFC 3339 with up to nine fractional digits, trailing zeros trimmed.
//!
//! No clock here: the time comes in from the caller.

use std::fmt;

use chrono::{DateTime, Datelike, NaiveDate, SecondsFormat, Utc};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

/// A moment on the wire. The default is Go's zero time, `0001-01-01T00:00:00Z`, which Juju sends for "never".
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct GoTime(pub DateTime<Utc>);

impl GoTime {
    /// Whether this is Go's zero time.
    pub fn is_zero(self) -> bool {
        self == Self::default()
    }
}

impl Default for GoTime {
    fn default() -> Self {
        Self(NaiveDate::from_ymd_opt(1, 1, 1).unwrap_or_default().and_time(chrono::NaiveTime::MIN).and_utc())
    }
}

impl From<DateTime<Utc>> for GoTime {
    fn from(t: DateTime<Utc>) -> Self {
        Self(t)
    }
}

impl fmt::Display for GoTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = self.0.to_rfc3339_opts(SecondsFormat::Nanos, true);
        match text.strip_suffix('Z').map(|t| t.trim_end_matches('0').trim_end_matches('.')) {
            Some(trimmed) => write!(f, "{trimmed}Z"),
            None => f.write_str(&text),
        }
    }
}

impl Serialize for GoTime {
    fn serialize<S: Serializer>(&self, ser: S) -> Result<S::Ok, S::Error> {
        ser.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for GoTime {
    fn deserialize<D: Deserializer<'de>>(de: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(de)?;
        let time = DateTime::parse_from_rfc3339(&text).map_err(D::Error::custom)?.with_timezone(&Utc);
        // Go refuses to write the others, and so nobody could read them.
        if !(0..=9999).contains(&time.year()) {
            return Err(D::Error::custom(format_args!("year of {text:?} in UTC is outside of 0 to 9999")));
        }
        Ok(Self(time))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_as_go_does() {
        for text in [
            "0001-01-01T00:00:00Z",
            "2026-11-21T00:34:51.725Z",
            "2026-11-21T00:34:50Z",
            "2026-11-21T00:34:51.000000001Z",
        ] {
            let json = format!("\"{text}\"");
            let time: GoTime = serde_json::from_str(&json).expect("parses");
            assert_eq!(serde_json::to_string(&time).expect("writes"), json);
        }
    }

    #[test]
    fn zero_is_the_default() {
        let zero: GoTime = serde_json::from_str("\"0001-01-01T00:00:00Z\"").expect("parses");
        assert!(zero.is_zero());
    }
}
