//! Configuration files: lines of `NAME = VALUE` or `NAME VALUE`, as any editor of any system leaves them.
//!
//! Lines end with CR-LF, LF or CR. `#` and `;` start a remark where a line begins or white space is
//! before them. Names are those of the command line's options, in any case, with `-` or `_`. A name
//! with nothing after its `=` says nothing. The disk that boots reads its settings by the same rules.

use super::arguments::{Settings, Task};
use super::system::{FileError, Readers, System};
use super::{tell, BAD_FILE, BAD_OPTIONS};
use heapless::String;

/// The file in the current folder that is read where no other is named, if it is there.
pub const USUAL_FILE: &str = "VERDIGRIS.CFG";

/// Bytes of a file, at most.
pub const FILE_MAX: usize = 4096;

/// Letters of a name that are kept: more than any known name has.
const NAME_MAX: usize = 16;

/// The end of a text file for CP/M and DOS; old editors still write it.
const END_OF_TEXT: u8 = 0x1a;

/// What some editors begin a UTF-8 file with.
const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();

/// A line that sets something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setting<'a> {
    /// Which one, the first being 1.
    pub line: u32,
    /// What it sets, in small letters, with `-` for `_`; cut where it is longer than any known name.
    pub name: String<NAME_MAX>,
    /// The value without the white space around it; `None` where nothing stands after the name.
    pub value: Option<&'a [u8]>,
}

/// The settings of a file, in order.
#[derive(Debug, Clone)]
pub struct Lines<'a> {
    rest: &'a [u8],
    line: u32,
}

/// Reads a file's bytes. Cost: one pass.
pub fn lines(file: &[u8]) -> Lines<'_> {
    Lines {
        rest: file.strip_prefix(BYTE_ORDER_MARK).unwrap_or(file),
        line: 0,
    }
}

impl<'a> Iterator for Lines<'a> {
    type Item = Setting<'a>;

    fn next(&mut self) -> Option<Setting<'a>> {
        while !self.rest.is_empty() {
            self.line += 1;
            let text = next_line(&mut self.rest);
            let end = text.iter().position(|&byte| is_mark(byte));
            let (name, after) = text.split_at_checked(end.unwrap_or(text.len()))?;
            if name.is_empty() && after.is_empty() {
                continue;
            }
            let after = after.trim_ascii_start();
            let value = after.strip_prefix(b"=").unwrap_or(after).trim_ascii();
            return Some(Setting {
                line: self.line,
                name: plain(name),
                value: (!after.is_empty()).then_some(value),
            });
        }
        None
    }
}

/// Whether a name ends before this.
fn is_mark(byte: u8) -> bool {
    byte == b'=' || byte.is_ascii_whitespace()
}

/// Takes the first line off a text: without its end, its remark, and white space around it.
fn next_line<'a>(rest: &mut &'a [u8]) -> &'a [u8] {
    let text = *rest;
    let (mut end, mut before, mut length) = (0, b' ', None);
    for &byte in text {
        match byte {
            b'\r' | b'\n' => break,
            b'#' | b';' if before.is_ascii_whitespace() => length = length.or(Some(end)),
            END_OF_TEXT => length = length.or(Some(end)),
            _ => {}
        }
        before = byte;
        end += 1;
    }
    let after = text.get(end..).unwrap_or_default();
    *rest = after
        .strip_prefix(b"\r\n")
        .or_else(|| after.get(1..))
        .unwrap_or_default();
    text.get(..length.unwrap_or(end))
        .unwrap_or_default()
        .trim_ascii()
}

/// A name as the command line has it, without its dashes; cut where it is longer than any known one.
pub fn plain(name: &[u8]) -> String<NAME_MAX> {
    let mut plain = String::new();
    for &byte in name {
        let letter = match byte {
            b'_' => '-',
            _ => char::from(byte.to_ascii_lowercase()),
        };
        // Full: what is left is not looked at.
        let _ = plain.push(letter);
    }
    plain
}

/// Takes over the settings of the file that they name, or of [`USUAL_FILE`] if it is there.
///
/// # Errors
/// The exit status; what is wrong has been said, with the line's number and what to do.
pub(super) fn read(system: &mut impl System, settings: &mut Settings) -> Result<(), i32> {
    let named = settings.config.clone();
    let file = match named.as_str() {
        "" => USUAL_FILE,
        named => named,
    };
    // One byte more than is allowed, so that what is too long is seen.
    let mut bytes = [0; FILE_MAX + 1];
    let why = match system.read(file, Readers::All, 0, &mut bytes) {
        Ok(length) => match bytes.get(..length) {
            Some(bytes) if length <= FILE_MAX => return take(system, settings, file, bytes),
            _ => "is longer than 4096 bytes",
        },
        Err(FileError::Absent) if named.is_empty() => return Ok(()),
        Err(FileError::Absent) => "is not there",
        Err(_) => "cannot be read",
    };
    tell(system, format_args!("error: {file} {why}"));
    Err(BAD_FILE)
}

/// Takes over the settings of a file's bytes.
fn take(
    system: &mut impl System,
    settings: &mut Settings,
    file: &str,
    bytes: &[u8],
) -> Result<(), i32> {
    for Setting { line, name, value } in lines(bytes) {
        if value == Some(b"") {
            continue;
        }
        let set = match value.map(core::str::from_utf8) {
            _ if name == "config" => Err("is for the command line"),
            Some(Err(_)) => Err("is not text"),
            Some(Ok(value)) => settings.set(&name, Some(value)),
            None => settings.set(&name, None),
        };
        let why = match set {
            Ok(()) if settings.task == Task::Attest => continue,
            Ok(()) => "is for the command line",
            Err(why) => why,
        };
        tell(
            system,
            format_args!(
                "error: {file} line {line}:\n  {name} {why}\n\
                 next: correct that line, or put a # at\n\
                 its start; --help has the names"
            ),
        );
        return Err(BAD_OPTIONS);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::string::String as Owned;
    use std::vec::Vec;

    fn read(file: &[u8]) -> Vec<(u32, Owned, Option<Owned>)> {
        let owned = |value: &[u8]| Owned::from_utf8_lossy(value).into_owned();
        lines(file)
            .map(|found| {
                (
                    found.line,
                    found.name.as_str().into(),
                    found.value.map(owned),
                )
            })
            .collect()
    }

    #[test]
    fn a_file_from_dos_a_mac_and_unix_says_the_same() {
        let text = [
            "# the node",
            "NODE = http://h:8099   ; here",
            "",
            "  wallet a file#1;2",
            "Node_Key=",
            "quick",
            "a=b=c",
            "=",
            "\tname\t=\tx\t# y",
        ];
        let expected = [
            (2, "node", Some("http://h:8099")),
            (4, "wallet", Some("a file#1;2")),
            (5, "node-key", Some("")),
            (6, "quick", None),
            (7, "a", Some("b=c")),
            (8, "", Some("")),
            (9, "name", Some("x")),
        ]
        .map(|(line, name, value)| (line, name.into(), value.map(Into::into)));
        for end in ["\n", "\r\n", "\r"] {
            assert_eq!(read(text.join(end).as_bytes()), expected);
        }
    }

    #[test]
    fn what_editors_add_is_passed_over() {
        let one = [(1, "quick".into(), Some("yes".into()))];
        assert_eq!(read("\u{feff}quick = yes\r\n\u{1a}".as_bytes()), one);
        assert_eq!(read(b"quick yes\x1a rest"), one);
        assert!(read(b"").is_empty() && read(b"\r\n\r\n \t;").is_empty());
    }

    #[test]
    fn a_long_name_is_no_known_one() {
        let found = read(&[b'q'; 5000]);
        assert_eq!(found, [(1, "q".repeat(NAME_MAX), None)]);
    }

    proptest! {
        #[test]
        fn every_line_is_read_by_itself(
            texts in proptest::collection::vec("[a-z=# ;_\t]{0,12}", 0..6),
            end in "\n|\r\n|\r",
        ) {
            let whole = read(texts.join(&end).as_bytes());
            let each = texts.iter().enumerate().flat_map(|(number, text)| {
                read(text.as_bytes())
                    .into_iter()
                    .map(move |(_, name, value)| (number as u32 + 1, name, value))
            });
            prop_assert_eq!(whole, each.collect::<Vec<_>>());
        }

        #[test]
        fn no_file_panics(file: Vec<u8>) {
            for (line, _, value) in read(&file) {
                prop_assert!(line > 0 && value.is_none_or(|value| !value.contains('\n')));
            }
        }
    }
}
