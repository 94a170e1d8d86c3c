//! One contract for every place where secrets lie: sealed in the row, or in Vault.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use jimm::clock::ManualClock;
use jimm::config::{SealingKeys, SecretPlace};
use jimm::error::Kind;
use jimm::secrets::{Places, Sealer, SecretStore, is_lost};
use secrecy::ExposeSecret as _;
use uuid::Uuid;

use crate::support::{kept, openbao, sealed, settings, vault, vault_at};

const ROW: &str = "controllers/c1/admin_sealed";

async fn contract(store: Arc<dyn SecretStore>) {
    gives_back(&*store).await;
    belongs_to_its_row(&*store).await;
    is_not_written_over(&*store).await;
    stands_crowds(store).await;
}

async fn gives_back(store: &dyn SecretStore) {
    let binary: Vec<u8> = (0..=255).collect();
    let large = vec![b'x'; 200_000];
    for secret in [&b"hunter2"[..], b"", &binary, &large] {
        let held = store.seal(ROW, secret).await.expect("sealed");
        assert_eq!(store.open(ROW, &held).await.expect("opened").expose_secret(), secret);
        assert!(!store.is_outdated(&held));
        assert!(secret.is_empty() || !held.windows(secret.len()).any(|part| part == secret));
    }
    let held = store.seal(ROW, b"hunter2").await.expect("sealed");
    assert_ne!(held, store.seal(ROW, b"hunter2").await.expect("sealed"), "never the same bytes twice");
    assert!(!format!("{store:?}").contains("hunter2"));
}

async fn belongs_to_its_row(store: &dyn SecretStore) {
    let held = store.seal(ROW, b"hunter2").await.expect("sealed");
    let mut wrong = vec![("another row", "controllers/c2/admin_sealed", held.clone())];
    for cut in [0, 1, held.len() / 2, held.len() - 1] {
        wrong.push(("cut", ROW, held[..cut].to_vec()));
    }
    for at in [0, 1, held.len() / 2, held.len() - 1] {
        let mut changed = held.clone();
        changed[at] ^= 1;
        wrong.push(("changed", ROW, changed));
    }
    wrong.push(("longer", ROW, [&held[..], b"x"].concat()));
    wrong.push(("a path", ROW, [&held[..1], b"jimm/../../sys/policies"].concat()));
    for (what, row, held) in wrong {
        let error = store.open(row, &held).await.expect_err(what);
        assert_eq!(error.kind(), Kind::SecretsUnavailable, "{what}: {error}");
        assert!(!error.to_string().contains("hunter2"), "{what}: {error}");
    }
}

async fn is_not_written_over(store: &dyn SecretStore) {
    let first = store.seal(ROW, b"first").await.expect("sealed");
    let second = store.seal(ROW, b"second").await.expect("sealed");
    store.forget(&second).await.expect("forgotten");
    store.forget(&second).await.expect("forgotten already");
    assert_eq!(store.open(ROW, &first).await.expect("the first").expose_secret(), b"first");
}

async fn stands_crowds(store: Arc<dyn SecretStore>) {
    let mut crowd = Vec::new();
    for number in 0..40 {
        let store = Arc::clone(&store);
        crowd.push(async move {
            let row = format!("credentials/aws/alice@example.com/c{number}/sealed");
            let held = store.seal(&row, row.as_bytes()).await.expect("sealed");
            assert_eq!(store.open(&row, &held).await.expect("opened").expose_secret(), row.as_bytes());
            held
        });
    }
    let all: BTreeSet<Vec<u8>> = futures_util::future::join_all(crowd).await.into_iter().collect();
    assert_eq!(all.len(), 40);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_sealing_in_the_row() {
    contract(Arc::new(sealed())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_vault() {
    let Some(bao) = openbao().await else { return };
    contract(Arc::new(kept(vault(&settings(&bao))))).await;
    let mut cached = settings(&bao);
    cached.cache = Duration::from_secs(60);
    contract(Arc::new(kept(vault(&cached)))).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn both_places_open_whichever_is_written_to() {
    let Some(bao) = openbao().await else { return };
    let (vault, keys) = (vault(&settings(&bao)), SealingKeys::random());
    let places = |place| Places::new(Some(Sealer::new(&keys)), Some(Arc::clone(&vault)), place);
    let (rows, remote) = (places(SecretPlace::Postgres), places(SecretPlace::Vault));
    let (here, there) = (rows.seal(ROW, b"here").await.unwrap(), remote.seal(ROW, b"there").await.unwrap());
    assert_eq!(remote.open(ROW, &here).await.unwrap().expose_secret(), b"here");
    assert_eq!(rows.open(ROW, &there).await.unwrap().expose_secret(), b"there");
    assert!(remote.is_outdated(&here) && rows.is_outdated(&there));
    assert!(!remote.is_outdated(&there) && !rows.is_outdated(&here));
    let error = sealed().open(ROW, &there).await.unwrap_err().to_string();
    assert!(error.contains("set VAULT_ADDR"), "{error}");
    let error = kept(vault).open(ROW, &here).await.unwrap_err().to_string();
    assert!(error.contains("set JIMM_SEALING_KEY"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_forgotten_in_vault_is_gone_and_strays_are_known_by_their_age() {
    let Some(bao) = openbao().await else { return };
    let clock = Arc::new(ManualClock::default());
    let store = vault_at(&settings(&bao), Uuid::new_v4(), Arc::<ManualClock>::clone(&clock));
    let hour = Duration::from_secs(3600);
    assert!(store.strays(hour).await.unwrap().is_empty(), "nothing was ever written");
    let held = store.seal(ROW, b"hunter2").await.unwrap();
    assert!(store.strays(hour).await.unwrap().is_empty(), "too young");
    clock.advance(hour + Duration::from_secs(1));
    let young = store.seal(ROW, b"hunter3").await.unwrap();
    assert_eq!(store.strays(hour).await.unwrap(), std::slice::from_ref(&held));
    let other = vault(&settings(&bao));
    assert!(other.strays(Duration::ZERO).await.unwrap().is_empty(), "another installation's are not ours");
    store.forget(&held).await.unwrap();
    assert!(is_lost(&store.open(ROW, &held).await.unwrap_err()));
    assert_eq!(store.open(ROW, &young).await.unwrap().expose_secret(), b"hunter3");
    assert_eq!(bao.secrets().await.len(), 1, "nothing of it is left, not even its name");
}
