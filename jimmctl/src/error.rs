//! How a command fails: wrong usage (exit code 2) or failed (1), with a hint where there is a way out.

use std::fmt;

use jimm_rpc::{CallError, DialError, Target};

/// A command that failed.
#[derive(Debug)]
pub struct Failure {
    message: String,
    hint: Option<String>,
    usage: bool,
    /// The exit code, when it says more than that the command failed.
    exit: Option<u8>,
    /// The code of Juju's wire, when the broker answered one.
    code: String,
}

/// The result of a command.
pub(crate) type Result<T, E = Failure> = std::result::Result<T, E>;

impl Failure {
    /// The command was understood and did not succeed.
    pub fn failed(message: impl Into<String>) -> Self {
        Self { message: message.into(), hint: None, usage: false, exit: None, code: String::new() }
    }

    /// The command line makes no sense.
    pub fn usage(message: impl Into<String>) -> Self {
        Self { usage: true, ..Self::failed(message) }
    }

    /// The broker is not reached.
    pub(crate) fn no_connection(target: &Target, error: &DialError) -> Self {
        Self::failed(format!("cannot connect to the broker at {}: {error}", target.addresses.join(", ")))
            .with_hint("check that it runs, and that the address and the CA certificate are right")
    }

    /// Adds what to do next.
    #[must_use]
    pub fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Ends with this exit code, which says more than that the command failed.
    #[must_use]
    pub fn with_exit_code(mut self, code: u8) -> Self {
        self.exit = Some(code);
        self
    }

    /// Says first what it was that failed.
    #[must_use]
    pub fn within(mut self, what: &str) -> Self {
        self.message = format!("{what}: {}", self.message);
        self
    }

    /// What to do next.
    pub fn hint(&self) -> Option<&str> {
        self.hint.as_deref()
    }

    /// The code of Juju's wire, empty when the failure is our own.
    pub fn code(&self) -> &str {
        &self.code
    }

    /// The exit code of the process.
    pub fn exit_code(&self) -> u8 {
        self.exit.unwrap_or(if self.usage { 2 } else { 1 })
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl From<CallError> for Failure {
    fn from(error: CallError) -> Self {
        let code = match &error {
            CallError::Remote(remote) => remote.code.clone(),
            _ => String::new(),
        };
        let hint = way_out(&code, &error.to_string());
        Self { hint, code, ..Self::failed(error.to_string()) }
    }
}

/// What to do about an error that the broker answered, where the command line has the answer.
fn way_out(code: &str, message: &str) -> Option<String> {
    let hint = match code {
        "not found" | "model not found" if message.starts_with("model not found") => {
            "\"jimmctl models\" lists the models that you may read, OWNER/NAME and UUID"
        }
        "not found" if message.starts_with("controller not found") => "\"jimmctl controllers\" lists the controllers",
        "unauthorized access" => return login_way_out(message).map(str::to_owned),
        "still alive" => "--force detaches it all the same; what runs on it goes on, and the broker forgets its models",
        _ => return None,
    };
    Some(hint.to_owned())
}

/// What to do about a login that ended badly; the broker's text says what happened, this what to do.
fn login_way_out(message: &str) -> Option<&'static str> {
    const ENDS: [(&str, &str); 8] = [
        ("is disabled", "an administrator of the broker admits you again with \"jimmctl enable-user\""),
        ("is not verified", "verify it there, or take an account whose address is verified"),
        ("login was refused", "run the command again, and agree in the browser"),
        ("login code has expired", "run the command again; a code is good for some minutes"),
        (
            "token is not valid: its audience",
            "show this to an administrator of the broker: its settings name another client",
        ),
        ("token is not valid", "run the command again; if it stays so, show this to an administrator of the broker"),
        (
            "failed to extract id token",
            "show this to an administrator of the broker: it has to ask for the scope openid",
        ),
        ("id token has no claim", "show this to an administrator of the broker, or of the identity provider"),
    ];
    ENDS.iter().find(|(text, _)| message.contains(text)).map(|(_, hint)| *hint)
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        Self::failed(error.to_string())
    }
}

impl From<serde_json::Error> for Failure {
    fn from(error: serde_json::Error) -> Self {
        Self::failed(format!("cannot write the answer: {error}"))
    }
}
