//! Sealing keys that a program unwraps, and new ones.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use secrecy::{ExposeSecret, SecretBox, SecretSlice, SecretString};

use super::command::{self, CommandError};
use crate::clock::random_bytes;
use crate::config::{Sealing, SealingCommand, SealingKeys, WrappedKeys};
use crate::error::{Error, Kind, Result};

/// The keys, unwrapped where they have to be; `None` when there are none.
pub async fn resolve(sealing: &Sealing) -> Result<Option<SealingKeys>> {
    let copy = |key: &SecretBox<[u8; 32]>| SecretBox::new(Box::new(*key.expose_secret()));
    match sealing {
        Sealing::Unset => Ok(None),
        Sealing::Keys(keys) => {
            Ok(Some(SealingKeys { current: copy(&keys.current), old: keys.old.iter().map(copy).collect() }))
        }
        Sealing::Wrapped(wrapped) => unwrapped(wrapped).await.map(Some),
    }
}

async fn unwrapped(wrapped: &WrappedKeys) -> Result<SealingKeys> {
    let failed = |what: &str, error: CommandError| {
        let text = format!("{what} is not unwrapped: {error}");
        Error::new(Kind::SecretsUnavailable, text).with_source(error)
    };
    let current = unwrap(&wrapped.unwrap, &wrapped.current).await;
    let current = current.map_err(|error| failed("the sealing key of JIMM_SEALING_KEY_PATH", error))?;
    let mut old = Vec::with_capacity(wrapped.old.len());
    for (line, key) in (1..).zip(&wrapped.old) {
        let key = unwrap(&wrapped.unwrap, key).await;
        old.push(key.map_err(|error| failed(&format!("key {line} of JIMM_SEALING_OLD_KEYS_PATH"), error))?);
    }
    Ok(SealingKeys { current, old })
}

async fn unwrap(command: &SealingCommand, wrapped: &SecretString) -> Result<SecretBox<[u8; 32]>, CommandError> {
    let said = command::run(command, wrapped.expose_secret().as_bytes()).await?;
    let wrong =
        || CommandError::Answer { program: command.words[0].clone(), what: "something that is no key of 32 bytes" };
    if let Ok(bytes) = <[u8; 32]>::try_from(said.expose_secret()) {
        return Ok(SecretBox::new(Box::new(bytes)));
    }
    let text = std::str::from_utf8(said.expose_secret()).map_err(|_| wrong())?;
    let bytes = SecretSlice::from(STANDARD.decode(text.trim()).map_err(|_| wrong())?);
    let bytes = <[u8; 32]>::try_from(bytes.expose_secret()).map_err(|_| wrong())?;
    Ok(SecretBox::new(Box::new(bytes)))
}

/// A new key as a key file has it: wrapped where there is a program for that, and then only when the other program
/// gives it back.
pub async fn new_key(wrap: Option<&SealingCommand>, unwrap_with: Option<&SealingCommand>) -> Result<SecretString> {
    let bytes = SecretBox::new(Box::new(random_bytes::<32>()));
    let text = SecretString::from(STANDARD.encode(bytes.expose_secret()));
    let failed = |error: CommandError| Error::new(Kind::SecretsUnavailable, error.to_string()).with_source(error);
    let (wrap, unwrap_with) = match (wrap, unwrap_with) {
        (Some(wrap), Some(unwrap_with)) => (wrap, unwrap_with),
        (None, None) => return Ok(text),
        _ => {
            let text =
                "JIMM_SEALING_WRAP_COMMAND and JIMM_SEALING_UNWRAP_COMMAND are both needed to make a wrapped key";
            return Err(Error::bad_request(text));
        }
    };
    let wrapped = command::run(wrap, text.expose_secret().as_bytes()).await.map_err(failed)?;
    let line = std::str::from_utf8(wrapped.expose_secret()).ok().map(str::trim);
    let Some(line) = line.filter(|line| !line.is_empty() && !line.contains('\n')) else {
        return Err(Error::bad_request("what JIMM_SEALING_WRAP_COMMAND wrote is not one line of text"));
    };
    let line = SecretString::from(line);
    let again = unwrap(unwrap_with, &line).await.map_err(failed)?;
    if again.expose_secret() != bytes.expose_secret() {
        return Err(Error::bad_request("JIMM_SEALING_UNWRAP_COMMAND does not give back what was wrapped"));
    }
    Ok(line)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn sh(script: &str) -> SealingCommand {
        let words = ["/bin/sh", "-c", script].map(str::to_owned).to_vec();
        SealingCommand { words, timeout: Duration::from_secs(20) }
    }

    #[tokio::test]
    async fn a_new_key_is_wrapped_and_unwraps() {
        let (wrap, back) = (sh("tr A-Za-z N-ZA-Mn-za-m"), sh("tr A-Za-z N-ZA-Mn-za-m"));
        let line = new_key(Some(&wrap), Some(&back)).await.unwrap();
        let wrapped = WrappedKeys { current: line.clone(), old: vec![line], unwrap: back };
        let keys = resolve(&Sealing::Wrapped(wrapped)).await.unwrap().expect("keys");
        assert_eq!(keys.current.expose_secret(), keys.old[0].expose_secret());
        assert_eq!(STANDARD.decode(new_key(None, None).await.unwrap().expose_secret()).unwrap().len(), 32);
        for (wrap, back) in [("cat", "echo nothing"), ("printf 'a\\nb'", "cat"), ("false", "cat"), ("echo A", "cat")] {
            assert!(new_key(Some(&sh(wrap)), Some(&sh(back))).await.is_err(), "{wrap} {back}");
        }
        assert!(new_key(Some(&sh("cat")), None).await.is_err());
    }

    #[tokio::test]
    async fn a_key_that_does_not_unwrap_is_named() {
        let keys = |script| WrappedKeys { current: "hunter2".into(), old: Vec::new(), unwrap: sh(script) };
        let error = resolve(&Sealing::Wrapped(keys("cat"))).await.unwrap_err().to_string();
        let text = "the sealing key of JIMM_SEALING_KEY_PATH is not unwrapped: /bin/sh wrote something that is no key of 32 bytes";
        assert_eq!(error, text);
    }
}
