//! Skew over time against simulated machines: the interval holds the truth, steps and wraps do not
//! harm it, and nothing that a miner sends makes it panic.
//!
//! The rates that `docs/continuity.md` states: `cargo test -p verdigris-node --test skew -- --nocapture`.

mod skew_crystals;

use proptest::prelude::*;
use skew_crystals::*;
use verdigris_node::continuity::track::{Clock, Seen, Sighting, Track};

/// The rate that is stated for the interval: 99 of 100.
const STATED_PERCENT: usize = 99;

fn percentile(values: &mut [f64], percent: usize) -> f64 {
    values.sort_by(f64::total_cmp);
    values[(values.len() - 1) * percent / 100]
}

#[test]
fn the_interval_holds_the_truth() {
    println!("delays     swing  every   days  held      median ± ppm   99th ± ppm");
    let (mut all, mut all_held) = (0, 0);
    for (number, delays) in DELAYS.into_iter().enumerate() {
        for (swing, every, length) in [
            (0.3, 600.0, 1.0),
            (0.3, 600.0, 3.0),
            (3.0, 600.0, 3.0),
            (1.0, 3_600.0, 3.0),
            (1.0, 8.0 * 3_600.0, 3.0),
            (1.0, 3_600.0, 0.4),
        ] {
            let (mut held, mut widths) = (0, Vec::new());
            let machines = 200;
            for seed in 0..machines {
                let random = &mut Random::new(seed * 1_000 + number as u64);
                let crystal = Crystal::draw(40.0, swing, random);
                let machine = Machine::pc(crystal, delays, random);
                let track = follow(&machine, length, every, random).unwrap();
                let rate = track.estimate().expect("long enough").rate;
                let truth = machine.crystal.mean_ppm(rate.from_ns, rate.to_ns);
                held += usize::from(holds(rate.skew, truth));
                widths.push(rate.skew.width() as f64 / 2e6);
            }
            println!(
                "{:10} {swing:5} {every:6} {length:6}  {held:3}/{machines}  {:12.3} {:12.3}",
                format!("{delays:?}"),
                percentile(&mut widths, 50),
                percentile(&mut widths, 99),
            );
            all += machines as usize;
            all_held += held;
            assert!(held * 100 >= machines as usize * (STATED_PERCENT - 2));
        }
    }
    println!("{all_held} of {all}");
    assert!(all_held * 100 >= all * STATED_PERCENT);
}

#[test]
fn the_interval_narrows_as_the_spell_grows() {
    let random = &mut Random::new(7);
    let machine = Machine::pc(Crystal::draw(40.0, 0.3, random), Delays::Queue, random);
    let mut widths = Vec::new();
    for days in [0.5, 1.0, 2.0, 2.8] {
        let track = follow(&machine, days, 600.0, &mut Random::new(8)).unwrap();
        widths.push(track.estimate().unwrap().rate.skew.width());
    }
    assert!(widths.windows(2).all(|w| w[1] < w[0]), "{widths:?}");
}

#[test]
fn months_show_the_drift() {
    let mut found = 0;
    for (seed, drift) in (0..12).zip([0.03, -0.03, 0.0].into_iter().cycle()) {
        let random = &mut Random::new(seed);
        let mut crystal = Crystal::draw(20.0, 0.2, random);
        crystal.drift = drift;
        let machine = Machine::pc(crystal, Delays::Queue, random);
        let track = follow(&machine, 60.0, 1_200.0, random).unwrap();
        let drifts = track.estimate().unwrap().drift_per_day.expect("two months");
        assert!(holds(drifts, drift), "{drift}: {drifts:?}");
        assert!(drifts.width() < 60_000, "{drifts:?}");
        found += usize::from(drift != 0.0 && !holds(drifts, 0.0));
    }
    assert_eq!(found, 8, "a drift of 0.03 ppm a day is told from none");
}

#[test]
fn reboots_and_set_clocks_begin_a_new_spell_and_cost_no_truth() {
    let (mut held, mut spells) = (0, 0);
    let machines = 100;
    for seed in 0..machines {
        let random = &mut Random::new(seed);
        let mut machine = Machine::pc(Crystal::draw(30.0, 0.5, random), Delays::Queue, random);
        let mut track: Option<Track> = None;
        let mut t = 0.0;
        let mut next_step = random.between(0.3, 1.5) * 86_400.0;
        while t < 10.0 * 86_400.0 {
            if t > next_step {
                // A reset to nearly nothing, or a clock set by between a tenth and a hundred seconds.
                let by = 10f64.powf(random.between(-1.0, 2.0)) * 2.6e9;
                machine.counter = match random.below(3) {
                    0 => random.below(1 << 40).wrapping_sub((t * 2.6e9) as u64),
                    1 => machine.counter.wrapping_add(by as u64),
                    _ => machine.counter.wrapping_sub(by as u64),
                };
                next_step = t + random.between(0.3, 1.5) * 86_400.0;
            }
            let seen = machine.attest((t * 1e9) as i64, 2.0, random);
            match &mut track {
                None => track = Track::new(machine.clock.clone(), seen),
                Some(track) => spells += usize::from(track.observe(&seen) == Seen::Began),
            }
            t += 600.0 * random.between(0.9, 1.1);
        }
        let rate = track.unwrap().estimate().expect("some spell is long").rate;
        let truth = machine.crystal.mean_ppm(rate.from_ns, rate.to_ns);
        let holds = holds(rate.skew, truth);
        if !holds {
            println!(
                "{seed}: {truth:.3} ppm, {:?} over {:.2} days",
                rate.skew,
                days(rate.to_ns - rate.from_ns)
            );
        }
        held += usize::from(holds);
    }
    println!("{held} of {machines} held, {spells} spells begun");
    assert!(spells > 5 * machines as usize);
    assert!(held * 100 >= machines as usize * 97);
}

#[test]
fn narrow_counters_wrap_and_are_followed() {
    for (hz, bits) in [
        (25_000_000, 32),
        (3_579_545, 24),
        (1_000_000, 32),
        (50_000_000, 56),
    ] {
        let random = &mut Random::new(hz);
        let mut machine = Machine::pc(Crystal::draw(30.0, 0.3, random), Delays::Quiet, random);
        machine.clock = Clock {
            source: "timer".into(),
            bits,
            hz,
        };
        machine.counter &= (1 << bits) - 1;
        let wrap_s = (1u64 << bits) as f64 / hz as f64;
        let mut track: Option<Track> = None;
        let (mut t, mut began) = (0.0, 0);
        while t < 2.0 * 86_400.0 {
            let seen = machine.attest((t * 1e9) as i64, 1.0, random);
            match &mut track {
                None => track = Track::new(machine.clock.clone(), seen),
                Some(track) => began += usize::from(track.observe(&seen) == Seen::Began),
            }
            t += 600.0;
        }
        assert_eq!(began, 0, "{hz} Hz, {bits} bits: wraps every {wrap_s} s");
        let rate = track.unwrap().estimate().unwrap().rate;
        assert!(holds(
            rate.skew,
            machine.crystal.mean_ppm(rate.from_ns, rate.to_ns)
        ));
    }
}

#[test]
fn a_claimed_probe_longer_than_its_challenge_is_impossible() {
    let clock = Clock {
        source: "tsc".into(),
        bits: 64,
        hz: 1_000_000_000,
    };
    assert_eq!(
        Track::new(clock.clone(), Sighting::from_ms(0, 1_000, 5, 2_000_000_000)),
        None
    );
    let mut track = Track::new(clock, Sighting::from_ms(0, 3_000, 5, 2_000_000_000)).unwrap();
    let before = track.clone();
    let late = Sighting::from_ms(9_000, 8_000, 5, 0);
    assert_eq!(track.observe(&late), Seen::Impossible);
    assert_eq!(track, before);
}

#[test]
fn a_track_stays_small() {
    let random = &mut Random::new(3);
    let machine = Machine::pc(Crystal::draw(30.0, 0.5, random), Delays::Heavy, random);
    let track = follow(&machine, 120.0, 1_200.0, random).unwrap();
    let bytes = serde_json::to_vec(&track).unwrap().len();
    println!("{bytes} bytes as JSON after 120 days");
    assert!(bytes < 6_000);
    let read: Track = serde_json::from_slice(&serde_json::to_vec(&track).unwrap()).unwrap();
    assert_eq!(read, track);
}

fn edge() -> impl Strategy<Value = i64> {
    prop_oneof![
        Just(0),
        Just(i64::MIN),
        Just(i64::MAX),
        any::<i64>(),
        0i64..4_000_000_000_000_000_000,
        0i64..1_000_000_000_000,
    ]
}

proptest! {
    #[test]
    fn any_sightings_are_taken_without_a_panic(
        bits in 0u8..70, hz in prop_oneof![any::<u64>(), 1u64..10_000_000_000],
        sightings in prop::collection::vec((edge(), edge(), any::<u64>(), any::<u64>(), any::<bool>()), 1..40),
    ) {
        let clock = Clock { source: "any".into(), bits, hz };
        let mut track: Option<Track> = None;
        for (issued_ns, received_ns, first, elapsed, small) in sightings {
            let elapsed = if small { elapsed % hz.max(1) } else { elapsed };
            let seen = Sighting { issued_ns, received_ns, first, elapsed };
            match &mut track {
                None => track = Track::new(clock.clone(), seen),
                Some(track) => { track.observe(&seen); }
            }
            if let Some(track) = &track {
                track.estimate();
                verdigris_node::continuity::crystal::compare(track, track);
            }
        }
    }

    #[test]
    fn more_sightings_never_make_a_lie_of_the_bounds(seed in any::<u64>(), kind in 0usize..6) {
        // What all points allow must hold the mean rate at every length, not only where it is tested above.
        let random = &mut Random::new(seed);
        let machine = Machine::pc(Crystal::draw(60.0, 1.0, random), DELAYS[kind], random);
        let mut track: Option<Track> = None;
        for i in 0..60 {
            let seen = machine.attest(i * 3_500_000_000_000, 2.0, random);
            match &mut track {
                None => track = Track::new(machine.clock.clone(), seen),
                Some(track) => { track.observe(&seen); }
            }
            let spell = track.as_ref().unwrap().spell();
            if spell.span_ns() > 0 {
                let from = spell.anchor_ns();
                let truth = machine.crystal.mean_ppm(from, from + spell.span_ns());
                prop_assert!(holds(spell.bounds().unwrap(), truth));
            }
        }
    }
}
