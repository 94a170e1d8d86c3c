//! How long logins last: rules of administrators, in the database, before those of the settings.
//!
//! A rule is about logins that have begun, too: who shortens one shortens them. It lengthens none.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use jimm_authz::{Object, ObjectKind, Relation, User};
use jimm_proto::names::UserName;
use jimm_proto::params::jimm_accounts::{SessionPolicy, SetSessionPolicyRequest};
use jimm_proto::time::GoTime;
use jimm_store::groups::{self, SetKind};
use jimm_store::session_policies::{self, Policy};
use jimm_store::sessions::{self, Standing};
use uuid::Uuid;

use super::sessions::{LONGEST, idle_of, seconds};
use super::users::parse_user_name;
use crate::broker::{Broker, Requester};
use crate::clock::delta;
use crate::config::{Lifetime, LifetimeRule, Whose};
use crate::error::{Error, Result};
use crate::user_names::SERVICE_ACCOUNT_DOMAIN;

/// How long rules are believed when nothing is heard of a change; a change is heard of at once.
const BELIEVED: TimeDelta = TimeDelta::seconds(60);

/// The rules as they are now.
#[derive(Debug)]
pub struct SessionRules {
    /// Whose logins last differently.
    special: Vec<LifetimeRule>,
    /// How long all others last.
    pub(in crate::broker) usual: Lifetime,
    /// Whether that was decided by an administrator.
    is_decided: bool,
    /// How many events there had been before they were read.
    told: u64,
    read: DateTime<Utc>,
}

impl Broker {
    /// The rules; read again when somebody may have changed them.
    pub(in crate::broker) async fn session_rules(&self) -> Result<Arc<SessionRules>> {
        let (told, now) = (self.account_events.told(), self.clock.now());
        let known = self.rules.load_full();
        if let Some(rules) = known.filter(|rules| rules.told == told && (now - rules.read).abs() < BELIEVED) {
            return Ok(rules);
        }
        let stored = session_policies::list(&mut *self.store.acquire().await?).await?;
        let settings = &self.settings.session;
        let usual = Lifetime { absolute: settings.token_expiry, idle: settings.idle_timeout };
        let mut rules = SessionRules { special: Vec::new(), usual, is_decided: false, told, read: now };
        for policy in &stored {
            match Whose::parse(&policy.subject) {
                Some(Whose::Everybody) => (rules.usual, rules.is_decided) = (lifetime_of(policy), true),
                Some(whose) => rules.special.push(LifetimeRule { whose, lifetime: lifetime_of(policy) }),
                None => tracing::warn!(subject = policy.subject, "a session policy is about nobody that we know"),
            }
        }
        let decided = rules.special.len();
        for rule in &settings.lifetimes {
            if rules.special[..decided].iter().all(|stored| stored.whose != rule.whose) {
                rules.special.push(rule.clone());
            }
        }
        let rules = Arc::new(rules);
        self.rules.store(Some(Arc::clone(&rules)));
        Ok(rules)
    }

    /// The lifetime that the rules give; nothing when none is about this identity.
    pub(in crate::broker) async fn lifetime(
        &self,
        rules: &SessionRules,
        name: &UserName,
        groups: &[String],
    ) -> Result<Option<Lifetime>> {
        let own = |rule: &&LifetimeRule| matches!(&rule.whose, Whose::User(user) if user == name.as_str());
        if let Some(own) = rules.special.iter().find(own) {
            return Ok(Some(own.lifetime));
        }
        let mut shortest: Option<Lifetime> = None;
        for rule in &rules.special {
            let applies = match &rule.whose {
                Whose::User(_) | Whose::Everybody => false,
                Whose::ServiceAccounts => name.domain() == Some(SERVICE_ACCOUNT_DOMAIN),
                Whose::Group(group) => groups.contains(group) || self.is_member(name, groups, group).await?,
            };
            if applies {
                shortest = Some(shortest.map_or(rule.lifetime, |so_far| so_far.shorter(rule.lifetime)));
            }
        }
        Ok(shortest)
    }

    /// A session as the rules of today let it live: never longer than when it began. What is shortened stays so.
    pub(in crate::broker) async fn limited(
        &self,
        standing: Standing,
        session: Uuid,
        name: &UserName,
        groups: &[String],
    ) -> Result<Standing> {
        let (Some(created), Some(expires)) = (standing.created_at, standing.expires_at) else { return Ok(standing) };
        let rules = self.session_rules().await?;
        let decided = rules.is_decided.then_some(rules.usual);
        let Some(rule) = self.lifetime(&rules, name, groups).await?.or(decided) else { return Ok(standing) };
        let as_begun = Lifetime { absolute: rule.absolute, idle: idle_of(&standing) };
        let ends = created + delta(rule.absolute.min(LONGEST));
        if ends < expires {
            sessions::shorten(&mut *self.store.acquire().await?, session, ends).await?;
        }
        Ok(Standing {
            expires_at: Some(expires.min(ends)),
            idle_seconds: Some(seconds(rule.shorter(as_begun).idle)),
            ..standing
        })
    }

    async fn is_member(&self, name: &UserName, groups: &[String], group: &str) -> Result<bool> {
        let group = groups::get_by_name(&mut *self.store.acquire().await?, SetKind::Group, group).await?;
        let Some(group) = group else { return Ok(false) };
        let user = User { name: name.to_string(), groups: groups.to_vec() };
        let object = Object::new(ObjectKind::Group, group.uuid.to_string());
        Ok(self.authz.check(&user, Relation::Member, &object).await?.allowed)
    }
}

// === what administrators do ===

impl Broker {
    /// The rules that hold: those of administrators, and those of the settings in whose place there is none.
    pub async fn list_session_policies(&self, who: &Requester) -> Result<Vec<SessionPolicy>> {
        self.require_admin(who).await?;
        let stored = session_policies::list(&mut *self.store.acquire().await?).await?;
        let mut shown: Vec<SessionPolicy> = stored
            .into_iter()
            .map(|policy| SessionPolicy {
                subject: policy.subject,
                lifetime: policy.absolute_seconds,
                idle_timeout: policy.idle_seconds,
                source: "stored".to_owned(),
                updated_by: policy.updated_by,
                updated: Some(GoTime(policy.updated_at)),
            })
            .collect();
        let settings = &self.settings.session;
        let usual = Lifetime { absolute: settings.token_expiry, idle: settings.idle_timeout };
        let usual = LifetimeRule { whose: Whose::Everybody, lifetime: usual };
        for rule in std::iter::once(&usual).chain(&settings.lifetimes) {
            let subject = rule.whose.subject();
            if shown.iter().all(|policy| policy.subject != subject) {
                shown.push(SessionPolicy {
                    subject,
                    lifetime: seconds(rule.lifetime.absolute),
                    idle_timeout: seconds(rule.lifetime.idle),
                    source: "configured".to_owned(),
                    ..SessionPolicy::default()
                });
            }
        }
        shown.sort_by(|one, other| one.subject.cmp(&other.subject));
        Ok(shown)
    }

    /// Decides how long somebody's logins last, those that have begun included, on every replica.
    pub async fn set_session_policy(&self, who: &Requester, request: &SetSessionPolicyRequest) -> Result<()> {
        self.require_admin(who).await?;
        let subject = subject(&request.subject)?;
        let longest = seconds(LONGEST);
        if !(1..=longest).contains(&request.lifetime) || !(0..=longest).contains(&request.idle_timeout) {
            return Err(Error::bad_request(
                "a lifetime has to be from a second to ten years, and an idle time no longer than that",
            ));
        }
        let policy = Policy {
            subject,
            absolute_seconds: request.lifetime,
            idle_seconds: request.idle_timeout,
            updated_by: who.name.to_string(),
            updated_at: self.clock.now(),
        };
        let mut tx = self.store.begin().await?;
        session_policies::set(&mut tx, &policy).await?;
        tx.commit().await?;
        // Other replicas hear of it; who asks here next must not be told of the former rules.
        self.account_events.tell(None);
        let Policy { subject, absolute_seconds, idle_seconds, .. } = policy;
        tracing::info!(subject, absolute_seconds, idle_seconds, requester = %who.name, "session policy set");
        Ok(())
    }

    /// Goes back to what the settings say of somebody's logins.
    pub async fn remove_session_policy(&self, who: &Requester, given: &str) -> Result<()> {
        self.require_admin(who).await?;
        let subject = subject(given)?;
        let mut tx = self.store.begin().await?;
        if !session_policies::remove(&mut tx, &subject).await? {
            return Err(Error::not_found(format!("session policy of {subject:?} not found")));
        }
        tx.commit().await?;
        self.account_events.tell(None);
        tracing::info!(subject, requester = %who.name, "session policy removed");
        Ok(())
    }
}

/// Whose logins are meant, in the words that rules have.
fn subject(given: &str) -> Result<String> {
    let nobody = || {
        Error::bad_request(format!("{given:?} is none of default, serviceaccounts, group-NAME and user-NAME@DOMAIN"))
    };
    let whose = Whose::parse(given).ok_or_else(nobody)?;
    match &whose {
        Whose::User(name) => {
            parse_user_name(name)?;
        }
        // Groups of the identity provider have any name, but not one that a terminal would obey.
        Whose::Group(name) if name.len() > 256 || name.contains(char::is_control) => return Err(nobody()),
        _ => {}
    }
    Ok(whose.subject())
}

fn lifetime_of(policy: &Policy) -> Lifetime {
    let time = |seconds: i64| Duration::from_secs(u64::try_from(seconds).unwrap_or_default());
    Lifetime { absolute: time(policy.absolute_seconds), idle: time(policy.idle_seconds) }
}
