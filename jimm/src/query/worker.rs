//! The process that runs a program: it gives up what it could harm with, then answers frame by frame until its broker
//! has nothing more to ask. It may be killed at any moment.

use std::io;
use std::process::ExitCode;

use jimm_proto::params::status::FullStatus;
use rustix::process::{Resource, Rlimit, setpriority_process, setrlimit};
use serde_json::value::RawValue;

use super::frames::{self, Answer, Compiled};
use super::program::Program;
use super::{MEMORY, status};

/// How deep a program may recurse, in bytes of its stack.
const STACK: usize = 64 << 20;
/// How much less than others a program gets of the processors, where they are short.
const NICE: i32 = 10;
/// Address space beside what a program may take: the executable and its libraries.
const BESIDE: u64 = 1 << 30;

/// Runs until the end of standard input.
pub fn main() -> ExitCode {
    let worker = std::thread::Builder::new().stack_size(STACK).spawn(|| work(&mut io::stdin(), &mut io::stdout()));
    match worker.map(std::thread::JoinHandle::join) {
        Ok(Ok(Ok(()))) => ExitCode::SUCCESS,
        _ => ExitCode::FAILURE,
    }
}

fn work(from: &mut impl io::Read, to: &mut impl io::Write) -> io::Result<()> {
    let Some(first) = frames::read(from)? else { return Ok(()) };
    let frames::Program { program, seconds } = serde_json::from_slice(&first)?;
    give_up(seconds)?;
    let program = match Program::compile(&program) {
        Ok(program) => program,
        Err(error) => return frames::write(to, &Compiled { error }),
    };
    frames::write(to, &Compiled { error: String::new() })?;
    while let Some(question) = frames::read(from)? {
        let answer = answer(&program, &question);
        frames::write(to, &answer)?;
    }
    Ok(())
}

fn answer(program: &Program, question: &[u8]) -> Answer {
    let failed = |error: String| Answer { outputs: Vec::new(), error: Some(error) };
    let shown = serde_json::from_slice::<frames::Question>(question).and_then(|question| {
        let status: FullStatus = serde_json::from_str(question.status.get())?;
        serde_json::to_vec(&status::shown(&status, &question.controller))
    });
    let shown = match shown {
        Ok(shown) => shown,
        Err(e) => return failed(format!("the controller's status cannot be read: {e}")),
    };
    let done = program.run(&shown);
    let outputs = done.outputs.into_iter().map(RawValue::from_string).collect();
    match outputs {
        Ok(outputs) => Answer { outputs, error: done.error.map(|error| format!("jq error: {error}")) },
        Err(e) => failed(format!("an output is not JSON: {e}")),
    }
}

/// What the kernel holds us to from now on, whatever the program does.
fn give_up(seconds: u64) -> io::Result<()> {
    // Whoever else needs the processors comes first.
    setpriority_process(None, NICE)?;
    let most = |limit: u64| Rlimit { current: Some(limit), maximum: Some(limit) };
    setrlimit(Resource::Data, most(MEMORY + STACK as u64))?;
    setrlimit(Resource::As, most(MEMORY + STACK as u64 + BESIDE))?;
    setrlimit(Resource::Cpu, most(seconds.max(1)))?;
    setrlimit(Resource::Core, most(0))?;
    setrlimit(Resource::Fsize, most(0))?;
    Ok(())
}
