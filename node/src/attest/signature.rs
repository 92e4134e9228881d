//! Who signed, and whether that key may speak for that miner.

use serde_json::{Map, Value};

use crate::error::{ApiError, Code};
use crate::json::{canonical_as_sent, canonical_without, Spelling};
use crate::keys;
use crate::store::names::Owner;

use super::shape::Submission;

/// Members that a signature does not cover.
const SIGNATURE_MEMBERS: [&str; 3] = ["public_key", "signature", "signature_type"];

/// From whom unsigned submissions are taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Unsigned {
    /// From nobody.
    Never,
    /// From names that have no key yet. An address is a key, so it must always sign.
    #[default]
    Names,
    /// Also from addresses that never signed before, as old clients do.
    Any,
}

/// From whom the older signature is taken: it covers names, nonce and commitment, and no measurement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Older {
    /// From nobody.
    Never,
    /// From names that have no key yet; and they get none by it, as anybody on the way could have put
    /// other measurements under it.
    #[default]
    Names,
    /// Also from addresses, and from names whose key it is.
    Any,
}

/// Which forms that prove less than the signature of today a node takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Policy {
    /// None at all.
    pub unsigned: Unsigned,
    /// The older one.
    pub older: Older,
}

/// A signature that verified.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Signer {
    /// The key that made it.
    pub key: [u8; 32],
    /// Whether it covers the whole submission.
    pub whole: bool,
}

impl Signer {
    /// The key that a name is pinned to by this signature.
    pub fn pins(&self) -> Option<[u8; 32]> {
        self.whole.then_some(self.key)
    }
}

/// Checks the signature of a submission, where there is one. `body` is what arrived.
///
/// Two schemes: Ed25519 over the canonical text of the body without its signature members; and the
/// older one over `miner_id|miner|nonce|commitment`, which leaves the measurements unsigned and is
/// therefore taken only where there is no `evidence`, and from whom the [`Policy`] says.
///
/// # Errors
/// [`Code::IncompleteSignature`], [`Code::InvalidSignature`], [`Code::PubkeyAddressMismatch`].
pub fn signer(submission: &Submission, body: &[u8]) -> Result<Option<Signer>, ApiError> {
    let (signature, key) = match (&submission.signature, &submission.public_key) {
        (None, None) => return Ok(None),
        (Some(signature), Some(key)) => (signature, key),
        _ => {
            return Err(ApiError::new(
                Code::IncompleteSignature,
                "\"signature\" and \"public_key\" belong together",
            ))
        }
    };
    let (Some(signature), Some(key)) = (keys::unhex(signature), keys::unhex(key)) else {
        return Err(ApiError::new(
            Code::InvalidSignature,
            "a signature is 128 and a key 64 hexadecimal digits",
        ));
    };
    let whole = signs_whole(&key, &signature, &submission.members, body);
    let older_allowed = !matches!(
        submission.signature_type.as_deref(),
        Some("canonical_json" | "ed25519")
    ) && submission.evidence().is_none();
    let valid = whole
        || (older_allowed && keys::verify(&key, &signature, older_text(submission).as_bytes()));
    if !valid {
        return Err(ApiError::new(
            Code::InvalidSignature,
            "the signature does not fit the body and the key",
        ));
    }
    if !keys::may_own(&key, &submission.miner) {
        return Err(ApiError::new(
            Code::PubkeyAddressMismatch,
            "the address in \"miner\" belongs to another key",
        ));
    }
    Ok(Some(Signer { key, whole }))
}

/// Whether a signature covers the canonical text, in one of the spellings of its numbers that a client
/// may mean: the one that the node itself writes, its own digits, or Python's of the same values. They
/// differ for few clients (see [`Spelling`]), so the others are made only where the first does not fit.
fn signs_whole(
    key: &[u8; 32],
    signature: &[u8; 64],
    members: &Map<String, Value>,
    body: &[u8],
) -> bool {
    let first = canonical_without(members, &SIGNATURE_MEMBERS);
    if keys::verify(key, signature, first.as_bytes()) {
        return true;
    }
    let Ok(body) = std::str::from_utf8(body) else {
        return false;
    };
    let mut tried = vec![first];
    [Spelling::Sent, Spelling::Python]
        .into_iter()
        .any(
            |spelling| match canonical_as_sent(body, &SIGNATURE_MEMBERS, spelling) {
                Some(text) if !tried.contains(&text) => {
                    let fits = keys::verify(key, signature, text.as_bytes());
                    tried.push(text);
                    fits
                }
                _ => false,
            },
        )
}

fn older_text(submission: &Submission) -> String {
    let id = submission.miner_id.as_deref().unwrap_or(&submission.miner);
    let nonce = submission.nonce.as_deref().unwrap_or_default();
    format!(
        "{id}|{}|{nonce}|{}",
        submission.miner, submission.commitment
    )
}

/// Whether `signer` may speak for `miner`, which is `owner`'s. The first key that signs a whole
/// submission for a name is pinned to it (trust on first use), and stays.
///
/// # Errors
/// [`Code::NameFrozen`], [`Code::SigningKeyMismatch`], [`Code::MissingSignature`].
pub fn may_speak(
    miner: &str,
    signer: Option<&Signer>,
    owner: Owner,
    policy: Policy,
) -> Result<(), ApiError> {
    if owner.frozen {
        let why = "the operator lets nobody speak for this name at present";
        return Err(ApiError::new(Code::NameFrozen, why));
    }
    let pin = owner.key;
    let missing = |why| Err(ApiError::new(Code::MissingSignature, why));
    let has_key = pin.is_some() || keys::is_address(miner);
    match (signer, pin) {
        (Some(signer), Some(pin)) if signer.key != pin => Err(ApiError::new(
            Code::SigningKeyMismatch,
            "this name belongs to another key",
        )),
        (Some(signer), _) if signer.whole => Ok(()),
        (Some(_), _) => match policy.older {
            Older::Never => missing("this node takes signatures over the whole submission only"),
            Older::Names if has_key => {
                missing("a name that has a key must sign the whole submission (canonical_json)")
            }
            Older::Names | Older::Any => Ok(()),
        },
        (None, Some(_)) => missing("this name has a key, and must sign with it"),
        (None, None) => match policy.unsigned {
            Unsigned::Never => missing("this node takes signed submissions only"),
            Unsigned::Names if has_key => {
                missing("submissions for an address must be signed with its key")
            }
            Unsigned::Names | Unsigned::Any => Ok(()),
        },
    }
}
