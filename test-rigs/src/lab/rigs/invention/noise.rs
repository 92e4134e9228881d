//! Noise from generators, with more and more care: what each hour of an inventor's work buys.

use crate::lab::paper;
use probe_core::channels::{cache, jitter, oscillator};
use probe_core::evidence::Evidence;
use probe_core::seed::Stream;
use probe_core::stats::{allan_ppb, lag1_ppm, spread, Moments};

/// Where a draw of noise comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Care {
    /// Uniform, any number of ticks.
    Uniform,
    /// Uniform, in the counter's steps.
    Steps,
    /// Round a middle, as sums of many small causes are, in the counter's steps.
    Bell,
    /// In the counter's steps, as often in each octave as in the recorded run.
    Fitted,
}

/// Passes over each working set that the standard plan makes.
const PASSES: usize = 9;
/// The most that a uniform draw adds to a time, thousandths of it.
const MOST: u32 = 60;
/// Uniform draws whose sum has a bell's shape: of variance 1 (Irwin and Hall).
const SUMMANDS: u32 = 12;

/// Draws all noise anew, and computes from the draws what the probe computes from its samples.
pub fn draw(evidence: &mut Evidence, care: Care, random: &mut Stream) {
    let step = match care {
        Care::Uniform => 1,
        Care::Steps | Care::Bell | Care::Fitted => paper::step(evidence),
    };
    if let Some(j) = &mut evidence.jitter {
        let kinds = j.histograms.iter_mut().zip(&mut j.minima).zip(&mut j.worst);
        for ((histogram, least), worst) in kinds {
            if histogram.is_empty() {
                continue;
            }
            let draws: Vec<u32> = (0..j.windows)
                .map(|_| *least + excess(histogram, *least, care, step, random))
                .collect();
            let range = [draws.iter().min(), draws.iter().max()];
            [*least, *worst] = range.map(|end| end.copied().unwrap_or(0));
            let bins = draws.iter().map(|draw| jitter::bin(draw - *least));
            *histogram = counts(bins, jitter::BINS).into_iter().collect();
        }
    }
    if let Some(o) = &mut evidence.oscillator {
        let draws: Vec<u32> = (0..o.samples)
            .map(|_| o.minimum + excess(&o.histogram, o.minimum, care, step, random))
            .collect();
        let moments = Moments::of(draws.iter().copied());
        o.minimum = draws.iter().min().copied().unwrap_or(0);
        o.mean = u32::try_from(moments.mean()).unwrap_or(u32::MAX);
        o.cv_ppm = moments.cv_ppm();
        o.lag1_ppm = lag1_ppm(draws.iter().copied());
        for (octave, allan) in o.allan_ppb.iter_mut().enumerate() {
            *allan = allan_ppb(draws.iter().copied(), 1 << octave).unwrap_or(0);
        }
        let bins = draws.iter().map(|draw| oscillator::bin(draw - o.minimum));
        o.histogram = counts(bins, oscillator::BINS).into_iter().collect();
    }
    if let Some(c) = &mut evidence.cache {
        for (i, point) in c.curve.iter_mut().enumerate() {
            let loads = u64::from(cache::loads(i, c.steps));
            let ticks = u64::from(point[0]) * loads / 1000;
            let passes = std::array::from_fn::<_, PASSES, _>(|_| {
                let by = u64::from(random.below(MOST + 1));
                let ticks = ticks + ticks * by / 1000 / step * step;
                u32::try_from(ticks / step * step * 1000 / loads).unwrap_or(u32::MAX)
            });
            let mut passes = passes;
            *point = spread(&mut passes);
        }
        paper::derive(c);
    }
    paper::settle(evidence);
}

/// One draw above `least`, ticks; the histogram is that of the recorded run.
fn excess(histogram: &[u16], least: u32, care: Care, step: u64, random: &mut Stream) -> u32 {
    let step = u32::try_from(step).unwrap_or(u32::MAX);
    let ticks = match care {
        Care::Uniform | Care::Steps => random.below(least / 1000 * MOST + 1),
        Care::Bell => {
            let draws = (0..SUMMANDS).map(|_| random.below(least / 1000 * MOST + 1));
            draws.sum::<u32>() / SUMMANDS
        }
        Care::Fitted => {
            let all: u32 = histogram.iter().map(|&count| u32::from(count)).sum();
            let mut place = random.below(all.max(1));
            let bin = histogram.iter().position(|&count| {
                let here = place < u32::from(count);
                place = place.saturating_sub(u32::from(count));
                here
            });
            match bin.unwrap_or(0) {
                0 => 0,
                octave => {
                    let from = 1 << (octave - 1);
                    // Up to the next step, which is still of this octave or the next one's first.
                    (from + random.below(from)).next_multiple_of(step)
                }
            }
        }
    };
    ticks / step * step
}

/// How many of each bin, without the empty ones at the end.
fn counts(bins: impl Iterator<Item = usize>, all: usize) -> Vec<u16> {
    let mut counts = vec![0; all];
    for bin in bins {
        counts[bin] += 1;
    }
    while counts.last() == Some(&0) {
        counts.pop();
    }
    counts
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bind::bind;
    use crate::lab::paper::{PROCESSORS, PROFILES};
    use probe_core::seed::Seed;
    use verdigris_node::verdict::{judge, Case, Claim, Proof};

    #[test]
    fn only_noise_in_the_counters_steps_holds_together() {
        let seed = Seed::derive("a nonce", "a miner");
        let mut random = seed.stream(0);
        for processor in PROCESSORS.iter().step_by(20) {
            for care in [Care::Uniform, Care::Steps, Care::Bell, Care::Fitted] {
                let mut evidence = processor.evidence(&mut random);
                draw(&mut evidence, care, &mut random);
                bind(&mut evidence, &seed);
                let case = Case {
                    claim: Claim::default(),
                    proof: Proof::Evidence {
                        evidence: &evidence,
                        seed,
                    },
                    answered_after_ms: evidence.elapsed_ns / 1_000_000 + 1,
                    chain_age_s: 0,
                    year: 2026,
                    previous: None,
                };
                let verdict = judge(&case, &PROFILES);
                let name = processor.name();
                let holds = care != Care::Uniform;
                assert_eq!(verdict.integrity, holds, "{name} {care:?}: {verdict:#?}");
            }
        }
    }
}
