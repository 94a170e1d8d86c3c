//! A demo that a test started by the built program, as `make demo` does; it is taken down with the value.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use crate::process;

/// A demo in a directory of its own.
#[derive(Debug)]
pub struct Standing {
    base: tempfile::TempDir,
}

impl Standing {
    /// Starts it in `target/demo` below a temporary directory.
    ///
    /// # Panics
    /// When it does not start.
    pub fn up() -> Self {
        let demo = Self { base: tempfile::tempdir().expect("a directory") };
        std::fs::create_dir(demo.base.path().join("target")).expect("a directory");
        demo.again();
        demo
    }

    /// The directory that stands for the clone: the demo is in `target/demo` below it.
    pub fn clone_dir(&self) -> &Path {
        self.base.path()
    }

    /// The demo's directory.
    pub fn dir(&self) -> PathBuf {
        self.base.path().join("target/demo")
    }

    /// Starts it (again), and answers what it said.
    ///
    /// # Panics
    /// When it does not start.
    pub fn again(&self) -> String {
        let output = self.run("up");
        let log = std::fs::read_to_string(self.dir().join("log/jimmsrv.log")).unwrap_or_default();
        let text = said(&output);
        assert!(output.status.success(), "{text}\n--- the broker's log\n{log}");
        text
    }

    /// Runs one of its commands, `up` or `down`.
    ///
    /// # Panics
    /// When the program cannot be started.
    pub fn run(&self, command: &str) -> Output {
        let mut demo = Command::new(process::built("demo"));
        for name in ["JIMM_PORT", "SIM1_SHAPE", "SIM2_SHAPE"] {
            demo.env_remove(name);
        }
        demo.args([command, "--dir"]).arg(self.dir()).stdin(Stdio::null()).output().expect("the demo runs")
    }

    /// The variables of its `env`, as a shell reads them.
    ///
    /// # Panics
    /// When there is no shell.
    pub fn env(&self) -> HashMap<String, String> {
        let script = format!(". {}; env -0", self.dir().join("env").display());
        let output = Command::new("/bin/sh").args(["-c", &script]).env_clear().output().expect("a shell");
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        text.split('\0').filter_map(|pair| pair.split_once('=')).map(|(k, v)| (k.into(), v.into())).collect()
    }
}

impl Drop for Standing {
    fn drop(&mut self) {
        self.run("down");
    }
}

/// What a program wrote to both of its outputs.
pub(crate) fn said(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}
