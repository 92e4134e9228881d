//! The value probes of MIPS, I to V, MIPS32 and MIPS64.
//!
//! `a` and `b` are the two words of the operand. Numbers of 64 bits are two words, the high one
//! first. *FCSR* is the floating-point control and status register as the instruction left it; it
//! was 0 before (round to nearest, no exception enabled) but for the bits named. A *quiet NaN of* two
//! words is their payload with the quiet bit of the processor: set where code is compiled for the
//! encoding of 2008, clear (and the payload not 0) for the older one. Integer division and the other
//! instructions that release 6 took away are absent where code is compiled for it.
//!
//! | id | name | domain | what runs | answer |
//! |---|---|---|---|---|
//! | 170 | `div_zero` | Words | `div` of `a` by 0 | LO; HI |
//! | 171 | `divu_zero` | Words | `divu` of `a` by 0 | LO; HI |
//! | 172 | `div_least` | None | `div` of −2^31 by −1 | LO; HI |
//! | 173 | `fcsr` | Words | `a` without causes and enables of exceptions (bits 7–17) is put into FCSR | FCSR as it reads back |
//! | 174 | `flush` | Words | FCSR.FS set, rounding away from zero: `mul.d` of ±2^-600 · 1.x by 2^-500, the sign and mantissa from `a:b` | product; FCSR |
//! | 175 | `flush_operand` | Words | FCSR.FS set: `mul.d` of the subnormal `(a & 0x800fffff \| 1):b` by 1.0 | product; FCSR |
//! | 176 | `tiny` | Words | k = `a & 0xffffff \| 1`: `mul.d` of (1 + k·2^-52)·2^-511 by (1 − k·2^-52)·2^-511, a hair below the least normal number | product; FCSR |
//! | 177 | `nan` | Words | `add.d` of the quiet NaN of `a:b` and of `b:a`; `div.d` 0/0 | both results |
//! | 178 | `nan_sign` | Words | `neg.d` of the quiet NaN of `a:b`; `abs.d` of that of `b:a` | both results |
//! | 179 | `cvt_w` | Words | `cvt.w.d` of the quiet NaN of `a:b`; of `(a & 0x800fffff \| 0x42000000):b`, beyond 2^31 | both results |
//! | 180 | `recip` | Float32 | `recip.d` and `rsqrt.d` of `a` as binary64 | both results |
//! | 181 | `madd` | Words | x = 1.a:b, y = 1.b:a: `madd.d` of their product to the negative of their rounded product | what is left, 0 unless fused |
//! | 182 | `mul` | Words | HI = `a`, LO = `b`, then `mul` of `a` and `b` | product; LO; HI |
//! | 183 | `ll_sc` | Words | `ll` of a word that holds `a`, a store of `!a` to it, `sc` of `b`; then `ll`, and `sc` to the word beside it | whether the first succeeded; the word; whether the second did |
//! | 184 | `cc` | None | the cycle counter over a loop of 4,096 turns | its steps; cycles to a step |
//! | 185 | `lwl` | Words | `lwl` into `b` and `lwr` into `a` from byte `4 + (a & 3)` of the words `a`, `b`, `a ^ b` in memory | both results |
//! | 186 | `sra` | Words | 64 bits only, on `a:b`, which is not sign-extended: `srav` by `a >> 27`; `addu` to itself | both results |

use super::{probe, Domain, Probe};

/// The registry: the table above says what each computes.
pub const PROBES: &[Probe] = &[
    probe(170, "div_zero", 2, 2, Domain::Words),
    probe(171, "divu_zero", 2, 2, Domain::Words),
    probe(172, "div_least", 1, 2, Domain::None),
    probe(173, "fcsr", 1, 1, Domain::Words),
    probe(174, "flush", 2, 3, Domain::Words),
    probe(175, "flush_operand", 1, 3, Domain::Words),
    probe(176, "tiny", 1, 3, Domain::Words),
    probe(177, "nan", 1, 4, Domain::Words),
    probe(178, "nan_sign", 1, 4, Domain::Words),
    probe(179, "cvt_w", 1, 2, Domain::Words),
    probe(180, "recip", 1, 4, Domain::Float32),
    probe(181, "madd", 1, 2, Domain::Words),
    probe(182, "mul", 1, 3, Domain::Words),
    probe(183, "ll_sc", 1, 3, Domain::Words),
    probe(184, "cc", 1, 2, Domain::None),
    probe(185, "lwl", 1, 2, Domain::Words),
    probe(186, "sra", 1, 4, Domain::Words),
];
