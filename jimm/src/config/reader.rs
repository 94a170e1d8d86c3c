//! Reads variables from the environment and a TOML file, by the table of them; what each setting makes of them is not its
//! business.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::Duration;

use figment::Figment;
use figment::providers::{Format, Toml};
use figment::value::{Dict, Num, Value};
use secrecy::SecretString;

use super::problems::{Problem, Warning, nearest};
use super::values;
use super::variables::{self, Kind, Status, Unset as Fallback, Variable};

/// Where values come from.
#[derive(Debug, Default)]
pub struct Sources {
    /// The environment.
    pub env: BTreeMap<String, String>,
    /// A TOML file, in place of the one that `JIMM_CONFIG` names.
    pub file: Option<PathBuf>,
}

impl Sources {
    /// The environment of this process.
    pub fn of_process(file: Option<PathBuf>) -> Self {
        let env = std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.to_string_lossy().into_owned())))
            .collect();
        Self { env, file }
    }
}

/// A value, and the file in which it stands when it is not of the environment.
struct Given {
    value: String,
    file: Option<String>,
}

/// The variables that are given, and what was wrong with those that were read.
#[derive(Default)]
pub(super) struct Reader {
    given: BTreeMap<String, Given>,
    pub(super) seen: BTreeSet<&'static str>,
    pub(super) problems: Vec<Problem>,
    pub(super) warnings: Vec<Warning>,
}

impl Reader {
    pub(super) fn take_environment(&mut self, env: &BTreeMap<String, String>) {
        for (name, value) in env.iter().filter(|(_, value)| !value.is_empty()) {
            if variables::find(name).is_some() {
                self.given.insert(name.clone(), Given { value: value.clone(), file: None });
            } else if name.starts_with("JIMM_") {
                let guess = nearest(name).map(|near| format!("; did you mean {near}?")).unwrap_or_default();
                self.warnings.push(Warning(format!("{name} is not a variable of the broker{guess}")));
            }
        }
    }

    pub(super) fn take_file(&mut self, path: &Path) {
        let shown = path.display().to_string();
        let text = match std::fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) => return self.problems.push(Problem::bare(&shown, format!("cannot be read: {error}"))),
        };
        let dict: Dict = match Figment::from(Toml::string(&text)).extract() {
            Ok(dict) => dict,
            Err(error) => return self.problems.push(Problem::bare(&shown, format!("is not TOML: {error}"))),
        };
        let mut entries = Vec::new();
        flatten("JIMM", &dict, &mut entries);
        for (mut name, value) in entries {
            // Names of others, such as VAULT_ADDR, are written without our prefix in the environment.
            if let (None, Some(bare)) = (variables::find(&name), name.strip_prefix("JIMM_").and_then(variables::find)) {
                bare.name.clone_into(&mut name);
            }
            if variables::find(&name).is_none() {
                let guess = nearest(&name).map(|near| format!("; did you mean the key of {near}?")).unwrap_or_default();
                let what = format!("is not a variable of the broker{guess}");
                self.problems.push(Problem { file: Some(shown.clone()), ..Problem::bare(&name, what) });
            } else if !value.is_empty() {
                self.given.entry(name).or_insert_with(|| Given { value, file: Some(shown.clone()) });
            }
        }
    }

    /// Variables of the reference that we do not use.
    pub(super) fn judge_foreign(&mut self) {
        for variable in variables::all().filter(|variable| self.given.contains_key(variable.name)) {
            if let Status::Ignored(why) = variable.status {
                self.warnings.push(Warning(format!("{} has no effect: {why}", variable.name)));
            }
        }
    }

    /// The names of what is given.
    pub(super) fn given(&self) -> impl Iterator<Item = &str> {
        self.given.keys().map(String::as_str)
    }

    pub(super) fn is_given(&self, name: &str) -> bool {
        self.given.contains_key(name)
    }

    pub(super) fn all_read(&self) -> bool {
        variables::all().all(|variable| variable.status != Status::Used || self.seen.contains(variable.name))
    }

    /// The value of a variable, parsed; a mistake is noted and counts as nothing.
    pub(super) fn optional<T>(
        &mut self,
        name: &'static str,
        parse: impl FnOnce(&Variable, &str) -> Result<T, String>,
    ) -> Option<T> {
        let variable = variables::find(name).expect("the table has every variable that is read");
        self.seen.insert(variable.name);
        let given = self.given.get(name);
        let text = match (given, variable.default) {
            (Some(given), _) => given.value.trim(),
            (None, Fallback::Is(text)) => text,
            (None, Fallback::None) => return None,
            (None, Fallback::Required) => {
                self.problems.push(Problem::new(name, "is not set, and has no default"));
                return None;
            }
        };
        match parse(variable, text) {
            Ok(value) => Some(value),
            Err(wrong) => {
                let what =
                    if variable.secret { format!("(not shown) {wrong}") } else { format!("is {text:?}: it {wrong}") };
                let file = given.and_then(|given| given.file.clone());
                self.problems.push(Problem { file, ..Problem::new(name, what) });
                None
            }
        }
    }

    pub(super) fn value<T: Default>(&mut self, name: &'static str, parse: impl FnOnce(&str) -> Result<T, String>) -> T {
        self.optional(name, |_, text| parse(text)).unwrap_or_default()
    }

    pub(super) fn text(&mut self, name: &'static str) -> String {
        self.value(name, |text| Ok(text.to_owned()))
    }

    pub(super) fn secret(&mut self, name: &'static str) -> SecretString {
        self.text(name).into()
    }

    pub(super) fn flag(&mut self, name: &'static str) -> bool {
        self.value(name, values::boolean)
    }

    pub(super) fn duration(&mut self, name: &'static str) -> Duration {
        self.value(name, values::duration)
    }

    /// A duration that would stop the broker if it were zero.
    pub(super) fn period(&mut self, name: &'static str) -> Duration {
        self.value(name, |text| match values::duration(text)? {
            Duration::ZERO => Err("is zero".into()),
            duration => Ok(duration),
        })
    }

    pub(super) fn number<T: TryFrom<u64> + Default>(&mut self, name: &'static str) -> T {
        let number = self.optional(name, |variable, text| match variable.kind {
            Kind::Number(min, max) => values::number(text, min, max),
            _ => Err("is not declared as a number".into()),
        });
        number.and_then(|number| T::try_from(number).ok()).unwrap_or_default()
    }

    pub(super) fn path(&mut self, name: &'static str) -> Option<PathBuf> {
        self.optional(name, |_, text| match std::fs::File::open(text) {
            Ok(_) => Ok(PathBuf::from(text)),
            Err(error) => Err(format!("cannot be read: {error}")),
        })
    }
}

/// Tables join with `_`, lists become words.
fn flatten(prefix: &str, dict: &Dict, into: &mut Vec<(String, String)>) {
    for (key, value) in dict {
        let name = format!("{prefix}_{}", key.to_uppercase().replace('-', "_"));
        match value {
            Value::Dict(_, inner) => flatten(&name, inner, into),
            Value::Array(_, items) => into.push((name, list(&items.iter().map(plain).collect::<Vec<_>>()))),
            value => into.push((name, plain(value))),
        }
    }
}

/// Words; texts with spaces inside stay what they are as a JSON list.
fn list(items: &[String]) -> String {
    let spaced = items.iter().any(|item| item.contains(char::is_whitespace));
    if spaced { serde_json::json!(items).to_string() } else { items.join(" ") }
}

fn plain(value: &Value) -> String {
    match value {
        Value::String(_, text) => text.clone(),
        Value::Char(_, letter) => letter.to_string(),
        Value::Bool(_, flag) => flag.to_string(),
        Value::Num(_, number) => match (number.to_i128(), number.to_u128(), number) {
            (Some(number), ..) => number.to_string(),
            (_, Some(number), _) => number.to_string(),
            (_, _, Num::F32(number)) => number.to_string(),
            (.., number) => number.to_f64().unwrap_or_default().to_string(),
        },
        Value::Empty(..) | Value::Dict(..) | Value::Array(..) => String::new(),
    }
}
