//! PowerPC and Power, 32 and 64 bit, big and little endian: the 601 to POWER10.
//!
//! References, for all files of this folder:
//! - IBM and Motorola, "PowerPC Microprocessor Family: The Programming Environments" (PEM), 32-bit
//!   and 64-bit editions.
//! - OpenPOWER Foundation, "Power ISA", versions 2.07B (POWER8) and 3.0B (POWER9), books I to III.
//! - Freescale, "AltiVec Technology Programming Environments Manual" (AltiVec PEM).
//! - The Rust Reference, "Inline assembly": what a block must leave as it found it. Assembly for
//!   PowerPC is stable from Rust 1.95; the workspace's lower minimum holds for other architectures.
//!
//! Processors without the classic floating-point registers (4xx, and the e500 with SPE, a target of its
//! own) are not served.
//!
//! What a processor may lack (AltiVec, VSX, the square root, the estimates) is found out once, in
//! `identity`, and never by trying. All blocks name registers by number, and none but `float` (on
//! VSX) and `simd` uses a vector register, so that the same text serves every member of the family.

#[path = "../common/mod.rs"]
#[macro_use]
mod common;

/// First line of a block that repeats its lines: tells the compiler that the block is long, and makes no
/// code.
///
/// LLVM counts a block of assembly by its lines to see which branches reach across it; it does not see what
/// `.rept` makes of them, but reads `.space` without regard to `.if` (`TargetInstrInfo::getInlineAsmLength`).
/// Without this, a large function ends in "branch target out of range".
macro_rules! long {
    () => {
        ".if 0\n.space 2048\n.endif"
    };
}

/// The operand of a name, as a register of 32 bits.
macro_rules! w {
    ($name:literal) => {
        concat!("{", $name, "}")
    };
}

/// The loop of `common`, by the count register: a block of assembly that does `$steps` times `$line`s in a
/// straight line, `$n` times (at least once).
macro_rules! repeat {
    ($n:expr, $steps:expr, [$($line:expr),+ $(,)?], [$($operand:tt)*], $($option:ident),*) => {
        repeat!($n, $steps, [], [$($line),+], [], [$($operand)*], $($option),*)
    };
    (
        $n:expr, $steps:expr,
        [$($before:expr),* $(,)?], [$($line:expr),+ $(,)?], [$($after:expr),* $(,)?],
        [$($operand:tt)*], $($option:ident),*
    ) => {
        core::arch::asm!(
            $($before,)*
            "mtctr {n}",
            ".p2align 5",
            "2:",
            long!(),
            ".rept {steps}",
            $($line,)+
            ".endr",
            "bdnz 2b",
            $($after,)*
            steps = const $steps,
            n = in(reg) $n as usize,
            $($operand)*
            out("ctr") _,
            options($($option),*)
        )
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
#[cfg(test)]
mod tests;
mod trap;

pub use counter::TimeBase;
pub use identity::{hypervisor, hypervisor_root, WORD_NAMES};

use crate::native::Port;
use c_shims::arch::MAX_FRESH_BYTES;
use identity::Features;
use probe_core::channels::quirks::{power::PROBES, Probe};
use probe_core::machine::{Chain, Identity, Op, Operands, Pattern, QuirkWords, Routine, Trap};

/// Of two texts the one for registers of this width: the first for 32 bits, the second for 64.
#[cfg(target_pointer_width = "32")]
macro_rules! wide {
    ($narrow:literal, $wide:literal) => {
        $narrow
    };
}
#[cfg(target_pointer_width = "64")]
macro_rules! wide {
    ($narrow:literal, $wide:literal) => {
        $wide
    };
}
use wide;

/// The counter of this architecture.
pub type DefaultTicks = TimeBase;

/// What this processor has.
#[derive(Debug)]
pub struct Backend {
    features: Features,
}

// SAFETY: `fresh_code::encode` writes code that keeps the convention of `fresh_code::call`.
unsafe impl Port for Backend {
    fn detect() -> Self {
        Backend {
            features: Features::detect(),
        }
    }

    fn identity(&self) -> Identity {
        identity::identity(&self.features)
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
            | Op::FpRounding => float::chain(chain, operands, &self.features),
            _ => simd::chain(chain, operands, &self.features),
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
        quirks::quirk(probe, operand, &self.features)
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
        // SAFETY: the caller's promise is the same.
        unsafe { fresh_code::synchronise(code, bytes) }
    }

    unsafe fn call(code: *const u8, x: u32) -> u32 {
        // SAFETY: the caller's promise is the same.
        unsafe { fresh_code::call(code, x) }
    }
}
