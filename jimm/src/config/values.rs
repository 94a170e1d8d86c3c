//! How values are written: booleans, durations, sizes, addresses, keys. Every error says what was wrong with it.

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use secrecy::SecretBox;

use super::variables::Kind;

/// What is wrong with a value, to be read after "it".
pub(super) type Wrong = String;

impl Kind {
    /// What a value has to look like, to be read after "expected".
    pub fn expected(self) -> String {
        match self {
            Self::Text => "a text".into(),
            Self::Bool => "true or false (also 1, 0, yes, no)".into(),
            Self::Duration => "a duration such as 24h, 15m, 10s or 1h30m".into(),
            Self::Seconds => "a number of seconds or a duration such as 24h".into(),
            Self::Number(min, max) => format!("a whole number from {min} to {max}"),
            Self::Size => "a size such as 256MiB, 1GiB or a number of bytes".into(),
            Self::Listen => "an address to listen on: `:port`, `ip:port` or `localhost:port`".into(),
            Self::HostPort => "`host:port`".into(),
            Self::Url => "a URL that begins with https:// (or http://)".into(),
            Self::Dsn => "a Postgres URL: postgresql://user:password@host/database".into(),
            Self::Uuid => "a UUID".into(),
            Self::DnsName => "a host name, or `name:port`".into(),
            Self::Words => "words separated by spaces".into(),
            Self::Users => "user names with a domain, separated by spaces".into(),
            Self::File => "the path of a file that can be read".into(),
            Self::Pages => "the path of a directory with an index.html".into(),
            Self::Directory => "the path of a directory that can be written to".into(),
            Self::Key => "32 bytes in base64".into(),
            Self::Keys => "keys of 32 bytes in base64, separated by spaces".into(),
            Self::Command => "a JSON list of words such as [\"/usr/local/bin/kms\", \"decrypt\"]".into(),
            Self::Pem => "certificates in PEM".into(),
            Self::Lifetimes => "rules such as group-ops=8h/30m or serviceaccounts=12h, separated by spaces".into(),
            Self::Choice(words) => format!("one of {}", words.join(", ")),
        }
    }
}

pub(super) fn boolean(text: &str) -> Result<bool, Wrong> {
    match text.to_ascii_lowercase().as_str() {
        "true" | "1" | "yes" => Ok(true),
        "false" | "0" | "no" => Ok(false),
        _ => Err("is neither true nor false".into()),
    }
}

pub(super) fn number(text: &str, min: u64, max: u64) -> Result<u64, Wrong> {
    let number: u64 = text.parse().map_err(|_| "is not a whole number".to_owned())?;
    if (min..=max).contains(&number) { Ok(number) } else { Err(format!("is not between {min} and {max}")) }
}

pub(super) fn duration(text: &str) -> Result<Duration, Wrong> {
    if text == "0" {
        return Ok(Duration::ZERO);
    }
    let mut total = Duration::ZERO;
    let mut rest = text;
    while !rest.is_empty() {
        let number_end = rest.find(|c: char| !c.is_ascii_digit() && c != '.').ok_or("has no unit at its end")?;
        let (number, tail) = rest.split_at(number_end);
        let unit_end = tail.find(|c: char| c.is_ascii_digit() || c == '.').unwrap_or(tail.len());
        let (unit, tail) = tail.split_at(unit_end);
        let seconds = match unit {
            "ms" => 0.001,
            "s" => 1.0,
            "m" => 60.0,
            "h" => 3600.0,
            "d" => 86_400.0,
            _ => return Err(format!("has the unknown unit {unit:?} (known: ms, s, m, h, d)")),
        };
        let number: f64 = number.parse().map_err(|_| "is not a duration".to_owned())?;
        let part = Duration::try_from_secs_f64(number * seconds).map_err(|_| "is too long".to_owned())?;
        total = total.checked_add(part).ok_or("is too long")?;
        rest = tail;
    }
    if text.is_empty() { Err("is empty".into()) } else { Ok(total) }
}

pub(super) fn seconds(text: &str) -> Result<Duration, Wrong> {
    text.parse().map(Duration::from_secs).or_else(|_| duration(text))
}

pub(super) fn size(text: &str) -> Result<usize, Wrong> {
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    let number: usize = number.parse().map_err(|_| "does not begin with a whole number".to_owned())?;
    let factor: usize = match unit.trim() {
        "" | "B" => 1,
        "KiB" | "K" => 1 << 10,
        "MiB" | "M" => 1 << 20,
        "GiB" | "G" => 1 << 30,
        "kB" | "KB" => 1000,
        "MB" => 1_000_000,
        "GB" => 1_000_000_000,
        other => return Err(format!("has the unknown unit {other:?} (known: KiB, MiB, GiB)")),
    };
    let bytes = number.checked_mul(factor).ok_or("is too large")?;
    if bytes < 1 << 16 { Err("is below 64KiB, too small for Juju's messages".into()) } else { Ok(bytes) }
}

pub(super) fn listen(text: &str) -> Result<SocketAddr, Wrong> {
    let (host, port) = text.rsplit_once(':').ok_or("has no `:port`")?;
    let port = match port {
        "http" => 80,
        "https" => 443,
        "http-alt" => 8080,
        digits => digits.parse::<u16>().map_err(|_| format!("has the port {digits:?}, which is not a number"))?,
    };
    let ip = match host {
        "" => IpAddr::from([0, 0, 0, 0]),
        "localhost" => IpAddr::from([127, 0, 0, 1]),
        host => host
            .trim_start_matches('[')
            .trim_end_matches(']')
            .parse()
            .map_err(|_| format!("has the host {host:?}, which is not an IP address"))?,
    };
    Ok(SocketAddr::new(ip, port))
}

/// `scheme://host[:port]`, as a browser writes it.
pub(super) fn origin(text: &str) -> Result<String, Wrong> {
    let Some((scheme @ ("https" | "http"), rest)) = text.split_once("://") else {
        return Err(format!("has {text:?}, which is no origin: write https://host, or https://host:port"));
    };
    let host = rest.trim_end_matches('/');
    if host.is_empty() || host.contains(['/', '@', '?', '#', '*']) {
        return Err(format!("has {text:?}, which is more or less than scheme, host and port"));
    }
    Ok(format!("{scheme}://{}", host.to_ascii_lowercase()))
}

pub(super) fn host_port(text: &str) -> Result<String, Wrong> {
    let (host, port) = text.rsplit_once(':').ok_or("has no `:port`")?;
    if port.parse::<u16>().is_err() {
        return Err(format!("has the port {port:?}, which is not a number"));
    }
    if host.is_empty() || host.contains(['/', ' ', '@']) {
        return Err(format!("has {host:?} where a host is expected"));
    }
    Ok(text.to_owned())
}

pub(super) fn dns_name(text: &str) -> Result<String, Wrong> {
    let bare = text.strip_prefix("https://").unwrap_or(text).trim_end_matches('/');
    if bare.contains("://") {
        return Err("is a URL of another kind than https".into());
    }
    if bare.is_empty() || bare.contains(['/', ' ', '@']) {
        return Err("is not a host name".into());
    }
    if bare.contains(':') {
        host_port(bare)?;
    }
    Ok(text.trim_end_matches('/').to_owned())
}

pub(super) fn web_url(text: &str) -> Result<String, Wrong> {
    let url = url::Url::parse(text).map_err(|error| format!("is not a URL: {error}"))?;
    if !matches!(url.scheme(), "http" | "https") || url.host().is_none() {
        return Err("is not a web URL with a host".into());
    }
    Ok(text.to_owned())
}

pub(super) fn dsn(text: &str) -> Result<String, Wrong> {
    if !text.starts_with("postgresql://") && !text.starts_with("postgres://") {
        return Err("does not begin with postgresql://".into());
    }
    url::Url::parse(text).map_err(|error| format!("is not a URL: {error}"))?;
    Ok(text.to_owned())
}

pub(super) fn log_level(text: &str) -> Result<String, Wrong> {
    tracing_subscriber::EnvFilter::try_new(text).map_err(|_| "is neither a level nor a filter".to_owned())?;
    Ok(text.to_owned())
}

pub(super) fn words(text: &str) -> Vec<String> {
    text.split([' ', ',', '\n', '\t']).filter(|word| !word.is_empty()).map(str::to_owned).collect()
}

/// A program and its arguments: a JSON list, or words.
pub(super) fn command(text: &str) -> Result<Vec<String>, Wrong> {
    let words: Vec<String> = if text.starts_with('[') {
        serde_json::from_str(text).map_err(|_| "begins like a JSON list of texts and is none".to_owned())?
    } else {
        text.split_whitespace().map(str::to_owned).collect()
    };
    match words.first() {
        Some(program) if !program.is_empty() && !words.iter().any(|word| word.contains('\0')) => Ok(words),
        _ => Err("names no program".into()),
    }
}

pub(super) fn users(text: &str) -> Result<Vec<String>, Wrong> {
    let names = words(text);
    match names.iter().find(|name| crate::user_names::external(name).is_err()) {
        Some(name) => Err(format!("contains {name:?}, which is not a user name with a domain")),
        None => Ok(names),
    }
}

pub(crate) fn key(text: &str) -> Result<SecretBox<[u8; 32]>, Wrong> {
    let bytes = STANDARD.decode(text.trim()).map_err(|_| "is not base64".to_owned())?;
    let bytes: [u8; 32] =
        bytes.try_into().map_err(|wrong: Vec<u8>| format!("has {} bytes instead of 32", wrong.len()))?;
    if bytes.iter().all(|byte| *byte == bytes[0]) {
        return Err("is one byte repeated, not a random key".into());
    }
    Ok(SecretBox::new(Box::new(bytes)))
}

/// What browsers get first of the pages in a directory.
pub const START_PAGE: &str = "index.html";

/// A directory of pages.
pub(super) fn pages(text: &str) -> Result<PathBuf, String> {
    let dir = PathBuf::from(text);
    match std::fs::File::open(dir.join(START_PAGE)) {
        Ok(_) => Ok(dir),
        Err(error) => Err(format!("has no {START_PAGE} that can be read: {error}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_as_go_writes_them() {
        for (text, seconds) in [("24h", 86_400.0), ("15m", 900.0), ("1h30m", 5400.0), ("1.5s", 1.5), ("2d", 172_800.0)]
        {
            assert_eq!(duration(text), Ok(Duration::from_secs_f64(seconds)), "{text}");
        }
        assert_eq!(duration("250ms"), Ok(Duration::from_millis(250)));
        assert_eq!(duration("0"), Ok(Duration::ZERO));
        for wrong in ["", "5", "5 minutes", "m", "-5m", "5x", "1..5s", "99999999999999999999d"] {
            assert!(duration(wrong).is_err(), "{wrong}");
        }
        assert_eq!(seconds("86400"), Ok(Duration::from_secs(86_400)));
    }

    #[test]
    fn booleans_are_booleans() {
        for text in ["true", "TRUE", "1", "yes", "Yes"] {
            assert_eq!(boolean(text), Ok(true));
        }
        for text in ["false", "0", "no", "False"] {
            assert_eq!(boolean(text), Ok(false));
        }
        for text in ["", "on", "off", "t", "2", "truee"] {
            assert!(boolean(text).is_err(), "{text}");
        }
    }

    #[test]
    fn addresses() {
        assert_eq!(listen(":17443").unwrap().to_string(), "0.0.0.0:17443");
        assert_eq!(listen("127.0.0.1:0").unwrap().to_string(), "127.0.0.1:0");
        assert_eq!(listen("[::1]:80").unwrap().to_string(), "[::1]:80");
        assert_eq!(listen(":http-alt").unwrap().port(), 8080);
        for wrong in ["17443", ":", ":x", "example.com:80", ":70000"] {
            assert!(listen(wrong).is_err(), "{wrong}");
        }
        assert!(host_port("jimm.example.com:443").is_ok());
        assert!(host_port("jimm.example.com").is_err());
        assert!(dns_name("https://jimm.example.com").is_ok());
        assert!(dns_name("jimm.example.com:17443").is_ok());
        assert!(dns_name("jimm example").is_err());
    }

    #[test]
    fn sizes() {
        assert_eq!(size("256MiB"), Ok(256 << 20));
        assert_eq!(size("1000000"), Ok(1_000_000));
        for wrong in ["", "MiB", "1XB", "10", "99999999999999999999GiB"] {
            assert!(size(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn keys_are_32_random_bytes() {
        assert!(key(&STANDARD.encode(crate::clock::random_bytes::<32>())).is_ok());
        for wrong in ["", "short", &STANDARD.encode([0u8; 32]), &STANDARD.encode([7u8; 31])] {
            assert!(key(wrong).is_err(), "{wrong}");
        }
    }
}
