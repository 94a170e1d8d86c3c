//! Where log lines wait for a moment, so that many go to stderr with one write. Warnings and errors go at once, and all
//! that waits with them.

use std::io::{self, Write as _};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tracing::{Level, Metadata};
use tracing_subscriber::fmt::MakeWriter;

/// How long a line waits at most.
const WAIT: Duration = Duration::from_millis(50);
/// From so many bytes on nobody waits.
const FULL: usize = 64 * 1024;

/// The lines that wait. Cheap to clone.
#[derive(Clone, Default)]
pub(super) struct LogBuffer(Arc<Shared>);

#[derive(Default)]
struct Shared {
    lines: Mutex<Vec<u8>>,
    some: Condvar,
}

impl LogBuffer {
    /// A buffer with a thread that empties it. Where no thread can be had, lines wait for a warning or for their like.
    pub(super) fn start() -> Self {
        let buffer = Self::default();
        let emptied = buffer.clone();
        let thread = std::thread::Builder::new().name("log".to_owned()).spawn(move || emptied.empty());
        if let Err(error) = thread {
            let _ = writeln!(io::stderr(), "the log is written late: {error}");
        }
        buffer
    }

    fn empty(&self) {
        let mut lines = self.lines();
        loop {
            lines = self.0.some.wait_while(lines, |lines| lines.is_empty()).unwrap_or_else(PoisonError::into_inner);
            drop(lines);
            std::thread::sleep(WAIT);
            self.flush();
            lines = self.lines();
        }
    }

    /// Takes a line.
    pub(super) fn add(&self, line: &[u8], urgent: bool) {
        let mut lines = self.lines();
        let first = lines.is_empty();
        lines.extend_from_slice(line);
        if urgent || lines.len() >= FULL {
            Self::write(&mut lines);
        } else if first {
            self.0.some.notify_one();
        }
    }

    /// Writes what waits.
    pub(super) fn flush(&self) {
        let mut lines = self.lines();
        Self::write(&mut lines);
    }

    /// Under the lock, so that lines keep their order. Where stderr leads nowhere, nothing can be told to anybody.
    fn write(lines: &mut Vec<u8>) {
        let _ = io::stderr().write_all(lines);
        lines.clear();
        lines.shrink_to(FULL);
    }

    fn lines(&self) -> MutexGuard<'_, Vec<u8>> {
        self.0.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Takes one line.
pub(super) struct Line<'a> {
    buffer: &'a LogBuffer,
    urgent: bool,
}

impl io::Write for Line<'_> {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.buffer.add(line, self.urgent);
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for LogBuffer {
    type Writer = Line<'a>;

    fn make_writer(&'a self) -> Line<'a> {
        Line { buffer: self, urgent: true }
    }

    fn make_writer_for(&'a self, meta: &Metadata<'_>) -> Line<'a> {
        Line { buffer: self, urgent: *meta.level() <= Level::WARN }
    }
}
