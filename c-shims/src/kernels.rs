//! The C kernels as [`probe_core::machine::Machine`] wants them: safe functions over the C ones.

use crate::{digest, raw, sound};
use core::ffi::c_int;
use probe_core::machine::{
    special_operands, Chain, Op, Operands, Pattern, Shape, FP_LANES, INT_LANES,
};

/// Whether binary64 is rounded at once everywhere. Where the compiler keeps excess precision the
/// floating-point chains are absent (`vg_strict_binary64` in the header).
pub fn strict_floats() -> bool {
    // SAFETY: a function without arguments that touches nothing.
    unsafe { raw::vg_strict_binary64() != 0 }
}

/// Runs a chain of plain C. `None` for what C has not (square root, rounding mode, vectors), for
/// floating point without [`strict_floats`], and for operands that would fault.
pub fn chain(chain: Chain, operands: &Operands, strict_floats: bool) -> Option<u64> {
    if chain.iterations == 0 {
        return None;
    }
    match chain.op {
        Op::IntAdd | Op::IntMul | Op::IntDiv | Op::Shift => integer(chain, operands),
        Op::Load => load(chain, operands),
        Op::StoreLoad if chain.shape == Shape::Dependent => {
            let mut m = operands.x[0];
            // SAFETY: writes the word whose address it is given.
            unsafe {
                raw::vg_store_load(chain.body as c_int, chain.iterations, &mut m, operands.y[0]);
            }
            Some(digest::integers(&[m]))
        }
        _ if strict_floats => float(chain, operands),
        _ => None,
    }
}

/// Follows `steps` links from the address `at`; gives the address where it ends.
///
/// # Safety
/// `at` must be the address of a link to a link and so on for `steps` links, all valid for reads.
pub unsafe fn follow(at: usize, steps: u32) -> usize {
    let at = core::ptr::with_exposed_provenance_mut(at);
    // SAFETY: the caller vouches for every link.
    unsafe { raw::vg_chase(at, steps) }.addr()
}

/// See [`probe_core::machine::Machine::branches`].
pub fn branches(pattern: Pattern<'_>) -> Option<u32> {
    let period = u32::try_from(pattern.directions.len()).ok()?;
    if !sound::branches(&pattern) {
        return None;
    }
    let directions = pattern.directions.as_ptr();
    // SAFETY: `directions` has `period` bytes, at least one.
    Some(unsafe { raw::vg_branches(directions, period, pattern.branches) })
}

/// See [`probe_core::machine::Machine::indirect`].
pub fn indirect(targets: u8, order: &[u8], calls: u32) -> Option<u32> {
    let length = u32::try_from(order.len()).ok()?;
    // SAFETY: `order` has `length` bytes, at least one, each below 64.
    sound::indirect(targets, order, calls)
        .then(|| unsafe { raw::vg_indirect(order.as_ptr(), length, calls) })
}

/// See [`probe_core::machine::Machine::nested_calls`].
pub fn nested_calls(depth: u8, times: u32) -> Option<u32> {
    // SAFETY: the depth is in range.
    sound::nested_calls(depth, times)
        .then(|| unsafe { raw::vg_nested_calls(u32::from(depth), times) })
}

/// Runs an integer chain; `None` for operands with which a division would fault.
fn integer(chain: Chain, operands: &Operands) -> Option<u64> {
    let (shape, body, n) = (chain.shape as c_int, chain.body as c_int, chain.iterations);
    let (mut x, mut y) = (operands.x, operands.y);
    let mut divisor = operands.divisor;
    let used = chain.op.lanes(chain.shape);
    let pairs = |x: [u32; FP_LANES], y: [u32; FP_LANES]| {
        digest::lanes((0..used).map(|i| u64::from(digest::pair(x[i], y[i]))))
    };
    // SAFETY: every array has at least `INT_LANES` words, the turns are at least 1, and no divisor
    // becomes 0.
    unsafe {
        match chain.op {
            Op::IntAdd => {
                raw::vg_int_add(shape, body, n, x.as_mut_ptr(), y.as_mut_ptr());
                Some(pairs(x, y))
            }
            Op::IntMul => {
                raw::vg_int_mul(shape, body, n, x.as_mut_ptr(), y.as_mut_ptr());
                Some(pairs(x, y))
            }
            Op::IntDiv if sound::division(operands) => {
                raw::vg_int_div(shape, body, n, divisor.as_mut_ptr(), operands.dividend);
                Some(digest::integers(&divisor[..used]))
            }
            Op::Shift => {
                raw::vg_shift(shape, body, n, x.as_mut_ptr());
                Some(digest::integers(&x[..used]))
            }
            _ => None,
        }
    }
}

/// Walks the ring of [`Op::Load`], lane i from slot i.
fn load(chain: Chain, operands: &Operands) -> Option<u64> {
    if !sound::load_ring(operands) {
        return None;
    }
    let mut ends = [0; INT_LANES];
    // SAFETY: the order has `LOAD_RING` bytes, each below `LOAD_RING`; `ends` has a word for each lane.
    unsafe {
        raw::vg_load(
            chain.shape as c_int,
            chain.body as c_int,
            chain.iterations,
            operands.load_next.as_ptr(),
            ends.as_mut_ptr(),
        );
    }
    Some(digest::integers(&ends[..chain.op.lanes(chain.shape)]))
}

/// Runs a binary64 chain; `None` for what C has not.
fn float(chain: Chain, operands: &Operands) -> Option<u64> {
    let (shape, body, n) = (chain.shape as c_int, chain.body as c_int, chain.iterations);
    let mut x = operands.fx.map(f64::from_bits);
    let c = f64::from_bits(operands.fc);
    // SAFETY: `x` has `FP_LANES` numbers, the turns are at least 1.
    unsafe {
        match chain.op {
            Op::FpAdd => raw::vg_fp_add(shape, body, n, x.as_mut_ptr(), &c),
            Op::FpMul => raw::vg_fp_mul(shape, body, n, x.as_mut_ptr(), &c, &(1.0 / c)),
            Op::FpDiv => raw::vg_fp_div(shape, body, n, x.as_mut_ptr(), &c),
            Op::FpMulSubnormal | Op::FpMulNan | Op::FpMulOverflow | Op::FpMulNormal => {
                let (start, m, k) = special_operands(chain.op);
                x = [f64::from_bits(start); FP_LANES];
                let (m, k) = (f64::from_bits(m), f64::from_bits(k));
                raw::vg_fp_mul_mask(shape, body, n, x.as_mut_ptr(), &m, &k);
            }
            _ => return None,
        }
    }
    Some(digest::floats(&x[..chain.op.lanes(chain.shape)]))
}
