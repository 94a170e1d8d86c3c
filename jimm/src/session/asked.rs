//! What a client asks for: which method of which facade, and what is known of that one. Parameters and answers are the
//! business of others.

use std::borrow::Cow;
use std::sync::{Arc, OnceLock};

use jimm_proto::envelope::Request;
use jimm_store::audit::Class;

use crate::audit::Fields;
use crate::facades::{audited, reads};
use crate::telemetry::{Counter, Endpoint};

/// Methods of which a connection remembers what is known: clients ask for few, again and again.
const REMEMBERED: usize = 32;

/// A request without its parameters.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    /// The client's number for it.
    pub(crate) request_id: u64,
    /// Of a watcher.
    pub(crate) object_id: String,
    pub(crate) method: Arc<AskedMethod>,
}

impl Asked {
    /// Sent all the time, by everybody, and of no interest.
    pub(crate) fn is_ping(&self) -> bool {
        &*self.method.facade == "Pinger"
    }

    /// A look for news, which ends when there are some, and that may be never.
    pub(crate) fn waits_for_events(&self) -> bool {
        &*self.method.name == "Next"
    }
}

/// A method as a client names it, which need not exist, and what the broker knows of it.
#[derive(Debug)]
pub(crate) struct AskedMethod {
    /// `type` on the wire.
    pub(crate) facade: Arc<str>,
    /// Of the facade.
    pub(crate) version: u32,
    /// `request` on the wire.
    pub(crate) name: Arc<str>,
    /// For people: `Client(8).FullStatus`.
    pub(crate) title: String,
    /// Of which class its calls are, of somebody who has logged in.
    pub(crate) class: Class,
    /// What may be kept of its parameters.
    pub(crate) kept: Option<&'static Fields>,
    /// Whether its calls go on while the model is moved.
    pub(crate) is_read: bool,
    /// Of calls that went well.
    pub(crate) counter: OnceLock<Counter>,
}

impl AskedMethod {
    /// Looks up what is known. The names are as [`told`] gives them.
    pub(crate) fn new(endpoint: Endpoint, facade: &str, version: u32, name: &str) -> Self {
        let is_read = reads::is_read(facade, name);
        let is_relayed = endpoint == Endpoint::Model && facade != "Admin";
        let (class, kept) = if is_relayed {
            let reads = is_read || name.starts_with("Watch");
            (if reads { Class::Read } else { Class::Change }, audited::relayed(facade, name))
        } else {
            (audited::own_class(facade, name), audited::own(facade, name))
        };
        let title = format!("{facade}({version}).{name}");
        Self {
            facade: facade.into(),
            version,
            name: name.into(),
            title,
            class,
            kept,
            is_read,
            counter: OnceLock::new(),
        }
    }
}

/// The methods that one connection has asked for.
#[derive(Debug)]
pub(crate) struct AskedMethods {
    endpoint: Endpoint,
    known: Vec<Arc<AskedMethod>>,
}

impl AskedMethods {
    /// None yet.
    pub(crate) fn new(endpoint: Endpoint) -> Self {
        Self { endpoint, known: Vec::new() }
    }

    /// What a request asks for.
    pub(crate) fn asked(&mut self, request: &Request<'_>) -> Asked {
        Asked {
            request_id: request.request_id,
            object_id: told(&request.id).into_owned(),
            method: self.method(&told(&request.facade), request.version, &told(&request.method)),
        }
    }

    fn method(&mut self, facade: &str, version: u32, name: &str) -> Arc<AskedMethod> {
        let is_it = |it: &&Arc<AskedMethod>| it.version == version && *it.name == *name && *it.facade == *facade;
        if let Some(known) = self.known.iter().find(is_it) {
            return Arc::clone(known);
        }
        if self.known.len() >= REMEMBERED {
            // Who makes up names is not served faster than on a new connection.
            self.known.clear();
        }
        let method = Arc::new(AskedMethod::new(self.endpoint, facade, version, name));
        self.known.push(Arc::clone(&method));
        method
    }
}

/// A name made up by a client, as logs, audit and errors have it: short, and without anything that a terminal would
/// obey or the database refuse. No name that we know is changed.
pub(super) fn told(name: &str) -> Cow<'_, str> {
    const LONGEST: usize = 128;
    if name.len() <= LONGEST && name.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Cow::Borrowed(name);
    }
    let mut told: String =
        name.chars().take(LONGEST).map(|c| if c.is_control() { char::REPLACEMENT_CHARACTER } else { c }).collect();
    if name.len() > told.len() {
        told.push('…');
    }
    Cow::Owned(told)
}

#[cfg(test)]
mod tests {
    use Class::{Change, Login, Read};

    use super::*;

    #[test]
    fn what_is_known_depends_on_where_it_is_asked() {
        let methods = [Endpoint::Model, Endpoint::Controller].map(|endpoint| {
            ["Admin Login", "Client FullStatus", "Application Deploy", "JIMM ListControllers", "X WatchIt"].map(|it| {
                let (facade, name) = it.split_once(' ').unwrap();
                AskedMethod::new(endpoint, facade, 3, name)
            })
        });
        let classes = methods.each_ref().map(|all| all.each_ref().map(|it| it.class));
        assert_eq!(classes, [[Login, Read, Change, Change, Read], [Login, Change, Change, Read, Change]]);
        let [relayed, own] = methods.each_ref().map(|all| all.each_ref().map(|it| it.kept.is_some()));
        assert_eq!((relayed, own), ([false, true, true, false, false], [false, false, false, false, false]));
        assert_eq!((methods[0][1].title.as_str(), methods[0][1].is_read), ("Client(3).FullStatus", true));
    }

    #[test]
    fn a_method_is_looked_up_once_and_few_are_remembered() {
        let mut methods = AskedMethods::new(Endpoint::Model);
        let first = methods.method("Client", 8, "FullStatus");
        assert!(Arc::ptr_eq(&first, &methods.method("Client", 8, "FullStatus")));
        for (facade, version, name) in
            [("Client", 7, "FullStatus"), ("Client", 8, "FullStatu"), ("Clien", 8, "FullStatus")]
        {
            let other = methods.method(facade, version, name);
            assert_eq!((&*other.facade, other.version, &*other.name), (facade, version, name));
        }
        for n in 0..1000 {
            methods.method(&format!("F{n}"), 1, "M");
        }
        assert!(methods.known.len() <= REMEMBERED);
    }
}
