//! Loads that wait for loads: a ring in the nearest cache, a ring over an arena, and a store that
//! the next load needs.
//!
//! References: PEM and Power ISA book I: `lwz`, `ld`, `stw`, `add`. A load at offset 0 from a register
//! must not name register 0 as its base (it would mean the number 0), hence `reg_nonzero`.

use super::common::{DOUBLE, INT, SINGLE};
use super::wide;
use c_shims::{digest, sound};
use core::arch::asm;
use probe_core::machine::{Body, Chain, Op, Operands, Shape, INT_LANES, LOAD_RING};

/// Loads in one turn of the chase's loop: the loop's own instruction hides under their latency.
const CHASE_UNROLL: u32 = 16;

/// Runs a chain of loads, or of stores and loads. `None` for a shape that there is not, and for an
/// order that leaves the ring.
pub(super) fn chain(chain: Chain, operands: &Operands) -> Option<u64> {
    let n = chain.iterations as usize;
    match (chain.op, chain.shape) {
        (Op::Load, shape) if sound::load_ring(operands) => {
            Some(load(shape, chain.body, n, &operands.load_next))
        }
        (Op::StoreLoad, Shape::Dependent) => {
            let (m, c) = (operands.x[0], operands.y[0]);
            let m = match chain.body {
                Body::Single => store_load::<SINGLE>(n, m, c),
                Body::Double => store_load::<DOUBLE>(n, m, c),
            };
            Some(digest::integers(&[m]))
        }
        _ => None,
    }
}

/// The ring of [`Op::Load`]: each slot holds the address of another one.
#[repr(C, align(128))]
struct Slots([usize; LOAD_RING]);

/// Lays the ring, and walks it in one or four lanes, lane i from slot i. The caller has checked
/// that `next` stays inside.
fn load(shape: Shape, body: Body, n: usize, next: &[u8; LOAD_RING]) -> u64 {
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
    digest::integers(&ends[..Op::Load.lanes(shape)])
}

/// Follows `OPS` links `n` times, `n` at least 1.
///
/// # Safety
/// `at` must be the address of a link to a link and so on for ever, all of them valid for reads.
#[inline(always)]
unsafe fn follow_one<const OPS: u32>(mut at: usize, n: usize) -> usize {
    // SAFETY: reads only where the caller vouches for it.
    unsafe {
        asm!(
            "mtctr {n}",
            ".p2align 5",
            "2:",
            long!(),
            ".rept {ops}",
            wide!("lwz {at}, 0({at})", "ld {at}, 0({at})"),
            ".endr",
            "bdnz 2b",
            ops = const OPS,
            n = in(reg) n,
            at = inout(reg_nonzero) at,
            out("ctr") _,
            options(nostack, readonly)
        );
    }
    at
}

/// Follows `OPS` links in all, shared by four lanes, `n` times, `n` at least 1.
///
/// # Safety
/// As [`follow_one`], for every lane.
unsafe fn follow_four<const OPS: u32>(lanes: [usize; INT_LANES], n: usize) -> [usize; INT_LANES] {
    let [mut at0, mut at1, mut at2, mut at3] = lanes;
    // SAFETY: reads only where the caller vouches for it.
    unsafe {
        asm!(
            "mtctr {n}",
            ".p2align 5",
            "2:",
            long!(),
            ".rept {steps}",
            wide!("lwz {at0}, 0({at0})", "ld {at0}, 0({at0})"),
            wide!("lwz {at1}, 0({at1})", "ld {at1}, 0({at1})"),
            wide!("lwz {at2}, 0({at2})", "ld {at2}, 0({at2})"),
            wide!("lwz {at3}, 0({at3})", "ld {at3}, 0({at3})"),
            ".endr",
            "bdnz 2b",
            steps = const OPS / INT,
            n = in(reg) n,
            at0 = inout(reg_nonzero) at0, at1 = inout(reg_nonzero) at1,
            at2 = inout(reg_nonzero) at2, at3 = inout(reg_nonzero) at3,
            out("ctr") _,
            options(nostack, readonly)
        );
    }
    [at0, at1, at2, at3]
}

/// Adds `c` to a word of memory, `OPS` times in a straight line.
fn store_load<const OPS: u32>(n: usize, mut m: u32, c: u32) -> u32 {
    // SAFETY: reads and writes the one variable whose address it is given.
    unsafe {
        asm!(
            "mtctr {n}",
            ".p2align 5",
            "2:",
            long!(),
            ".rept {ops}",
            "lwz {t}, 0({m})",
            "add {t}, {t}, {c}",
            "stw {t}, 0({m})",
            ".endr",
            "bdnz 2b",
            ops = const OPS,
            n = in(reg) n,
            m = in(reg_nonzero) &mut m,
            c = in(reg) c,
            t = out(reg) _,
            out("ctr") _,
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
    let (turns, rest) = (steps / CHASE_UNROLL, steps % CHASE_UNROLL);
    // SAFETY: the caller's promise is the same, and neither count is 0.
    unsafe {
        if turns > 0 {
            at = follow_one::<CHASE_UNROLL>(at, turns as usize);
        }
        if rest > 0 {
            at = follow_one::<1>(at, rest as usize);
        }
    }
    at
}
