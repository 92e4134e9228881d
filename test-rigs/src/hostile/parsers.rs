//! The parsers of outside bytes alone, held against themselves.

use super::script::Script;
use heapless::Vec;
use miner_tiny::answer;
use miner_tiny::dns;
use miner_tiny::http::{HttpError, Reader};
use miner_tiny::json::{self, Value};

/// Bytes of a body here: small, so that the bound is met often.
const BODY_MAX: usize = 200;

/// Gives each parser the rest of the script.
pub(super) fn attack(script: &mut Script<'_>) {
    let size = script.byte();
    let bytes = script.take(usize::MAX);
    http(bytes, usize::from(size).max(1));
    members(bytes);
    signed(bytes);
    names(bytes);
}

/// How an answer came out: status, `Retry-After`, bytes used, body.
type Read = (u16, Option<u32>, usize, Vec<u8, BODY_MAX>);

fn read(bytes: &[u8], size: usize) -> Result<Read, HttpError> {
    let (mut reader, mut body, mut used) = (Reader::new(), Vec::new(), 0);
    for piece in bytes.chunks(size) {
        let count = reader.feed(piece, &mut body)?;
        used += count;
        if reader.is_done() {
            break;
        }
        assert_eq!(count, piece.len(), "bytes were left over");
    }
    reader.close()?;
    assert!(reader.is_done() && used <= bytes.len());
    Ok((reader.status(), reader.retry_after_s(), used, body))
}

/// An answer is the same however it is cut.
fn http(bytes: &[u8], size: usize) {
    let whole = read(bytes, bytes.len().max(1));
    assert_eq!(whole, read(bytes, size));
    if let Ok((status, _, used, body)) = whole {
        assert!((200..300).contains(&status) || (400..1000).contains(&status));
        assert!(body.len() <= used);
    }
}

/// What is found in an object stands in it.
fn members(bytes: &[u8]) {
    let Some(object) = json::object(bytes) else {
        return;
    };
    for name in ["ok", "nonce", "verdict", "a", ""] {
        let Some(value) = object.get(name) else {
            continue;
        };
        let text: Option<heapless::String<8>> = value.text();
        assert!(text.is_none_or(|text| text.bytes().all(|byte| (b' '..=b'~').contains(&byte))));
        assert!(value.whole().is_none() || value.boolean().is_none());
        let _ = value.get("summary").and_then(Value::text::<8>);
    }
}

/// What was cut out and what was left are the whole.
fn signed(bytes: &[u8]) {
    /// Bytes of the two members: names, quotation marks, colons, a comma, 64 and 128 digits.
    const MEMBERS: usize = 20 + 64 + 20 + 128 + 1;
    let Some(signed) = answer::split(bytes) else {
        return;
    };
    let left = signed.before.len() + signed.after.len();
    let cut = bytes.len() - left;
    assert!(cut == MEMBERS || cut == MEMBERS + 1, "{cut}");
    assert!(bytes.starts_with(signed.before) && bytes.ends_with(signed.after));
}

/// Whatever a name server says after the question, and whatever stands in files.
fn names(bytes: &[u8]) {
    /// The identifier, before what the fuzzer decides of the header.
    const ID: usize = 2;
    /// Flags and three counts: the rest of the header but the number of additional records.
    const DECIDED: usize = 6;
    let _ = (dns::servers(bytes), dns::host(bytes, "node"));
    let query = dns::query(1, "node.example", dns::Kind::A).expect("a host name");
    let mut message = query.to_vec();
    let (header, records) = bytes.split_at(bytes.len().min(DECIDED));
    message[ID..][..header.len()].copy_from_slice(header);
    message.extend_from_slice(records);
    if let Ok(found) = dns::read(&message, &query) {
        assert!(!found.is_empty() && found.iter().all(|address| address.is_ipv4()));
    }
}
