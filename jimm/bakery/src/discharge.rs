//! A third party's side: what it is asked, and the macaroon by which it says yes.

use secrecy::ExposeSecret as _;

use crate::caveat_id::{Opened, open_caveat};
use crate::conditions::{Condition, unwrapped};
use crate::error::Result;
use crate::keys::KeyPair;
use crate::wire::BakeryMacaroon;

/// A request for a discharge, as it came.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    /// The id of the caveat; the discharge gets it.
    pub id: &'a [u8],
    /// The sealed id, when it does not stand in the macaroon.
    pub caveat: Option<&'a [u8]>,
}

/// What is asked, opened.
#[derive(Debug)]
pub struct Question {
    id: Vec<u8>,
    needs: Vec<String>,
    condition: String,
    opened: Opened,
}

impl Asked<'_> {
    /// Opens it with the third party's key.
    pub fn open(self, key: &KeyPair) -> Result<Question> {
        let opened = open_caveat(key, self.caveat.unwrap_or(self.id))?;
        let (needs, condition) = unwrapped(&opened.condition)?;
        let condition = condition.to_owned();
        Ok(Question { id: self.id.to_vec(), needs, condition, opened })
    }
}

impl Question {
    /// The condition that is to be met.
    pub fn condition(&self) -> &str {
        &self.condition
    }

    /// Says yes, under conditions of its own. Names that have to be declared and are not are declared empty, so that
    /// nobody else can declare them.
    pub fn grant(&self, conditions: &[Condition]) -> Result<BakeryMacaroon> {
        let Opened { root_key, version, namespace, .. } = &self.opened;
        let mut discharge = BakeryMacaroon::new(root_key.expose_secret(), &self.id, "", *version, namespace.clone());
        for condition in conditions {
            discharge.add_condition(condition)?;
        }
        for name in &self.needs {
            let declares = |it: &Condition| matches!(it, Condition::Declared(declared, _) if declared == name);
            if !conditions.iter().any(declares) {
                discharge.add_condition(&Condition::declared(name, ""))?;
            }
        }
        Ok(discharge)
    }
}
