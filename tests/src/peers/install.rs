//! Where the clients come from: Python's and node's registries, pinned by lock files, into the user's cache; the real `juju`
//! clients from where `make test-juju` builds them.

use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, ensure};
use sha2::{Digest as _, Sha256};

use crate::process;

/// The oldest node that the library runs on.
const OLDEST_NODE: u32 = 20;

/// What is there on this machine to run clients with.
#[derive(Clone, Debug, Default)]
pub struct Tools {
    /// Python with the libraries, if there is one.
    pub python: Option<PathBuf>,
    /// The folder with the packages for node, if there is one.
    pub node: Option<PathBuf>,
    /// Clients of Juju by the name of their generation.
    pub juju: Vec<(String, PathBuf)>,
    /// What is not there, and why.
    pub missing: Vec<String>,
}

impl Tools {
    /// Installs the libraries and looks for the clients.
    pub fn find() -> Result<Self> {
        let mut tools = Self::default();
        match python()? {
            Some(python) => tools.python = Some(python),
            None => tools.missing.push("no python3 of 3.11 or newer with venv, so no python-libjuju".to_owned()),
        }
        match node()? {
            Some(folder) => tools.node = Some(folder),
            None => tools.missing.push(format!("no node {OLDEST_NODE} or newer with npm, so no jujulib")),
        }
        let built = process::cache().with_file_name("real-juju").join("bin");
        for (generation, program) in [("3.6", "juju36"), ("4.1", "juju")] {
            let program = built.join(program);
            if program.is_file() {
                tools.juju.push((generation.to_owned(), program));
            } else {
                let why = "make test-juju has not built it here";
                tools.missing.push(format!("no juju {generation} and no jubilant with it: {why}"));
            }
        }
        Ok(tools)
    }
}

/// The version that a lock file pins.
pub(super) fn pinned(package: &str) -> Result<String> {
    let folder = process::workspace().join("tests/peers");
    let text = std::fs::read_to_string(folder.join("python/requirements.in"))?;
    let python = text.lines().find_map(|line| line.strip_prefix(&format!("{package}==")).map(str::to_owned));
    if let Some(version) = python {
        return Ok(version);
    }
    let text = std::fs::read_to_string(folder.join("node/package.json"))?;
    let json: serde_json::Value = serde_json::from_str(&text)?;
    Ok(json["dependencies"][package].as_str().with_context(|| format!("nothing pins {package}"))?.to_owned())
}

/// A small charm in an archive, made anew: the same bytes each time.
pub fn charm(to: &Path) -> Result<()> {
    let metadata = "name: rig\nsummary: does nothing\ndescription: does nothing\nprovides:\n  web: {interface: http}\n\
                    requires:\n  back: {interface: http}\n";
    let files = [
        ("config.yaml", "options:\n  title: {type: string, default: hello, description: a title}\n"),
        ("manifest.yaml", "bases:\n- {name: ubuntu, channel: '24.04', architectures: [amd64]}\n"),
        ("metadata.yaml", metadata),
        ("dispatch", "#!/bin/sh\n"),
    ];
    std::fs::write(to, stored(&files)).with_context(|| format!("cannot write {}", to.display()))
}

/// A zip archive of files that are only stored in it.
fn stored(files: &[(&str, &str)]) -> Vec<u8> {
    let (mut archive, mut directory) = (Vec::new(), Vec::new());
    for (name, content) in files {
        let at = u32::try_from(archive.len()).unwrap_or_default();
        let size = u32::try_from(content.len()).unwrap_or_default().to_le_bytes();
        let mut head = Vec::new();
        // Version 2.0, no flags, stored, 1980-01-01 00:00.
        head.extend([20, 0, 0, 0, 0, 0, 0, 0, 0x21, 0]);
        head.extend(crc32(content.as_bytes()).to_le_bytes());
        head.extend(size);
        head.extend(size);
        head.extend(u16::try_from(name.len()).unwrap_or_default().to_le_bytes());
        head.extend([0, 0]);
        archive.extend(b"PK\x03\x04");
        archive.extend(&head);
        archive.extend(name.bytes().chain(content.bytes()));
        // Made on Unix, a plain file that everybody may run.
        directory.extend(b"PK\x01\x02\x14\x03");
        directory.extend(&head);
        directory.extend([0; 6]);
        directory.extend([0, 0, 0xed, 0x81]);
        directory.extend(at.to_le_bytes());
        directory.extend(name.bytes());
    }
    let (start, size) = (u32::try_from(archive.len()), u32::try_from(directory.len()));
    let count = u16::try_from(files.len()).unwrap_or_default().to_le_bytes();
    archive.extend(directory);
    archive.extend(b"PK\x05\x06\0\0\0\0");
    archive.extend(count);
    archive.extend(count);
    archive.extend(size.unwrap_or_default().to_le_bytes());
    archive.extend(start.unwrap_or_default().to_le_bytes());
    archive.extend([0, 0]);
    archive
}

fn crc32(bytes: &[u8]) -> u32 {
    let step = |crc: u32, byte: &u8| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| (crc >> 1) ^ (0xedb8_8320 & 0u32.wrapping_sub(crc & 1)))
    };
    !bytes.iter().fold(!0, step)
}

/// Python in an environment of its own with the libraries.
fn python() -> Result<Option<PathBuf>> {
    let tried = ["-c", "import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))"];
    let usable = Command::new("python3").args(tried).stdin(Stdio::null()).stderr(Stdio::null()).status();
    if !usable.is_ok_and(|status| status.success()) {
        return Ok(None);
    }
    let source = process::workspace().join("tests/peers/python/requirements.txt");
    let version = Command::new("python3").arg("--version").output()?.stdout;
    let place = place("python", &[&version, &std::fs::read(&source)?])?;
    let python = place.folder.join("bin/python");
    if !place.is_whole() {
        run(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&place.folder))?;
        let mut pip = Command::new(place.folder.join("bin/pip"));
        pip.args(["install", "--quiet", "--disable-pip-version-check", "--require-hashes", "--no-deps", "-r"]);
        run(pip.arg(&source))?;
        place.is_done()?;
    }
    Ok(Some(python))
}

/// A folder with the packages for node.
fn node() -> Result<Option<PathBuf>> {
    let version = |program: &str| {
        let output = Command::new(program).arg("--version").stderr(Stdio::null()).output().ok()?;
        output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
    };
    let Some((node, _)) = version("node").zip(version("npm")) else { return Ok(None) };
    let major = node.strip_prefix('v').and_then(|rest| rest.split('.').next()?.parse::<u32>().ok());
    if major.is_none_or(|major| major < OLDEST_NODE) {
        return Ok(None);
    }
    let source = process::workspace().join("tests/peers/node");
    let files = ["package.json", "package-lock.json"];
    let contents = files.map(|file| std::fs::read(source.join(file)).unwrap_or_default());
    let place = place("node", &[node.as_bytes(), &contents[0], &contents[1]])?;
    if !place.is_whole() {
        std::fs::create_dir_all(&place.folder)?;
        for file in files {
            std::fs::copy(source.join(file), place.folder.join(file))?;
        }
        let mut npm = Command::new("npm");
        npm.args(["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]);
        run(npm.current_dir(&place.folder))?;
        place.is_done()?;
    }
    Ok(Some(place.folder))
}

/// A folder of the cache, named by what it is made of; one at a time fills it.
struct Place {
    folder: PathBuf,
    _lock: File,
}

impl Place {
    fn is_whole(&self) -> bool {
        self.folder.join("whole").exists()
    }

    fn is_done(&self) -> Result<()> {
        File::create(self.folder.join("whole"))?.flush()?;
        Ok(())
    }
}

fn place(kind: &str, made_of: &[&[u8]]) -> Result<Place> {
    let mut digest = Sha256::new();
    for part in made_of {
        digest.update(part);
    }
    let cache = process::cache().join("peers");
    std::fs::create_dir_all(&cache)?;
    let lock = File::create(cache.join(format!("{kind}.lock")))?;
    lock.lock()?;
    let folder = cache.join(format!("{kind}-{}", &hex::encode(digest.finalize())[..16]));
    Ok(Place { folder, _lock: lock })
}

fn run(command: &mut Command) -> Result<()> {
    let output = command.stdin(Stdio::null()).output().with_context(|| format!("cannot run {command:?}"))?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{command:?} failed: {said}");
    Ok(())
}
