//! Answers of silicon, as documented, and of QEMU 7.2, as measured.

use super::estimates::{documented_table, scalar_estimates, vector_estimates};
use super::rules::{block, nan, reservations, status};
use super::undefined::{conversion, division, narrow_multiply, tiny_store};
use super::{table, Answers, Family};
use crate::verdict::{Aspect, Check, Outcome};

/// Operands and the words answered.
type Owned = ([u32; 2], Vec<u32>);

/// Judges answers.
fn judged(answers: &[Owned], judge: impl Fn(&Answers) -> Option<Check>) -> Check {
    let borrowed: Vec<_> = answers.iter().map(|(o, w)| (*o, w.as_slice())).collect();
    judge(&borrowed).expect("answers are judged")
}

const EVERY_FAMILY: [Family; 6] = [
    Family::Old,
    Family::Broadway,
    Family::G3,
    Family::G4,
    Family::G5,
    Family::Other,
];

#[test]
fn version_registers_have_their_family() {
    for (pvr, family) in [
        (0x0006_0101, Family::Old),
        (0x0008_0301, Family::G3),
        (0x0008_7210, Family::Broadway),
        (0x0008_3214, Family::Broadway),
        (0x7000_0203, Family::G3),
        (0x000c_0209, Family::G4),
        (0x8003_0102, Family::G4),
        (0x0039_0202, Family::G5),
        (0x004e_1200, Family::Other),
        (0, Family::Other),
    ] {
        assert_eq!(Family::of(pvr), family, "{pvr:08x}");
    }
}

/// 1.1, 3, 0.7 and 1e5, and what QEMU answers to `fres` and `frsqrte`.
const QEMU_ESTIMATES: [(u32, u32, [u32; 2]); 4] = [
    (0x3f8c_cccd, 0x3f68_ba2e, [0x3fee_82c3, 0xf44c_7a7c]),
    (0x4040_0000, 0x3eaa_aaab, [0x3fe2_79a7, 0x4590_331d]),
    (0x3f33_3333, 0x3fb6_db6e, [0x3ff3_1fa8, 0x0b80_bc6a]),
    (0x47c3_5000, 0x3727_c5ac, [0x3f69_e7c6, 0xe433_90b6]),
];

#[test]
fn scalar_estimates_are_tables_or_computed() {
    let outcome = |fres: &[Owned], frsqrte: &[Owned], family| {
        judged(fres, |fres| {
            let frsqrte: Vec<_> = frsqrte.iter().map(|(o, w)| (*o, w.as_slice())).collect();
            scalar_estimates(fres, &frsqrte, family)
        })
        .outcome
    };
    let fres: Vec<Owned> = QEMU_ESTIMATES.map(|(x, y, _)| ([x, 0], vec![y])).to_vec();
    let roots: Vec<Owned> = QEMU_ESTIMATES
        .map(|(x, _, y)| ([x, 0], y.to_vec()))
        .to_vec();
    let silicon_fres: Vec<Owned> = QEMU_ESTIMATES
        .map(|(x, ..)| ([x, 0], vec![table::reciprocal(x)]))
        .to_vec();
    let silicon_roots: Vec<Owned> = QEMU_ESTIMATES
        .map(|(x, ..)| {
            let y = table::reciprocal_root(x);
            ([x, 0], vec![(y >> 32) as u32, y as u32])
        })
        .to_vec();
    for family in EVERY_FAMILY {
        assert_eq!(outcome(&fres, &roots, family), Outcome::Fail, "{family:?}");
        assert_eq!(
            outcome(&silicon_fres, &silicon_roots, family),
            Outcome::Pass
        );
    }
    // A 604 may divide for `fres`; its roots are looked up.
    assert_eq!(outcome(&fres, &silicon_roots, Family::Old), Outcome::Pass);
    // Worse than 1/256 is no processor.
    let wrong: Vec<Owned> = vec![([0x3f80_0000, 0], vec![0x3f81_0000])];
    assert_eq!(outcome(&wrong, &silicon_roots, Family::G4), Outcome::Fail);

    let table = |fres: &[Owned], frsqrte: &[Owned], family| {
        judged(fres, |fres| {
            let frsqrte: Vec<_> = frsqrte.iter().map(|(o, w)| (*o, w.as_slice())).collect();
            documented_table(fres, &frsqrte, family)
        })
        .outcome
    };
    for family in EVERY_FAMILY {
        assert_eq!(table(&silicon_fres, &silicon_roots, family), Outcome::Pass);
        let other = if family == Family::Broadway {
            Outcome::Fail
        } else {
            Outcome::Note
        };
        assert_eq!(table(&fres, &roots, family), other);
    }
}

/// QEMU's four vector estimates of the operand 1.1.
const QEMU_VECTORS: [[u32; 4]; 4] = [
    [0x3f68_ba2e, 0x3f3d_a12f, 0x3f20_0000, 0x3f0a_60dd],
    [0x3f74_1620, 0x3f4a_62c2, 0x3fac_985c, 0x3f8f_1bbd],
    [0x3f9a_e116, 0x3fbb_6729, 0x4009_2fe0, 0x4093_088d],
    [0x3e0c_cdbb, 0x3f2d_961f, 0xbf5c_cc91, 0xbea4_d3c2],
];

#[test]
fn vector_estimates_are_tables_or_computed() {
    let outcome = |words: [[u32; 4]; 4]| {
        let answers = words.map(|words| [([0x3f8c_cccd, 0], words)]);
        let borrowed = answers
            .each_ref()
            .map(|[(operand, words)]| [(*operand, words.as_slice())]);
        vector_estimates(borrowed.each_ref().map(|answers| answers.as_slice()))
            .expect("answers are judged")
            .outcome
    };
    assert_eq!(outcome(QEMU_VECTORS), Outcome::Fail);
    // Twelve bits of reciprocals and roots, five of powers and logarithms.
    let [a, b, c, d] = QEMU_VECTORS;
    let rough = |words: [u32; 4], off: u32| words.map(|word| word ^ off);
    let silicon = [
        rough(a, 0x300),
        rough(b, 0x300),
        rough(c, 0x8000),
        rough(d, 0x4000),
    ];
    assert_eq!(outcome(silicon), Outcome::Pass);
    // A logarithm that is wrong by more than 1/32.
    let wrong = [silicon[0], silicon[1], silicon[2], [0, 0, 0, 0]];
    assert_eq!(outcome(wrong), Outcome::Fail);
}

#[test]
fn a_product_tells_how_it_was_rounded() {
    // By hand: exact; 1.5 * 1.5 of 32 bits each with both rests; QEMU's answers to the same.
    let drawn = [
        ([0x0000_0008, 0x0000_0000], 0x0000_4000),
        ([0x3fc5_8ab5, 0x2013_4236], 0x8202_4000),
        ([0x7d61_0c43, 0x1545_ac90], 0x8202_4000),
        ([0xf6a5_a29b, 0x55fd_6d6f], 0x8202_4000),
        ([0x9955_4907, 0xf0c3_18f3], 0x8202_4000),
        ([0xc4d4_9e1f, 0x8582_395a], 0x8202_4000),
    ];
    let qemu: Vec<Owned> = drawn.map(|(o, word)| (o, vec![word])).to_vec();
    assert_eq!(judged(&qemu, status).outcome, Outcome::Fail);

    // The rounding of a processor is that of this host: up where the product grew.
    let factor = |bits: u32| 1.0 + f64::from(bits) / 4_294_967_296.0;
    let exact = |[a, b]: [u32; 2]| (1u128 << 32 | u128::from(a)) * (1u128 << 32 | u128::from(b));
    let silicon: Vec<Owned> = drawn
        .map(|(o, word)| {
            let rounded = factor(o[0]) * factor(o[1]);
            // Exact: the significand has 53 bits, and 2^64 / 2^52 more are asked for.
            let scaled = (rounded * (1u64 << 52) as f64) as u128 * (1 << 12);
            let up = if scaled > exact(o) { 1 << 18 } else { 0 };
            (o, vec![word | up])
        })
        .to_vec();
    let check = judged(&silicon, status);
    assert_eq!(check.outcome, Outcome::Pass, "{check:?}");
    // Bits that nobody defines here do not count.
    let more: Vec<Owned> = silicon.iter().map(|(o, w)| (*o, vec![w[0] | 3])).collect();
    assert_eq!(judged(&more, status).outcome, Outcome::Pass);
    // An exact product tells nothing.
    assert_eq!(judged(&qemu[..1], status).outcome, Outcome::Note);
}

#[test]
fn a_reservation_outlasts_the_own_store() {
    let outcome = |words: [u32; 4]| judged(&[([5, 9], words.to_vec())], reservations).outcome;
    assert_eq!(outcome([16, 16, 16, 16]), Outcome::Pass);
    assert_eq!(outcome([15, 16, 0, 0]), Outcome::Pass);
    assert_eq!(outcome([0, 16, 0, 0]), Outcome::Fail);
    assert_eq!(outcome([0, 0, 0, 0]), Outcome::Note);
}

#[test]
fn a_division_by_zero_is_no_division_by_one() {
    let judge = |answers: &[Owned], family| judged(answers, |a| division(a, family)).outcome;
    let broadway = [
        ([7, 1], vec![0, 0, u32::MAX, 0]),
        ([0x8000_0001, 5], vec![u32::MAX, 0, u32::MAX, 0]),
    ];
    let qemu = [
        ([8, 0], vec![8, 8, 0x8000_0000, 0x27_1717]),
        (
            [0xc4a9_25a7, 0x5e4a_b690],
            vec![0xc4a9_25a7, 0xc4a9_25a7, 0x8000_0000, 0x27_2727],
        ),
    ];
    for family in EVERY_FAMILY {
        assert_eq!(judge(&broadway, family), Outcome::Pass);
        let known = family != Family::Other;
        let expected = if known { Outcome::Fail } else { Outcome::Note };
        assert_eq!(judge(&qemu, family), expected, "{family:?}");
    }
    let odd = [([7, 1], vec![0x7fff_ffff, 0, 0, 0])];
    assert_eq!(judge(&odd, Family::G4), Outcome::Note);
}

#[test]
fn conversions_leave_their_upper_words() {
    let judge = |answers: &[Owned], family| judged(answers, |a| conversion(a, family)).outcome;
    // 1.5, -0.25, 21735.05 and -22951.
    let broadway = [
        ([0x0001_8000, 0], vec![0xfff8_0000, 2, 0xfff8_0000]),
        ([0xffff_c000, 0], vec![0xfff8_0001, 0, 0xfff8_0000]),
    ];
    let qemu = [
        ([0xa658_7fcd, 0], vec![u32::MAX, 0xffff_a658, 0]),
        ([0x54e7_0c41, 0], vec![0, 0x54e7, 0]),
    ];
    for family in EVERY_FAMILY {
        assert_eq!(judge(&broadway, family), Outcome::Pass);
        let known = family == Family::Broadway;
        let expected = if known { Outcome::Fail } else { Outcome::Note };
        assert_eq!(judge(&qemu, family), expected, "{family:?}");
        let wrong = [([0x0001_8000, 0], vec![0xfff8_0000, 1, 0xfff8_0000])];
        assert_eq!(judge(&wrong, family), Outcome::Fail);
    }
}

#[test]
fn single_products_are_narrow_or_wide() {
    let judge = |answers: &[Owned], family| judged(answers, |a| narrow_multiply(a, family)).outcome;
    // 3AB9_BB60 is 3.67 steps of 2^28, so 4; 47F0_FA63 is 4.496, so 4; 4 × 2^-24 = 2^-22.
    let broadway = [
        ([0x3ab9_bb60, 0], vec![0x3480_0000]),
        ([0x47f0_fa63, 0], vec![0x3480_0000]),
        ([0x0000_0700, 0], vec![0]),
    ];
    let qemu = [
        ([0x3ab9_bb60, 0], vec![0x346a_e6ee]),
        ([0x47f0_fa63, 0], vec![0x348f_e1f5]),
    ];
    for family in EVERY_FAMILY {
        assert_eq!(judge(&broadway, family), Outcome::Pass);
        let known = family == Family::Broadway;
        let expected = if known { Outcome::Fail } else { Outcome::Note };
        assert_eq!(judge(&qemu, family), expected, "{family:?}");
    }
}

#[test]
fn tiny_numbers_are_stored_as_they_lie() {
    let judge = |answers: &[Owned], family| judged(answers, |a| tiny_store(a, family)).outcome;
    // 9.4e-78 on a G4 of 2001, as a user reported; 00A0_0000_0000_0000 on a 750.
    let bits = 9.4e-78f64.to_bits();
    let (high, low) = ((bits >> 32) as u32, bits as u32);
    // The operand's first word decides the exponent as well as the low word, so only some numbers can
    // be drawn; the rule is checked on those bits directly.
    let stored = |bits: u64| (bits >> 32) as u32 & 0xc000_0000 | (bits >> 29) as u32 & 0x3fff_ffff;
    assert_eq!(stored(joined_bits(high, low)), 0x3f8b_522f);
    assert_eq!(stored(0x00a0_0000_0000_0000), 0x0500_0000);

    let drawn = [[0x3273_dc81, 0x404b_1068], [0x09af_3851, 0xc59a_9ab4]];
    let silicon: Vec<Owned> = drawn
        .map(|[a, b]| {
            let bits = probe_core::channels::quirks::power::tiny(a, b);
            ([a, b], vec![stored(bits)])
        })
        .to_vec();
    let qemu: Vec<Owned> = vec![(drawn[0], vec![0]), (drawn[1], vec![0x8000_0000])];
    for family in EVERY_FAMILY {
        assert_eq!(judge(&silicon, family), Outcome::Pass);
        let known = matches!(family, Family::Broadway | Family::G3 | Family::G4);
        let expected = if known { Outcome::Fail } else { Outcome::Note };
        assert_eq!(judge(&qemu, family), expected, "{family:?}");
    }
}

fn joined_bits(high: u32, low: u32) -> u64 {
    super::joined(high, low)
}

#[test]
fn nans_and_blocks_fail_by_contradiction_and_prove_nothing() {
    let power = [(
        [0xc2e5_384b, 0x980d_3515],
        vec![0x7ff8_0000, 0, 0x7ffd_3515, 0xc2e5_384b],
    )];
    let check = judged(&power, nan);
    assert_eq!((check.outcome, check.aspect), (Outcome::Pass, Aspect::Kind));
    // The default NaN of x86, and its choice of operand.
    let x86 = [(
        [0xc2e5_384b, 0x980d_3515],
        vec![0xfff8_0000, 0, 0x7ffd_384b, 0x980d_3515],
    )];
    let check = judged(&x86, nan);
    assert_eq!(
        (check.outcome, check.aspect),
        (Outcome::Fail, Aspect::Presence)
    );

    let dcbz = |cleared| [([0, 0], vec![cleared])];
    let judge = |cleared, named| judged(&dcbz(cleared), |a| block(a, named)).outcome;
    assert_eq!(judge(128, 128), Outcome::Pass);
    assert_eq!(judge(32, 32), Outcome::Pass);
    // A 970 under QEMU.
    assert_eq!(judge(32, 128), Outcome::Fail);
    // Nobody names a size.
    assert!(block(&[([0, 0], &[32][..])], 0).is_none());
}

mod hostile {
    use super::super::{estimates, id, rules, undefined, Family};
    use super::EVERY_FAMILY;
    use probe_core::channels::quirks::power::PROBES;
    use probe_core::seed::Seed;
    use proptest::prelude::*;

    proptest! {
        /// Whatever a miner answers to whatever is drawn, judging ends, and every check explains itself.
        #[test]
        fn any_answer_is_judged(nonce in "[0-9a-f]{8}", words: [u32; 16], which in 0usize..6) {
            let family: Family = EVERY_FAMILY[which];
            let seed = Seed::derive(&nonce, "hostile");
            let of = |wanted: u16| {
                let probe = PROBES.iter().find(|probe| probe.id == wanted).expect("a probe");
                let chunks = words.chunks(usize::from(probe.words));
                probe.operands(&seed).zip(chunks).collect::<Vec<_>>()
            };
            let (fres, frsqrte) = (of(id::FRES), of(id::FRSQRTE));
            let checks = [
                estimates::scalar_estimates(&fres, &frsqrte, family),
                estimates::documented_table(&fres, &frsqrte, family),
                estimates::vector_estimates([
                    &of(id::VREFP),
                    &of(id::VRSQRTEFP),
                    &of(id::VEXPTEFP),
                    &of(id::VLOGEFP),
                ]),
                rules::status(&of(id::FMUL_STATUS)),
                rules::reservations(&of(id::RESERVATION)),
                rules::nan(&of(id::NAN)),
                rules::block(&of(id::DCBZ), words[15]),
                undefined::division(&of(id::DIVIDE), family),
                undefined::conversion(&of(id::FCTIW), family),
                undefined::narrow_multiply(&of(id::FMSUBS), family),
                undefined::tiny_store(&of(id::STFS), family),
            ];
            for check in checks.into_iter().flatten() {
                prop_assert!(!check.measured.is_empty() && check.reason.ends_with('.'));
            }
        }
    }
}
