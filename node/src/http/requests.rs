//! The bodies of requests as they are described. They are read member by member elsewhere, in the order
//! in which the existing network's clients expect faults to be told, and keeping the text of each number.
#![allow(dead_code, reason = "described, never made")]

use serde_json::json;
use utoipa::openapi::schema::OneOfBuilder;
use utoipa::openapi::{ObjectBuilder, RefOr, Schema, Type};
use utoipa::{PartialSchema, ToSchema};

use super::openapi::Evidence;
use super::scalars::MinerId;

/// Who asks for a challenge. The body may be empty, too.
#[derive(ToSchema)]
pub struct ChallengeRequest {
    /// Who alone may answer it; without, everybody may.
    miner: Option<MinerId>,
    /// The same under its other name, where there is no `miner`.
    miner_id: Option<MinerId>,
}

/// What a machine claims and measured, signed by the wallet that is to be credited.
///
/// The signature is over the canonical JSON of all members but `signature` and `public_key`. `evidence` is what
/// Verdigris's own miners measure; `fingerprint` is what the existing network's clients do. One of them is
/// needed, and one of `miner` and `miner_id`.
#[derive(ToSchema)]
#[schema(example = json!({
    "device": { "device_arch": "g4", "device_family": "PowerPC", "cores": 1 },
    "fingerprint": { "checks": { "clock_drift": { "passed": true, "data": {
        "cv": 0.0213, "samples": 200,
    } } } },
    "miner": "powerbook-g4",
    "report": { "nonce": "0f7f1f5b9d3c4a6e8b2d0c9a7e5f3b1d2c4e6a8f0b1d3f5a7c9e1b3d5f7a9c1e" },
    "signals": { "hostname": "powerbook", "macs": ["00:0a:95:9d:68:16"] },
}))]
pub struct SubmissionRequest {
    device: ClaimedDevice,
    evidence: Option<Evidence>,
    fingerprint: Option<Fingerprint>,
    /// Who is credited.
    miner: Option<MinerId>,
    /// As the client calls itself; who is credited where there is no `miner`.
    miner_id: Option<MinerId>,
    /// The challenge, where `report` has none; not read otherwise.
    #[schema(value_type = Option<Value>)]
    nonce: Option<String>,
    /// The wallet's Ed25519 key, 64 hexadecimal digits. A name belongs to the first key that signs for it.
    #[schema(max_length = 512)]
    public_key: Option<String>,
    report: Option<Report>,
    signals: Signals,
    /// Ed25519, 128 hexadecimal digits.
    #[schema(max_length = 512)]
    signature: Option<String>,
    /// For clients of the existing network: `ed25519`.
    #[schema(max_length = 512)]
    signature_type: Option<String>,
}

/// What the machine claims to be. At least one member.
#[derive(ToSchema)]
pub struct ClaimedDevice {
    /// Class: `g4`, `modern` …
    #[schema(max_length = 512)]
    device_arch: Option<String>,
    /// The same, where there is no `device_arch`.
    #[schema(max_length = 512)]
    arch: Option<String>,
    /// Cores; 1 where nothing is said.
    #[schema(minimum = 1, maximum = 4096)]
    cores: Option<u16>,
    /// Processor.
    #[schema(max_length = 512)]
    cpu: Option<String>,
    /// Family of processors: `PowerPC`, `x86` …
    #[schema(max_length = 512)]
    device_family: Option<String>,
    /// The same, where there is no `device_family`.
    #[schema(max_length = 512)]
    family: Option<String>,
    /// Model.
    #[schema(max_length = 512)]
    device_model: Option<String>,
    /// The same, where there is no `device_model`.
    #[schema(max_length = 512)]
    model: Option<String>,
    /// Serial number.
    #[schema(max_length = 512)]
    serial_number: Option<String>,
    /// The same, where there is no `serial_number`.
    #[schema(max_length = 512)]
    serial: Option<String>,
}

/// What the machine's surroundings say. At least one member.
#[derive(ToSchema)]
pub struct Signals {
    #[schema(max_length = 512)]
    hostname: Option<String>,
    /// Hardware addresses. A machine is known by keyed hashes of them; the log keeps what was sent.
    #[schema(value_type = Option<Vec<HardwareAddress>>)]
    macs: Option<Vec<HardwareAddress>>,
    /// Serial number.
    #[schema(max_length = 512)]
    serial: Option<String>,
}

/// A hardware address as text.
#[derive(ToSchema)]
#[schema(value_type = String, min_length = 1, max_length = 512, example = "00:0a:95:9d:68:16")]
pub struct HardwareAddress(String);

/// What binds the measurements to the challenge.
#[derive(ToSchema)]
pub struct Report {
    /// The challenge.
    #[schema(max_length = 512)]
    nonce: Option<String>,
    /// A digest of the measurements, as the existing network's clients make it.
    #[schema(max_length = 512)]
    commitment: Option<String>,
}

/// The existing network's measurements. They are judged by their raw numbers: what the client itself made
/// of them counts for nothing.
#[derive(ToSchema)]
pub struct Fingerprint {
    /// By name: `clock_drift`, `cache_timing` …, each with the numbers in `data`.
    #[schema(value_type = Option<Object>)]
    checks: Option<()>,
}

/// A miner to enrol.
///
/// The signature is over `miner_pubkey|miner_id|epoch`, with the number of the open epoch, by the key that
/// attested.
#[derive(ToSchema)]
pub struct EnrollRequest {
    /// The wallet.
    miner_pubkey: MinerId,
    /// As the client calls itself; the wallet's name where it is left out.
    miner_id: Option<MinerId>,
    /// The wallet's Ed25519 key, 64 hexadecimal digits.
    public_key: Option<String>,
    /// Ed25519, 128 hexadecimal digits.
    signature: Option<String>,
}

/// A transfer, signed by its sender.
///
/// The signature is over the canonical JSON of `amount`, `chain_id` (where it is sent), `fee`, `from`,
/// `memo`, `nonce` (as text) and `to`, with numbers as Python writes floats.
#[derive(ToSchema)]
pub struct TransferRequest {
    amount_rtc: AmountIn,
    /// The network that it is meant for. Only the existing network takes transfers without.
    #[schema(pattern = "^[A-Za-z0-9._-]{1,64}$")]
    chain_id: Option<String>,
    /// RTC. Transfers are free, so this is 0.
    fee_rtc: Option<FeeIn>,
    /// Who pays: `RTC` and 40 hexadecimal digits.
    #[schema(
        pattern = "^RTC[0-9A-Fa-f]{40}$",
        example = "RTC0a1b2c3d4e5f60718293a4b5c6d7e8f901234567"
    )]
    from_address: String,
    /// For the receiver, at most 1,024 bytes.
    #[schema(max_length = 1024, nullable = false)]
    memo: Option<String>,
    nonce: NonceIn,
    /// The sender's Ed25519 key, 64 hexadecimal digits. `from_address` is its hash.
    #[schema(min_length = 1)]
    public_key: String,
    /// Ed25519, 128 hexadecimal digits.
    #[schema(min_length = 1)]
    signature: String,
    /// Who is paid: an address, or a name that begins with `bcn_`.
    #[schema(
        pattern = "^(RTC[0-9a-f]{40}|bcn_[A-Za-z0-9._:-]{1,76})$",
        example = "RTC76543210f9e8d7c6b5a49382716f5e4d3c2b1a09"
    )]
    to_address: String,
}

/// A header of a slot, and its producer's signature.
#[derive(ToSchema)]
pub struct IngestRequest {
    /// The sender's own name for itself; the producer's where the header names none.
    miner_id: MinerId,
    /// `slot`, `miner`, `timestamp`, and what else there is.
    header: Option<serde_json::Map<String, serde_json::Value>>,
    /// What was signed, in hexadecimal: the BLAKE2b-256 digest of the header's canonical JSON, or the text
    /// `slot:SLOT:miner:MINER:ts:SECONDS`. Without, it is the digest.
    #[schema(pattern = "^([0-9a-fA-F]{2})*$", max_length = 512)]
    message: Option<String>,
    /// Ed25519, in hexadecimal.
    #[schema(pattern = "^[0-9a-fA-F]{128}$")]
    signature: String,
    /// The key, in hexadecimal; it must be the miner's.
    #[schema(pattern = "^[0-9a-fA-F]{64}$")]
    pubkey: Option<String>,
}

/// A decision about a name.
#[derive(ToSchema)]
pub struct KeyRequest {
    /// The name.
    miner: MinerId,
    /// What to do; without, nothing, and the status is told.
    #[schema(pattern = "^(status|set|unpin|freeze|unfreeze)$")]
    action: Option<String>,
    /// Whom to give the name to, in hexadecimal: for `set`.
    #[schema(pattern = "^[0-9a-fA-F]{64}$")]
    public_key: Option<String>,
    /// Why: at most 512 bytes. Needed for all but `status`.
    #[schema(min_length = 1, max_length = 512, pattern = r"\S")]
    reason: Option<String>,
}

/// A transfer from a name. `from_address` and `to_address` do as well.
#[derive(ToSchema)]
pub struct OrderRequest {
    /// Who pays: a name, never an address.
    from_miner: MinerId,
    /// Who is paid: an address or a name.
    to_miner: MinerId,
    /// How much: above zero; places after the sixth are cut off.
    #[schema(value_type = f64, minimum = 0.000001, example = 1.5)]
    amount_rtc: String,
    /// Why, for everybody to read; at most 512 bytes.
    #[schema(min_length = 1, max_length = 512, pattern = r"\S", nullable = false)]
    reason: Option<String>,
    /// Above all that this name used before; the next one where it is left out. With it, an order can be
    /// repeated without harm.
    #[schema(minimum = 1)]
    nonce: Option<i64>,
}

/// How many transfers to book. The body may be empty.
#[derive(ToSchema)]
pub struct ConfirmRequest {
    /// At most so many; 100 where nothing is said.
    #[schema(minimum = 1, maximum = 500, nullable = false)]
    limit: Option<u32>,
}

/// A decision about a wallet.
#[derive(ToSchema)]
pub struct ReviewRequest {
    wallet: MinerId,
    #[schema(pattern = "^(held|blocked|cleared)$")]
    decision: String,
    /// For the wallet's owner, who is told it with every refusal; at most 512 bytes.
    #[schema(min_length = 1, max_length = 512, pattern = r"\S")]
    reason: String,
}

/// A transfer to call off.
#[derive(ToSchema)]
pub struct VoidRequest {
    /// The transfer's number.
    pending_id: i64,
    /// For its sender: at most 512 bytes.
    #[schema(
        min_length = 1,
        max_length = 512,
        pattern = r"\S",
        example = "The sender's key was stolen."
    )]
    reason: String,
}

macro_rules! text_or_number {
    ($(#[doc = $doc:literal])+ $name:ident, $kind:ident, $least:expr, $pattern:literal, $example:expr) => {
        $(#[doc = $doc])+
        pub struct $name;

        impl PartialSchema for $name {
            fn schema() -> RefOr<Schema> {
                let number = ObjectBuilder::new()
                    .schema_type(Type::$kind);
                let number = $least(number);
                let text = ObjectBuilder::new()
                    .schema_type(Type::String)
                    .pattern(Some($pattern));
                OneOfBuilder::new()
                    .item(number)
                    .item(text)
                    .description(Some(concat!($($doc),+).trim()))
                    .examples([$example])
                    .into()
            }
        }

        impl ToSchema for $name {}
    };
}

text_or_number!(
    /// RTC, at least 0.000001: a number, or the same as text.
    AmountIn,
    Number,
    |n: ObjectBuilder| n.exclusive_minimum(Some(0)),
    r"^[0-9]+(\.[0-9]+)?([eE][-+]?[0-9]{1,4})?$",
    json!(1.5)
);

text_or_number!(
    /// RTC: a number, or the same as text.
    FeeIn,
    Number,
    |n| n,
    r"^-?[0-9]+(\.[0-9]+)?([eE][-+]?[0-9]{1,4})?$",
    json!(0)
);

text_or_number!(
    /// The sender's number for this transfer, higher than all before: of at most 63 bits, or the same as
    /// text. Clients take the time in milliseconds.
    NonceIn,
    Integer,
    |n: ObjectBuilder| n.minimum(Some(1)).maximum(Some(i64::MAX)),
    "^[0-9]{1,19}$",
    json!(1_800_000_000_000_i64)
);

/// A migration of a machine, signed by the miner that it is bound to.
///
/// The signature is over the canonical JSON of `action` (`binding_migrate`), `chain_id`, `kind`, `miner`,
/// `nonce`, `to` (the same as `miner` for other parts) and `unit`.
#[derive(ToSchema)]
pub struct MigrationRequest {
    /// The network that it is meant for.
    #[schema(pattern = "^[A-Za-z0-9._-]{1,64}$")]
    chain_id: String,
    /// `wallet`: to another miner. `hardware`: to other parts under the same.
    #[schema(pattern = "^(wallet|hardware)$")]
    kind: String,
    /// Whom the machine is bound to.
    miner: MinerId,
    nonce: NonceIn,
    /// The miner's Ed25519 key, 64 hexadecimal digits.
    #[schema(min_length = 1)]
    public_key: String,
    /// Ed25519, 128 hexadecimal digits.
    #[schema(min_length = 1)]
    signature: String,
    /// Whom it goes to.
    to: Option<MinerId>,
    /// The machine's number, as `/binding/{miner}` shows it.
    #[schema(minimum = 1)]
    unit: i64,
}

/// The end of a migration that waits, signed by the miner that the machine is bound to.
///
/// The signature is over the canonical JSON of `action` (`binding_cancel`), `chain_id`, `migration` and
/// `miner`.
#[derive(ToSchema)]
pub struct CancellationRequest {
    /// The network that it is meant for.
    #[schema(pattern = "^[A-Za-z0-9._-]{1,64}$")]
    chain_id: String,
    /// The migration's number.
    #[schema(minimum = 1)]
    migration: i64,
    /// Whom the machine is bound to.
    miner: MinerId,
    /// The miner's Ed25519 key, 64 hexadecimal digits.
    #[schema(min_length = 1)]
    public_key: String,
    /// Ed25519, 128 hexadecimal digits.
    #[schema(min_length = 1)]
    signature: String,
}

/// A migration of a machine whose owner cannot sign.
#[derive(ToSchema)]
pub struct StartMigrationRequest {
    /// For everybody: at most 512 bytes.
    #[schema(
        min_length = 1,
        max_length = 512,
        pattern = r"\S",
        example = "The owner lost the key, and showed the machine."
    )]
    reason: String,
    /// Whom the machine goes to.
    to: MinerId,
    /// The machine's number.
    unit: i64,
}

/// A migration to cancel.
#[derive(ToSchema)]
pub struct StopMigrationRequest {
    /// Its number.
    migration: i64,
    /// For everybody: at most 512 bytes.
    #[schema(
        min_length = 1,
        max_length = 512,
        pattern = r"\S",
        example = "The owner says that the key was stolen."
    )]
    reason: String,
}

/// A machine to make nobody's.
#[derive(ToSchema)]
pub struct ReleaseRequest {
    /// For everybody: at most 512 bytes.
    #[schema(
        min_length = 1,
        max_length = 512,
        pattern = r"\S",
        example = "Bound with the serial number of somebody else's machine."
    )]
    reason: String,
    /// The machine's number.
    unit: i64,
}
