//! The broker's end of a worker: it starts one, asks it, and kills it when it takes too long.

use std::io;
use std::os::unix::process::ExitStatusExt as _;
use std::process::Stdio;
use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};

use super::frames::{self, Answer, Compiled, Program, Question};
use super::{COMMAND, LONGEST_PROGRAM, LONGEST_STATUS, MEMORY};

/// Ourselves, even when the file was replaced meanwhile.
const OURSELVES: &str = "/proc/self/exe";
/// How long a worker may take to start and to compile.
const START: Duration = Duration::from_secs(10);

/// A program that runs apart; it ends with this value.
#[derive(Debug)]
pub struct Apart {
    child: Child,
    stdin: ChildStdin,
    stdout: ChildStdout,
    patience: Duration,
}

/// Why a program does not run.
#[derive(Debug)]
pub enum Refused {
    /// It makes no sense.
    Program(String),
    /// We cannot start a process.
    Start(io::Error),
}

/// What a program made of a status.
#[derive(Debug, Default)]
pub struct Outcome {
    /// Its outputs.
    pub outputs: Vec<Box<RawValue>>,
    /// Why there are no more, where that is not for want of outputs.
    pub error: Option<String>,
    /// Whether the worker has ended over it.
    pub is_over: bool,
}

impl Apart {
    /// Starts a worker for the program, which may take `patience` for each status and that much processor time in all.
    pub async fn start(program: &str, patience: Duration, in_all: Duration) -> Result<Self, Refused> {
        if program.len() > LONGEST_PROGRAM {
            return Err(Refused::Program(format!("it is longer than {LONGEST_PROGRAM} bytes")));
        }
        let mut command = Command::new(OURSELVES);
        command.arg(COMMAND).env_clear().current_dir("/").kill_on_drop(true);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().map_err(Refused::Start)?;
        let (Some(stdin), Some(stdout)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(Refused::Start(io::ErrorKind::BrokenPipe.into()));
        };
        let mut apart = Self { child, stdin, stdout, patience };
        let first = Program { program: program.to_owned(), seconds: in_all.as_secs() + 1 };
        match tokio::time::timeout(START, apart.ask::<Compiled>(&first)).await {
            Ok(Ok(Compiled { error })) if error.is_empty() => Ok(apart),
            Ok(Ok(Compiled { error })) => Err(Refused::Program(error)),
            Ok(Err(_)) => Err(Refused::Program(apart.how_it_ended().await)),
            Err(_) => Err(Refused::Program(format!("it does not compile within {} seconds", START.as_secs()))),
        }
    }

    /// What the program makes of what `Client.FullStatus` told of a model on that controller.
    pub async fn run(&mut self, controller: &str, status: Box<RawValue>) -> Outcome {
        if status.get().len() > LONGEST_STATUS {
            let text = format!("its status is longer than {LONGEST_STATUS} bytes");
            return Outcome { error: Some(text), ..Outcome::default() };
        }
        let question = Question { controller: controller.to_owned(), status };
        let error = match tokio::time::timeout(self.patience, self.ask::<Answer>(&question)).await {
            Ok(Ok(Answer { outputs, error })) => return Outcome { outputs, error, is_over: false },
            Ok(Err(_)) => self.how_it_ended().await,
            Err(_) => format!("it takes longer than {:?} for this model", self.patience),
        };
        // Who is killed cannot refuse.
        let _ = self.child.start_kill();
        Outcome { outputs: Vec::new(), error: Some(format!("jq error: {error}")), is_over: true }
    }

    async fn ask<A: DeserializeOwned>(&mut self, question: &impl Serialize) -> io::Result<A> {
        self.stdin.write_all(&frames::frame(question)?).await?;
        let mut head = [0; 4];
        self.stdout.read_exact(&mut head).await?;
        let mut answer = vec![0; frames::length(head)?];
        self.stdout.read_exact(&mut answer).await?;
        Ok(serde_json::from_slice(&answer)?)
    }

    async fn how_it_ended(&mut self) -> String {
        let status = tokio::time::timeout(Duration::from_secs(1), self.child.wait()).await;
        match status.ok().and_then(Result::ok).and_then(|status| status.signal()) {
            Some(24 | 9) => "it takes too much processor time".to_owned(),
            _ => format!("it takes more than {} MiB of memory, or recurses too deep", MEMORY >> 20),
        }
    }
}
