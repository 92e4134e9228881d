//! Chains of vector instructions: in MMX and 3DNow! on half vectors, in SSE, SSE2, SSSE3, FMA3, AVX and AVX2
//! on whole ones, the widest that there is.
//!
//! References:
//! - Intel SDM volume 2, AMD APM volumes 4 and 5: `PXOR`, `PSHUFD`, `PSHUFB`, `PADDD`, `PMADDWD`, `ADDPS`,
//!   `MULPS`, `XORPS`, `SHUFPS`, `VFMADD213PS`, `VADDPS`, `VPERMD`, `PUNPCKLDQ`, `PSRLQ`, `EMMS`.
//! - AMD, "3DNow! Technology Manual" (21928): `PFADD`, `PFMUL`, exact on the small integers used here.
//! - Intel SDM volume 1, "Detection of AVX2": what must be asked before a wide register is touched.
//!
//! A program of 32 bits has eight vector registers and there are eight lanes: operands come from memory, in
//! the nearest cache. Where a register must be left over, and where a lane takes two registers of 64 bits,
//! the eight lanes run as blocks of a few, one after the other.

use super::common::{DOUBLE, FP, SINGLE};
use super::identity::Features;
use c_shims::digest;
use core::arch::asm;
use probe_core::machine::{Chain, Op, Operands, FP_LANES};

/// 32-bit words in a narrow and in a wide vector.
const NARROW: usize = 4;
const WIDE: usize = 8;

/// `PSHUFD`'s control for word i becoming word (i + 1) mod 4, and `SHUFPS`'s of a register with itself.
const ROTATE_WORDS: u8 = 0b00_11_10_01;

/// A vector of 256 bits, aligned for any access.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(C, align(32))]
struct Vector([u32; WIDE]);

/// The bits of a small integer as binary32.
///
/// By integers alone: where a word may be a number of Rust's `f32` or not, a compiler for the x87 takes both
/// through its registers, which make quiet what looks like a signalling NaN.
const fn binary32(value: i16) -> u32 {
    /// Bits of the fraction, and the bias of the exponent.
    const FRACTION: u32 = 23;
    const BIAS: u32 = 127;
    let magnitude = value.unsigned_abs() as u32;
    if magnitude == 0 {
        return 0;
    }
    let exponent = magnitude.ilog2();
    let fraction = (magnitude << (FRACTION - exponent)) & ((1 << FRACTION) - 1);
    ((value < 0) as u32) << 31 | (BIAS + exponent) << FRACTION | fraction
}

const _: () = {
    let mut value = i16::MIN;
    while value < i16::MAX - 97 {
        assert!(binary32(value) == (value as f32).to_bits());
        value += 97;
    }
    assert!(binary32(0) == 0 && binary32(1) == 1f32.to_bits());
};

/// The lanes.
type Lanes = [Vector; FP_LANES];

impl Vector {
    /// All words alike.
    const fn splat(word: u32) -> Self {
        Vector([word; WIDE])
    }

    /// Small integers as binary32.
    fn floats(values: &[i16; WIDE]) -> Self {
        Vector(values.map(binary32))
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

/// A kernel: iterations, lanes, operands `a` and `b`.
///
/// Unsafe, because the processor must have the kernel's instructions.
type Kernel = unsafe fn(u32, &mut Lanes, &Vector, &Vector);

/// The kernel of an operation on this processor; `None` where it lacks the instructions.
fn kernel(chain: Chain, has: &Features) -> Option<Kernel> {
    Some(match chain.op {
        Op::VecLogic if has.sse2 => instance!(sse2_logic, chain),
        Op::VecLogic if has.sse => instance!(sse_logic, chain),
        Op::VecLogic if has.mmx => instance!(mmx_logic, chain),
        Op::VecShuffle if has.sse2 => instance!(sse2_shuffle, chain),
        Op::VecShuffle if has.sse => instance!(sse_shuffle, chain),
        Op::VecShuffle if has.mmx => instance!(mmx_shuffle, chain),
        Op::VecPermute if has.ssse3 => instance!(permute, chain),
        Op::VecIntAdd if has.sse2 => instance!(sse2_int_add, chain),
        Op::VecIntAdd if has.mmx => instance!(mmx_int_add, chain),
        Op::VecMulAdd if has.sse2 => instance!(sse2_mul_add, chain),
        Op::VecMulAdd if has.mmx => instance!(mmx_mul_add, chain),
        Op::VecFpAdd if has.sse => instance!(fp_add, chain),
        Op::VecFpAdd if has.three_d_now => instance!(mmx_fp_add, chain),
        Op::VecFpMul if has.sse => instance!(fp_mul, chain),
        Op::VecFpMul if has.three_d_now => instance!(mmx_fp_mul, chain),
        Op::VecFpMulAdd if has.fma => instance!(fma, chain),
        Op::WideFpAdd if has.avx => instance!(wide_add, chain),
        Op::WideFpMulAdd if has.fma => instance!(wide_fma, chain),
        Op::WidePermute if has.avx2 => instance!(wide_permute, chain),
        _ => return None,
    })
}

/// Runs a vector chain; `None` where the processor lacks the instruction.
pub(super) fn chain(chain: Chain, operands: &Operands, features: &Features) -> Option<u64> {
    const MINUS_ONE: Vector = Vector::splat(binary32(-1));
    const NEXT_WORD: Vector = Vector([1, 2, 3, 4, 5, 6, 7, 0]);
    let kernel = kernel(chain, features)?;
    let integers = || operands.v.map(Vector);
    let floats = || operands.fv.map(|lane| Vector::floats(&lane));
    let fa = Vector::floats(&operands.fa);
    let a = Vector(operands.a);
    let (mut lanes, a, b) = match chain.op {
        Op::VecPermute => (integers(), Vector::bytes(&operands.control), a),
        Op::WidePermute => (integers(), NEXT_WORD, a),
        Op::VecFpMul => (floats(), MINUS_ONE, a),
        Op::VecFpAdd | Op::VecFpMulAdd | Op::WideFpAdd | Op::WideFpMulAdd => {
            (floats(), fa, MINUS_ONE)
        }
        _ => (integers(), a, a),
    };
    // SAFETY: `kernel` names none whose instructions are not there.
    unsafe { kernel(chain.iterations, &mut lanes, &a, &b) };
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

/// A chain of `$lines` on registers `$register`0 to `$most` less one, moved by `$move`, in blocks of at most
/// `$most` lanes; `$enter` loads further registers, `$leave` ends it.
///
/// In the lines `[{a}]` and `[{b}]` are the operands, `[{v} + 32 * \lane]` is the lane's place.
macro_rules! vector {
    (
        $name:ident, $register:literal, $most:literal, $move:literal,
        $enter:literal, $leave:literal, $($line:literal),+
    ) => {
        /// # Safety
        /// The processor must have the instructions, and the system must save their registers.
        unsafe fn $name<const USED: u32, const OPS: u32>(
            n: u32, lanes: &mut Lanes, a: &Vector, b: &Vector,
        ) {
            let most = if USED < $most { USED } else { $most };
            for block in lanes[..USED as usize].chunks_exact_mut(most as usize) {
                // SAFETY: reads and writes the lanes of the block and reads the operands, all aligned to
                // 32 bytes; the whole vector state is declared. The caller vouches for the rest.
                unsafe {
                    asm!(
                        ".irp lane, 0,1,2,3,4,5,6,7",
                        ".if \\lane < {most}",
                        concat!($move, " ", $register, "\\lane, [{v} + 32 * \\lane]"),
                        ".endif",
                        ".endr",
                        $enter,
                        "/* {a} {b} */",
                        ".p2align 5",
                        "2:",
                        ".rept {steps}",
                        ".irp lane, 0,1,2,3,4,5,6,7",
                        ".if \\lane < {most}",
                        $($line,)+
                        ".endif",
                        ".endr",
                        ".endr",
                        "dec {n}",
                        "jnz 2b",
                        ".irp lane, 0,1,2,3,4,5,6,7",
                        ".if \\lane < {most}",
                        concat!($move, " [{v} + 32 * \\lane], ", $register, "\\lane"),
                        ".endif",
                        ".endr",
                        $leave,
                        steps = const OPS / USED,
                        most = const if USED < $most { USED } else { $most },
                        v = in(reg) block.as_mut_ptr(),
                        a = in(reg) a,
                        b = in(reg) b,
                        n = inout(reg) n => _,
                        out("xmm0") _, out("xmm1") _, out("xmm2") _, out("xmm3") _,
                        out("xmm4") _, out("xmm5") _, out("xmm6") _, out("xmm7") _,
                        options(nostack)
                    );
                }
            }
        }
    };
}

/// A chain of one SSE instruction, eight lanes in a block.
macro_rules! narrow {
    ($name:ident, $move:literal, $line:literal) => {
        vector!($name, "xmm", 8, $move, "", "", $line);
    };
}

/// A chain of an AVX instruction on 256 bits, which leaves the upper halves clean.
macro_rules! wide {
    ($name:ident, $most:literal, $enter:literal, $line:literal) => {
        vector!($name, "ymm", $most, "vmovdqa", $enter, "vzeroupper", $line);
    };
}

narrow!(sse2_logic, "movdqa", "pxor xmm\\lane, [{a}]");
narrow!(sse2_shuffle, "movdqa", "pshufd xmm\\lane, xmm\\lane, 0x39");
narrow!(sse2_int_add, "movdqa", "paddd xmm\\lane, [{a}]");
narrow!(sse2_mul_add, "movdqa", "pmaddwd xmm\\lane, [{a}]");
narrow!(permute, "movdqa", "pshufb xmm\\lane, [{a}]");
narrow!(sse_logic, "movaps", "xorps xmm\\lane, [{a}]");
narrow!(sse_shuffle, "movaps", "shufps xmm\\lane, xmm\\lane, 0x39");
narrow!(fp_add, "movaps", "addps xmm\\lane, [{a}]");
narrow!(fp_mul, "movaps", "mulps xmm\\lane, [{a}]");
vector!(
    fma,
    "xmm",
    4,
    "vmovaps",
    "vmovaps xmm7, [{b}]",
    "",
    "vfmadd213ps xmm\\lane, xmm7, [{a}]"
);
wide!(wide_add, 8, "", "vaddps ymm\\lane, ymm\\lane, [{a}]");
wide!(
    wide_fma,
    4,
    "vmovaps ymm7, [{b}]",
    "vfmadd213ps ymm\\lane, ymm7, [{a}]"
);
wide!(
    wide_permute,
    4,
    "vmovdqa ymm7, [{a}]",
    "vpermd ymm\\lane, ymm7, ymm\\lane"
);

/// A chain on two halves of 64 bits: `$low` and `$high` are the lines for a lane in MM0 and MM1. One lane in
/// the dependent shape; in the independent one, four blocks of two lanes, MM2 and MM3 being the second's.
macro_rules! halves {
    ($name:ident, [$($line:expr),+], [$($second:expr),+]) => {
        /// # Safety
        /// The processor must have the instructions, and the system must save its registers.
        unsafe fn $name<const USED: u32, const OPS: u32>(
            n: u32, lanes: &mut Lanes, a: &Vector, _b: &Vector,
        ) {
            for block in lanes[..USED as usize].chunks_mut(2) {
                // SAFETY: reads and writes one lane, or two, and reads the operand. All registers of the
                // x87, which MMX shares, are declared, and left empty.
                unsafe {
                    asm!(
                        "movq mm0, [{v}]",
                        "movq mm1, [{v} + 8]",
                        ".if {used} > 1",
                        "movq mm2, [{v} + 32]",
                        "movq mm3, [{v} + 40]",
                        ".endif",
                        "movq mm6, [{a}]",
                        "movq mm7, [{a} + 8]",
                        ".p2align 5",
                        "2:",
                        ".rept {steps}",
                        $($line,)+
                        ".if {used} > 1",
                        $($second,)+
                        ".endif",
                        ".endr",
                        "dec {n}",
                        "jnz 2b",
                        "movq [{v}], mm0",
                        "movq [{v} + 8], mm1",
                        ".if {used} > 1",
                        "movq [{v} + 32], mm2",
                        "movq [{v} + 40], mm3",
                        ".endif",
                        "emms",
                        steps = const OPS / USED,
                        used = const USED,
                        v = in(reg) block.as_mut_ptr(),
                        a = in(reg) a,
                        n = inout(reg) n => _,
                        out("st(0)") _, out("st(1)") _, out("st(2)") _, out("st(3)") _,
                        out("st(4)") _, out("st(5)") _, out("st(6)") _, out("st(7)") _,
                        out("mm0") _, out("mm1") _, out("mm2") _, out("mm3") _,
                        out("mm4") _, out("mm5") _, out("mm6") _, out("mm7") _,
                        options(nostack)
                    );
                }
            }
        }
    };
}

/// A chain of one MMX or 3DNow! instruction with an operand.
macro_rules! mmx {
    ($name:ident, $instruction:literal) => {
        halves!(
            $name,
            [
                concat!($instruction, " mm0, mm6"),
                concat!($instruction, " mm1, mm7")
            ],
            [
                concat!($instruction, " mm2, mm6"),
                concat!($instruction, " mm3, mm7")
            ]
        );
    };
}

mmx!(mmx_logic, "pxor");
mmx!(mmx_int_add, "paddd");
mmx!(mmx_mul_add, "pmaddwd");
mmx!(mmx_fp_add, "pfadd");
mmx!(mmx_fp_mul, "pfmul");

// Words 0 and 1, 2 and 3 become 1 and 2, 3 and 0.
halves!(
    mmx_shuffle,
    [
        "movq mm4, mm0",
        "psrlq mm0, 32",
        "punpckldq mm0, mm1",
        "psrlq mm1, 32",
        "punpckldq mm1, mm4"
    ],
    [
        "movq mm5, mm2",
        "psrlq mm2, 32",
        "punpckldq mm2, mm3",
        "psrlq mm3, 32",
        "punpckldq mm3, mm5"
    ]
);

// What the shuffles' literals say.
const _: () = assert!(ROTATE_WORDS == 0x39);
