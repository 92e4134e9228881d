//! Each estimator against a version that is obviously right.

use super::*;
use proptest::prelude::*;
use std::vec::Vec;

fn mean(samples: &[u32]) -> f64 {
    samples.iter().map(|&s| f64::from(s)).sum::<f64>() / samples.len() as f64
}

fn variance(samples: &[u32]) -> f64 {
    let mean = mean(samples);
    let squares: f64 = samples.iter().map(|&s| (f64::from(s) - mean).powi(2)).sum();
    squares / samples.len() as f64
}

fn close(measured: f64, expected: f64, relative: f64, absolute: f64) -> bool {
    (measured - expected).abs() <= expected.abs() * relative + absolute
}

proptest! {
    #[test]
    fn spread_and_quantile_agree_with_sorting(
        mut samples in prop::collection::vec(any::<u32>(), 1..200), part in 0usize..=100,
    ) {
        let asked = quantile(samples.iter().copied(), part, 100);
        let mut sorted = samples.clone();
        sorted.sort();
        prop_assert_eq!(asked, sorted[(sorted.len() - 1) * part / 100]);
        let spread = spread(&mut samples);
        prop_assert_eq!(spread[0], sorted[0]);
        prop_assert_eq!(spread[2], sorted[(sorted.len() - 1) / 2]);
        prop_assert!(spread.is_sorted());
    }

    #[test]
    fn moments_agree_with_floating_point(samples in prop::collection::vec(1u32..10_000_000, 1..300)) {
        let moments = Moments::of(samples.iter().copied());
        let deviation = variance(&samples).sqrt();
        prop_assert!(close(moments.mean() as f64, mean(&samples), 0.0, 1.0));
        prop_assert!(close(moments.deviation() as f64, deviation, 1e-9, 1.001));
        let cv = deviation / mean(&samples) * 1e6;
        prop_assert!(close(f64::from(moments.cv_ppm()), cv, 1e-6, 1.001));
    }

    #[test]
    fn extremes_do_not_overflow(value: u32, n in 1usize..300) {
        let samples = std::vec![value.max(u32::MAX - 3); n];
        let moments = Moments::of(samples.iter().copied());
        prop_assert_eq!(moments.deviation(), 0);
        prop_assert_eq!(lag1_ppm(samples.iter().copied()), 0);
        let mut alternating = samples;
        alternating.iter_mut().step_by(2).for_each(|s| *s = 0);
        lag1_ppm(alternating.iter().copied());
        allan_ppb(alternating.iter().copied(), 3);
    }

    #[test]
    fn autocorrelation_agrees_with_floating_point(
        samples in prop::collection::vec(1_000_000u32..9_000_000, 3..300),
    ) {
        let mean = mean(&samples);
        let d: Vec<f64> = samples.iter().map(|&s| f64::from(s) - mean).collect();
        let products: f64 = d.windows(2).map(|w| w[0] * w[1]).sum();
        let squares: f64 = d.iter().map(|d| d * d).sum();
        prop_assume!(squares > 0.0);
        let expected = products / squares * 1e6;
        prop_assert!(close(f64::from(lag1_ppm(samples.iter().copied())), expected, 1e-3, 50.0));
    }

    #[test]
    fn allan_deviation_agrees_with_floating_point(
        samples in prop::collection::vec(1_000u32..1_010_000, 2..300), m in 1usize..20,
    ) {
        let averages: Vec<f64> = samples.chunks_exact(m).map(mean).collect();
        let squares: Vec<f64> = averages.windows(2).map(|w| (w[1] - w[0]).powi(2)).collect();
        let measured = allan_ppb(samples.iter().copied(), m);
        if squares.is_empty() {
            prop_assert_eq!(measured, None);
        } else {
            let half_mean = squares.iter().sum::<f64>() / squares.len() as f64 / 2.0;
            let expected = half_mean.sqrt() / mean(&samples) * 1e9;
            let measured = f64::from(measured.unwrap());
            prop_assert!(close(measured, expected.min(f64::from(u32::MAX)), 1e-6, 2.0),
                "{} {}", measured, expected);
        }
    }

    #[test]
    fn divisors_divide(a in 0u64..1_000_000, b in 1u64..1_000_000, k in 1u64..1_000) {
        let g = gcd(a, b);
        prop_assert_eq!((a % g, b % g), (0, 0));
        prop_assert_eq!(gcd(a * k, b * k), g * k);
        prop_assert!((g + 1..=b.min(1_000)).all(|d| a % d != 0 || b % d != 0 || d <= g));
    }

    #[test]
    fn logarithms_agree_with_floating_point(value in 1u32..) {
        let expected = f64::from(value).log2() * 1024.0;
        prop_assert!(close(f64::from(log2_milli(value)), expected, 0.0, 1.01));
    }

    #[test]
    fn roots_are_the_library_s(value: u128, shift in 0u32..128) {
        let value = value >> shift;
        prop_assert_eq!(isqrt(value), value.isqrt());
        // The ends of the step to the next root.
        let root = value >> 64;
        prop_assert_eq!(isqrt(root * root), root);
        prop_assert_eq!(isqrt((root * root).saturating_sub(1)), root.saturating_sub(1));
    }

    #[test]
    fn bins_are_octaves(excess: u32, bins in 1usize..34) {
        let octave = if excess == 0 { 0 } else { f64::from(excess).log2().floor() as usize + 1 };
        prop_assert_eq!(bin(excess, bins), octave.min(bins - 1));
    }

    #[test]
    fn samples_keep_what_they_are_given(values in prop::collection::vec(any::<u32>(), 0..50)) {
        let mut bytes = std::vec![0; values.len() * 4 + 3];
        let mut samples = Samples::new(&mut bytes);
        for (i, &value) in values.iter().enumerate() {
            samples.set(i, value);
        }
        samples.set(values.len(), 7);
        prop_assert_eq!(samples.capacity(), values.len());
        prop_assert!(samples.range(0, usize::MAX).eq(values.iter().copied()));
    }

    /// Plateaus with 2 % of noise, steps of 30 % and more, up to one point on the way.
    #[test]
    fn steps_are_found_where_they_are(
        lengths in prop::collection::vec(2usize..7, 1..5),
        rises in prop::collection::vec((130u32..900, any::<bool>()), 4),
        noise in prop::collection::vec(0u32..20, 40),
        outlier in 0usize..40,
    ) {
        let mut level = 4_000u32;
        let mut curve = Vec::new();
        let mut expected = Vec::new();
        for (length, (rise, partway)) in lengths.iter().zip(&rises) {
            if !curve.is_empty() {
                expected.push(curve.len() - 1);
                let next = level * rise / 100;
                if *partway {
                    // Three quarters of the way: belongs to the next level.
                    curve.push((u64::from(level + 3 * next) / 4) as u32);
                }
                level = next;
            }
            curve.extend(std::iter::repeat_n(level, *length));
        }
        for (point, noise) in curve.iter_mut().zip(&noise) {
            *point += *point / 1000 * noise;
        }
        // One interrupted measurement, not at the very end, is forgotten.
        if outlier + 1 < curve.len() && !expected.iter().any(|&e| outlier.abs_diff(e) < 3) {
            curve[outlier] *= 2;
        }
        let mut out = [0; 5];
        let found = steps(&curve, &mut out);
        prop_assert_eq!(&out[..found], &expected[..], "{:?}", curve);
    }

    #[test]
    fn any_curve_is_taken(curve in prop::collection::vec(any::<u32>(), 0..60)) {
        let mut out = [0; 3];
        let found = steps(&curve, &mut out);
        prop_assert!(out[..found].is_sorted());
        prop_assert!(out[..found].iter().all(|&i| i + 1 < curve.len()));
    }
}

#[test]
fn steps_on_known_curves() {
    let of = |curve: &[u32]| {
        let mut out = [0; 5];
        let found = steps(curve, &mut out);
        out[..found].to_vec()
    };
    assert!(of(&[4, 4, 4, 4]).is_empty());
    assert!(of(&[]).is_empty());
    // A ramp over several points is one step.
    // 120 is half way up in logarithms, 200 four fifths.
    assert_eq!(of(&[50, 50, 55, 70, 120, 200, 260, 280, 282]), [4]);
    // A last level so busy that its plateau is a slope: the step before it is still its own.
    let busy = [860, 870, 1_070, 1_670, 2_640, 3_570, 9_800, 24_500, 37_400];
    assert_eq!(of(&busy)[0], 3);
    // A point disturbed in the middle of a rise makes no plateau.
    let disturbed = [884, 882, 905, 971, 2_160, 1_525, 3_123, 3_452];
    assert_eq!(of(&disturbed), [5]);
    // Two steps with a single point between them.
    assert_eq!(of(&[400, 400, 1400, 1600, 5000, 5000]), [1, 3]);
}
