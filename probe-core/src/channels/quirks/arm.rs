//! The value probes of ARM, 32 bit.
//!
//! `a` and `b` are the two words of the operand. All floating-point probes run with the FPSCR that the
//! program has (all fields 0 on every known system), except where the table says otherwise, and leave
//! it so. Words of the answer beyond the probe's count are 0.
//!
//! The *monitor* probes run a load-exclusive and a store-exclusive of what was loaded, with something
//! between them, [`MONITOR_TRIES`] times, and count how often the store succeeded (status 0). Before
//! each try a store-exclusive elsewhere opens the monitor. The location is a word aligned to 2,048
//! bytes, which starts as `a`.
//!
//! *conditions(f)* packs two runs of the instruction `f`: bits 0–3 are NZCV after it ran with all four
//! clear, bits 16–19 the same after it ran with all four set.
//!
//! | id | name | domain | where | meaning of `a`, `b` | answer |
//! |---|---|---|---|---|---|
//! | 80 | `vrecpe` | Float32 | NEON | lane i = bits `a ^ (i << 21)` | 4 lanes of `vrecpe.f32` |
//! | 81 | `vrsqrte` | Float32 | NEON | lane i = bits `a ^ (i << 22)` | 4 lanes of `vrsqrte.f32` |
//! | 82 | `fp_control` | None | VFP | – | FPSCR as it was; after writing 0x00379f00 (stride, length, trap enables); after writing 0xffc0009f; after writing 0 |
//! | 83 | `monitor_store` | Words | v6 | location `a`; `m = b \| 1` | successes with nothing between; with a plain store of the value loaded; with a plain store of that value `^ m`; with a plain store to the next word |
//! | 84 | `monitor_address` | Words | v6 | location `a` | successes at the next word; at 2,048 bytes beyond |
//! | 85 | `monitor_size` | Words | v7 | location `a`, next word `!a` | successes of a store of 32 bits after a load of 64; how often it changed the location |
//! | 86 | `monitor_exception` | Words | v6, Linux | location `a` | successes with a system call between; with a store-exclusive elsewhere between |
//! | 87 | `multiply` | Words | all | – | *conditions* of `muls a, b`; of `umulls a, b` |
//! | 88 | `mul_same` | Words | before v6 | – | `mul r0, r0, r1` of a and b: destination and first factor are one register |
//! | 89 | `store_pc` | None | all | – | what `str pc` stores less the instruction's address; the same for `stm {pc}` |
//! | 90 | `stm_base` | Words | all | – | what `stmia r1!, {r0, r1}` stores of r1, less r1 as it was |
//! | 91 | `unaligned` | Words | before v6, Linux | words `a`, `b` in memory, little-endian bytes 0 to 7 | `ldr` at byte 1; `ldr` at byte 3; `ldrh` at byte 1; the first word after `str b` at byte 2 |
//! | 92 | `helpers` | None | before v6, Linux | – | words at 0xffff0ffc, 0xffff0fc0, 0xffff0fe0, 0xffff0fa0 |
//! | 93 | `nan` | Words | VFP | signalling NaN s, quiet NaNs q and r: see below | `vadd q, s`; `vmul q, r`; `vadd +inf, -inf` |
//! | 94 | `convert` | Words | VFP | x = bits `(a & 0x807fffff) \| 0x4f800000`, at least 2^32 in magnitude | `vcvt.s32 x`; `vcvt.u32 x`; `vcvt.s32` of the NaN q |
//! | 95 | `divide` | Words | UDIV | – | `udiv a, 0`; `sdiv a, 0`; `sdiv -2^31, -1`; `sdiv a, b \| 1` |
//!
//! NaNs are binary32: s = `(a & 0x803fffff) | 0x7f800001`, q = `(b & 0x803fffff) | 0x7fc00000`,
//! r = q with its bits 0–21 inverted.

use super::{probe, Domain, Probe};

/// Tries of each monitor sequence.
pub const MONITOR_TRIES: u32 = 16;

/// The registry: the table above says what each computes.
pub const PROBES: &[Probe] = &[
    probe(80, "vrecpe", 1, 4, Domain::Float32),
    probe(81, "vrsqrte", 1, 4, Domain::Float32),
    probe(82, "fp_control", 1, 4, Domain::None),
    probe(83, "monitor_store", 1, 4, Domain::Words),
    probe(84, "monitor_address", 1, 2, Domain::Words),
    probe(85, "monitor_size", 1, 2, Domain::Words),
    probe(86, "monitor_exception", 1, 2, Domain::Words),
    probe(87, "multiply", 1, 2, Domain::Words),
    probe(88, "mul_same", 1, 1, Domain::Words),
    probe(89, "store_pc", 1, 2, Domain::None),
    probe(90, "stm_base", 1, 1, Domain::Words),
    probe(91, "unaligned", 1, 4, Domain::Words),
    probe(92, "helpers", 1, 4, Domain::None),
    probe(93, "nan", 1, 3, Domain::Words),
    probe(94, "convert", 1, 3, Domain::Words),
    probe(95, "divide", 1, 4, Domain::Words),
];
