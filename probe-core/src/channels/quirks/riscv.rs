//! The value probes of RISC-V, 64 bit.
//!
//! `a` and `b` are the two words of the operand. Words of the answer beyond the probe's count are 0.
//! Floating-point probes start with all accrued exceptions clear and the rounding mode to nearest; *flags* are
//! those of `fflags` afterwards: NX 1, UF 2, OF 4, DZ 8, NV 16.
//!
//! The *reservation* probes run `lr.w` and `sc.w` of what was loaded, with something between them,
//! [`RESERVATION_TRIES`] times, and count how often the store succeeded (rd = 0). Before each try an `sc.w`
//! elsewhere gives up the reservation. The location is a word aligned to 128 bytes, which starts as `a`.
//!
//! | id | name | domain | meaning of `a`, `b` | answer |
//! |---|---|---|---|---|
//! | 120 | `reservation_store` | Words | location `a`; `m = b \| 1` | successes with nothing between; with a plain store of the value loaded; with a plain store of that value `^ m`; with a plain store to the next word |
//! | 121 | `reservation_address` | Words | location `a` | successes of an `sc.w` to the next word; 64 bytes beyond; of an `sc.d` to the same place |
//! | 122 | `reservation_exception` | Words, Linux | location `a` | successes with a system call between |
//! | 123 | `divide` | Words | | `divw a, 0`; `remuw a, 0`; `divw -2^31, -1`; `divuw a, b \| 1` |
//! | 124 | `nan` | Words | signalling NaN s, quiet NaN q | `fadd.s q, s`; `fmul.s q, 1`; `fmax.s s, 1`; `fadd.s` of 1.0 that is not boxed, and 1.0 |
//! | 125 | `convert` | Words | x = bits `(a & 0x807fffff) \| 0x4f800000`, at least 2^32 in magnitude | `fcvt.w.s x`; `fcvt.wu.s x`; `fcvt.w.s` of the NaN q; *flags* of the first |
//! | 126 | `classify` | Words | bits `a` | `fclass.s a`; `fclass.s` of s; `fclass.s` of the subnormal `a & 0x807fffff \| 1` |
//! | 127 | `flags` | Words | x = `(a & 0x7fffff) \| 0x00800000` | x × 0.5 by `fmul.s`; its *flags*; `fmadd.s` ∞ × 0 + q; its *flags* |
//! | 128 | `status` | None | | `fcsr` as it was; after writing all ones; `frm` after writing 5; 6 |
//! | 129 | `misaligned` | Words | words `a`, `b` in memory, little-endian bytes 0 to 7 | `lw` at byte 1; `lhu` at byte 3; the first word after `sh b` at byte 1 |
//! | 130 | `time` | None | 64 steps of successive readings of `time` | steps that are 0; greatest common divisor of the others; the greatest |
//!
//! NaNs are binary32: s = `(a & 0x803fffff) | 0x7f800001`, q = `(b & 0x803fffff) | 0x7fc00000`.

use super::{probe, Domain, Probe};

/// Tries of each reservation sequence.
pub const RESERVATION_TRIES: u32 = 16;

/// The registry: the table above says what each computes.
pub const PROBES: &[Probe] = &[
    probe(120, "reservation_store", 1, 4, Domain::Words),
    probe(121, "reservation_address", 1, 3, Domain::Words),
    probe(122, "reservation_exception", 1, 1, Domain::Words),
    probe(123, "divide", 1, 4, Domain::Words),
    probe(124, "nan", 1, 4, Domain::Words),
    probe(125, "convert", 1, 4, Domain::Words),
    probe(126, "classify", 1, 3, Domain::Words),
    probe(127, "flags", 1, 4, Domain::Words),
    probe(128, "status", 1, 4, Domain::None),
    probe(129, "misaligned", 1, 3, Domain::Words),
    probe(130, "time", 1, 3, Domain::None),
];
