//! What this program is called: `jimmctl`, or `juju jaas` when it is installed as the plugin of that name.

use std::ffi::OsStr;
use std::path::Path;

/// The name in all texts.
const OURS: &str = "jimmctl";
/// The name of a plugin's program; Juju's client runs it for `juju jaas`.
const PLUGIN: &str = "juju-jaas";
/// What people type to run that.
const TYPED: &str = "juju jaas";
/// What Juju's client asks a plugin for, to list it in `juju help plugins`, and the answer.
const DESCRIPTION: (&str, &str) = ("--description", "Operate a broker of Juju controllers");

/// How somebody called this program.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Name {
    Jimmctl,
    Plugin,
}

impl Name {
    /// The name by the first word of the command line.
    pub(crate) fn of(first: Option<&OsStr>) -> Self {
        let file = first.and_then(|word| Path::new(word).file_stem());
        if file == Some(OsStr::new(PLUGIN)) { Self::Plugin } else { Self::Jimmctl }
    }

    /// What a plugin tells of itself, if that is what these arguments ask for.
    pub(crate) fn description(self, arguments: &[impl AsRef<OsStr>]) -> Option<&'static str> {
        let asked = matches!(arguments, [only] if only.as_ref() == OsStr::new(DESCRIPTION.0));
        (self == Self::Plugin && asked).then_some(DESCRIPTION.1)
    }

    /// A text with the name that was typed.
    pub(crate) fn in_text(self, text: &str) -> String {
        match self {
            Self::Jimmctl => text.to_owned(),
            Self::Plugin => text.replace(OURS, TYPED),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_program_answers_to_both_names() {
        for (first, name) in [
            ("/usr/bin/juju-jaas", Name::Plugin),
            ("juju-jaas", Name::Plugin),
            ("juju-jaas.exe", Name::Plugin),
            ("jimmctl", Name::Jimmctl),
            ("/juju-jaas/jimmctl", Name::Jimmctl),
        ] {
            assert_eq!(Name::of(Some(OsStr::new(first))), name, "{first}");
        }
        assert_eq!(Name::of(None), Name::Jimmctl);
        assert!(Name::Plugin.description(&["--description"]).is_some());
        assert_eq!(Name::Plugin.description(&["models", "--description"]), None);
        assert_eq!(Name::Jimmctl.description(&["--description"]), None);
        assert_eq!(Name::Plugin.in_text("run \"jimmctl login\""), "run \"juju jaas login\"");
    }
}
