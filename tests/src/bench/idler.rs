//! A relay that does nothing: the least that anything between a client and a controller can cost on this machine. It
//! knows bytes only: no TLS, no frames, no rights.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, Result};

use super::usage;
use crate::process;

const START: Duration = Duration::from_secs(10);

/// A relay that runs, in a process of its own.
pub(super) struct Idler {
    pub(super) port: u16,
    child: Child,
}

impl Idler {
    /// Starts this very program as a relay to a port of this machine.
    pub(super) fn start(to: u16) -> Result<Self> {
        let port = process::free_port();
        let mut command = Command::new(std::env::current_exe()?);
        command.args(["--relay", &format!("{port}:{to}")]).stdin(Stdio::null());
        let idler = Self { port, child: command.spawn().context("the relay that does nothing")? };
        let listens = || TcpStream::connect(("127.0.0.1", port)).is_ok().then_some(());
        process::wait_for("the relay that does nothing listens", START, listens)?;
        Ok(idler)
    }

    /// The processor time that it has used.
    pub(super) fn used(&self) -> Result<Duration> {
        usage::cpu(self.child.id())
    }
}

impl Drop for Idler {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Relays every connection to one port of this machine to another one, until it is stopped: two threads for each.
///
/// # Errors
/// When it cannot listen.
pub fn relay(at: u16, to: u16) -> Result<()> {
    for client in TcpListener::bind(("127.0.0.1", at))?.incoming() {
        let (client, server) = (client?, TcpStream::connect(("127.0.0.1", to))?);
        for (from, to) in [(client.try_clone()?, server.try_clone()?), (server, client)] {
            to.set_nodelay(true)?;
            std::thread::spawn(move || pass_on(from, to));
        }
    }
    Ok(())
}

fn pass_on(mut from: TcpStream, mut to: TcpStream) {
    let mut buffer = vec![0; 64 << 10];
    while let Ok(count @ 1..) = from.read(&mut buffer) {
        if to.write_all(&buffer[..count]).is_err() {
            break;
        }
    }
    let _ = to.shutdown(Shutdown::Both);
}
