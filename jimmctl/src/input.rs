//! Files that commands read: bounded, `-` for standard input.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use crate::error::{Failure, Result};

/// Reads the file whole. Longer than `longest` bytes is told to be too long for `what`.
pub(crate) fn read(file: &Path, longest: u64, what: &str) -> Result<String> {
    let failed = |e: std::io::Error| Failure::failed(format!("cannot read {}: {e}", file.display()));
    let source: Box<dyn Read> =
        if file == Path::new("-") { Box::new(std::io::stdin()) } else { Box::new(File::open(file).map_err(failed)?) };
    let mut text = String::new();
    source.take(longest + 1).read_to_string(&mut text).map_err(failed)?;
    if text.len() as u64 > longest {
        return Err(Failure::failed(format!("{} is too long {what}: more than {longest} bytes", file.display())));
    }
    Ok(text)
}
