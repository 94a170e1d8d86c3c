//! Paths that begin with a model, in both of Juju's shapes: `/model/{uuid}/rest` and `/model-{uuid}/rest`.

use uuid::Uuid;

/// A path below a model.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct ModelPath<'a> {
    /// The model.
    pub(super) model: Uuid,
    /// What follows, without the slash.
    pub(super) rest: &'a str,
}

/// Reads a path; `None` when it does not begin with a model.
pub(super) fn read(path: &str) -> Option<ModelPath<'_>> {
    let below = path.strip_prefix("/model/").or_else(|| path.strip_prefix("/model-"))?;
    let (uuid, rest) = below.split_once('/')?;
    // Only the usual form: others would be another model to a controller.
    let climbs = |part: &str| part.to_ascii_lowercase().replace("%2e", ".") == "..";
    if uuid.len() != 36 || rest.is_empty() || rest.split('/').any(climbs) {
        return None;
    }
    Some(ModelPath { model: uuid.parse().ok()?, rest })
}

#[cfg(test)]
mod tests {
    use super::*;

    const UUID: &str = "8f5b9a4a-6b0c-4d8c-8a6e-0d1f2a3b4c5d";

    #[test]
    fn both_shapes_are_read() {
        let model = UUID.parse().unwrap();
        assert_eq!(read(&format!("/model/{UUID}/api")), Some(ModelPath { model, rest: "api" }));
        let rest = "charms/local-1234567";
        assert_eq!(read(&format!("/model-{UUID}/{rest}")), Some(ModelPath { model, rest }));
        for path in ["/model/x/api", "/model//api", "/api", &format!("/model/{UUID}"), &format!("/model/{UUID}/")] {
            assert_eq!(read(path), None, "{path}");
        }
        assert_eq!(read(&format!("/model/{}/api", UUID.replace('-', ""))), None);
        assert_eq!(read(&format!("/model/{UUID}/charms/../../x")), None);
        assert_eq!(read(&format!("/model/{UUID}/charms/%2E./x")), None);
    }
}
