//! `import-cloud-credentials FILE`: credentials of other users, as they were kept elsewhere. What cannot be stored is told,
//! and the others go on.

use std::collections::BTreeMap;

use jimm_proto::complaint::without_value;
use jimm_proto::params::cloud::{CloudCredential, TaggedCredential, UpdateCredentialArgs, UpdateCredentialResults};
use serde::Deserialize;
use serde_json::Value;

use crate::cli::GlobalArgs;
use crate::cli::clouds::ImportCredentialsArgs;
use crate::error::{Failure, Result};
use crate::input;
use crate::session::Session;

/// The longest file.
const LONGEST: u64 = 64 << 20;
/// Of users that a controller knew under a bare name.
const LOCAL: &str = "@external";

/// A credential in the file.
#[derive(Deserialize)]
struct Kept {
    #[serde(rename = "_id")]
    id: String,
    #[serde(rename = "type", default)]
    auth_type: String,
    #[serde(default)]
    attributes: BTreeMap<String, Value>,
}

impl Kept {
    /// As the broker takes it: its owner has a domain.
    fn on_the_wire(self) -> Result<TaggedCredential, String> {
        let parts: Vec<&str> = self.id.split('/').collect();
        let [cloud, owner, name] = parts[..] else {
            return Err(format!("{:?} is not CLOUD/OWNER/NAME", self.id));
        };
        if [cloud, owner, name].contains(&"") {
            return Err(format!("{:?} is not CLOUD/OWNER/NAME", self.id));
        }
        let domain = if owner.contains('@') { "" } else { LOCAL };
        let mut attrs = BTreeMap::new();
        for (key, value) in self.attributes {
            let text = match value {
                Value::String(text) => text,
                Value::Bool(_) | Value::Number(_) => value.to_string(),
                _ => return Err(format!("{}: attribute {key:?} is no text", self.id)),
            };
            attrs.insert(key, text);
        }
        let credential = CloudCredential { auth_type: self.auth_type, attrs, redacted: Vec::new() };
        Ok(TaggedCredential { tag: format!("cloudcred-{cloud}_{owner}{domain}_{name}"), credential })
    }
}

pub(super) async fn run(global: &GlobalArgs, args: &ImportCredentialsArgs) -> Result<()> {
    let file = args.file.as_deref().ok_or_else(|| Failure::usage("filename not specified"))?;
    let text = input::read(file, LONGEST, "to import credentials from")?;
    let session = Session::open(global).await?;
    let (mut stored, mut failed) = (0, 0);
    for kept in serde_json::Deserializer::from_str(&text).into_iter::<Kept>() {
        let kept = kept.map_err(|e| {
            let what = without_value(&e.to_string());
            Failure::failed(format!("cannot read {} as credentials, after {}: {what}", file.display(), stored + failed))
        })?;
        match store(&session, kept, args.force).await {
            Ok(()) => stored += 1,
            Err(why) => {
                failed += 1;
                eprintln!("WARNING not imported: {why}");
            }
        }
    }
    if !global.quiet {
        eprintln!("{stored} credentials imported");
    }
    if failed > 0 {
        return Err(Failure::failed(format!("{failed} credentials are not imported")));
    }
    Ok(())
}

async fn store(session: &Session, kept: Kept, force: bool) -> Result<(), String> {
    let credential = kept.on_the_wire()?;
    let tag = credential.tag.clone();
    let params = UpdateCredentialArgs { credentials: vec![credential], force };
    let answer: UpdateCredentialResults = session
        .call_facade("Cloud", 7, "UpdateCredentialsCheckModels", &params)
        .await
        .map_err(|e| format!("{tag}: {e}"))?;
    match answer.results.into_iter().find_map(|result| result.error) {
        Some(error) => Err(format!("{tag}: {}", error.message)),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn owners_get_a_domain_and_attributes_are_texts() {
        let kept = |json: &str| serde_json::from_str::<Kept>(json).expect("JSON").on_the_wire();
        let good = kept(r#"{"_id":"aws/bob/main","type":"access-key","attributes":{"a":"b","n":1},"extra":{}}"#);
        let good = good.expect("good");
        assert_eq!(good.tag, "cloudcred-aws_bob@external_main");
        assert_eq!((good.credential.attrs["a"].as_str(), good.credential.attrs["n"].as_str()), ("b", "1"));
        assert_eq!(kept(r#"{"_id":"aws/bob@x.com/main"}"#).expect("good").tag, "cloudcred-aws_bob@x.com_main");
        for bad in
            [r#"{"_id":"aws/bob"}"#, r#"{"_id":"aws//main"}"#, r#"{"_id":"a/b/c","attributes":{"k":["s3cret"]}}"#]
        {
            let why = kept(bad).expect_err("bad");
            assert!(!why.contains("s3cret"), "{why}");
        }
    }
}
