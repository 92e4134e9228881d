//! The shape of a submission: which members, of which kinds, checked in a fixed order.
//!
//! The order is that of the existing network, whose clients tell faults apart by it: the kinds of
//! the sections, the ids, the signature's kinds, then inside device, signals, report and
//! fingerprint, and last what is missing.

use serde_json::{Map, Value};

use crate::error::{ApiError, Code};
use crate::keys;
use crate::verdict::Claim;

/// Characters in a miner's id, at most.
pub const ID_MAX: usize = 128;

/// Characters in any other text of a submission, at most.
const TEXT_MAX: usize = 512;

/// Cores of one machine, at most.
const CORES_MAX: u16 = 4_096;

/// Numbers of `fingerprint.checks` that must be finite where present.
const METRICS: [(&str, &[&str]); 5] = [
    ("clock_drift", &["cv", "samples"]),
    ("thermal_entropy", &["variance"]),
    ("thermal_drift", &["variance"]),
    ("instruction_jitter", &["cv", "stddev_ns"]),
    ("cache_timing", &["hierarchy_ratio"]),
];

type Object = Map<String, Value>;

/// A well-formed submission. Nothing in it is believed yet.
#[derive(Debug, Clone)]
pub struct Submission {
    /// Every member, as received.
    pub members: Object,
    /// Who is credited.
    pub miner: String,
    /// The client's own name for itself.
    pub miner_id: Option<String>,
    /// The challenge, where one is named. `report.nonce` wins.
    pub nonce: Option<String>,
    /// `report.commitment`, or nothing.
    pub commitment: String,
    /// What the machine claims to be.
    pub claim: Claim,
    /// The serial number that the client claims.
    pub serial: Option<String>,
    /// Hardware addresses named.
    pub macs: usize,
    /// `signature`, as text.
    pub signature: Option<String>,
    /// `public_key`, as text.
    pub public_key: Option<String>,
    /// `signature_type`, as text.
    pub signature_type: Option<String>,
}

impl Submission {
    /// Checks the shape.
    ///
    /// # Errors
    /// The first fault in the order above.
    pub fn new(members: Object) -> Result<Self, ApiError> {
        let device = section(&members, "device", Code::InvalidDevice)?;
        let signals = section(&members, "signals", Code::InvalidSignals)?;
        let report = section(&members, "report", Code::InvalidReport)?;
        let fingerprint = section(&members, "fingerprint", Code::InvalidFingerprint)?;

        let miner = text(&members, "miner", Code::InvalidMiner)?;
        let miner_id = text(&members, "miner_id", Code::InvalidMiner)?;
        for id in [&miner, &miner_id].into_iter().flatten() {
            check_wallet_format(id)?;
        }
        for id in [&miner, &miner_id].into_iter().flatten() {
            check_charset(id)?;
        }
        let signature = text(&members, "signature", Code::InvalidSignatureType)?;
        let public_key = text(&members, "public_key", Code::InvalidPublicKeyType)?;
        let signature_type = text(&members, "signature_type", Code::InvalidSignatureTypeField)?;
        let credited = miner.clone().or_else(|| miner_id.clone()).ok_or_else(|| {
            ApiError::new(Code::MissingMiner, "name the wallet to credit in \"miner\"")
        })?;

        let empty = Object::new();
        let claimed = device.unwrap_or(&empty);
        let seen = signals.unwrap_or(&empty);
        let reported = report.unwrap_or(&empty);
        let cores = cores(claimed)?;
        let device_text = |names: &[&str]| -> Result<String, ApiError> {
            let mut found = String::new();
            for name in names {
                let value = text(claimed, name, Code::InvalidDevice)?.unwrap_or_default();
                if found.is_empty() {
                    found = value;
                }
            }
            Ok(found)
        };
        let family = device_text(&["device_family", "family"])?;
        let arch = device_text(&["device_arch", "arch"])?;
        let model = device_text(&["device_model", "model"])?;
        let cpu = device_text(&["cpu"])?;
        let serial = device_text(&["serial_number", "serial"])?;
        let macs = macs(seen)?;
        let hostname = text(seen, "hostname", Code::InvalidSignals)?.unwrap_or_default();
        text(seen, "serial", Code::InvalidSignals)?;
        let report_nonce = text(reported, "nonce", Code::InvalidReport)?;
        let commitment = text(reported, "commitment", Code::InvalidReport)?.unwrap_or_default();
        let checks = checks(fingerprint)?;

        let missing = |code, name| ApiError::new(code, format!("\"{name}\" is missing or empty"));
        if claimed.is_empty() {
            return Err(missing(Code::MissingDevice, "device"));
        }
        if seen.is_empty() {
            return Err(missing(Code::MissingSignals, "signals"));
        }
        if checks.is_none_or(Object::is_empty) && !members.contains_key("evidence") {
            return Err(missing(Code::MissingFingerprint, "fingerprint.checks"));
        }

        let top_nonce = members
            .get("nonce")
            .and_then(Value::as_str)
            .map(str::to_owned);
        Ok(Submission {
            miner: credited,
            miner_id,
            nonce: report_nonce.or(top_nonce).filter(|nonce| !nonce.is_empty()),
            commitment,
            claim: Claim {
                family,
                arch,
                model,
                cpu,
                hostname,
                cores,
            },
            serial: (!serial.is_empty()).then_some(serial),
            macs,
            signature,
            public_key,
            signature_type,
            members,
        })
    }

    /// `fingerprint.checks`, or nothing.
    pub fn checks(&self) -> Option<&Object> {
        self.members.get("fingerprint")?.get("checks")?.as_object()
    }

    /// `evidence`, where there is any.
    pub fn evidence(&self) -> Option<&Value> {
        self.members
            .get("evidence")
            .filter(|value| !value.is_null())
    }
}

/// Whether `id` can name a miner.
///
/// # Errors
/// [`Code::InvalidMinerWalletFormat`] or [`Code::InvalidMiner`].
pub fn check_id(id: &str) -> Result<(), ApiError> {
    check_wallet_format(id)?;
    check_charset(id)
}

/// Refuses what looks like an address of Solana (base58 of 32 to 44 characters), and addresses in
/// upper case: both are slips of a hand, and neither can ever be spent from.
fn check_wallet_format(id: &str) -> Result<(), ApiError> {
    let base58 = |b: u8| b.is_ascii_alphanumeric() && !matches!(b, b'0' | b'O' | b'I' | b'l');
    let foreign = (32..=44).contains(&id.len()) && !id.starts_with("RTC") && id.bytes().all(base58);
    if foreign {
        return Err(ApiError::new(
            Code::InvalidMinerWalletFormat,
            "this looks like an address of another chain; use an RTC address or a name",
        ));
    }
    if keys::has_address_shape(id) && !keys::is_address(id) {
        return Err(ApiError::new(
            Code::InvalidMinerWalletFormat,
            "an address is \"RTC\" and 40 hexadecimal digits in lower case",
        ));
    }
    Ok(())
}

fn check_charset(id: &str) -> Result<(), ApiError> {
    let allowed = |b: u8| b.is_ascii_alphanumeric() || b"._:-".contains(&b);
    if (1..=ID_MAX).contains(&id.len()) && id.bytes().all(allowed) {
        return Ok(());
    }
    Err(ApiError::new(
        Code::InvalidMiner,
        format!("an id has 1 to {ID_MAX} characters out of A-Z a-z 0-9 . _ : -"),
    ))
}

/// A member that must be an object where it is present.
fn section<'a>(
    members: &'a Object,
    name: &str,
    code: Code,
) -> Result<Option<&'a Object>, ApiError> {
    match members.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Object(section)) => Ok(Some(section)),
        Some(_) => Err(ApiError::new(code, format!("\"{name}\" must be an object"))),
    }
}

/// A member that must be a text where it is present.
fn text(members: &Object, name: &str, code: Code) -> Result<Option<String>, ApiError> {
    match members.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) if text.len() <= TEXT_MAX => Ok(Some(text.clone())),
        Some(_) => Err(ApiError::new(
            code,
            format!("\"{name}\" must be a text of at most {TEXT_MAX} bytes"),
        )),
    }
}

fn cores(device: &Object) -> Result<u16, ApiError> {
    let fault = || {
        let message = format!("\"cores\" must be a whole number from 1 to {CORES_MAX}");
        ApiError::new(Code::InvalidDeviceCores, message)
    };
    match device.get("cores") {
        None | Some(Value::Null) => Ok(1),
        Some(Value::Number(number)) => number
            .as_u64()
            .and_then(|n| u16::try_from(n).ok())
            .filter(|n| (1..=CORES_MAX).contains(n))
            .ok_or_else(fault),
        Some(_) => Err(fault()),
    }
}

fn macs(signals: &Object) -> Result<usize, ApiError> {
    let fault = || ApiError::new(Code::InvalidSignalsMacs, "\"macs\" must be a list of texts");
    match signals.get("macs") {
        None | Some(Value::Null) => Ok(0),
        Some(Value::Array(macs)) => {
            let sound = macs.iter().all(|mac| {
                mac.as_str()
                    .is_some_and(|m| !m.is_empty() && m.len() <= TEXT_MAX)
            });
            sound.then_some(macs.len()).ok_or_else(fault)
        }
        Some(_) => Err(fault()),
    }
}

fn checks(fingerprint: Option<&Object>) -> Result<Option<&Object>, ApiError> {
    let Some(fingerprint) = fingerprint else {
        return Ok(None);
    };
    let Some(checks) = section(fingerprint, "checks", Code::InvalidFingerprintChecks)? else {
        return Ok(None);
    };
    for (check, metrics) in METRICS {
        let Some(data) = checks.get(check).and_then(|c| c.get("data")) else {
            continue;
        };
        for metric in metrics {
            if !data.get(metric).is_none_or(is_finite_number) {
                return Err(ApiError::new(
                    Code::InvalidFingerprintMetric,
                    format!("\"{check}.data.{metric}\" must be a finite number"),
                ));
            }
        }
    }
    Ok(Some(checks))
}

/// A number, or a text that spells one; never infinite.
fn is_finite_number(value: &Value) -> bool {
    let number = match value {
        Value::Number(number) => number.as_str().parse::<f64>(),
        Value::String(text) => text.trim().parse::<f64>(),
        _ => return false,
    };
    number.is_ok_and(f64::is_finite)
}
