//! Who the processor says it is, and which optional instructions it has.
//!
//! References:
//! - PEM, "Processor Version Register (PVR)": supervisor only, so `mfspr` 287 traps in user mode.
//!   Linux (`arch/powerpc/kernel/traps.c`), FreeBSD and NetBSD carry it out for the program; on bare
//!   metal a program is its own supervisor. Elsewhere it would end the program and is never executed:
//!   see [`MAY_READ_PVR`].
//! - Linux, `arch/powerpc/include/uapi/asm/cputable.h`: the bits of `AT_HWCAP` and `AT_HWCAP2`;
//!   `arch/powerpc/kernel/cputable.c`: the PVR of every processor.
//! - Power Architecture 64-bit ELF V2 ABI: POWER8 is the least that a little-endian program runs on.
//! - Power ISA 2.02 and PEM: `fsqrt` is of the optional "general-purpose" group, `fres` and `frsqrte`
//!   of the "graphics" group.
//!
//! Without an operating system to ask (no feature `os`, or none that is Linux) a vector unit counts as
//! present where the program was compiled for one (`-C target-feature=+altivec`), since only who starts
//! the machine knows whether MSR\[VEC\] is set.

use core::arch::asm;
use probe_core::machine::{Identity, IDENTITY_NAME, IDENTITY_WORDS};

/// Whether `mfspr` of the PVR is carried out: by the system for a user program, or because there is no
/// system.
const MAY_READ_PVR: bool = cfg!(any(
    target_os = "linux",
    target_os = "freebsd",
    target_os = "netbsd",
    target_os = "none"
));

/// `AT_HWCAP`: AltiVec.
const HAS_ALTIVEC: u32 = 0x1000_0000;
/// `AT_HWCAP`: VSX.
const HAS_VSX: u32 = 0x0000_0080;
/// `AT_HWCAP`: a processor with `fsqrt`: POWER4 (and 970), POWER5, POWER5+, Cell, PA6T, ISA 2.05, 2.06.
const HAS_SQRT: u32 =
    0x0008_0000 | 0x0004_0000 | 0x0002_0000 | 0x0001_0000 | 0x0000_0800 | 0x0000_1000 | 0x0000_0100;
/// `AT_HWCAP`: a 601, which lacks the graphics group.
const IS_601: u32 = 0x2000_0000;

/// PVR versions of processors with `fsqrt`, for systems that announce no features: POWER3, POWER4,
/// 970 and its kin, POWER5 to POWER10, Cell, PA6T.
const VERSIONS_WITH_SQRT: [u16; 21] = [
    0x0035, 0x0038, 0x0039, 0x003a, 0x003b, 0x003c, 0x003e, 0x003f, 0x0040, 0x0041, 0x0044, 0x0045,
    0x004a, 0x004b, 0x004c, 0x004d, 0x004e, 0x0070, 0x0080, 0x0082, 0x0090,
];

/// What each of [`Identity::words`] holds on PowerPC and Power.
pub const WORD_NAMES: [&str; IDENTITY_WORDS] = [
    "PVR (version, revision)",
    "AT_HWCAP",
    "AT_HWCAP2",
    "AT_DCACHEBSIZE (bytes)",
    "AT_ICACHEBSIZE (bytes)",
    "the bytes 1, 2, 3, 4 as a word (byte order)",
    "not used",
    "not used",
    "not used",
    "not used",
    "not used",
    "not used",
];

/// The processor version register; `None` where reading it would end the program.
///
/// Cost: a cycle in supervisor mode, a trap of some thousand cycles where the system carries it out.
#[inline(always)]
pub(super) fn pvr() -> Option<u32> {
    if !MAY_READ_PVR {
        return None;
    }
    let version: usize;
    // SAFETY: reads a register; the systems of `MAY_READ_PVR` let a program do it.
    unsafe {
        asm!("mfspr {version}, 287", version = out(reg) version, options(nomem, nostack));
    }
    Some(version as u32)
}

/// The upper half of the PVR: which processor, whatever its revision.
pub(super) fn version() -> Option<u16> {
    pvr().map(|pvr| (pvr >> 16) as u16)
}

/// An entry of the auxiliary vector; 0 where there is none.
#[cfg(all(feature = "linux", target_os = "linux"))]
fn auxiliary(entry: core::ffi::c_ulong) -> u32 {
    // SAFETY: looks up a number in a table that the system gave the program at its start.
    unsafe { crate::linux::getauxval(entry) as u32 }
}

/// Positions in the auxiliary vector (Linux, `include/uapi/linux/auxvec.h` and
/// `arch/powerpc/include/uapi/asm/auxvec.h`).
mod entry {
    pub const HWCAP: u8 = 16;
    pub const DCACHEBSIZE: u8 = 19;
    pub const ICACHEBSIZE: u8 = 20;
    pub const HWCAP2: u8 = 26;
}

/// What the system says.
fn announced(entry: u8) -> u32 {
    #[cfg(all(feature = "linux", target_os = "linux"))]
    {
        auxiliary(entry.into())
    }
    #[cfg(not(all(feature = "linux", target_os = "linux")))]
    {
        let _ = entry;
        0
    }
}

/// Optional instructions that both the processor and the system provide.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Features {
    /// AltiVec (VMX).
    pub altivec: bool,
    /// VSX.
    pub vsx: bool,
    /// `fsqrt`.
    pub sqrt: bool,
    /// `fres` and `frsqrte`.
    pub estimates: bool,
}

impl Features {
    /// Asks the system, the version register and the compiler.
    pub fn detect() -> Self {
        /// Every processor that runs a little-endian program of this ABI is a POWER8 or later.
        const ELF_V2: bool = cfg!(all(
            target_arch = "powerpc64",
            target_endian = "little",
            target_os = "linux"
        ));
        let hwcap = announced(entry::HWCAP);
        let version = version();
        Features {
            altivec: ELF_V2 || cfg!(target_feature = "altivec") || hwcap & HAS_ALTIVEC != 0,
            vsx: ELF_V2 || cfg!(target_feature = "vsx") || hwcap & HAS_VSX != 0,
            sqrt: ELF_V2
                || hwcap & HAS_SQRT != 0
                || version.is_some_and(|version| VERSIONS_WITH_SQRT.contains(&version)),
            estimates: version != Some(1) && hwcap & IS_601 == 0,
        }
    }
}

/// What the processor and the system say.
pub(super) fn identity(features: &Features) -> Identity {
    Identity {
        architecture: wide_name(),
        backend: "native",
        words: [
            pvr().unwrap_or(0),
            announced(entry::HWCAP),
            announced(entry::HWCAP2),
            announced(entry::DCACHEBSIZE),
            announced(entry::ICACHEBSIZE),
            u32::from_ne_bytes([1, 2, 3, 4]),
            0,
            0,
            0,
            0,
            0,
            0,
        ],
        // No register holds one.
        name: [0; IDENTITY_NAME],
        // The operations timed are AltiVec's, whatever else there is.
        vector_unit: if features.altivec { "altivec" } else { "" },
    }
}

const fn wide_name() -> &'static str {
    super::wide!("powerpc", "powerpc64")
}

/// The name that a hypervisor gives itself: a program has no instruction to ask with.
pub fn hypervisor() -> Option<[u8; 12]> {
    None
}

/// Whether this system is the one that creates the machine's guests: a program cannot ask.
pub fn hypervisor_root() -> bool {
    false
}
