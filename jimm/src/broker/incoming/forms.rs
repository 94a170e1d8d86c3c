//! The model as a source sends it, in either form, and as its new controller gets it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::value::to_raw_value;

use super::{ENVELOPE, QUALIFIED};
use crate::description::{Description, Envelope, Facts, Members, NewOwner, Unreadable};
use crate::error::{Error, Kind, Result};

/// What a source sends.
pub(super) enum Form {
    /// A description beside other members.
    Description(Members, &'static str, Description),
    /// An envelope.
    Envelope(Envelope),
}

impl Form {
    /// Reads what was sent in a call of this version; `None` when it has no description, as old sources ask first.
    pub(super) async fn read(called: u32, members: Members, name: &'static str) -> Result<Option<Self>> {
        let work = move || {
            if called >= ENVELOPE {
                return Ok(Some(Self::Envelope(Envelope::read(members)?)));
            }
            let encoded: String = text(&members, name)?;
            if encoded.is_empty() {
                return Ok(None);
            }
            let bytes = STANDARD.decode(encoded).map_err(|_| Error::bad_request(format!("{name} is not base64")))?;
            Ok(Some(Self::Description(members, name, Description::read(bytes)?)))
        };
        // It may be large: others are served meanwhile.
        tokio::task::spawn_blocking(work).await.map_err(Error::internal)?
    }

    pub(super) fn facts(&self) -> Facts {
        match self {
            Self::Description(_, _, description) => description.facts(),
            Self::Envelope(envelope) => envelope.facts(),
        }
    }

    /// As the new controller gets it.
    pub(super) async fn rewritten(self, new: NewOwner) -> Result<Members> {
        let work = move || match self {
            Self::Description(mut members, name, description) => {
                let bytes = description.rewritten(&new)?;
                set(&mut members, name, &STANDARD.encode(&bytes))?;
                // What was written has to be what was meant, read as anybody reads it.
                let read = Description::read(bytes.into_bytes())?.facts();
                if read.owner != new.owner || !read.users.is_empty() {
                    return Err(Error::internal("a rewritten description says something else than was meant"));
                }
                Ok(members)
            }
            Self::Envelope(envelope) => Ok(envelope.rewritten(&new)?),
        };
        tokio::task::spawn_blocking(work).await.map_err(Error::internal)?
    }
}

/// Names the owner as this version of `Prechecks` does.
pub(super) fn name_owner(members: &mut Members, version: u32, owner: &str) -> Result<()> {
    members.remove("owner-tag");
    members.remove("qualifier");
    if version >= QUALIFIED {
        set(members, "qualifier", &owner)
    } else {
        set(members, "owner-tag", &format!("user-{owner}"))
    }
}

/// The owner whom `Prechecks` names.
pub(super) fn named_owner(members: &Members) -> Result<String> {
    let tag = text(members, "owner-tag")?;
    if tag.is_empty() { text(members, "qualifier") } else { Ok(tag.strip_prefix("user-").unwrap_or(&tag).to_owned()) }
}

/// A text among the members; an absent one is empty.
pub(super) fn text(members: &Members, name: &str) -> Result<String> {
    Ok(member::<Option<String>>(members, name)?.unwrap_or_default())
}

fn member<T: DeserializeOwned + Default>(members: &Members, name: &str) -> Result<T> {
    let Some(raw) = members.get(name) else { return Ok(T::default()) };
    serde_json::from_str(raw.get())
        .map_err(|_| Error::bad_request(format!("cannot read the parameters: {name} is not what Juju sends there")))
}

fn set<T: Serialize>(members: &mut Members, name: &str, value: &T) -> Result<()> {
    members.insert(name.to_owned(), to_raw_value(value).map_err(Error::internal)?);
    Ok(())
}

impl From<Unreadable> for Error {
    fn from(error: Unreadable) -> Self {
        Self::new(Kind::BadRequest, error.to_string())
    }
}
