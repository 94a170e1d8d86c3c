//! Signing keys in a real database: replicas that start together, rotations, keys that cannot be opened.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jimm::authn::{ControllerTokens, SigningKeys};
use jimm::clock::{Clock, ManualClock};
use jimm::config::{JwtSettings, SealingKeys};
use jimm::secrets::{Sealer, SecretStore};
use jimm_store::{PoolOptions, Store};
use jimm_tests::postgres::TestDb;
use jsonwebtoken::jwk::JwkSet;
use secrecy::{ExposeSecret, SecretBox};

const DAY: Duration = Duration::from_hours(24);

/// What the replicas of one broker share.
struct Shared {
    db: TestDb,
    clock: Arc<ManualClock>,
    sealing: SealingKeys,
}

impl Shared {
    async fn new() -> Self {
        let db = TestDb::create().await;
        let shared = Self { db, clock: Arc::new(ManualClock::default()), sealing: SealingKeys::random() };
        shared.store().await.migrate().await.expect("a schema");
        shared
    }

    async fn store(&self) -> Store {
        Store::connect(&self.db.url, &PoolOptions::default()).await.expect("a store")
    }

    async fn replica(&self) -> jimm::error::Result<SigningKeys> {
        self.replica_with(&self.sealing).await
    }

    async fn replica_with(&self, sealing: &SealingKeys) -> jimm::error::Result<SigningKeys> {
        let secrets: Arc<dyn SecretStore> = Arc::new(Sealer::new(sealing));
        let settings = JwtSettings { key_rotation: 10 * DAY, ..JwtSettings::default() };
        SigningKeys::open(self.store().await, secrets, settings, Arc::clone(&self.clock) as Arc<dyn Clock>).await
    }
}

fn published(keys: &SigningKeys) -> Vec<String> {
    let set: JwkSet = serde_json::from_str(&keys.ring().jwks_json()).expect("a key set");
    set.keys.into_iter().map(|key| key.common.key_id.expect("a kid")).collect()
}

fn signing(keys: &SigningKeys) -> String {
    keys.ring().current().expect("a key").kid().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn replicas_that_start_together_make_one_key() {
    let shared = Shared::new().await;
    let (a, b, c, d) = tokio::join!(shared.replica(), shared.replica(), shared.replica(), shared.replica());
    let kids = [a, b, c, d].map(|keys| signing(&keys.unwrap()));
    assert!(kids.iter().all(|kid| *kid == kids[0]), "{kids:?}");
    let count = shared.db.fetch("SELECT count(*)::text FROM signing_keys").await.unwrap();
    assert_eq!(count.as_deref(), Some("1"));
    let later = shared.replica().await.unwrap();
    assert_eq!(signing(&later), kids[0], "a restart keeps the key");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rotation_is_published_ahead_by_every_replica_and_overlaps() {
    let shared = Shared::new().await;
    let (one, two) = (shared.replica().await.unwrap(), shared.replica().await.unwrap());
    let old = signing(&one);
    let ahead = JwtSettings::default().key_publish_ahead;
    shared.clock.advance((10 * DAY).checked_sub(ahead).unwrap());
    let (first, second) = tokio::join!(one.refresh(), two.refresh());
    first.and(second).unwrap();
    one.refresh().await.unwrap();
    assert_eq!(published(&one).len(), 2);
    assert_eq!(published(&one), published(&two));
    let new = published(&one).into_iter().find(|kid| *kid != old).unwrap();
    assert_eq!(signing(&one), old, "published, not yet used");

    shared.clock.advance(ahead);
    assert_eq!((signing(&one), signing(&two)), (new.clone(), new.clone()), "both switch without a word");
    two.refresh().await.unwrap();
    assert_eq!(published(&two).len(), 2, "tokens of the former key are alive");

    shared.clock.advance(DAY);
    two.refresh().await.unwrap();
    one.refresh().await.unwrap();
    assert_eq!((published(&one), published(&two)), (vec![new.clone()], vec![new]));
    let kid_rows = shared.db.fetch(&format!("SELECT kid FROM signing_keys WHERE kid = '{old}'")).await.unwrap();
    assert_eq!(kid_rows, None, "the former private key is gone");
}

#[tokio::test(flavor = "multi_thread")]
async fn private_keys_lie_sealed_and_open_only_with_the_right_key() {
    let shared = Shared::new().await;
    let keys = shared.replica().await.unwrap();
    let stranger = SealingKeys::random();
    let error = shared.replica_with(&stranger).await.unwrap_err();
    let cause = std::error::Error::source(&error).unwrap().to_string();
    assert!(cause.contains("JIMM_SEALING_OLD_KEYS"), "{cause}");
    let rotated = SealingKeys { current: stranger.current, old: vec![SealingKeys::random().current] };
    assert!(shared.replica_with(&rotated).await.is_err(), "an old key that is not the one");
    let former = shared.sealing.current.expose_secret();
    let rotated = SealingKeys { current: rotated.current, old: vec![SecretBox::new(Box::new(*former))] };
    assert_eq!(signing(&shared.replica_with(&rotated).await.unwrap()), signing(&keys));

    // A row copied over another is noticed: the seal knows its row.
    shared.db.execute("UPDATE signing_keys SET kid = 'other'").await.unwrap();
    let error = shared.replica().await.unwrap_err();
    let cause = std::error::Error::source(&error).unwrap().to_string();
    assert!(cause.contains("belongs to another row"), "{cause}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_of_one_replica_verifies_with_the_key_set_of_another() {
    let shared = Shared::new().await;
    let (one, two) = (shared.replica().await.unwrap(), shared.replica().await.unwrap());
    let tokens = ControllerTokens::new(
        one.ring(),
        "jimm.example.com",
        JwtSettings::default().expiry,
        Arc::clone(&shared.clock) as Arc<dyn Clock>,
    );
    let alice = "alice@example.com".parse().unwrap();
    let access = BTreeMap::from([("controller-1".to_owned(), "login".to_owned())]);
    let token = tokens.token(&alice, uuid::Uuid::nil(), &access).await.unwrap();
    let compact = STANDARD.decode(token).unwrap();
    let set: JwkSet = serde_json::from_str(&two.ring().jwks_json()).unwrap();
    let header = jsonwebtoken::decode_header(&compact).unwrap();
    let jwk = set.find(&header.kid.unwrap()).unwrap();
    let mut validation = jsonwebtoken::Validation::new(header.alg);
    validation.validate_exp = false;
    validation.validate_aud = false;
    let key = jsonwebtoken::DecodingKey::from_jwk(jwk).unwrap();
    let claims = jsonwebtoken::decode::<serde_json::Value>(&compact, &key, &validation).unwrap().claims;
    assert_eq!(claims["sub"], "user-alice@example.com");
}
