//! Loads that wait for loads: a ring in the nearest cache, a ring over an arena, and a store that
//! the next load needs.
//!
//! References:
//! - ARM ARM (DDI 0406) A8: `LDR (immediate)`, `STR (immediate)`, `ADD`.
//! - Instruction timing chapters of the cores' reference manuals, "Load and store instructions".

use super::common::{DOUBLE, INT, SINGLE};
use c_shims::{digest, sound};
use core::arch::asm;
use probe_core::machine::{Body, Chain, Op, Operands, Shape, INT_LANES, LOAD_RING};

/// Loads in one turn of the chase's loop: the loop's own instructions hide under their latency.
const CHASE_UNROLL: u32 = 16;

/// Runs a chain of loads, or of stores and loads. `None` for a shape that there is not, and for an
/// order that leaves the ring.
pub(super) fn chain(chain: Chain, operands: &Operands) -> Option<u64> {
    match (chain.op, chain.shape) {
        (Op::Load, shape) if sound::load_ring(operands) => {
            load(shape, chain.body, chain.iterations, &operands.load_next)
        }
        (Op::StoreLoad, Shape::Dependent) => {
            let (m, c) = (operands.x[0], operands.y[0]);
            let m = match chain.body {
                Body::Single => store_load::<SINGLE>(chain.iterations, m, c),
                Body::Double => store_load::<DOUBLE>(chain.iterations, m, c),
            };
            Some(digest::integers(&[m]))
        }
        _ => None,
    }
}

/// The ring of [`Op::Load`]: each slot holds the address of another one.
#[repr(C, align(64))]
struct Slots([usize; LOAD_RING]);

/// Lays the ring, and walks it in one or four lanes, lane i from slot i. The caller has checked
/// that `next` stays inside.
fn load(shape: Shape, body: Body, n: u32, next: &[u8; LOAD_RING]) -> Option<u64> {
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
            (Shape::Dependent, Body::Single) => lanes[0] = follow_one::<SINGLE>(lanes[0], n),
            (Shape::Dependent, Body::Double) => lanes[0] = follow_one::<DOUBLE>(lanes[0], n),
            (Shape::Independent, Body::Single) => lanes = follow_four::<SINGLE>(lanes, n),
            (Shape::Independent, Body::Double) => lanes = follow_four::<DOUBLE>(lanes, n),
        }
    }
    let ends = lanes.map(|end| ((end - base) / size_of::<usize>()) as u32);
    Some(digest::integers(&ends[..Op::Load.lanes(shape)]))
}

/// Follows `OPS` links `n` times.
///
/// # Safety
/// `at` must be the address of a link to a link and so on for ever, all of them valid for reads.
unsafe fn follow_one<const OPS: u32>(mut at: usize, n: u32) -> usize {
    // SAFETY: reads only where the caller vouches for it.
    unsafe {
        asm!(
            long!(),
            ".p2align 5",
            "2:",
            ".rept {ops}",
            "ldr {at}, [{at}]",
            ".endr",
            "subs {n}, {n}, #1",
            "bne 2b",
            ops = const OPS,
            n = inout(reg) n => _,
            at = inout(reg) at,
            options(nostack, readonly)
        );
    }
    at
}

/// Follows `OPS` links in all, shared by four lanes, `n` times.
///
/// # Safety
/// As [`follow_one`], for every lane.
unsafe fn follow_four<const OPS: u32>(lanes: [usize; INT_LANES], n: u32) -> [usize; INT_LANES] {
    let [mut at0, mut at1, mut at2, mut at3] = lanes;
    // SAFETY: reads only where the caller vouches for it.
    unsafe {
        asm!(
            long!(),
            ".p2align 5",
            "2:",
            ".rept {steps}",
            "ldr {at0}, [{at0}]",
            "ldr {at1}, [{at1}]",
            "ldr {at2}, [{at2}]",
            "ldr {at3}, [{at3}]",
            ".endr",
            "subs {n}, {n}, #1",
            "bne 2b",
            steps = const OPS / INT,
            n = inout(reg) n => _,
            at0 = inout(reg) at0, at1 = inout(reg) at1,
            at2 = inout(reg) at2, at3 = inout(reg) at3,
            options(nostack, readonly)
        );
    }
    [at0, at1, at2, at3]
}

/// Adds `c` to a word of memory, `OPS` times in a straight line.
fn store_load<const OPS: u32>(n: u32, mut m: u32, c: u32) -> u32 {
    // SAFETY: reads and writes the one variable whose address it is given.
    unsafe {
        asm!(
            long!(),
            ".p2align 5",
            "2:",
            ".rept {ops}",
            "ldr {t}, [{m}]",
            "add {t}, {t}, {c}",
            "str {t}, [{m}]",
            ".endr",
            "subs {n}, {n}, #1",
            "bne 2b",
            ops = const OPS,
            n = inout(reg) n => _,
            m = in(reg) &mut m,
            c = in(reg) c,
            t = out(reg) _,
            options(nostack)
        );
    }
    m
}

/// Follows `steps` links.
///
/// # Safety
/// As [`follow_one`].
#[inline(always)]
pub(super) unsafe fn follow(mut at: usize, steps: u32) -> usize {
    // SAFETY: reads only where the caller vouches for it.
    unsafe {
        asm!(
            long!(),
            "cmp {turns}, #0",
            "beq 3f",
            ".p2align 5",
            "2:",
            ".rept {unroll}",
            "ldr {at}, [{at}]",
            ".endr",
            "subs {turns}, {turns}, #1",
            "bne 2b",
            "3:",
            "cmp {rest}, #0",
            "beq 5f",
            "4:",
            "ldr {at}, [{at}]",
            "subs {rest}, {rest}, #1",
            "bne 4b",
            "5:",
            unroll = const CHASE_UNROLL,
            turns = inout(reg) steps / CHASE_UNROLL => _,
            rest = inout(reg) steps % CHASE_UNROLL => _,
            at = inout(reg) at,
            options(nostack, readonly)
        );
    }
    at
}
