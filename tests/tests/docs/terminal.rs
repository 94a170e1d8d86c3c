//! A person at a terminal: a shell that prints to a pseudo-terminal and is given one command after another.

use std::fs::File;
use std::io::{Read, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

/// What the shell prints after each command, with its exit code.
const END: &str = "@@ended ";

/// A shell that remembers variables and functions from command to command.
pub(crate) struct Terminal {
    child: Child,
    commands: File,
    output: Receiver<Vec<u8>>,
    seen: Vec<u8>,
}

/// How a command ended.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) code: i32,
    pub(crate) output: String,
}

impl Terminal {
    /// Opens one in a directory. Commands reach the shell through a pipe of `scratch`, so that nothing echoes them; what
    /// they print goes to a terminal of 200 columns.
    pub(crate) fn open(dir: &Path, scratch: &Path) -> Self {
        let pipe = scratch.join("commands");
        let made = Command::new("mkfifo").arg(&pipe).status().expect("mkfifo runs");
        assert!(made.success(), "mkfifo {}", pipe.display());
        let shell = format!("stty rows 50 cols 200; exec bash '{}' </dev/null", pipe.display());
        let mut script = Command::new("script");
        script.args(["-qefc", &shell, "/dev/null"]).current_dir(dir).env("HOME", scratch).env("TERM", "xterm");
        for (name, _) in std::env::vars_os() {
            let inherited = name.to_string_lossy().into_owned();
            if ["JIMM_", "JUJU_", "SIM_", "SIM1", "SIM2", "RUST_"].iter().any(|start| inherited.starts_with(start)) {
                script.env_remove(name);
            }
        }
        let mut child =
            script.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().expect("`script` (of bsdutils) runs");
        let mut reader = child.stdout.take().expect("its output");
        let (sender, output) = channel();
        std::thread::spawn(move || {
            let mut buffer = [0; 4096];
            while let Ok(length @ 1..) = reader.read(&mut buffer) {
                if sender.send(buffer[..length].to_vec()).is_err() {
                    break;
                }
            }
        });
        let commands = File::options().write(true).open(&pipe).expect("the shell reads");
        Self { child, commands, output, seen: Vec::new() }
    }

    /// Runs a command to its end. `watch` is shown what was printed so far, whenever there is more.
    pub(crate) fn run(&mut self, command: &str, deadline: Duration, mut watch: impl FnMut(&str)) -> Ended {
        self.seen.clear();
        writeln!(self.commands, "{command}\nprintf '\\n{END}%s\\n' $?").expect("the shell lives");
        let end = Instant::now() + deadline;
        loop {
            let text = String::from_utf8_lossy(&self.seen).replace("\r\n", "\n");
            if let Some((output, code)) = text.split_once(&format!("\n{END}")).filter(|(_, rest)| rest.contains('\n')) {
                let code = code.lines().next().and_then(|code| code.trim().parse().ok()).expect("an exit code");
                return Ended { code, output: output.to_owned() };
            }
            watch(&text);
            match self.output.recv_timeout(end.saturating_duration_since(Instant::now())) {
                Ok(more) => self.seen.extend(more),
                Err(e) => panic!("{command}\ndid not end ({e}); it printed:\n{text}"),
            }
        }
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = writeln!(self.commands, "exit 0");
        let end = Instant::now() + Duration::from_secs(5);
        while matches!(self.child.try_wait(), Ok(None)) && Instant::now() < end {
            std::thread::sleep(Duration::from_millis(20));
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
