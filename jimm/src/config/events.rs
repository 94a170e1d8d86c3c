//! How long events are kept, and who is told of them.

use std::path::PathBuf;

use secrecy::SecretString;

/// How long events are kept, and who is told of them.
#[derive(Clone, Debug)]
pub struct EventSettings {
    /// For so many days.
    pub days: i64,
    /// Where they are sent.
    pub hooks: Vec<String>,
    /// How the codes begin of those that are sent; all of them when nothing is said.
    pub hooks_codes: Vec<String>,
    /// What they are signed with.
    pub hooks_secret: SecretString,
    /// An extra root certificate (PEM) for hooks.
    pub hooks_ca: Option<PathBuf>,
}

impl Default for EventSettings {
    fn default() -> Self {
        Self {
            days: 30,
            hooks: Vec::new(),
            hooks_codes: Vec::new(),
            hooks_secret: SecretString::default(),
            hooks_ca: None,
        }
    }
}
