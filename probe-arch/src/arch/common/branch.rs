//! Conditional branches, indirect calls and nested calls, whatever the instructions are.

pub use c_shims::sound::MAX_TARGETS;

use c_shims::sound;
use probe_core::machine::Pattern;

/// The kernels of an architecture for branches. In all loops the index goes round without a branch, so that the
/// only conditional branch besides the measured one is the loop's own, which is always taken but once.
pub trait Kernels {
    /// Bytes from one of the nested functions to the next.
    const NESTED_BYTES: usize;

    /// Executes `n` conditional branches, one for each of the directions, which come round: taken where the
    /// direction is not 0. Gives how many were not taken.
    ///
    /// One branch instruction serves all elements, so that it is predicted from the history alone, as
    /// the period of the pattern decides. What it jumps over counts the branches not taken.
    ///
    /// # Safety
    /// There must be a direction, and a branch to execute ([`sound::branches`]).
    unsafe fn branches(directions: &[u8], n: u32) -> u32;

    /// Calls one of [`MAX_TARGETS`] functions through a register, as `order` says, which comes round. From `x` the
    /// function of number `t` makes `5 * x + t`; gives what `x` is in the end, from 0.
    ///
    /// # Safety
    /// There must be a call to make, and every element of `order` a function ([`sound::indirect`]).
    unsafe fn indirect(order: &[u8], calls: u32) -> u32;

    /// Calls the function that lies `skipped` bytes after the first of [`MAX_TARGETS`], each of which calls the
    /// next, `times` times; gives how many functions were called. Every call has its own place to return to,
    /// so that a return stack that is too small is not helped out by the predictor of indirect jumps.
    ///
    /// # Safety
    /// There must be a call to make, and the bytes must lead to one of the functions.
    unsafe fn nested_calls(skipped: usize, times: u32) -> u32;
}

/// See [`probe_core::machine::Machine::branches`].
pub fn branches<K: Kernels>(pattern: Pattern<'_>) -> Option<u32> {
    let n = pattern.branches;
    // SAFETY: has just been asked.
    sound::branches(&pattern).then(|| n - unsafe { K::branches(pattern.directions, n) })
}

/// See [`probe_core::machine::Machine::indirect`].
pub fn indirect<K: Kernels>(targets: u8, order: &[u8], calls: u32) -> Option<u32> {
    // SAFETY: has just been asked.
    sound::indirect(targets, order, calls).then(|| unsafe { K::indirect(order, calls) })
}

/// See [`probe_core::machine::Machine::nested_calls`].
pub fn nested_calls<K: Kernels>(depth: u8, times: u32) -> Option<u32> {
    if !sound::nested_calls(depth, times) {
        return None;
    }
    // Function 0 calls function 1 and so on to the last, so a call of function 64 - depth nests
    // `depth` deep.
    let skipped = usize::from(MAX_TARGETS - depth) * K::NESTED_BYTES;
    // SAFETY: there are so many functions.
    Some(unsafe { K::nested_calls(skipped, times) })
}

/// Begins what is repeated for each of the functions that are called indirectly; `\target` is its number.
macro_rules! each_target {
    () => {
        concat!(
            ".irp target, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,",
            "16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31,",
            "32,33,34,35,36,37,38,39,40,41,42,43,44,45,46,47,",
            "48,49,50,51,52,53,54,55,56,57,58,59,60,61,62,63"
        )
    };
}
