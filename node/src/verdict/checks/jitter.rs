//! Short windows of each kind of work: some must vary, on any machine whose counter can show it; and the shortest of each
//! kind stand to each other as the pipeline's latencies do, because they are the same chains on the same machine.

use super::{about, milli, Subject};
use crate::verdict::thresholds::{EVEN_NOISE, EVEN_RANGE, JITTER_RESOLUTION, WINDOW_AGREEMENT};
use crate::verdict::{Aspect, Check, Outcome};
use probe_core::channels::jitter::{Evidence, BINS};

/// Kinds of work that the pipeline times as well: the place of their windows, and their row in the matrix. First the
/// FP add, then the load.
pub(super) const WINDOWS_OF_ROWS: [(usize, usize); 2] = [(2, 5), (3, 4)];

/// Judges whether anything varies, and whether windows and pipeline are of one machine.
pub fn check(subject: &Subject<'_>) -> Vec<Check> {
    let Some(jitter) = &subject.evidence.jitter else {
        let draft = about("jitter", Aspect::Presence);
        return vec![draft.absent("Short windows were not timed.")];
    };
    let mut checks = vec![varies(subject, jitter)];
    checks.extend(agrees(subject, jitter));
    checks.extend(shape(subject, jitter));
    checks
}

/// Whether windows are longer than the shortest by amounts that are drawn evenly, from none to the most. What disturbs a
/// machine is seldom and long or frequent and short: a generator of even numbers is neither.
fn shape(subject: &Subject<'_>, jitter: &Evidence) -> Option<Check> {
    let lattice = subject.evidence.counter.as_ref()?.resolution();
    let worst = jitter.minima.iter().zip(&jitter.worst);
    let apart: Vec<u64> = jitter
        .histograms
        .iter()
        .zip(worst)
        .filter_map(|(counts, (least, worst))| {
            from_even(counts, worst.saturating_sub(*least), lattice)
        })
        .collect();
    let most = apart.iter().copied().max()?;
    let draft = about("jitter", Aspect::Presence)
        .measured(format!(
            "excesses in octaves, from evenly drawn ones: {} at most",
            milli(most)
        ))
        .expected(format!("{} or more", milli(EVEN_NOISE.value)));
    Some(draft.decide(
        most >= EVEN_NOISE.value,
        "Excesses gather near the shortest window or thin out, as disturbances of a machine do.",
        "Excesses are spread evenly from none to the most, in each kind of work: a generator's numbers, no machine's.",
        &EVEN_NOISE,
    ))
}

/// How far a histogram of excesses is from that of numbers drawn evenly from 0 to `most` on a lattice: half the sum of the
/// differences of shares, thousandths (total variation). `None` where the range is too short to tell, or nothing was
/// counted.
fn from_even(counts: &[u16], most: u32, lattice: u32) -> Option<u64> {
    let values = u64::from(most / lattice) + 1;
    let all: u64 = counts.iter().map(|&count| u64::from(count)).sum();
    if values <= EVEN_RANGE.value || all == 0 {
        return None;
    }
    let up_to = |octave: usize| match octave {
        _ if octave + 1 >= BINS => values,
        _ => (((1_u64 << octave) - 1) / u64::from(lattice) + 1).min(values),
    };
    let apart = (0..BINS).map(|octave| {
        let below = octave.checked_sub(1).map_or(0, up_to);
        let even = (up_to(octave) - below) * 1000 / values;
        let share = u64::from(counts.get(octave).copied().unwrap_or(0)) * 1000 / all;
        share.abs_diff(even)
    });
    Some(apart.sum::<u64>() / 2)
}

/// The shortest windows against the pipeline's ratios. Kinds take turns within microseconds, so that no change of the
/// core's clock comes between them; a counter's read and the loop lengthen each by the same.
fn agrees(subject: &Subject<'_>, jitter: &Evidence) -> Option<Check> {
    let pipeline = subject.evidence.pipeline.as_ref()?;
    let counter = subject.evidence.counter.as_ref()?;
    let add = u64::from(*jitter.minima.first().filter(|&&add| add > 0)?);
    // One read more or less, or one step.
    let unit = u64::from(counter.step.max(counter.overhead[1]));
    let mut told = Vec::new();
    let mut apart = false;
    for (window, row) in WINDOWS_OF_ROWS {
        let latency = pipeline
            .matrix
            .get(row)
            .copied()
            .flatten()
            .map(|cell| u64::from(cell[2]));
        let present = jitter.histograms.get(window).is_some_and(|h| !h.is_empty());
        let shortest = jitter
            .minima
            .get(window)
            .filter(|_| present)
            .map(|&least| u64::from(least));
        let (Some(latency), Some(shortest)) = (latency, shortest) else {
            continue;
        };
        let expected = add.saturating_mul(latency) / 1000;
        let slack =
            expected.saturating_mul(WINDOW_AGREEMENT.value) / 1000 + unit * (latency / 1000 + 2);
        apart |= shortest.abs_diff(expected) > slack;
        told.push(format!(
            "{} and {} adds",
            milli(shortest.saturating_mul(1000) / add),
            milli(latency)
        ));
    }
    if told.is_empty() {
        return None;
    }
    let draft = about("jitter", Aspect::Presence)
        .measured(format!(
            "in short windows and in the pipeline: {}",
            told.join(", ")
        ))
        .expected(format!(
            "within {} of each other",
            milli(WINDOW_AGREEMENT.value)
        ));
    Some(draft.decide(
        !apart,
        "An FP add and a load cost the same in both places.",
        "An operation costs one thing in one place and another in the other: the numbers are not of one machine.",
        &WINDOW_AGREEMENT,
    ))
}

fn varies(subject: &Subject<'_>, jitter: &Evidence) -> Check {
    let draft = about("jitter", Aspect::Presence);
    let excess: Vec<u32> = jitter
        .minima
        .iter()
        .zip(&jitter.worst)
        .map(|(m, w)| w.saturating_sub(*m))
        .collect();
    let draft = draft
        .measured(format!(
            "{} windows of each kind; minima {:?} ticks, worst {:?} ticks longer",
            jitter.windows,
            jitter.minima.as_slice(),
            excess
        ))
        .expected("some window longer than the shortest");
    let longest = jitter.minima.iter().copied().max().unwrap_or(0);
    if excess.iter().any(|&e| e > 0) {
        draft.so(
            Outcome::Pass,
            "Windows vary, as interrupts, caches and predictors make them.",
            &JITTER_RESOLUTION,
        )
    } else if resolves(subject, longest) {
        draft.so(
            Outcome::Fail,
            "Nothing ever varies: time here is a count of instructions.",
            &JITTER_RESOLUTION,
        )
    } else {
        draft.so(
            Outcome::Note,
            "The counter is too coarse to show jitter.",
            &JITTER_RESOLUTION,
        )
    }
}

/// Whether a window of `ticks` is long enough for the counter to show that it varies.
pub(super) fn resolves(subject: &Subject<'_>, ticks: u32) -> bool {
    let step = subject
        .evidence
        .counter
        .as_ref()
        .map_or(u32::MAX, |c| c.step.max(1));
    u64::from(ticks / step) >= JITTER_RESOLUTION.value
}

#[cfg(test)]
mod tests {
    use super::*;
    use probe_core::channels::jitter::bin;
    use probe_core::seed::Seed;

    /// The histogram of some excesses, and the distance that it has.
    fn apart(excesses: &[u32], lattice: u32) -> Option<u64> {
        let mut counts = [0; BINS];
        for &excess in excesses {
            counts[bin(excess)] += 1;
        }
        from_even(&counts, excesses.iter().copied().max()?, lattice)
    }

    #[test]
    fn every_value_once_is_even() {
        for (most, lattice) in [(40, 1), (1_000, 1), (999, 3), (20_000, 1), (50_000, 40)] {
            let all: Vec<u32> = (0..=most).step_by(lattice as usize).collect();
            let apart = apart(&all, lattice).expect("a range that tells");
            // Each of sixteen shares is rounded down once on either side.
            assert!(apart <= 8, "0 to {most} by {lattice}: {apart}");
        }
    }

    #[test]
    fn what_disturbs_seldom_and_long_is_far_from_even() {
        let mut excesses = vec![0; 950];
        excesses.extend([3; 40]);
        excesses.extend([2_000; 10]);
        assert!(apart(&excesses, 1) > Some(EVEN_NOISE.value));
    }

    #[test]
    fn a_short_range_tells_nothing() {
        let few: Vec<u32> = (0..EVEN_RANGE.value as u32).collect();
        assert_eq!(apart(&few, 1), None);
        let coarse: Vec<u32> = few.iter().map(|value| value * 40).collect();
        assert_eq!(apart(&coarse, 40), None);
        assert_eq!(from_even(&[], 1_000, 1), None);
    }

    #[test]
    fn drawn_evenly_is_told_from_few_windows() {
        let mut random = Seed::derive("a nonce", "a miner").stream(0);
        for most in [20, 100, 3_000, 100_000] {
            let draws: Vec<u32> = (0..300).map(|_| random.below(most + 1)).collect();
            assert!(apart(&draws, 1) < Some(EVEN_NOISE.value), "0 to {most}");
        }
    }
}
