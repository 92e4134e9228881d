//! What errors were counted, and what that says of the rate behind them.
//!
//! Words are those of ISO/IEC 19795-1 (performance of biometrics) and ISO/IEC 30107-3 (detection of presentation
//! attacks), for which a machine is the person and an imitation is the attack:
//! - *FMR*, false match rate: false claims of a kind that were believed; *FNMR*: honest ones that were not.
//! - *APCER*, attack presentation classification error rate: attacks of one species taken for silicon; *BPCER*: bona
//!   fide presentations, honest machines, taken for attacks.
//! - *FTA*, failure to acquire: no judgement could be had at all.
//!
//! Pure functions: the same counts give the same figures.

use probe_core::seed::Stream;
use statrs::function::beta::inv_beta_reg;

/// The level of every interval in the report.
pub const CONFIDENCE: f64 = 0.95;

/// Resamplings of a bootstrap: percentiles of 2.5 % then rest on 50 of them.
pub const RESAMPLINGS: usize = 2_000;

/// So many of so many.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Share {
    /// Those counted.
    pub hits: u64,
    /// All.
    pub of: u64,
}

impl Share {
    /// Counts those of `all` that are `true`.
    pub fn count(all: impl IntoIterator<Item = bool>) -> Self {
        let mut share = Share::default();
        for hit in all {
            share.hits += u64::from(hit);
            share.of += 1;
        }
        share
    }

    /// The share itself, 0 to 1; `None` of nothing.
    pub fn rate(self) -> Option<f64> {
        (self.of > 0).then(|| self.hits as f64 / self.of as f64)
    }

    /// The interval of Clopper and Pearson (Biometrika 26, 1934): whatever the true rate, at least a share
    /// `confidence` of such intervals hold it. It takes runs to be independent; where they come from a few machines,
    /// see [`bootstrap`]. `[0, 1]` of nothing.
    pub fn interval(self, confidence: f64) -> [f64; 2] {
        if self.of == 0 {
            return [0.0, 1.0];
        }
        let tail = (1.0 - confidence) / 2.0;
        let (hits, misses) = (self.hits as f64, (self.of - self.hits) as f64);
        let low = match self.hits {
            0 => 0.0,
            _ => inv_beta_reg(hits, misses + 1.0, tail),
        };
        let high = match self.of - self.hits {
            0 => 1.0,
            _ => inv_beta_reg(hits + 1.0, misses, 1.0 - tail),
        };
        [low, high]
    }
}

/// The rule of three: no error in `n` independent runs, and the true rate is below this with 95 % confidence
/// (Hanley and Lippman-Hand, JAMA 249, 1983). At most 1.
pub fn rule_of_three(n: u64) -> f64 {
    if n == 0 {
        1.0
    } else {
        (3.0 / n as f64).min(1.0)
    }
}

/// An interval for the rate of hits over machines: the units are drawn with replacement, each with all of its runs,
/// so that many runs of one machine do not count as many machines (subset bootstrap: Bolle, Ratha and Pankanti,
/// "Error analysis of pattern recognition systems", CVIU 93, 2004). Percentiles of `resamplings`. `None` without
/// runs. One unit, or units that all agree, give an interval without width: then [`rule_of_three`] over the units.
pub fn bootstrap(
    units: &[Share],
    resamplings: usize,
    confidence: f64,
    random: &mut Stream,
) -> Option<[f64; 2]> {
    let count = u32::try_from(units.len()).ok().filter(|&n| n > 0)?;
    let mut rates: Vec<f64> = (0..resamplings.max(1))
        .filter_map(|_| {
            let mut drawn = Share::default();
            for _ in 0..count {
                let unit = units[random.below(count) as usize];
                drawn.hits += unit.hits;
                drawn.of += unit.of;
            }
            drawn.rate()
        })
        .collect();
    rates.sort_by(f64::total_cmp);
    let tail = (1.0 - confidence) / 2.0;
    Some([quantile(&rates, tail)?, quantile(&rates, 1.0 - tail)?])
}

/// The value that a share `q` of `sorted` does not exceed; `None` of nothing.
pub fn quantile(sorted: &[f64], q: f64) -> Option<f64> {
    let last = sorted.len().checked_sub(1)?;
    let at = (q.clamp(0.0, 1.0) * last as f64).round() as usize;
    sorted.get(at).copied()
}

/// Honest and attacking scores, higher for what looks more like an attack: what a threshold on them would do.
#[derive(Debug, Clone, PartialEq)]
pub struct Roc {
    honest: Vec<f64>,
    attacks: Vec<f64>,
}

/// What one threshold does: everything above it is refused.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Point {
    /// The threshold.
    pub threshold: f64,
    /// Share of the honest that are refused.
    pub false_refusal: f64,
    /// Share of the attacks that are refused.
    pub detection: f64,
}

impl Roc {
    /// `None` where either side has no score. Scores may be infinite, not NaN.
    pub fn new(honest: &[f64], attacks: &[f64]) -> Option<Self> {
        let sorted = |scores: &[f64]| {
            let mut scores = scores.to_vec();
            scores.sort_by(f64::total_cmp);
            scores
        };
        let sound = |scores: &[f64]| !scores.is_empty() && !scores.iter().any(|s| s.is_nan());
        (sound(honest) && sound(attacks)).then(|| Roc {
            honest: sorted(honest),
            attacks: sorted(attacks),
        })
    }

    /// What a threshold does.
    pub fn at(&self, threshold: f64) -> Point {
        let above = |scores: &[f64]| {
            let kept = scores.partition_point(|&s| s <= threshold);
            (scores.len() - kept) as f64 / scores.len() as f64
        };
        Point {
            threshold,
            false_refusal: above(&self.honest),
            detection: above(&self.attacks),
        }
    }

    /// The curve: one point for each score that occurs, from everything refused to nothing.
    pub fn points(&self) -> Vec<Point> {
        let mut thresholds: Vec<f64> = self.honest.iter().chain(&self.attacks).copied().collect();
        thresholds.push(f64::NEG_INFINITY);
        thresholds.sort_by(f64::total_cmp);
        thresholds.dedup();
        thresholds.into_iter().map(|t| self.at(t)).collect()
    }

    /// The most that is detected where at most a share `false_refusal` of the honest is refused. With fewer than
    /// `1 / false_refusal` honest scores that is none of them.
    pub fn detection_at(&self, false_refusal: f64) -> Point {
        let allowed = (self.honest.len() as f64 * false_refusal).floor() as usize;
        let kept = self.honest.len() - allowed.min(self.honest.len());
        let threshold = match kept {
            0 => f64::NEG_INFINITY,
            n => self.honest[n - 1],
        };
        self.at(threshold)
    }

    /// The equal error rate: where as many honest machines are refused as attacks are passed; halfway where the two
    /// jump past each other.
    pub fn equal_error_rate(&self) -> f64 {
        let apart = |p: &Point| (p.false_refusal - (1.0 - p.detection)).abs();
        let nearest = self
            .points()
            .into_iter()
            .min_by(|a, b| apart(a).total_cmp(&apart(b)));
        nearest.map_or(0.5, |p| (p.false_refusal + 1.0 - p.detection) / 2.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use probe_core::seed::Seed;
    use proptest::prelude::*;

    fn share(hits: u64, of: u64) -> Share {
        Share { hits, of }
    }

    fn near(a: f64, b: f64) -> bool {
        (a - b).abs() < 5e-5
    }

    #[test]
    fn clopper_pearson_known_answers() {
        // R: binom.test(x, n)$conf.int; the closed forms at both ends.
        for (hits, of, low, high) in [
            (0, 10, 0.0, 1.0 - 0.025f64.powf(0.1)),
            (10, 10, 0.025f64.powf(0.1), 1.0),
            (1, 10, 0.0025286, 0.4450161),
            (5, 10, 0.1870860, 0.8129140),
            (2, 100, 0.0024313, 0.0703839),
            (0, 1_000, 0.0, 1.0 - 0.025f64.powf(0.001)),
        ] {
            let [a, b] = share(hits, of).interval(CONFIDENCE);
            assert!(near(a, low) && near(b, high), "{hits}/{of}: {a} {b}");
        }
        assert_eq!(share(0, 0).interval(CONFIDENCE), [0.0, 1.0]);
        assert_eq!(share(0, 0).rate(), None);
    }

    #[test]
    fn rule_of_three_is_the_bound_of_no_error() {
        assert!(near(rule_of_three(1_000), 0.003));
        assert_eq!(rule_of_three(0), 1.0);
        assert_eq!(rule_of_three(2), 1.0);
        // It is the one-sided bound of Clopper and Pearson, to a twentieth.
        for n in [50, 300, 5_000] {
            let exact = 1.0 - 0.05f64.powf(1.0 / n as f64);
            assert!((rule_of_three(n) / exact - 1.0).abs() < 0.05, "{n}");
        }
    }

    #[test]
    fn separated_scores_have_no_error_and_equal_ones_no_information() {
        let roc = Roc::new(&[0.1, 0.2, 0.9], &[1.1, 5.0, f64::INFINITY]).unwrap();
        assert_eq!(roc.equal_error_rate(), 0.0);
        assert_eq!(roc.detection_at(0.01).detection, 1.0);
        assert_eq!(roc.detection_at(0.01).false_refusal, 0.0);
        let same: Vec<f64> = (0..100).map(f64::from).collect();
        let roc = Roc::new(&same, &same).unwrap();
        assert!(near(roc.equal_error_rate(), 0.5));
        assert!(near(roc.detection_at(0.1).detection, 0.1));
        assert!(Roc::new(&[], &[1.0]).is_none() && Roc::new(&[f64::NAN], &[1.0]).is_none());
    }

    #[test]
    fn an_overlap_is_read_off_the_curve() {
        // Honest 0 to 9, attacks 5 to 14: five of ten overlap.
        let honest: Vec<f64> = (0..10).map(f64::from).collect();
        let attacks: Vec<f64> = (5..15).map(f64::from).collect();
        let roc = Roc::new(&honest, &attacks).unwrap();
        assert_eq!(roc.at(9.0).detection, 0.5);
        assert_eq!(roc.detection_at(0.1).detection, 0.6);
        assert!(
            near(roc.equal_error_rate(), 0.25),
            "{}",
            roc.equal_error_rate()
        );
    }

    #[test]
    fn bootstrap_counts_machines() {
        let mut random = Seed::derive("bootstrap", "test").stream(0);
        // Ten machines, of which one is always wrong: by runs the interval would be narrow.
        let mut units = vec![share(0, 1_000); 9];
        units.push(share(1_000, 1_000));
        let [low, high] = bootstrap(&units, RESAMPLINGS, CONFIDENCE, &mut random).unwrap();
        assert_eq!(low, 0.0);
        assert!((0.25..=0.45).contains(&high), "{high}");
        assert!(bootstrap(&[], 10, CONFIDENCE, &mut random).is_none());
    }

    proptest! {
        #[test]
        fn intervals_hold_their_rate_and_shrink_with_confidence(of in 1u64..5_000, part in 0.0..=1.0) {
            let hits = (of as f64 * part) as u64;
            let share = share(hits, of);
            let [low, high] = share.interval(CONFIDENCE);
            let rate = share.rate().unwrap();
            prop_assert!(0.0 <= low && low <= rate && rate <= high && high <= 1.0);
            let [inner_low, inner_high] = share.interval(0.5);
            prop_assert!(low <= inner_low + 1e-9 && inner_high <= high + 1e-9);
            // Both sides are mirror images.
            let [mirrored, _] = Share { hits: of - hits, of }.interval(CONFIDENCE);
            prop_assert!((mirrored - (1.0 - high)).abs() < 1e-6);
        }

        #[test]
        fn curves_are_monotonic(
            honest in prop::collection::vec(0.0..10.0, 1..60),
            attacks in prop::collection::vec(0.0..10.0, 1..60),
        ) {
            let roc = Roc::new(&honest, &attacks).unwrap();
            let points = roc.points();
            prop_assert_eq!(points[0].detection, 1.0);
            prop_assert_eq!(points.last().unwrap().false_refusal, 0.0);
            for pair in points.windows(2) {
                prop_assert!(pair[0].threshold < pair[1].threshold);
                prop_assert!(pair[0].false_refusal >= pair[1].false_refusal);
                prop_assert!(pair[0].detection >= pair[1].detection);
            }
            for allowed in [0.0, 0.001, 0.01, 0.1, 1.0] {
                prop_assert!(roc.detection_at(allowed).false_refusal <= allowed);
            }
            let eer = roc.equal_error_rate();
            prop_assert!((0.0..=1.0).contains(&eer));
        }

        #[test]
        fn bootstraps_stay_within_the_units(rates in prop::collection::vec(0u64..=20, 1..20), seed: u64) {
            let units: Vec<Share> = rates.iter().map(|&hits| Share { hits, of: 20 }).collect();
            let mut random = Seed::derive(&seed.to_string(), "test").stream(0);
            let [low, high] = bootstrap(&units, 200, CONFIDENCE, &mut random).unwrap();
            let worst = *rates.iter().max().unwrap() as f64 / 20.0;
            let best = *rates.iter().min().unwrap() as f64 / 20.0;
            prop_assert!(best <= low && low <= high && high <= worst);
        }
    }
}
