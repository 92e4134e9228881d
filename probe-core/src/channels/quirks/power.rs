//! The value probes of PowerPC and Power, 32 and 64 bit.
//!
//! `a` and `b` are the two words of the operand, `f(a)` is the binary32 of bits `a` as binary64. *hi*
//! and *lo* are the words of a 64-bit floating-point register, *single* is a register as `stfs` stores it,
//! *fpscr* is the floating-point status and control register after the instruction ran with it all zero
//! before. *cr0* is the first condition field, four bits LT GT EQ SO. Words of the answer beyond the
//! probe's count are 0.
//!
//! | id | name | domain | what runs | answer |
//! |---|---|---|---|---|
//! | 40 | `fres` | Float32 | `fres` of `f(a)` | *single* |
//! | 41 | `frsqrte` | Float32 | `frsqrte` of `f(a)` | *hi*, *lo* |
//! | 42 | `vrefp` | Float32 | `vrefp`, lane i = bits `a ^ (i << 21)` | 4 lanes |
//! | 43 | `vrsqrtefp` | Float32 | `vrsqrtefp`, lane i = bits `a ^ (i << 22)` | 4 lanes |
//! | 44 | `vexptefp` | Float32 | `vexptefp` of [`exponents`] | 4 lanes |
//! | 45 | `vlogefp` | Float32 | `vlogefp`, lane i = bits `a ^ (i << 22)` | 4 lanes |
//! | 46 | `fctiw` | Words | `fctiw` of [`fixed`]; then `mffs` with only FPSCR bit 31 set | *hi*, *lo*; *hi* of the `mffs` |
//! | 47 | `divide` | Words | destination `b`: `divwo.` of `a` by 0; the same with `divwuo.`; with `divwo.` of 8000_0000 by -1 | three quotients; three bytes from the lowest, *cr0* << 2 and XER's SO OV |
//! | 48 | `reservation` | Words | 16 times each, on one word: `lwarx`, then a plain store of another value, of the same value, of nothing; `stwcx.` to the same word, same word, the next word, a word 256 bytes on | how often each of the four `stwcx.` succeeded |
//! | 49 | `fmul_status` | Words | `fmul` of [`unit()`] of `a` and of `b` | *fpscr* |
//! | 50 | `estimate_status` | Float32 | `fres`, `frsqrte`, `fctiw` of `f(a)` | *fpscr* of each |
//! | 51 | `fmsubs` | Words | `fmsubs`: 1 × C - 1, C = bits 3FF0_0000_0000_0000 + `a` | *single* |
//! | 52 | `stfs` | Words | `stfs` of [`tiny`], which is too small for binary32 | *single* |
//! | 53 | `nan` | Words | `fdiv` of 0 by 0; `fmadd`: 1 × C + B of [`nans`] | *hi*, *lo* of each |
//! | 54 | `dcbz` | None | `dcbz` into 1,024 bytes of ones | bytes that became 0 |
//! | 55 | `high_halves` | Words | on registers of 64 bits x = `b << 32 \| a`, y = `a << 32 \| b \| 1`: `divw`, `divwu`, `mulhw`, `mulhwu` of x and y | upper half of each destination; absent on 32 bits |

use super::{probe, Domain, Probe};

/// The registry: the table above says what each computes.
pub const PROBES: &[Probe] = &[
    probe(40, "fres", 4, 1, Domain::Float32),
    probe(41, "frsqrte", 4, 2, Domain::Float32),
    probe(42, "vrefp", 1, 4, Domain::Float32),
    probe(43, "vrsqrtefp", 1, 4, Domain::Float32),
    probe(44, "vexptefp", 1, 4, Domain::Float32),
    probe(45, "vlogefp", 1, 4, Domain::Float32),
    probe(46, "fctiw", 2, 3, Domain::Words),
    probe(47, "divide", 2, 4, Domain::Words),
    probe(48, "reservation", 1, 4, Domain::Words),
    probe(49, "fmul_status", 8, 1, Domain::Words),
    probe(50, "estimate_status", 1, 3, Domain::Float32),
    probe(51, "fmsubs", 2, 1, Domain::Words),
    probe(52, "stfs", 2, 1, Domain::Words),
    probe(53, "nan", 1, 4, Domain::Words),
    probe(54, "dcbz", 1, 1, Domain::None),
    probe(55, "high_halves", 1, 4, Domain::Words),
];

/// Attempts of each kind in `reservation`.
pub const RESERVATIONS: u32 = 16;

/// Bits of 1.0 in binary64.
pub const ONE: u64 = 0x3ff0_0000_0000_0000;

/// The operand of `fctiw`: `a` as a signed integer, divided by 2^16 (exact).
pub fn fixed(a: u32) -> f64 {
    f64::from(a as i32) / 65_536.0
}

/// The operands of `vexptefp`: the mantissa of `a` in [1/4, 1/2), [1/2, 1), [1, 2) and [2, 4), so that
/// no power of two overflows.
pub const fn exponents(a: u32) -> [u32; 4] {
    /// Biased exponent of 1/4 in binary32.
    const QUARTER: u32 = 125;
    let mantissa = a & 0x007f_ffff;
    [
        mantissa | QUARTER << 23,
        mantissa | (QUARTER + 1) << 23,
        mantissa | (QUARTER + 2) << 23,
        mantissa | (QUARTER + 3) << 23,
    ]
}

/// Bits of the binary64 in [1, 2) whose first 32 mantissa bits are `a`: a product of two has 65 or 66
/// bits, so that almost every one is rounded.
pub const fn unit(a: u32) -> u64 {
    ONE | (a as u64) << 20
}

/// Bits of a binary64 below half of the least subnormal binary32: biased exponent 1 to 873.
pub const fn tiny(a: u32, b: u32) -> u64 {
    /// Biased exponents that there are: below 874, which is 2^-149.
    const EXPONENTS: u32 = 873;
    let exponent = 1 + (a >> 16) % EXPONENTS;
    ((b & 0x800f_ffff | exponent << 20) as u64) << 32 | a as u64
}

/// Bits of the operands C, a quiet NaN, and B, a signalling one, of `nan`.
pub const fn nans(a: u32, b: u32) -> [u64; 2] {
    let quiet = (0x7ff8_0000 | a & 0x0007_ffff) as u64;
    let signalling = (0x7ff4_0000 | b & 0x0003_ffff) as u64;
    [quiet << 32 | b as u64, signalling << 32 | a as u64]
}
