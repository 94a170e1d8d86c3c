//! The bakery's own macaroon: from version 3 on it carries the namespace of its conditions, and beside it the sealed ids
//! of third-party caveats, which are short in the macaroon itself.

use std::collections::BTreeMap;

use secrecy::{ExposeSecret as _, SecretSlice};
use serde_json::{Value, json};

use crate::bytes::{read_base64, write_base64, write_number};
use crate::caveat_id::seal_caveat;
use crate::conditions::Condition;
use crate::error::{Error, Result};
use crate::json::{read_json, write_json};
use crate::keys::{KeyPair, PublicKey};
use crate::macaroon::{Caveat, Format, Macaroon};
use crate::namespace::{Namespace, STD};
use crate::{LONGEST, MOST_CAVEATS};

/// The latest version of the bakery.
pub const LATEST: u8 = 3;

/// A macaroon of the bakery.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct BakeryMacaroon {
    /// The macaroon itself.
    pub macaroon: Macaroon,
    version: u8,
    namespace: Namespace,
    caveat_data: BTreeMap<Vec<u8>, Vec<u8>>,
}

/// Somebody who discharges caveats.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ThirdParty {
    /// Where it is.
    pub location: String,
    /// Its key.
    pub key: PublicKey,
    /// What it speaks.
    pub version: u8,
}

impl BakeryMacaroon {
    /// A macaroon without caveats. Before version 3 there is only the standard namespace.
    pub fn new(root_key: &[u8], id: &[u8], location: &str, version: u8, namespace: Namespace) -> Self {
        let version = version.min(LATEST);
        let format = if version < 2 { Format::V1 } else { Format::V2 };
        let namespace = if version < 3 { Namespace::standard() } else { namespace };
        let macaroon = Macaroon::new(root_key, id, location, format);
        Self { macaroon, version, namespace, caveat_data: BTreeMap::new() }
    }

    /// The version.
    pub fn version(&self) -> u8 {
        self.version
    }

    /// How its conditions are spelled.
    pub fn namespace(&self) -> &Namespace {
        &self.namespace
    }

    /// Narrows it by a condition.
    pub fn add_condition(&mut self, condition: &Condition) -> Result<()> {
        let text = self.namespace.resolve(STD, &condition.text());
        let text = text.ok_or(Error::Form("the macaroon's namespace has no standard schema"))?;
        self.macaroon.add_first_party(text);
        Ok(())
    }

    /// Narrows it by a condition that a third party has to find met.
    pub fn add_third_party(&mut self, condition: &str, party: &ThirdParty, key: &KeyPair) {
        let mut root_key = [0; 24];
        getrandom::fill(&mut root_key).expect("the operating system gives random bytes");
        let root_key = SecretSlice::from(root_key.to_vec());
        let version = self.version.min(party.version);
        let sealed = seal_caveat(version, condition, root_key.expose_secret(), party.key, key, &self.namespace);
        let id = if self.version < 3 {
            sealed
        } else {
            let id = self.free_id();
            self.caveat_data.insert(id.clone(), sealed);
            id
        };
        self.macaroon.add_third_party(root_key.expose_secret(), id, party.location.clone());
    }

    fn free_id(&self) -> Vec<u8> {
        let mut number = self.caveat_data.len() as u64;
        loop {
            let mut id = vec![LATEST];
            write_number(&mut id, number);
            if !self.macaroon.caveats.iter().any(|caveat| caveat.id == id) {
                return id;
            }
            number += 1;
        }
    }

    /// The caveats that third parties have to discharge, each with the sealed id where that lies beside the macaroon.
    pub fn third_party_caveats(&self) -> impl Iterator<Item = (&Caveat, Option<&[u8]>)> {
        let of_others = self.macaroon.caveats.iter().filter(|caveat| caveat.verification_id.is_some());
        of_others.map(|caveat| (caveat, self.caveat_data.get(&caveat.id).map(Vec::as_slice)))
    }

    /// As it is sent: before version 3 only the macaroon itself.
    pub fn to_json(&self) -> Result<Value> {
        let macaroon = write_json(&self.macaroon)?;
        if self.version < 3 {
            return Ok(macaroon);
        }
        let mut value = json!({"m": macaroon, "v": self.version, "ns": self.namespace.to_string()});
        if !self.caveat_data.is_empty() {
            let data: BTreeMap<String, String> =
                self.caveat_data.iter().map(|(id, data)| (write_base64(id), write_base64(data))).collect();
            value["cdata"] = json!(data);
        }
        Ok(value)
    }

    /// Reads what was sent.
    pub fn from_json(value: &Value) -> Result<Self> {
        let Some(inner) = value.get("m") else {
            let macaroon = read_json(value)?;
            let version = if macaroon.format == Format::V1 { 1 } else { 2 };
            return Ok(Self { macaroon, version, namespace: Namespace::standard(), caveat_data: BTreeMap::new() });
        };
        match value.get("v").and_then(Value::as_u64) {
            Some(3) => {}
            version => {
                return Err(Error::Version { what: "bakery macaroon", version: version.unwrap_or_default() });
            }
        }
        let text = |value: Option<&Value>| match value {
            None | Some(Value::Null) => Ok(String::new()),
            Some(Value::String(text)) => Ok(text.clone()),
            Some(_) => Err(Error::Form("a bakery macaroon has a value that should be text")),
        };
        let mut caveat_data = BTreeMap::new();
        let data = value.get("cdata").and_then(Value::as_object);
        for (id, data) in data.into_iter().flatten() {
            if caveat_data.len() == MOST_CAVEATS {
                return Err(Error::TooMany("caveats"));
            }
            let data = read_base64(&text(Some(data))?)?;
            if data.len() > LONGEST {
                return Err(Error::TooLong("a caveat"));
            }
            caveat_data.insert(read_base64(id)?, data);
        }
        let namespace = text(value.get("ns"))?.parse()?;
        Ok(Self { macaroon: read_json(inner)?, version: LATEST, namespace, caveat_data })
    }
}
