//! Grant and revoke: models, clouds, offers, the broker itself.
//!
//! Nothing is told to controllers: their users get their rights from tokens. Granting what is there and revoking what is
//! not are no errors.

use jimm_authz::{Object, Relation, Subject};
use jimm_proto::params::application_offers::ModifyOfferAccess;
use jimm_proto::params::cloud::ModifyCloudAccess;
use jimm_proto::params::controller::ModifyControllerAccess;
use jimm_proto::params::model_manager::ModifyModelAccess;

use crate::broker::identity::users::{parse_cloud_tag, parse_model_tag, parse_user_tag};
use crate::broker::{Broker, Requester};
use crate::error::{Error, Kind, Result};

const MODEL: &[(&str, Relation)] =
    &[("read", Relation::Reader), ("write", Relation::Writer), ("admin", Relation::Administrator)];
const CLOUD: &[(&str, Relation)] = &[("add-model", Relation::CanAddModel), ("admin", Relation::Administrator)];
const OFFER: &[(&str, Relation)] =
    &[("read", Relation::Reader), ("consume", Relation::Consumer), ("admin", Relation::Administrator)];

/// The relation that a word means, and its place in the ladder of its kind.
fn level(ladder: &[(&str, Relation)], word: &str) -> Option<usize> {
    ladder.iter().position(|(known, _)| *known == word)
}

enum Action {
    Grant,
    Revoke,
}

fn model_action(word: &str) -> Result<Action> {
    match word {
        "grant" => Ok(Action::Grant),
        "revoke" => Ok(Action::Revoke),
        other => Err(Error::bad_request(format!("invalid action \"{other}\""))),
    }
}

impl Broker {
    /// Changes what a user may do with a model.
    pub async fn modify_model_access(&self, who: &Requester, change: &ModifyModelAccess) -> Result<()> {
        let user = parse_user_tag(&change.user_tag)?.to_string();
        let uuid = parse_model_tag(&change.model_tag)?;
        let action = model_action(&change.action)?;
        let Some(level) = level(MODEL, &change.access) else {
            return Err(Error::bad_request(format!("failed to recognize given access: \"{}\"", change.access)));
        };
        let object = Object::model(uuid);
        let own_revoke = matches!(action, Action::Revoke) && user == who.name.as_str();
        let needed = if own_revoke { Relation::Reader } else { Relation::Administrator };
        self.require(who, needed, &object).await?;
        self.model_row(uuid).await.map_err(hide)?;
        match action {
            Action::Grant => self.grant(MODEL, level, &user, &object).await,
            Action::Revoke => self.revoke(&MODEL[level..], &user, &object).await,
        }
    }

    /// Changes what a user may do with a cloud.
    pub async fn modify_cloud_access(&self, who: &Requester, change: &ModifyCloudAccess) -> Result<()> {
        let user = parse_user_tag(&change.user_tag)?.to_string();
        let cloud = parse_cloud_tag(&change.cloud_tag)?;
        let object = Object::cloud(&cloud);
        self.require(who, Relation::Administrator, &object).await?;
        self.cloud_row(&cloud).await?;
        let Some(level) = level(CLOUD, &change.access) else {
            return Err(Error::bad_request(format!("\"{}\" cloud access not valid", change.access)));
        };
        match change.action.as_str() {
            "grant" => self.grant(CLOUD, level, &user, &object).await,
            "revoke" => self.revoke(&CLOUD[level..], &user, &object).await,
            other => Err(Error::bad_request(format!("unsupported modify cloud action \"{other}\""))),
        }
    }

    /// Changes what a user may do with an offer. Revoking takes one level only, and says so when the user keeps it by
    /// another way.
    pub async fn modify_offer_access(&self, who: &Requester, change: &ModifyOfferAccess) -> Result<()> {
        let user = parse_user_tag(&change.user_tag)?.to_string();
        let offer = self.offer_for(who, Relation::Administrator, &change.offer_url).await?;
        let object = Object::offer(offer.uuid);
        let Some(level) = level(OFFER, &change.access) else {
            return Err(Error::bad_request(format!("failed to recognize given access: \"{}\"", change.access)));
        };
        match change.action.as_str() {
            "grant" => self.grant(OFFER, level, &user, &object).await,
            "revoke" => {
                self.revoke(&OFFER[level..=level], &user, &object).await?;
                if self.user_has(&user, OFFER[level].1, &object).await? {
                    return Err(Error::new(
                        Kind::Conflict,
                        "unable to completely revoke given access due to other relations; try to remove them as well, \
                         or use 'jimmctl' for more control",
                    )
                    .with_code(""));
                }
                Ok(())
            }
            other => Err(Error::bad_request(format!("unknown action \"{other}\""))),
        }
    }

    /// Makes a user an administrator of the broker, or takes that away.
    pub async fn modify_controller_access(&self, who: &Requester, change: &ModifyControllerAccess) -> Result<()> {
        self.require_admin(who).await?;
        let user = parse_user_tag(&change.user_tag)?.to_string();
        let action = model_action(&change.action)?;
        let superuser = &[("superuser", Relation::Administrator)];
        let object = self.own_object();
        match (change.access.as_str(), action) {
            ("superuser", Action::Grant) => self.grant(superuser, 0, &user, &object).await,
            // Without `login` nobody is a superuser either; everybody the identity provider knows may log in.
            ("superuser" | "login", Action::Revoke) => self.revoke(superuser, &user, &object).await,
            ("login", Action::Grant) => self.grant(&[], 0, &user, &object).await,
            (other, _) => Err(Error::bad_request(format!("\"{other}\" controller access not valid"))),
        }
    }

    /// Adds the tuple of a level unless the user has it, or a higher one, already.
    async fn grant(&self, ladder: &[(&str, Relation)], level: usize, user: &str, object: &Object) -> Result<()> {
        let mut tx = self.store.begin().await?;
        self.ensure_identity(&mut tx, user).await?;
        let subject = Subject::user(user);
        let held = self.direct_relations(&mut tx, &subject, object).await?;
        let wanted = ladder.get(level..).unwrap_or_default();
        if let Some((_, relation)) = wanted.first()
            && !wanted.iter().any(|(_, relation)| held.contains(relation))
        {
            self.add_tuple(&mut tx, subject, *relation, object).await?;
        }
        tx.commit().await?;
        Ok(())
    }

    /// Removes the tuples of the given levels.
    async fn revoke(&self, levels: &[(&str, Relation)], user: &str, object: &Object) -> Result<()> {
        let mut tx = self.store.begin().await?;
        let subject = Subject::user(user);
        for (_, relation) in levels {
            self.remove_tuple(&mut tx, subject.clone(), *relation, object).await?;
        }
        tx.commit().await?;
        Ok(())
    }
}

/// A thing that is not there is answered like one that may not be seen.
pub(in crate::broker) fn hide(error: Error) -> Error {
    match error.kind() {
        Kind::NotFound | Kind::ModelNotFound => Error::unauthorized(),
        _ => error,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn revoking_takes_the_level_and_all_above() {
        let level = level(MODEL, "write").expect("known");
        let taken: Vec<_> = MODEL[level..].iter().map(|(word, _)| *word).collect();
        assert_eq!(taken, ["write", "admin"]);
    }

    #[test]
    fn words_of_one_kind_are_unknown_to_another() {
        assert_eq!(level(MODEL, "consume"), None);
        assert_eq!(level(OFFER, "consume"), Some(1));
        assert_eq!(level(CLOUD, "add-model"), Some(0));
        assert_eq!(level(CLOUD, "write"), None);
    }

    #[test]
    fn what_does_not_exist_is_not_told() {
        assert_eq!(hide(Error::model_not_found()).juju_code(), "unauthorized access");
        assert_eq!(hide(Error::bad_request("x")).juju_code(), "bad request");
    }
}
