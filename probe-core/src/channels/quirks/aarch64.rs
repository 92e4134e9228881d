//! The value probes of AArch64.
//!
//! `a` and `b` are the two words of the operand. All floating-point probes run with the FPCR that the
//! program has (all fields 0 on every known system), except where the table says otherwise, and leave
//! it so. Words of the answer beyond the probe's count are 0.
//!
//! The *monitor* probes run a load-exclusive and a store-exclusive of what was loaded, with something
//! between them, [`MONITOR_TRIES`] times, and count how often the store succeeded (status 0). Between
//! two tries `CLREX` opens the monitor. The location is a doubleword aligned to 2,048 bytes, whose low
//! word starts as `a` and whose high word is not 0.
//!
//! | id | name | domain | meaning of `a`, `b` | answer |
//! |---|---|---|---|---|
//! | 100 | `frecpe` | Float32 | lane i = bits `a ^ (i << 21)` | 4 lanes of `frecpe` |
//! | 101 | `frsqrte` | Float32 | lane i = bits `a ^ (i << 22)` | 4 lanes of `frsqrte` |
//! | 102 | `fp_control` | None | – | FPCR as it was; FPCR after writing 0x07f79f00 to it; FPSR after writing all ones; FPSR after writing zeros |
//! | 103 | `monitor_store` | Words | location `a`; `m = b \| 1` | successes with nothing between; with a plain store of the value loaded; with a plain store of that value `^ m`; with a plain store to the next doubleword |
//! | 104 | `monitor_address` | Words | location `a` | successes at the next doubleword; at 2,048 bytes beyond; of a store of 32 bits after a load of 64; how often that last store changed the location |
//! | 105 | `monitor_exception` | Words | location `a` | successes with a read of `MIDR_EL1` between; with a system call; with `CLREX`. Only where the operating system answers reads of `MIDR_EL1` |
//! | 106 | `geometry` | None | – | `CTR_EL0`; `DCZID_EL0`; bytes from the start of the zeroed block to the address of `DC ZVA`; bytes zeroed (both 0 where `DC ZVA` is prohibited) |
//! | 107 | `nan` | Words | signalling NaN s, quiet NaNs q and r: see below | `fadd q, s`; `fmul q, r`; `fadd +inf, -inf`; `fmaxnm q, 1.0` |
//! | 108 | `convert` | Words | x = bits `(a & 0x807fffff) \| 0x4f800000`, at least 2^32 in magnitude | `fcvtzs x`; `fcvtzu x`; `fcvtzs` of the NaN q |
//! | 109 | `divide` | Words | – | `udiv a, 0`; `sdiv a, 0`; `sdiv -2^31, -1`; `sdiv a, b \| 1` |
//! | 110 | `flush` | Words | FPCR.FZ = 1; x = bits `(a & 0x807fffff) \| 1`, subnormal; y = bits `(b & 0x807fffff) \| 0x00800000`, the smallest binade | `fmul x, 1.0`; FPSR after it; `fmul y, 0.25`; FPSR after it |
//!
//! NaNs are binary32: s = `(a & 0x803fffff) | 0x7f800001`, q = `(b & 0x803fffff) | 0x7fc00000`,
//! r = q with its bits 0–21 inverted.

use super::{probe, Domain, Probe};

/// Tries of each monitor sequence.
pub const MONITOR_TRIES: u32 = 16;

/// The registry: the table above says what each computes.
pub const PROBES: &[Probe] = &[
    probe(100, "frecpe", 1, 4, Domain::Float32),
    probe(101, "frsqrte", 1, 4, Domain::Float32),
    probe(102, "fp_control", 1, 4, Domain::None),
    probe(103, "monitor_store", 1, 4, Domain::Words),
    probe(104, "monitor_address", 1, 4, Domain::Words),
    probe(105, "monitor_exception", 1, 3, Domain::Words),
    probe(106, "geometry", 1, 4, Domain::None),
    probe(107, "nan", 1, 4, Domain::Words),
    probe(108, "convert", 1, 3, Domain::Words),
    probe(109, "divide", 1, 4, Domain::Words),
    probe(110, "flush", 1, 4, Domain::Words),
];
