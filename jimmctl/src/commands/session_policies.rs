//! `session-policies`, `set-session-policy`, `remove-session-policy`: how long logins last.

use jimm_proto::params::jimm_accounts::{
    ListSessionPoliciesResponse, RemoveSessionPolicyRequest, SessionPolicy, SetSessionPolicyRequest,
};
use jimm_proto::time::GoTime;
use serde::Serialize;

use crate::cli::GlobalArgs;
use crate::cli::accounts::{RemoveSessionPolicyArgs, SessionPoliciesArgs, SetSessionPolicyArgs};
use crate::error::{Failure, Result};
use crate::session::Session;
use crate::table::Table;

#[derive(Serialize)]
struct PolicyYaml<'a> {
    subject: &'a str,
    lifetime: i64,
    idletimeout: i64,
    source: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    updatedby: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    updated: Option<GoTime>,
}

pub(super) async fn list(global: &GlobalArgs, args: &SessionPoliciesArgs) -> Result<()> {
    let answer = async { Session::open(global).await?.call("ListSessionPolicies", &serde_json::json!({})).await }.await;
    let answer: ListSessionPoliciesResponse = args.output.or_nothing(answer)?;
    let yaml: Vec<PolicyYaml<'_>> = answer.policies.iter().map(Into::into).collect();
    args.output.print(&answer.policies, &yaml, || table(&answer.policies))
}

pub(super) async fn set(global: &GlobalArgs, args: &SetSessionPolicyArgs) -> Result<()> {
    let subject = subject(args.subject.as_deref())?;
    let lifetime = args.lifetime.as_deref().ok_or_else(|| Failure::usage("missing lifetime"))?;
    let params = SetSessionPolicyRequest {
        subject,
        lifetime: seconds(lifetime)?,
        idle_timeout: args.idle.as_deref().map_or(Ok(0), seconds)?,
    };
    Session::open(global).await?.call::<_, serde_json::Value>("SetSessionPolicy", &params).await?;
    Ok(())
}

pub(super) async fn remove(global: &GlobalArgs, args: &RemoveSessionPolicyArgs) -> Result<()> {
    let params = RemoveSessionPolicyRequest { subject: subject(args.subject.as_deref())? };
    Session::open(global).await?.call::<_, serde_json::Value>("RemoveSessionPolicy", &params).await?;
    Ok(())
}

fn subject(given: Option<&str>) -> Result<String> {
    let missing = || {
        Failure::usage("missing subject")
            .with_hint("say whose logins: default, serviceaccounts, group-NAME or user-NAME@DOMAIN")
    };
    given.map(str::to_owned).ok_or_else(missing)
}

/// `8h`, `1d12h`, `90m`, `30s`: whole numbers with units.
fn seconds(text: &str) -> Result<i64> {
    let wrong = || Failure::usage(format!("{text:?} is not a time such as 8h, 30m or 1d12h"));
    let mut total: i64 = 0;
    let mut rest = text;
    while !rest.is_empty() {
        let end = rest.find(|letter: char| !letter.is_ascii_digit()).ok_or_else(wrong)?;
        let (number, tail) = rest.split_at(end);
        let unit = match tail.chars().next() {
            Some('s') => 1,
            Some('m') => 60,
            Some('h') => 3600,
            Some('d') => 86_400,
            _ => return Err(wrong()),
        };
        let part = number.parse::<i64>().ok().and_then(|number| number.checked_mul(unit));
        total = part.and_then(|part| total.checked_add(part)).ok_or_else(wrong)?;
        rest = &tail[1..];
    }
    if text.is_empty() { Err(wrong()) } else { Ok(total) }
}

/// As it can be given again.
fn time(seconds: i64) -> String {
    let units = [("d", 86_400), ("h", 3600), ("m", 60), ("s", 1)];
    let mut left = seconds;
    let mut text = String::new();
    for (unit, size) in units {
        if left >= size {
            text.push_str(&(left / size).to_string());
            text.push_str(unit);
            left %= size;
        }
    }
    if text.is_empty() { "-".to_owned() } else { text }
}

fn table(policies: &[SessionPolicy]) -> String {
    let mut table = Table::new(&["Who", "Lifetime", "Idle", "Source", "Updated by"]);
    for policy in policies {
        let (lifetime, idle) = (time(policy.lifetime), time(policy.idle_timeout));
        table.row([&policy.subject, &lifetime, &idle, &policy.source, &policy.updated_by]);
    }
    table.render()
}

impl<'a> From<&'a SessionPolicy> for PolicyYaml<'a> {
    fn from(policy: &'a SessionPolicy) -> Self {
        Self {
            subject: &policy.subject,
            lifetime: policy.lifetime,
            idletimeout: policy.idle_timeout,
            source: &policy.source,
            updatedby: &policy.updated_by,
            updated: policy.updated,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_and_written() {
        for (text, count) in [("8h", 28_800), ("1d12h", 129_600), ("90m", 5400), ("30s", 30), ("0s", 0)] {
            assert_eq!(seconds(text).expect("a time"), count);
        }
        assert_eq!((time(129_600).as_str(), time(5400).as_str(), time(0).as_str()), ("1d12h", "1h30m", "-"));
        for text in ["", "8", "h", "8x", "-8h", "8 h", "99999999999999999999h", "1.5h"] {
            assert!(seconds(text).is_err(), "{text}");
        }
    }
}
