//! Secrets that are recognised wherever they turn up: what was sent where, in which forms it is looked for, and parameters
//! that are loaded with it. Which doors are tried is not known here.

use std::collections::BTreeSet;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jimm_rpc::{CallError, Connection};
use jimm_tests::process;
use rand::Rng as _;
use regex::Regex;
use serde_json::{Value, json};

use crate::support::DEADLINE;

/// Fields whose names sound like secrets and that hold none: names, tags, flags and ids.
const HARMLESS: &[&str] = &["token-id", "secret-id", "include-secrets", "credential-tag", "credential-name"];

/// The secrets of one run.
pub(crate) struct Canaries {
    stem: String,
    /// Where each was sent.
    sent: Vec<String>,
    /// Secrets that were not made here: what they are, and their text.
    others: Vec<(String, String)>,
    /// Error texts that clients got, and outputs of `jimmctl`.
    pub(crate) told: Vec<(String, String)>,
}

impl Canaries {
    pub(crate) fn new() -> Self {
        let seed = process_seed();
        eprintln!("CANARY_SEED={seed}");
        Self { stem: format!("cAn4ry{seed}q"), sent: Vec::new(), others: Vec::new(), told: Vec::new() }
    }

    /// A new secret for this place.
    pub(crate) fn new_one(&mut self, place: &str) -> String {
        self.sent.push(place.to_owned());
        format!("{}{}z", self.stem, self.sent.len())
    }

    pub(crate) fn other(&mut self, what: &str, secret: impl Into<String>) {
        let secret = secret.into();
        assert!(secret.len() >= 8, "{what} would be found anywhere");
        self.others.push((what.to_owned(), secret));
    }

    /// Every form in which a secret could have been written down.
    fn needles(&self) -> Vec<(String, String)> {
        let mut needles = Vec::new();
        let all = std::iter::once(("a canary".to_owned(), self.stem.clone())).chain(self.others.clone());
        for (what, secret) in all {
            needles.push((format!("{what} in hexadecimal"), hex::encode(&secret)));
            // Base64 depends on what stands before: three ways, less the letters that neighbours share.
            for before in 0..3 {
                let text = STANDARD.encode([vec![b'x'; before], secret.clone().into_bytes()].concat());
                let inner = &text[(before * 4).div_ceil(3)..(before + secret.len()) * 4 / 3];
                needles.push((format!("{what} in base64"), inner.trim_end_matches('=').to_owned()));
            }
            needles.push((what, secret));
        }
        needles
    }

    /// All needles as one pattern.
    pub(crate) fn pattern(&self) -> Regex {
        let needles: Vec<String> = self.needles().iter().map(|(_, needle)| regex::escape(needle)).collect();
        Regex::new(&needles.join("|")).expect("a pattern")
    }

    /// Complains of a needle in the text, once for each place.
    pub(crate) fn search(&self, pattern: &Regex, place: &str, text: &str, found: &mut BTreeSet<String>) {
        for hit in pattern.find_iter(text).take(5) {
            let what = self.needles().into_iter().find(|(_, needle)| needle == hit.as_str());
            let what = what.map(|(what, _)| what).unwrap_or_default();
            let which = text[hit.start()..].strip_prefix(&self.stem).and_then(|rest| rest.split('z').next());
            let sent = which.and_then(|n| n.parse::<usize>().ok()).and_then(|n| self.sent.get(n.wrapping_sub(1)));
            let known = format!("{what} ({}) in {place}: ", sent.map_or("?", String::as_str));
            if !found.iter().any(|other| other.starts_with(&known)) && found.len() < 60 {
                let from = text.floor_char_boundary(hit.start().saturating_sub(200));
                let to = text.floor_char_boundary((hit.end() + 100).min(text.len()));
                found.insert(format!("{known}…{}…", &text[from..to]));
            }
        }
    }

    pub(crate) async fn call(
        &mut self,
        connection: &Connection,
        facade: &str,
        version: u32,
        method: &str,
        params: &Value,
    ) {
        let answer: Result<Value, CallError> = connection.call(facade, version, method, params, DEADLINE).await;
        let text = match answer {
            // Some show a secret to its owner when asked: only what is an error is looked at.
            Ok(answer) => errors_in(&answer),
            Err(error) => format!("{error} {error:?}"),
        };
        self.told.push((format!("the answer to {facade}.{method}"), text));
    }
}

fn process_seed() -> String {
    #[expect(clippy::disallowed_methods, reason = "the seed of a test")]
    let given = std::env::var("CANARY_SEED").ok();
    given.unwrap_or_else(|| format!("{:08x}", rand::rng().random::<u32>()))
}

fn errors_in(answer: &Value) -> String {
    let results = answer["results"].as_array().into_iter().flatten();
    results.map(|result| result["error"].to_string()).chain([answer["error"].to_string()]).collect()
}

/// Names on the wire of fields that sound like secrets, read off the parameter structs: a new one is among them.
pub(crate) fn secret_fields() -> BTreeSet<String> {
    let field = Regex::new(r#"(?:rename = "([^"]+)"[^\n]*\n\s*(?:///[^\n]*\n\s*)*)?pub (\w+): "#).expect("a pattern");
    let sounds = Regex::new("(?i)password|secret|token|credential|macaroon|attrs|nonce|user-?data|config|^key|auth")
        .expect("a pattern");
    let mut names = BTreeSet::new();
    let dir = process::workspace().join("proto/src/params");
    for entry in std::fs::read_dir(dir).expect("the parameter structs").flatten() {
        let text = std::fs::read_to_string(entry.path()).expect("a source file");
        for found in field.captures_iter(&text) {
            let name = found.get(1).map_or_else(|| found[2].replace('_', "-"), |renamed| renamed.as_str().to_owned());
            let named = name.ends_with("tag") || name.ends_with("name") || name.ends_with("type");
            if sounds.is_match(&name) && !named && !HARMLESS.contains(&name.as_str()) {
                names.insert(name);
            }
        }
    }
    // What `Admin` takes is read by structs of the broker's own.
    names.extend(["session-token", "client-secret"].map(str::to_owned));
    assert!(names.contains("password") && names.contains("macaroons") && names.len() > 20, "{names:?}");
    names
}

/// Parameters that have a secret wherever one could be: in fields of these names, in bulk arguments, with wrong types.
pub(crate) fn loaded(canaries: &mut Canaries, method: &str, fields: &BTreeSet<String>) -> Vec<Value> {
    let mut with = |shape: fn(&str) -> Value| {
        let mut object = serde_json::Map::new();
        for field in fields {
            let secret = canaries.new_one(&format!("{method} {field}"));
            object.insert(field.clone(), shape(&secret));
        }
        Value::Object(object)
    };
    let shapes: [fn(&str) -> Value; 4] = [
        |s| json!(s),
        |s| json!({"k": s}),
        |s| json!([s]),
        |s| json!({"auth-type": "userpass", "attrs": {"password": s}}),
    ];
    let mut all = Vec::new();
    for shape in shapes {
        let flat = with(shape);
        all.push(json!({"credentials": [flat], "entities": [flat], "changes": [flat], "args": [flat], "specs": [flat],
            "users": [flat], "credential": flat, "backends": [flat], "model-tag": "model-x", "config": flat}));
        all.push(flat);
    }
    let secret = canaries.new_one(&format!("{method} as parameters"));
    all.push(json!(secret));
    all.push(json!([secret]));
    all
}
