//! The value probes of architectures that are measured through C alone: Alpha, PA-RISC, SH-4, s390x.
//!
//! `a` and `b` are the two words of the operand. *bits* are two words of a binary64 number, the one with
//! sign and exponent first. *quiet* is the high word of a quiet NaN with the smallest fraction that the
//! architecture has: 7ff80000, and 7ff40000 on PA-RISC and SH-4, where a set first bit of the fraction
//! makes a NaN signalling. Numbers from 250 belong to one architecture each; the others do not answer.
//!
//! | id | name | domain | meaning of `a`, `b` | answer |
//! |---|---|---|---|---|
//! | 240 | `layout` | None | | alignment of double, long, long double and size of long double; size of long, size of a pointer, bit 16: char is signed, bit 17: a right shift of a negative int keeps the sign; first and last byte of 1.0 in memory; bits of a long double's fraction |
//! | 241 | `zero_by_zero` | None | 0.0 / 0.0 | *bits* |
//! | 242 | `two_nans` | Words | x = `quiet \| a & 0x1ffff`, `a ^ b`; y = `quiet \| b & 0x1ffff`, `!(a ^ b)` | *bits* of x + y, of x × y |
//! | 243 | `subnormal` | Words | x = `a & 0x7ffff \| 0x40000`, `b`: half of it | *bits* |
//! | 244 | `tie` | Words | x = `3ff00000 \| a & 0xfffff`, `b`: x + 2^-53 | *bits* |
//! | 245 | `infinities` | None | ∞ − ∞, ∞ × 0 | *bits* of both |
//! | 246 | `signalling` | Words | x = the signalling NaN `quiet ^ 0xc0000 \| a & 0x1ffff`, `b`: x + 1 | *bits* |
//! | 250 | `alpha_shift` | Words | `b << 32 \| a` by `32 + a % 32`: `sll`, and `srl` by 64 more | low and high word of each |
//! | 251 | `alpha_cvttq` | Words | `44500000 \| a & 0xfffff`, `b`, about 2^70: `cvttq/c` | low and high word |
//! | 252 | `alpha_amask` | Words | `implver`; `amask` | `implver`; features there; `amask` of a; high half of features |
//! | 253 | `alpha_fpcr` | None | | low and high word of FPCR |
//! | 255 | `hppa_shift` | Words | b shifted right by `32 + a % 32` through SAR | result |
//! | 256 | `hppa_fcnv` | Words | about 2^49, −2^49, NaN: `fcnvfxt,dbl,sgl` | three results; floating-point status |
//! | 257 | `hppa_ds` | Words | `ds a, b` | result; carry |
//! | 258 | `hppa_spaces` | None | | space registers 4 to 7 |
//! | 260 | `sh_shift` | Words | `shld` of b by `32 + a % 32`, by as much less than 0; `shad` by −32 | three results |
//! | 261 | `sh_ftrc` | Words | about 2^49, −2^49, NaN: `ftrc` | three results |
//! | 262 | `sh_fpscr` | Words | after a division by 3 | FPSCR |
//! | 265 | `s390_shift` | Words | `sll` of b by `32 + a % 32`, `srl` by `64 + a % 32`, `sra` by `32 + a % 32` | three results |
//! | 266 | `s390_cfdbr` | Words | about 2^49, −2^49, NaN: `cfdbr` toward zero | three results; three condition codes, a byte each |
//! | 267 | `s390_stfle` | None | | first doubleword of the facilities; high words of the second and third |
//! | 268 | `s390_ecag` | None | `ecag` | high word of the summary, low words of line size and size of the first level, size of the second |
//! | 269 | `s390_clock` | None | 65 readings of the clock | bits of the low word that changed; the last low word |

use super::{probe, Domain, Probe};

/// The registry: the table above says what each computes.
pub const PROBES: &[Probe] = &[
    probe(240, "layout", 1, 4, Domain::None),
    probe(241, "zero_by_zero", 1, 2, Domain::None),
    probe(242, "two_nans", 2, 4, Domain::Words),
    probe(243, "subnormal", 2, 2, Domain::Words),
    probe(244, "tie", 2, 2, Domain::Words),
    probe(245, "infinities", 1, 4, Domain::None),
    probe(246, "signalling", 2, 2, Domain::Words),
    probe(250, "alpha_shift", 2, 4, Domain::Words),
    probe(251, "alpha_cvttq", 2, 2, Domain::Words),
    probe(252, "alpha_amask", 1, 4, Domain::Words),
    probe(253, "alpha_fpcr", 1, 2, Domain::None),
    probe(255, "hppa_shift", 2, 1, Domain::Words),
    probe(256, "hppa_fcnv", 1, 4, Domain::Words),
    probe(257, "hppa_ds", 2, 2, Domain::Words),
    probe(258, "hppa_spaces", 1, 4, Domain::None),
    probe(260, "sh_shift", 2, 3, Domain::Words),
    probe(261, "sh_ftrc", 1, 3, Domain::Words),
    probe(262, "sh_fpscr", 1, 1, Domain::Words),
    probe(265, "s390_shift", 2, 3, Domain::Words),
    probe(266, "s390_cfdbr", 1, 4, Domain::Words),
    probe(267, "s390_stfle", 1, 4, Domain::None),
    probe(268, "s390_ecag", 1, 4, Domain::None),
    probe(269, "s390_clock", 1, 2, Domain::None),
];
