//! Writing to whoever reads: results to standard output, everything else to standard error.

use crate::error::Error;
use std::fmt::Display;
use std::io::{self, Write};
use std::path::Path;
use std::sync::OnceLock;

/// Why standard output could first not be written: a full disk, mostly.
static LOST: OnceLock<io::Error> = OnceLock::new();

/// Prints a line. A failure is told at the end, by [`lost`].
pub fn line(text: impl Display) {
    keep(writeln!(io::stdout(), "{text}"));
}

/// Prints these bytes. A failure is told at the end, by [`lost`].
pub fn bytes(text: &[u8]) {
    keep(io::stdout().write_all(text));
}

fn keep(written: io::Result<()>) {
    match written {
        // A reader who has gone away has read enough.
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            let _ = LOST.set(error);
        }
        _ => {}
    }
}

/// Says something beside the results. Where that cannot be said, nobody is there to be told so.
pub fn aside(text: impl Display) {
    let _ = writeln!(io::stderr(), "{text}");
}

/// Whether all that was printed was written.
///
/// # Errors
/// [`Error::File`] with the first failure.
pub fn lost() -> Result<(), Error> {
    keep(io::stdout().flush());
    match LOST.get() {
        None => Ok(()),
        Some(error) => Err(Error::file(
            Path::new("standard output"),
            io::Error::new(error.kind(), error.to_string()),
        )),
    }
}
