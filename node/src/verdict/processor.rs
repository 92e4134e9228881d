//! The processor as the evidence describes it: identification words parsed, never text searched.

use super::families::{self, Family};
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

/// Leaf 0's string of Transmeta's processors.
pub const TRANSMETA: &str = "GenuineTMx86";

/// What the identification words say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Processor<'a> {
    /// The architecture's name.
    pub architecture: &'a str,
    /// The processor's own name.
    pub name: &'a str,
    /// On x86: first four letters of the maker, and the signature.
    pub x86: Option<X86<'a>>,
    /// Elsewhere: the cores of the architecture.
    pub family: Option<&'a Family>,
    /// Elsewhere: the core that the identification words name.
    pub named: Option<&'a families::Core>,
}

/// A core, of whichever family.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Known<'a> {
    /// Of x86.
    X86(&'a Core),
    /// Of any other family.
    Other(&'a families::Core),
}

impl<'a> Known<'a> {
    /// For people.
    pub fn name(self) -> &'a str {
        match self {
            Known::X86(core) => &core.name,
            Known::Other(core) => &core.name,
        }
    }

    /// Key of `antiquity.toml`.
    pub fn class(self) -> &'a str {
        match self {
            Known::X86(core) => &core.class,
            Known::Other(core) => &core.class,
        }
    }

    /// Year of first shipment.
    pub fn year(self) -> u16 {
        match self {
            Known::X86(core) => core.year,
            Known::Other(core) => core.year,
        }
    }

    /// First- and second-level data caches that it is made with, KiB.
    pub fn caches_kib(self) -> [&'a [u32]; 2] {
        match self {
            Known::X86(core) => [&core.l1_kib, &core.l2_kib],
            Known::Other(core) => [&core.l1_kib, &core.l2_kib],
        }
    }

    /// Whether any member runs programs of 64 bits.
    pub fn is_long(self) -> bool {
        match self {
            Known::X86(core) => core.long,
            Known::Other(core) => core.bits == 64,
        }
    }

    /// Whether any member may have a vector unit.
    pub fn may_have_vectors(self) -> bool {
        match self {
            Known::X86(_) => true,
            Known::Other(core) => core.vector,
        }
    }

    /// Whether any member has AVX.
    pub fn is_wide(self) -> bool {
        matches!(self, Known::X86(core) if core.wide)
    }
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
            // Intel's string begins like Transmeta's, but only the latter's name says so.
            let transmeta = maker == TRANSMETA[..4] && identity.name.starts_with("Transmeta");
            let vendor = if transmeta { TRANSMETA } else { &maker };
            X86 {
                core: silicon.core(vendor, signature),
                avx: word(word::FEATURES_ECX) & AVX != 0,
                hypervisor: word(word::FEATURES_ECX) & HYPERVISOR != 0,
                maker,
                signature,
            }
        });
        let family = silicon.families().of(architecture);
        let cores = family.into_iter().flat_map(|family| &family.cores);
        let named = cores
            .into_iter()
            .find(|core| core.is_named_by(&identity.words));
        Processor {
            architecture,
            name: identity.name.as_str(),
            x86,
            family,
            named,
        }
    }

    /// The core that the identification words name, where it is known.
    pub fn core(&self) -> Option<Known<'a>> {
        let x86 = || self.x86.as_ref()?.core.map(Known::X86);
        self.named.map(Known::Other).or_else(x86)
    }

    /// Whether programs of this architecture have pointers of 64 bits.
    pub fn is_long(&self) -> bool {
        self.architecture == "x86_64" || self.family.is_some_and(|f| f.bits == 64)
    }

    /// The processor in words, for people.
    pub fn describe(&self) -> String {
        match &self.x86 {
            None => {
                let core = self
                    .named
                    .map_or(String::new(), |c| format!("{}, ", c.name));
                format!("{} ({core}{})", self.architecture, or(self.name, "unnamed"))
            }
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
