//! Value probes: what the silicon answers where the manual leaves it open, or where imitators do not
//! follow it.
//!
//! References:
//! - The registry, whose table says what each probe computes: [`probe_core::channels::quirks::power`].
//! - PEM and Power ISA book I: `fres`, `frsqrte` (bounds of the error; FR and FI undefined), `fctiw`
//!   (upper word and FPRF undefined), `mffs` (upper word undefined), `divw`, `divwu` (result undefined for
//!   a divisor of 0 and on overflow), `stfs` (undefined below the range), "Floating-Point Status and
//!   Control Register" (FR, FI), "Value Representation" (which NaN an operation gives).
//! - Power ISA book II, "Atomic Update", "Reservations": the own processor's plain store does not end
//!   a reservation; whether `stwcx.` to another address is carried out is undefined. `dcbz` in user mode.
//! - AltiVec PEM: `vrefp`, `vrsqrtefp`, `vexptefp`, `vlogefp` (bounds of the error).

use super::identity::Features;
use core::arch::asm;
use probe_core::channels::quirks::power::{
    exponents, fixed, nans, tiny, unit, ONE, PROBES, RESERVATIONS,
};
use probe_core::machine::QuirkWords;

/// Answers a probe of the registry; `None` for a number that is not in it, and for one whose
/// instructions this processor lacks.
pub(super) fn quirk(probe: u16, [a, b]: [u32; 2], features: &Features) -> Option<QuirkWords> {
    let name = PROBES.iter().find(|entry| entry.id == probe)?.name;
    estimate(name, a, features)
        .or_else(|| vector_estimate(name, a, features))
        .or_else(|| float(name, a, b))
        .or_else(|| integer(name, a, b))
}

/// What a floating-point instruction left.
struct Left {
    /// The destination.
    register: u64,
    /// The destination as `stfs` stores it.
    single: u32,
    /// The FPSCR as `mffs` gives it.
    status: u64,
}

impl Left {
    fn high(&self) -> u32 {
        (self.register >> 32) as u32
    }

    fn low(&self) -> u32 {
        self.register as u32
    }

    fn fpscr(&self) -> u32 {
        self.status as u32
    }
}

/// Runs a line whose operands are registers 0, 1 and 2, loaded with the bits given, and whose
/// destination is register 0.
macro_rules! on_floats {
    ($line:literal; $f0:expr, $f1:expr, $f2:expr) => {{
        // Three operands and a zero; then the destination, the status, and the single.
        let mut slots: [u64; 4] = [$f0, $f1, $f2, 0];
        let mut single = 0u32;
        // SAFETY: reads and writes the four slots and the word whose addresses it is given, and the
        // registers named. The FPSCR that it works with is zero (all exceptions disabled, round to
        // nearest), and put back.
        unsafe {
            asm!(
                "lfd 0, 0({slots})",
                "lfd 1, 8({slots})",
                "lfd 2, 16({slots})",
                "lfd 3, 24({slots})",
                "mffs 4",
                "mtfsf 255, 3",
                $line,
                "mffs 5",
                "mtfsf 255, 4",
                "stfd 0, 0({slots})",
                "stfd 5, 8({slots})",
                "stfs 0, 0({single})",
                slots = in(reg_nonzero) &mut slots,
                single = in(reg_nonzero) &mut single,
                out("f0") _, out("f1") _, out("f2") _, out("f3") _, out("f4") _, out("f5") _,
                options(nostack)
            );
        }
        Left { register: slots[0], single, status: slots[1] }
    }};
}

/// A binary32 as the bits of a binary64.
fn widened(a: u32) -> u64 {
    f64::from(f32::from_bits(a)).to_bits()
}

/// The scalar estimates, and what they leave in the FPSCR.
fn estimate(name: &str, a: u32, features: &Features) -> Option<QuirkWords> {
    if !features.estimates {
        return None;
    }
    let x = widened(a);
    Some(match name {
        "fres" => [on_floats!("fres 0, 0"; x, 0, 0).single, 0, 0, 0],
        "frsqrte" => {
            let left = on_floats!("frsqrte 0, 0"; x, 0, 0);
            [left.high(), left.low(), 0, 0]
        }
        "estimate_status" => [
            on_floats!("fres 0, 0"; x, 0, 0).fpscr(),
            on_floats!("frsqrte 0, 0"; x, 0, 0).fpscr(),
            on_floats!("fctiw 0, 0"; x, 0, 0).fpscr(),
            0,
        ],
        _ => return None,
    })
}

/// Four words, aligned as `lvx` wants them.
#[repr(C, align(16))]
struct Vector([u32; 4]);

/// Runs one instruction on a vector, in place.
macro_rules! on_vector {
    ($instruction:literal, $x:expr) => {{
        let mut x = Vector($x);
        // SAFETY: reads and writes the 16 aligned bytes whose address it is given; the caller has seen
        // that there is AltiVec. Estimates raise no exception.
        unsafe {
            asm!(
                "lvx 0, 0, {x}",
                concat!($instruction, " 0, 0"),
                "stvx 0, 0, {x}",
                x = in(reg) &mut x,
                out("v0") _,
                options(nostack)
            );
        }
        x.0
    }};
}

/// The vector estimates.
fn vector_estimate(name: &str, a: u32, features: &Features) -> Option<QuirkWords> {
    if !features.altivec {
        return None;
    }
    let spread = |shift: u32| [0, 1, 2, 3].map(|lane| a ^ (lane << shift));
    Some(match name {
        "vrefp" => on_vector!("vrefp", spread(21)),
        "vrsqrtefp" => on_vector!("vrsqrtefp", spread(22)),
        "vexptefp" => on_vector!("vexptefp", exponents(a)),
        "vlogefp" => on_vector!("vlogefp", spread(22)),
        _ => return None,
    })
}

/// Everything else of the floating-point unit.
fn float(name: &str, a: u32, b: u32) -> Option<QuirkWords> {
    Some(match name {
        "fctiw" => {
            let left = on_floats!("fctiw 0, 0"; fixed(a).to_bits(), 0, 0);
            let status = on_floats!("mtfsb1 31\nmffs 0"; 0, 0, 0);
            [left.high(), left.low(), status.high(), 0]
        }
        "fmul_status" => [
            on_floats!("fmul 0, 0, 1"; unit(a), unit(b), 0).fpscr(),
            0,
            0,
            0,
        ],
        "fmsubs" => {
            let c = ONE | u64::from(a);
            [on_floats!("fmsubs 0, 0, 1, 2"; ONE, c, ONE).single, 0, 0, 0]
        }
        "stfs" => [on_floats!("fmr 0, 0"; tiny(a, b), 0, 0).single, 0, 0, 0],
        "nan" => {
            let [c, b] = nans(a, b);
            let invalid = on_floats!("fdiv 0, 0, 1"; 0, 0, 0);
            let chosen = on_floats!("fmadd 0, 0, 1, 2"; ONE, c, b);
            [invalid.high(), invalid.low(), chosen.high(), chosen.low()]
        }
        _ => return None,
    })
}

/// The integer unit, and memory.
fn integer(name: &str, a: u32, b: u32) -> Option<QuirkWords> {
    match name {
        "divide" => Some(divide(a, b)),
        "reservation" => Some(reservation(a, b)),
        "dcbz" => Some([block_bytes(), 0, 0, 0]),
        "high_halves" => high_halves(a, b),
        _ => None,
    }
}

/// Runs a division that records, on a destination that holds `$d`; gives the quotient, and CR0 and
/// XER's SO and OV in six bits.
macro_rules! divide {
    ($instruction:literal, $x:expr, $y:expr, $d:expr) => {{
        let (quotient, fields, status): (u32, u32, u32);
        // SAFETY: arithmetic on the registers named; a division faults on no operands.
        unsafe {
            asm!(
                "mtxer {zero}",
                concat!($instruction, " {d}, {x}, {y}"),
                "mfcr {fields}",
                "mfxer {status}",
                zero = in(reg) 0usize,
                x = in(reg) $x,
                y = in(reg) $y,
                d = inout(reg) $d => quotient,
                fields = out(reg) fields,
                status = out(reg) status,
                out("cr0") _, out("xer") _,
                options(nomem, nostack)
            );
        }
        (quotient, fields >> 28 << 2 | status >> 30)
    }};
}

/// Quotients that the manual leaves undefined.
fn divide(a: u32, b: u32) -> QuirkWords {
    let signed = divide!("divwo.", a, 0u32, b);
    let unsigned = divide!("divwuo.", a, 0u32, b);
    let overflow = divide!("divwo.", 1u32 << 31, u32::MAX, b);
    let status = signed.1 | unsigned.1 << 8 | overflow.1 << 16;
    [signed.0, unsigned.0, overflow.0, status]
}

/// Memory in which two words are sure to lie in one reservation granule, and a third in another (granules
/// have 16 to 128 bytes).
#[repr(C, align(256))]
struct Granules([u32; 128]);

/// Runs `lwarx` of word 0, a plain store to it where `$store` is not empty, and `stwcx.` to the word
/// `$place`; gives how often that succeeded.
macro_rules! attempts {
    ($granules:ident, $first:expr, $store:literal, $second:expr, $third:expr, $place:expr) => {{
        let words = (&raw mut $granules.0).cast::<u32>();
        let place = words.wrapping_add($place);
        let succeeded: u32;
        // SAFETY: reads and writes words of `$granules`, aligned, in ordinary memory.
        unsafe {
            asm!(
                "mtctr {n}",
                "2:",
                "stw {first}, 0({words})",
                "lwarx {t}, 0, {words}",
                $store,
                "stwcx. {third}, 0, {place}",
                "mfcr {t}",
                // Bit 2 of the condition register is CR0's EQ.
                "rlwinm {t}, {t}, 3, 31, 31",
                "add {succeeded}, {succeeded}, {t}",
                "bdnz 2b",
                n = in(reg) RESERVATIONS as usize,
                words = in(reg_nonzero) words,
                place = in(reg) place,
                first = in(reg) $first,
                second = in(reg) $second,
                third = in(reg) $third,
                succeeded = inout(reg) 0u32 => succeeded,
                t = out(reg) _,
                out("ctr") _, out("cr0") _,
                options(nostack)
            );
        }
        succeeded
    }};
}

/// Whether conditional stores succeed that an emulator decides by comparing values or addresses.
fn reservation(a: u32, b: u32) -> QuirkWords {
    let mut granules = Granules([0; 128]);
    let other = attempts!(granules, a, "stw {second}, 0({words})", !a, b, 0);
    let same = attempts!(granules, a, "stw {second}, 0({words})", a, b, 0);
    let next = attempts!(granules, a, "cmpw {second}, {second}", a, b, 1);
    let far = attempts!(granules, a, "cmpw {second}, {second}", a, b, 64);
    [other, same, next, far]
}

/// Memory for `dcbz`, with room for one block of any size on both sides of its middle.
#[repr(C, align(512))]
struct Blocks([u8; 1024]);

/// Bytes of the block that `dcbz` clears.
fn block_bytes() -> u32 {
    let mut blocks = Blocks([0xff; 1024]);
    let middle = (&raw mut blocks.0).cast::<u8>().wrapping_add(512);
    // SAFETY: clears the aligned block that holds the address, of at most 512 bytes, all within
    // `blocks`, in ordinary memory.
    unsafe {
        asm!("dcbz 0, {middle}", middle = in(reg) middle, options(nostack));
    }
    blocks.0.iter().filter(|&&byte| byte == 0).count() as u32
}

/// Runs an instruction on registers of 64 bits; gives the upper half of its destination.
#[cfg(target_pointer_width = "64")]
macro_rules! upper {
    ($instruction:literal, $x:expr, $y:expr) => {{
        let result: u64;
        // SAFETY: arithmetic on the registers named.
        unsafe {
            asm!(
                concat!($instruction, " {d}, {x}, {y}"),
                x = in(reg) $x,
                y = in(reg) $y,
                d = lateout(reg) result,
                options(nomem, nostack)
            );
        }
        (result >> 32) as u32
    }};
}

/// Upper halves of destinations that only define the lower.
#[cfg(target_pointer_width = "64")]
fn high_halves(a: u32, b: u32) -> Option<QuirkWords> {
    let x = u64::from(b) << 32 | u64::from(a);
    let y = u64::from(a) << 32 | u64::from(b | 1);
    Some([
        upper!("divw", x, y),
        upper!("divwu", x, y),
        upper!("mulhw", x, y),
        upper!("mulhwu", x, y),
    ])
}

#[cfg(not(target_pointer_width = "64"))]
fn high_halves(_a: u32, _b: u32) -> Option<QuirkWords> {
    None
}
