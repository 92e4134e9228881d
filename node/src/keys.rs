//! Ed25519 keys, addresses, and the node's signature on its answers.

use ed25519_dalek::{Signature, Signer, SigningKey, VerifyingKey};
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use crate::json::canonical_without;

/// Hexadecimal digits of an address after `RTC`.
const ADDRESS_DIGITS: usize = 40;

/// Members of an answer that its signature does not cover.
const SIGNATURE_MEMBERS: [&str; 2] = ["node_public_key", "node_signature"];

/// The operating system gave no random bytes.
#[derive(Debug)]
pub struct NoRandomness;

impl std::fmt::Display for NoRandomness {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the operating system gives no random bytes")
    }
}

impl std::error::Error for NoRandomness {}

/// `N` bytes from the operating system's generator.
///
/// # Errors
/// [`NoRandomness`] where there is none.
pub fn random<const N: usize>() -> Result<[u8; N], NoRandomness> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|_| NoRandomness)?;
    Ok(bytes)
}

/// Lower-case hexadecimal text.
pub fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut out = String::with_capacity(bytes.len() * 2);
    for &byte in bytes {
        out.push(char::from(DIGITS[usize::from(byte >> 4)]));
        out.push(char::from(DIGITS[usize::from(byte & 15)]));
    }
    out
}

/// Exactly `N` bytes from hexadecimal text of either case.
pub fn unhex<const N: usize>(text: &str) -> Option<[u8; N]> {
    if text.len() != N * 2 {
        return None;
    }
    let mut out = [0; N];
    for (to, pair) in out.iter_mut().zip(text.as_bytes().chunks(2)) {
        *to = byte(pair)?;
    }
    Some(out)
}

/// As many bytes as hexadecimal text of either case has; `None` for anything else.
pub fn unhex_all(text: &str) -> Option<Vec<u8>> {
    text.as_bytes().chunks(2).map(byte).collect()
}

fn byte(pair: &[u8]) -> Option<u8> {
    let digit = |c: u8| char::from(c).to_digit(16);
    match *pair {
        [high, low] => u8::try_from(digit(high)? << 4 | digit(low)?).ok(),
        _ => None,
    }
}

/// The address of a public key: `RTC` and the first 40 hexadecimal digits of its SHA-256.
pub fn address(public_key: &[u8; 32]) -> String {
    format!("RTC{}", &hex(&Sha256::digest(public_key))[..ADDRESS_DIGITS])
}

/// Whether `id` is an address, which belongs to one key by construction.
pub fn is_address(id: &str) -> bool {
    has_address_shape(id) && !id[3..].bytes().any(|b| b.is_ascii_uppercase())
}

/// Whether `public_key` may be that of `id`: an address belongs to one key alone, a name to any.
pub fn may_own(public_key: &[u8; 32], id: &str) -> bool {
    !is_address(id) || address(public_key) == id
}

/// Whether `id` looks like an address in either case. One in upper case belongs to no key, and
/// must not pass for a name either.
pub fn has_address_shape(id: &str) -> bool {
    id.strip_prefix("RTC").is_some_and(|rest| {
        rest.len() == ADDRESS_DIGITS && rest.bytes().all(|b| b.is_ascii_hexdigit())
    })
}

/// Whether `signature` over `message` was made by the owner of `public_key`. Strict: small-order
/// keys and non-canonical encodings are refused (RFC 8032 §5.1.7, cofactorless).
pub fn verify(public_key: &[u8; 32], signature: &[u8; 64], message: &[u8]) -> bool {
    VerifyingKey::from_bytes(public_key)
        .and_then(|key| key.verify_strict(message, &Signature::from_bytes(signature)))
        .is_ok()
}

/// The node's own key.
#[derive(Clone)]
pub struct NodeKey {
    key: SigningKey,
    tags: Hmac<Sha256>,
}

/// What the key of the node's tags is derived for.
const TAGS: &[u8] = b"verdigris/node/tags/1";

impl NodeKey {
    /// From the 32 secret bytes kept in the store.
    pub fn new(secret: &[u8; 32]) -> Self {
        let derived = keyed(secret).chain_update(TAGS).finalize().into_bytes();
        NodeKey {
            key: SigningKey::from_bytes(secret),
            tags: keyed(&derived),
        }
    }

    /// What only this key's owner can say of `bytes`: HMAC-SHA-256 of the purpose, a zero byte, and them.
    pub fn tag(&self, purpose: &str, bytes: &[u8]) -> [u8; 32] {
        self.tagging(purpose, bytes).finalize().into_bytes().into()
    }

    /// Whether `tag` is the start of what [`NodeKey::tag`] says; compared in constant time.
    pub fn is_tag(&self, purpose: &str, bytes: &[u8], tag: &[u8]) -> bool {
        self.tagging(purpose, bytes)
            .verify_truncated_left(tag)
            .is_ok()
    }

    fn tagging(&self, purpose: &str, bytes: &[u8]) -> Hmac<Sha256> {
        self.tags
            .clone()
            .chain_update(purpose)
            .chain_update([0])
            .chain_update(bytes)
    }

    /// The public half, hexadecimal.
    pub fn public_hex(&self) -> String {
        hex(self.key.verifying_key().as_bytes())
    }

    /// Adds `node_public_key` and `node_signature` to an answer: Ed25519 over the canonical text of
    /// the answer without these two.
    pub fn sign(&self, answer: &mut Map<String, Value>) {
        let text = canonical_without(answer, &SIGNATURE_MEMBERS);
        let signature = self.key.sign(text.as_bytes());
        answer.insert("node_public_key".into(), self.public_hex().into());
        answer.insert("node_signature".into(), hex(&signature.to_bytes()).into());
    }
}

impl std::fmt::Debug for NodeKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "NodeKey({})", self.public_hex())
    }
}

fn keyed(key: &[u8]) -> Hmac<Sha256> {
    // A key of any length is one; this only says so to the types.
    Hmac::new_from_slice(key).unwrap_or_else(|_| Hmac::new(&Default::default()))
}

/// Whether a node's answer carries a valid signature by the key that it names.
pub fn answer_is_signed(answer: &Map<String, Value>) -> bool {
    let text = |name: &str| answer.get(name).and_then(Value::as_str);
    let (Some(key), Some(signature)) = (
        text("node_public_key").and_then(unhex),
        text("node_signature").and_then(unhex),
    ) else {
        return false;
    };
    verify(
        &key,
        &signature,
        canonical_without(answer, &SIGNATURE_MEMBERS).as_bytes(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// A published test key of the existing network.
    const PUBLIC: &str = "2c4812d92059c6fae4d376f30f49a6ff83e06066dec612cb46298b2fbe504c60";

    #[test]
    fn an_address_is_the_hash_of_its_key() {
        let key = unhex(PUBLIC).unwrap();
        assert_eq!(address(&key), "RTCc6bb76294846d778cd1ba227154c649d03474738");
        assert!(is_address(&address(&key)));
        assert!(!is_address("RTCC6BB76294846D778CD1BA227154C649D03474738"));
        assert!(has_address_shape(
            "RTCC6BB76294846D778CD1BA227154C649D03474738"
        ));
        assert!(!has_address_shape(
            "RTCé6bb76294846d778cd1ba227154c649d0347473"
        ));
    }

    #[test]
    fn an_enrolment_signed_by_the_existing_client_verifies() {
        let signature = unhex(
            "0460988f0933a8133c06e61522f4c288a3c887a2089bade43b721cdb0df05aecc0f3194bf0b24fe36b6fcec1\
             5546ffa7072f5df1fcc0e15e2bbfe48ead13c40e",
        )
        .unwrap();
        let message = b"RTCc6bb76294846d778cd1ba227154c649d03474738|modern-vm|353";
        let key = unhex(PUBLIC).unwrap();
        assert!(verify(&key, &signature, message));
        assert!(!verify(&key, &signature, &message[1..]));
        assert!(!verify(&[0; 32], &signature, message));
    }

    #[test]
    fn a_signed_answer_verifies_until_it_is_touched() {
        let mut answer = Map::new();
        answer.insert("ok".into(), true.into());
        NodeKey::new(&[7; 32]).sign(&mut answer);
        assert!(answer_is_signed(&answer));
        answer.insert("ok".into(), false.into());
        assert!(!answer_is_signed(&answer));
    }

    proptest! {
        #[test]
        fn hex_round_trips(bytes: [u8; 32], text: String) {
            prop_assert_eq!(unhex(&hex(&bytes)), Some(bytes));
            prop_assert_eq!(unhex(&hex(&bytes).to_uppercase()), Some(bytes));
            let _ = unhex::<3>(&text);
        }
    }
}
