//! What broker and worker say to each other: lengths and JSON, over pipes.

use std::io::{self, Read, Write};

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

/// Longer frames are none: a status, or the outputs of a program, with what is around them.
pub(super) const LONGEST: usize = super::LONGEST_STATUS + (1 << 20);

/// The first frame to the worker; it answers with [`Compiled`].
#[derive(Debug, Deserialize, Serialize)]
pub(super) struct Program {
    pub(super) program: String,
    /// Processor time that all of it may take, in seconds.
    pub(super) seconds: u64,
}

/// What the program is.
#[derive(Debug, Deserialize, Serialize)]
pub(super) struct Compiled {
    /// What is wrong with it, or nothing.
    pub(super) error: String,
}

/// Each further frame; the worker answers with [`Answer`].
#[derive(Debug, Deserialize, Serialize)]
pub(super) struct Question {
    /// The name of the model's controller.
    pub(super) controller: String,
    /// What `Client.FullStatus` told.
    pub(super) status: Box<RawValue>,
}

/// What the program made of it.
#[derive(Debug, Deserialize, Serialize)]
pub(super) struct Answer {
    pub(super) outputs: Vec<Box<RawValue>>,
    /// Why there are no more, where that is not for want of outputs.
    pub(super) error: Option<String>,
}

/// The bytes of a frame.
pub(super) fn frame(of: &impl Serialize) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0; 4];
    serde_json::to_writer(&mut bytes, of)?;
    let length = bytes.len() - 4;
    let too_long = || io::Error::new(io::ErrorKind::InvalidData, "a frame is too long");
    let head = u32::try_from(length).ok().filter(|_| length <= LONGEST).ok_or_else(too_long)?;
    bytes[..4].copy_from_slice(&head.to_be_bytes());
    Ok(bytes)
}

/// How long the frame behind this head is.
pub(super) fn length(head: [u8; 4]) -> io::Result<usize> {
    let length = usize::try_from(u32::from_be_bytes(head)).unwrap_or(usize::MAX);
    if length > LONGEST {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "a frame is too long"));
    }
    Ok(length)
}

/// Reads a frame; nothing at the end.
pub(super) fn read(from: &mut impl Read) -> io::Result<Option<Vec<u8>>> {
    let mut head = [0; 4];
    match from.read_exact(&mut head) {
        Err(e) if e.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
        other => other?,
    }
    let mut bytes = vec![0; length(head)?];
    from.read_exact(&mut bytes)?;
    Ok(Some(bytes))
}

/// Writes a frame.
pub(super) fn write(to: &mut impl Write, of: &impl Serialize) -> io::Result<()> {
    to.write_all(&frame(of)?)?;
    to.flush()
}
