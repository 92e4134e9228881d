//! Small files and names of the system, as texts.

use super::lines::Lines;
use super::system::{FileError, Name, Readers, System};
use heapless::String;

/// Bytes read from a file at a time.
const PIECE: usize = 512;

/// Longest part of a file that is read for its lines.
const FILE_MAX: u32 = 64 * 1024;

/// What is printable ASCII of `bytes`, as much as fits.
fn printable<const N: usize>(bytes: &[u8]) -> String<N> {
    let fine = |byte: &u8| byte.is_ascii_graphic() || *byte == b' ';
    let mut text = String::new();
    for &byte in bytes.iter().filter(|byte| fine(byte)) {
        if text.push(char::from(byte)).is_err() {
            break;
        }
    }
    text
}

/// A name of the system, or nothing.
pub fn name<const N: usize>(system: &mut impl System, name: Name) -> String<N> {
    let mut bytes = [0; N];
    let length = system.name(name, &mut bytes);
    printable(&bytes[..length.min(N)])
}

/// The name of the entry of this number in a folder, the first being 0.
pub fn entry<const N: usize>(
    system: &mut impl System,
    folder: &str,
    index: u32,
) -> Option<String<N>> {
    let mut bytes = [0; N];
    let length = system.entry(folder, index, &mut bytes)?;
    core::str::from_utf8(bytes.get(..length)?)
        .ok()?
        .try_into()
        .ok()
}

/// Calls `each` with the lines of a file that anybody may read.
///
/// # Errors
/// [`FileError`]; what was read before has been passed on.
pub fn each_line(
    system: &mut impl System,
    file: &str,
    each: &mut dyn FnMut(&str),
) -> Result<(), FileError> {
    let mut lines = Lines::default();
    let mut piece = [0; PIECE];
    let mut offset = 0;
    while offset < FILE_MAX {
        let count = system.read(file, Readers::All, offset, &mut piece)?;
        if count == 0 {
            break;
        }
        lines.piece(&piece[..count.min(PIECE)], each);
        offset += count as u32;
    }
    lines.end(each);
    Ok(())
}

/// The first text of a file, trimmed; `None` where there is nothing in it. A device tree's properties
/// are lists of texts that end in a zero byte: the first is the most exact.
pub fn first_text<const N: usize>(system: &mut impl System, file: &str) -> Option<String<N>> {
    let mut piece = [0; PIECE];
    let count = system.read(file, Readers::All, 0, &mut piece).ok()?;
    let piece = &piece[..count.min(PIECE)];
    let end = piece.iter().position(|&b| b == 0 || b == b'\n');
    let text: String<N> = printable(piece[..end.unwrap_or(piece.len())].trim_ascii());
    (!text.is_empty()).then_some(text)
}
