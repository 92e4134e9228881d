//! The value probes of SPARC, v8 and v9.
//!
//! `a` and `b` are the two words of the operand. Numbers of 64 bits are two words, the high one
//! first. *FSR* is the low word of the floating-point state register, with the probe's own as it was
//! set before the instruction: round to nearest, no trap enabled, all else 0, unless said otherwise.
//! *icc* is the integer condition codes, N 8, Z 4, V 2, C 1. Single registers with odd numbers are
//! used where VIS takes single registers: an emulator that mistakes them for doubles reads zeros.
//!
//! | id | name | domain | what runs | answer |
//! |---|---|---|---|---|
//! | 140 | `fsr` | Words | `a` without its trap enables (bits 23–27) is loaded into the FSR | FSR as it reads back |
//! | 141 | `nonstandard` | Words | FSR.NS set: `fmuld` of the subnormal `(a & 0x800fffff \| 1):b` by 1.0 | product; FSR |
//! | 142 | `tiny` | Words | k = `a & 0xffffff \| 1`: `fmuld` of (1 + k·2^-52)·2^-511 by (1 − k·2^-52)·2^-511, a hair below the least normal number | product; FSR |
//! | 143 | `fdtoi` | Words | `fdtoi` of the quiet NaN `(a & 0x8007ffff \| 0x7ff80000):b` | integer; FSR |
//! | 144 | `nan` | Words | `faddd` of two quiet NaN, `(a & 0x8007ffff \| 0x7ff80000):b` and the same with `a` and `b` exchanged; `fdivd` 0/0 | both results |
//! | 145 | `udivcc` | Words | Y = `a & 0xffff`; `udivcc` of `b` by `a >> 15 \| 1` | quotient; icc |
//! | 146 | `sdivcc` | Words | the same, signed, with bit 15 of `a` as the high half of Y | quotient; icc |
//! | 147 | `mulscc` | Words | Y = `a ^ rotate(b, 16)`, icc of `a − b`; `mulscc` of `a` and `b` | result; icc; Y |
//! | 148 | `umulcc` | Words | `umulcc` and `smulcc` of `a` and `b` | low word; icc of the first, and of the second times 16; Y of both |
//! | 149 | `taddcc` | Words | `taddcc` and `tsubcc` of `a` and `b` | result and icc of both |
//! | 150 | `edge` | Words | edges from address `a` to `a & !7 \| b & 7` | `edge8`, `edge16`, `edge32` in bits 0, 8, 12, their little-endian forms in bits 16, 24, 28 |
//! | 151 | `array8` | Words | `array8` of the address `a:b`, size `a % 6`; 64 bits only | low word |
//! | 152 | `fmul8x16` | Words | four bytes of `a` by four 16-bit numbers of `b:a ^ b` | four products |
//! | 153 | `fmul8x16au` | Words | four bytes of `a` by the upper 16 bits of `b` | four products |
//! | 154 | `fmul8x16al` | Words | four bytes of `a` by the lower 16 bits of `b` | four products |
//! | 155 | `fmuld8ulx16` | Words | the lower bytes of the 16-bit numbers in `a` by those in `b` | two products |
//! | 156 | `fexpand` | Words | four bytes of `b` | four 16-bit numbers |
//! | 157 | `fpmerge` | Words | the bytes of `a` and `b` in turn | eight bytes |
//! | 158 | `fpack16` | Words | GSR.scale = `a & 15`: four 16-bit numbers of `b:a ^ b` | four bytes |
//! | 159 | `pdist` | Words | `a:b` and the sum of the differences of its bytes from `b:a ^ b` | sum |

use super::{probe, Domain, Probe};

/// The registry: the table above says what each computes. From 150 on they need VIS.
pub const PROBES: &[Probe] = &[
    probe(140, "fsr", 1, 1, Domain::Words),
    probe(141, "nonstandard", 2, 3, Domain::Words),
    probe(142, "tiny", 2, 3, Domain::Words),
    probe(143, "fdtoi", 2, 2, Domain::Words),
    probe(144, "nan", 1, 4, Domain::Words),
    probe(145, "udivcc", 2, 2, Domain::Words),
    probe(146, "sdivcc", 2, 2, Domain::Words),
    probe(147, "mulscc", 1, 3, Domain::Words),
    probe(148, "umulcc", 1, 4, Domain::Words),
    probe(149, "taddcc", 1, 4, Domain::Words),
    probe(150, "edge", 1, 1, Domain::Words),
    probe(151, "array8", 1, 1, Domain::Words),
    probe(152, "fmul8x16", 1, 2, Domain::Words),
    probe(153, "fmul8x16au", 1, 2, Domain::Words),
    probe(154, "fmul8x16al", 1, 2, Domain::Words),
    probe(155, "fmuld8ulx16", 1, 2, Domain::Words),
    probe(156, "fexpand", 1, 2, Domain::Words),
    probe(157, "fpmerge", 1, 2, Domain::Words),
    probe(158, "fpack16", 1, 1, Domain::Words),
    probe(159, "pdist", 1, 2, Domain::Words),
];
