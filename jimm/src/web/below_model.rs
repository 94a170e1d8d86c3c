//! The table of the paths below a model: what may be sent, and the right it needs. What is not in it leads nowhere.

use crate::facades::method::Access;

/// What methods a route takes.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Takes {
    /// A handshake for a websocket.
    Websocket,
    /// `GET` and `HEAD`.
    Get,
    /// `POST`.
    Post,
    /// Every method: see the rights of reading and writing.
    Requests,
}

/// A path below a model: `/model/{uuid}/{path}` or `/model-{uuid}/{path}`, on the public listener.
#[derive(Debug)]
pub struct BelowModel {
    /// The path; `{name}` stands for one part, `**` for any number.
    pub path: &'static str,
    /// What may be sent.
    pub takes: Takes,
    /// The right that reading needs.
    pub reading: Access,
    /// The right that everything but `GET` and `HEAD` needs.
    pub writing: Access,
    /// What is there.
    pub what: &'static str,
}

macro_rules! below {
    ($path:literal, $takes:ident, $reading:ident, $writing:ident, $what:literal) => {
        BelowModel {
            path: $path,
            takes: Takes::$takes,
            reading: Access::$reading,
            writing: Access::$writing,
            what: $what,
        }
    };
}

/// The path of the model connection.
pub(super) const API: &str = "api";
/// The path of the stream of command lines.
pub(super) const COMMANDS: &str = "commands";
/// The paths of backups, which are refused.
pub(super) const BACKUPS: &str = "backups/**";

/// Every path below a model that clients may have.
pub const BELOW_MODEL: &[BelowModel] = &[
    below!(
        "api",
        Websocket,
        ModelRead,
        ModelRead,
        "the model connection; its controller asks for more, request by request"
    ),
    below!("log", Websocket, ModelRead, ModelRead, "the model's log, as a stream"),
    below!(
        "commands",
        Websocket,
        ModelWrite,
        ModelWrite,
        "command lines that a controller of 3.6 runs, for whoever its frames name"
    ),
    below!("charms/**", Requests, ModelRead, ModelWrite, "charms"),
    below!("tools/**", Requests, ModelRead, ModelWrite, "agent binaries"),
    below!("backups/**", Requests, ModelRead, ModelWrite, "refused: backups are of a controller"),
    below!("rest/1.0/**", Requests, ModelRead, ModelWrite, "the model's applications, by REST"),
    below!("applications/{name}/resources/{name}/**", Requests, ModelRead, ModelWrite, "resources of applications"),
    below!("units/{name}/resources/{name}/**", Requests, ModelRead, ModelWrite, "resources of units"),
];

/// What is at a path below a model.
pub(super) fn at(rest: &str) -> Option<&'static BelowModel> {
    BELOW_MODEL.iter().find(|entry| matches(entry.path, rest))
}

fn matches(pattern: &str, rest: &str) -> bool {
    let mut parts = rest.split('/');
    for wanted in pattern.split('/') {
        match (wanted, parts.next()) {
            ("**", _) => return true,
            (wanted, Some(part)) if wanted == part || wanted.starts_with('{') => {}
            _ => return false,
        }
    }
    parts.next().is_none()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_clients_need_leads_somewhere() {
        let takes = |rest: &str| at(rest).map(|entry| entry.takes);
        assert_eq!(takes(API), Some(Takes::Websocket));
        assert_eq!(takes("log"), Some(Takes::Websocket));
        assert_eq!(takes(COMMANDS), Some(Takes::Websocket));
        assert_eq!(at("backups").map(|entry| entry.path), Some(BACKUPS));
        for rest in ["charms", "charms/local-1234567", "tools/3.6.11-ubuntu-amd64", "applications/pg/resources/image"] {
            assert_eq!(takes(rest), Some(Takes::Requests), "{rest}");
        }
        for rest in ["logsink", "pubsub", "introspection/x", "applications/pg", "rest/2.0/x", "api/x", ""] {
            assert_eq!(takes(rest), None, "{rest}");
        }
    }

    #[test]
    fn a_path_below_a_model_needs_a_right_to_the_model() {
        for entry in BELOW_MODEL {
            let (reading, writing) = (entry.reading.on_model(), entry.writing.on_model());
            assert!(reading.is_some() && writing >= reading, "{}", entry.path);
        }
    }
}
