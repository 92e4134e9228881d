//! The key that gets paid: made, kept, opened, used.
//!
//! The file is JSON: version, address, public key, and the secret seed either plain or encrypted with
//! XChaCha20-Poly1305 under a key that Argon2id derives from a passphrase. It is created with mode
//! 0600 where it did not exist, never replaced, and refused where others may read it.

use crate::error::Error;
use crate::hex;
use crate::private_file;
use argon2::{Algorithm, Argon2, Params, Version};
use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{Key, XChaCha20Poly1305, XNonce};
use ed25519_dalek::SigningKey;
use miner_tiny::session::Signer;
use serde::{Deserialize, Serialize};
use std::path::Path;
use zeroize::{Zeroize, Zeroizing};

/// Version of the file's form.
const VERSION: u32 = 1;

/// Bytes of an Ed25519 seed (RFC 8032: private key).
const SEED: usize = 32;

/// Bytes of salt: what RFC 9106 recommends for Argon2.
const SALT: usize = 16;

/// Bytes of an XChaCha20 nonce.
const NONCE: usize = 24;

/// Bytes of the encrypted seed: itself and the Poly1305 tag of 16 bytes.
const SEALED: usize = SEED + 16;

/// Argon2id's cost: 7 MiB, 5 passes, 1 lane, the smallest memory in OWASP's "Password Storage Cheat
/// Sheet", so that opening a wallet stays within the miner's memory. About 30 ms.
const COST: Cost = Cost {
    memory_kib: 7 * 1024,
    passes: 5,
    lanes: 1,
};

/// The most that a file may ask for: a file from elsewhere must not stop the machine.
const COST_LIMIT: Cost = Cost {
    memory_kib: 1024 * 1024,
    passes: 64,
    lanes: 16,
};

/// A key file.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct KeyFile {
    version: u32,
    address: String,
    public_key: String,
    secret: Secret,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
enum Secret {
    /// The seed, 64 hexadecimal digits.
    Plain(String),
    /// The seed under a passphrase.
    Encrypted(Sealed),
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret(..)")
    }
}

impl Drop for Secret {
    fn drop(&mut self) {
        if let Secret::Plain(text) = self {
            text.zeroize();
        }
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Sealed {
    kdf: String,
    cost: Cost,
    salt: String,
    cipher: String,
    nonce: String,
    sealed: String,
}

#[derive(Clone, Copy, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Cost {
    memory_kib: u32,
    passes: u32,
    lanes: u32,
}

const KDF: &str = "argon2id";
const CIPHER: &str = "xchacha20poly1305";

/// A passphrase, wiped when dropped.
pub type Passphrase = Zeroizing<String>;

/// A key, opened.
pub struct Wallet {
    key: SigningKey,
}

impl Wallet {
    /// A new key from the operating system's random numbers.
    ///
    /// # Errors
    /// [`Error::Wallet`] where the system gives none.
    pub fn generate() -> Result<Self, Error> {
        let mut seed = Zeroizing::new([0; SEED]);
        random(&mut *seed)?;
        Ok(Wallet::from_seed(&seed))
    }

    /// The key of a seed (RFC 8032).
    pub fn from_seed(seed: &[u8; SEED]) -> Self {
        Wallet {
            key: SigningKey::from_bytes(seed),
        }
    }

    /// The key of a seed as 64 hexadecimal digits, with white space around them.
    ///
    /// # Errors
    /// [`Error::Wallet`] for anything else.
    pub fn from_hex(text: &str) -> Result<Self, Error> {
        let seed = hex::decode(text.trim())
            .map(Zeroizing::new)
            .ok_or_else(|| {
                Error::wallet(
                    "that is no secret seed",
                    "a seed is 64 hexadecimal digits, as `verdigris wallet export` prints it",
                )
            })?;
        Ok(Wallet::from_seed(&seed))
    }

    /// Reads a key file. `passphrase` is asked only where the file is encrypted.
    ///
    /// # Errors
    /// [`Error::Wallet`] for a file that is missing, readable by others, damaged, or encrypted under
    /// another passphrase.
    pub fn open(
        path: &Path,
        passphrase: impl FnOnce() -> Result<Passphrase, Error>,
    ) -> Result<Self, Error> {
        let text = private_file::read(path)?;
        let damaged = |why: &str| {
            Error::wallet(
                format!("{} is no key file: {why}", path.display()),
                "restore it from a copy, or use another with --wallet",
            )
        };
        let file: KeyFile = serde_json::from_str(&text).map_err(|e| damaged(&e.to_string()))?;
        if file.version != VERSION {
            return Err(damaged("its version is unknown to this program"));
        }
        let seed: Zeroizing<[u8; SEED]> = match &file.secret {
            Secret::Plain(seed) => hex::decode(seed)
                .map(Zeroizing::new)
                .ok_or_else(|| damaged("its seed is damaged"))?,
            Secret::Encrypted(sealed) => {
                let key = sealed
                    .parse()
                    .ok_or_else(|| damaged("its encryption is damaged"))?;
                key.open(&passphrase()?, &file.public_key).ok_or_else(|| {
                    Error::wallet(
                        format!("the passphrase does not open {}", path.display()),
                        "try again; without the passphrase the key is lost",
                    )
                })?
            }
        };
        let wallet = Wallet::from_seed(&seed);
        if hex::encode(&wallet.public_key()) != file.public_key || wallet.address() != file.address
        {
            return Err(damaged(
                "seed, public key and address do not belong together",
            ));
        }
        Ok(wallet)
    }

    /// Writes a new key file, encrypted where there is a passphrase.
    ///
    /// # Errors
    /// [`Error::Wallet`] where the file exists or cannot be written.
    pub fn create(&self, path: &Path, passphrase: Option<&Passphrase>) -> Result<(), Error> {
        let public_key = hex::encode(&self.public_key());
        let secret = match passphrase {
            None => Secret::Plain(hex::encode(self.key.as_bytes())),
            Some(passphrase) => {
                Secret::Encrypted(seal(self.key.as_bytes(), passphrase, &public_key)?)
            }
        };
        let file = KeyFile {
            version: VERSION,
            address: self.address(),
            public_key,
            secret,
        };
        let text = Zeroizing::new(serde_json::to_string_pretty(&file).unwrap_or_default() + "\n");
        private_file::create(path, &text)
    }

    /// The address: `RTC` and the first 40 hexadecimal digits of SHA-256 of the public key.
    pub fn address(&self) -> String {
        miner_tiny::wallet::address(&self.public_key())
            .as_str()
            .to_owned()
    }

    /// The secret seed as hexadecimal digits.
    pub fn seed_hex(&self) -> Zeroizing<String> {
        Zeroizing::new(hex::encode(self.key.as_bytes()))
    }
}

impl Signer for Wallet {
    fn public_key(&self) -> [u8; 32] {
        self.key.verifying_key().to_bytes()
    }

    fn sign(&self, message: &[u8]) -> [u8; 64] {
        ed25519_dalek::Signer::sign(&self.key, message).to_bytes()
    }
}

/// [`Sealed`] with its texts read.
struct Parsed {
    cost: Cost,
    salt: [u8; SALT],
    nonce: [u8; NONCE],
    sealed: [u8; SEALED],
}

impl Sealed {
    fn parse(&self) -> Option<Parsed> {
        let Cost {
            memory_kib,
            passes,
            lanes,
        } = self.cost;
        let within = memory_kib <= COST_LIMIT.memory_kib
            && passes <= COST_LIMIT.passes
            && lanes <= COST_LIMIT.lanes;
        (self.kdf == KDF && self.cipher == CIPHER && within).then_some(())?;
        Some(Parsed {
            cost: self.cost,
            salt: hex::decode(&self.salt)?,
            nonce: hex::decode(&self.nonce)?,
            sealed: hex::decode(&self.sealed)?,
        })
    }
}

impl Parsed {
    fn open(&self, passphrase: &Passphrase, public_key: &str) -> Option<Zeroizing<[u8; SEED]>> {
        let key = derive(passphrase, &self.salt, self.cost)?;
        let payload = Payload {
            msg: &self.sealed,
            aad: public_key.as_bytes(),
        };
        let plain = cipher(&key)
            .decrypt(&XNonce::from(self.nonce), payload)
            .map(Zeroizing::new)
            .ok()?;
        plain.as_slice().try_into().map(Zeroizing::new).ok()
    }
}

/// Encrypts a seed; the public key is bound to it as associated data.
fn seal(seed: &[u8; SEED], passphrase: &Passphrase, public_key: &str) -> Result<Sealed, Error> {
    let (mut salt, mut nonce) = ([0; SALT], [0; NONCE]);
    random(&mut salt)?;
    random(&mut nonce)?;
    let failed = || {
        Error::wallet(
            "the key could not be encrypted",
            "free some memory and try again",
        )
    };
    let key = derive(passphrase, &salt, COST).ok_or_else(failed)?;
    let payload = Payload {
        msg: seed,
        aad: public_key.as_bytes(),
    };
    let sealed = cipher(&key)
        .encrypt(&XNonce::from(nonce), payload)
        .map_err(|_| failed())?;
    Ok(Sealed {
        kdf: KDF.into(),
        cost: COST,
        salt: hex::encode(&salt),
        cipher: CIPHER.into(),
        nonce: hex::encode(&nonce),
        sealed: hex::encode(&sealed),
    })
}

fn cipher(key: &[u8; 32]) -> XChaCha20Poly1305 {
    XChaCha20Poly1305::new(&Key::from(*key))
}

fn derive(passphrase: &Passphrase, salt: &[u8], cost: Cost) -> Option<Zeroizing<[u8; 32]>> {
    let mut key = Zeroizing::new([0; 32]);
    let params = Params::new(cost.memory_kib, cost.passes, cost.lanes, Some(key.len())).ok()?;
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
        .hash_password_into(passphrase.as_bytes(), salt, &mut *key)
        .ok()?;
    Some(key)
}

fn random(bytes: &mut [u8]) -> Result<(), Error> {
    getrandom::fill(bytes).map_err(|error| {
        Error::wallet(
            format!("no random numbers: {error}"),
            "the system's random source must work",
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const SEED_HEX: &str = "538cd51cc5f7a4b2a7c70c5e94e8d1c4fc87e43d89897be01ef25bfdc71b9f59";

    fn passphrase(text: &str) -> Passphrase {
        Zeroizing::new(text.into())
    }

    #[test]
    fn a_known_key_has_its_known_address() {
        let wallet = Wallet::from_hex(SEED_HEX).unwrap();
        assert_eq!(
            hex::encode(&wallet.public_key()),
            "2c4812d92059c6fae4d376f30f49a6ff83e06066dec612cb46298b2fbe504c60"
        );
        assert_eq!(
            wallet.address(),
            "RTCc6bb76294846d778cd1ba227154c649d03474738"
        );
        assert_eq!(*wallet.seed_hex(), SEED_HEX);
    }

    #[test]
    fn what_was_sealed_opens_with_its_passphrase_and_key_only() {
        let seed = [7; SEED];
        let sealed = seal(&seed, &passphrase("copper"), "key")
            .unwrap()
            .parse()
            .unwrap();
        assert_eq!(
            sealed.open(&passphrase("copper"), "key").as_deref(),
            Some(&seed)
        );
        assert!(sealed.open(&passphrase("cooper"), "key").is_none());
        assert!(sealed.open(&passphrase("copper"), "other").is_none());
    }

    #[test]
    fn a_file_cannot_ask_for_all_memory() {
        let mut sealed = seal(&[7; SEED], &passphrase("p"), "key").unwrap();
        sealed.cost.memory_kib = u32::MAX;
        assert!(sealed.parse().is_none());
    }

    #[test]
    fn a_damaged_file_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let good = folder.path().join("good");
        Wallet::from_hex(SEED_HEX)
            .unwrap()
            .create(&good, None)
            .unwrap();
        let text = std::fs::read_to_string(&good).unwrap();
        let bad = folder.path().join("bad");
        for (from, to) in [
            ("\"version\": 1", "\"version\": 2"),
            ("RTCc6", "RTCc7"),
            ("538c", "538d"),
            ("538c", "xxxx"),
            ("{", "["),
        ] {
            private_file::create(&bad, &text.replace(from, to)).unwrap();
            let opened = Wallet::open(&bad, || unreachable!("the file is not encrypted"));
            assert!(
                matches!(opened, Err(Error::Wallet { .. })),
                "{from} -> {to}"
            );
            std::fs::remove_file(&bad).unwrap();
        }
    }
}
