//! Value probes: what the silicon answers where the manual leaves it open, where an emulator of programs takes
//! a short cut, and what the architecture fixes.
//!
//! References:
//! - The registry, whose table says what each probe computes: [`probe_core::channels::quirks`].
//! - Unprivileged Architecture, "Zalrsc": a reservation watches addresses, never values; whether the hart's own
//!   stores give it up is left open. "M": division by zero and overflow. "F": NaN boxing, canonical NaNs,
//!   `FMIN` and `FMAX` (which changed in version 2.2), conversions, `FCLASS`, tininess after rounding, reserved
//!   rounding modes.
//! - Linux, `arch/riscv/kernel/entry.S`: gives up the reservation before it returns to a program;
//!   `Documentation/arch/riscv/uabi.rst`, "Misaligned accesses": supported in user mode, perhaps slowly.

use core::arch::asm;
use probe_core::channels::quirks::riscv::{PROBES, RESERVATION_TRIES};
use probe_core::machine::QuirkWords;

/// Answers a probe of the registry; `None` for a number that is not in it.
pub(super) fn quirk(probe: u16, [a, b]: [u32; 2]) -> Option<QuirkWords> {
    let name = PROBES.iter().find(|entry| entry.id == probe)?.name;
    Some(match name {
        "reservation_store" => reservation_store(a, b | 1),
        "reservation_address" => reservation_address(a),
        "reservation_exception" => reservation_exception(a)?,
        "divide" => divide(a, b),
        "nan" => nan(a, b),
        "convert" => convert(a, b),
        "classify" => classify(a),
        "flags" => flags(a, b),
        "status" => status(),
        "misaligned" => misaligned(a, b),
        "time" => time(),
        _ => return None,
    })
}

/// Memory for a reservation: two lines of 64 bytes, and one more to give it up at.
#[repr(C, align(128))]
struct Reserved([u32; 48]);

/// Words in 64 bytes, and in 128.
const LINE: usize = 16;
const ELSEWHERE: usize = 2 * LINE;

impl Reserved {
    fn new(a: u32) -> Self {
        let mut memory = Reserved([0; 48]);
        (memory.0[0], memory.0[1]) = (a, !a | 1);
        memory
    }
}

/// Counts how often `$store`, a store-conditional of `{v}` to `{target}`, word `$target` of `$memory`, succeeds
/// after a load-reserved of its first word, with `$line`s between them.
macro_rules! reservations {
    ($memory:expr, $target:expr, $store:literal $(, $line:literal)* ; $($operand:tt)*) => {{
        let memory: *mut u32 = $memory.0.as_mut_ptr();
        let mut successes = 0u32;
        for _ in 0..RESERVATION_TRIES {
            let failed: u64;
            // SAFETY: reads and writes words of the memory that this function borrows uniquely, aligned to
            // the size of the access; the lines are those of this file and change only what they declare.
            unsafe {
                asm!(
                    "sc.w zero, zero, ({elsewhere})",
                    "lr.w {v}, ({at})",
                    $($line,)*
                    $store,
                    at = in(reg) memory,
                    elsewhere = in(reg) memory.wrapping_add(ELSEWHERE),
                    target = in(reg) memory.wrapping_add($target),
                    v = out(reg) _,
                    failed = out(reg) failed,
                    $($operand)*
                    options(nostack)
                );
            }
            successes += u32::from(failed == 0);
        }
        successes
    }};
}

/// Plain stores of the same hart between load and store.
fn reservation_store(a: u32, m: u32) -> QuirkWords {
    let mut memory = Reserved::new(a);
    let nothing = reservations!(
        memory, 0, "sc.w {failed}, {v}, ({target})", "xor {t}, {v}, {m}";
        m = in(reg) 0u64, t = out(reg) _,
    );
    // Both run the same instructions: what differs is the value stored.
    let mut stored = |m: u32| {
        reservations!(
            memory, 0, "sc.w {failed}, {v}, ({target})", "xor {t}, {v}, {m}", "sw {t}, 0({at})";
            m = in(reg) u64::from(m), t = out(reg) _,
        )
    };
    let (same, different) = (stored(0), stored(m));
    let beside = reservations!(
        memory, 0, "sc.w {failed}, {v}, ({target})", "xor {t}, {v}, {m}", "sw {t}, 4({at})";
        m = in(reg) u64::from(m), t = out(reg) _,
    );
    [nothing, same, different, beside]
}

/// Stores to other places, and of another size, than what was loaded.
fn reservation_address(a: u32) -> QuirkWords {
    let mut memory = Reserved::new(a);
    let beside = reservations!(memory, 1, "sc.w {failed}, {v}, ({target})";);
    let beyond = reservations!(memory, LINE, "sc.w {failed}, {v}, ({target})";);
    let wider = reservations!(memory, 0, "sc.d {failed}, {v}, ({target})";);
    [beside, beyond, wider, 0]
}

/// An exception between load and store.
#[cfg(all(feature = "linux", target_os = "linux"))]
fn reservation_exception(a: u32) -> Option<QuirkWords> {
    /// Number of `getpid`.
    const GETPID: u64 = 172;
    let mut memory = Reserved::new(a);
    // The system call changes a0 alone.
    let called = reservations!(
        memory, 0, "sc.w {failed}, {v}, ({target})", "ecall";
        in("a7") GETPID, out("a0") _,
    );
    Some([called, 0, 0, 0])
}

/// Without Linux nobody says which exceptions there are.
#[cfg(not(all(feature = "linux", target_os = "linux")))]
fn reservation_exception(_a: u32) -> Option<QuirkWords> {
    None
}

/// Divisions that other architectures refuse.
fn divide(a: u32, b: u32) -> QuirkWords {
    let (zero, rest, overflow, quotient): (u32, u32, u32, u32);
    // SAFETY: arithmetic on registers; no division traps.
    unsafe {
        asm!(
            "divw {zero}, {a}, zero",
            "remuw {rest}, {a}, zero",
            "divw {overflow}, {least}, {minus_one}",
            "divuw {quotient}, {a}, {b}",
            a = in(reg) a,
            b = in(reg) b | 1,
            least = in(reg) i32::MIN,
            minus_one = in(reg) -1i32,
            zero = out(reg) zero,
            rest = out(reg) rest,
            overflow = out(reg) overflow,
            quotient = lateout(reg) quotient,
            options(nomem, nostack, preserves_flags)
        );
    }
    [zero, rest, overflow, quotient]
}

/// The signalling NaN that `a` gives, and the quiet one that `b` gives.
const fn signalling(a: u32) -> u32 {
    (a & 0x803f_ffff) | 0x7f80_0001
}
const fn quiet(b: u32) -> u32 {
    (b & 0x803f_ffff) | 0x7fc0_0000
}

/// Runs `$line` on the binary32 numbers `$x`, `$y` and `$z`, given by their bits, in `{x}`, `{y}` and `{z}`, with
/// the flags clear; `$line` leaves its result in the integer register `{result}` by itself or by way of `{x}`.
/// Gives the result and the flags.
macro_rules! binary32 {
    ($($line:literal),+; $x:expr, $y:expr, $z:expr) => {{
        let (result, flags): (u32, u32);
        // SAFETY: arithmetic on registers; nothing traps. The control register is put back.
        unsafe {
            asm!(
                "fscsr {kept}, zero",
                "fmv.w.x {x}, {a}",
                "fmv.w.x {y}, {b}",
                "fmv.w.x {z}, {c}",
                $($line,)+
                "frflags {flags}",
                "fscsr {kept}",
                a = in(reg) $x,
                b = in(reg) $y,
                c = in(reg) $z,
                kept = out(reg) _,
                result = out(reg) result,
                flags = out(reg) flags,
                x = out(freg) _,
                y = out(freg) _,
                z = out(freg) _,
                options(nostack)
            );
        }
        [result, flags]
    }};
}

/// Which NaN comes out, and what is taken for one.
fn nan(a: u32, b: u32) -> QuirkWords {
    const ONE: u32 = 1f32.to_bits();
    let [sum, _] = binary32!(
        "fadd.s {x}, {x}, {y}", "fmv.x.w {result}, {x}"; quiet(b), signalling(a), 0
    );
    let [product, _] = binary32!("fmul.s {x}, {x}, {y}", "fmv.x.w {result}, {x}"; quiet(b), ONE, 0);
    let [greater, _] =
        binary32!("fmax.s {x}, {x}, {y}", "fmv.x.w {result}, {x}"; signalling(a), ONE, 0);
    // The upper half of the register is not all ones: no binary32, so the canonical NaN.
    let [unboxed, _] = binary32!(
        "fmv.d.x {x}, {a}", "fadd.s {x}, {x}, {y}", "fmv.x.w {result}, {x}";
        u64::from(ONE), ONE, 0
    );
    [sum, product, greater, unboxed]
}

/// Conversions of what no integer holds.
fn convert(a: u32, b: u32) -> QuirkWords {
    let great = (a & 0x807f_ffff) | 0x4f80_0000;
    let [signed, flags] = binary32!("fcvt.w.s {result}, {x}, rtz"; great, 0, 0);
    let [unsigned, _] = binary32!("fcvt.wu.s {result}, {x}, rtz"; great, 0, 0);
    let [nan, _] = binary32!("fcvt.w.s {result}, {x}, rtz"; quiet(b), 0, 0);
    [signed, unsigned, nan, flags]
}

/// Classes of numbers.
fn classify(a: u32) -> QuirkWords {
    let class = |x: u32| binary32!("fclass.s {result}, {x}"; x, 0, 0)[0];
    [
        class(a),
        class(signalling(a)),
        class(a & 0x807f_ffff | 1),
        0,
    ]
}

/// Flags where standards leave a choice.
fn flags(a: u32, b: u32) -> QuirkWords {
    let x = (a & 0x007f_ffff) | 0x0080_0000;
    let [half, half_flags] = binary32!(
        "fmul.s {x}, {x}, {y}", "fmv.x.w {result}, {x}"; x, 0.5f32.to_bits(), 0
    );
    let [fused, fused_flags] = binary32!(
        "fmadd.s {x}, {x}, {y}, {z}", "fmv.x.w {result}, {x}";
        f32::INFINITY.to_bits(), 0, quiet(b)
    );
    [half, half_flags, fused, fused_flags]
}

/// Which bits of the control register can be written.
fn status() -> QuirkWords {
    let (kept, ones, five, six): (u32, u32, u32, u32);
    // SAFETY: writes the register, reads it back and restores it; nothing computes in between, so that the
    // reserved rounding modes do no harm.
    unsafe {
        asm!(
            "fscsr {kept}, {all}",
            "frcsr {ones}",
            "fsrmi 5",
            "frrm {five}",
            "fsrmi 6",
            "frrm {six}",
            "fscsr {kept}",
            all = in(reg) -1i64,
            kept = out(reg) kept,
            ones = out(reg) ones,
            five = out(reg) five,
            six = out(reg) six,
            options(nostack)
        );
    }
    [kept, ones, five, six]
}

/// Accesses that cross their own size.
fn misaligned(a: u32, b: u32) -> QuirkWords {
    let mut memory = [a, b];
    let (word, half): (u32, u32);
    // SAFETY: reads and writes bytes of `memory`. A system that runs programs of RV64GC carries out misaligned
    // accesses where the processor does not.
    unsafe {
        asm!(
            "lw {word}, 1({at})",
            "lhu {half}, 3({at})",
            "sh {b}, 1({at})",
            at = in(reg) &mut memory,
            b = in(reg) b,
            word = out(reg) word,
            half = out(reg) half,
            options(nostack)
        );
    }
    [word, half, memory[0], 0]
}

/// The steps of the counter.
fn time() -> QuirkWords {
    const STEPS: usize = 64;
    let mut readings = [0u64; STEPS + 1];
    for reading in &mut readings {
        // SAFETY: reads a register that user mode may read.
        unsafe {
            asm!(
                "rdtime {}",
                out(reg) * reading,
                options(nostack, preserves_flags)
            )
        };
    }
    let steps = readings
        .windows(2)
        .map(|pair| pair[1].wrapping_sub(pair[0]));
    let still = steps.clone().filter(|&step| step == 0).count() as u32;
    let divisor = steps.clone().fold(0, divisor);
    let greatest = steps.max().unwrap_or(0);
    let word = |value: u64| u32::try_from(value).unwrap_or(u32::MAX);
    [still, word(divisor), word(greatest), 0]
}

/// The greatest common divisor (Euclid).
fn divisor(mut x: u64, mut y: u64) -> u64 {
    while y != 0 {
        (x, y) = (y, x % y);
    }
    x
}
