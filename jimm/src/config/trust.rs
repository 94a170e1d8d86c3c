//! Whose tokens are exchanged for sessions of service accounts: a file of rules.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use figment::Figment;
use figment::providers::{Format, Toml};
use jimm_proto::names::UserName;
use serde::Deserialize;

use super::values::{self, Wrong};

/// One rule: tokens of this issuer, for this audience, with such a subject, are this service account.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct TrustRule {
    /// The issuer, letter by letter as its tokens and its discovery document have it.
    pub issuer: String,
    /// The one audience.
    pub audience: String,
    /// The subject; `*` stands for any letters but `/` and `:`, `**` for any.
    pub subject: String,
    /// The client id of the service account.
    pub service_account: String,
    /// Other claims that must have these texts.
    #[serde(default)]
    pub claims: BTreeMap<String, String>,
    /// An extra root certificate (PEM) to trust at the issuer.
    #[serde(default)]
    pub ca_cert: Option<PathBuf>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    trust: Vec<TrustRule>,
}

impl TrustRule {
    /// Whether the subject is one of those that the rule is about.
    pub fn is_about(&self, subject: &str) -> bool {
        matches(self.subject.as_bytes(), subject.as_bytes())
    }
}

/// Reads the rules of a file.
pub(super) fn rules(path: &Path) -> Result<Vec<TrustRule>, Wrong> {
    let text = std::fs::read_to_string(path).map_err(|error| format!("cannot be read: {error}"))?;
    parse(&text)
}

fn parse(text: &str) -> Result<Vec<TrustRule>, Wrong> {
    let file: File =
        Figment::from(Toml::string(text)).extract().map_err(|error| format!("cannot be understood: {error}"))?;
    if file.trust.is_empty() {
        return Err("has no [[trust]]".into());
    }
    for (position, rule) in file.trust.iter().enumerate() {
        check(rule).map_err(|wrong| format!("has as [[trust]] number {} one whose {wrong}", position + 1))?;
    }
    Ok(file.trust)
}

fn check(rule: &TrustRule) -> Result<(), Wrong> {
    values::web_url(&rule.issuer).map_err(|wrong| format!("issuer {wrong}"))?;
    if rule.audience.is_empty() {
        return Err("audience is empty".into());
    }
    if rule.subject.is_empty() || rule.subject.starts_with('*') {
        return Err("subject is empty or begins with *: it would let in strangers".into());
    }
    let name = rule.service_account.trim_end_matches("@serviceaccount");
    if format!("{name}@serviceaccount").parse::<UserName>().is_err() {
        return Err(format!("service-account {:?} is not a client id", rule.service_account));
    }
    if let Some(path) = &rule.ca_cert
        && let Err(error) = std::fs::File::open(path)
    {
        return Err(format!("ca-cert {} cannot be read: {error}", path.display()));
    }
    Ok(())
}

/// Matches with two fingers: when a letter does not fit, the last star takes one more.
fn matches(pattern: &[u8], text: &[u8]) -> bool {
    let (mut p, mut t) = (0, 0);
    let mut last_star: Option<(usize, usize)> = None;
    while t < text.len() {
        if pattern.get(p) == Some(&b'*') {
            let wide = pattern.get(p + 1) == Some(&b'*');
            p += if wide { 2 } else { 1 };
            last_star = Some((p, t));
            continue;
        }
        if pattern.get(p) == Some(&text[t]) {
            (p, t) = (p + 1, t + 1);
            continue;
        }
        let Some((after, taken)) = last_star else { return false };
        let wide = after >= 2 && pattern[after - 2] == b'*';
        if !wide && matches!(text[taken], b'/' | b':') {
            return false;
        }
        (p, t) = (after, taken + 1);
        last_star = Some((after, taken + 1));
    }
    pattern[p..].iter().all(|letter| *letter == b'*')
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = r#"
        [[trust]]
        issuer = "https://ci.example.com"
        audience = "https://jimm.example.com"
        subject = "repo:acme/deploy:ref:refs/heads/main"
        service-account = "deploy"
        claims = { environment = "production" }
    "#;

    #[test]
    fn a_file_of_rules_is_read() {
        let rules = parse(GOOD).unwrap();
        assert_eq!((rules.len(), rules[0].service_account.as_str()), (1, "deploy"));
        assert_eq!(rules[0].claims["environment"], "production");
    }

    #[test]
    fn mistakes_are_named() {
        for (from, to, what) in [
            ("subject", "subjects", "subjects"),
            ("\"https://ci", "\"ci", "issuer is not a URL"),
            ("\"https://jimm.example.com\"", "\"\"", "audience is empty"),
            ("\"repo:acme/deploy:ref:refs/heads/main\"", "\"**\"", "let in strangers"),
            ("\"deploy\"", "\"a b\"", "is not a client id"),
            ("[[trust]]", "[[trusts]]", "trusts"),
            ("claims = {", "ca-cert = \"/nowhere\"\nclaims = {", "/nowhere cannot be read"),
        ] {
            let wrong = parse(&GOOD.replacen(from, to, 1)).unwrap_err();
            assert!(wrong.contains(what), "{what}: {wrong}");
        }
        assert!(parse("").unwrap_err().contains("no [[trust]]"));
    }

    #[test]
    fn stars_stop_at_separators_unless_there_are_two() {
        for (pattern, subject, fits) in [
            ("repo:acme/deploy", "repo:acme/deploy", true),
            ("repo:acme/deploy", "repo:acme/deploy2", false),
            ("repo:acme/*", "repo:acme/shop", true),
            ("repo:acme/*", "repo:acme/shop:ref:x", false),
            ("repo:acme/**", "repo:acme/shop:ref:refs/heads/x", true),
            ("repo:acme/*:ref:refs/heads/main", "repo:acme/shop:ref:refs/heads/main", true),
            ("repo:acme/*:ref:refs/heads/main", "repo:acme/a:ref:b:ref:refs/heads/main", false),
            ("repo:acme/**:ref:refs/heads/main", "repo:acme/a:ref:b:ref:refs/heads/main", true),
            ("repo:acme/*", "repo:acmeevil/shop", false),
            ("a*c", "abcbc", true),
            ("a*", "a", true),
            ("a*b", "a", false),
        ] {
            assert_eq!(matches(pattern.as_bytes(), subject.as_bytes()), fits, "{pattern} {subject}");
        }
    }
}
