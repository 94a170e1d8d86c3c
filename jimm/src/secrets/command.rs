//! Runs a program that wraps or unwraps keys: arguments as configured and no shell, the key on standard input and output
//! only, within a deadline. What the program says on standard error is not looked at: it might hold the key.

use std::process::Stdio;

use secrecy::{ExposeSecret, SecretSlice};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::process::{Child, Command};

use crate::config::{SealingCommand, variables};

/// More than any wrapped key.
const LONGEST: u64 = 64 << 10;

/// Why a program gave no key. Never holds what went in or came out.
#[derive(Debug, thiserror::Error)]
pub(super) enum CommandError {
    /// It does not start.
    #[error("{program} cannot be started")]
    Start {
        /// The program, without its arguments.
        program: String,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// It took too long.
    #[error("{program} did not end within {seconds} seconds (JIMM_SEALING_COMMAND_TIMEOUT)")]
    Slow {
        /// The program.
        program: String,
        /// The deadline.
        seconds: u64,
    },
    /// It ended badly.
    #[error("{program} ended with {status}: run it by hand to see why")]
    Failed {
        /// The program.
        program: String,
        /// How.
        status: String,
    },
    /// What it wrote is no answer.
    #[error("{program} wrote {what}")]
    Answer {
        /// The program.
        program: String,
        /// What is wrong with it.
        what: &'static str,
    },
}

/// What the program writes when it is given `input`.
pub(super) async fn run(command: &SealingCommand, input: &[u8]) -> Result<SecretSlice<u8>, CommandError> {
    let program = || command.words[0].clone();
    let start = |source| CommandError::Start { program: program(), source };
    let mut child = spawn(command).map_err(start)?;
    let talking = talk(&mut child, input);
    let Ok(said) = tokio::time::timeout(command.timeout, talking).await else {
        return Err(CommandError::Slow { program: program(), seconds: command.timeout.as_secs() });
    };
    let (output, status) = said.map_err(start)?;
    match output.expose_secret().len() as u64 {
        // Who is not listened to any more may end badly for that alone.
        LONGEST.. => Err(CommandError::Answer { program: program(), what: "too much" }),
        _ if !status.success() => Err(CommandError::Failed { program: program(), status: status.to_string() }),
        0 => Err(CommandError::Answer { program: program(), what: "nothing" }),
        _ => Ok(output),
    }
}

fn spawn(command: &SealingCommand) -> std::io::Result<Child> {
    let mut process = Command::new(&command.words[0]);
    process.args(&command.words[1..]).kill_on_drop(true);
    // What it needs from the environment is its own business; our secrets are not.
    for variable in variables::all().filter(|variable| variable.secret) {
        process.env_remove(variable.name);
    }
    process.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn()
}

async fn talk(child: &mut Child, input: &[u8]) -> std::io::Result<(SecretSlice<u8>, std::process::ExitStatus)> {
    let (stdin, stdout) = (child.stdin.take(), child.stdout.take());
    let writing = async {
        if let Some(mut stdin) = stdin {
            // A program that does not read all of it may still answer.
            let _ = stdin.write_all(input).await;
            let _ = stdin.shutdown().await;
        }
    };
    let reading = async {
        let mut output = Vec::with_capacity(4096);
        if let Some(stdout) = stdout {
            stdout.take(LONGEST).read_to_end(&mut output).await?;
        }
        std::io::Result::Ok(SecretSlice::from(output))
    };
    let ((), output) = tokio::join!(writing, reading);
    Ok((output?, child.wait().await?))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn sh(script: &str) -> SealingCommand {
        let words = ["/bin/sh", "-c", script].map(str::to_owned).to_vec();
        SealingCommand { words, timeout: Duration::from_secs(30) }
    }

    #[tokio::test]
    async fn what_goes_in_and_out_is_told_to_nobody() {
        let said = run(&sh("cat"), b"hunter2").await.unwrap();
        assert_eq!(said.expose_secret(), b"hunter2");
        for (script, text) in [
            ("cat; cat >&2; exit 3", "/bin/sh ended with exit status: 3: run it by hand to see why"),
            ("cat >/dev/null", "/bin/sh wrote nothing"),
            ("head -c 70000 /dev/zero", "/bin/sh wrote too much"),
        ] {
            let error = run(&sh(script), b"hunter2").await.unwrap_err();
            assert_eq!(error.to_string(), text);
            assert!(!format!("{error:?}").contains("hunter2"), "{error:?}");
        }
        let slow = SealingCommand { timeout: Duration::from_secs(1), ..sh("cat; exec sleep 60") };
        let error = run(&slow, b"hunter2").await.unwrap_err();
        assert_eq!(error.to_string(), "/bin/sh did not end within 1 seconds (JIMM_SEALING_COMMAND_TIMEOUT)");
        let absent = SealingCommand { words: vec!["/no/such".into()], timeout: Duration::from_secs(1) };
        assert!(run(&absent, b"").await.unwrap_err().to_string().contains("/no/such cannot be started"));
    }
}
