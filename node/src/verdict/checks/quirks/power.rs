//! PowerPC and Power: estimates, the status of a product, reservations, results that the manual leaves
//! open.
//!
//! Where the answers of QEMU are named, they are those of user mode 7.2 (7400, 7447A, 750, 603e, 970,
//! POWER8, POWER9: all alike but for `dcbz`), to the operands drawn. A processor fails by a value that
//! the architecture or a documented measurement of its own family contradicts; an answer like QEMU's
//! from a processor that nobody has measured is collected.

mod estimates;
mod rules;
mod table;
#[cfg(test)]
mod tests;
mod undefined;

use super::answers;
use crate::verdict::checks::Subject;
use crate::verdict::Check;

/// Numbers of the registry (`probe_core::channels::quirks::power`).
mod id {
    pub const FRES: u16 = 40;
    pub const FRSQRTE: u16 = 41;
    pub const VREFP: u16 = 42;
    pub const VRSQRTEFP: u16 = 43;
    pub const VEXPTEFP: u16 = 44;
    pub const VLOGEFP: u16 = 45;
    pub const FCTIW: u16 = 46;
    pub const DIVIDE: u16 = 47;
    pub const RESERVATION: u16 = 48;
    pub const FMUL_STATUS: u16 = 49;
    pub const FMSUBS: u16 = 51;
    pub const STFS: u16 = 52;
    pub const NAN: u16 = 53;
    pub const DCBZ: u16 = 54;
}

/// Positions in `IdentityReport::words`, as `probe-arch` documents them.
mod word {
    pub const PVR: usize = 0;
    pub const DCACHE_BLOCK: usize = 3;
}

/// Operands of a probe, each with the words answered to it.
type Answers<'a> = [([u32; 2], &'a [u32])];

/// Families of which different things are known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Family {
    /// 603 and 604 and their kin: `fres` takes as long as a division and may be one.
    Old,
    /// 750CL and the 750CXe of the GameCube, whose answers are documented best.
    Broadway,
    /// The other 750s.
    G3,
    /// 74xx.
    G4,
    /// 970.
    G5,
    /// Everything else.
    Other,
}

impl Family {
    /// By the processor version register (Linux, `arch/powerpc/kernel/cputable.c`).
    const fn of(pvr: u32) -> Self {
        match (pvr >> 16, pvr & 0xffff) {
            (0x0003 | 0x0004 | 0x0006 | 0x0007 | 0x0009 | 0x000a, _) => Family::Old,
            (0x0008, 0x7000..=0x7fff | 0x3214) => Family::Broadway,
            (0x0008 | 0x7000 | 0x7002, _) => Family::G3,
            (0x000c | 0x8000..=0x8004 | 0x800c, _) => Family::G4,
            (0x0039 | 0x003c | 0x0044 | 0x0045, _) => Family::G5,
            _ => Family::Other,
        }
    }
}

/// Judges what is known of PowerPC and Power.
pub fn check(subject: &Subject<'_>) -> Vec<Check> {
    let word = |i: usize| subject.evidence.identity.words.get(i).copied();
    let family = Family::of(word(word::PVR).unwrap_or(0));
    let of = |id| answers(subject, id);
    let checks = [
        estimates::scalar_estimates(&of(id::FRES), &of(id::FRSQRTE), family),
        estimates::vector_estimates([
            &of(id::VREFP),
            &of(id::VRSQRTEFP),
            &of(id::VEXPTEFP),
            &of(id::VLOGEFP),
        ]),
        rules::status(&of(id::FMUL_STATUS)),
        rules::reservations(&of(id::RESERVATION)),
        undefined::division(&of(id::DIVIDE), family),
        undefined::conversion(&of(id::FCTIW), family),
        undefined::narrow_multiply(&of(id::FMSUBS), family),
        undefined::tiny_store(&of(id::STFS), family),
        rules::nan(&of(id::NAN)),
        rules::block(&of(id::DCBZ), word(word::DCACHE_BLOCK).unwrap_or(0)),
        estimates::documented_table(&of(id::FRES), &of(id::FRSQRTE), family),
    ];
    checks.into_iter().flatten().collect()
}

/// A register of 64 bits from its two words.
fn joined(high: u32, low: u32) -> u64 {
    u64::from(high) << 32 | u64::from(low)
}
