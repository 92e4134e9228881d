//! A node's answer, and what of it the node signed.
//!
//! A node writes its answers as canonical JSON, so its two signature members stand side by side and
//! have fixed lengths. What it signed is the answer's text without them (and without one comma):
//! a miner cuts them out and needs no JSON serialiser to check the signature.

/// What stands before the public key.
const KEY: &[u8] = b"\"node_public_key\":\"";
/// What stands between the public key and the signature.
const SIGNATURE: &[u8] = b"\",\"node_signature\":\"";
/// What stands after the signature.
const END: &[u8] = b"\"";

/// An answer taken apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Signed<'a> {
    /// The signed text up to where the signature members were.
    pub before: &'a [u8],
    /// The signed text from there on.
    pub after: &'a [u8],
    /// The node's Ed25519 public key.
    pub public_key: [u8; 32],
    /// Its signature over `before` followed by `after`.
    pub signature: [u8; 64],
}

/// Takes an answer apart; `None` where it is not signed in the form that a node writes. Whether the
/// signature is good, and the key the right one, is the caller's to check.
pub fn split(answer: &[u8]) -> Option<Signed<'_>> {
    let start = answer.windows(KEY.len()).position(|w| w == KEY)?;
    let rest = answer[start..].strip_prefix(KEY)?;
    let (public_key, rest) = hex(rest)?;
    let (signature, rest) = hex(rest.strip_prefix(SIGNATURE)?)?;
    let rest = rest.strip_prefix(END)?;
    let before = &answer[..start];
    let (before, after) = match (rest.strip_prefix(b","), before.strip_suffix(b",")) {
        (Some(after), _) => (before, after),
        (None, Some(before)) => (before, rest),
        (None, None) => (before, rest),
    };
    Some(Signed {
        before,
        after,
        public_key,
        signature,
    })
}

/// `N` bytes of lower-case hexadecimal text, and what follows it.
fn hex<const N: usize>(text: &[u8]) -> Option<([u8; N], &[u8])> {
    let (digits, rest) = text.split_at_checked(2 * N)?;
    let mut bytes = [0; N];
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
        *byte = digit(pair[0])? << 4 | digit(pair[1])?;
    }
    Some((bytes, rest))
}

fn digit(c: u8) -> Option<u8> {
    match c {
        b'0'..=b'9' => Some(c - b'0'),
        b'a'..=b'f' => Some(c - b'a' + 10),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::string::String;
    use std::{format, vec::Vec};

    fn members() -> String {
        format!(
            "\"node_public_key\":\"{}\",\"node_signature\":\"{}\"",
            "0a".repeat(32),
            "f1".repeat(64)
        )
    }

    fn signed_text(answer: &str) -> Option<Vec<u8>> {
        let signed = split(answer.as_bytes())?;
        assert_eq!(signed.public_key, [0x0a; 32]);
        assert_eq!(signed.signature, [0xf1; 64]);
        Some([signed.before, signed.after].concat())
    }

    #[test]
    fn the_members_are_cut_wherever_they_stand() {
        let m = members();
        for (answer, text) in [
            (
                format!("{{\"a\":1,{m},\"ok\":true}}"),
                "{\"a\":1,\"ok\":true}",
            ),
            (format!("{{{m},\"ok\":true}}"), "{\"ok\":true}"),
            (format!("{{\"a\":1,{m}}}"), "{\"a\":1}"),
            (format!("{{{m}}}"), "{}"),
        ] {
            assert_eq!(signed_text(&answer).as_deref(), Some(text.as_bytes()));
        }
    }

    #[test]
    fn anything_else_is_not_signed() {
        let m = members();
        assert_eq!(split(b""), None);
        assert_eq!(split(b"{\"ok\":true}"), None);
        assert_eq!(split(m.replace("0a", "0A").as_bytes()), None);
        assert_eq!(split(m.replace("signature", "sig").as_bytes()), None);
        for length in 0..m.len() {
            assert_eq!(split(&m.as_bytes()[..length]), None);
        }
    }

    proptest! {
        #[test]
        fn no_answer_panics(before: Vec<u8>, after: Vec<u8>, cut in 0usize..300) {
            let m = members();
            let mut answer = before;
            answer.extend_from_slice(&m.as_bytes()[..cut.min(m.len())]);
            answer.extend_from_slice(&after);
            let _ = split(&answer);
        }
    }
}
