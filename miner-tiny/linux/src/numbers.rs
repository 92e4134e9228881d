//! Which system calls an architecture has: the older ones have several of a kind, the younger ones only
//! the last of each.
//!
//! The numbers are those of the kernel's own headers, as `linux-raw-sys` has them.

use linux_raw_sys::general as linux;

/// Names a call that some architectures have.
macro_rules! some {
    ($(#[$doc:meta])* $name:ident = $number:ident if $($condition:tt)+) => {
        $(#[$doc])*
        #[cfg($($condition)+)]
        pub(crate) const $name: Option<u32> = Some(linux::$number);
        $(#[$doc])*
        #[cfg(not($($condition)+))]
        pub(crate) const $name: Option<u32> = None;
    };
}

some! {
    /// Opens a file by a name without a folder to start from.
    OPEN = __NR_open if not(any(target_arch = "aarch64", target_arch = "riscv64"))
}
some! {
    /// Removes a name.
    UNLINK = __NR_unlink if not(any(target_arch = "aarch64", target_arch = "riscv64"))
}
some! {
    /// Waits for one of several files.
    POLL = __NR_poll if not(any(target_arch = "aarch64", target_arch = "riscv64"))
}
some! {
    /// The same with a time in nanoseconds: what has no `poll` has this.
    PPOLL = __NR_ppoll if any(target_arch = "aarch64", target_arch = "riscv64")
}
some! {
    /// Waits for one of several files (Linux 2.0), arguments in registers.
    SELECT = __NR_select if any(target_arch = "x86_64", target_arch = "s390x")
}
some! {
    /// The same where an older call, with arguments in memory, has the name.
    NEW_SELECT = __NR__newselect if not(any(
        target_arch = "aarch64",
        target_arch = "riscv64",
        target_arch = "s390x",
        target_arch = "x86_64"
    ))
}
some! {
    /// Lists a folder in the oldest form.
    GETDENTS = __NR_getdents if not(any(target_arch = "aarch64", target_arch = "riscv64"))
}
some! {
    /// All calls for sockets in one.
    SOCKETCALL = __NR_socketcall if any(
        target_arch = "mips",
        target_arch = "powerpc",
        target_arch = "powerpc64",
        target_arch = "s390x",
        target_arch = "sparc",
        target_arch = "sparc64",
        target_arch = "x86"
    )
}
some! {
    /// Maps memory, the place in the file given in pages.
    MMAP2 = __NR_mmap2 if any(
        target_arch = "arm",
        target_arch = "mips",
        target_arch = "powerpc",
        target_arch = "sparc",
        target_arch = "x86"
    )
}
some! {
    /// Maps memory, the place in the file given in bytes.
    MMAP = __NR_mmap if not(any(target_arch = "arm", target_arch = "s390x", target_arch = "x86"))
}
some! {
    /// Maps memory, all six arguments in memory.
    BLOCK_MMAP = __NR_mmap if any(target_arch = "s390x", target_arch = "x86")
}
some! {
    /// What a file is, in the form of 64 bits.
    FSTAT64 = __NR_fstat64 if any(
        target_arch = "arm",
        target_arch = "mips",
        target_arch = "powerpc",
        target_arch = "sparc",
        target_arch = "x86"
    )
}
some! {
    /// Says what a signal does, as Linux 2.0 has it.
    SIGNAL = __NR_signal if any(
        target_arch = "mips",
        target_arch = "powerpc",
        target_arch = "powerpc64",
        target_arch = "s390x",
        target_arch = "sparc",
        target_arch = "sparc64",
        target_arch = "x86"
    )
}
