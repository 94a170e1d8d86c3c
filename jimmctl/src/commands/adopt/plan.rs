//! What is to be done with each model: no network, only what was seen.

use std::collections::BTreeMap;

use jimm_proto::params::jimm::ControllerInfo;
use jimm_proto::version::AgentVersion;
use serde::Serialize;

use super::observe::{Known, Model, Observed};

/// Users of the controller, and who they are at the broker; without a name there they are left out.
pub(super) type Mapping = BTreeMap<String, Option<String>>;

/// A way of a model to the broker.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Way {
    /// It is at the broker already.
    There,
    /// It stays where it is, and the broker takes it over.
    Import,
    /// It moves to a controller behind the broker.
    Move,
    /// It is the controller's own, and stays with it.
    Own,
    /// None now; the reason says what would open one.
    None,
}

impl Way {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::There => "there",
            Self::Import => "import",
            Self::Move => "move",
            Self::Own => "own",
            Self::None => "none",
        }
    }
}

/// What becomes of a model.
#[derive(Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) struct Step {
    pub(super) uuid: String,
    pub(super) name: String,
    /// On the controller.
    pub(super) owner: String,
    /// At the broker, once it is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) new_owner: Option<String>,
    pub(super) way: Way,
    /// Why this way, or why none.
    pub(super) why: String,
    /// Controllers it can move to.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) targets: Vec<String>,
    /// What has to be done before.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) first: Vec<String>,
    /// What changes for its users.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) changes: Vec<String>,
    pub(super) offers: Vec<String>,
    /// Who gets which right at the broker.
    #[serde(skip)]
    pub(super) grants: Vec<(String, String)>,
}

/// Whether the controller takes the broker's word for who somebody is.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Trust {
    /// It takes this broker's tokens.
    Broker,
    /// It takes those of somebody else.
    Other,
    /// It takes none.
    Nobody,
}

/// Whose tokens the controller takes. Ports that go without saying make no difference.
pub(super) fn trust(seen: &Observed, known: &Known) -> Trust {
    let plain = |url: &str| {
        let rest = url.strip_prefix("https://").unwrap_or(url).to_ascii_lowercase();
        let (host, path) = rest.split_once('/').unwrap_or((&rest, ""));
        format!("{}/{path}", host.trim_end_matches(":443"))
    };
    match seen.keys_at.as_str() {
        "" => Trust::Nobody,
        url if !known.keys_at.is_empty() && plain(url) == plain(&known.keys_at) => Trust::Broker,
        _ => Trust::Other,
    }
}

/// The new name of a user: those with a domain keep theirs.
pub(super) fn new_name(mapping: &Mapping, user: &str) -> Option<String> {
    match mapping.get(user) {
        Some(name) => name.clone(),
        None => user.contains('@').then(|| user.to_owned()),
    }
}

/// What becomes of the models.
pub(super) fn plan(seen: &Observed, known: &Known, mapping: &Mapping) -> Vec<Step> {
    let trust = trust(seen, known);
    seen.models.iter().map(|model| step(seen, known, mapping, trust, model)).collect()
}

fn step(seen: &Observed, known: &Known, mapping: &Mapping, trust: Trust, model: &Model) -> Step {
    let summary = &model.summary;
    let mut step = Step {
        uuid: summary.uuid.clone(),
        name: summary.name.clone(),
        owner: model.owner().to_owned(),
        new_owner: new_name(mapping, model.owner()),
        way: Way::None,
        why: String::new(),
        targets: Vec::new(),
        first: Vec::new(),
        changes: Vec::new(),
        offers: model.offers.iter().map(|offer| offer.offer_name.clone()).collect(),
        grants: Vec::new(),
    };
    let migrating = summary.migration.as_ref().is_some_and(|migration| migration.end.is_none());
    if let Some(row) = known.models.iter().find(|row| row.uuid == summary.uuid) {
        step.way = Way::There;
        step.why = format!("the broker has it as {}/{} on {}", row.owner, row.name, row.controller_name);
        return step;
    }
    if summary.is_controller {
        step.way = Way::Own;
        step.why = String::from("it is the controller's own model, and stays with it");
        return step;
    }
    if summary.life != "alive" {
        step.why = format!("it is {}: wait until it is gone", summary.life);
        return step;
    }
    if migrating {
        step.why = String::from("it is being moved: wait until that has ended");
        return step;
    }
    match trust {
        Trust::Broker => {
            step.way = Way::Import;
            step.why = String::from("its controller takes the broker's tokens: nothing moves, nothing stops");
        }
        Trust::Other | Trust::Nobody => move_away(seen, known, model, trust, &mut step),
    }
    if step.way != Way::None {
        users(model, mapping, &mut step);
        preconditions(known, model, &mut step);
    }
    step
}

/// Whose tokens a controller takes is decided when it is bootstrapped, so its models have to move.
fn move_away(seen: &Observed, known: &Known, model: &Model, trust: Trust, step: &mut Step) {
    let whose = match trust {
        Trust::Other => format!("takes tokens of {} only", seen.keys_at),
        _ => "was bootstrapped without login-token-refresh-url".to_owned(),
    };
    let because = format!("controller {} {whose}, which cannot be changed any more", seen.name);
    let version = model.summary.agent_version.as_deref().unwrap_or(&seen.version);
    let (Ok(from), Ok(version)) = (seen.version.parse::<AgentVersion>(), version.parse::<AgentVersion>()) else {
        step.why = format!("{because}; and its version {:?} tells nothing", seen.version);
        return;
    };
    if (from.major, from.minor) == (4, 0) {
        step.why = format!(
            "{because}; and controllers of Juju 4.0 move no models away: upgrade it first (\"juju upgrade-controller\")"
        );
        return;
    }
    let fits = |target: &&ControllerInfo| {
        let newer = target
            .agent_version
            .parse::<AgentVersion>()
            .is_ok_and(|to| (to.major, to.minor) >= (from.major, from.minor) && to >= version);
        newer && target.uuid != seen.uuid && target.status.status == "available"
    };
    step.targets = known.controllers.iter().filter(fits).map(|target| target.name.clone()).collect();
    if step.targets.is_empty() {
        step.why = format!(
            "{because}; and no available controller of the broker has Juju {}.{} or newer: bootstrap one with \
             login-token-refresh-url={}, and attach it",
            from.major, from.minor, known.keys_at
        );
        return;
    }
    step.way = Way::Move;
    step.why = format!("{because}: the model has to move");
}

/// Who keeps which right, and who loses theirs.
fn users(model: &Model, mapping: &Mapping, step: &mut Step) {
    for (user, access) in &model.users {
        match new_name(mapping, user) {
            Some(name) if Some(&name) == step.new_owner.as_ref() => {}
            Some(name) => {
                step.changes.push(format!("{user} ({access}) becomes {name}"));
                step.grants.push((name, access.clone()));
            }
            None => step.changes.push(format!("{user} ({access}) loses this right")),
        }
    }
    for offer in &model.offers {
        let others = offer.users.iter().filter(|user| !user.user.starts_with("everyone@") && user.access != "admin");
        for user in others {
            let what = format!("{} ({} on offer {})", user.user, user.access, offer.offer_name);
            step.changes.push(match new_name(mapping, &user.user) {
                Some(name) => format!("{what} becomes {name}: give the right again, \"juju grant\""),
                None => format!("{what} loses this right"),
            });
        }
    }
}

fn preconditions(known: &Known, model: &Model, step: &mut Step) {
    let Some(owner) = &step.new_owner else {
        let what = format!("say who {} is at the broker, in the file of --user-mapping", step.owner);
        step.first.push(what);
        return;
    };
    let cloud = model.cloud();
    let tags = known.credentials.get(&(owner.clone(), cloud.to_owned())).map(Vec::as_slice).unwrap_or_default();
    // A model that moves takes the credential of its name; one that stays takes any.
    let name = model.credential().filter(|_| step.way == Way::Move);
    let is_it = |tag: &String| name.is_none_or(|name| tag.rsplit_once('_').is_some_and(|(_, last)| last == name));
    if !tags.iter().any(is_it) {
        let called = name.map(|name| format!(" called {name}")).unwrap_or_default();
        let what = format!("{owner} needs a credential{called} for cloud {cloud} at the broker");
        step.first.push(format!("{what} (\"juju add-credential\")"));
    }
    if known.models.iter().any(|row| &row.owner == owner && row.name == step.name) {
        step.first
            .push(format!("the broker has another {owner}/{}: give this one another owner in the mapping", step.name));
    }
}

#[cfg(test)]
mod tests;
