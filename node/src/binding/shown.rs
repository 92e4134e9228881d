//! What an attestation shows of one unit.

use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use super::mac;
use super::rules::Unit;
use super::salt::Salt;
use super::serial::Serial;
use probe_core::evidence::{Evidence, IdentityReport};

/// Where clients write serial numbers.
const SERIALS: [(&str, &str); 3] = [
    ("device", "serial_number"),
    ("device", "serial"),
    ("signals", "serial"),
];

/// Words of an x86 identification: leaf 1 `eax` and the maker's letters, as `probe-arch` orders them.
/// The others change with microcode, kernel and hypervisor.
const X86_WORDS: [usize; 2] = [1, 11];

/// The processor version register, where the system reads it for programs.
const POWERPC_WORD: usize = 0;

/// Reads a submission's members: `device.serial_number` or `device.serial`, `signals.serial`, and
/// `signals.macs`; and the processor from its evidence, where there is any. Costs two HMAC-SHA-256
/// blocks for each serial and address that can be one unit's, and nothing where there is none.
pub fn shown(members: &Map<String, Value>, evidence: Option<&Evidence>, salt: &Salt) -> Unit {
    let serials = SERIALS.iter().filter_map(|(section, name)| {
        let text = members.get(*section)?.get(*name)?.as_str()?;
        Serial::read(text, salt)
    });
    let macs = members
        .get("signals")
        .and_then(|s| s.get("macs")?.as_array());
    let macs = macs.into_iter().flatten().filter_map(Value::as_str);
    let macs = mac::read_all(macs, salt);
    let processor = evidence.and_then(|evidence| processor(&evidence.identity));
    Unit::shown(serials, macs, processor)
}

/// The processor's model by registers that are the same in every run on one machine, hashed; `None`
/// where there is no such register. So it is on ARM, whose machines have cores of several kinds, and
/// wherever only the system can read it.
fn processor(identity: &IdentityReport) -> Option<[u8; 16]> {
    let word = |i: usize| identity.words.get(i).copied().unwrap_or(0);
    let (family, words) = match identity.architecture.as_str() {
        "x86" | "x86_64" => ("x86", X86_WORDS.map(word).to_vec()),
        "powerpc" | "powerpc64" => ("powerpc", vec![word(POWERPC_WORD)]),
        _ => return None,
    };
    if words[0] == 0 {
        return None;
    }
    let mut hash = Sha256::new_with_prefix(family);
    for word in words {
        hash.update(word.to_be_bytes());
    }
    let mut model = [0; 16];
    model.copy_from_slice(&hash.finalize()[..16]);
    Some(model)
}
