//! From evidence to a signed submission.

use crate::{device, legacy};
use core::fmt;
use heapless::{String, VecView};
use probe_core::evidence::{clip, to_json_view, Evidence};
use probe_core::wire::{
    unmark_decimals, MinerId, Signals, Submission, BARE_SUBMISSION_MAX, SUBMISSION_MAX,
};

/// Bytes that the three signature members add to the signed text: their names and punctuation, 64
/// digits of key, 128 of signature.
pub const SIGNATURE_MEMBERS: usize = r#","public_key":"","signature":"","signature_type":"""#.len()
    + SIGNATURE_TYPE.len()
    + 2 * PUBLIC_KEY_BYTES
    + 2 * SIGNATURE_BYTES;

/// Says that the signature is over the canonical JSON of all other members.
const SIGNATURE_TYPE: &str = "canonical_json";

/// An Ed25519 public key (RFC 8032).
pub const PUBLIC_KEY_BYTES: usize = 32;

/// An Ed25519 signature (RFC 8032).
pub const SIGNATURE_BYTES: usize = 64;

/// What a miner knows of its machine beside what was measured.
#[derive(Debug, Clone, Copy, Default)]
pub struct Host<'a> {
    /// Processor cores that the program may use.
    pub cores: u16,
    /// Host name.
    pub hostname: &'a str,
    /// The operating system's name for the architecture (`uname -m`).
    pub machine: &'a str,
    /// Hardware addresses of network interfaces, `aa:bb:cc:dd:ee:ff`; at most four are sent.
    pub macs: &'a [&'a str],
    /// Model of the machine; where empty, the processor's name stands for it.
    pub model: &'a str,
}

/// Why no submission could be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ComposeError {
    /// A miner's id that the network refuses: empty, longer than 128, or with a character outside
    /// `[A-Za-z0-9._:-]`. Names the member.
    BadId(&'static str),
    /// A string with a character outside printable ASCII, which would not be its own JSON text.
    NotPrintable,
    /// The caller's buffer is too small.
    BufferFull,
    /// Larger than [`SUBMISSION_MAX`], or without facts than [`BARE_SUBMISSION_MAX`]; holds the size,
    /// bytes.
    TooLarge(usize),
}

impl fmt::Display for ComposeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ComposeError::BadId(member) => {
                write!(
                    f,
                    "`{member}` must be 1 to 128 characters of A-Z a-z 0-9 . _ : -"
                )
            }
            ComposeError::NotPrintable => f.write_str("a text is not printable ASCII"),
            ComposeError::BufferFull => f.write_str("the buffer is too small for the submission"),
            ComposeError::TooLarge(size) => {
                write!(
                    f,
                    "the submission has {size} bytes; at most {SUBMISSION_MAX} are sent, \
                     {BARE_SUBMISSION_MAX} where it holds no facts"
                )
            }
        }
    }
}

impl core::error::Error for ComposeError {}

/// Says in the network's words what `evidence` and `host` show.
///
/// `scratch` serves to encode the evidence for the commitment and is left empty; it needs
/// [`probe_core::evidence::EVIDENCE_JSON_MAX`] bytes. `miner` is the wallet to credit, `name` the
/// miner's own name for itself, `nonce` the challenge.
///
/// # Errors
/// [`ComposeError::BadId`] for `miner` and `name`; [`ComposeError::NotPrintable`] for a nonce that is
/// longer than 64 characters or not printable; [`ComposeError::BufferFull`] for a small `scratch`.
pub fn describe<'a>(
    evidence: &'a Evidence,
    host: &Host<'_>,
    miner: &str,
    name: &str,
    nonce: &str,
    scratch: &mut VecView<u8>,
) -> Result<Submission<'a>, ComposeError> {
    let miner = id("miner", miner)?;
    let miner_id = id("miner_id", name)?;
    let nonce: String<64> = nonce.try_into().map_err(|_| ComposeError::NotPrintable)?;
    to_json_view(evidence, scratch).map_err(|_| ComposeError::BufferFull)?;
    let report = legacy::report(evidence, &nonce, &miner, scratch);
    scratch.clear();
    Ok(Submission {
        device: device::claim(&evidence.identity, host),
        evidence,
        fingerprint: legacy::fingerprint(evidence, host.machine),
        miner,
        miner_id,
        nonce,
        report,
        signals: Signals {
            hostname: clip(host.hostname),
            macs: host.macs.iter().take(4).map(|mac| clip(mac)).collect(),
        },
    })
}

/// Writes `submission` into `out` as canonical JSON, has those bytes signed by `sign` (Ed25519, with
/// the secret key of `public_key`), and adds the signature members before the last brace.
///
/// The signed text is what Python's `json.dumps(body, sort_keys=True, separators=(",", ":"))` makes
/// of the body without the signature members, because every member is already written in order.
///
/// # Errors
/// See [`ComposeError`]; `out` is then empty and `sign` was not called, except for
/// [`ComposeError::TooLarge`], which is known before signing as well.
pub fn compose(
    submission: &Submission<'_>,
    public_key: &[u8; PUBLIC_KEY_BYTES],
    sign: impl FnOnce(&[u8]) -> [u8; SIGNATURE_BYTES],
    out: &mut VecView<u8>,
) -> Result<(), ComposeError> {
    let composed = write_body(submission, out).and_then(|()| {
        let size = out.len() + SIGNATURE_MEMBERS;
        if size > most(submission.evidence) {
            return Err(ComposeError::TooLarge(size));
        }
        if size > out.capacity() {
            return Err(ComposeError::BufferFull);
        }
        let signature = sign(out);
        append_signature(out, public_key, &signature)
    });
    if composed.is_err() {
        out.clear();
    }
    composed
}

/// The most bytes that a submission with `evidence` may have.
fn most(evidence: &Evidence) -> usize {
    match &evidence.environment {
        Some(environment) if !environment.facts.is_empty() => SUBMISSION_MAX,
        _ => BARE_SUBMISSION_MAX,
    }
}

/// The canonical JSON of everything that gets signed.
fn write_body(submission: &Submission<'_>, out: &mut VecView<u8>) -> Result<(), ComposeError> {
    id("miner", &submission.miner)?;
    id("miner_id", &submission.miner_id)?;
    if !is_printable(submission) {
        return Err(ComposeError::NotPrintable);
    }
    to_json_view(submission, out).map_err(|_| ComposeError::BufferFull)?;
    let length = unmark_decimals(out);
    out.truncate(length);
    Ok(())
}

fn append_signature(
    out: &mut VecView<u8>,
    public_key: &[u8; PUBLIC_KEY_BYTES],
    signature: &[u8; SIGNATURE_BYTES],
) -> Result<(), ComposeError> {
    // The brace that ends the object comes back after the members.
    out.pop();
    let mut tail = || -> Result<(), ()> {
        let mut put = |bytes: &[u8]| out.extend_from_slice(bytes).map_err(drop);
        put(br#","public_key":""#)?;
        public_key.iter().try_for_each(|&byte| put(&hex(byte)))?;
        put(br#"","signature":""#)?;
        signature.iter().try_for_each(|&byte| put(&hex(byte)))?;
        put(br#"","signature_type":""#)?;
        put(SIGNATURE_TYPE.as_bytes())?;
        put(br#""}"#)
    };
    tail().map_err(|()| ComposeError::BufferFull)
}

/// Two lower-case hexadecimal digits.
pub(crate) const fn hex(byte: u8) -> [u8; 2] {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    [DIGITS[(byte >> 4) as usize], DIGITS[(byte & 15) as usize]]
}

/// Whether the network takes `text` as a miner's id: 1 to 128 of `[A-Za-z0-9._:-]`.
pub fn is_id(text: &str) -> bool {
    let known =
        |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b':' | b'-');
    (1..=MinerId::new().capacity()).contains(&text.len()) && text.bytes().all(known)
}

/// A miner's id, if the network takes it.
fn id(member: &'static str, text: &str) -> Result<MinerId, ComposeError> {
    if !is_id(text) {
        return Err(ComposeError::BadId(member));
    }
    text.try_into().map_err(|_| ComposeError::BadId(member))
}

fn printable(text: &str) -> bool {
    text.bytes().all(|byte| (b' '..=b'~').contains(&byte))
}

/// Whether every string that a submission carries from outside is printable. (A decimal starts with a
/// mark that is not, so that nothing else may.)
fn is_printable(submission: &Submission<'_>) -> bool {
    let device = &submission.device;
    let evidence = submission.evidence;
    let identity = &evidence.identity;
    let checks = &submission.fingerprint.checks;
    let texts: [&str; 15] = [
        &device.arch,
        &device.cpu,
        &device.family,
        &device.machine,
        &device.model,
        &submission.nonce,
        &submission.report.commitment,
        &submission.report.nonce,
        &submission.signals.hostname,
        &identity.architecture,
        &identity.backend,
        &identity.name,
        &identity.vector_unit,
        &checks.cache_timing.data.arch,
        &checks.simd_identity.data.arch,
    ];
    let marks = &checks.anti_emulation.data.vm_indicators;
    let facts = evidence.environment.as_ref().map(|found| &found.facts);
    let counter = evidence.counter.as_ref().map(|counter| &counter.source);
    texts.into_iter().all(printable)
        && submission.signals.macs.iter().all(|mac| printable(mac))
        && marks.iter().all(|mark| printable(mark))
        && counter.is_none_or(|source| printable(source))
        && facts.is_none_or(|facts| {
            facts
                .iter()
                .all(|fact| printable(&fact.key) && printable(&fact.value))
        })
}

#[cfg(test)]
#[path = "submission_tests.rs"]
mod tests;
