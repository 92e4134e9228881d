//! Looking for a secret in bytes that leave a machine.

use sha2::{Digest, Sha256};
use std::fmt::Write;

/// Bytes of a secret whose appearance is a leak: 16 of 32 would halve what protects a key.
const PART: usize = 16;

/// How a secret may look in a text, each a whole part of `PART` bytes. Kept as digests: a fuzzer that
/// watches comparisons would learn the secret otherwise, and have the node say it.
#[derive(Debug, Clone)]
pub struct Leaks {
    /// Form, length and digest of each.
    needles: Vec<(&'static str, usize, [u8; 32])>,
    /// Whether some needle starts with these two bytes: a single pass finds all of them.
    starts: Vec<bool>,
}

impl Leaks {
    /// All aligned parts of these secrets, as they are, in hexadecimal of either case, and in base64
    /// (RFC 4648, both alphabets) at any alignment.
    pub fn of(secrets: &[&[u8]]) -> Self {
        let mut needles = Vec::new();
        for part in secrets.iter().flat_map(|secret| secret.chunks_exact(PART)) {
            let hex = part.iter().fold(String::new(), |mut text, byte| {
                let _ = write!(text, "{byte:02x}");
                text
            });
            needles.push(("raw", part.to_vec()));
            needles.push(("reversed", part.iter().rev().copied().collect()));
            needles.push(("hex", hex.to_uppercase().into_bytes()));
            needles.push(("hex", hex.into_bytes()));
            // Three bytes are four digits: a part may start at any of three places in them. Digits that
            // neighbours share are left off at both ends.
            for skip in 0..3 {
                let whole = &part[skip..][..(PART - skip) / 3 * 3];
                for last in [b"+/", b"-_"] {
                    needles.push(("base64", base64(whole, last)));
                }
            }
        }
        needles.sort();
        needles.dedup();
        let mut starts = vec![false; 1 << 16];
        for (_, needle) in &needles {
            starts[start(needle[0], needle[1])] = true;
        }
        let digest =
            |(form, needle): (_, Vec<u8>)| (form, needle.len(), Sha256::digest(needle).into());
        Leaks {
            needles: needles.into_iter().map(digest).collect(),
            starts,
        }
    }

    /// In which form a part of a secret stands in `bytes`, if one does.
    pub fn find(&self, bytes: &[u8]) -> Option<&'static str> {
        (1..bytes.len())
            .filter(|&at| self.starts[start(bytes[at - 1], bytes[at])])
            .find_map(|at| {
                let rest = &bytes[at - 1..];
                let is_here = |&&(_, length, digest): &&(_, usize, [u8; 32])| {
                    let here = rest.get(..length);
                    here.is_some_and(|here| digest == <[u8; 32]>::from(Sha256::digest(here)))
                };
                self.needles.iter().find(is_here).map(|(form, ..)| *form)
            })
    }
}

fn start(first: u8, second: u8) -> usize {
    usize::from(u16::from_le_bytes([first, second]))
}

fn base64(bytes: &[u8], last: &[u8; 2]) -> Vec<u8> {
    let digits: Vec<u8> = (b'A'..=b'Z')
        .chain(b'a'..=b'z')
        .chain(b'0'..=b'9')
        .chain(*last)
        .collect();
    let group = |three: &[u8]| {
        let bits = three
            .iter()
            .fold(0u32, |bits, &byte| bits << 8 | u32::from(byte));
        [18, 12, 6, 0].map(|shift| digits[(bits >> shift & 63) as usize])
    };
    bytes.chunks_exact(3).flat_map(group).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: [u8; 32] = *b"\x00\xffan expanded secret, or a seed.";

    #[test]
    fn a_secret_is_found_in_any_clothes() {
        let leaks = Leaks::of(&[&SECRET]);
        let hex: String = SECRET.iter().map(|byte| format!("{byte:02x}")).collect();
        let mut backwards = SECRET;
        backwards.reverse();
        for (form, text) in [
            ("raw", SECRET.to_vec()),
            ("reversed", backwards.to_vec()),
            ("hex", hex.clone().into_bytes()),
            ("hex", hex.to_uppercase().into_bytes()),
            ("raw", SECRET[16..].to_vec()),
        ] {
            let sent = [b"before".as_slice(), &text, b"after"].concat();
            assert_eq!(leaks.find(&sent), Some(form));
        }
        for before in 0..3 {
            let mut bytes = vec![b'x'; before];
            bytes.extend_from_slice(&SECRET);
            bytes.resize(bytes.len().div_ceil(3) * 3, b'x');
            for alphabet in [b"+/", b"-_"] {
                let sent = base64(&bytes, alphabet);
                assert_eq!(leaks.find(&sent), Some("base64"), "{before}");
            }
        }
        assert_eq!(base64(b"Many hands", b"+/"), b"TWFueSBoYW5k");
    }

    #[test]
    fn what_is_no_secret_is_none() {
        let leaks = Leaks::of(&[&SECRET]);
        assert_eq!(leaks.find(b""), None);
        assert_eq!(leaks.find(&SECRET[..15]), None);
        assert_eq!(leaks.find(&[0; 100]), None);
    }
}
