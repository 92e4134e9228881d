//! As much HTTP/1.1 as a miner needs: the head of a request, and answers that arrive in any pieces.
//!
//! Sources: RFC 9112 (message syntax: §4 status line, §5 fields, §6.3 length of a body, §7.1
//! chunks), RFC 9110 (§15 status codes, §10.2.3 `Retry-After`). Obsolete line folding and trailers
//! are passed over; a redirection is refused, because a submission must not reach a node that its
//! owner did not name.

use core::fmt::{self, Write};
use heapless::{String, Vec, VecView};

/// Bytes of a request's head: the fixed text, a host and a path.
pub const HEAD_MAX: usize = 640;

/// Bytes of an answer's head with all its fields, at most: twice what servers commonly send at most.
pub const ANSWER_HEAD_MAX: u32 = 16 * 1024;

/// Bytes of a line of an answer's head that are looked at: every field that matters is shorter.
const LINE: usize = 80;

/// Interim answers (1xx) before the answer, at most.
const INTERIM_MAX: u8 = 4;

/// Hexadecimal digits of a chunk's size, at most: more than any body that is read.
const CHUNK_DIGITS: usize = 8;

/// Why an answer cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HttpError {
    /// The first line is no status line of HTTP/1.
    NotHttp,
    /// The head is longer than [`ANSWER_HEAD_MAX`], or interim answers never end.
    HeadTooLong,
    /// The body is longer than the caller's buffer.
    BodyTooLong,
    /// The length of the body is stated twice, or as no number, or in an unknown coding.
    BadLength,
    /// A chunk is malformed.
    BadChunk,
    /// The node wants to send the miner elsewhere (3xx).
    Redirected,
    /// The connection closed before the answer was whole.
    Incomplete,
}

impl HttpError {
    /// A stable name for scripts.
    pub const fn code(self) -> &'static str {
        match self {
            HttpError::NotHttp => "NOT_HTTP",
            HttpError::HeadTooLong => "ANSWER_HEAD_TOO_LONG",
            HttpError::BodyTooLong => "ANSWER_TOO_LONG",
            HttpError::BadLength => "BAD_ANSWER_LENGTH",
            HttpError::BadChunk => "BAD_CHUNK",
            HttpError::Redirected => "REDIRECTED",
            HttpError::Incomplete => "INCOMPLETE_ANSWER",
        }
    }
}

impl fmt::Display for HttpError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            HttpError::NotHttp => "what answers does not speak HTTP",
            HttpError::HeadTooLong => "the head of the answer is too long",
            HttpError::BodyTooLong => "the answer is too long",
            HttpError::BadLength => "the answer does not say how long it is",
            HttpError::BadChunk => "a chunk of the answer is malformed",
            HttpError::Redirected => "the node redirects elsewhere, which is not followed",
            HttpError::Incomplete => "the answer ended early",
        })
    }
}

impl core::error::Error for HttpError {}

/// Writes the head of `POST base path` with a JSON body of `length` bytes; `Err` where it does not
/// fit. The texts must be printable ASCII without spaces: see [`is_plain`].
pub fn write_head(
    out: &mut String<HEAD_MAX>,
    host: &str,
    base: &str,
    path: &str,
    length: usize,
) -> fmt::Result {
    out.clear();
    write!(
        out,
        "POST {base}{path} HTTP/1.1\r\nHost: {host}\r\nUser-Agent: {}\r\n\
         Content-Type: application/json\r\nContent-Length: {length}\r\n\
         Accept: application/json\r\nConnection: close\r\n\r\n",
        concat!("verdigris-tiny/", env!("CARGO_PKG_VERSION"))
    )
}

/// Whether a text can stand in a request line or a field: printable ASCII without spaces.
pub fn is_plain(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_graphic())
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum At {
    StatusLine,
    Fields,
    /// So many bytes of body are to come.
    Body(u32),
    /// The body ends with the connection.
    UntilClose,
    ChunkSize,
    /// So many bytes of this chunk are to come.
    Chunk(u32),
    ChunkEnd,
    Trailers,
    Done,
}

/// An answer being read: a status, what the fields say, and how far it is.
#[derive(Debug, Clone)]
pub struct Reader {
    at: At,
    /// The line being read, as far as it is looked at.
    line: Vec<u8, LINE>,
    /// Whether the line is longer than `line`.
    clipped: bool,
    head_bytes: u32,
    interim: u8,
    status: u16,
    length: Option<u32>,
    chunked: bool,
    retry_after_s: Option<u32>,
}

impl Default for Reader {
    fn default() -> Self {
        Reader::new()
    }
}

impl Reader {
    /// A reader at the beginning of an answer.
    pub const fn new() -> Self {
        Reader {
            at: At::StatusLine,
            line: Vec::new(),
            clipped: false,
            head_bytes: 0,
            interim: 0,
            status: 0,
            length: None,
            chunked: false,
            retry_after_s: None,
        }
    }

    /// The status, once the status line was read; otherwise 0.
    pub fn status(&self) -> u16 {
        self.status
    }

    /// `Retry-After` in seconds, where it was given so.
    pub fn retry_after_s(&self) -> Option<u32> {
        self.retry_after_s
    }

    /// Whether the answer is whole.
    pub fn is_done(&self) -> bool {
        self.at == At::Done
    }

    /// Reads the next piece, and appends what belongs to the body to `body`. Gives the bytes used:
    /// all of them, unless the answer ended within. Cost: linear in the piece.
    ///
    /// # Errors
    /// See [`HttpError`]; the reader must not be fed any further.
    pub fn feed(&mut self, piece: &[u8], body: &mut VecView<u8>) -> Result<usize, HttpError> {
        let mut used = 0;
        // Every turn uses at least one byte or ends.
        while used < piece.len() && self.at != At::Done {
            let rest = &piece[used..];
            used += match self.at {
                At::Body(left) => {
                    let taken = take(rest, left, body)?;
                    self.at = match left - taken {
                        0 => At::Done,
                        left => At::Body(left),
                    };
                    taken as usize
                }
                At::Chunk(left) => {
                    let taken = take(rest, left, body)?;
                    self.at = match left - taken {
                        0 => At::ChunkEnd,
                        left => At::Chunk(left),
                    };
                    taken as usize
                }
                At::UntilClose => take(rest, u32::MAX, body)? as usize,
                _ => {
                    self.line_byte(rest[0])?;
                    1
                }
            };
            // A body that cannot fit is refused before it arrives.
            if let At::Body(left) | At::Chunk(left) = self.at {
                if left as usize > body.capacity() - body.len() {
                    return Err(HttpError::BodyTooLong);
                }
            }
        }
        Ok(used)
    }

    /// The connection was closed by the node.
    ///
    /// # Errors
    /// [`HttpError::Incomplete`] where the answer was not whole.
    pub fn close(&mut self) -> Result<(), HttpError> {
        match self.at {
            At::Done => Ok(()),
            At::UntilClose => {
                self.at = At::Done;
                Ok(())
            }
            _ => Err(HttpError::Incomplete),
        }
    }

    /// A byte of a line of the head, of a chunk's size or of the trailers.
    fn line_byte(&mut self, byte: u8) -> Result<(), HttpError> {
        self.head_bytes += 1;
        if self.head_bytes > ANSWER_HEAD_MAX {
            return Err(HttpError::HeadTooLong);
        }
        if byte != b'\n' {
            self.clipped |= self.line.push(byte).is_err();
            return Ok(());
        }
        let mut line = core::mem::take(&mut self.line);
        let clipped = core::mem::take(&mut self.clipped);
        if !clipped && line.last() == Some(&b'\r') {
            line.pop();
        }
        match self.at {
            At::StatusLine => self.status_line(&line),
            At::Fields if line.is_empty() => self.end_of_head(),
            At::Fields => self.field(&line, clipped),
            At::ChunkSize => self.chunk_size(&line, clipped),
            At::ChunkEnd if line.is_empty() => {
                self.at = At::ChunkSize;
                // The bound on the head is a bound on what is between two chunks.
                self.head_bytes = 0;
                Ok(())
            }
            At::ChunkEnd => Err(HttpError::BadChunk),
            At::Trailers => {
                if line.is_empty() {
                    self.at = At::Done;
                }
                Ok(())
            }
            At::Body(_) | At::UntilClose | At::Chunk(_) | At::Done => Ok(()),
        }
    }

    fn status_line(&mut self, line: &[u8]) -> Result<(), HttpError> {
        // "HTTP/1." DIGIT SP 3DIGIT [SP reason]
        let rest = line.strip_prefix(b"HTTP/1.").ok_or(HttpError::NotHttp)?;
        let &[minor, b' ', a, b, c, ref reason @ ..] = rest else {
            return Err(HttpError::NotHttp);
        };
        let digits = [a, b, c];
        let well_formed = minor.is_ascii_digit()
            && digits.iter().all(u8::is_ascii_digit)
            && reason.first().is_none_or(|&byte| byte == b' ');
        if !well_formed || a == b'0' {
            return Err(HttpError::NotHttp);
        }
        self.status = digits
            .iter()
            .fold(0, |status, digit| status * 10 + u16::from(digit - b'0'));
        self.at = At::Fields;
        Ok(())
    }

    fn field(&mut self, line: &[u8], clipped: bool) -> Result<(), HttpError> {
        let Some(colon) = line.iter().position(|&byte| byte == b':') else {
            // A folded line, or nonsense: nothing that matters.
            return Ok(());
        };
        let (name, value) = (&line[..colon], line[colon + 1..].trim_ascii());
        let is = |wanted: &str| name.eq_ignore_ascii_case(wanted.as_bytes());
        if is("content-length") {
            let length = number(value)
                .filter(|_| !clipped)
                .ok_or(HttpError::BadLength)?;
            if self.length.is_some_and(|known| known != length) {
                return Err(HttpError::BadLength);
            }
            self.length = Some(length);
        } else if is("transfer-encoding") {
            // No other coding was asked for.
            if clipped || !value.eq_ignore_ascii_case(b"chunked") || self.chunked {
                return Err(HttpError::BadLength);
            }
            self.chunked = true;
        } else if is("retry-after") && !clipped {
            self.retry_after_s = number(value);
        }
        Ok(())
    }

    fn end_of_head(&mut self) -> Result<(), HttpError> {
        match self.status {
            100..=199 => {
                self.interim += 1;
                if self.interim > INTERIM_MAX || self.status == 101 {
                    return Err(HttpError::HeadTooLong);
                }
                (self.length, self.chunked) = (None, false);
                self.at = At::StatusLine;
                return Ok(());
            }
            300..=399 => return Err(HttpError::Redirected),
            _ => {}
        }
        self.at = match (self.chunked, self.length) {
            // Both: somebody in between disagrees with somebody else (RFC 9112 §6.3).
            (true, Some(_)) => return Err(HttpError::BadLength),
            (true, None) => At::ChunkSize,
            _ if self.status == 204 => At::Done,
            (false, Some(0)) => At::Done,
            (false, Some(length)) => At::Body(length),
            (false, None) => At::UntilClose,
        };
        Ok(())
    }

    fn chunk_size(&mut self, line: &[u8], clipped: bool) -> Result<(), HttpError> {
        let end = line.iter().position(|&byte| byte == b';');
        let digits = line[..end.unwrap_or(line.len())].trim_ascii();
        // An extension may be as long as it likes; a size may not.
        if digits.is_empty() || digits.len() > CHUNK_DIGITS || (clipped && end.is_none()) {
            return Err(HttpError::BadChunk);
        }
        let size = digits.iter().try_fold(0u32, |size, &digit| {
            let digit = char::from(digit).to_digit(16)?;
            Some(size << 4 | digit)
        });
        self.at = match size.ok_or(HttpError::BadChunk)? {
            0 => At::Trailers,
            size => At::Chunk(size),
        };
        Ok(())
    }
}

/// Moves up to `left` bytes to the body; gives how many.
fn take(rest: &[u8], left: u32, body: &mut VecView<u8>) -> Result<u32, HttpError> {
    let taken = rest.len().min(left as usize);
    body.extend_from_slice(&rest[..taken])
        .map_err(|_| HttpError::BodyTooLong)?;
    // No longer than `left`.
    Ok(taken as u32)
}

/// A decimal number of digits alone.
fn number(text: &[u8]) -> Option<u32> {
    if text.is_empty() {
        return None;
    }
    text.iter().try_fold(0u32, |number, digit| {
        let digit = char::from(*digit).to_digit(10)?;
        number.checked_mul(10)?.checked_add(digit)
    })
}

#[cfg(test)]
#[path = "http_tests.rs"]
mod tests;
