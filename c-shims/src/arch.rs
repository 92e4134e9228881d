//! What one architecture adds to the C kernels: safe functions over `include/verdigris_arch.h`.
//!
//! C answers for the processor that it was compiled for, so that a program of which only the host is
//! native (the portable C drop) learns here where it runs.

use crate::{digest, raw};
use core::ffi::c_int;
use probe_core::machine::{
    Chain, Op, Operands, QuirkWords, Routine, Shape, Trap, FP_LANES, IDENTITY_NAME, IDENTITY_WORDS,
    MAX_FRESH_ADDS, QUIRK_WORDS,
};

/// Bytes that are always enough for a routine of [`fresh_encode`]: `VG_MAX_FRESH_BYTES`.
pub const MAX_FRESH_BYTES: usize = 1024;

/// An architecture as C names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Architecture {
    /// The name on the wire.
    pub name: &'static str,
    /// The counter that a program may read, where [`counter_bits`] is not 0.
    pub counter: &'static str,
    /// The vector unit, where [`has_vector_unit`].
    pub vector_unit: &'static str,
}

const fn arch(
    name: &'static str,
    counter: &'static str,
    vector_unit: &'static str,
) -> Architecture {
    Architecture {
        name,
        counter,
        vector_unit,
    }
}

/// By the numbers `VG_ARCH_*`.
const ARCHITECTURES: [Architecture; 17] = [
    // A processor without a number keeps the name that the compiler has for it.
    arch(env!("VERDIGRIS_ARCHITECTURE"), "", ""),
    arch("x86", "", ""),
    arch("x86_64", "", ""),
    arch("powerpc", "", ""),
    arch("powerpc64", "", ""),
    arch("arm", "", ""),
    arch("aarch64", "", ""),
    arch("riscv64", "", ""),
    arch("sparc", "tick", "vis"),
    arch("sparc64", "tick", "vis"),
    arch("mips", "rdhwr", "msa"),
    arch("mips64", "rdhwr", "msa"),
    arch("m68k", "", ""),
    arch("alpha", "rpcc", ""),
    arch("hppa", "cr16", ""),
    arch("sh4", "", ""),
    arch("s390x", "stckf", ""),
];

/// Sets the modes that the kernels need in this thread; to be called before any kernel.
pub fn start() {
    // SAFETY: sets rounding precision as the header says; Rust code of the architectures that have
    // such a mode is compiled to C and runs under the mode as well.
    unsafe { raw::vg_start() }
}

/// The architecture that the C compiler made code for.
pub fn architecture() -> Architecture {
    // SAFETY: a function without arguments that touches nothing.
    let number = unsafe { raw::vg_arch() };
    let known = usize::try_from(number)
        .ok()
        .and_then(|n| ARCHITECTURES.get(n));
    *known.unwrap_or(&ARCHITECTURES[0])
}

/// Width of the counter that a program may read, bits; 0 where there is none.
pub fn counter_bits() -> u8 {
    // SAFETY: a function without arguments; it reads identification at most.
    unsafe { raw::vg_counter_bits() }.clamp(0, 64) as u8
}

/// The counter; 0 where there is none.
#[inline(always)]
pub fn counter() -> u64 {
    let mut now = [0u32; 2];
    // SAFETY: writes the two words.
    unsafe { raw::vg_counter(now.as_mut_ptr()) };
    u64::from(now[1]) << 32 | u64::from(now[0])
}

/// Identification words and name.
pub fn identity() -> ([u32; IDENTITY_WORDS], [u8; IDENTITY_NAME]) {
    let (mut words, mut name) = ([0; IDENTITY_WORDS], [0; IDENTITY_NAME]);
    // SAFETY: writes the words and the bytes.
    unsafe { raw::vg_identity(words.as_mut_ptr(), name.as_mut_ptr()) };
    (words, name)
}

/// Whether there is a vector unit.
pub fn has_vector_unit() -> bool {
    // SAFETY: a function without arguments; it reads identification at most.
    unsafe { raw::vg_vector_unit() != 0 }
}

/// Runs what plain C has not: square root, rounding mode, vectors. `None` where the architecture
/// has not either.
pub fn chain(chain: Chain, operands: &Operands) -> Option<u64> {
    let (shape, body, n) = (chain.shape as c_int, chain.body as c_int, chain.iterations);
    if n == 0 {
        return None;
    }
    let used = chain.op.lanes(chain.shape);
    match chain.op {
        Op::FpSqrt => {
            let mut x = operands.fx.map(f64::from_bits);
            let c = f64::from_bits(operands.fc);
            // SAFETY: `x` has `FP_LANES` numbers, the turns are at least 1.
            let done = unsafe { raw::vg_fp_sqrt(shape, body, n, x.as_mut_ptr(), &c) };
            (done != 0).then(|| digest::floats(&x[..used]))
        }
        Op::FpRounding if chain.shape == Shape::Dependent => {
            // SAFETY: the mode is put back before the call ends.
            let done = unsafe { raw::vg_fp_rounding(body, n) };
            (done != 0).then(|| digest::lanes([0]))
        }
        op if (Op::VecLogic as u8..=Op::VecFpMulAdd as u8).contains(&(op as u8)) => {
            vector(chain, operands)
        }
        _ => None,
    }
}

/// Words of a vector.
const WORDS: usize = 4;

fn vector(chain: Chain, operands: &Operands) -> Option<u64> {
    let float = matches!(chain.op, Op::VecFpAdd | Op::VecFpMul | Op::VecFpMulAdd);
    let mut v = [[0u32; WORDS]; FP_LANES];
    let mut a = [0u32; WORDS];
    for word in 0..WORDS {
        for (lane, v) in v.iter_mut().enumerate() {
            v[word] = if float {
                f32::from(operands.fv[lane][word]).to_bits()
            } else {
                operands.v[lane][word]
            };
        }
        a[word] = if float {
            f32::from(operands.fa[word]).to_bits()
        } else {
            operands.a[word]
        };
    }
    // SAFETY: as many words and bytes as the header asks for, the turns are at least 1.
    let done = unsafe {
        raw::vg_vector(
            c_int::from(chain.op as u8),
            chain.shape as c_int,
            chain.body as c_int,
            chain.iterations,
            v.as_mut_ptr().cast(),
            a.as_ptr(),
            operands.control.as_ptr(),
        )
    };
    (done != 0).then(|| digest::vectors(&v[..chain.op.lanes(chain.shape)]))
}

/// One value probe; `None` where the architecture has none of this number.
pub fn quirk(probe: u16, [a, b]: [u32; 2]) -> Option<QuirkWords> {
    let mut answer = [0; QUIRK_WORDS];
    // SAFETY: writes the words.
    let done = unsafe { raw::vg_quirk(u32::from(probe), a, b, answer.as_mut_ptr()) };
    (done != 0).then_some(answer)
}

/// Writes a routine; gives its length, bytes. `None` where no machine code is known, or for a length
/// outside 1 to [`MAX_FRESH_ADDS`].
pub fn fresh_encode(routine: Routine, code: &mut [u8; MAX_FRESH_BYTES]) -> Option<usize> {
    if !(1..=MAX_FRESH_ADDS).contains(&routine.adds) {
        return None;
    }
    let room = code.len() as u32;
    // SAFETY: writes at most `room` bytes.
    let bytes = unsafe {
        raw::vg_fresh_encode(
            u32::from(routine.adds),
            routine.constant,
            code.as_mut_ptr(),
            room,
        )
    };
    (bytes != 0 && bytes <= room).then_some(bytes as usize)
}

/// Makes code that was just written visible to instruction fetch.
///
/// # Safety
/// `bytes` bytes at `code` must be mapped memory of this process (in the portable drop: what its host
/// gave out for code).
pub unsafe fn fresh_synchronise(code: *const u8, bytes: usize) {
    // SAFETY: the caller vouches for the range.
    unsafe { raw::vg_fresh_synchronise(code, bytes as u32) }
}

/// Calls a routine.
///
/// # Safety
/// What [`fresh_encode`] wrote must lie at `code`, executable.
pub unsafe fn fresh_call(code: *const u8, x: u32) -> u32 {
    // SAFETY: the caller vouches for the code.
    unsafe { raw::vg_fresh_call(code, x) }
}

/// Executes an instruction of this kind once.
#[inline(always)]
pub fn trap(kind: Trap) -> Option<()> {
    // SAFETY: an instruction of user mode that changes nothing.
    (unsafe { raw::vg_trap(kind as c_int) } != 0).then_some(())
}
