//! Statistics in integers, over samples that the caller holds.
//!
//! Nothing allocates and nothing overflows: sums are `u128` or `i128`, results saturate at the
//! width of the wire. Wide products and quotients are calls: a machine of 32 bits needs hundreds of
//! bytes of code for each. Sequences are taken as iterators that can be cloned, so that they may lie in
//! a slice or in the bytes of an arena ([`Samples`]). The tests hold an obvious floating-point or
//! sorting version of each.

use crate::evidence::Spread;

/// `u32` samples kept in bytes that the caller lends, four bytes each, in native order.
#[derive(Debug)]
pub struct Samples<'a>(&'a mut [u8]);

impl<'a> Samples<'a> {
    /// Uses `bytes`; a tail of less than four bytes is left alone.
    pub fn new(bytes: &'a mut [u8]) -> Self {
        Samples(bytes)
    }

    /// How many samples fit.
    pub fn capacity(&self) -> usize {
        self.0.len() / 4
    }

    /// Writes sample `index`; out of range it does nothing.
    pub fn set(&mut self, index: usize, value: u32) {
        if index < self.capacity() {
            self.0[index * 4..][..4].copy_from_slice(&value.to_ne_bytes());
        }
    }

    /// Samples `from..to`, clipped to the capacity.
    pub fn range(&self, from: usize, to: usize) -> Words<'_> {
        let capacity = self.capacity();
        let (from, to) = (from.min(capacity), to.min(capacity));
        Words(self.0.get(from * 4..to * 4).unwrap_or_default())
    }
}

/// Samples in the bytes that hold them.
#[derive(Debug, Clone)]
pub struct Words<'a>(&'a [u8]);

impl Iterator for Words<'_> {
    type Item = u32;

    // One copy for all estimators, which walk samples many times.
    #[inline(never)]
    fn next(&mut self) -> Option<u32> {
        let (word, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(u32::from_ne_bytes(*word))
    }
}

/// Saturating conversion to the width of the wire.
pub fn clamp_u32(value: u64) -> u32 {
    u32::try_from(value).unwrap_or(u32::MAX)
}

/// `a × b / c`, rounded down; saturates. A `c` of 0 counts as 1.
#[inline(never)]
pub fn mul_div(a: u64, b: u64, c: u64) -> u64 {
    saturate(mul_div_wide(a.into(), b.into(), c.max(1).into()))
}

/// `a × b / c`, rounded down, for a product that fits and a `c` above 0.
#[inline(never)]
fn mul_div_wide(a: u128, b: u128, c: u128) -> u128 {
    a * b / c
}

/// Adds `a × b` to `sum`.
#[inline(never)]
fn add_product(sum: &mut i128, a: i64, b: i64) {
    *sum += i128::from(a) * i128::from(b);
}

fn saturate(value: u128) -> u64 {
    u64::try_from(value).unwrap_or(u64::MAX)
}

/// The square root, rounded down: digit by digit in base 2, 64 turns at most. The library's own is fast
/// and a kilobyte and a half; nothing here needs the root of more than a few numbers.
pub fn isqrt(mut rest: u128) -> u128 {
    let mut root = 0;
    let mut digit = 1 << (u128::BITS - 2);
    while digit != 0 {
        let taken = root + digit;
        root >>= 1;
        if rest >= taken {
            rest -= taken;
            root += digit;
        }
        digit >>= 2;
    }
    root
}

/// Greatest common divisor; `gcd(0, n)` is `n`.
pub const fn gcd(mut a: u64, mut b: u64) -> u64 {
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a
}

/// Minimum, lower quartile, median and upper quartile; sorts `samples`. All zero for none.
pub fn spread(samples: &mut [u32]) -> Spread {
    if samples.is_empty() {
        return [0; 4];
    }
    samples.sort_unstable();
    core::array::from_fn(|quarter| samples[rank(samples.len(), quarter, 4)])
}

/// Index of the `part`/`whole` quantile among `n` ≥ 1 sorted samples: the lower neighbour.
const fn rank(n: usize, part: usize, whole: usize) -> usize {
    (n - 1) * part / whole
}

/// The `part`/`whole` quantile of a sequence that need not be sorted or held in a slice: bisection
/// on the value, 32 walks over the sequence. 0 for none.
pub fn quantile(samples: impl Iterator<Item = u32> + Clone, part: usize, whole: usize) -> u32 {
    let n = samples.clone().count();
    if n == 0 {
        return 0;
    }
    let needed = rank(n, part.min(whole), whole.max(1)) + 1;
    let (mut low, mut high) = (0, u32::MAX);
    while low < high {
        let middle = low + (high - low) / 2;
        if samples.clone().filter(|&s| s <= middle).count() >= needed {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    low
}

/// The median of a few values; sorts them. 0 for none.
pub fn median(samples: &mut [u32]) -> u32 {
    spread(samples)[crate::evidence::MEDIAN]
}

/// Count and sums of a sequence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Moments {
    /// Samples seen.
    pub n: u64,
    /// Their sum.
    pub sum: u128,
    /// Sum of their squares.
    pub squares: u128,
}

impl Moments {
    /// Walks the sequence once. At most 2^32 samples.
    pub fn of(samples: impl Iterator<Item = u32>) -> Self {
        let mut moments = Moments::default();
        for sample in samples {
            moments.add(sample.into(), 1);
        }
        moments
    }

    /// Adds a sample that was seen so many times. `n` × `squares` must fit.
    #[inline(never)]
    pub fn add(&mut self, sample: u64, times: u64) {
        let product = u128::from(sample) * u128::from(times);
        self.n += times;
        self.sum += product;
        self.squares += product * u128::from(sample);
    }

    /// Arithmetic mean, rounded down; 0 for none.
    pub fn mean(&self) -> u64 {
        self.averaged(self.sum)
    }

    /// A sum's part for each sample.
    #[inline(never)]
    fn averaged(&self, sum: u128) -> u64 {
        saturate(mul_div_wide(sum, 1, self.n.max(1).into()))
    }

    /// n² times the population variance: exact.
    #[inline(never)]
    fn scaled_variance(&self) -> u128 {
        // Never below 0.
        mul_div_wide(self.n.into(), self.squares, 1)
            .saturating_sub(mul_div_wide(self.sum, self.sum, 1))
    }

    /// Population standard deviation, rounded down.
    pub fn deviation(&self) -> u64 {
        self.averaged(isqrt(self.scaled_variance()))
    }

    /// Population coefficient of variation, parts per million. 0 where the mean is 0.
    ///
    /// With the digits of the root that the scale asks for where they fit, and the rounded-down root
    /// where they do not.
    pub fn cv_ppm(&self) -> u32 {
        const PPM: u128 = 1_000_000;
        if self.sum == 0 {
            return 0;
        }
        let square = self.scaled_variance();
        let (square, scale) = if square <= u128::MAX / (PPM * PPM) {
            (mul_div_wide(square, PPM * PPM, 1), 1)
        } else {
            (square, PPM)
        };
        clamp_u32(saturate(mul_div_wide(isqrt(square), scale, self.sum)))
    }
}

/// Autocorrelation at lag 1, parts per million, −1,000,000 to 1,000,000. 0 for a constant sequence.
///
/// Cost: two walks.
pub fn lag1_ppm(samples: impl Iterator<Item = u32> + Clone) -> i32 {
    const PPM: u32 = 1_000_000;
    // Deviations from the mean rounded down: the rounding, below 1 tick, shifts both sums alike. The
    // mean of numbers of 32 bits has no more.
    let mean = Moments::of(samples.clone()).mean() as i64;
    let (mut products, mut squares, mut last) = (0, 0, 0);
    for sample in samples {
        let deviation = i64::from(sample) - mean;
        // The first sample has none before it, and 0 adds nothing.
        add_product(&mut products, deviation, last);
        add_product(&mut squares, deviation, deviation);
        last = deviation;
    }
    if squares == 0 {
        return 0;
    }
    let whole = squares.unsigned_abs();
    let part = mul_div_wide(products.unsigned_abs(), PPM.into(), whole);
    let ppm = clamp_u32(saturate(part)).min(PPM) as i32;
    if products < 0 {
        -ppm
    } else {
        ppm
    }
}

/// Allan deviation of the sequence at averages of `m` samples, parts per billion of its mean:
/// sqrt(½ · mean of (difference of neighbouring averages)²). `None` with fewer than two averages.
///
/// Cost: two walks. (IEEE Std 1139; Riley, "Handbook of Frequency Stability Analysis", NIST SP 1065,
/// eq. 8, without overlap.)
pub fn allan_ppb(samples: impl Iterator<Item = u32> + Clone, m: usize) -> Option<u32> {
    const PPB: u64 = 1_000_000_000;
    let m = m.max(1);
    let moments = Moments::of(samples.clone());
    if moments.sum == 0 {
        return None;
    }
    // `m` times the mean is `m * sum / n`.
    let scale = u128::from(moments.n * PPB);
    let whole = mul_div_wide(m as u128, moments.sum, 1);
    let (mut sum, mut within) = (0, 0);
    let (mut last, mut squares, mut pairs) = (None, 0, 0);
    for sample in samples {
        sum += u64::from(sample);
        within += 1;
        if within == m {
            if let Some(last) = last {
                let ppb = mul_div_wide(sum.abs_diff(last).into(), scale, whole);
                squares += mul_div_wide(ppb, ppb, 1);
                pairs += 1;
            }
            last = Some(sum);
            (sum, within) = (0, 0);
        }
    }
    let deviation = |pairs: u64| isqrt(mul_div_wide(squares, 1, u128::from(2 * pairs)));
    (pairs > 0).then(|| clamp_u32(saturate(deviation(pairs))))
}

/// Bin of `excess` in a histogram of `bins` (at least 1): 0 for none, otherwise one bin for each
/// octave, the last one for everything beyond.
pub fn bin(excess: u32, bins: usize) -> usize {
    let octave = (u32::BITS - excess.leading_zeros()) as usize;
    octave.min(bins.saturating_sub(1))
}

/// Logarithm to base 2 in 1/1,024ths, of `value` ≥ 1 (0 counts as 1), rounded down: ten bits by
/// repeated squaring.
pub fn log2_milli(value: u32) -> u32 {
    const FRACTION_BITS: u32 = 10;
    let value = value.max(1);
    let whole = value.ilog2();
    let mut log = whole;
    // 1 ≤ x < 2 with 31 bits after the point.
    let mut x = u64::from(value) << (31 - whole);
    for _ in 0..FRACTION_BITS {
        x = (x * x) >> 31;
        log <<= 1;
        if x >> 32 != 0 {
            log |= 1;
            x >>= 1;
        }
    }
    log
}

/// The longest curve that [`steps`] takes.
pub const MAX_CURVE: usize = 40;

/// A rise between neighbours that belongs to a step: 2^(96/1024) = 6.7 %. The spread of a plateau's
/// minima is 1 to 2 % on hardware.
const SLOPE: u32 = 96;

/// A whole step: 2^(256/1024) = 19 %. The smallest step between cache levels known to us is a
/// third: 3 to 4 cycles, first to second level of the POWER4's load path.
const STEP: u32 = 256;

/// Two steps run into each other where the slope between them falls below a third of the higher peak …
const VALLEY: u32 = 3;

/// … and below three quarters of the lower one.
const DIP: (u32, u32) = (3, 4);

/// The last point below this part of a step's rise is the last before it. More than half: a working
/// set of exactly the capacity loses lines to chance where sets are chosen by physical address.
const BELOW: (u32, u32) = (3, 5);

/// Finds where a rising latency curve steps up: for each step the index of the last point before
/// it, in rising order; gives how many were written to `out` (the first ones, where there are more).
///
/// The curve is first made monotone: a point above a later one was disturbed, and is forgotten. In
/// logarithms, a maximal run of slopes above 7 % that rises by 19 % or more is a step, cut in two at
/// a valley of its slopes. The last point below three fifths of the rise is the last before the step.
/// At most [`MAX_CURVE`] points are looked at.
pub fn steps(curve: &[u32], out: &mut [usize]) -> usize {
    let n = curve.len().min(MAX_CURVE);
    let log = &rising(&curve[..n])[..n];
    let mut found = 0;
    let mut at = 0;
    while at + 1 < n {
        if log[at + 1] - log[at] < SLOPE {
            at += 1;
            continue;
        }
        let start = at;
        while at + 1 < n && log[at + 1] - log[at] >= SLOPE {
            at += 1;
        }
        let mut from = start;
        while from < at {
            let to = valley(log, from, at).unwrap_or(at);
            if log[to] - log[from] >= STEP && found < out.len() {
                let level = log[from] + (log[to] - log[from]) * BELOW.0 / BELOW.1;
                out[found] = (from..to).rfind(|&i| log[i] < level).unwrap_or(from);
                found += 1;
            }
            from = to;
        }
    }
    found
}

/// The curve's logarithms, never falling. Measurements err upwards only: a point above a later one
/// was disturbed. By less than a slope it takes the later one's value; by more it is forgotten, and
/// lies on the line between its neighbours, so that it makes neither a step nor a plateau.
fn rising(curve: &[u32]) -> [u32; MAX_CURVE] {
    let mut log = [0; MAX_CURVE];
    // The nearest point to the right that was not forgotten.
    let mut right: Option<(usize, u32)> = None;
    for (i, &cost) in curve.iter().enumerate().rev() {
        let value = log2_milli(cost);
        let lowest = right.map_or(u32::MAX, |(_, log)| log);
        if value > lowest.saturating_add(SLOPE) {
            continue;
        }
        let value = value.min(lowest);
        log[i] = value;
        if let Some((end, above)) = right {
            for (step, between) in (1u32..).zip(&mut log[i + 1..end]) {
                *between = value + (above - value) * step / (end - i) as u32;
            }
        }
        right = Some((i, value));
    }
    // Forgotten points at the very start have no left neighbour.
    if let Some((first, value)) = right {
        log[..first].fill(value);
    }
    log
}

/// The first point inside `from..to` where a complete step has been climbed, the slope is at a
/// valley, and another complete step follows.
fn valley(log: &[u32], from: usize, to: usize) -> Option<usize> {
    let slope = |i: usize| log[i + 1] - log[i];
    let peak = |range: core::ops::Range<usize>| range.map(slope).max().unwrap_or(0);
    (from + 1..to.saturating_sub(1))
        .find(|&i| {
            let (before, after) = (peak(from..i), peak(i + 1..to));
            slope(i) * VALLEY < before.max(after)
                && slope(i) * DIP.1 < before.min(after) * DIP.0
                && log[i] - log[from] >= STEP
                && log[to] - log[i + 1] >= STEP
        })
        .map(|i| i + 1)
}

#[cfg(test)]
#[path = "stats_tests.rs"]
mod tests;
