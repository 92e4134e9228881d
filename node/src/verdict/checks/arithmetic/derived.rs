//! What a probe computes from numbers that it sends as well: capacities from the curve, time constants from the warming,
//! moments from the samples of a histogram. Who changes one and not the other is seen.
//!
//! The functions are the probe's own (`probe-core`): they belong to the version of the evidence, and whoever changes one
//! raises [`EVIDENCE_VERSION`](probe_core::evidence::EVIDENCE_VERSION).

use super::{least_of, Contradictions};
use crate::verdict::checks::jitter::WINDOWS_OF_ROWS;
use probe_core::channels::{cache, jitter, oscillator, thermal};
use probe_core::evidence::Evidence;

pub(super) fn relations(evidence: &Evidence, found: &mut Contradictions) {
    same_kernels(evidence, found);
    if let Some(cache) = &evidence.cache {
        curves(cache, found);
    }
    if let Some(thermal) = &evidence.thermal {
        let constants = thermal::time_constants(&thermal.curve);
        found.expect(constants == [thermal.ramp, thermal.recovery], || {
            String::from("thermal: time constants of another curve")
        });
    }
    if let Some(jitter) = &evidence.jitter {
        windows(jitter, found);
    }
    if let Some(oscillator) = &evidence.oscillator {
        samples(oscillator, found);
    }
}

/// Channels that run the same kernel are there together, or not at all. But for the warming, which is nearly all of a
/// probe's time and proves little: who leaves it out gains nothing.
fn same_kernels(e: &Evidence, found: &mut Contradictions) {
    let Some(pipeline) = &e.pipeline else {
        return;
    };
    let all = e.jitter.is_some() && e.oscillator.is_some();
    found.expect(all, || {
        String::from("adds were timed in the pipeline, and not in short windows and long samples")
    });
    let Some(jitter) = &e.jitter else {
        return;
    };
    for (window, row) in WINDOWS_OF_ROWS {
        let timed = pipeline.matrix.get(row).copied().flatten().is_some();
        let windows = jitter.histograms.get(window).is_some_and(|h| !h.is_empty());
        found.expect(timed == windows, || {
            String::from("an operation timed in the pipeline or in short windows, and not in both")
        });
    }
}

fn curves(sent: &cache::Evidence, found: &mut Contradictions) {
    found.expect(cache::boundaries(&sent.curve) == sent.boundaries, || {
        String::from("cache.boundaries of another curve")
    });
    found.expect(cache::line(&sent.line_curve) == sent.line, || {
        String::from("cache.line of another curve")
    });
    found.expect(cache::reach(&sent.tlb) == sent.tlb_reach, || {
        String::from("cache.tlb_reach of another curve")
    });
}

/// Some window is the shortest, some is the longest, and each lies in its bin.
fn windows(sent: &jitter::Evidence, found: &mut Contradictions) {
    let ranges = sent.minima.iter().zip(&sent.worst);
    for (histogram, (&least, &worst)) in sent.histograms.iter().zip(ranges) {
        let Some(&shortest) = histogram.first() else {
            continue;
        };
        let longest = jitter::bin(worst.saturating_sub(least));
        let ends = shortest > 0 && histogram.len() == longest + 1;
        found.expect(ends && histogram.last() != Some(&0), || {
            String::from("a jitter histogram that does not reach from its minimum to its worst")
        });
    }
}

/// A millionth, and slack for what is rounded on its way, in millionths.
const PPM: u128 = 1_000_000;
const MOMENT_SLACK: u128 = 10_000;

/// Variation in millionths, and standard deviation in ticks, below which rounding decides over moments.
const LEAST_VARIATION: u32 = 1_000;
const LEAST_DEVIATION: u128 = 16;

/// Mean and variation lie where the histogram lets them; and the Allan deviation of neighbours follows from variation and
/// correlation: the squares of all differences of neighbours sum up to twice the squares less twice the products, but for
/// the first and the last sample.
fn samples(sent: &oscillator::Evidence, found: &mut Contradictions) {
    let ends = sent.histogram.first() != Some(&0) && sent.histogram.last() != Some(&0);
    found.expect(ends, || {
        String::from("oscillator.histogram has no sample at its minimum, or none in its last bin")
    });
    let n = u128::from(sent.samples.max(1));
    let mean = u128::from(sent.mean);
    let above = u128::from(sent.mean.saturating_sub(sent.minimum));
    let last = oscillator::BINS - 1;
    // Each bin from its least excess to below the next one's; the last has no end.
    let bins = || {
        let range = |bin: usize| match bin {
            0 => [0, 0],
            bin if bin == last => [least_of(bin), u32::MAX],
            bin => [least_of(bin), least_of(bin + 1) - 1],
        };
        let counts = sent.histogram.iter().enumerate();
        counts.map(move |(bin, &count)| (u128::from(count), range(bin).map(u128::from)))
    };
    let least: u128 = bins().map(|(count, [from, _])| count * from).sum();
    let most: u128 = bins().map(|(count, [_, to])| count * to).sum();
    found.expect((least / n..=most / n).contains(&above), || {
        String::from("oscillator.mean outside what its histogram allows")
    });
    if sent.cv_ppm == u32::MAX {
        return;
    }
    // The mean is rounded down, which moves a distance from it by less than a tick.
    let nearest = |[from, to]: [u128; 2]| above.abs_diff(above.clamp(from, to)).saturating_sub(1);
    let farthest = |ends: [u128; 2]| {
        ends.map(|end| above.abs_diff(end))
            .into_iter()
            .max()
            .map_or(0, |far| far + 1)
    };
    let squares = |distance: &dyn Fn([u128; 2]) -> u128| -> u128 {
        bins()
            .map(|(count, ends)| count * distance(ends).pow(2))
            .sum()
    };
    let variation = u128::from(sent.cv_ppm);
    let [low, high] = [variation * mean, (variation + 1) * (mean + 1)]
        .map(|product| product.saturating_mul(product).saturating_mul(n));
    let holds = squares(&nearest) <= high / PPM / PPM + 1 && low / PPM / PPM <= squares(&farthest);
    found.expect(holds, || {
        String::from("oscillator.cv_ppm outside what its histogram allows")
    });
    let neighbours = sent.allan_ppb.first().copied().unwrap_or(u32::MAX);
    let fine = sent.cv_ppm >= LEAST_VARIATION && variation * mean >= LEAST_DEVIATION * PPM;
    // Under heavy load it is more than its field holds.
    if !fine || neighbours == u32::MAX {
        return;
    }
    let allan = u128::from(neighbours).pow(2) * (n - 1) * PPM;
    let squares = (variation * 1_000).pow(2) * n;
    let apart = (PPM as i128 - i128::from(sent.lag1_ppm)).max(0) as u128;
    // The first and the last sample's squares are not in it, half of each.
    let range =
        squares * apart.saturating_sub(PPM / 2 + MOMENT_SLACK)..=squares * (apart + MOMENT_SLACK);
    found.expect(range.contains(&allan), || {
        String::from("oscillator.allan_ppb does not follow from variation and correlation")
    });
}
