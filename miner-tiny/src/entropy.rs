//! A seed from jitter: the last resort of a machine whose kernel gives no random bytes.
//!
//! The caller reads a clock or a counter over and over, with some work in between where it can (a call
//! of the system, a load that misses); what varies between two readings is what gets credited. The rest
//! that may be known of the machine (time, addresses, process number) is mixed in and credited with
//! nothing. What cannot be credited is refused: a guessable wallet key is worse than none.
//!
//! Sources: NIST SP 800-90B, §4.4 (health tests, run on every sample) and §6.3 (estimates). Here:
//! the most common value (§6.3.1), and prediction in the manner of §6.3.7 to §6.3.10: by each lag
//! up to [`LAGS`], by the one or two values before, and by continuing a line or a parabola. The worst
//! of them counts, at the upper end of a 99 % confidence interval, and twice as many bits are collected
//! as come out. The local half of NIST's predictors (long runs) is left to the health tests. The output
//! is SHA-512 of everything, cut in half (§3.1.5, a vetted hash function).
//!
//! **What it cannot know.** Numbers alone never prove chance: an emulator whose time follows a good
//! generator from a fixed start looks just like noise, here and in every statistical test. Nor does it
//! know who else sees the clock: a hypervisor may. And one run cannot see that the next run after power-on
//! gives the same numbers (NIST's restart tests need a thousand). Take the kernel's bytes where there are any.

use probe_core::stats::isqrt;
use sha2::{Digest, Sha512};

/// Bytes of a seed.
pub const SEED_BYTES: usize = 32;

/// Bits credited before a seed comes out: twice its length.
pub const BITS_WANTED: u32 = 2 * 8 * SEED_BYTES as u32;

/// Samples taken, at least: estimates of few samples say little (§4.3 asks for 1024 at the start).
pub const SAMPLES_MIN: u32 = 4096;

/// Samples taken, at most.
pub const SAMPLES_MAX: u32 = 32 * 1024;

/// Bits in each sample, at least, in 1/256: an eighth of a bit. With less a source is refused.
const ENTROPY_MIN: u32 = 256 / 8;

/// §4.4.1 with the chance of a false alarm 2^-20: 1 + 20 / H.
const REPETITIONS_MAX: u32 = 1 + 20 * 256 / ENTROPY_MIN;

/// Samples of the adaptive proportion test: §4.4.2, for sources of more than two values.
const WINDOW: u32 = 512;
/// §4.4.2: 1 + CRITBINOM(512, 2^-H, 1 - 2^-20) for H of an eighth of a bit.
const PROPORTION_MAX: u32 = 497;

/// The least entropy that is taken and the fewest samples give what is wanted.
const _: () = assert!(ENTROPY_MIN * (SAMPLES_MIN / 256) >= BITS_WANTED);

/// How far back a period is looked for (§6.3.8).
pub const LAGS: usize = 128;

/// Contexts of two samples remembered, by a hash: a collision only forgets.
const PAIRS: usize = 1024;

/// Why there is no seed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EntropyError {
    /// The same interval over and over: a clock that stands, or counts calls.
    Stuck,
    /// One interval nearly always.
    Biased,
    /// The intervals can be foretold too well.
    Predictable,
}

impl EntropyError {
    /// A stable name for scripts.
    pub const fn code(self) -> &'static str {
        match self {
            EntropyError::Stuck => "JITTER_STUCK",
            EntropyError::Biased => "JITTER_BIASED",
            EntropyError::Predictable => "JITTER_PREDICTABLE",
        }
    }
}

impl EntropyError {
    /// What is wrong, in words that fit 40 columns.
    pub const fn words(self) -> &'static str {
        match self {
            EntropyError::Stuck => "the clock does not vary at all",
            EntropyError::Biased => "the clock hardly varies",
            EntropyError::Predictable => "the clock varies by a rule",
        }
    }
}

impl core::fmt::Display for EntropyError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(self.words())
    }
}

impl core::error::Error for EntropyError {}

/// A seed from the jitter of `read`, which gives a clock's or a counter's reading at each call. A narrow
/// counter must be widened, or its rounds must take many calls. `known` is what else there is to mix in.
///
/// Cost: at least [`SAMPLES_MIN`] calls, at most [`SAMPLES_MAX`], and some 200 comparisons for each; about
/// 6 KiB of stack.
///
/// # Errors
/// See [`EntropyError`]. Trying again is honest only after something has changed.
pub fn seed(
    mut read: impl FnMut() -> u64,
    known: &[&[u8]],
) -> Result<[u8; SEED_BYTES], EntropyError> {
    let mut everything = Sha512::new();
    for part in known {
        // With its length, so that no two lists are the same bytes.
        everything.update((part.len() as u64).to_le_bytes());
        everything.update(part);
    }
    let mut health = Health::default();
    let mut estimate = Estimate::new();
    let mut last = read();
    everything.update(last.to_le_bytes());
    while estimate.samples < SAMPLES_MAX {
        let now = read();
        everything.update(now.to_le_bytes());
        let interval = now.wrapping_sub(last);
        last = now;
        health.check(interval)?;
        estimate.add(interval);
        if estimate.samples >= SAMPLES_MIN && estimate.samples.is_multiple_of(WINDOW) {
            let each = estimate.bits_256();
            if each >= ENTROPY_MIN && each * (estimate.samples / 256) >= BITS_WANTED {
                let mut out = [0; SEED_BYTES];
                out.copy_from_slice(&everything.finalize()[..SEED_BYTES]);
                return Ok(out);
            }
        }
    }
    Err(EntropyError::Predictable)
}

/// The health tests of §4.4, on whole intervals.
#[derive(Default)]
struct Health {
    repeated: Option<(u64, u32)>,
    /// The first interval of this window, how often it came, and how many samples the window has.
    window: Option<(u64, u32, u32)>,
}

impl Health {
    fn check(&mut self, interval: u64) -> Result<(), EntropyError> {
        let times = match self.repeated {
            Some((same, times)) if same == interval => times + 1,
            _ => 1,
        };
        self.repeated = Some((interval, times));
        if times >= REPETITIONS_MAX {
            return Err(EntropyError::Stuck);
        }
        let (first, times, seen) = self.window.unwrap_or((interval, 0, 0));
        let times = times + u32::from(first == interval);
        if times >= PROPORTION_MAX {
            return Err(EntropyError::Biased);
        }
        self.window = (seen + 1 < WINDOW).then_some((first, times, seen + 1));
        Ok(())
    }
}

/// How well the intervals so far could have been foretold.
struct Estimate {
    samples: u32,
    /// The last intervals, folded to a byte; where the next one goes is `samples % LAGS`.
    ring: [u8; LAGS],
    /// How often each byte came.
    counts: [u32; 256],
    /// How often the interval so many before was the same.
    by_lag: [u32; LAGS],
    /// What followed each byte the last time, and how often it was right.
    after_one: [u8; 256],
    by_one: u32,
    /// What followed two bytes.
    after_two: [u8; PAIRS],
    by_two: u32,
    /// The last three whole intervals, and how often a line or a parabola through them was right.
    whole: [u64; 3],
    by_line: u32,
    by_parabola: u32,
}

impl Estimate {
    fn new() -> Self {
        Estimate {
            samples: 0,
            ring: [0; LAGS],
            counts: [0; 256],
            by_lag: [0; LAGS],
            after_one: [0; 256],
            by_one: 0,
            after_two: [0; PAIRS],
            by_two: 0,
            whole: [0; 3],
            by_line: 0,
            by_parabola: 0,
        }
    }

    fn add(&mut self, interval: u64) {
        // Everything that varies is in the byte; two intervals that fall together only cost credit.
        let byte = interval
            .to_le_bytes()
            .iter()
            .fold(0, |all, part| all ^ part);
        let next = self.samples as usize % LAGS;
        let before = |lag: usize| (next + LAGS - lag) % LAGS;
        let (one, two) = (self.ring[before(1)], self.ring[before(2)]);
        for (lag, hits) in (1..=LAGS).zip(&mut self.by_lag) {
            *hits += u32::from(self.ring[before(lag)] == byte);
        }
        let followed = &mut self.after_one[usize::from(one)];
        self.by_one += u32::from(*followed == byte);
        *followed = byte;
        // Two bytes in ten bits: all of the nearer one, and a quarter of what the other knows.
        let pair = (usize::from(one) << 2 ^ usize::from(two).wrapping_mul(37)) % PAIRS;
        let followed = &mut self.after_two[pair];
        self.by_two += u32::from(*followed == byte);
        *followed = byte;
        let [a, b, c] = self.whole;
        let line = c.wrapping_add(c.wrapping_sub(b));
        let bend = c.wrapping_sub(b).wrapping_sub(b.wrapping_sub(a));
        self.by_line += u32::from(line == interval);
        self.by_parabola += u32::from(line.wrapping_add(bend) == interval);
        self.whole = [b, c, interval];
        self.counts[usize::from(byte)] += 1;
        self.ring[next] = byte;
        self.samples += 1;
    }

    /// Min-entropy of each sample, in 1/256 bit, rounded down: of the best way to foretell it.
    fn bits_256(&self) -> u32 {
        let others = [self.by_one, self.by_two, self.by_line, self.by_parabola];
        let hits = self.counts.iter().chain(&self.by_lag).chain(&others);
        let best = hits.copied().max().unwrap_or(self.samples);
        log2_256(self.samples, upper(best, self.samples))
    }
}

/// The upper end of the 99 % confidence interval for `hits` of `samples` (§6.3.1 step 2), in hits.
fn upper(hits: u32, samples: u32) -> u32 {
    /// Thousandths: the normal distribution's 99.5 % point.
    const Z: u64 = 2576;
    let (hits, samples) = (u64::from(hits), u64::from(samples));
    let variance = hits * (samples - hits) * Z * Z / (samples - 1).max(1);
    let bound = hits + isqrt(variance.into()) as u64 / 1000 + 1;
    bound.min(samples) as u32
}

/// log2(a / b) in 1/256, rounded down; `a` is not below `b`, and `b` not 0.
fn log2_256(a: u32, b: u32) -> u32 {
    const ONE: u64 = 1 << 30;
    let mut quotient = (u64::from(a) << 30) / u64::from(b);
    let mut bits = 0;
    while quotient >= 2 * ONE {
        quotient /= 2;
        bits += 1;
    }
    // One binary digit of the logarithm for each squaring.
    for _ in 0..8 {
        quotient = (quotient * quotient) >> 30;
        bits *= 2;
        if quotient >= 2 * ONE {
            quotient /= 2;
            bits += 1;
        }
    }
    bits
}

#[cfg(test)]
#[path = "entropy_tests.rs"]
mod tests;
