//! What operands must hold for the kernels not to fault, checked by every back end.

use core::ops::Range;
use probe_core::machine::{Operands, Pattern, LOAD_RING};

/// Smallest dividend of [`probe_core::machine::Op::IntDiv`].
const MIN_DIVIDEND: u32 = 1 << 31;
/// Divisors to start from.
const DIVISORS: Range<u32> = 1 << 15..1 << 16;

/// Functions among which indirect calls choose, and the deepest nesting of calls.
pub const MAX_TARGETS: u8 = 64;

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

/// Whether there is a direction to begin with, and a branch to execute.
pub fn branches(pattern: &Pattern<'_>) -> bool {
    !pattern.directions.is_empty() && pattern.branches > 0
}

/// Whether there is a call to make, and each goes to one of `targets` functions, of which there are enough.
pub fn indirect(targets: u8, order: &[u8], calls: u32) -> bool {
    (1..=MAX_TARGETS).contains(&targets)
        && !order.is_empty()
        && calls > 0
        && order.iter().all(|&target| target < targets)
}

/// Whether there is a call to make, and it nests no deeper than there are functions.
pub fn nested_calls(depth: u8, times: u32) -> bool {
    (1..=MAX_TARGETS).contains(&depth) && times > 0
}
