//! What old processors answer to value probes, as documented: the part that every one of them answers, and that the
//! node's tables know. The documents are named beside those tables (`node/src/verdict/checks/quirks`).

use probe_core::channels::quirks::power;
use probe_core::channels::quirks::registry;
use probe_core::machine::QuirkWords;

/// The answer of a processor of `architecture`; `None` where nothing is documented. A 68k is a 68040, a PowerPC a 7450, an ARM a StrongARM.
pub fn documented(architecture: &str, probe: u16, operand: [u32; 2]) -> Option<QuirkWords> {
    let known = registry(architecture).iter().find(|p| p.id == probe)?;
    match architecture {
        "powerpc" | "powerpc64" => power(known.name, operand),
        "sparc64" => sparc(known.name, operand),
        "mips" | "mips64" => mips(known.name, operand),
        "m68k" => m68k(known.name),
        "arm" => arm(known.name, operand),
        _ => None,
    }
}

/// The high and the low word.
fn halves(bits: u64) -> [u32; 2] {
    [(bits >> 32) as u32, bits as u32]
}

const SIGN: u32 = 1 << 31;
/// The least normal binary64, high word.
const LEAST_NORMAL: u32 = 0x0010_0000;

fn power(name: &str, [a, b]: [u32; 2]) -> Option<QuirkWords> {
    Some(match name {
        "fctiw" => {
            const UPPER: u32 = 0xfff8_0000;
            let whole = power::fixed(a).round_ties_even() as i32 as u32;
            let negative_zero = u32::from(whole == 0 && (a as i32) < 0);
            [UPPER | negative_zero, whole, UPPER, 0]
        }
        // What a 7450 leaves in the flags is in no table: none.
        "divide" => [0; 4],
        "reservation" => {
            let all = power::RESERVATIONS;
            [all, all, all, 0]
        }
        "fmul_status" => [product_status(a, b), 0, 0, 0],
        // 1 × (1 + a 2^-52) - 1, exactly.
        "fmsubs" => {
            let exact = f64::from(a) / (1u64 << 52) as f64;
            [(exact as f32).to_bits(), 0, 0, 0]
        }
        // The bits of the register as for an ordinary number.
        "stfs" => {
            let [high, _] = halves(power::tiny(a, b));
            let rest = (power::tiny(a, b) >> 29) as u32 & 0x3fff_ffff;
            [high & 0xc000_0000 | rest, 0, 0, 0]
        }
        "nan" => {
            const QUIET: u64 = 1 << 51;
            let [_, signalling] = power::nans(a, b);
            let [high, low] = halves(signalling | QUIET);
            [0x7ff8_0000, 0, high, low]
        }
        "dcbz" => [32, 0, 0, 0],
        _ => return None,
    })
}

/// FPSCR after the product of `1.a` and `1.b`: class, and how it was rounded (Power ISA book I).
fn product_status(a: u32, b: u32) -> u32 {
    const POSITIVE: u32 = 0b00100 << 12;
    const INEXACT: u32 = 1 << 31 | 1 << 25 | 1 << 17;
    const ROUNDED_UP: u32 = 1 << 18;
    let [x, y] = [a, b].map(|bits| f64::from_bits(power::unit(bits)));
    // What the rounding left out, exactly.
    let error = x.mul_add(y, -(x * y));
    POSITIVE | if error != 0.0 { INEXACT } else { 0 } | if error < 0.0 { ROUNDED_UP } else { 0 }
}

fn sparc(name: &str, [a, _]: [u32; 2]) -> Option<QuirkWords> {
    /// FSR: nonstandard mode, and the current exceptions underflow, inexact and invalid.
    const NONSTANDARD: u32 = 1 << 22;
    const UNDERFLOW: u32 = 1 << 2;
    const INEXACT: u32 = 1;
    const INVALID: u32 = 1 << 4;
    Some(match name {
        "nonstandard" => [a & SIGN, 0, NONSTANDARD | INEXACT, 0],
        "tiny" => [LEAST_NORMAL, 0, UNDERFLOW | INEXACT, 0],
        "fdtoi" if a & SIGN != 0 => [i32::MIN as u32, INVALID, 0, 0],
        "fdtoi" => [i32::MAX as u32, INVALID, 0, 0],
        _ => return None,
    })
}

fn mips(name: &str, [a, _]: [u32; 2]) -> Option<QuirkWords> {
    /// FCSR: flush to zero; flags and causes of inexact and underflow.
    const FLUSH: u32 = 1 << 24;
    const INEXACT: u32 = 1 << 2 | 1 << 12;
    const UNDERFLOW: u32 = 1 << 3 | 1 << 13;
    Some(match name {
        "div_zero" if a & SIGN != 0 => [1, a, 0, 0],
        "div_zero" | "divu_zero" => [u32::MAX, a, 0, 0],
        "flush" => [a & SIGN | LEAST_NORMAL, 0, FLUSH | INEXACT | UNDERFLOW, 0],
        "tiny" => [LEAST_NORMAL, 0, INEXACT, 0],
        _ => return None,
    })
}

fn m68k(name: &str) -> Option<QuirkWords> {
    /// CCR: overflow, zero, negative.
    const V: u32 = 2;
    const Z: u32 = 4;
    const N: u32 = 8;
    Some(match name {
        "divu_overflow" | "divs_overflow" => [V | (N | Z | V) << 16, 0, 0, 0],
        "chk_inside" => [(Z | V) << 16, 0, 0, 0],
        _ => return None,
    })
}

fn arm(name: &str, [a, b]: [u32; 2]) -> Option<QuirkWords> {
    /// NZCV, and where the second run's are.
    const N: u32 = 8;
    const Z: u32 = 4;
    const CV: u32 = 3;
    const SECOND_RUN: u32 = 16;
    // Multiplications set N and Z; carry and overflow stay.
    let conditions = |negative: bool, zero: bool| {
        let nz = if negative { N } else { 0 } | if zero { Z } else { 0 };
        nz | (nz | CV) << SECOND_RUN
    };
    Some(match name {
        "multiply" => {
            let low = a.wrapping_mul(b);
            let long = u64::from(a) * u64::from(b);
            [
                conditions(low & SIGN != 0, low == 0),
                conditions(long >> 63 != 0, long == 0),
                0,
                0,
            ]
        }
        "store_pc" => [8, 8, 0, 0],
        // The base that is stored is the one from before.
        "stm_base" => [0; 4],
        _ => return None,
    })
}
