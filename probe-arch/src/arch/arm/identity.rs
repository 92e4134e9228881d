//! What the processor is, as far as a program is told: there is no register that user mode may read.
//!
//! References:
//! - ARM ARM (DDI 0406) B4.1: `MIDR`, `CTR` and the feature registers belong to PL1 and above.
//! - Linux, `arch/arm/include/uapi/asm/hwcap.h`: the bits of `AT_HWCAP`. `AT_PLATFORM` is "v" and the
//!   architecture's number, followed by the order of bytes: `v5l`, `v7l` (`arch/arm/kernel/setup.c`;
//!   a 64-bit kernel says `v8l`).
//!
//! What may be missing is used where Linux says that it is there, so that one program for ARMv5TE uses
//! NEON on a Cortex-A9. On any other system nothing is assumed but what the program was built for.

use probe_core::machine::{Identity, IDENTITY_NAME, IDENTITY_WORDS};

/// What each of [`Identity::words`] holds on ARM.
pub const WORD_NAMES: [&str; IDENTITY_WORDS] = [
    "MIDR: 0, user mode may not read it",
    "AT_HWCAP (Linux)",
    "AT_HWCAP2 (Linux)",
    "version of the architecture, from AT_PLATFORM (Linux)",
    "CNTFRQ, or 0 where it may not be read",
    "",
    "",
    "",
    "",
    "",
    "",
    "",
];

/// Bits of `AT_HWCAP`.
#[cfg(all(feature = "linux", target_os = "linux"))]
mod hwcap {
    pub const VFP: u32 = 1 << 6;
    pub const NEON: u32 = 1 << 12;
    pub const VFPV4: u32 = 1 << 16;
    pub const IDIVA: u32 = 1 << 17;
    pub const EVTSTRM: u32 = 1 << 21;
}

/// What this processor has, and the system lets a program use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Features {
    hwcap: [u32; 2],
    platform: [u8; PLATFORM],
    /// Version of the architecture, at least 4.
    pub version: u8,
    /// VFPv2 or later, with double precision.
    pub vfp: bool,
    /// Advanced SIMD.
    pub neon: bool,
    /// Advanced SIMD with fused multiply-add.
    pub fma: bool,
    /// `UDIV` and `SDIV` in the A32 instruction set.
    pub divide: bool,
    /// The generic timer's virtual counter is there and open to user mode.
    pub counter: bool,
    /// Linux answers system calls.
    pub linux: bool,
}

/// Bytes kept of `AT_PLATFORM`.
const PLATFORM: usize = 8;

/// The oldest version with A32 as written here.
const OLDEST: u8 = 4;

impl Features {
    /// Asks the auxiliary vector.
    #[cfg(all(feature = "linux", target_os = "linux"))]
    pub fn detect() -> Self {
        // SAFETY: queries of the auxiliary vector; an entry that there is not gives 0.
        let (hwcap, hwcap2, name) = unsafe {
            (
                crate::linux::getauxval(crate::linux::AT_HWCAP) as u32,
                crate::linux::getauxval(crate::linux::AT_HWCAP2) as u32,
                crate::linux::getauxval(crate::linux::AT_PLATFORM) as *const core::ffi::c_char,
            )
        };
        let mut platform = [0; PLATFORM];
        if !name.is_null() {
            // SAFETY: the kernel put a string there that ends in 0 and lives as long as the program.
            let name = unsafe { core::ffi::CStr::from_ptr(name) }.to_bytes();
            for (byte, &letter) in platform.iter_mut().zip(name) {
                *byte = letter;
            }
        }
        let version = match platform {
            [b'v', digit @ b'4'..=b'9', ..] => digit - b'0',
            _ => OLDEST,
        };
        let has = |bit: u32| hwcap & bit != 0;
        Features {
            hwcap: [hwcap, hwcap2],
            platform,
            version,
            vfp: has(hwcap::VFP),
            neon: has(hwcap::NEON),
            fma: has(hwcap::NEON) && has(hwcap::VFPV4),
            divide: has(hwcap::IDIVA),
            // The kernel starts the event stream where it drives the generic timer, and opens the
            // virtual counter to user mode in the same breath (`drivers/clocksource/arm_arch_timer.c`).
            counter: has(hwcap::EVTSTRM),
            linux: true,
        }
    }

    /// What the program was built for.
    #[cfg(not(all(feature = "linux", target_os = "linux")))]
    pub fn detect() -> Self {
        Features {
            hwcap: [0; 2],
            platform: [0; PLATFORM],
            version: if cfg!(target_feature = "v8") {
                8
            } else if cfg!(target_feature = "v7") {
                7
            } else if cfg!(target_feature = "v6") {
                6
            } else if cfg!(target_feature = "v5te") {
                5
            } else {
                OLDEST
            },
            vfp: cfg!(target_feature = "vfp2"),
            neon: cfg!(target_feature = "neon"),
            fma: cfg!(all(target_feature = "neon", target_feature = "vfp4")),
            divide: false,
            counter: false,
            linux: false,
        }
    }
}

/// What there is to say.
pub(super) fn identity(features: &Features) -> Identity {
    let mut words = [0; IDENTITY_WORDS];
    words[1] = features.hwcap[0];
    words[2] = features.hwcap[1];
    words[3] = u32::from(features.version);
    words[4] = super::counter::frequency(features);
    let mut name = [0; IDENTITY_NAME];
    name[..PLATFORM].copy_from_slice(&features.platform);
    Identity {
        architecture: "arm",
        backend: "native",
        words,
        name,
        vector_unit: if features.neon { "neon" } else { "" },
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
