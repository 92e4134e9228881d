//! How a program calls the kernel, and where it starts: one file for each architecture.
//!
//! Every file has the same: `call`, which makes a system call, and the macro `start`, which defines the
//! program's entry `_start`. It passes the stack pointer as the kernel left it (see [`crate::start`]) to
//! `verdigris_start`, on a stack that is aligned as the C convention wants it. MIPS and SPARC, for which
//! Rust has no stable inline assembly, have both in C, in `../c`.
//!
//! Conventions of system calls: syscall(2). State of a program at its start: the processor supplements to
//! the System V ABI, "Process Initialization", and what each file names.

#[cfg_attr(target_arch = "aarch64", path = "aarch64.rs")]
#[cfg_attr(target_arch = "arm", path = "arm.rs")]
#[cfg_attr(target_arch = "mips", path = "c.rs")]
#[cfg_attr(target_arch = "mips64", path = "c.rs")]
#[cfg_attr(target_arch = "powerpc", path = "powerpc.rs")]
#[cfg_attr(target_arch = "powerpc64", path = "powerpc.rs")]
#[cfg_attr(target_arch = "riscv64", path = "riscv64.rs")]
#[cfg_attr(target_arch = "s390x", path = "s390x.rs")]
#[cfg_attr(target_arch = "sparc", path = "c.rs")]
#[cfg_attr(target_arch = "sparc64", path = "c.rs")]
#[cfg_attr(target_arch = "x86", path = "x86.rs")]
#[cfg_attr(target_arch = "x86_64", path = "x86_64.rs")]
mod this;

pub(crate) use this::call;

/// What most kernels return: a result, or an error's number with its sign changed.
#[cfg(not(any(
    target_arch = "mips",
    target_arch = "mips64",
    target_arch = "powerpc",
    target_arch = "powerpc64",
    target_arch = "sparc",
    target_arch = "sparc64"
)))]
#[inline(always)]
fn signed(result: usize) -> Result<usize, crate::Errno> {
    /// The largest number that an error may have (Linux, `include/linux/err.h`).
    const MAX_ERRNO: usize = 4095;
    let negated = result.wrapping_neg();
    if (1..=MAX_ERRNO).contains(&negated) {
        Err(crate::Errno(negated as u16))
    } else {
        Ok(result)
    }
}
