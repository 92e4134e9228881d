//! Two names, one crystal: how often crystals of one lot are taken for one, and one for two.
//!
//! The rates that `docs/continuity.md` states:
//! `cargo test -p verdigris-node --test skew_collisions -- --nocapture`.

mod skew_crystals;

use skew_crystals::*;
use verdigris_node::continuity::crystal::{compare, Comparison};
use verdigris_node::continuity::track::Track;

/// Attestations of one name: every ten minutes for this many days.
const DAYS: f64 = 3.0;

/// Alike in rate and in start: what one machine's names are, and as much as a pair can be.
fn taken_for_one(comparison: Comparison) -> bool {
    matches!(comparison, Comparison::Alike { start: Some(_), .. })
}

fn room(sigma: f64, machines: usize, together: bool, random: &mut Random) -> Vec<Track> {
    let started = random.below(1 << 50);
    (0..machines)
        .map(|_| {
            let crystal = Crystal::draw(sigma, 0.5, random);
            let mut machine = Machine::pc(crystal, Delays::Queue, random);
            if together {
                machine.counter = started + random.below(2_600_000_000);
            }
            follow(&machine, DAYS, 600.0, random).unwrap()
        })
        .collect()
}

#[test]
fn crystals_of_one_kind_are_not_one_crystal() {
    println!("sigma ppm  pairs   rates alike   promised at most   rate and start alike");
    for sigma in [4.0, 20.0, 40.0] {
        let random = &mut Random::new(sigma as u64);
        let (mut pairs, mut alike, mut one, mut promised) = (0, 0, 0, 0.0);
        for _ in 0..4 {
            let tracks = room(sigma, 40, false, random);
            for (i, a) in tracks.iter().enumerate() {
                for b in &tracks[i + 1..] {
                    let comparison = compare(a, b);
                    assert_eq!(comparison, compare(b, a));
                    pairs += 1;
                    if let Comparison::Alike { rate, .. } = comparison {
                        alike += 1;
                        promised += 2f64.powf(-f64::from(rate.0) / 1_000.0);
                    }
                    one += usize::from(taken_for_one(comparison));
                }
            }
        }
        let share = f64::from(alike) / f64::from(pairs);
        let promise = promised / f64::from(alike.max(1));
        println!("{sigma:9} {pairs:6} {share:13.4} {promise:18.4} {one:23}");
        assert_eq!(one, 0);
        // The promise is for a lot of 4 ppm; a wider one agrees less often.
        assert!(
            share <= promise,
            "{share} of pairs are alike, {promise} was promised"
        );
    }
}

#[test]
fn machines_of_one_lot_started_at_once_are_rarely_alike_in_both() {
    // Forty computers of one lot whose room got its power back within one second.
    let random = &mut Random::new(11);
    let (mut pairs, mut one) = (0, 0);
    for _ in 0..5 {
        let tracks = room(4.0, 40, true, random);
        for (i, a) in tracks.iter().enumerate() {
            for b in &tracks[i + 1..] {
                pairs += 1;
                one += usize::from(taken_for_one(compare(a, b)));
            }
        }
    }
    println!("{one} of {pairs} pairs of a room started at once are alike in rate and start");
    // Some are: this is why nobody loses a vote over a pair, nor over the start in such a room.
    assert!(one * 20 <= pairs);
}

#[test]
fn names_of_one_machine_are_found() {
    println!("days  delays     pairs  not told   taken for two   rate and start alike");
    for days in [0.5, 1.0, 3.0] {
        for delays in DELAYS {
            let (mut pairs, mut unknown, mut two, mut one) = (0, 0, 0, 0);
            for seed in 0..40 {
                let random = &mut Random::new(seed + 900);
                let crystal = Crystal::draw(20.0, 1.0, random);
                let machine = Machine::pc(crystal, delays, random);
                let a = follow(&machine, days, 600.0, random).unwrap();
                let b = follow(&machine, days, 600.0, random).unwrap();
                pairs += 1;
                let comparison = compare(&a, &b);
                unknown += usize::from(comparison == Comparison::Incomparable);
                two += usize::from(matches!(comparison, Comparison::Different { .. }));
                one += usize::from(taken_for_one(comparison));
            }
            let name = format!("{delays:?}");
            println!("{days:4}  {name:10} {pairs:5} {unknown:9} {two:15} {one:15}");
            assert_eq!((two, one), (0, pairs - unknown));
        }
    }
}

#[test]
fn the_same_crystal_after_a_reboot_is_no_other() {
    for seed in 0..40 {
        let random = &mut Random::new(seed + 5_000);
        let mut machine = Machine::pc(Crystal::draw(20.0, 0.5, random), Delays::Queue, random);
        let before = follow(&machine, 1.5, 600.0, random).unwrap();
        machine.counter = random.below(1 << 50);
        let after = follow(&machine, 1.5, 600.0, random).unwrap();
        match compare(&before, &after) {
            Comparison::Alike { start, .. } => assert_eq!(start, None),
            other => panic!("{other:?}"),
        }
    }
}
