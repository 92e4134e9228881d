//! The value probes of 68k and 6888x.
//!
//! `a` and `b` are the two words of the operand. *ccr(f)* is a word that packs two runs of `f`: the
//! low 16 bits are the CCR (X N Z V C) after it ran from flags clear, the high 16 bits the same after
//! N, Z, V and C (for BCD also X) were set. *ext* is three words of the 96-bit number in `fp0`, as
//! `fmovem.x` stores it: sign and exponent in the high half of the first, then the mantissa's high and low
//! word; the fourth word is FPSR, which was 0 before. FPCR: extended precision, to nearest, no
//! traps, except where another rounding mode is named.
//!
//! | id | name | domain | meaning of `a`, `b` | answer |
//! |---|---|---|---|---|
//! | 200 | `divu_overflow` | Words | `divu.w (b & 0x3fff) + 1, d = a \| 1 << 31` | *ccr* |
//! | 201 | `divs_overflow` | Words | v = `(b & 0x3fff) \| 0x4000`: `divs.w v, d = v * ((a & 0x7fff) \| 0x8000)` | *ccr* |
//! | 202 | `chk_inside` | Words | bound v = `(a & 0x7fff) \| 1`: `chk.w v, d = (b & 0xffff) % (v + 1)` | *ccr* |
//! | 203 | `abcd` | Words | `abcd` of the low bytes of a and b | *ccr*; then both result bytes, the second in the high half |
//! | 204 | `sbcd` | Words | `sbcd`, low byte of b less that of a | as 203 |
//! | 205 | `nbcd` | Words | `nbcd` of the low byte of b | as 203 |
//! | 206 | `movem_self` | None | `movem.l d0/a0, -(a0)` | how far below its start the stored a0 is |
//! | 207 | `fmovecr` | Words | `fmovecr #slot, fp0`, slot = entry `a % 13` of [`ROM_SLOTS`], rounding mode `b & 3` | *ext* |
//! | 208 | `fmovecr_reserved` | Words | the same with entry `a % 12` of [`RESERVED_SLOTS`], to nearest | *ext* |
//! | 209 | `fsin` | Float32 | `fsin` of a | *ext* |
//! | 210 | `fetox` | Words | `fetox` of `a` as a signed integer × 2^-31 | *ext* |
//! | 211 | `flogn` | Float32 | `flogn` of a | *ext* |
//! | 212 | `fatan` | Float32 | `fatan` of a | *ext* |
//! | 213 | `fdiv_nan` | None | 0 / 0 | *ext* |
//!
//! 200 to 206 need a 68020 or later, the others an FPU, and 207 to 212 on a 68040 or 68060 the system's
//! software package; what is missing is not answered. The signed division of 32 bits that overflows is
//! not among them: QEMU 7.2 ends with a fault of its own on it.

use super::{probe, Domain, Probe};

/// The registry: the table above says what each computes.
pub const PROBES: &[Probe] = &[
    probe(200, "divu_overflow", 2, 1, Domain::Words),
    probe(201, "divs_overflow", 2, 1, Domain::Words),
    probe(202, "chk_inside", 2, 1, Domain::Words),
    probe(203, "abcd", 3, 2, Domain::Words),
    probe(204, "sbcd", 3, 2, Domain::Words),
    probe(205, "nbcd", 2, 2, Domain::Words),
    probe(206, "movem_self", 1, 1, Domain::None),
    probe(207, "fmovecr", 3, 4, Domain::Words),
    probe(208, "fmovecr_reserved", 2, 4, Domain::Words),
    probe(209, "fsin", 1, 4, Domain::Float32),
    probe(210, "fetox", 1, 4, Domain::Words),
    probe(211, "flogn", 1, 4, Domain::Float32),
    probe(212, "fatan", 1, 4, Domain::Float32),
    probe(213, "fdiv_nan", 1, 4, Domain::None),
];

/// Slots of the 6888x's ROM whose last bit depends on the rounding mode: pi, log10 2, e, log2 e, ln 2,
/// ln 10, 10^32 and on by squaring to 10^2048.
pub const ROM_SLOTS: [u8; 13] = [
    0x00, 0x0b, 0x0c, 0x0d, 0x30, 0x31, 0x38, 0x39, 0x3a, 0x3b, 0x3c, 0x3d, 0x3e,
];

/// Slots that the manual reserves.
pub const RESERVED_SLOTS: [u8; 12] = [
    0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08, 0x09, 0x0a, 0x10, 0x2a,
];
