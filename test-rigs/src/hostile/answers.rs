//! What a hostile node answers: honest answers, lies of every sort, and edits of both.

use super::script::Script;
use miner_tiny::session::{Signer, TEXT_MAX};
use miner_tiny::wallet::Key;
use std::collections::HashMap;
use std::sync::{Mutex, OnceLock};

/// The challenge of the honest node.
pub const NONCE: &str = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";

/// Edits of an answer, at most.
const EDITS_MAX: u8 = 8;
/// Signatures remembered, at most: signing is the dearest thing here.
pub(super) const REMEMBERED_MAX: usize = 4096;

/// Two nodes: one that the miner may know, and another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Node {
    /// The one that honest answers come from.
    Usual,
    /// Somebody else.
    Other,
}

/// A text that a node signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedText {
    /// Who signed.
    pub node: Node,
    /// Exactly what was signed.
    pub text: Vec<u8>,
}

impl Node {
    /// The node's key.
    pub fn key(self) -> &'static Key {
        static KEYS: OnceLock<[Key; 2]> = OnceLock::new();
        let [usual, other] =
            KEYS.get_or_init(|| [Key::from_seed(&[1; 32]), Key::from_seed(&[2; 32])]);
        match self {
            Node::Usual => usual,
            Node::Other => other,
        }
    }

    /// The members that a node adds to its answer, with its signature over `text`.
    fn members(self, text: &[u8]) -> String {
        /// By whether it is the usual node, and by the text.
        type Signatures = HashMap<(bool, Vec<u8>), String>;
        static KNOWN: Mutex<Option<Signatures>> = Mutex::new(None);
        let mut known = KNOWN
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        let known = known.get_or_insert_with(HashMap::new);
        let place = (self == Node::Usual, text.to_vec());
        if let Some(members) = known.get(&place) {
            return members.clone();
        }
        let key = self.key();
        let hex = |bytes: &[u8]| -> String { bytes.iter().map(|b| format!("{b:02x}")).collect() };
        let members = format!(
            "\"node_public_key\":\"{}\",\"node_signature\":\"{}\"",
            hex(&key.public_key()),
            hex(&key.sign(text))
        );
        if known.len() < REMEMBERED_MAX {
            known.insert(place, members.clone());
        }
        members
    }
}

/// What one connection answers.
#[derive(Debug, Clone, Default)]
pub struct Answer {
    /// The bytes, head and all.
    pub bytes: Vec<u8>,
    /// What nodes signed for it.
    pub signed: Vec<SignedText>,
}

/// An answer by the script: to a request for a challenge, or to a submission for `nonce`.
pub fn answer(script: &mut Script<'_>, submission: bool, nonce: &str) -> Answer {
    let mut out = Answer::default();
    let honest = match submission {
        false => challenge(NONCE),
        true => acceptance(nonce),
    };
    let signed = |node, text: String, out: &mut Answer| sign(node, text.as_bytes(), out);
    out.bytes = match script.byte() % 18 {
        0 => plain("200 OK", &signed(Node::Usual, honest, &mut out)),
        1 => {
            let body = signed(Node::Usual, honest, &mut out);
            chunked(&body, script)
        }
        2 => {
            let body = signed(Node::Usual, honest, &mut out);
            [b"HTTP/1.1 200 OK\r\n\r\n".as_slice(), &body].concat()
        }
        3 => script.bytes().to_vec(),
        4 => refusal(script),
        5 => {
            // Whatever the fuzzer likes, under a good signature.
            let body = sign(Node::Usual, script.bytes(), &mut out);
            plain("200 OK", &body)
        }
        6 => plain("200 OK", &signed(Node::Other, honest, &mut out)),
        7 => plain("200 OK", honest.as_bytes()),
        8 => {
            let text = acceptance(&NONCE.replace('0', "1"));
            plain("200 OK", &signed(Node::Usual, text, &mut out))
        }
        9 => {
            let body = misplaced(script, &honest, &mut out);
            plain("200 OK", &body)
        }
        10 => {
            let body = signed(Node::Usual, honest, &mut out);
            long_head(script, &body)
        }
        11 => long_body(script),
        12 => {
            let interim = b"HTTP/1.1 100 Continue\r\n\r\n".repeat((script.byte() % 8).into());
            let body = signed(Node::Usual, honest, &mut out);
            [interim, plain("200 OK", &body)].concat()
        }
        13 => {
            // A length of the fuzzer's own.
            let body = signed(Node::Usual, honest, &mut out);
            let length = script.bytes();
            [
                b"HTTP/1.1 200 OK\r\nContent-Length: ",
                length,
                b"\r\n\r\n",
                &body,
            ]
            .concat()
        }
        14 => {
            let depth = script.byte().into();
            let open = ["{\"a\":", "["][usize::from(script.byte() % 2)];
            plain(
                "200 OK",
                format!("{{\"a\":{}", open.repeat(depth)).as_bytes(),
            )
        }
        15 => {
            let body = sign(Node::Usual, members(script, nonce).as_bytes(), &mut out);
            plain("200 OK", &body)
        }
        16 => plain("200 OK", members(script, nonce).as_bytes()),
        _ => {
            // An answer within an answer, and one after another.
            let inner = signed(Node::Usual, honest.clone(), &mut out);
            let both = [b"{\"a\":".as_slice(), &inner, b"}"].concat();
            let outer = sign(Node::Other, &both, &mut out);
            [plain("200 OK", &outer), plain("200 OK", &inner)].concat()
        }
    };
    edit(script, &mut out.bytes);
    out
}

fn challenge(nonce: &str) -> String {
    format!("{{\"bound_miner\":\"m\",\"expires_at\":300,\"nonce\":\"{nonce}\",\"server_time\":0}}")
}

fn acceptance(nonce: &str) -> String {
    format!(
        "{{\"epoch\":353,\"fingerprint_passed\":true,\"nonce\":\"{nonce}\",\"ok\":true,\
         \"ticket_id\":\"ticket_1\",\"verdict\":{{\"checks\":[{{\"summary\":\"no\"}}],\
         \"class\":\"g4\",\"family\":\"PowerPC\",\"physical\":true,\
         \"summary\":\"Real \\\"silicon\\\".\",\"weight_units\":2500000000}}}}"
    )
}

/// Signs a text as a node does, whose members stand where the alphabet wants them, and remembers it.
/// A text that is no object is signed all the same, with the members at its end.
fn sign(node: Node, text: &[u8], out: &mut Answer) -> Vec<u8> {
    let at = text
        .windows(7)
        .position(|window| window == b"\"nonce\"")
        .unwrap_or(text.len().saturating_sub(1));
    let comma = match text.get(at) {
        Some(b'}') if at > 1 => Comma::Before,
        _ => Comma::After,
    };
    insert(node, text, at, comma, out)
}

#[derive(Clone, Copy)]
enum Comma {
    Before,
    After,
    None,
}

fn insert(node: Node, text: &[u8], at: usize, comma: Comma, out: &mut Answer) -> Vec<u8> {
    let members = node.members(text);
    out.signed.push(SignedText {
        node,
        text: text.to_vec(),
    });
    let (before, after) = text.split_at(at);
    let (left, right) = match comma {
        Comma::Before => (",", ""),
        Comma::After => ("", ","),
        Comma::None => ("", ""),
    };
    [
        before,
        left.as_bytes(),
        members.as_bytes(),
        right.as_bytes(),
        after,
    ]
    .concat()
}

/// A good signature in a bad place.
fn misplaced(script: &mut Script<'_>, honest: &str, out: &mut Answer) -> Vec<u8> {
    let at = script.place(honest.len() + 1);
    let comma = [Comma::After, Comma::Before, Comma::None][usize::from(script.byte() % 3)];
    insert(Node::Usual, honest.as_bytes(), at, comma, out)
}

fn plain(status: &str, body: &[u8]) -> Vec<u8> {
    let head = format!(
        "HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    [head.as_bytes(), body].concat()
}

fn chunked(body: &[u8], script: &mut Script<'_>) -> Vec<u8> {
    let mut out = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n".to_vec();
    let mut rest = body;
    while !rest.is_empty() {
        let size = match script.byte() {
            0 => rest.len(),
            size => usize::from(size).min(rest.len()),
        };
        let (chunk, more) = rest.split_at(size);
        out.extend_from_slice(format!("{size:x}\r\n").as_bytes());
        out.extend_from_slice(chunk);
        out.extend_from_slice(b"\r\n");
        rest = more;
    }
    out.extend_from_slice(b"0\r\n\r\n");
    out
}

fn refusal(script: &mut Script<'_>) -> Vec<u8> {
    const STATUS: [&str; 12] = [
        "422 Unprocessable Entity",
        "409 Conflict",
        "429 Too Many Requests",
        "503 Service Unavailable",
        "301 Moved Permanently",
        "204 No Content",
        "101 Switching Protocols",
        "100 Continue",
        "999",
        "000 Nothing",
        "404",
        "200",
    ];
    let status = STATUS[usize::from(script.byte()) % STATUS.len()];
    let body =
        b"{\"code\":\"EVIDENCE_REJECTED\",\"error\":\"evidence_rejected\",\"message\":\"It does \
                 not fit.\",\"ok\":false,\"verdict\":{\"physical\":false,\"summary\":\"s\"}}";
    let head = format!(
        "HTTP/1.1 {status}\r\nContent-Length: {}\r\nRetry-After: ",
        body.len()
    );
    [head.as_bytes(), script.bytes(), b"\r\n\r\n", body].concat()
}

fn long_head(script: &mut Script<'_>, body: &[u8]) -> Vec<u8> {
    let mut head = b"HTTP/1.1 200 OK\r\n".to_vec();
    let (fields, length) = (script.byte(), script.byte());
    for _ in 0..fields {
        head.extend_from_slice(b"X-Filler: ");
        head.extend(std::iter::repeat_n(b'x', length.into()));
        head.extend_from_slice(b"\r\n");
    }
    head.extend_from_slice(b"\r\n");
    head.extend_from_slice(body);
    head
}

/// Bodies about as long as the buffer, with a true length, one too short, or none.
fn long_body(script: &mut Script<'_>) -> Vec<u8> {
    let length = TEXT_MAX - 64 + usize::from(script.byte());
    let stated = match script.byte() % 4 {
        0 => format!("Content-Length: {length}\r\n"),
        1 => format!("Content-Length: {}\r\n", TEXT_MAX),
        2 => format!("Content-Length: {}\r\n", u64::MAX),
        _ => String::new(),
    };
    let head = format!("HTTP/1.1 200 OK\r\n{stated}\r\n");
    let fill = script.byte();
    [head.into_bytes(), vec![fill; length]].concat()
}

/// An object of members that matter, with values that may not.
fn members(script: &mut Script<'_>, nonce: &str) -> String {
    const NAMES: [&str; 16] = [
        "ok",
        "nonce",
        "ticket_id",
        "epoch",
        "verdict",
        "physical",
        "family",
        "class",
        "summary",
        "weight_units",
        "fingerprint_passed",
        "code",
        "message",
        "error",
        "node_signature",
        "node_public_key",
    ];
    const VALUES: [&str; 15] = [
        "true",
        "false",
        "null",
        "0",
        "18446744073709551615",
        "18446744073709551616",
        "-1",
        "1e9",
        "\"\"",
        "\"\\\"",
        "\"\\u00zz\"",
        "[{}]",
        "{",
        "\"\\ud83d\\ude00\"",
        "",
    ];
    let mut out = String::from("{");
    for index in 0..script.byte() % 12 {
        if index > 0 {
            out.push(',');
        }
        let choice = script.byte();
        out.push_str(&format!("\"{}\":", NAMES[usize::from(choice % 16)]));
        match script.byte() {
            0 => out.push_str(&format!("\"{nonce}\"")),
            1 => out.push_str("{\"physical\":true,\"summary\":\"s\",\"weight_units\":7}"),
            2 => out.push_str(&format!("\"{}\"", "w".repeat(script.word().into()))),
            choice => out.push_str(VALUES[usize::from(choice) % VALUES.len()]),
        }
    }
    out.push('}');
    out
}

/// Flips, cuts, repeats and splices.
fn edit(script: &mut Script<'_>, bytes: &mut Vec<u8>) {
    const PARTS: [&[u8]; 12] = [
        b"\r\n\r\n",
        b"\r\n",
        b"HTTP/1.1 200 OK\r\n",
        b"Transfer-Encoding: chunked\r\n",
        b"Content-Length: 4294967295\r\n",
        b"ffffffff\r\n",
        b"0\r\n\r\n",
        b"\"node_signature\":\"",
        b"\"node_public_key\":\"",
        b"\"ok\":true",
        b"\\u0000",
        b"\0\xff\x80",
    ];
    // Answers must not outgrow what a session is given to read.
    const LENGTH_MAX: usize = 4 * TEXT_MAX;
    for _ in 0..script.byte() % (EDITS_MAX + 1) {
        let kind = script.byte();
        let at = script.place(bytes.len() + 1);
        match kind % 8 {
            0 => {
                let bit = 1 << (script.byte() % 8);
                if let Some(byte) = bytes.get_mut(at) {
                    *byte ^= bit;
                }
            }
            1 => {
                let new = script.byte();
                if let Some(byte) = bytes.get_mut(at) {
                    *byte = new;
                }
            }
            2 => bytes.truncate(at),
            3 => {
                let to = at + script.place(bytes.len() - at + 1);
                bytes.drain(at..to);
            }
            4 => {
                let to = at + script.place(bytes.len() - at + 1);
                let copy = bytes[at..to].to_vec();
                if bytes.len() + copy.len() < LENGTH_MAX {
                    bytes.splice(at..at, copy);
                }
            }
            5 => {
                bytes.splice(at..at, script.bytes().iter().copied());
            }
            6 => {
                let part = PARTS[usize::from(script.byte()) % PARTS.len()];
                bytes.splice(at..at, part.iter().copied());
            }
            _ => {
                let other = script.place(bytes.len() + 1);
                let (from, to) = (at.min(other), at.max(other));
                bytes[from..to].reverse();
            }
        }
    }
}
