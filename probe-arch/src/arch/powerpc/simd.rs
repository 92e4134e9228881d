//! Chains of vector instructions: AltiVec (VMX) where it is. Wide vectors of 256 bits do not exist.
//!
//! References:
//! - AltiVec PEM and Power ISA book I, "Vector Facility": `lvx`, `stvx`, `vxor`, `vsldoi`, `vperm`,
//!   `vadduwm`, `vmsumshm`, `vaddfp`, `vmaddfp`.
//! - The same, "Vector Register": byte 0 is the most significant. On a little-endian machine `lvx`
//!   loads the byte at the lowest address into byte 15, so element i of a vector in memory is element
//!   n - 1 - i of the register. [`ROTATE`] and [`control`] are where that shows.
//! - Linux, "powerpc ABI": VRSAVE is not looked at; registers 0 to 19 are volatile.
//!
//! As in `float`, `.irp` writes each line for eight lanes and `.if` keeps those that the shape has.
//! Lane i lives in register i, registers 8 and 9 hold the operands, 10 holds zeros and 11 negative
//! zeros, the neutral addend (0 would turn -0 into 0).

use super::common::{DOUBLE, FP, SINGLE};
use super::identity::Features;
use c_shims::digest;
use core::arch::asm;
use probe_core::machine::{Chain, Op, Operands, FP_LANES};

/// 32-bit words in a vector.
const WORDS: usize = 4;
/// Bytes in a vector.
const BYTES: usize = 16;

/// `vsldoi`'s count for word i becoming word (i + 1) mod 4: a word to the left, or three where the
/// register holds the words in reverse.
const ROTATE: u8 = if cfg!(target_endian = "big") { 4 } else { 12 };

/// A vector in memory, aligned as `lvx` wants it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(C, align(16))]
struct Vector([u32; WORDS]);

impl Vector {
    /// The first half of a wide operand.
    fn first_half(words: &[u32; 8]) -> Self {
        Vector([words[0], words[1], words[2], words[3]])
    }

    /// Small integers as binary32.
    fn floats(values: &[i16; 8]) -> Self {
        Vector([0, 1, 2, 3].map(|i| f32::from(values[i]).to_bits()))
    }
}

/// `vperm`'s control for byte i becoming byte `control[i]`, where byte i of a vector is bits 8i to
/// 8i + 7 of its words in order.
///
/// Byte i lies, on a big-endian machine, at address i ^ 3 and in the register's byte of that number;
/// on a little-endian one at address i and in the register's byte 15 - i.
fn control(control: &[u8; BYTES]) -> Vector {
    let mut memory = [0; BYTES];
    for (i, &from) in control.iter().enumerate() {
        if cfg!(target_endian = "big") {
            memory[i ^ 3] = from ^ 3;
        } else {
            memory[i] = BYTES as u8 - 1 - from;
        }
    }
    let word = |i: usize| {
        u32::from_ne_bytes([
            memory[4 * i],
            memory[4 * i + 1],
            memory[4 * i + 2],
            memory[4 * i + 3],
        ])
    };
    Vector([word(0), word(1), word(2), word(3)])
}

/// A kernel: iterations, lanes, operands for registers 8 and 9.
///
/// Unsafe, because the processor must have AltiVec.
type Kernel = unsafe fn(usize, &mut [Vector; FP_LANES], &Vector, &Vector);

/// Runs a vector chain; `None` where the processor lacks the instruction.
pub(super) fn chain(chain: Chain, operands: &Operands, features: &Features) -> Option<u64> {
    const MINUS_ONE: Vector = Vector([(-1.0f32).to_bits(); WORDS]);
    if !features.altivec {
        return None;
    }
    let integers = operands.v.map(|lane| Vector::first_half(&lane));
    let floats = operands.fv.map(|lane| Vector::floats(&lane));
    let a = Vector::first_half(&operands.a);
    let fa = Vector::floats(&operands.fa);
    let (kernel, mut lanes, r8, r9): (Kernel, _, _, _) = match chain.op {
        Op::VecLogic => (instance!(logic, chain), integers, a, a),
        Op::VecShuffle => (instance!(shuffle, chain), integers, a, a),
        Op::VecPermute => (
            instance!(permute, chain),
            integers,
            control(&operands.control),
            a,
        ),
        Op::VecIntAdd => (instance!(int_add, chain), integers, a, a),
        Op::VecMulAdd => (instance!(mul_add, chain), integers, a, a),
        Op::VecFpAdd => (instance!(fp_add, chain), floats, fa, a),
        Op::VecFpMul => (instance!(fp_mul, chain), floats, MINUS_ONE, a),
        Op::VecFpMulAdd => (instance!(fma, chain), floats, fa, MINUS_ONE),
        _ => return None,
    };
    // SAFETY: there is AltiVec.
    unsafe { kernel(chain.iterations as usize, &mut lanes, &r8, &r9) };
    let lanes = lanes.map(|Vector(words)| words);
    Some(digest::vectors(&lanes[..chain.op.lanes(chain.shape)]))
}

/// A chain of one instruction.
macro_rules! vector {
    ($name:ident, $instruction:expr $(, $operand:tt = const $value:expr)?) => {
        /// # Safety
        /// The processor must have AltiVec, and the system must save its registers.
        unsafe fn $name<const USED: u32, const OPS: u32>(
            n: usize, lanes: &mut [Vector; FP_LANES], r8: &Vector, r9: &Vector,
        ) {
            // SAFETY: reads and writes the lanes and reads the operands, all aligned to 16 bytes; every
            // register touched is declared. The caller vouches for the rest.
            unsafe {
                asm!(
                    ".irp lane, 0,1,2,3,4,5,6,7",
                    "li {t}, 16 * \\lane",
                    "lvx \\lane, {lanes}, {t}",
                    ".endr",
                    "lvx 8, 0, {r8}",
                    "lvx 9, 0, {r9}",
                    "vxor 10, 10, 10",
                    // Shifting all ones left by 31 (the count is their low five bits): 0x8000_0000.
                    "vspltisw 11, -1",
                    "vslw 11, 11, 11",
                    "mtctr {n}",
                    ".p2align 5",
                    "2:",
                    long!(),
                    ".rept {steps}",
                    ".irp lane, 0,1,2,3,4,5,6,7",
                    ".if \\lane < {used}",
                    $instruction,
                    ".endif",
                    ".endr",
                    ".endr",
                    "bdnz 2b",
                    ".irp lane, 0,1,2,3,4,5,6,7",
                    "li {t}, 16 * \\lane",
                    "stvx \\lane, {lanes}, {t}",
                    ".endr",
                    steps = const OPS / USED,
                    used = const USED,
                    $($operand = const $value,)?
                    lanes = in(reg_nonzero) lanes,
                    r8 = in(reg) r8,
                    r9 = in(reg) r9,
                    n = in(reg) n,
                    t = out(reg) _,
                    out("v0") _, out("v1") _, out("v2") _, out("v3") _,
                    out("v4") _, out("v5") _, out("v6") _, out("v7") _,
                    out("v8") _, out("v9") _, out("v10") _, out("v11") _,
                    out("ctr") _,
                    options(nostack)
                );
            }
        }
    };
}

vector!(logic, "vxor \\lane, \\lane, 8");
vector!(shuffle, "vsldoi \\lane, \\lane, \\lane, {count}", count = const ROTATE);
vector!(permute, "vperm \\lane, \\lane, \\lane, 8");
vector!(int_add, "vadduwm \\lane, \\lane, 8");
vector!(mul_add, "vmsumshm \\lane, \\lane, 8, 10");
vector!(fp_add, "vaddfp \\lane, \\lane, 8");
vector!(fp_mul, "vmaddfp \\lane, \\lane, 8, 11");
vector!(fma, "vmaddfp \\lane, \\lane, 9, 8");
