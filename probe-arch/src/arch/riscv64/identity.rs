//! Who the processor is, as far as a program may know.
//!
//! References:
//! - Linux, `Documentation/arch/riscv/hwprobe.rst`: the system call `riscv_hwprobe` (258, since 6.4) gives
//!   `mvendorid`, `marchid`, `mimpid`, the base behaviour, the extensions, and how fast misaligned loads are.
//! - RISC-V International, "Volume II: Privileged Architecture": what these registers mean.
//! - Linux, `arch/riscv/include/uapi/asm/hwcap.h`: `AT_HWCAP` has a bit for each letter of the ISA string.

use probe_core::machine::{Identity, IDENTITY_NAME, IDENTITY_WORDS};

/// What each of [`Identity::words`] holds on RISC-V. Where nobody can be asked all are 0.
pub const WORD_NAMES: [&str; IDENTITY_WORDS] = [
    "mvendorid (hwprobe key 0, low)",
    "marchid, low (hwprobe key 1)",
    "marchid, high",
    "mimpid, low (hwprobe key 2)",
    "mimpid, high",
    "base behaviour (hwprobe key 3)",
    "extensions, low (hwprobe key 4)",
    "extensions, high",
    "misaligned loads (hwprobe key 5)",
    "AT_HWCAP (Linux)",
    "unused",
    "unused",
];

/// The keys of `riscv_hwprobe` that are asked for, from 0.
#[cfg(all(feature = "linux", target_os = "linux"))]
const KEYS: usize = 6;

/// One question to `riscv_hwprobe`, and its answer.
#[cfg(all(feature = "linux", target_os = "linux"))]
#[derive(Debug, Clone, Copy)]
#[repr(C)]
struct Pair {
    /// The kernel writes -1 for a key that it does not know.
    key: i64,
    value: u64,
}

/// Asks Linux for the values of the keys 0 to 5; 0 for what it does not know.
#[cfg(all(feature = "linux", target_os = "linux"))]
fn probed() -> [u64; KEYS] {
    /// Number of `riscv_hwprobe`.
    const RISCV_HWPROBE: core::ffi::c_long = 258;
    let mut pairs: [Pair; KEYS] = core::array::from_fn(|key| Pair {
        key: key as i64,
        value: 0,
    });
    // SAFETY: the kernel reads and writes `KEYS` pairs; no set of processors means all that are online. A
    // kernel without the call touches nothing.
    let result = unsafe {
        crate::linux::syscall(
            RISCV_HWPROBE,
            pairs.as_mut_ptr(),
            KEYS,
            0usize,
            core::ptr::null_mut::<u8>(),
            0u32,
        )
    };
    pairs.map(|pair| {
        if result == 0 && pair.key >= 0 {
            pair.value
        } else {
            0
        }
    })
}

/// What Linux knows of the processor.
#[cfg(all(feature = "linux", target_os = "linux"))]
fn words() -> [u32; IDENTITY_WORDS] {
    let [vendor, architecture, implementation, base, extensions, misaligned] = probed();
    // SAFETY: a query of the auxiliary vector; an entry that there is not gives 0.
    let hwcap = unsafe { crate::linux::getauxval(crate::linux::AT_HWCAP) };
    let high = |value: u64| (value >> 32) as u32;
    [
        vendor as u32,
        architecture as u32,
        high(architecture),
        implementation as u32,
        high(implementation),
        base as u32,
        extensions as u32,
        high(extensions),
        misaligned as u32,
        hwcap as u32,
        0,
        0,
    ]
}

/// Nobody to ask.
#[cfg(not(all(feature = "linux", target_os = "linux")))]
fn words() -> [u32; IDENTITY_WORDS] {
    [0; IDENTITY_WORDS]
}

/// What is known of the processor.
pub(super) fn identity() -> Identity {
    Identity {
        architecture: "riscv64",
        backend: "native",
        words: words(),
        name: [0; IDENTITY_NAME],
        vector_unit: "",
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
