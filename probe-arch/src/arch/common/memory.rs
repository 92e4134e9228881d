//! Loads that wait for loads, and a store that the next load needs, whatever the instructions are.

use super::{DOUBLE, SINGLE};
use c_shims::{digest, sound};
use probe_core::machine::{Body, Chain, Op, Operands, Shape, INT_LANES, LOAD_RING};

/// Loads in one turn of the chase's loop: the loop's own instructions hide under their latency.
pub const CHASE_UNROLL: u32 = 16;

/// The kernels of an architecture for memory. Each runs `n` times, at least once, `OPS` operations in a straight
/// line, shared by its lanes.
pub trait Kernels {
    /// Follows links; gives the address where it ends.
    ///
    /// # Safety
    /// `at` must be the address of a link to a link and so on for ever, all of them valid for reads.
    unsafe fn follow_one<const OPS: u32>(at: usize, n: u32) -> usize;

    /// The same in four lanes.
    ///
    /// # Safety
    /// As [`Kernels::follow_one`], for every lane.
    unsafe fn follow_four<const OPS: u32>(lanes: [usize; INT_LANES], n: u32) -> [usize; INT_LANES];

    /// Adds `c` to a word of memory that starts as `m`; gives what it is then.
    fn store_load<const OPS: u32>(n: u32, m: u32, c: u32) -> u32;
}

/// Runs a chain of loads, or of stores and loads. `None` for a shape that there is not, and for an
/// order that leaves the ring.
pub fn chain<K: Kernels>(chain: Chain, operands: &Operands) -> Option<u64> {
    let n = chain.iterations;
    match (chain.op, chain.shape) {
        (Op::Load, shape) if sound::load_ring(operands) => {
            Some(load::<K>(shape, chain.body, n, &operands.load_next))
        }
        (Op::StoreLoad, Shape::Dependent) => {
            let (m, c) = (operands.x[0], operands.y[0]);
            let m = match chain.body {
                Body::Single => K::store_load::<SINGLE>(n, m, c),
                Body::Double => K::store_load::<DOUBLE>(n, m, c),
            };
            Some(digest::integers(&[m]))
        }
        _ => None,
    }
}

/// The ring of [`Op::Load`]: each slot holds the address of another one. Aligned to a cache line, so that it
/// takes as few as it can: 64 bytes, and 128 on PowerPC.
#[cfg_attr(
    any(target_arch = "powerpc", target_arch = "powerpc64"),
    repr(C, align(128))
)]
#[cfg_attr(
    not(any(target_arch = "powerpc", target_arch = "powerpc64")),
    repr(C, align(64))
)]
struct Slots([usize; LOAD_RING]);

/// Lays the ring, and walks it in one or four lanes, lane i from slot i. The caller has checked
/// that `next` stays inside.
fn load<K: Kernels>(shape: Shape, body: Body, n: u32, next: &[u8; LOAD_RING]) -> u64 {
    let mut slots = Slots([0; LOAD_RING]);
    let base = (&raw const slots).addr();
    for (slot, &next) in slots.0.iter_mut().zip(next) {
        *slot = base + usize::from(next) * size_of::<usize>();
    }
    // The kernels take up the provenance again.
    (&raw const slots).expose_provenance();
    let mut lanes = [0, 1, 2, 3].map(|slot| base + slot * size_of::<usize>());
    // SAFETY: every slot holds the address of a slot, `lanes` are addresses of slots, and `slots`
    // lives to the end of this function.
    unsafe {
        match (shape, body) {
            (Shape::Dependent, Body::Single) => lanes[0] = K::follow_one::<SINGLE>(lanes[0], n),
            (Shape::Dependent, Body::Double) => lanes[0] = K::follow_one::<DOUBLE>(lanes[0], n),
            (Shape::Independent, Body::Single) => lanes = K::follow_four::<SINGLE>(lanes, n),
            (Shape::Independent, Body::Double) => lanes = K::follow_four::<DOUBLE>(lanes, n),
        }
    }
    let ends = lanes.map(|end| ((end - base) / size_of::<usize>()) as u32);
    digest::integers(&ends[..Op::Load.lanes(shape)])
}

/// The kernels that follow links: `$step!(at)` is `at = *at`, for an operand of that name in a register of
/// `$class`.
macro_rules! follows {
    ($step:ident, $class:ident) => {
        // Without a call, which would be timed with a chase that is made of it.
        #[inline(always)]
        unsafe fn follow_one<const OPS: u32>(mut at: usize, n: u32) -> usize {
            // SAFETY: reads only where the caller vouches for it.
            unsafe {
                repeat!(n, OPS, [$step!("at")], [at = inout($class) at,], nostack, readonly);
            }
            at
        }

        unsafe fn follow_four<const OPS: u32>(
            lanes: [usize; INT_LANES],
            n: u32,
        ) -> [usize; INT_LANES] {
            let [mut at0, mut at1, mut at2, mut at3] = lanes;
            // SAFETY: reads only where the caller vouches for it.
            unsafe {
                repeat!(
                    n,
                    OPS / INT,
                    [$step!("at0"), $step!("at1"), $step!("at2"), $step!("at3")],
                    [
                        at0 = inout($class) at0, at1 = inout($class) at1,
                        at2 = inout($class) at2, at3 = inout($class) at3,
                    ],
                    nostack, readonly
                );
            }
            [at0, at1, at2, at3]
        }
    };
}

/// The kernel of stores and loads: the lines add `{c}` to the word whose address is in `{m}`, a register of
/// `$class`. The operands after them are what else they change.
macro_rules! store_loads {
    ([$($line:expr),+ $(,)?], $class:ident $(, $($changed:tt)+)?) => {
        fn store_load<const OPS: u32>(n: u32, mut m: u32, c: u32) -> u32 {
            // SAFETY: reads and writes the one variable whose address it is given.
            unsafe {
                repeat!(
                    n,
                    OPS,
                    [$($line),+],
                    [m = in($class) &mut m, c = in(reg) c, $($($changed)+,)?],
                    nostack
                );
            }
            m
        }
    };
}

/// Following any number of links: `$step!(at)` is `at = *at`, and `$skip!(count, label)` jumps to the label where
/// the operand of that name is 0.
macro_rules! chase {
    ($step:ident, $skip:ident) => {
        /// Follows `steps` links.
        ///
        /// # Safety
        /// `at` must be the address of a link to a link and so on for `steps` links, all valid for reads.
        #[inline(always)]
        pub(super) unsafe fn follow(mut at: usize, steps: u32) -> usize {
            // SAFETY: reads only where the caller vouches for it. The counts fill their registers, of which
            // some architectures compare the whole.
            unsafe {
                core::arch::asm!(
                    long!(),
                    $skip!("turns", "3f"),
                    ".p2align 5",
                    "2:",
                    ".rept {unroll}",
                    $step!("at"),
                    ".endr",
                    count_down!("turns", "2b"),
                    "3:",
                    $skip!("rest", "5f"),
                    "4:",
                    $step!("at"),
                    count_down!("rest", "4b"),
                    "5:",
                    unroll = const CHASE_UNROLL,
                    turns = inout(reg) (steps / CHASE_UNROLL) as usize => _,
                    rest = inout(reg) (steps % CHASE_UNROLL) as usize => _,
                    at = inout(reg) at,
                    options(nostack, readonly)
                );
            }
            at
        }
    };
}
