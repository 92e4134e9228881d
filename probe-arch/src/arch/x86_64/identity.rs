//! Who the processor says it is, and which vector instructions it has.
//!
//! References:
//! - Intel SDM volume 2, `CPUID`, `XGETBV`; volume 1, "Detection of AVX", "Detection of FMA".
//! - AMD APM volume 3, appendix E, "Obtaining Processor Information Via the CPUID Instruction".
//! - Leaves from 4000_0000H: reserved by both makers for hypervisors, which announce themselves by
//!   bit 31 of ECX in leaf 1.

use core::arch::asm;
use probe_core::machine::{Identity, IDENTITY_NAME, IDENTITY_WORDS};

/// Feature flags of leaf 1.
const LEAF_FEATURES: u32 = 1;
/// Feature flags since AVX2.
const LEAF_MORE_FEATURES: u32 = 7;
/// Highest hypervisor leaf, and the hypervisor's name.
const LEAF_HYPERVISOR: u32 = 0x4000_0000;
/// What a partition of Microsoft's hypervisor may do.
const LEAF_HYPERVISOR_FEATURES: u32 = 0x4000_0003;
/// EBX of [`LEAF_HYPERVISOR_FEATURES`]: this partition may create others.
const CREATE_PARTITIONS: u32 = 1;
/// Highest extended leaf.
const LEAF_EXTENDED: u32 = 0x8000_0000;
/// Extended feature flags.
const LEAF_EXTENDED_FEATURES: u32 = 0x8000_0001;
/// The three leaves of the brand string.
const LEAVES_BRAND: core::ops::RangeInclusive<u32> = 0x8000_0002..=0x8000_0004;

/// EBX of leaf 1 without bits 31–24, the initial APIC id: which core runs this, not what it is.
const WITHOUT_APIC_ID: u32 = 0x00ff_ffff;

/// Leaf 1, ECX.
const SSSE3: u32 = 1 << 9;
const FMA: u32 = 1 << 12;
const OSXSAVE: u32 = 1 << 27;
const AVX: u32 = 1 << 28;
const HYPERVISOR: u32 = 1 << 31;
/// Leaf 7, EBX.
const AVX2: u32 = 1 << 5;
/// XCR0: the system saves XMM and YMM registers.
const SAVES_YMM: u32 = 0b110;

/// What each of [`Identity::words`] holds on x86-64.
pub const WORD_NAMES: [&str; IDENTITY_WORDS] = [
    "leaf 0 eax (highest basic leaf)",
    "leaf 1 eax (family, model, stepping)",
    "leaf 1 ebx without the APIC id",
    "leaf 1 ecx",
    "leaf 1 edx",
    "leaf 7 ebx",
    "leaf 7 ecx",
    "leaf 7 edx",
    "leaf 80000001 ecx",
    "leaf 80000001 edx",
    "leaf 40000000 eax (highest hypervisor leaf)",
    "leaf 0 ebx (first four letters of the maker)",
];

/// The four registers of one `CPUID` leaf.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Leaf {
    pub eax: u32,
    pub ebx: u32,
    pub ecx: u32,
    pub edx: u32,
}

/// Executes `CPUID`. Cost: about 100 cycles on a bare processor, thousands under a hypervisor.
pub(super) fn cpuid(leaf: u32, subleaf: u32) -> Leaf {
    let (eax, ebx, ecx, edx);
    // SAFETY: every x86-64 processor has the instruction, it reads and writes registers only, and
    // RBX, which the compiler keeps for itself, is put back.
    unsafe {
        asm!(
            "mov {kept:r}, rbx",
            "cpuid",
            "xchg {kept:r}, rbx",
            kept = out(reg) ebx,
            inout("eax") leaf => eax,
            inout("ecx") subleaf => ecx,
            out("edx") edx,
            options(nomem, nostack, preserves_flags)
        );
    }
    let ebx: u64 = ebx;
    Leaf {
        eax,
        ebx: ebx as u32,
        ecx,
        edx,
    }
}

/// The highest basic leaf.
pub(super) fn max_leaf() -> u32 {
    cpuid(0, 0).eax
}

/// `leaf`, or zeros where `highest` says that there is none.
fn leaf_up_to(highest: u32, leaf: u32) -> Leaf {
    if leaf <= highest {
        cpuid(leaf, 0)
    } else {
        Leaf {
            eax: 0,
            ebx: 0,
            ecx: 0,
            edx: 0,
        }
    }
}

/// Vector instructions beyond SSE2 that both the processor and the system provide.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Features {
    pub ssse3: bool,
    pub avx: bool,
    pub avx2: bool,
    pub fma: bool,
}

impl Features {
    /// Asks `CPUID`, and `XGETBV` whether the system saves the wide registers.
    pub fn detect() -> Self {
        let highest = max_leaf();
        let features = leaf_up_to(highest, LEAF_FEATURES);
        let more = leaf_up_to(highest, LEAF_MORE_FEATURES);
        let wide = features.ecx & OSXSAVE != 0
            && features.ecx & AVX != 0
            && enabled_states() & SAVES_YMM == SAVES_YMM;
        Features {
            ssse3: features.ecx & SSSE3 != 0,
            avx: wide,
            avx2: wide && more.ebx & AVX2 != 0,
            fma: wide && features.ecx & FMA != 0,
        }
    }

    /// The name of the newest vector unit whose operations are all there.
    fn vector_unit(&self) -> &'static str {
        if self.avx2 && self.fma {
            "avx2"
        } else if self.ssse3 {
            "ssse3"
        } else {
            "sse2"
        }
    }
}

/// The low half of XCR0. Only to be called where OSXSAVE is set.
fn enabled_states() -> u32 {
    let states;
    // SAFETY: the caller has seen OSXSAVE, so the instruction exists and is allowed.
    unsafe {
        asm!(
            "xgetbv",
            in("ecx") 0,
            out("eax") states,
            out("edx") _,
            options(nomem, nostack, preserves_flags)
        );
    }
    states
}

/// What the processor says of itself, all of it by `CPUID`: some twelve times.
pub(super) fn identity(features: &Features) -> Identity {
    let maker = cpuid(0, 0);
    let one = leaf_up_to(maker.eax, LEAF_FEATURES);
    let seven = leaf_up_to(maker.eax, LEAF_MORE_FEATURES);
    let extended = cpuid(LEAF_EXTENDED, 0).eax;
    let extended_features = leaf_up_to(extended, LEAF_EXTENDED_FEATURES);
    let hypervisor = if one.ecx & HYPERVISOR != 0 {
        cpuid(LEAF_HYPERVISOR, 0).eax
    } else {
        0
    };
    let mut name = [0; IDENTITY_NAME];
    if extended >= *LEAVES_BRAND.end() {
        let registers = LEAVES_BRAND.flat_map(|leaf| {
            let leaf = cpuid(leaf, 0);
            [leaf.eax, leaf.ebx, leaf.ecx, leaf.edx]
        });
        for (bytes, register) in name.chunks_exact_mut(4).zip(registers) {
            bytes.copy_from_slice(&register.to_le_bytes());
        }
    }
    Identity {
        architecture: "x86_64",
        backend: "native",
        words: [
            maker.eax,
            one.eax,
            one.ebx & WITHOUT_APIC_ID,
            one.ecx,
            one.edx,
            seven.ebx,
            seven.ecx,
            seven.edx,
            extended_features.ecx,
            extended_features.edx,
            hypervisor,
            maker.ebx,
        ],
        name,
        vector_unit: features.vector_unit(),
    }
}

/// The name that a hypervisor gives itself in leaf 4000_0000H (`KVMKVMKVM`, `Microsoft Hv`,
/// `TCGTCGTCGTCG` …), zero-padded; `None` where the processor shows no hypervisor bit.
pub fn hypervisor() -> Option<[u8; 12]> {
    if leaf_up_to(max_leaf(), LEAF_FEATURES).ecx & HYPERVISOR == 0 {
        return None;
    }
    let leaf = cpuid(LEAF_HYPERVISOR, 0);
    let mut name = [0; 12];
    for (bytes, register) in name.chunks_exact_mut(4).zip([leaf.ebx, leaf.ecx, leaf.edx]) {
        bytes.copy_from_slice(&register.to_le_bytes());
    }
    Some(name)
}

/// Whether this system is the root partition of Microsoft's hypervisor: it creates the machine's
/// guests, and no other system stands above it. Windows runs so on the metal where its
/// virtualisation-based security is on. (Hypervisor Top-Level Functional Specification, "Feature
/// identification": leaf 4000_0003H, EBX bit 0, CreatePartitions.)
pub fn hypervisor_root() -> bool {
    hypervisor() == Some(*b"Microsoft Hv")
        && cpuid(LEAF_HYPERVISOR, 0).eax >= LEAF_HYPERVISOR_FEATURES
        && cpuid(LEAF_HYPERVISOR_FEATURES, 0).ebx & CREATE_PARTITIONS != 0
}
