//! Where secrets lie and what seals them, as settings: keys from the environment, from files or through a command, and
//! a server of Vault's kind.

use std::path::PathBuf;
use std::time::Duration;

use secrecy::{SecretBox, SecretString};

use super::problems::{ConfigErrors, Problem};
use super::reader::{Reader, Sources};
use super::values;

/// Where new secrets are put.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum SecretPlace {
    /// Sealed in the rows of Postgres.
    Postgres,
    /// In Vault; rows tell where.
    Vault,
}

/// The keys that seal secrets at rest, as far as they are known without running anything.
#[derive(Debug)]
pub enum Sealing {
    /// No keys: nothing is sealed, nothing sealed opens.
    Unset,
    /// These.
    Keys(SealingKeys),
    /// Those that a command unwraps.
    Wrapped(WrappedKeys),
}

/// The keys that seal secrets at rest.
#[derive(Debug)]
pub struct SealingKeys {
    /// Seals and opens.
    pub current: SecretBox<[u8; 32]>,
    /// Only open: keys that were current before, or will be.
    pub old: Vec<SecretBox<[u8; 32]>>,
}

impl SealingKeys {
    /// A key that nobody else has.
    pub fn random() -> Self {
        Self { current: SecretBox::new(Box::new(crate::clock::random_bytes())), old: Vec::new() }
    }
}

/// Keys as their files have them, and who unwraps them.
#[derive(Debug)]
pub struct WrappedKeys {
    /// See [`SealingKeys::current`].
    pub current: SecretString,
    /// See [`SealingKeys::old`].
    pub old: Vec<SecretString>,
    /// Unwraps each.
    pub unwrap: SealingCommand,
}

/// A program that wraps or unwraps keys.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct SealingCommand {
    /// The program and its arguments; no shell sees them.
    pub words: Vec<String>,
    /// How long it may run.
    pub timeout: Duration,
}

/// A server of Vault's kind.
#[derive(Clone, Debug)]
pub struct VaultSettings {
    /// `https://host:port`.
    pub address: String,
    /// The namespace, if any.
    pub namespace: Option<String>,
    /// Where the key-value engine of version 2 is mounted.
    pub mount: String,
    /// The folder below.
    pub prefix: String,
    /// Where AppRole logins are mounted.
    pub approle: String,
    /// The broker's role id.
    pub role_id: String,
    /// The role's secret id.
    pub secret_id: SecretId,
    /// Extra roots: where they come from, and their PEM.
    pub roots: Option<(String, String)>,
    /// Deadline of one request.
    pub timeout: Duration,
    /// How long a fetched secret is kept after its last use; zero keeps none.
    pub cache: Duration,
}

/// The secret id of the broker's role.
#[derive(Clone, Debug)]
pub enum SecretId {
    /// This.
    Given(SecretString),
    /// What this file holds at the time.
    File(PathBuf),
}

/// The programs that wrap and unwrap sealing keys, as far as they are configured.
pub fn sealing_commands(sources: &Sources) -> Result<(Option<SealingCommand>, Option<SealingCommand>), ConfigErrors> {
    let mut reader = Reader::default();
    reader.take_environment(&sources.env);
    if let Some(file) = sources.file.clone().or_else(|| reader.path("JIMM_CONFIG")) {
        reader.take_file(&file);
    }
    let commands = reader.commands();
    if reader.problems.is_empty() {
        return Ok(commands);
    }
    Err(ConfigErrors { problems: reader.problems, warnings: reader.warnings })
}

impl Reader {
    pub(super) fn secret_place(&mut self) -> SecretPlace {
        let place = self.optional("JIMM_SECRET_STORE", |_, text| match text {
            "postgres" => Ok(SecretPlace::Postgres),
            "vault" => Ok(SecretPlace::Vault),
            _ => Err("is not a known store".into()),
        });
        if place == Some(SecretPlace::Vault) && !self.is_given("VAULT_ADDR") {
            self.problems.push(Problem::new("VAULT_ADDR", "is not set although JIMM_SECRET_STORE is vault"));
        }
        let vault = self.is_given("VAULT_ADDR");
        place.unwrap_or(if vault { SecretPlace::Vault } else { SecretPlace::Postgres })
    }

    pub(super) fn sealing(&mut self) -> Sealing {
        let timeout = self.period("JIMM_SEALING_COMMAND_TIMEOUT");
        self.optional("JIMM_SEALING_WRAP_COMMAND", |_, text| values::command(text));
        let unwrap = self.optional("JIMM_SEALING_UNWRAP_COMMAND", |_, text| values::command(text));
        self.refuse_contradictions();
        match unwrap {
            Some(words) => self.wrapped(SealingCommand { words, timeout }),
            None => self.plain(),
        }
    }

    /// What `new-sealing-key` runs: who wraps, and who unwraps.
    pub(super) fn commands(&mut self) -> (Option<SealingCommand>, Option<SealingCommand>) {
        let timeout = self.period("JIMM_SEALING_COMMAND_TIMEOUT");
        let mut command =
            |name| self.optional(name, |_, text| values::command(text)).map(|words| SealingCommand { words, timeout });
        (command("JIMM_SEALING_WRAP_COMMAND"), command("JIMM_SEALING_UNWRAP_COMMAND"))
    }

    fn refuse_contradictions(&mut self) {
        let [inline, file, old, command, vault] = [
            "JIMM_SEALING_KEY",
            "JIMM_SEALING_KEY_PATH",
            "JIMM_SEALING_OLD_KEYS",
            "JIMM_SEALING_UNWRAP_COMMAND",
            "VAULT_ADDR",
        ]
        .map(|name| self.is_given(name));
        let told = self.optional("JIMM_SECRET_STORE", |_, text| Ok(text == "postgres")).unwrap_or_default();
        let postgres = !vault || told;
        let mut wrong = |name, text: &str| self.problems.push(Problem::new(name, text));
        if command && (inline || old) {
            let text = "(not shown) is set, and JIMM_SEALING_UNWRAP_COMMAND too: with it wrapped keys are read from the \
                        files of JIMM_SEALING_KEY_PATH and JIMM_SEALING_OLD_KEYS_PATH";
            wrong(if inline { "JIMM_SEALING_KEY" } else { "JIMM_SEALING_OLD_KEYS" }, text);
        } else if inline && file {
            let text = "(not shown) is set, and JIMM_SEALING_KEY_PATH too: set one of them";
            wrong("JIMM_SEALING_KEY", text);
        } else if command && !file {
            wrong("JIMM_SEALING_KEY_PATH", "is not set, and JIMM_SEALING_UNWRAP_COMMAND has nothing to unwrap");
        } else if !inline && !file && postgres {
            let text = "is not set, nor is JIMM_SEALING_KEY_PATH: stored passwords and keys could not be sealed";
            wrong("JIMM_SEALING_KEY", text);
        }
    }

    fn plain(&mut self) -> Sealing {
        let inline = self.optional("JIMM_SEALING_KEY", |_, text| values::key(text));
        let file = self.optional("JIMM_SEALING_KEY_PATH", |_, path| {
            values::key(&read(path)?).map_err(|wrong| format!("holds a key that {wrong}"))
        });
        let mut old = self.value("JIMM_SEALING_OLD_KEYS", |text| {
            values::words(text).iter().map(|key| values::key(key)).collect::<Result<Vec<_>, _>>()
        });
        old.extend(self.value("JIMM_SEALING_OLD_KEYS_PATH", |path| {
            let keys = values::words(&read(path)?).iter().map(|key| values::key(key)).collect::<Result<Vec<_>, _>>();
            keys.map_err(|wrong| format!("holds a key that {wrong}"))
        }));
        match inline.or(file) {
            Some(current) => Sealing::Keys(SealingKeys { current, old }),
            None => Sealing::Unset,
        }
    }

    fn wrapped(&mut self, unwrap: SealingCommand) -> Sealing {
        // Noted as read: they were complained of already.
        self.optional("JIMM_SEALING_KEY", |_, _| Ok(()));
        self.optional("JIMM_SEALING_OLD_KEYS", |_, _| Ok(()));
        let current = self.optional("JIMM_SEALING_KEY_PATH", |_, path| match read(path)?.trim() {
            "" => Err("holds nothing".to_owned()),
            text => Ok(SecretString::from(text)),
        });
        let old = self.value("JIMM_SEALING_OLD_KEYS_PATH", |path| {
            let text = read(path)?;
            Ok(text.lines().map(str::trim).filter(|line| !line.is_empty()).map(SecretString::from).collect())
        });
        current.map_or(Sealing::Unset, |current| Sealing::Wrapped(WrappedKeys { current, old, unwrap }))
    }

    pub(super) fn vault(&mut self) -> Option<VaultSettings> {
        let address = self.optional("VAULT_ADDR", |_, text| values::web_url(text.trim_end_matches('/')));
        let (role_id, inline) = (self.text("VAULT_ROLE_ID"), self.text("VAULT_ROLE_SECRET_ID"));
        let file = self.path("VAULT_ROLE_SECRET_ID_PATH");
        let roots = self.roots();
        let settings = VaultSettings {
            address: address.unwrap_or_default(),
            namespace: self.optional("VAULT_NAMESPACE", |_, text| folder(text)),
            mount: self.value("VAULT_PATH", folder),
            prefix: self.value("JIMM_VAULT_PREFIX", folder),
            approle: self.value("JIMM_VAULT_APPROLE_PATH", folder),
            role_id,
            secret_id: file.clone().map_or_else(|| SecretId::Given(inline.clone().into()), SecretId::File),
            roots,
            timeout: self.period("JIMM_VAULT_TIMEOUT"),
            cache: self.duration("JIMM_VAULT_CACHE"),
        };
        if !self.is_given("VAULT_ADDR") {
            return None;
        }
        if settings.role_id.is_empty() {
            self.problems.push(Problem::new("VAULT_ROLE_ID", "is not set although VAULT_ADDR is"));
        }
        if inline.is_empty() == file.is_none() {
            let text = if inline.is_empty() {
                "is not set, nor is VAULT_ROLE_SECRET_ID_PATH, although VAULT_ADDR is"
            } else {
                "(not shown) is set, and VAULT_ROLE_SECRET_ID_PATH too: set one of them"
            };
            self.problems.push(Problem::new("VAULT_ROLE_SECRET_ID", text));
        }
        Some(settings)
    }

    fn roots(&mut self) -> Option<(String, String)> {
        let bytes = self
            .optional("VAULT_CACERT_BYTES", |_, text| Ok(("VAULT_CACERT_BYTES".to_owned(), text.replace("\\n", "\n"))));
        let file = self.optional("VAULT_CACERT", |_, path| Ok((path.to_owned(), read(path)?)));
        if let (Some(_), Some(_)) = (&bytes, &file) {
            self.problems.push(Problem::new("VAULT_CACERT_BYTES", "is set, and VAULT_CACERT too: set one of them"));
        }
        let roots = bytes.or(file)?;
        if super::certificates::roots_in(&roots.1) == 0 {
            self.problems.push(Problem::bare(&roots.0, "holds no certificate in PEM"));
        }
        Some(roots)
    }
}

/// A path as the server has it, without slashes around.
fn folder(text: &str) -> Result<String, String> {
    let text = text.trim_matches('/');
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '/');
    if text.is_empty() || !text.chars().all(plain) || text.split('/').any(|part| matches!(part, "" | "." | "..")) {
        return Err("is not a path of letters, digits, -, _, . and /".into());
    }
    Ok(text.to_owned())
}

fn read(path: &str) -> Result<String, String> {
    std::fs::read_to_string(path).map_err(|error| format!("cannot be read: {error}"))
}
