//! What operands must hold for the kernels not to fault, checked by every back end.

use core::ops::Range;
use probe_core::machine::{Operands, LOAD_RING};

/// Smallest dividend of [`probe_core::machine::Op::IntDiv`].
const MIN_DIVIDEND: u32 = 1 << 31;
/// Divisors to start from.
const DIVISORS: Range<u32> = 1 << 15..1 << 16;

/// Whether a chain of divisions on `operands` never divides by 0: quotients then stay above 2^13.
pub fn division(operands: &Operands) -> bool {
    operands.dividend >= MIN_DIVIDEND && operands.divisor.iter().all(|x| DIVISORS.contains(x))
}

/// Whether the ring of [`probe_core::machine::Op::Load`] never leaves itself.
pub fn load_ring(operands: &Operands) -> bool {
    operands
        .load_next
        .iter()
        .all(|&slot| usize::from(slot) < LOAD_RING)
}
