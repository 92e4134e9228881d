//! The processor as the evidence describes it: identification words parsed, never text searched.

use super::silicon::{Core, Signature, Silicon};
use probe_core::evidence::IdentityReport;

/// Positions in `IdentityReport::words` on x86-64, as `probe-arch` documents them.
mod word {
    pub const SIGNATURE: usize = 1;
    pub const FEATURES_ECX: usize = 3;
    pub const MAKER: usize = 11;
}

/// Leaf 1 ECX bit 28: AVX (Intel SDM volume 2, `CPUID`).
const AVX: u32 = 1 << 28;
/// Leaf 1 ECX bit 31: reserved for hypervisors (Intel SDM, AMD APM).
const HYPERVISOR: u32 = 1 << 31;

/// What the identification words say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Processor<'a> {
    /// The architecture's name.
    pub architecture: &'a str,
    /// The processor's own name.
    pub name: &'a str,
    /// On x86: first four letters of the maker, and the signature.
    pub x86: Option<X86<'a>>,
}

/// The x86 part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct X86<'a> {
    /// First four letters of leaf 0's string.
    pub maker: String,
    /// Family, model, stepping.
    pub signature: Signature,
    /// AVX is announced.
    pub avx: bool,
    /// A hypervisor announces itself.
    pub hypervisor: bool,
    /// The core of this signature, where it is known.
    pub core: Option<&'a Core>,
}

impl<'a> Processor<'a> {
    /// Parses the identity of a submission.
    pub fn parse(identity: &'a IdentityReport, silicon: &'a Silicon) -> Self {
        let architecture = identity.architecture.as_str();
        let word = |i: usize| identity.words.get(i).copied().unwrap_or(0);
        let x86 = matches!(architecture, "x86_64" | "x86") && word(word::SIGNATURE) != 0;
        let x86 = x86.then(|| {
            let maker: String = word(word::MAKER)
                .to_le_bytes()
                .into_iter()
                .filter(u8::is_ascii_graphic)
                .map(char::from)
                .collect();
            let signature = Signature::from_eax(word(word::SIGNATURE));
            X86 {
                core: silicon.core(&maker, signature),
                avx: word(word::FEATURES_ECX) & AVX != 0,
                hypervisor: word(word::FEATURES_ECX) & HYPERVISOR != 0,
                maker,
                signature,
            }
        });
        Processor {
            architecture,
            name: identity.name.as_str(),
            x86,
        }
    }

    /// The core, where it is known.
    pub fn core(&self) -> Option<&'a Core> {
        self.x86.as_ref().and_then(|x| x.core)
    }

    /// The processor in words, for people.
    pub fn describe(&self) -> String {
        match &self.x86 {
            None => format!("{} ({})", self.architecture, or(self.name, "unnamed")),
            Some(x) => format!(
                "{} family {:02X}h model {:02X}h ({}, {})",
                maker_name(&x.maker),
                x.signature.family,
                x.signature.model,
                x.core
                    .map_or("a core that the table does not have", |c| c.name.as_str()),
                or(self.name, "unnamed"),
            ),
        }
    }
}

/// The company behind the first four letters of leaf 0's string; the letters where it is unknown.
fn maker_name(letters: &str) -> &str {
    match letters {
        "Genu" => "Intel",
        "Auth" => "AMD",
        "Hygo" => "Hygon",
        "Cent" => "Centaur",
        "Cyri" => "Cyrix",
        other => or(other, "unknown maker,"),
    }
}

fn or<'a>(text: &'a str, otherwise: &'a str) -> &'a str {
    if text.is_empty() {
        otherwise
    } else {
        text
    }
}
