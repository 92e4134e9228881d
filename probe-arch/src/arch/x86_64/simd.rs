//! Chains of vector instructions: SSE2 always, SSSE3, FMA3, AVX and AVX2 where they are.
//!
//! References:
//! - Intel SDM volume 2, AMD APM volume 4: `PXOR`, `PSHUFD`, `PSHUFB`, `PADDD`, `PMADDWD`, `ADDPS`,
//!   `MULPS`, `VFMADD213PS`, `VADDPS`, `VPERMD`, `VZEROUPPER`.
//! - Intel SDM volume 1, "Detection of AVX2": what must be asked before a wide register is touched.
//!
//! As in `float`, `.irp` writes each line for eight lanes and `.if` keeps those that the shape has.
//! Lane i lives in register i, registers 8 and 9 hold the operands.

use super::common::{DOUBLE, FP, SINGLE};
use super::identity::Features;
use c_shims::digest;
use core::arch::asm;
use probe_core::machine::{Chain, Op, Operands, FP_LANES};

/// 32-bit words in a narrow and in a wide vector.
const NARROW: usize = 4;
const WIDE: usize = 8;

/// `PSHUFD`'s control for word i becoming word (i + 1) mod 4.
const ROTATE_WORDS: u8 = 0b00_11_10_01;

/// A vector of 256 bits, aligned for any access.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(C, align(32))]
struct Vector([u32; WIDE]);

impl Vector {
    /// All words alike.
    const fn splat(word: u32) -> Self {
        Vector([word; WIDE])
    }

    /// Small integers as binary32.
    fn floats(values: &[i16; WIDE]) -> Self {
        Vector(values.map(|value| f32::from(value).to_bits()))
    }

    /// Sixteen bytes, and zeros.
    fn bytes(bytes: &[u8; 16]) -> Self {
        let mut words = [0; WIDE];
        for (word, bytes) in words.iter_mut().zip(bytes.chunks_exact(4)) {
            *word = u32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]);
        }
        Vector(words)
    }
}

/// A kernel: iterations, lanes, operands for registers 8 and 9.
///
/// Unsafe, because the processor must have the kernel's instructions.
type Kernel = unsafe fn(u32, &mut [Vector; FP_LANES], &Vector, &Vector);

/// Runs a vector chain; `None` where the processor lacks the instruction.
pub(super) fn chain(chain: Chain, operands: &Operands, features: &Features) -> Option<u64> {
    const MINUS_ONE: Vector = Vector::splat((-1.0f32).to_bits());
    const NEXT_WORD: Vector = Vector([1, 2, 3, 4, 5, 6, 7, 0]);
    let integers = operands.v.map(Vector);
    let floats = operands.fv.map(|lane| Vector::floats(&lane));
    let a = Vector(operands.a);
    let fa = Vector::floats(&operands.fa);
    let control = Vector::bytes(&operands.control);
    let (kernel, mut lanes, r8, r9): (Kernel, _, _, _) = match chain.op {
        Op::VecLogic => (instance!(logic, chain), integers, a, a),
        Op::VecShuffle => (instance!(shuffle, chain), integers, a, a),
        Op::VecPermute if features.ssse3 => (instance!(permute, chain), integers, control, a),
        Op::VecIntAdd => (instance!(int_add, chain), integers, a, a),
        Op::VecMulAdd => (instance!(mul_add, chain), integers, a, a),
        Op::VecFpAdd => (instance!(fp_add, chain), floats, fa, a),
        Op::VecFpMul => (instance!(fp_mul, chain), floats, MINUS_ONE, a),
        Op::VecFpMulAdd if features.fma => (instance!(fma, chain), floats, fa, MINUS_ONE),
        Op::WideFpAdd if features.avx => (instance!(wide_add, chain), floats, fa, a),
        Op::WideFpMulAdd if features.fma => (instance!(wide_fma, chain), floats, fa, MINUS_ONE),
        Op::WidePermute if features.avx2 => {
            (instance!(wide_permute, chain), integers, NEXT_WORD, a)
        }
        _ => return None,
    };
    // SAFETY: the arms above let no kernel through whose instructions are not there.
    unsafe { kernel(chain.iterations, &mut lanes, &r8, &r9) };
    let words = match chain.op {
        Op::WideFpAdd | Op::WideFpMulAdd | Op::WidePermute => WIDE,
        _ => NARROW,
    };
    let lanes = &lanes[..chain.op.lanes(chain.shape)];
    Some(digest::lanes(
        lanes
            .iter()
            .map(|Vector(lane)| digest::integers(&lane[..words])),
    ))
}

/// A chain of one instruction on registers `$register`0 to 7, moved by `$move`; `$leave` ends it.
macro_rules! vector {
    ($name:ident, $move:literal, $register:literal, $instruction:expr, $leave:literal) => {
        /// # Safety
        /// The processor must have the instruction, and the system must save its registers.
        unsafe fn $name<const USED: u32, const OPS: u32>(
            n: u32, lanes: &mut [Vector; FP_LANES], r8: &Vector, r9: &Vector,
        ) {
            // SAFETY: reads and writes the lanes and reads the operands, all aligned to 32 bytes;
            // the whole vector state is declared clobbered. The caller vouches for the rest.
            unsafe {
                asm!(
                    ".irp lane, 0,1,2,3,4,5,6,7",
                    concat!($move, " ", $register, "\\lane, [rsi + 32 * \\lane]"),
                    ".endr",
                    concat!($move, " ", $register, "8, [rax]"),
                    concat!($move, " ", $register, "9, [rdx]"),
                    ".p2align 5",
                    "2:",
                    ".rept {steps}",
                    ".irp lane, 0,1,2,3,4,5,6,7",
                    ".if \\lane < {used}",
                    $instruction,
                    ".endif",
                    ".endr",
                    ".endr",
                    "dec ecx",
                    "jnz 2b",
                    ".irp lane, 0,1,2,3,4,5,6,7",
                    concat!($move, " [rsi + 32 * \\lane], ", $register, "\\lane"),
                    ".endr",
                    $leave,
                    steps = const OPS / USED,
                    used = const USED,
                    in("rsi") lanes,
                    in("rax") r8,
                    in("rdx") r9,
                    inout("ecx") n => _,
                    clobber_abi("sysv64"),
                    options(nostack)
                );
            }
        }
    };
}

/// A chain of an SSE instruction.
macro_rules! narrow {
    ($name:ident, $instruction:expr) => {
        vector!($name, "movdqa", "xmm", $instruction, "");
    };
}

/// A chain of an AVX instruction on 256 bits, which leaves the upper halves clean.
macro_rules! wide {
    ($name:ident, $instruction:expr) => {
        vector!($name, "vmovdqa", "ymm", $instruction, "vzeroupper");
    };
}

narrow!(logic, "pxor xmm\\lane, xmm8");
narrow!(shuffle, "pshufd xmm\\lane, xmm\\lane, 0x39");
narrow!(permute, "pshufb xmm\\lane, xmm8");
narrow!(int_add, "paddd xmm\\lane, xmm8");
narrow!(mul_add, "pmaddwd xmm\\lane, xmm8");
narrow!(fp_add, "addps xmm\\lane, xmm8");
narrow!(fp_mul, "mulps xmm\\lane, xmm8");
narrow!(fma, "vfmadd213ps xmm\\lane, xmm9, xmm8");
wide!(wide_add, "vaddps ymm\\lane, ymm\\lane, ymm8");
wide!(wide_fma, "vfmadd213ps ymm\\lane, ymm9, ymm8");
wide!(wide_permute, "vpermd ymm\\lane, ymm8, ymm\\lane");

// What the shuffle's literal says.
const _: () = assert!(ROTATE_WORDS == 0x39);
