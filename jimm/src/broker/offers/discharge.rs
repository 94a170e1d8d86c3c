//! The broker as third party of the macaroons of its controllers' offers: whether somebody may consume an offer.
//!
//! A controller seals the question to the key that is kept here, another controller brings it, without credentials. So the
//! answer is about who is named in the question, and rests on nothing that the caller says. Knows macaroons through
//! `jimm_bakery` and nothing of HTTP.

use std::sync::Arc;
use std::time::Duration;

use jimm_authz::{Object, Relation, User};
use jimm_bakery::{Asked, BakeryMacaroon, Condition, KeyPair, PublicKey, Question};
use jimm_proto::names::UserName;
use jimm_proto::tags::Tag;
use jimm_store::bakery_keys::{self, BakeryKey, ID};
use jimm_store::sealed::Column;
use jimm_store::{identities, incoming, offers, sessions};
use secrecy::ExposeSecret as _;
use tokio::sync::OnceCell;
use uuid::Uuid;

use crate::broker::Broker;
use crate::clock::delta;
use crate::error::{Error, Kind, Result};
use crate::secrets;

/// The one question that is answered: `is-consumer user-NAME OFFER`.
const IS_CONSUMER: &str = "is-consumer";
/// What the controller wants declared.
const OFFER_UUID: &str = "offer-uuid";
/// How long a discharge is good. A right that was taken away ends the traffic of a relation after that long at most.
const GOOD: Duration = Duration::from_secs(15 * 60);

/// The key pair of the broker, once somebody needed it.
#[derive(Debug, Default)]
pub struct Discharger(OnceCell<Arc<KeyPair>>);

impl Broker {
    /// The key that questions are sealed to.
    pub async fn discharger_key(&self) -> Result<PublicKey> {
        Ok(self.bakery_key().await?.public())
    }

    /// Opens a question: the id of a caveat, and the sealed question where that is not the id.
    pub async fn open_question(&self, id: &[u8], caveat: Option<&[u8]>) -> Result<Question> {
        let key = self.bakery_key().await?;
        Asked { id, caveat }.open(&key).map_err(|error| Error::bad_request(error.to_string()))
    }

    /// Answers a question: with a discharge, or with why there is none.
    pub async fn discharge(&self, question: &Question) -> Result<BakeryMacaroon> {
        let (user, offer) = consumer(question.condition())?;
        if !self.may_consume(&user, offer).await? {
            return Err(Error::new(Kind::Unauthorized, "permission denied"));
        }
        let conditions =
            [Condition::declared(OFFER_UUID, offer.to_string()), Condition::TimeBefore(self.clock.now() + delta(GOOD))];
        question.grant(&conditions).map_err(|error| Error::bad_request(error.to_string()))
    }

    /// Local users of controllers are nobody here, but those of the former controller of a model that has come in: they
    /// are who was said then. Nobody logs in here: their groups are those of their last login that still stands.
    async fn may_consume(&self, user: &UserName, offer: Uuid) -> Result<bool> {
        let (name, groups) = {
            let mut conn = self.store.acquire().await?;
            let Some(offer) = offers::get(&mut conn, offer).await? else { return Ok(false) };
            let known = if user.is_local() {
                incoming::user_of(&mut conn, offer.model_uuid, user.as_str()).await?
            } else {
                Some(user.to_string())
            };
            let Some(user) = known else { return Ok(false) };
            let identity = identities::get(&mut conn, &user).await?;
            if identity.is_some_and(|identity| identity.disabled) {
                return Ok(false);
            }
            let groups = sessions::groups_of(&mut conn, &user, self.clock.now()).await?;
            (user, groups)
        };
        Ok(self.authz.check(&User { name, groups }, Relation::Consumer, &Object::offer(offer)).await?.allowed)
    }

    async fn bakery_key(&self) -> Result<Arc<KeyPair>> {
        self.discharger.0.get_or_try_init(|| self.load_bakery_key()).await.cloned()
    }

    /// The pair in the database, made when there is none: of replicas that make one at once the first wins.
    async fn load_bakery_key(&self) -> Result<Arc<KeyPair>> {
        let kept = bakery_keys::get(&mut *self.store.acquire().await?).await?;
        let kept = match kept {
            Some(kept) => kept,
            None => self.make_bakery_key().await?,
        };
        let private = self.secrets.open(&place(), &kept.sealed).await?;
        let bytes = private.expose_secret().try_into().map_err(Error::internal)?;
        let pair = KeyPair::new(bytes);
        if pair.public().to_string() != kept.public_key {
            return Err(Error::internal("the public half of the bakery key is not that of its private half"));
        }
        if self.settings.discharger.as_ref().is_some_and(|given| given.public() != pair.public()) {
            tracing::warn!(
                key = kept.public_key,
                "the database has another key pair for the caveats of offers than BAKERY_PRIVATE_KEY: the one in the \
                 database counts, and controllers that know the other one have to be restarted"
            );
        }
        Ok(Arc::new(pair))
    }

    /// Makes a pair, or takes the one of the discharger that was there before.
    async fn make_bakery_key(&self) -> Result<BakeryKey> {
        let given = self.settings.discharger.clone();
        let taken = given.is_some();
        let pair = given.unwrap_or_else(|| Arc::new(KeyPair::random()));
        let made = BakeryKey {
            sealed: self.secrets.seal(&place(), pair.private()).await?,
            public_key: pair.public().to_string(),
            created_at: self.clock.now(),
        };
        let mut conn = self.store.acquire().await?;
        if bakery_keys::insert(&mut conn, &made).await? {
            tracing::info!(key = made.public_key, taken, "key pair for the caveats of offers kept");
            return Ok(made);
        }
        let kept = bakery_keys::get(&mut conn).await?;
        drop(conn);
        self.discard(Some(&made.sealed)).await;
        kept.ok_or_else(|| Error::new(Kind::Conflict, "the bakery key was removed at this moment: try again"))
    }
}

fn place() -> String {
    secrets::row(Column::BakeryKeys.table(), ID, Column::BakeryKeys.name())
}

/// Whom and what the question names.
fn consumer(condition: &str) -> Result<(UserName, Uuid)> {
    let parts: Vec<&str> = condition.split(' ').collect();
    let [IS_CONSUMER, user, offer] = parts[..] else {
        return Err(Error::bad_request("caveat not recognized"));
    };
    let user = Tag::user(user).map_err(|error| Error::bad_request(format!("{error}")))?;
    let uuid = offer.parse::<Uuid>().ok().filter(|uuid| uuid.to_string() == offer);
    let uuid = uuid.ok_or_else(|| Error::bad_request("the caveat names no UUID of an offer"))?;
    Ok((user, uuid))
}

#[cfg(test)]
mod tests {
    use super::*;

    const OFFER: &str = "5a1f0c3e-0e2c-4a39-8a62-6c1cb16d0f7d";

    #[test]
    fn only_the_one_question_is_understood() {
        let (user, offer) = consumer(&format!("is-consumer user-alice@example.com {OFFER}")).expect("understood");
        assert_eq!((user.as_str(), offer.to_string().as_str()), ("alice@example.com", OFFER));
        for condition in [
            String::new(),
            "is-consumer".to_owned(),
            format!("is-consumer user-alice@example.com {OFFER} "),
            format!("is-consumer  user-alice@example.com {OFFER}"),
            format!("is-consumer alice@example.com {OFFER}"),
            format!("is-consumer model-{OFFER} {OFFER}"),
            format!("is-consumer user-alice@example.com {}", OFFER.to_uppercase()),
            format!("is-consumer user-alice@example.com {}", OFFER.replace('-', "")),
            "is-consumer user-alice@example.com x".to_owned(),
            format!("has-offer-permission user-alice@example.com {OFFER}"),
            format!("is-administrator user-alice@example.com {OFFER}"),
        ] {
            assert_eq!(consumer(&condition).expect_err(&condition).kind(), Kind::BadRequest);
        }
    }
}
