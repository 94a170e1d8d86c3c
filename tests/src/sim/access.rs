//! Who is logged in, and what they may do. A token's claims are its only rights, for the life of the connection.

use std::collections::BTreeMap;

use uuid::Uuid;

use super::controller::Shared;
use super::fault::{Fault, Result};

/// Somebody who has logged in.
#[derive(Clone, Debug)]
pub(super) enum Caller {
    /// A user that the controller knows itself.
    Local(String),
    /// A user of a token.
    Token { user: String, access: BTreeMap<String, String> },
    /// An agent of a model.
    Agent(String),
    /// Another controller, which says who asks by its macaroons.
    Anonymous,
}

/// The words of access from low to high.
const LEVELS: &[&str] = &["login", "read", "consume", "add-model", "write", "admin", "superuser"];

fn rank(word: &str) -> usize {
    LEVELS.iter().position(|w| *w == word).map_or(0, |n| n + 1)
}

impl Caller {
    /// The name, without `user-`.
    pub(super) fn name(&self) -> &str {
        match self {
            Self::Local(name) | Self::Agent(name) | Self::Token { user: name, .. } => name,
            Self::Anonymous => "jujuanonymous",
        }
    }

    /// What a token says of a tag; empty for none.
    fn claim(&self, tag: &str) -> &str {
        match self {
            Self::Token { access, .. } => access.get(tag).map_or("", String::as_str),
            _ => "",
        }
    }

    pub(super) fn is_superuser(&self, shared: &Shared) -> bool {
        match self {
            Self::Local(name) => *name == shared.options.user,
            Self::Token { .. } => self.claim(&format!("controller-{}", shared.uuid)) == "superuser",
            Self::Agent(_) | Self::Anonymous => false,
        }
    }

    /// What the caller may do at the controller, as the login tells it.
    pub(super) fn controller_access(&self, shared: &Shared) -> String {
        match self {
            Self::Token { .. } => self.claim(&format!("controller-{}", shared.uuid)).to_owned(),
            Self::Local(_) if self.is_superuser(shared) => "superuser".to_owned(),
            _ => "login".to_owned(),
        }
    }

    /// What the caller may do with a model.
    pub(super) fn model_access(&self, shared: &Shared, model: Uuid) -> String {
        match self {
            Self::Token { .. } => self.claim(&format!("model-{model}")).to_owned(),
            Self::Local(_) if self.is_superuser(shared) => "admin".to_owned(),
            Self::Local(name) => {
                shared.world().models.get(&model).and_then(|m| m.users.get(name).cloned()).unwrap_or_default()
            }
            Self::Agent(_) | Self::Anonymous => String::new(),
        }
    }

    /// The caller is superuser, or is told what is missing.
    pub(super) fn need_superuser(&self, shared: &Shared) -> Result<()> {
        if self.is_superuser(shared) {
            return Ok(());
        }
        Err(self.lacks(&format!("controller-{}", shared.uuid), "superuser"))
    }

    /// The caller may do that much with the model; a superuser may do everything.
    pub(super) fn need_model(&self, shared: &Shared, model: Uuid, level: &str) -> Result<()> {
        if self.is_superuser(shared) || rank(&self.model_access(shared, model)) >= rank(level) {
            return Ok(());
        }
        Err(self.lacks(&format!("model-{model}"), level))
    }

    /// The caller may make models on a cloud.
    pub(super) fn need_cloud(&self, shared: &Shared, cloud: &str, level: &str) -> Result<()> {
        let tag = format!("cloud-{cloud}");
        let local = matches!(self, Self::Local(_));
        if local || self.is_superuser(shared) || rank(self.claim(&tag)) >= rank(level) {
            return Ok(());
        }
        Err(self.lacks(&tag, level))
    }

    /// The caller may use an offer.
    pub(super) fn may_use_offer(&self, shared: &Shared, model: Uuid, offer: Uuid, level: &str) -> bool {
        self.is_superuser(shared)
            || rank(&self.model_access(shared, model)) >= rank("admin")
            || rank(self.claim(&format!("applicationoffer-{offer}"))) >= rank(level)
    }

    fn lacks(&self, tag: &str, level: &str) -> Fault {
        match self {
            Self::Token { .. } => Fault::access_required(tag, level),
            _ => Fault::denied(),
        }
    }
}
