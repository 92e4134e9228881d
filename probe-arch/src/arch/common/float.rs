//! Chains of scalar binary64 instructions, whatever the instructions are.

use c_shims::digest;
use probe_core::machine::{special_operands, Chain, Op, Operands, Shape, FP_LANES};

/// The lanes.
pub type Lanes = [f64; FP_LANES];

/// A kernel: iterations (at least 1), lanes, the constants `c` and `d`. A type argument each tells it of the lanes
/// that its shape has, and of the operations in its body.
///
/// Unsafe, because the processor must have the kernel's instructions.
pub type Kernel = unsafe fn(n: u32, lanes: &mut Lanes, c: f64, d: f64);

/// Runs a chain by its kernel. `None` for the rounding switch in the shape that it has not.
///
/// # Safety
/// The processor must have the kernel's instructions.
pub unsafe fn run(kernel: Kernel, chain: Chain, operands: &Operands) -> Option<u64> {
    let mut lanes = operands.fx.map(f64::from_bits);
    let mut c = f64::from_bits(operands.fc);
    let mut d = 1.0 / c;
    match chain.op {
        Op::FpAdd | Op::FpMul | Op::FpDiv | Op::FpSqrt => {}
        Op::FpRounding if chain.shape == Shape::Dependent => {}
        Op::FpRounding => return None,
        special => {
            let (x, m, k) = special_operands(special);
            lanes = [f64::from_bits(x); FP_LANES];
            (c, d) = (f64::from_bits(m), f64::from_bits(k));
        }
    }
    // SAFETY: the caller vouches for the instructions.
    unsafe { kernel(chain.iterations, &mut lanes, c, d) };
    if chain.op == Op::FpRounding {
        return Some(digest::lanes([0]));
    }
    Some(digest::floats(&lanes[..chain.op.lanes(chain.shape)]))
}
