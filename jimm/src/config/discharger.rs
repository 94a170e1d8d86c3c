//! The key pair of a discharger that was there before, as settings: offers that were consumed under it go on.

use std::sync::Arc;

use jimm_bakery::{KeyPair, PublicKey};
use secrecy::ExposeSecret as _;

use super::problems::Problem;
use super::reader::Reader;
use super::values;

const PRIVATE: &str = "BAKERY_PRIVATE_KEY";
const PUBLIC: &str = "BAKERY_PUBLIC_KEY";

impl Reader {
    /// The pair, when its private half is given; the public half is only compared.
    pub(super) fn discharger(&mut self) -> Option<Arc<KeyPair>> {
        let public =
            self.optional(PUBLIC, |_, text| text.parse::<PublicKey>().map_err(|error| format!("is no key: {error}")));
        let private = self.optional(PRIVATE, |_, text| values::key(text));
        if public.is_some() && !self.is_given(PRIVATE) {
            self.problems.push(Problem::new(
                PUBLIC,
                "is set although BAKERY_PRIVATE_KEY is not: set both, or neither for a pair of the broker's own",
            ));
        }
        let pair = KeyPair::new(*private?.expose_secret());
        if public.is_some_and(|public| public != pair.public()) {
            self.problems.push(Problem::new(
                PUBLIC,
                "is not the public half of BAKERY_PRIVATE_KEY: set both halves of one pair, or the private one alone",
            ));
        }
        Some(Arc::new(pair))
    }
}
