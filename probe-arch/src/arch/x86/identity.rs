//! Who the processor says it is, or shows itself to be, and what it has.
//!
//! References:
//! - Intel SDM volume 2, `CPUID`, `XGETBV`, `FXSAVE`; volume 1, "Detection of AVX", "Detection of FMA";
//!   "EFLAGS Register" (AC since the 486, ID where there is `CPUID`).
//! - Intel, application note AP-485, "Processor Identification and the CPUID Instruction": telling a 386
//!   from a 486 by AC, finding an x87 by `FNINIT` and `FNSTSW`.
//! - Cyrix, "CPU Detection Guide", Application Note 112: 5 divided by 2 leaves the flags alone.
//! - AMD APM volume 3, appendix E, "Obtaining Processor Information Via the CPUID Instruction"; "3DNow!
//!   Technology Manual" (21928), "Feature detection".
//! - Leaves from 4000_0000H: reserved by both makers for hypervisors, which announce themselves by bit 31
//!   of ECX in leaf 1.
//! - Linux, `arch/x86/kernel/fpu/init.c`: bit 0 of `AT_HWCAP` is an x87 of silicon; without it the kernel
//!   computes.

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
/// Highest extended leaf. Processors without extended leaves answer something below it.
const LEAF_EXTENDED: u32 = 0x8000_0000;
/// Extended feature flags.
const LEAF_EXTENDED_FEATURES: u32 = 0x8000_0001;
/// The three leaves of the brand string.
const LEAVES_BRAND: core::ops::RangeInclusive<u32> = 0x8000_0002..=0x8000_0004;

/// EBX of leaf 1 without bits 31–24, the initial APIC id: which core runs this, not what it is.
const WITHOUT_APIC_ID: u32 = 0x00ff_ffff;
/// Where [`Float`] lies in the same word.
const FLOAT_SHIFT: u32 = 24;

/// Leaf 1, ECX.
const SSSE3: u32 = 1 << 9;
const FMA: u32 = 1 << 12;
const OSXSAVE: u32 = 1 << 27;
const AVX: u32 = 1 << 28;
const HYPERVISOR: u32 = 1 << 31;
/// Leaf 1, EDX.
const TSC: u32 = 1 << 4;
const MMX: u32 = 1 << 23;
const FXSR: u32 = 1 << 24;
const SSE: u32 = 1 << 25;
const SSE2: u32 = 1 << 26;
/// Leaf 7, EBX.
const AVX2: u32 = 1 << 5;
/// Leaf 8000_0001, EDX.
const THREE_D_NOW: u32 = 1 << 31;
/// XCR0: the system saves XMM and YMM registers.
const SAVES_YMM: u32 = 0b110;

/// EFLAGS: alignment check, since the 486.
const EFLAGS_AC: u32 = 1 << 18;
/// EFLAGS: there is `CPUID`.
const EFLAGS_ID: u32 = 1 << 21;

/// Findings of a processor without `CPUID`.
const FOUND_AC: u32 = 1;
const FOUND_CYRIX: u32 = 1 << 1;

/// What each of [`Identity::words`] holds on x86: with `CPUID` the same as on x86-64, but for the highest
/// byte of the third, which says where binary64 is computed (0 nowhere, 1 in the x87, 2 in SSE2, 3 in an
/// x87 that the system imitates). Without `CPUID` all others are 0 but the last two.
pub const WORD_NAMES: [&str; IDENTITY_WORDS] = [
    "leaf 0 eax (highest basic leaf)",
    "leaf 1 eax (family, model, stepping), 0 without CPUID",
    "leaf 1 ebx without the APIC id; unit of binary64 << 24",
    "leaf 1 ecx",
    "leaf 1 edx",
    "leaf 7 ebx",
    "leaf 7 ecx",
    "leaf 7 edx",
    "leaf 80000001 ecx",
    "leaf 80000001 edx",
    "leaf 40000000 eax; without CPUID 1: AC can be set, 2: divides as Cyrix does",
    "leaf 0 ebx (four letters of the maker); without CPUID 386 or 486",
];

/// The four registers of one `CPUID` leaf.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Leaf {
    pub eax: u32,
    pub ebx: u32,
    pub ecx: u32,
    pub edx: u32,
}

/// The answer of a leaf that there is not.
const NO_LEAF: Leaf = Leaf {
    eax: 0,
    ebx: 0,
    ecx: 0,
    edx: 0,
};

/// That there is `CPUID`, and how far it goes. Only [`Cpuid::find`] makes one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cpuid {
    highest: u32,
    extended: u32,
}

impl Cpuid {
    /// Looks for the instruction.
    fn find() -> Option<Self> {
        if !can_change(EFLAGS_ID) {
            return None;
        }
        // Only now may the instruction be executed.
        let there = Cpuid {
            highest: 0,
            extended: 0,
        };
        let extended = cpuid(there, LEAF_EXTENDED, 0).eax;
        Some(Cpuid {
            highest: cpuid(there, 0, 0).eax,
            extended: if extended & LEAF_EXTENDED != 0 {
                extended
            } else {
                0
            },
        })
    }

    /// The highest basic leaf.
    pub(super) fn highest(self) -> u32 {
        self.highest
    }

    /// A basic leaf, or zeros where there is none.
    pub(super) fn basic(self, leaf: u32) -> Leaf {
        if leaf <= self.highest {
            cpuid(self, leaf, 0)
        } else {
            NO_LEAF
        }
    }

    /// An extended leaf, or zeros where there is none.
    fn extended(self, leaf: u32) -> Leaf {
        if leaf <= self.extended {
            cpuid(self, leaf, 0)
        } else {
            NO_LEAF
        }
    }
}

/// Executes `CPUID`. Cost: tens to hundreds of cycles on a bare processor, thousands under a hypervisor.
#[inline(always)]
pub(super) fn cpuid(_there: Cpuid, leaf: u32, subleaf: u32) -> Leaf {
    let (eax, ebx, ecx, edx);
    // SAFETY: there is the instruction, or nobody could have made a `Cpuid`. It reads and writes registers
    // only, and EBX, which the compiler may keep for itself, is put back.
    unsafe {
        asm!(
            "mov edi, ebx",
            "cpuid",
            "xchg edi, ebx",
            out("edi") ebx,
            inout("eax") leaf => eax,
            inout("ecx") subleaf => ecx,
            out("edx") edx,
            options(nomem, nostack, preserves_flags)
        );
    }
    Leaf { eax, ebx, ecx, edx }
}

/// Whether a bit of EFLAGS can be changed.
fn can_change(bit: u32) -> bool {
    let changed: u32;
    // SAFETY: flips one bit that means nothing to the aligned accesses made here, and puts it back. Uses
    // the stack (no `nostack`).
    unsafe {
        asm!(
            "pushfd",
            "pop {kept}",
            "xor {bit}, {kept}",
            "push {bit}",
            "popfd",
            "pushfd",
            "pop {bit}",
            "push {kept}",
            "popfd",
            "xor {bit}, {kept}",
            bit = inout(reg) bit => changed,
            kept = out(reg) _,
        );
    }
    changed & bit != 0
}

/// Whether 5 / 2 leaves the flags alone. Only to be asked of processors without `CPUID`: many later ones
/// of other makers leave them alone as well.
fn divides_like_cyrix() -> bool {
    /// Bit 1 of EFLAGS, which is always set; the five others that `LAHF` loads are clear.
    const ONLY_BIT_1: u32 = 0x02;
    let flags: u32;
    // SAFETY: arithmetic on EAX and ECX; the divisor is 2.
    unsafe {
        asm!(
            "xor eax, eax",
            "sahf",
            "mov eax, 5",
            "mov ecx, 2",
            "div cl",
            "lahf",
            out("eax") flags,
            out("ecx") _,
            options(nomem, nostack)
        );
    }
    flags >> 8 & 0xff == ONLY_BIT_1
}

/// Where binary64 is computed. The numbers are those of the identity's word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Float {
    /// Nowhere.
    Absent = 0,
    /// In the x87.
    X87 = 1,
    /// In SSE2.
    Sse2 = 2,
    /// In an x87 that the operating system imitates.
    Imitated = 3,
}

/// Whether something answers as an x87 does: the processor, a coprocessor, or the system.
fn answers_as_x87() -> bool {
    /// What no x87 leaves after `FNINIT` in either word.
    const UNTOUCHED: u16 = 0x5a5a;
    /// Status: all that `FNINIT` clears. Control: infinity and precision vary between models.
    const STATUS: u16 = 0x00ff;
    const CONTROL_MASK: u16 = 0x103f;
    const CONTROL: u16 = 0x003f;
    let mut kept = UNTOUCHED;
    let mut status = UNTOUCHED;
    let mut control = UNTOUCHED;
    // SAFETY: writes the three variables. Without an x87 these instructions do nothing (AP-485), or the
    // system answers them. The stack is empty on entry, as all its registers are declared clobbered.
    unsafe {
        asm!(
            "fnstcw word ptr [{kept}]",
            "fninit",
            "fnstsw word ptr [{status}]",
            "fnstcw word ptr [{control}]",
            kept = in(reg) &mut kept,
            status = in(reg) &mut status,
            control = in(reg) &mut control,
            out("st(0)") _, out("st(1)") _, out("st(2)") _, out("st(3)") _,
            out("st(4)") _, out("st(5)") _, out("st(6)") _, out("st(7)") _,
            options(nostack)
        );
    }
    let there = status & STATUS == 0 && control & CONTROL_MASK == CONTROL;
    if there {
        // SAFETY: puts back the control word that was there, no exception being pending.
        unsafe { asm!("fldcw word ptr [{kept}]", kept = in(reg) &kept, options(nostack)) };
    }
    there
}

/// Whether the system says that it computes for the x87 that is missing.
#[cfg(all(feature = "linux", target_os = "linux"))]
fn x87_is_imitated() -> bool {
    const HWCAP_FPU: core::ffi::c_ulong = 1;
    // SAFETY: a query of the auxiliary vector; an entry that there is not gives 0.
    let hwcap = unsafe { crate::linux::getauxval(crate::linux::AT_HWCAP) };
    // Kernels before 2.0 sent no such entry.
    hwcap != 0 && hwcap & HWCAP_FPU == 0
}

/// Nobody to ask.
#[cfg(not(all(feature = "linux", target_os = "linux")))]
fn x87_is_imitated() -> bool {
    false
}

/// What `FXSAVE` writes.
#[repr(C, align(16))]
struct Saved([u32; 128]);

/// The low word of XMM7 in [`Saved`].
const SAVED_XMM7: usize = 272 / size_of::<u32>();

/// Whether the system has turned SSE on (CR4.OSFXSR, which a program cannot read): only then does `FXSAVE`
/// save XMM registers and `FXRSTOR` load them (Intel SDM volume 2, `FXSAVE`, "Operation").
///
/// # Safety
/// The processor must have `FXSAVE` and SSE.
unsafe fn saves_xmm() -> bool {
    let mut first = Saved([0; 128]);
    let mut second = Saved([0; 128]);
    let first_at: *mut Saved = &mut first;
    // SAFETY: writes the two areas, aligned to 16 bytes, and loads what was saved to them with one word
    // changed, and then without the change. The caller vouches for the instructions.
    unsafe {
        asm!(
            "fxsave [{first}]",
            "not dword ptr [{first} + {xmm7}]",
            "fxrstor [{first}]",
            "fxsave [{second}]",
            "not dword ptr [{first} + {xmm7}]",
            "fxrstor [{first}]",
            first = in(reg) first_at,
            second = in(reg) &mut second,
            xmm7 = const SAVED_XMM7 * size_of::<u32>(),
            options(nostack)
        );
    }
    second.0[SAVED_XMM7] == !first.0[SAVED_XMM7]
}

/// What there is, as far as it is used here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Features {
    pub cpuid: Option<Cpuid>,
    /// At least a 486.
    pub is_486: bool,
    cyrix: bool,
    pub x87: bool,
    pub float: Float,
    pub tsc: bool,
    pub mmx: bool,
    pub three_d_now: bool,
    pub sse: bool,
    pub sse2: bool,
    pub ssse3: bool,
    pub avx: bool,
    pub avx2: bool,
    pub fma: bool,
}

impl Features {
    /// Looks at the flags, asks `CPUID` where it is, and `XGETBV` whether the system saves the wide
    /// registers.
    pub fn detect() -> Self {
        let cpuid = Cpuid::find();
        let is_486 = cpuid.is_some() || can_change(EFLAGS_AC);
        let one = cpuid.map_or(NO_LEAF, |there| there.basic(LEAF_FEATURES));
        let seven = cpuid.map_or(NO_LEAF, |there| there.basic(LEAF_MORE_FEATURES));
        let more = cpuid.map_or(NO_LEAF, |there| there.extended(LEAF_EXTENDED_FEATURES));
        // SAFETY: only asked where both are announced.
        let xmm = one.edx & FXSR != 0 && one.edx & SSE != 0 && unsafe { saves_xmm() };
        let sse2 = xmm && one.edx & SSE2 != 0;
        let wide = sse2
            && one.ecx & OSXSAVE != 0
            && one.ecx & AVX != 0
            && enabled_states() & SAVES_YMM == SAVES_YMM;
        let x87 = answers_as_x87();
        Features {
            cpuid,
            is_486,
            cyrix: cpuid.is_none() && divides_like_cyrix(),
            x87,
            float: match (sse2, x87, x87 && x87_is_imitated()) {
                (true, _, _) => Float::Sse2,
                (_, false, _) => Float::Absent,
                (_, true, true) => Float::Imitated,
                (_, true, false) => Float::X87,
            },
            tsc: one.edx & TSC != 0,
            mmx: one.edx & MMX != 0,
            three_d_now: one.edx & MMX != 0 && more.edx & THREE_D_NOW != 0,
            sse: xmm,
            sse2,
            ssse3: sse2 && one.ecx & SSSE3 != 0,
            avx: wide,
            avx2: wide && seven.ebx & AVX2 != 0,
            fma: wide && one.ecx & FMA != 0,
        }
    }

    /// The name of the newest vector unit whose operations are all there.
    fn vector_unit(&self) -> &'static str {
        let units = [
            (self.avx2 && self.fma, "avx2"),
            (self.ssse3, "ssse3"),
            (self.sse2, "sse2"),
            (self.sse, "sse"),
            (self.three_d_now, "3dnow"),
            (self.mmx, "mmx"),
        ];
        units.iter().find(|(there, _)| *there).map_or("", |u| u.1)
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

/// What the processor says of itself, all of it by `CPUID`, some ten times; without it what was found.
pub(super) fn identity(features: &Features) -> Identity {
    let (mut words, name) = match features.cpuid {
        Some(there) => described(there),
        None => (found(features), [0; IDENTITY_NAME]),
    };
    words[2] |= (features.float as u32) << FLOAT_SHIFT;
    Identity {
        architecture: "x86",
        backend: "native",
        words,
        name,
        vector_unit: features.vector_unit(),
    }
}

/// What `CPUID` says.
fn described(there: Cpuid) -> ([u32; IDENTITY_WORDS], [u8; IDENTITY_NAME]) {
    let one = there.basic(LEAF_FEATURES);
    let seven = there.basic(LEAF_MORE_FEATURES);
    let extended = there.extended(LEAF_EXTENDED_FEATURES);
    let hypervisor = if one.ecx & HYPERVISOR != 0 {
        cpuid(there, LEAF_HYPERVISOR, 0).eax
    } else {
        0
    };
    let words = [
        there.highest,
        one.eax,
        one.ebx & WITHOUT_APIC_ID,
        one.ecx,
        one.edx,
        seven.ebx,
        seven.ecx,
        seven.edx,
        extended.ecx,
        extended.edx,
        hypervisor,
        there.basic(0).ebx,
    ];
    let mut name = [0; IDENTITY_NAME];
    if there.extended >= *LEAVES_BRAND.end() {
        let registers = LEAVES_BRAND.flat_map(|leaf| {
            let leaf = cpuid(there, leaf, 0);
            [leaf.eax, leaf.ebx, leaf.ecx, leaf.edx]
        });
        for (bytes, register) in name.chunks_exact_mut(4).zip(registers) {
            bytes.copy_from_slice(&register.to_le_bytes());
        }
    }
    (words, name)
}

/// What a processor without `CPUID` shows.
fn found(features: &Features) -> [u32; IDENTITY_WORDS] {
    let mut words = [0; IDENTITY_WORDS];
    words[10] = if features.is_486 { FOUND_AC } else { 0 };
    if features.cyrix {
        words[10] |= FOUND_CYRIX;
    }
    words[11] = if features.is_486 { 486 } else { 386 };
    words
}

/// The name that a hypervisor gives itself in leaf 4000_0000H (`KVMKVMKVM`, `Microsoft Hv`,
/// `TCGTCGTCGTCG` …), zero-padded; `None` where the processor shows no hypervisor bit.
pub fn hypervisor() -> Option<[u8; 12]> {
    let there = Cpuid::find()?;
    if there.basic(LEAF_FEATURES).ecx & HYPERVISOR == 0 {
        return None;
    }
    let leaf = cpuid(there, LEAF_HYPERVISOR, 0);
    let mut name = [0; 12];
    for (bytes, register) in name.chunks_exact_mut(4).zip([leaf.ebx, leaf.ecx, leaf.edx]) {
        bytes.copy_from_slice(&register.to_le_bytes());
    }
    Some(name)
}

/// Whether this system is the root partition of Microsoft's hypervisor: it creates the machine's guests,
/// and no other system stands above it. (Hypervisor Top-Level Functional Specification, "Feature
/// identification": leaf 4000_0003H, EBX bit 0, CreatePartitions.)
pub fn hypervisor_root() -> bool {
    if hypervisor() != Some(*b"Microsoft Hv") {
        return false;
    }
    Cpuid::find().is_some_and(|there| {
        cpuid(there, LEAF_HYPERVISOR, 0).eax >= LEAF_HYPERVISOR_FEATURES
            && cpuid(there, LEAF_HYPERVISOR_FEATURES, 0).ebx & CREATE_PARTITIONS != 0
    })
}
