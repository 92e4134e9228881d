//! A key in memory: what signs a submission, and whom a node pays.
//!
//! Sources: RFC 8032 (Ed25519); the network's address is `RTC` and the first 40 hexadecimal digits
//! of the SHA-256 of the public key.

use crate::scalar;
use crate::session::Signer;
use crate::submission::{hex, PUBLIC_KEY_BYTES, SIGNATURE_BYTES};
use curve25519_dalek::edwards::{CompressedEdwardsY, EdwardsPoint};
use curve25519_dalek::scalar::{clamp_integer, Scalar};
use heapless::String;
use sha2::{Digest, Sha256, Sha512};
use zeroize::Zeroize;

/// Bytes of the secret that a key is made of (RFC 8032: private key).
pub const SEED_BYTES: usize = 32;

/// Characters of an address.
pub const ADDRESS_LENGTH: usize = ADDRESS_PREFIX.len() + ADDRESS_DIGITS;

const ADDRESS_PREFIX: &str = "RTC";
/// Hexadecimal digits of an address after its prefix.
const ADDRESS_DIGITS: usize = 40;

/// A wallet's address.
pub type Address = String<ADDRESS_LENGTH>;

/// A key pair in memory, erased when it goes.
pub struct Key {
    /// The secret multiple of the base point.
    secret: [u8; scalar::BYTES],
    /// What makes each message's nonce a secret.
    prefix: [u8; SEED_BYTES],
    public: [u8; PUBLIC_KEY_BYTES],
}

impl Key {
    /// The key of a seed. Cost: one multiplication of a curve point, like a signature.
    pub fn from_seed(seed: &[u8; SEED_BYTES]) -> Self {
        let mut hash = hash(&[seed]);
        let (low, high) = halves(&hash);
        let secret = clamp_integer(low);
        let key = Key {
            secret,
            prefix: high,
            public: base_times(&secret),
        };
        hash.zeroize();
        key
    }

    /// The wallet's address.
    pub fn address(&self) -> Address {
        address(&self.public)
    }
}

impl Drop for Key {
    fn drop(&mut self) {
        self.secret.zeroize();
        self.prefix.zeroize();
    }
}

impl core::fmt::Debug for Key {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "Key({})", self.address())
    }
}

impl Signer for Key {
    fn public_key(&self) -> [u8; PUBLIC_KEY_BYTES] {
        self.public
    }

    /// RFC 8032, section 5.1.6: the same message gives the same signature.
    fn sign(&self, message: &[u8]) -> [u8; SIGNATURE_BYTES] {
        let mut nonce = scalar::reduce(&hash(&[&self.prefix, message]));
        let commitment = base_times(&nonce);
        let challenge = scalar::reduce(&hash(&[&commitment, &self.public, message]));
        let response = scalar::multiply_add(&challenge, &self.secret, &nonce);
        nonce.zeroize();
        let mut signature = [0; SIGNATURE_BYTES];
        let (first, second) = signature.split_at_mut(PUBLIC_KEY_BYTES);
        first.copy_from_slice(&commitment);
        second.copy_from_slice(&response);
        signature
    }
}

/// SHA-512 of all parts together.
fn hash(parts: &[&[u8]]) -> [u8; SIGNATURE_BYTES] {
    let mut hash = Sha512::new();
    for part in parts {
        hash.update(part);
    }
    hash.finalize().into()
}

fn halves(bytes: &[u8; SIGNATURE_BYTES]) -> ([u8; PUBLIC_KEY_BYTES], [u8; PUBLIC_KEY_BYTES]) {
    let (mut low, mut high) = ([0; PUBLIC_KEY_BYTES], [0; PUBLIC_KEY_BYTES]);
    let (first, second) = bytes.split_at(PUBLIC_KEY_BYTES);
    low.copy_from_slice(first);
    high.copy_from_slice(second);
    (low, high)
}

/// A multiple of the base point, as it travels.
fn base_times(number: &[u8; scalar::BYTES]) -> [u8; PUBLIC_KEY_BYTES] {
    EdwardsPoint::mul_base(&multiple(number))
        .compress()
        .to_bytes()
}

/// A number as the curve's library takes it to multiply by: below 2^255, whatever the order.
#[allow(deprecated)] // For numbers that are calculated with, which these are not.
fn multiple(number: &[u8; scalar::BYTES]) -> Scalar {
    Scalar::from_bits(*number)
}

/// The address of a public key.
pub fn address(public_key: &[u8; PUBLIC_KEY_BYTES]) -> Address {
    let mut out = Address::new();
    // The capacity is the length.
    let _ = out.push_str(ADDRESS_PREFIX);
    let digits = Sha256::digest(public_key);
    for digit in digits
        .iter()
        .flat_map(|&byte| hex(byte))
        .take(ADDRESS_DIGITS)
    {
        let _ = out.push(char::from(digit));
    }
    out
}

/// Whether `signature` is over the parts of a message, one after the other, by `public_key`. Keys and
/// commitments of small order are refused.
///
/// RFC 8032, section 5.1.7, without the cofactor. The two products are by the code that signing has
/// anyway: a joint one is faster, and half a kilobyte more of every packed program.
pub fn verify(
    public_key: &[u8; PUBLIC_KEY_BYTES],
    signature: &[u8; SIGNATURE_BYTES],
    parts: &[&[u8]],
) -> bool {
    let (commitment, response) = halves(signature);
    let Some(key) = CompressedEdwardsY(*public_key).decompress() else {
        return false;
    };
    let mut hash = Sha512::new();
    hash.update(commitment);
    hash.update(public_key);
    for part in parts {
        hash.update(part);
    }
    let challenge = scalar::reduce(&hash.finalize().into());
    let expected = EdwardsPoint::mul_base(&multiple(&response)) - key * multiple(&challenge);
    scalar::is_reduced(&response)
        && expected.compress().to_bytes() == commitment
        && !key.is_small_order()
        && !expected.is_small_order()
}

/// Exactly `N` bytes from hexadecimal text of either case.
pub fn unhex<const N: usize>(text: &str) -> Option<[u8; N]> {
    let text = text.as_bytes();
    if text.len() != 2 * N {
        return None;
    }
    let mut out = [0; N];
    for (byte, pair) in out.iter_mut().zip(text.chunks_exact(2)) {
        let digit = |c: u8| char::from(c).to_digit(16);
        *byte = (digit(pair[0])? << 4 | digit(pair[1])?) as u8;
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};
    use proptest::prelude::*;

    /// RFC 8032 §7.1, tests 1 to 3: secret key, public key, message, signature.
    const VECTORS: [[&str; 4]; 3] = [
        [
            "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
            "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
            "",
            "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
        ],
        [
            "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
            "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
            "72",
            "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
        ],
        [
            "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
            "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
            "af82",
            "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a",
        ],
    ];

    #[test]
    fn the_vectors_of_rfc_8032_hold() {
        for [secret, public, message, signature] in VECTORS {
            let key = Key::from_seed(&unhex(secret).unwrap());
            assert_eq!(Some(key.public_key()), unhex(public));
            let message = match message {
                "" => std::vec![],
                "72" => std::vec![0x72],
                _ => std::vec![0xaf, 0x82],
            };
            assert_eq!(Some(key.sign(&message)), unhex(signature));
            let (a, b) = message.split_at(message.len() / 2);
            assert!(verify(&key.public_key(), &key.sign(&message), &[a, b]));
            assert!(!verify(
                &key.public_key(),
                &key.sign(&message),
                &[a, b, b"x"]
            ));
        }
    }

    #[test]
    fn an_address_is_the_hash_of_its_key() {
        // A published test key of the existing network.
        let key =
            unhex("2c4812d92059c6fae4d376f30f49a6ff83e06066dec612cb46298b2fbe504c60").unwrap();
        assert_eq!(address(&key), "RTCc6bb76294846d778cd1ba227154c649d03474738");
    }

    #[test]
    fn a_response_beyond_the_order_vouches_for_nothing() {
        // The order of the group, little-endian (RFC 8032, section 5.1): S + L is S again, and would be a
        // second signature.
        const ORDER: &str = "edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010";
        let key = Key::from_seed(&[7; SEED_BYTES]);
        let mut signature = key.sign(b"message");
        assert!(verify(&key.public_key(), &signature, &[b"message"]));
        let order: [u8; 32] = unhex(ORDER).unwrap();
        let mut carry = 0;
        for (byte, more) in signature[PUBLIC_KEY_BYTES..].iter_mut().zip(order) {
            let sum = u16::from(*byte) + u16::from(more) + carry;
            (*byte, carry) = (sum as u8, sum >> 8);
        }
        assert_eq!(carry, 0);
        assert!(!verify(&key.public_key(), &signature, &[b"message"]));
    }

    #[test]
    fn a_key_of_small_order_vouches_for_nothing() {
        // The neutral element, which "verifies" S = 0 over every message where nobody looks.
        let mut neutral = [0; 32];
        neutral[0] = 1;
        let mut signature = [0; 64];
        signature[0] = 1;
        assert!(!verify(&neutral, &signature, &[b"anything"]));
    }

    proptest! {
        #[test]
        fn the_library_signs_and_verifies_alike(seed: [u8; 32], message: std::vec::Vec<u8>, key: [u8; 32]) {
            let (ours, theirs) = (Key::from_seed(&seed), SigningKey::from_bytes(&seed));
            prop_assert_eq!(ours.public_key(), theirs.verifying_key().to_bytes());
            let signature = ours.sign(&message);
            prop_assert_eq!(signature, theirs.sign(&message).to_bytes());
            let found = VerifyingKey::from_bytes(&key).is_ok_and(|key| {
                key.verify_strict(&message, &Signature::from_bytes(&signature)).is_ok()
            });
            prop_assert_eq!(verify(&key, &signature, &[&message]), found);
        }

        #[test]
        fn no_signature_panics(key: [u8; 32], signature: [[u8; 32]; 2], message: std::vec::Vec<u8>) {
            let signature = std::convert::TryFrom::try_from(signature.concat().as_slice()).unwrap();
            prop_assert!(!verify(&key, &signature, &[&message]));
        }

        #[test]
        fn a_changed_message_is_noticed(seed: [u8; 32], message: std::vec::Vec<u8>, at: usize, bit in 0u8..8) {
            let key = Key::from_seed(&seed);
            let signature = key.sign(&message);
            prop_assert!(verify(&key.public_key(), &signature, &[&message]));
            let mut changed = message.clone();
            if let Some(length) = core::num::NonZero::new(changed.len()) {
                changed[at % length] ^= 1 << bit;
                prop_assert!(!verify(&key.public_key(), &signature, &[&changed]));
            }
        }
    }
}
