//! Who signed, and whether that key may speak for that miner.

use crate::error::{ApiError, Code};
use crate::json::canonical_without;
use crate::keys;

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

/// Checks the signature, where there is one. Gives the key that signed.
///
/// Two schemes: Ed25519 over the canonical text of the body without its signature members; and the
/// older one over `miner_id|miner|nonce|commitment`, which leaves the measurements unsigned and is
/// therefore taken only where there is no `evidence`.
///
/// # Errors
/// [`Code::IncompleteSignature`], [`Code::InvalidSignature`], [`Code::PubkeyAddressMismatch`].
pub fn signer(submission: &Submission) -> Result<Option<[u8; 32]>, ApiError> {
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
    let text = canonical_without(&submission.members, &SIGNATURE_MEMBERS);
    let mut valid = keys::verify(&key, &signature, text.as_bytes());
    let older_allowed = !matches!(
        submission.signature_type.as_deref(),
        Some("canonical_json" | "ed25519")
    ) && submission.evidence().is_none();
    if !valid && older_allowed {
        let id = submission.miner_id.as_deref().unwrap_or(&submission.miner);
        let nonce = submission.nonce.as_deref().unwrap_or_default();
        let text = format!(
            "{id}|{}|{nonce}|{}",
            submission.miner, submission.commitment
        );
        valid = keys::verify(&key, &signature, text.as_bytes());
    }
    if !valid {
        return Err(ApiError::new(
            Code::InvalidSignature,
            "the signature does not fit the body and the key",
        ));
    }
    if keys::is_address(&submission.miner) && keys::address(&key) != submission.miner {
        return Err(ApiError::new(
            Code::PubkeyAddressMismatch,
            "the address in \"miner\" belongs to another key",
        ));
    }
    Ok(Some(key))
}

/// Whether `signer` may speak for `miner`, whose pinned key is `pin`. The first key that speaks for
/// a name is pinned to it (trust on first use), and stays.
///
/// # Errors
/// [`Code::SigningKeyMismatch`], [`Code::MissingSignature`].
pub fn may_speak(
    miner: &str,
    signer: Option<&[u8; 32]>,
    pin: Option<&[u8; 32]>,
    policy: Unsigned,
) -> Result<(), ApiError> {
    let missing = |why| Err(ApiError::new(Code::MissingSignature, why));
    match (signer, pin) {
        (Some(signer), Some(pin)) if signer != pin => Err(ApiError::new(
            Code::SigningKeyMismatch,
            "this name belongs to another key",
        )),
        (Some(_), _) => Ok(()),
        (None, Some(_)) => missing("this name has a key, and must sign with it"),
        (None, None) => match policy {
            Unsigned::Never => missing("this node takes signed submissions only"),
            Unsigned::Names if keys::is_address(miner) => {
                missing("submissions for an address must be signed with its key")
            }
            Unsigned::Names | Unsigned::Any => Ok(()),
        },
    }
}
