//! Vector operations: none. The V extension is in few processors, and its length differs in all of them.

use probe_core::machine::{Chain, Operands};

/// Absent.
pub(super) fn chain(_chain: Chain, _operands: &Operands) -> Option<u64> {
    None
}
