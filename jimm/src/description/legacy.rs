//! The description as Juju 3.6 and 4.0 write it: one YAML document.

use super::document::{Edit, Node, Place, Unreadable, Want, edited, read};
use super::facts::{Credential, Facts, NewOwner, Offer};

/// What is read of a description. Later versions of it may call the owner a qualifier.
static WANTED: Want = Want::Fields(&[
    ("owner", Want::Text),
    ("qualifier", Want::Text),
    ("type", Want::Text),
    ("cloud", Want::Text),
    ("cloud-region", Want::Text),
    ("config", Want::Fields(&[("uuid", Want::Text), ("name", Want::Text)])),
    ("users", Want::Fields(&[("users", Want::List(&USER))])),
    ("applications", Want::Fields(&[("applications", Want::List(&APPLICATION))])),
    ("cloud-credential", CREDENTIAL),
]);
static USER: Want = Want::Fields(&[("name", Want::Text), ("access", Want::Text)]);
static APPLICATION: Want =
    Want::Fields(&[("name", Want::Text), ("offers", Want::Fields(&[("offers", Want::List(&OFFER))]))]);
static OFFER: Want = Want::Fields(&[
    ("offer-uuid", Want::Text),
    ("offer-name", Want::Text),
    ("application-name", Want::Text),
    ("application-description", Want::Text),
    ("acl", Want::Pairs),
]);
const CREDENTIAL: Want = Want::Fields(&[
    ("owner", Want::Text),
    ("cloud", Want::Text),
    ("name", Want::Text),
    ("auth-type", Want::Text),
    ("attributes", Want::Pairs),
]);

/// A description.
#[derive(Clone)]
pub struct Description {
    text: String,
    root: Node,
}

impl Description {
    /// Reads one.
    pub fn read(bytes: Vec<u8>) -> Result<Self, Unreadable> {
        let text = String::from_utf8(bytes).map_err(|_| Unreadable("it is not UTF-8".to_owned()))?;
        let root = read(&text, &WANTED)?;
        if !matches!(root, Node::Fields(_)) {
            return Err(Unreadable("it is empty".to_owned()));
        }
        Ok(Self { text, root })
    }

    /// What it tells.
    pub fn facts(&self) -> Facts {
        let (root, config) = (&self.root, self.root.field("config"));
        let credential = root.field("cloud-credential");
        let pair = |user: &Node| (user.field("name").text().to_owned(), user.field("access").text().to_owned());
        Facts {
            uuid: config.field("uuid").text().to_owned(),
            name: config.field("name").text().to_owned(),
            owner: bare(self.owner().text()),
            kind: root.field("type").text().to_owned(),
            cloud: root.field("cloud").text().to_owned(),
            region: root.field("cloud-region").text().to_owned(),
            credential: matches!(credential, Node::Fields(_)).then(|| Credential {
                cloud: credential.field("cloud").text().to_owned(),
                owner: bare(credential.field("owner").text()),
                name: credential.field("name").text().to_owned(),
            }),
            users: root.field("users").field("users").entries().iter().map(pair).collect(),
            offers: self.offers().map(|(application, offer)| offer_of(application, offer)).collect(),
        }
    }

    /// The same description with another owner: as text, every byte that is not of users as it was.
    pub fn rewritten(&self, new: &NewOwner) -> Result<String, Unreadable> {
        let mut edits = Vec::new();
        let mut put = |node: &Node, edit: &dyn Fn(&Place) -> Result<Edit, Unreadable>| {
            node.place().map(edit).transpose().map(|edit| edits.extend(edit))
        };
        let owner = self.owner();
        if owner.text().is_empty() {
            return Err(Unreadable("it names no owner".to_owned()));
        }
        put(owner, &|place| Edit::put(place, &new.owner))?;
        let users = self.root.field("users").field("users");
        if !users.entries().is_empty() {
            put(users, &|place| Edit::put(place, &[(); 0]))?;
        }
        let credential = self.root.field("cloud-credential");
        put(credential.field("owner"), &|place| Edit::put(place, &new.credential_owner))?;
        if matches!(credential, Node::Fields(_)) && !holds(credential, new) {
            if matches!(credential.field("attributes"), Node::Absent) && !new.attributes.is_empty() {
                let text = "the model's credential holds nothing, and that of its new owner does";
                return Err(Unreadable(text.to_owned()));
            }
            put(credential.field("auth-type"), &|place| Edit::put(place, &new.auth_type))?;
            put(credential.field("attributes"), &|place| Edit::put(place, &new.attributes))?;
        }
        for (_, offer) in self.offers() {
            let acl = offer.field("acl");
            put(acl, &|place| Edit::put(place, &new.users_of_offer(acl.pairs())))?;
        }
        edited(&self.text, &edits)
    }

    fn owner(&self) -> &Node {
        match self.root.field("owner") {
            Node::Absent => self.root.field("qualifier"),
            owner => owner,
        }
    }

    fn offers(&self) -> impl Iterator<Item = (&str, &Node)> {
        let applications = self.root.field("applications").field("applications").entries();
        applications.iter().flat_map(|application| {
            let offers = application.field("offers").field("offers").entries();
            offers.iter().map(|offer| (application.field("name").text(), offer))
        })
    }
}

impl std::fmt::Debug for Description {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Description").field("bytes", &self.text.len()).finish_non_exhaustive()
    }
}

/// Whether the credential holds what the new owner's holds.
fn holds(credential: &Node, new: &NewOwner) -> bool {
    let there = credential.field("attributes").pairs();
    credential.field("auth-type").text() == new.auth_type
        && there.len() == new.attributes.len()
        && there.iter().all(|(name, value)| new.attributes.get(name) == Some(value))
}

fn offer_of(application: &str, offer: &Node) -> Offer {
    let named = offer.field("application-name").text();
    Offer {
        uuid: offer.field("offer-uuid").text().to_owned(),
        name: offer.field("offer-name").text().to_owned(),
        application: if named.is_empty() { application.to_owned() } else { named.to_owned() },
        description: offer.field("application-description").text().to_owned(),
        users: offer.field("acl").pairs().to_vec(),
    }
}

/// Names come as names, and from old sources as tags.
fn bare(name: &str) -> String {
    name.strip_prefix("user-").unwrap_or(name).to_owned()
}
