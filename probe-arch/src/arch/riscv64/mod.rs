//! RISC-V of 64 bits with the extensions IMAFD (RV64GC), user mode. Vectors (V) are not touched: absent.
//!
//! References, for all files of this folder:
//! - RISC-V International, "The RISC-V Instruction Set Manual, Volume I: Unprivileged Architecture" (20240411).
//! - RISC-V International, "RISC-V ABIs Specification": registers and calls.
//! - The Rust Reference, "Inline assembly": what a block must leave as it found it.

#[path = "../common/mod.rs"]
#[macro_use]
mod common;

/// The operand of a name, as a register of 32 bits.
macro_rules! w {
    ($name:literal) => {
        concat!("{", $name, "}")
    };
}

/// One less in a register of 32 bits, and back to the label unless it is 0 then.
macro_rules! count_down {
    ($name:literal, $label:literal) => {
        concat!(
            "addiw {",
            $name,
            "}, {",
            $name,
            "}, -1\nbnez {",
            $name,
            "}, ",
            $label
        )
    };
}

/// First line of a block: the compiler needs to be told nothing.
macro_rules! long {
    () => {
        ""
    };
}

mod branch;
mod counter;
mod float;
mod fresh_code;
mod identity;
mod integer;
mod memory;
mod quirks;
mod simd;
mod trap;

pub use counter::Time;
pub use identity::{hypervisor, hypervisor_root, WORD_NAMES};

use crate::native::Port;
use c_shims::arch::MAX_FRESH_BYTES;
use probe_core::channels::quirks::{riscv::PROBES, Probe};
use probe_core::machine::{Chain, Identity, Op, Operands, Pattern, QuirkWords, Routine, Trap};

/// The counter of this architecture.
pub type DefaultTicks = Time;

/// The kernels. There is nothing to look for: all of RV64GC is the target's baseline.
#[derive(Debug)]
pub struct Backend;

// SAFETY: `fresh_code::encode` writes a function of the type that `fresh_code::call` calls.
unsafe impl Port for Backend {
    fn detect() -> Self {
        Backend
    }

    fn identity(&self) -> Identity {
        identity::identity()
    }

    fn chain(&self, chain: Chain, operands: &Operands) -> Option<u64> {
        match chain.op {
            Op::IntAdd | Op::IntMul | Op::IntDiv | Op::Shift => {
                common::integer::chain(self, chain, operands)
            }
            Op::Load | Op::StoreLoad => common::memory::chain::<Self>(chain, operands),
            Op::FpAdd
            | Op::FpMul
            | Op::FpDiv
            | Op::FpSqrt
            | Op::FpMulSubnormal
            | Op::FpMulNan
            | Op::FpMulOverflow
            | Op::FpMulNormal
            | Op::FpRounding => float::chain(chain, operands),
            _ => simd::chain(chain, operands),
        }
    }

    #[inline(always)]
    unsafe fn follow(at: usize, steps: u32) -> usize {
        // SAFETY: the caller's promise is the same.
        unsafe { memory::follow(at, steps) }
    }

    fn branches(pattern: Pattern<'_>) -> Option<u32> {
        common::branch::branches::<Self>(pattern)
    }

    fn indirect(targets: u8, order: &[u8], calls: u32) -> Option<u32> {
        common::branch::indirect::<Self>(targets, order, calls)
    }

    fn nested_calls(depth: u8, times: u32) -> Option<u32> {
        common::branch::nested_calls::<Self>(depth, times)
    }

    fn quirk(&self, probe: u16, operand: [u32; 2]) -> Option<QuirkWords> {
        quirks::quirk(probe, operand)
    }

    fn probes(&self) -> &'static [Probe] {
        PROBES
    }

    #[inline(always)]
    fn trap(&self, kind: Trap) -> Option<()> {
        trap::trap(kind)
    }

    fn encode(routine: Routine, code: &mut [u8; MAX_FRESH_BYTES]) -> Option<usize> {
        Some(fresh_code::encode(routine, code))
    }

    unsafe fn synchronise(code: *const u8, bytes: usize) {
        fresh_code::synchronise(code, bytes);
    }

    unsafe fn call(code: *const u8, x: u32) -> u32 {
        // SAFETY: the caller's promise is the same.
        unsafe { fresh_code::call(code, x) }
    }
}
