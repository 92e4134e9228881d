//! Value probes: what the silicon answers where the manual leaves it open, or where an emulator of
//! programs takes a short cut.
//!
//! References:
//! - The registry, whose table says what each probe computes: [`probe_core::channels::quirks`].
//! - Arm ARM B2.9, "Synchronization and semaphores": the local monitor watches addresses, never
//!   values; whether the observer's own stores clear it is implementation defined; an exception
//!   return clears it.
//! - Arm ARM C5, `FPCR`, `FPSR`, `DC ZVA`; D19, `CTR_EL0`, `DCZID_EL0`; J1, `RecipEstimate`,
//!   `RecipSqrtEstimate`, `FPProcessNaNs`: tables and rules that the architecture fixes.
//! - Linux, `include/uapi/asm-generic/unistd.h`: number of `getpid`.

use super::identity::{cache_type, zeroing, Features};
use core::arch::asm;
use probe_core::channels::quirks::aarch64::{MONITOR_TRIES, PROBES};
use probe_core::machine::QuirkWords;

/// Every field of the FPCR that existed in Armv8.0, readable back or not: AHP, DN, FZ, RMode, Stride,
/// Len, and the enables of trapped exceptions.
const FPCR_FIELDS: u64 = 0x07f7_9f00;
/// FPCR.FZ: flush to zero.
const FPCR_FZ: u64 = 1 << 24;
/// DCZID_EL0: `DC ZVA` is prohibited; the block's size is 4 << its lowest bits.
const DCZID_PROHIBITED: u64 = 1 << 4;
const DCZID_SIZE: u64 = 0xf;

/// The greatest exclusives reservation granule, and the greatest block of `DC ZVA`, in bytes.
const GRANULE: usize = 2048;

/// Runs one instruction on a vector, in place.
macro_rules! estimate {
    ($instruction:literal, $x:expr) => {{
        let mut x: [u32; 4] = $x;
        // SAFETY: reads and writes the 16 bytes whose address it is given.
        unsafe {
            asm!(
                "ld1 {{{t:v}.4s}}, [{x}]",
                concat!($instruction, " {t:v}.4s, {t:v}.4s"),
                "st1 {{{t:v}.4s}}, [{x}]",
                x = in(reg) &mut x,
                t = out(vreg) _,
                options(nostack, preserves_flags)
            );
        }
        x
    }};
}
/// Answers a probe of the registry; `None` for a number that is not in it.
pub(super) fn quirk(probe: u16, [a, b]: [u32; 2], features: &Features) -> Option<QuirkWords> {
    let name = PROBES.iter().find(|entry| entry.id == probe)?.name;
    Some(match name {
        "frecpe" => estimate!("frecpe", [0, 1, 2, 3].map(|lane| a ^ (lane << 21))),
        "frsqrte" => estimate!("frsqrte", [0, 1, 2, 3].map(|lane| a ^ (lane << 22))),
        "fp_control" => control(),
        "monitor_store" => monitor_store(a, b | 1),
        "monitor_address" => monitor_address(a),
        "monitor_exception" if features.emulated() => monitor_exception(a)?,
        "geometry" => geometry(),
        "nan" => nan(a, b),
        "convert" => convert(a, b),
        "divide" => divide(a, b),
        "flush" => flush(a, b),
        _ => return None,
    })
}

/// Which bits of the floating-point control and status registers can be written.
fn control() -> QuirkWords {
    let (kept, fpcr, ones, zeros): (u64, u64, u64, u64);
    // SAFETY: writes both registers, reads them back and restores them; no instruction between
    // computes, so that no exception that is enabled for a moment can occur.
    unsafe {
        asm!(
            "mrs {kept}, fpcr",
            "mrs {status}, fpsr",
            "msr fpcr, {fields}",
            "mrs {fpcr}, fpcr",
            "msr fpcr, {kept}",
            "msr fpsr, {all}",
            "mrs {ones}, fpsr",
            "msr fpsr, xzr",
            "mrs {zeros}, fpsr",
            "msr fpsr, {status}",
            fields = in(reg) FPCR_FIELDS,
            all = in(reg) u64::from(u32::MAX),
            kept = out(reg) kept,
            status = out(reg) _,
            fpcr = out(reg) fpcr,
            ones = out(reg) ones,
            zeros = out(reg) zeros,
            options(nostack)
        );
    }
    [kept as u32, fpcr as u32, ones as u32, zeros as u32]
}

/// Memory whose granules are its own.
#[repr(C, align(2048))]
struct Granules([u64; 2 * GRANULE / size_of::<u64>()]);

impl Granules {
    fn new(a: u32) -> Self {
        let mut granules = Granules([0; 2 * GRANULE / size_of::<u64>()]);
        granules.0[0] = u64::from(!a | 1) << 32 | u64::from(a);
        granules
    }
}

/// Counts how often a store-exclusive to `$target` succeeds after a load-exclusive of the first
/// doubleword of `$memory`, with `$line`s between them.
macro_rules! exclusives {
    ($memory:expr, $target:expr, $store:literal $(, $line:literal)* ; $($operand:tt)*) => {{
        let memory: *mut u64 = $memory.0.as_mut_ptr();
        let mut successes = 0u32;
        for _ in 0..MONITOR_TRIES {
            let failed: u64;
            // SAFETY: reads and writes doublewords of the memory that this function borrows uniquely,
            // aligned to their size; the lines are those of this file and change only what they
            // declare.
            unsafe {
                asm!(
                    "clrex",
                    "ldxr {v}, [{at}]",
                    $($line,)*
                    $store,
                    "clrex",
                    at = in(reg) memory,
                    target = in(reg) memory.wrapping_add($target),
                    v = out(reg) _,
                    failed = out(reg) failed,
                    $($operand)*
                    options(nostack)
                );
            }
            successes += u32::from(failed as u32 == 0);
        }
        successes
    }};
}

/// A store-exclusive of 64 bits.
macro_rules! whole {
    ($memory:expr, $target:expr $(, $line:literal)* ; $($operand:tt)*) => {
        exclusives!($memory, $target, "stxr {failed:w}, {v}, [{target}]" $(, $line)* ; $($operand)*)
    };
}

/// Plain stores of the same observer between load and store.
fn monitor_store(a: u32, m: u32) -> QuirkWords {
    let mut memory = Granules::new(a);
    let nothing = whole!(memory, 0, "eor {t}, {v}, {m}"; m = in(reg) 0u64, t = out(reg) _,);
    // Both run the same instructions: what differs is the value stored.
    let mut stored = |m: u32| {
        whole!(
            memory, 0, "eor {t}, {v}, {m}", "str {t}, [{at}]";
            m = in(reg) u64::from(m), t = out(reg) _,
        )
    };
    let (same, different) = (stored(0), stored(m));
    let beside = whole!(
        memory, 0, "eor {t}, {v}, {m}", "str {t}, [{at}, #8]";
        m = in(reg) u64::from(m), t = out(reg) _,
    );
    [nothing, same, different, beside]
}

/// Stores to other places, and of another size, than what was loaded.
fn monitor_address(a: u32) -> QuirkWords {
    let mut memory = Granules::new(a);
    let beside = whole!(memory, 1;);
    let beyond = whole!(memory, GRANULE / size_of::<u64>(););
    let (mut successes, mut changed) = (0, 0);
    for _ in 0..MONITOR_TRIES {
        memory.0[0] = Granules::new(a).0[0];
        let before = memory.0[0];
        let failed: u64;
        // SAFETY: as in `exclusives`; the store is one word at the address of the doubleword.
        unsafe {
            asm!(
                "clrex",
                "ldxr {v}, [{at}]",
                "mvn {v:w}, {v:w}",
                "stxr {failed:w}, {v:w}, [{at}]",
                "clrex",
                at = in(reg) &mut memory.0[0],
                v = out(reg) _,
                failed = out(reg) failed,
                options(nostack)
            );
        }
        successes += u32::from(failed as u32 == 0);
        changed += u32::from(memory.0[0] != before);
    }
    [beside, beyond, successes, changed]
}

/// Exceptions between load and store, which clear the monitor when they return, and `CLREX`, which
/// does nothing else.
#[cfg(all(feature = "linux", target_os = "linux"))]
fn monitor_exception(a: u32) -> Option<QuirkWords> {
    /// Number of `getpid`.
    const GETPID: u64 = 172;
    let mut memory = Granules::new(a);
    // The caller has asked whether the register may be read.
    let identified = whole!(memory, 0, "mrs {t}, midr_el1"; t = out(reg) _,);
    // The system call changes X0 alone.
    let called = whole!(memory, 0, "svc #0"; in("x8") GETPID, out("x0") _,);
    let cleared = whole!(memory, 0, "clrex";);
    Some([identified, called, cleared, 0])
}

/// Without Linux nobody says which exceptions there are.
#[cfg(not(all(feature = "linux", target_os = "linux")))]
fn monitor_exception(_a: u32) -> Option<QuirkWords> {
    None
}

/// Cache geometry as it is stated, and the block that `DC ZVA` zeroes.
fn geometry() -> QuirkWords {
    let zeroing = zeroing();
    let mut memory = Granules([u64::MAX; 2 * GRANULE / size_of::<u64>()]);
    let (mut before, mut bytes) = (0, 0);
    if zeroing & DCZID_PROHIBITED == 0 && 4usize << (zeroing & DCZID_SIZE) <= GRANULE {
        let at = memory.0.as_mut_ptr().wrapping_byte_add(GRANULE);
        // SAFETY: zeroes the block round the middle of `memory`. Blocks are aligned to their size, and
        // none is greater than the distance from there to either end.
        unsafe {
            asm!("dc zva, {at}", at = in(reg) at, options(nostack, preserves_flags));
        }
        let zeros = |half: &[u64]| half.iter().filter(|&&word| word == 0).count() as u32;
        let (low, high) = memory.0.split_at(GRANULE / size_of::<u64>());
        before = zeros(low) * size_of::<u64>() as u32;
        bytes = before + zeros(high) * size_of::<u64>() as u32;
    }
    [cache_type().0 as u32, zeroing as u32, before, bytes]
}

/// The quiet NaN that `b` gives.
const fn quiet(b: u32) -> u32 {
    (b & 0x803f_ffff) | 0x7fc0_0000
}

/// Runs `$instruction` on two binary32 numbers given by their bits; gives the bits of the result.
macro_rules! binary32 {
    ($instruction:literal, $x:expr, $y:expr) => {{
        let result: u32;
        // SAFETY: arithmetic on registers; no exception traps.
        unsafe {
            asm!(
                "fmov {x:s}, {a:w}",
                "fmov {y:s}, {b:w}",
                concat!($instruction, " {x:s}, {x:s}, {y:s}"),
                "fmov {result:w}, {x:s}",
                a = in(reg) $x,
                b = in(reg) $y,
                result = lateout(reg) result,
                x = out(vreg) _,
                y = out(vreg) _,
                options(nostack)
            );
        }
        result
    }};
}

/// Which NaN comes out.
fn nan(a: u32, b: u32) -> QuirkWords {
    const PAYLOAD: u32 = 0x003f_ffff;
    let signalling = (a & 0x803f_ffff) | 0x7f80_0001;
    let infinity = f32::INFINITY.to_bits();
    [
        binary32!("fadd", quiet(b), signalling),
        binary32!("fmul", quiet(b), quiet(b) ^ PAYLOAD),
        binary32!("fadd", infinity, f32::NEG_INFINITY.to_bits()),
        binary32!("fmaxnm", quiet(b), 1f32.to_bits()),
    ]
}

/// Runs a conversion of a binary32 number, given by its bits, to an integer.
macro_rules! converted {
    ($instruction:literal, $x:expr) => {{
        let result: u32;
        // SAFETY: as in `binary32`.
        unsafe {
            asm!(
                "fmov {x:s}, {a:w}",
                concat!($instruction, " {result:w}, {x:s}"),
                a = in(reg) $x,
                result = lateout(reg) result,
                x = out(vreg) _,
                options(nostack)
            );
        }
        result
    }};
}

/// Conversions of what no integer holds.
fn convert(a: u32, b: u32) -> QuirkWords {
    let great = (a & 0x807f_ffff) | 0x4f80_0000;
    [
        converted!("fcvtzs", great),
        converted!("fcvtzu", great),
        converted!("fcvtzs", quiet(b)),
        0,
    ]
}

/// Divisions that other architectures refuse.
fn divide(a: u32, b: u32) -> QuirkWords {
    let (unsigned, zero, overflow, signed): (u32, u32, u32, u32);
    // SAFETY: arithmetic on registers; no division faults.
    unsafe {
        asm!(
            "udiv {unsigned:w}, {a:w}, wzr",
            "sdiv {zero:w}, {a:w}, wzr",
            "sdiv {overflow:w}, {least:w}, {minus_one:w}",
            "sdiv {signed:w}, {a:w}, {b:w}",
            a = in(reg) a,
            b = in(reg) b | 1,
            least = in(reg) i32::MIN,
            minus_one = in(reg) -1i32,
            unsigned = out(reg) unsigned,
            zero = out(reg) zero,
            overflow = out(reg) overflow,
            signed = out(reg) signed,
            options(nomem, nostack, preserves_flags)
        );
    }
    [unsigned, zero, overflow, signed]
}

/// Multiplies with flush to zero on; gives the bits of the product and the flags raised.
fn flushed(x: u32, y: u32) -> [u32; 2] {
    let (product, flags): (u32, u64);
    // SAFETY: arithmetic on registers, with FZ set in between; FPCR and FPSR are put back.
    unsafe {
        asm!(
            "mrs {control}, fpcr",
            "mrs {status}, fpsr",
            "orr {t}, {control}, {fz}",
            "msr fpcr, {t}",
            "msr fpsr, xzr",
            "fmov {x:s}, {a:w}",
            "fmov {y:s}, {b:w}",
            "fmul {x:s}, {x:s}, {y:s}",
            "fmov {product:w}, {x:s}",
            "mrs {flags}, fpsr",
            "msr fpsr, {status}",
            "msr fpcr, {control}",
            a = in(reg) x,
            b = in(reg) y,
            fz = in(reg) FPCR_FZ,
            control = out(reg) _,
            status = out(reg) _,
            t = out(reg) _,
            product = out(reg) product,
            flags = out(reg) flags,
            x = out(vreg) _,
            y = out(vreg) _,
            options(nostack)
        );
    }
    [product, flags as u32]
}

/// Flags of flushed operands and results.
fn flush(a: u32, b: u32) -> QuirkWords {
    let [x, x_flags] = flushed((a & 0x807f_ffff) | 1, 1f32.to_bits());
    let [y, y_flags] = flushed((b & 0x807f_ffff) | 0x0080_0000, 0.25f32.to_bits());
    [x, x_flags, y, y_flags]
}
