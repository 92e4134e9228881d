//! ARM, 32 bit, from version 4T to the 32-bit state of version 8: the A32 instruction set. VFP, Advanced
//! SIMD (NEON), `UDIV` and the virtual counter are used where the system says that they are there.
//!
//! References, for all files of this folder:
//! - ARM, "ARM Architecture Reference Manual ARMv7-A and ARMv7-R edition", DDI 0406 ("ARM ARM"), whose
//!   appendix D12 tells versions 4 and 5, and D11 version 6; for those also the earlier DDI 0100.
//! - ARM, "Procedure Call Standard for the Arm Architecture", IHI 0042.
//! - The Rust Reference, "Inline assembly": what a block must leave as it found it.

#[path = "../common/mod.rs"]
#[macro_use]
mod common;

/// Tells the assembler of the greatest unit that the kernels use; which of its instructions run is
/// decided at run time.
macro_rules! fpu {
    () => {
        ".fpu neon-vfpv4"
    };
}

/// Tells the assembler of the unit that the program is built for.
#[cfg(target_abi = "eabihf")]
macro_rules! fpu_end {
    () => {
        ".fpu vfpv3-d16"
    };
}

/// Tells the assembler of the unit that the program is built for: none.
#[cfg(not(target_abi = "eabihf"))]
macro_rules! fpu_end {
    () => {
        ".fpu softvfp"
    };
}

/// First line of a block that repeats its lines: tells the compiler that the block is long, and makes
/// no code.
///
/// LLVM keeps constants within reach of the loads that use them, and for that counts a block of
/// assembly by its lines; it does not see what `.rept` makes of them. It does read `.space` without
/// regard to `.if` (`TargetInstrInfo::getInlineAsmLength`). Without this, constants end up out of reach
/// ("out of range pc-relative fixup value").
macro_rules! long {
    () => {
        ".if 0\n.space 4096\n.endif"
    };
}

/// The operand of a name, as a register of 32 bits.
macro_rules! w {
    ($name:literal) => {
        concat!("{", $name, "}")
    };
}

/// One less in a register of 32 bits, and back to the label unless it is 0 then.
macro_rules! count_down {
    ($name:literal, $label:literal) => {
        concat!("subs {", $name, "}, {", $name, "}, #1\nbne ", $label)
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

pub use counter::{Counter, DefaultTicks};
pub use identity::{hypervisor, hypervisor_root, WORD_NAMES};

use crate::native::Port;
use c_shims::arch::MAX_FRESH_BYTES;
use identity::Features;
use probe_core::channels::quirks::{arm::PROBES, Probe};
use probe_core::machine::{Chain, Identity, Op, Operands, Pattern, QuirkWords, Routine, Trap};

/// What this processor has.
#[derive(Debug)]
pub struct Backend {
    features: Features,
}

// SAFETY: `fresh_code::encode` writes a function of the type that `fresh_code::call` calls.
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
        trap::trap(kind, &self.features)
    }

    fn encode(routine: Routine, code: &mut [u8; MAX_FRESH_BYTES]) -> Option<usize> {
        fresh_code::encode(routine, code)
    }

    unsafe fn synchronise(code: *const u8, bytes: usize) {
        // SAFETY: the range is mapped and holds code, which `encode` writes under Linux only.
        unsafe { fresh_code::synchronise(code, bytes) }
    }

    unsafe fn call(code: *const u8, x: u32) -> u32 {
        // SAFETY: the caller's promise is the same.
        unsafe { fresh_code::call(code, x) }
    }
}
