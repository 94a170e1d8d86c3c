//! A macaroon: an identifier, caveats, and the chain of MACs over them; made, narrowed, bound and verified.

use crypto_secretbox::aead::Aead as _;
use crypto_secretbox::{KeyInit as _, XSalsa20Poly1305};
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use subtle::ConstantTimeEq as _;

use crate::MOST_DISCHARGES;
use crate::error::{Error, Result};

/// The length of a signature, and of the keys of the chain.
pub(crate) const SIGNATURE: usize = 32;
const NONCE: usize = 24;
/// What makes a key of fixed length of a root key of any.
const GENERATOR: &[u8] = b"macaroons-key-generator";

/// How a macaroon is written.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Format {
    /// Lines with their length in front; JSON with long names.
    V1,
    /// Fields with a number in front; JSON with short names.
    V2,
}

/// A caveat.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Caveat {
    /// The condition; of a third party's caveat what that party knows it by.
    pub id: Vec<u8>,
    /// The key of the discharge, sealed for the verifier; only third parties' caveats have it.
    pub verification_id: Option<Vec<u8>>,
    /// Where the third party is.
    pub location: String,
}

/// A macaroon.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Macaroon {
    pub(crate) format: Format,
    pub(crate) location: String,
    pub(crate) id: Vec<u8>,
    pub(crate) caveats: Vec<Caveat>,
    pub(crate) signature: [u8; SIGNATURE],
}

impl Macaroon {
    /// A macaroon without caveats.
    pub fn new(root_key: &[u8], id: impl Into<Vec<u8>>, location: impl Into<String>, format: Format) -> Self {
        let id = id.into();
        let signature = mac(&derived(root_key), &[&id]);
        Self { format, location: location.into(), id, caveats: Vec::new(), signature }
    }

    /// How it is written.
    pub fn format(&self) -> Format {
        self.format
    }

    /// Where it was made.
    pub fn location(&self) -> &str {
        &self.location
    }

    /// What its maker knows it by.
    pub fn id(&self) -> &[u8] {
        &self.id
    }

    /// Its caveats.
    pub fn caveats(&self) -> &[Caveat] {
        &self.caveats
    }

    /// The last MAC of the chain.
    pub fn signature(&self) -> &[u8; SIGNATURE] {
        &self.signature
    }

    /// Narrows it by a condition that its maker checks.
    pub fn add_first_party(&mut self, condition: impl Into<Vec<u8>>) {
        let caveat = Caveat { id: condition.into(), verification_id: None, location: String::new() };
        self.signature = chained(&self.signature, &caveat);
        self.caveats.push(caveat);
    }

    /// Narrows it by a caveat that a third party discharges with a macaroon that has that root key.
    pub fn add_third_party(&mut self, root_key: &[u8], id: impl Into<Vec<u8>>, location: impl Into<String>) {
        let mut nonce = [0; NONCE];
        getrandom::fill(&mut nonce).expect("the operating system gives random bytes");
        let cipher = XSalsa20Poly1305::new(&self.signature.into());
        let sealed = cipher.encrypt(&nonce.into(), derived(root_key).as_slice()).expect("32 bytes can be sealed");
        let verification_id = Some([&nonce[..], &sealed].concat());
        let caveat = Caveat { id: id.into(), verification_id, location: location.into() };
        self.signature = chained(&self.signature, &caveat);
        self.caveats.push(caveat);
    }

    /// Binds a discharge to the macaroon it was had for: it is of no use with another.
    pub fn bind(&mut self, root: &Self) {
        self.signature = bound(&root.signature, &self.signature);
    }

    /// Whether the chain begins with that root key, and whether every third-party caveat has its discharge. Answers with
    /// the conditions of the first-party caveats of all of them, which are still to be checked.
    pub fn verify<'a>(&'a self, root_key: &[u8], discharges: &'a [Self]) -> Result<Vec<&'a [u8]>> {
        if discharges.len() > MOST_DISCHARGES {
            return Err(Error::TooMany("discharge macaroons"));
        }
        let mut seen = Seen { root: self, discharges, used: vec![false; discharges.len()], conditions: Vec::new() };
        seen.verify(self, derived(root_key))?;
        if seen.used.iter().all(|used| *used) { Ok(seen.conditions) } else { Err(Error::NotUsed) }
    }
}

struct Seen<'a> {
    root: &'a Macaroon,
    discharges: &'a [Macaroon],
    used: Vec<bool>,
    conditions: Vec<&'a [u8]>,
}

impl<'a> Seen<'a> {
    /// Goes no deeper than there are discharges, as each is used once.
    fn verify(&mut self, macaroon: &'a Macaroon, key: [u8; SIGNATURE]) -> Result<()> {
        let mut signature = mac(&key, &[&macaroon.id]);
        for caveat in &macaroon.caveats {
            match &caveat.verification_id {
                None => self.conditions.push(&caveat.id),
                Some(sealed) => {
                    let key = unsealed(&signature, sealed)?;
                    let asked = |place: &usize| !self.used[*place] && self.discharges[*place].id == caveat.id;
                    let place = (0..self.discharges.len()).find(asked).ok_or(Error::NotDischarged)?;
                    self.used[place] = true;
                    let discharges: &'a [Macaroon] = self.discharges;
                    self.verify(&discharges[place], key)?;
                }
            }
            signature = chained(&signature, caveat);
        }
        if !std::ptr::eq(macaroon, self.root) {
            signature = bound(&self.root.signature, &signature);
        }
        if bool::from(signature.ct_eq(&macaroon.signature)) { Ok(()) } else { Err(Error::Signature) }
    }
}

fn unsealed(signature: &[u8; SIGNATURE], sealed: &[u8]) -> Result<[u8; SIGNATURE]> {
    let (nonce, sealed) = sealed.split_first_chunk::<NONCE>().ok_or(Error::Signature)?;
    let cipher = XSalsa20Poly1305::new(&(*signature).into());
    let key = cipher.decrypt(&(*nonce).into(), sealed).map_err(|_| Error::Signature)?;
    key.try_into().map_err(|_| Error::Signature)
}

fn chained(signature: &[u8; SIGNATURE], caveat: &Caveat) -> [u8; SIGNATURE] {
    match &caveat.verification_id {
        None => mac(signature, &[&caveat.id]),
        Some(sealed) => mac(signature, &[&mac(signature, &[sealed]), &mac(signature, &[&caveat.id])]),
    }
}

fn bound(root: &[u8; SIGNATURE], signature: &[u8; SIGNATURE]) -> [u8; SIGNATURE] {
    let zero = [0; SIGNATURE];
    mac(&zero, &[&mac(&zero, &[root]), &mac(&zero, &[signature])])
}

fn derived(root_key: &[u8]) -> [u8; SIGNATURE] {
    mac(GENERATOR, &[root_key])
}

fn mac(key: &[u8], parts: &[&[u8]]) -> [u8; SIGNATURE] {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes keys of any length");
    for part in parts {
        mac.update(part);
    }
    mac.finalize().into_bytes().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the Go macaroon library makes of the same.
    #[test]
    fn the_signature_is_the_one_of_other_implementations() {
        let mut macaroon = Macaroon::new(b"hello", "some id", "here", Format::V2);
        macaroon.add_first_party("a = b");
        macaroon.add_first_party("time-before 2030");
        let expected = "f07281c99abbca6c561380f9df2b3c05554989d0d7acb753640c5878d7d398fa";
        assert_eq!(hex::encode(macaroon.signature()), expected);
    }

    fn with_third_party() -> (Macaroon, Macaroon) {
        let mut root = Macaroon::new(b"root", "id", "here", Format::V2);
        root.add_first_party("one");
        root.add_third_party(b"third", "elsewhere's", "elsewhere");
        root.add_first_party("two");
        let mut discharge = Macaroon::new(b"third", "elsewhere's", "elsewhere", Format::V2);
        discharge.add_first_party("three");
        (root, discharge)
    }

    #[test]
    fn a_discharge_counts_when_it_is_bound_and_for_this_macaroon() {
        let (root, mut discharge) = with_third_party();
        assert_eq!(root.verify(b"root", &[]), Err(Error::NotDischarged));
        assert_eq!(root.verify(b"root", std::slice::from_ref(&discharge)), Err(Error::Signature));
        discharge.bind(&root);
        let conditions = root.verify(b"root", std::slice::from_ref(&discharge)).expect("verifies");
        assert_eq!(conditions, [b"one".as_slice(), b"three", b"two"]);
        assert_eq!(root.verify(b"another", std::slice::from_ref(&discharge)), Err(Error::Signature));
        assert_eq!(root.verify(b"root", &[discharge.clone(), discharge.clone()]), Err(Error::NotUsed));
        let mut narrowed = root.clone();
        narrowed.add_first_party("four");
        let other = narrowed.verify(b"root", std::slice::from_ref(&discharge));
        assert_eq!(other, Err(Error::Signature), "the discharge is bound to the macaroon as it was");
        assert_eq!(root.verify(b"root", &vec![discharge; 1000]), Err(Error::TooMany("discharge macaroons")));
    }

    #[test]
    fn a_forger_has_no_signature() {
        let (root, mut discharge) = with_third_party();
        discharge.bind(&root);
        for change in 0..4 {
            let mut forged = root.clone();
            match change {
                0 => drop(forged.caveats.remove(0)),
                1 => forged.caveats[0].id.push(b'x'),
                2 => forged.caveats.swap(0, 2),
                _ => forged.caveats[1].verification_id = None,
            }
            let outcome = forged.verify(b"root", std::slice::from_ref(&discharge));
            assert_eq!(outcome, Err(Error::Signature), "{change}");
        }
        discharge.caveats[0].id = b"everything".to_vec();
        assert_eq!(root.verify(b"root", &[discharge]), Err(Error::Signature));
    }
}
