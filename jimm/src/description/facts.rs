//! What the broker has to know of a model that comes in, whichever form it is in.

use std::collections::BTreeMap;

/// Everybody: a user that every controller knows.
pub const EVERYONE: &str = "everyone@external";

/// What a source tells of a model.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Facts {
    /// Its UUID.
    pub uuid: String,
    /// Its name.
    pub name: String,
    /// Its owner at the source.
    pub owner: String,
    /// `iaas` or `caas`.
    pub kind: String,
    /// The cloud it runs in.
    pub cloud: String,
    /// The region it runs in; empty where the cloud has none.
    pub region: String,
    /// The credential that it uses.
    pub credential: Option<Credential>,
    /// Who has which access to it.
    pub users: Vec<(String, String)>,
    /// What it offers.
    pub offers: Vec<Offer>,
}

/// The credential of a model.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Credential {
    /// The cloud it is for.
    pub cloud: String,
    /// Whose it is.
    pub owner: String,
    /// Its name.
    pub name: String,
}

/// What a model offers.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Offer {
    /// The offer's UUID.
    pub uuid: String,
    /// Its name.
    pub name: String,
    /// The application; empty where it is not told.
    pub application: String,
    /// What it is, for people.
    pub description: String,
    /// Who has which access to it.
    pub users: Vec<(String, String)>,
}

/// Whose the model becomes.
#[derive(Clone)]
pub struct NewOwner {
    /// Its owner from now on.
    pub owner: String,
    /// Who owns the credential that it uses.
    pub credential_owner: String,
    /// What kind of credential that is.
    pub auth_type: String,
    /// What it holds.
    pub attributes: BTreeMap<String, String>,
}

impl NewOwner {
    /// Of the users of an offer, whom a controller behind the broker has to know: the owner and everybody. Rights of the
    /// others are the broker's.
    pub(super) fn users_of_offer(&self, before: &[(String, String)]) -> BTreeMap<String, String> {
        let everyone = before.iter().filter(|(user, _)| user == EVERYONE).cloned();
        everyone.chain([(self.owner.clone(), "admin".to_owned())]).collect()
    }
}

impl std::fmt::Debug for NewOwner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NewOwner").field("owner", &self.owner).finish_non_exhaustive()
    }
}
