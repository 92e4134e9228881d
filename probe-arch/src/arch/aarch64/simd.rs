//! Chains of Advanced SIMD (NEON) instructions, which every AArch64 processor with an operating
//! system has.
//!
//! References:
//! - Arm ARM C7: `EOR (vector)`, `EXT`, `TBL`, `ADD (vector)`, `SMULL`, `SMULL2`, `ADDP (vector)`,
//!   `FADD (vector)`, `FMUL (vector)`, `FMLA (vector)`.
//! - Procedure Call Standard for the Arm 64-bit Architecture: V8 to V15 belong partly to the
//!   caller; none of them is used here.
//!
//! As in `float`, every line is written for eight lanes, and `.if` keeps those that the shape has. Lane i lives in Vi, V2i (V20 to V27) is its scratch, V30 and V31 hold the operands. There are no
//! vectors of 256 bits.

use super::common::{DOUBLE, FP, SINGLE};
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

/// A kernel: iterations, lanes, operands for registers 30 and 31.
type Kernel = fn(u32, &mut [Vector; FP_LANES], &Vector, &Vector);

/// Runs a vector chain; `None` for the wide operations.
pub(super) fn chain(chain: Chain, operands: &Operands) -> Option<u64> {
    const MINUS_ONE: Vector = [(-1.0f32).to_bits(); WORDS];
    let integers = operands.v.map(|lane| narrow(&lane));
    let small = operands.fv.map(|lane| floats(&lane));
    let a = narrow(&operands.a);
    let fa = floats(&operands.fa);
    let control = bytes(&operands.control);
    let (kernel, mut lanes, v30, v31): (Kernel, _, _, _) = match chain.op {
        Op::VecLogic => (instance!(logic, chain), integers, a, a),
        Op::VecShuffle => (instance!(shuffle, chain), integers, a, a),
        Op::VecPermute => (instance!(permute, chain), integers, control, a),
        Op::VecIntAdd => (instance!(int_add, chain), integers, a, a),
        Op::VecMulAdd => (instance!(mul_add, chain), integers, a, a),
        Op::VecFpAdd => (instance!(fp_add, chain), small, fa, fa),
        Op::VecFpMul => (instance!(fp_mul, chain), small, MINUS_ONE, fa),
        Op::VecFpMulAdd => (instance!(fma, chain), small, fa, MINUS_ONE),
        _ => return None,
    };
    kernel(chain.iterations, &mut lanes, &v30, &v31);
    Some(digest::vectors(&lanes[..chain.op.lanes(chain.shape)]))
}

/// A chain whose step is one line after another, each line for every lane.
macro_rules! vector {
    ($name:ident, $ops_per_step:literal, $($line:ident),+) => {
        fn $name<const USED: u32, const OPS: u32>(
            n: u32, lanes: &mut [Vector; FP_LANES], v30: &Vector, v31: &Vector,
        ) {
            // SAFETY: reads and writes the lanes and reads the operands, all of 16 bytes and
            // aligned to their words; `LD1` and `ST1` of words keep the order of the words whatever
            // the order of bytes. Every register used is declared.
            unsafe {
                asm!(
                    "ld1 {{v0.4s, v1.4s, v2.4s, v3.4s}}, [{lanes}]",
                    "add {lanes}, {lanes}, #64",
                    "ld1 {{v4.4s, v5.4s, v6.4s, v7.4s}}, [{lanes}]",
                    "ld1 {{v30.4s}}, [{v30}]",
                    "ld1 {{v31.4s}}, [{v31}]",
                    ".p2align 5",
                    "2:",
                    ".rept {steps}",
                    $(
                        $line!("0"),
                        ".if {used} > 1",
                        $line!("1"), $line!("2"), $line!("3"), $line!("4"),
                        $line!("5"), $line!("6"), $line!("7"),
                        ".endif",
                    )+
                    ".endr",
                    "subs {n:w}, {n:w}, #1",
                    "b.ne 2b",
                    "st1 {{v4.4s, v5.4s, v6.4s, v7.4s}}, [{lanes}]",
                    "sub {lanes}, {lanes}, #64",
                    "st1 {{v0.4s, v1.4s, v2.4s, v3.4s}}, [{lanes}]",
                    steps = const OPS / USED / $ops_per_step,
                    used = const USED,
                    lanes = inout(reg) lanes => _,
                    v30 = in(reg) v30,
                    v31 = in(reg) v31,
                    n = inout(reg) n => _,
                    out("v0") _, out("v1") _, out("v2") _, out("v3") _,
                    out("v4") _, out("v5") _, out("v6") _, out("v7") _,
                    out("v20") _, out("v21") _, out("v22") _, out("v23") _,
                    out("v24") _, out("v25") _, out("v26") _, out("v27") _,
                    out("v30") _, out("v31") _,
                    options(nostack)
                );
            }
        }
    };
}

line!(logic_line, "eor v", ".16b, v", ".16b, v30.16b");
vector!(logic, 1, logic_line);

line!(shuffle_line, "ext v", ".16b, v", ".16b, v", ".16b, #4");
vector!(shuffle, 1, shuffle_line);

line!(permute_line, "tbl v", ".16b, {{v", ".16b}}, v30.16b");
vector!(permute, 1, permute_line);

line!(int_add_line, "add v", ".4s, v", ".4s, v30.4s");
vector!(int_add, 1, int_add_line);

line!(mul_add_first, "smull v2", ".4s, v", ".4h, v30.4h");
line!(mul_add_second, "smull2 v", ".4s, v", ".8h, v30.8h");
line!(mul_add_third, "addp v", ".4s, v2", ".4s, v", ".4s");
vector!(mul_add, 1, mul_add_first, mul_add_second, mul_add_third);

line!(fp_add_line, "fadd v", ".4s, v", ".4s, v30.4s");
vector!(fp_add, 1, fp_add_line);

line!(fp_mul_line, "fmul v", ".4s, v", ".4s, v30.4s");
vector!(fp_mul, 1, fp_mul_line);

// The accumulator is the addend, so it is copied first, beside the chain, and the chain goes to and
// fro between two registers.
line!(fma_first, "mov v2", ".16b, v30.16b");
line!(fma_second, "fmla v2", ".4s, v", ".4s, v31.4s");
line!(fma_third, "mov v", ".16b, v30.16b");
line!(fma_fourth, "fmla v", ".4s, v2", ".4s, v31.4s");
vector!(fma, 2, fma_first, fma_second, fma_third, fma_fourth);
