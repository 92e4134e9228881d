//! Who the processor says it is.
//!
//! References:
//! - Arm ARM D19: `MIDR_EL1`, `REVIDR_EL1`, `ID_AA64PFR0_EL1`, `ID_AA64ISAR0_EL1`,
//!   `ID_AA64ISAR1_EL1`, `CTR_EL0`, `DCZID_EL0`.
//! - Linux, `Documentation/arch/arm64/cpu-feature-registers.rst`: where `HWCAP_CPUID` is set, the
//!   kernel answers reads of the identification registers from user mode, which trap; the feature
//!   fields are those that all cores have.
//! - Linux, `Documentation/arch/arm64/elf_hwcaps.rst`: `HWCAP_CPUID` is bit 11.
//!
//! Without an operating system the program is taken to run at EL1 or above, where the registers are
//! its own. On a system other than Linux they are not asked for: the read would be undefined.

use super::counter;
use core::arch::asm;
use probe_core::machine::{Identity, IDENTITY_NAME, IDENTITY_WORDS};

/// What each of [`Identity::words`] holds on AArch64.
pub const WORD_NAMES: [&str; IDENTITY_WORDS] = [
    "MIDR_EL1, or 0 where it may not be read",
    "REVIDR_EL1",
    "ID_AA64PFR0_EL1, low",
    "ID_AA64PFR0_EL1, high",
    "ID_AA64ISAR0_EL1, low",
    "ID_AA64ISAR0_EL1, high",
    "ID_AA64ISAR1_EL1, low",
    "CTR_EL0",
    "DCZID_EL0",
    "CNTFRQ_EL0",
    "AT_HWCAP, low (Linux)",
    "AT_HWCAP2, low (Linux)",
];

/// Bit of `AT_HWCAP`: identification registers are readable.
#[cfg(all(feature = "linux", target_os = "linux"))]
const HWCAP_CPUID: u64 = 1 << 11;

/// What was looked up once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Features {
    hwcap: [u64; 2],
    registers: Registers,
}

/// How the identification registers can be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Registers {
    /// Not at all.
    #[cfg_attr(target_os = "none", allow(dead_code))]
    Hidden,
    /// By an exception that the operating system answers.
    #[cfg_attr(not(all(feature = "linux", target_os = "linux")), allow(dead_code))]
    Emulated,
    /// Directly.
    #[cfg_attr(not(target_os = "none"), allow(dead_code))]
    Own,
}

impl Features {
    /// Asks the operating system, where there is one that can be asked.
    pub fn detect() -> Self {
        #[cfg(all(feature = "linux", target_os = "linux"))]
        {
            // SAFETY: queries of the auxiliary vector; an entry that there is not gives 0.
            let hwcap = unsafe {
                [
                    crate::linux::getauxval(crate::linux::AT_HWCAP),
                    crate::linux::getauxval(crate::linux::AT_HWCAP2),
                ]
            };
            Features {
                hwcap,
                registers: if hwcap[0] & HWCAP_CPUID != 0 {
                    Registers::Emulated
                } else {
                    Registers::Hidden
                },
            }
        }
        #[cfg(not(all(feature = "linux", target_os = "linux")))]
        Features {
            hwcap: [0; 2],
            registers: if cfg!(target_os = "none") {
                Registers::Own
            } else {
                Registers::Hidden
            },
        }
    }

    /// Whether `MIDR_EL1` and its kin may be read.
    #[inline(always)]
    pub fn registers(&self) -> bool {
        self.registers != Registers::Hidden
    }

    /// Whether every read of them is an exception.
    pub fn emulated(&self) -> bool {
        self.registers == Registers::Emulated
    }
}

/// Reads a system register into 64 bits.
macro_rules! register {
    ($name:literal) => {{
        let value: u64;
        asm!(
            concat!("mrs {value}, ", $name),
            value = out(reg) value,
            options(nomem, nostack, preserves_flags)
        );
        value
    }};
}

/// `CTR_EL0`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct CacheType(pub u64);

impl CacheType {
    /// Bytes of the smallest data cache line.
    pub fn data_line(self) -> usize {
        4 << (self.0 >> 16 & 0xf)
    }

    /// Bytes of the smallest instruction cache line.
    pub fn instruction_line(self) -> usize {
        4 << (self.0 & 0xf)
    }
}

/// Reads `CTR_EL0`.
pub(super) fn cache_type() -> CacheType {
    // SAFETY: readable at EL0 where the system allows cache maintenance there, as Linux and the
    // BSDs do (Linux answers the trapped read where cores differ).
    CacheType(unsafe { register!("ctr_el0") })
}

/// Reads `DCZID_EL0`.
pub(super) fn zeroing() -> u64 {
    // SAFETY: readable at any exception level.
    unsafe { register!("dczid_el0") }
}

/// Executes the read of `MIDR_EL1`.
///
/// # Safety
/// [`Features::registers`] must have said so.
#[inline(always)]
pub(super) unsafe fn midr() -> u64 {
    // SAFETY: the caller vouches for it.
    unsafe { register!("midr_el1") }
}

/// What the processor says of itself.
pub(super) fn identity(features: &Features) -> Identity {
    let mut words = [0; IDENTITY_WORDS];
    if features.registers() {
        // SAFETY: the registers may be read.
        let (pfr0, isar0, isar1) = unsafe {
            words[0] = midr() as u32;
            words[1] = register!("revidr_el1") as u32;
            (
                register!("id_aa64pfr0_el1"),
                register!("id_aa64isar0_el1"),
                register!("id_aa64isar1_el1"),
            )
        };
        (words[2], words[3]) = (pfr0 as u32, (pfr0 >> 32) as u32);
        (words[4], words[5]) = (isar0 as u32, (isar0 >> 32) as u32);
        words[6] = isar1 as u32;
    }
    words[7] = cache_type().0 as u32;
    words[8] = zeroing() as u32;
    words[9] = counter::frequency() as u32;
    words[10] = features.hwcap[0] as u32;
    words[11] = features.hwcap[1] as u32;
    Identity {
        architecture: "aarch64",
        backend: "native",
        words,
        name: [0; IDENTITY_NAME],
        vector_unit: "neon",
    }
}

/// The name that a hypervisor gives itself: there is no register for it.
pub fn hypervisor() -> Option<[u8; 12]> {
    None
}

/// Whether this system is the one that creates the machine's guests: there is nowhere to ask.
pub fn hypervisor_root() -> bool {
    false
}
