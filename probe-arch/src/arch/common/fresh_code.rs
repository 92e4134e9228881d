//! Writing and calling code, whatever the instructions are.

/// Writes instructions of `BYTES` bytes each, which are given in their order in memory, one after another.
pub fn write<const BYTES: usize>(instructions: impl Iterator<Item = [u8; BYTES]>, code: &mut [u8]) {
    for (place, instruction) in code.chunks_exact_mut(BYTES).zip(instructions) {
        place.copy_from_slice(&instruction);
    }
}

/// How a routine of the calling convention `$abi` is called.
macro_rules! call {
    ($abi:literal) => {
        /// Calls a routine.
        ///
        /// # Safety
        /// What [`encode`] wrote must lie at `code`, executable.
        pub(super) unsafe fn call(code: *const u8, x: u32) -> u32 {
            type Code = extern $abi fn(u32) -> u32;
            // SAFETY: the caller vouches for a function of this type.
            let code = unsafe { core::mem::transmute::<*const u8, Code>(code) };
            code(x)
        }
    };
}
