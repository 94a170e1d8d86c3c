//! Takes secrets out of what the client says, before anybody keeps it.

/// In place of a secret.
const GONE: &str = "[redacted]";
/// What is shorter is found everywhere and is no secret worth the name.
const SHORTEST: usize = 4;
/// The longest line that is kept.
const LONGEST: usize = 4096;

/// Knows the secrets of one run.
pub struct Redactor(Vec<String>);

impl std::fmt::Debug for Redactor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Redactor").field("secrets", &self.0.len()).finish()
    }
}

impl Redactor {
    /// Takes these out; of those with several lines, each line.
    pub fn new<'a>(secrets: impl Iterator<Item = &'a str>) -> Self {
        let mut parts: Vec<String> = Vec::new();
        for secret in secrets {
            parts.push(secret.trim().to_owned());
            parts.extend(secret.lines().map(|line| line.trim().to_owned()));
            // As it would stand in JSON, in YAML, or where Go quotes it.
            parts.push(secret.trim().escape_debug().to_string());
        }
        parts.retain(|part| part.chars().count() >= SHORTEST);
        parts.sort_unstable_by_key(|part| std::cmp::Reverse(part.len()));
        parts.dedup();
        Self(parts)
    }

    /// A line as it may be kept: without secrets, without what steers terminals, not too long.
    pub fn line(&self, said: &str) -> String {
        let mut text = self.text(said);
        text.retain(|c| c == '\t' || !c.is_control());
        if text.len() > LONGEST {
            text.truncate(text.floor_char_boundary(LONGEST));
            text.push('…');
        }
        text
    }

    /// A text without secrets.
    pub fn text(&self, said: &str) -> String {
        self.0.iter().fold(
            said.to_owned(),
            |text, secret| {
                if text.contains(secret) { text.replace(secret, GONE) } else { text }
            },
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_gone_in_each_form_that_they_take() {
        let key = "-----BEGIN KEY-----\nMIIEabcd\n-----END KEY-----\n";
        let redactor = Redactor::new(["hunter2", "hunter2-longer", key, "abc"].into_iter());
        assert_eq!(redactor.line("with hunter2 and hunter2-longer"), "with [redacted] and [redacted]");
        assert_eq!(redactor.line("a line MIIEabcd of it"), "a line [redacted] of it");
        let quoted = serde_json::to_string(key.trim()).unwrap();
        assert_eq!(redactor.line(&quoted), "\"[redacted]\"");
        assert_eq!(redactor.line("abc\u{1b}[31m\u{7}"), "abc[31m");
        assert!(redactor.line(&"x".repeat(9000)).len() < 4100);
        assert!(!format!("{redactor:?}").contains("hunter2"));
    }
}
