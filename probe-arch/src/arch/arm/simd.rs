//! Chains of Advanced SIMD (NEON) instructions, where the system says that they are there.
//!
//! References:
//! - ARM ARM (DDI 0406) A8: `VEOR`, `VEXT`, `VTBL`, `VADD`, `VMULL`, `VPADD`, `VMUL`, `VFMA` (with VFPv4).
//! - Procedure Call Standard for the Arm Architecture: Q4 to Q7 belong to the caller.
//!
//! As in `float`, each line is written for eight lanes, and `.if` keeps those that the shape has. Lane i
//! lives in Qi (D2i and D2i+1), Q8 and Q9 hold the operands. What needs scratch does so for four lanes at
//! a time, in Q10 to Q13: there are no more registers. There are no vectors of 256 bits.

use super::common::{DOUBLE, FP, SINGLE};
use super::identity::Features;
use c_shims::digest;
use core::arch::asm;
use probe_core::machine::{Chain, Op, Operands, FP_LANES};

/// 32-bit words in a vector.
const WORDS: usize = 4;

/// A vector.
type Vector = [u32; WORDS];

/// The first half of what is drawn for 256 bits.
const fn narrow(words: &[u32; 8]) -> Vector {
    [words[0], words[1], words[2], words[3]]
}

/// Small integers as binary32.
fn floats(values: &[i16; 8]) -> Vector {
    narrow(&values.map(|value| f32::from(value).to_bits()))
}

/// Sixteen bytes, the first in the lowest byte of the first word.
fn bytes(bytes: &[u8; 16]) -> Vector {
    core::array::from_fn(|word| {
        u32::from_le_bytes(core::array::from_fn(|byte| bytes[4 * word + byte]))
    })
}

/// A kernel: iterations, lanes, operands for Q8 and Q9.
///
/// Unsafe, because the processor must have the kernel's instructions.
type Kernel = unsafe fn(u32, &mut [Vector; FP_LANES], &[Vector; 2]);

/// Runs a vector chain; `None` for the wide operations and where the processor lacks the instruction.
pub(super) fn chain(chain: Chain, operands: &Operands, features: &Features) -> Option<u64> {
    const MINUS_ONE: Vector = [(-1.0f32).to_bits(); WORDS];
    if !features.neon {
        return None;
    }
    let integers = operands.v.map(|lane| narrow(&lane));
    let small = operands.fv.map(|lane| floats(&lane));
    let a = narrow(&operands.a);
    let fa = floats(&operands.fa);
    let control = bytes(&operands.control);
    let (kernel, mut lanes, constants): (Kernel, _, _) = match chain.op {
        Op::VecLogic => (instance!(logic, chain), integers, [a, a]),
        Op::VecShuffle => (instance!(shuffle, chain), integers, [a, a]),
        Op::VecPermute => (instance!(permute, chain), integers, [control, a]),
        Op::VecIntAdd => (instance!(int_add, chain), integers, [a, a]),
        Op::VecMulAdd => (instance!(mul_add, chain), integers, [a, a]),
        Op::VecFpAdd => (instance!(fp_add, chain), small, [fa, fa]),
        Op::VecFpMul => (instance!(fp_mul, chain), small, [MINUS_ONE, fa]),
        Op::VecFpMulAdd if features.fma => (instance!(fma, chain), small, [fa, MINUS_ONE]),
        _ => return None,
    };
    // SAFETY: the arms above let no kernel through whose instructions are not there.
    unsafe { kernel(chain.iterations, &mut lanes, &constants) };
    Some(digest::vectors(&lanes[..chain.op.lanes(chain.shape)]))
}

/// A chain whose step is one line after another, each line for every lane of a group of four.
macro_rules! vector {
    ($name:ident, $ops_per_step:literal, $($line:ident),+) => {
        /// # Safety
        /// The processor must have the instructions.
        unsafe fn $name<const USED: u32, const OPS: u32>(
            n: u32, lanes: &mut [Vector; FP_LANES], constants: &[Vector; 2],
        ) {
            // SAFETY: reads and writes the lanes and reads the constants, all aligned to their words;
            // loads and stores of words keep the order of the words whatever the order of bytes. D8 to
            // D15 are kept on the stack meanwhile, every other register used is declared.
            unsafe {
                asm!(
                    long!(),
                    fpu!(),
                    "vpush {{d8-d15}}",
                    "vld1.32 {{d0-d3}}, [{lanes}]!",
                    "vld1.32 {{d4-d7}}, [{lanes}]!",
                    "vld1.32 {{d8-d11}}, [{lanes}]!",
                    "vld1.32 {{d12-d15}}, [{lanes}]",
                    "vld1.32 {{d16-d19}}, [{constants}]",
                    ".p2align 5",
                    "2:",
                    ".rept {steps}",
                    $(
                        $line!("0" "0" "1" "10" "20" "21"),
                        ".if {used} > 1",
                        $line!("1" "2" "3" "11" "22" "23"),
                        $line!("2" "4" "5" "12" "24" "25"),
                        $line!("3" "6" "7" "13" "26" "27"),
                        ".endif",
                    )+
                    ".if {used} > 1",
                    $(
                        $line!("4" "8" "9" "10" "20" "21"),
                        $line!("5" "10" "11" "11" "22" "23"),
                        $line!("6" "12" "13" "12" "24" "25"),
                        $line!("7" "14" "15" "13" "26" "27"),
                    )+
                    ".endif",
                    ".endr",
                    "subs {n}, {n}, #1",
                    "bne 2b",
                    "vst1.32 {{d12-d15}}, [{lanes}]",
                    "sub {lanes}, {lanes}, #96",
                    "vst1.32 {{d0-d3}}, [{lanes}]!",
                    "vst1.32 {{d4-d7}}, [{lanes}]!",
                    "vst1.32 {{d8-d11}}, [{lanes}]",
                    "vpop {{d8-d15}}",
                    fpu_end!(),
                    steps = const OPS / USED / $ops_per_step,
                    used = const USED,
                    lanes = inout(reg) lanes => _,
                    constants = in(reg) constants,
                    n = inout(reg) n => _,
                    out("q0") _, out("q1") _, out("q2") _, out("q3") _,
                    out("q8") _, out("q9") _, out("q10") _, out("q11") _,
                    out("q12") _, out("q13") _,
                );
            }
        }
    };
}

// The lines. `q` is the number of the lane, `lo` and `hi` are those of its halves, `t` is that of its
// scratch register, `tlo` and `thi` are those of the halves of that.

macro_rules! logic_line {
    ($q:literal $lo:literal $hi:literal $t:literal $tlo:literal $thi:literal) => {
        concat!("veor q", $q, ", q", $q, ", q8")
    };
}
vector!(logic, 1, logic_line);

macro_rules! shuffle_line {
    ($q:literal $lo:literal $hi:literal $t:literal $tlo:literal $thi:literal) => {
        concat!("vext.32 q", $q, ", q", $q, ", q", $q, ", #1")
    };
}
vector!(shuffle, 1, shuffle_line);

// Two tables to and fro, because the halves of a result are looked up one after the other.
macro_rules! permute_first {
    ($q:literal $lo:literal $hi:literal $t:literal $tlo:literal $thi:literal) => {
        concat!(
            "vtbl.8 d",
            $tlo,
            ", {{d",
            $lo,
            ", d",
            $hi,
            "}}, d16\nvtbl.8 d",
            $thi,
            ", {{d",
            $lo,
            ", d",
            $hi,
            "}}, d17"
        )
    };
}
macro_rules! permute_second {
    ($q:literal $lo:literal $hi:literal $t:literal $tlo:literal $thi:literal) => {
        concat!(
            "vtbl.8 d",
            $lo,
            ", {{d",
            $tlo,
            ", d",
            $thi,
            "}}, d16\nvtbl.8 d",
            $hi,
            ", {{d",
            $tlo,
            ", d",
            $thi,
            "}}, d17"
        )
    };
}
vector!(permute, 2, permute_first, permute_second);

macro_rules! int_add_line {
    ($q:literal $lo:literal $hi:literal $t:literal $tlo:literal $thi:literal) => {
        concat!("vadd.i32 q", $q, ", q", $q, ", q8")
    };
}
vector!(int_add, 1, int_add_line);

macro_rules! mul_add_first {
    ($q:literal $lo:literal $hi:literal $t:literal $tlo:literal $thi:literal) => {
        concat!("vmull.s16 q", $t, ", d", $lo, ", d16")
    };
}
macro_rules! mul_add_second {
    ($q:literal $lo:literal $hi:literal $t:literal $tlo:literal $thi:literal) => {
        concat!("vmull.s16 q", $q, ", d", $hi, ", d17")
    };
}
macro_rules! mul_add_third {
    ($q:literal $lo:literal $hi:literal $t:literal $tlo:literal $thi:literal) => {
        concat!("vpadd.i32 d", $hi, ", d", $lo, ", d", $hi)
    };
}
macro_rules! mul_add_fourth {
    ($q:literal $lo:literal $hi:literal $t:literal $tlo:literal $thi:literal) => {
        concat!("vpadd.i32 d", $lo, ", d", $tlo, ", d", $thi)
    };
}
vector!(
    mul_add,
    1,
    mul_add_first,
    mul_add_second,
    mul_add_third,
    mul_add_fourth
);

macro_rules! fp_add_line {
    ($q:literal $lo:literal $hi:literal $t:literal $tlo:literal $thi:literal) => {
        concat!("vadd.f32 q", $q, ", q", $q, ", q8")
    };
}
vector!(fp_add, 1, fp_add_line);

macro_rules! fp_mul_line {
    ($q:literal $lo:literal $hi:literal $t:literal $tlo:literal $thi:literal) => {
        concat!("vmul.f32 q", $q, ", q", $q, ", q8")
    };
}
vector!(fp_mul, 1, fp_mul_line);

// The accumulator is the addend, so it is copied first, beside the chain, and the chain goes to and
// fro between two registers.
macro_rules! fma_first {
    ($q:literal $lo:literal $hi:literal $t:literal $tlo:literal $thi:literal) => {
        concat!("vmov q", $t, ", q8")
    };
}
macro_rules! fma_second {
    ($q:literal $lo:literal $hi:literal $t:literal $tlo:literal $thi:literal) => {
        concat!("vfma.f32 q", $t, ", q", $q, ", q9")
    };
}
macro_rules! fma_third {
    ($q:literal $lo:literal $hi:literal $t:literal $tlo:literal $thi:literal) => {
        concat!("vmov q", $q, ", q8")
    };
}
macro_rules! fma_fourth {
    ($q:literal $lo:literal $hi:literal $t:literal $tlo:literal $thi:literal) => {
        concat!("vfma.f32 q", $q, ", q", $t, ", q9")
    };
}
vector!(fma, 2, fma_first, fma_second, fma_third, fma_fourth);
